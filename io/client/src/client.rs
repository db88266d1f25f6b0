//! One connection.

use std::net::ToSocketAddrs;
use std::time::{Duration, Instant};

use trapjaw_event::limits::MAX_BATCH;
use trapjaw_event::{BatchBuilder, BatchBytes, DeclaredType, EventType, Registry, layout};
use trapjaw_wire::frame::{Bye, Events, Hello, Level, Ping, Pong, Schema, Subscribe};

use crate::link::{Link, Patience};
use crate::state::State;
use crate::{Error, Match, Options, Welcome};

/// One connection to a server.
pub struct Client {
    link: Link,
    state: State,
    welcome: Welcome,
    timeout: Option<Duration>,
    /// The number of the last event that was sent.
    sent: u64,
    declared: u16,
    subscriptions: u32,
    pings: u64,
    /// Memory of batches that are built here, used again.
    batch: BatchBytes,
    out: Vec<u8>,
}

impl Client {
    /// Connects, introduces the client, and waits to be welcomed.
    ///
    /// # Errors
    ///
    /// [`Error::Refused`] if the server doesn't take the client in, and whatever the socket says.
    pub fn connect(address: impl ToSocketAddrs, options: &Options) -> Result<Self, Error> {
        let mut link = Link::connect(address, options)?;
        let mut out = Vec::new();
        Hello {
            level: options.level,
            stream: options.stream,
            token: &options.token,
            client: &options.name,
            ..Hello::default()
        }
        .encode(&mut out)?;
        link.send(&out)?;
        let until = options.timeout.map(|timeout| Instant::now() + timeout);
        let welcome = link
            .receive(Patience::Until(until), Welcome::read)?
            .ok_or(Error::Timeout)?;
        Ok(Self {
            link,
            state: State::new(&welcome),
            timeout: options.timeout,
            sent: welcome.high_water,
            welcome,
            declared: 0,
            subscriptions: 0,
            pings: 0,
            batch: BatchBytes::default(),
            out,
        })
    }

    /// What the server said when it took the client in.
    pub fn welcome(&self) -> &Welcome {
        &self.welcome
    }

    /// The number of the last event that was sent; before the first, of the last one that the server has of the stream.
    pub fn sent(&self) -> u64 {
        self.sent
    }

    /// The number up to which all events of the stream are acknowledged.
    pub fn acked(&self) -> u64 {
        self.state.acked
    }

    /// The level that acknowledged events have reached.
    pub fn level(&self) -> Level {
        self.state.level
    }

    /// Rows that may be sent now without waiting.
    pub fn credit(&self) -> u64 {
        self.state.credit
    }

    /// The server's event types. Numbers in the registry are the server's.
    pub fn types(&mut self) -> Result<Registry, Error> {
        self.state.types.clear();
        self.state.types_are_whole = false;
        self.say(|out| Schema::Ask.encode(out))?;
        self.wait(|state| state.types_are_whole)?;
        let mut registry = Registry::new();
        for ty in core::mem::take(&mut self.state.types) {
            registry.add(ty).map_err(Error::Registry)?;
        }
        Ok(registry)
    }

    /// Declares what the columns of one type's sections are, and waits whether the server agrees. Returns the number
    /// that these sections carry; they count from 0 in the order of the calls, refused declarations included.
    pub fn declare(&mut self, declared: &DeclaredType) -> Result<u16, Error> {
        let number = self.declared;
        self.say_declared(declared.clone())?;
        self.settle()?;
        Ok(number)
    }

    /// Declares all types of a registry in its order, so that batches of a [`BatchBuilder`] on that registry can be
    /// sent. To be called before any other declaration: a builder's sections carry the registry's numbers.
    ///
    /// # Errors
    ///
    /// The first refusal. The types that were not refused are declared then.
    pub fn declare_all(&mut self, registry: &Registry) -> Result<(), Error> {
        for (_, ty) in registry.iter() {
            self.say_declared(DeclaredType::from(ty))?;
        }
        self.settle()
    }

    /// As [`Client::declare`] for a type that is registered on this side.
    pub fn declare_type(&mut self, ty: &EventType) -> Result<u16, Error> {
        self.declare(&DeclaredType::from(ty))
    }

    /// Sends a batch of so many rows, and waits for credit where there is too little. Returns the number of its last
    /// event.
    ///
    /// # Errors
    ///
    /// Also those of earlier batches: the server's refusal closes the connection.
    pub fn send(&mut self, batch: &[u8], rows: u32) -> Result<u64, Error> {
        if rows > self.welcome.max_rows {
            return Err(Error::Rows(self.welcome.max_rows));
        }
        // What the server says is read in good time, so that neither side's buffers fill up.
        if self.state.credit < u64::from(self.welcome.credit / 2) {
            while self.receive(Patience::None)? {}
        }
        self.wait(|state| state.credit >= u64::from(rows))?;
        let events = Events {
            first_seq: self.sent + 1,
            layout: layout(),
            rows,
            batch,
        };
        if let Err(error) = self.link.send_events(&events) {
            return Err(self.last_word(error));
        }
        self.state.credit -= u64::from(rows);
        self.sent += u64::from(rows);
        Ok(self.sent)
    }

    /// From here on what is sent waits for [`Client::uncork`], so that many small frames go with one system call. Who waits for an answer
    /// has them written first, and where there is much it does not wait.
    pub fn cork(&mut self) {
        self.link.cork();
    }

    /// Writes what has waited since [`Client::cork`], and from here on each frame by itself.
    pub fn uncork(&mut self) -> Result<(), Error> {
        self.link.uncork().map_err(|error| self.last_word(error))
    }

    /// Sends what a builder holds, which is empty then. Its registry was declared with [`Client::declare_all`].
    pub fn send_rows(&mut self, builder: &mut BatchBuilder) -> Result<u64, Error> {
        let rows = builder.rows() as u32;
        if rows == 0 {
            return Ok(self.sent);
        }
        let mut batch = core::mem::take(&mut self.batch);
        builder.finish_into(&mut batch);
        debug_assert!(batch.len() <= MAX_BATCH);
        let sent = self.send(&batch, rows);
        self.batch = batch;
        sent
    }

    /// Numbers the next event to be sent, for a program that sends again what a former connection sent: the server
    /// drops, and acknowledges, what it has.
    pub fn resume_from(&mut self, sequence: u64) {
        self.sent = sequence.saturating_sub(1);
    }

    /// Waits until all that was sent is acknowledged.
    pub fn flush(&mut self) -> Result<u64, Error> {
        let sent = self.sent;
        self.wait(|state| state.acked >= sent)?;
        self.told()?;
        Ok(self.state.acked)
    }

    /// Asks whether the server is there, and waits for the answer: all that was sent before has been looked at then.
    pub fn ping(&mut self) -> Result<Duration, Error> {
        let start = Instant::now();
        let token = self.send_ping()?;
        self.wait(|state| state.pong == Some(token))?;
        self.state.pong = None;
        Ok(start.elapsed())
    }

    /// Asks as [`Client::ping`] does, without waiting. Returns the number that the answer will have; they count from 1.
    pub fn send_ping(&mut self) -> Result<u64, Error> {
        self.pings += 1;
        let token = self.pings;
        self.say(|out| Ping { token }.encode(out))?;
        Ok(token)
    }

    /// The number of the next answer to [`Client::send_ping`], if one has come: it does not wait. Answers come in the order of
    /// the questions; of those that come while something else is looked for, only the newest is told.
    pub fn poll_pong(&mut self) -> Result<Option<u64>, Error> {
        loop {
            if let Some(token) = self.state.pong.take() {
                return Ok(Some(token));
            }
            if !self.receive(Patience::None)? {
                return Ok(None);
            }
        }
    }

    /// Asks for the matches of some rules, or of all if none is named. Returns the subscription's number; they count
    /// from 1.
    pub fn subscribe(&mut self, rules: &[&str]) -> Result<u32, Error> {
        self.subscriptions += 1;
        let subscription = self.subscriptions;
        self.say(|out| {
            Subscribe {
                subscription,
                rules: rules.to_vec(),
            }
            .encode(out)
        })?;
        self.settle()?;
        Ok(subscription)
    }

    /// The next match, waited for at most so long; `Ok(None)`: none came.
    pub fn next_match(&mut self, timeout: Option<Duration>) -> Result<Option<Match>, Error> {
        let until = timeout.map(|timeout| Instant::now() + timeout);
        loop {
            if let Some(next) = self.state.next_match() {
                return Ok(Some(next));
            }
            if !self.receive(Patience::Until(until))? {
                return Ok(None);
            }
        }
    }

    /// The next match, if one has come already: it does not wait. For programs that send by a clock, which a time-out of the
    /// socket is too coarse for.
    pub fn poll_match(&mut self) -> Result<Option<Match>, Error> {
        loop {
            if let Some(next) = self.state.next_match() {
                return Ok(Some(next));
            }
            if !self.receive(Patience::None)? {
                return Ok(None);
            }
        }
    }

    /// Matches as they come, waited for at most so long each. The iterator ends when none
    /// came in time, and behind an error.
    pub fn matches(&mut self, timeout: Option<Duration>) -> Matches<'_> {
        Matches {
            client: self,
            timeout,
            has_ended: false,
        }
    }

    /// Waits for the acknowledgement of all that was sent, says goodbye, and waits until the server has closed.
    pub fn close(mut self) -> Result<u64, Error> {
        let acked = self.flush()?;
        self.say(|out| Bye { reason: "done" }.encode(out))?;
        self.link.finish()?;
        let until = self.until();
        loop {
            match self.receive(Patience::Until(until)) {
                Ok(true) => while self.state.next_match().is_some() {},
                Ok(false) => return Err(Error::Timeout),
                Err(Error::Ended | Error::Closed(_)) => return Ok(acked),
                Err(error) => return Err(error),
            }
        }
    }

    fn say_declared(&mut self, declared: DeclaredType) -> Result<(), Error> {
        let number = self.declared;
        self.say(|out| Schema::Declare { number, declared }.encode(out))?;
        self.declared += 1;
        Ok(())
    }

    /// Waits until the server has looked at all that was sent, and tells what it refused.
    fn settle(&mut self) -> Result<(), Error> {
        self.ping()?;
        self.told()
    }

    fn told(&mut self) -> Result<(), Error> {
        match self.state.refusals.pop_front() {
            Some(refusal) => {
                self.state.refusals.clear();
                Err(Error::Refused(refusal))
            }
            None => Ok(()),
        }
    }

    fn say(
        &mut self,
        encode: impl FnOnce(&mut Vec<u8>) -> Result<(), trapjaw_wire::frame::FrameError>,
    ) -> Result<(), Error> {
        self.out.clear();
        encode(&mut self.out)?;
        self.link
            .send(&self.out)
            .map_err(|error| last_word(&mut self.link, &mut self.state, error))
    }

    fn wait(&mut self, until: impl Fn(&State) -> bool) -> Result<(), Error> {
        let deadline = self.until();
        while !until(&self.state) {
            if !self.state.has_room() {
                return Err(Error::MatchesWait);
            }
            if !self.receive(Patience::Until(deadline))? {
                return Err(Error::Timeout);
            }
        }
        Ok(())
    }

    fn until(&self) -> Option<Instant> {
        self.timeout.map(|timeout| Instant::now() + timeout)
    }

    /// Takes one frame in; `false`: none came in time, or there is no room for what it may bring.
    fn receive(&mut self, patience: Patience) -> Result<bool, Error> {
        if !self.state.has_room() {
            return Ok(false);
        }
        let Self { link, state, .. } = self;
        let Some(ping) = link.receive(patience, |message| state.take(message))? else {
            return Ok(false);
        };
        if let Some(token) = ping {
            self.say(|out| Pong { token }.encode(out))?;
        }
        Ok(true)
    }

    fn last_word(&mut self, error: Error) -> Error {
        last_word(&mut self.link, &mut self.state, error)
    }
}

/// Why the server hung up, where it has said so before a write failed; else the write's own error.
fn last_word(link: &mut Link, state: &mut State, error: Error) -> Error {
    loop {
        match link.receive(Patience::None, |message| state.take(message)) {
            Ok(Some(_)) => {}
            Err(said @ (Error::Refused(_) | Error::Closed(_))) => return said,
            Ok(None) | Err(_) => return error,
        }
    }
}

/// Matches as they come: see [`Client::matches`].
pub struct Matches<'c> {
    client: &'c mut Client,
    timeout: Option<Duration>,
    has_ended: bool,
}

impl Iterator for Matches<'_> {
    type Item = Result<Match, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.has_ended {
            return None;
        }
        let next = self.client.next_match(self.timeout).transpose();
        self.has_ended = !matches!(next, Some(Ok(_)));
        next
    }
}

impl core::fmt::Debug for Client {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Client")
            .field("welcome", &self.welcome)
            .field("sent", &self.sent)
            .field("acked", &self.state.acked)
            .finish_non_exhaustive()
    }
}

impl core::fmt::Debug for Matches<'_> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_tuple("Matches").field(&self.client).finish()
    }
}

//! What each frame of a client means, EVENTS aside.

use trapjaw_event::{Binding, DeclaredType, FieldType, layout};
use trapjaw_wire::Code;
use trapjaw_wire::frame::{
    Ack, Bye, CODEC_RKYV, FrameError, Header, Hello, Kind, Level, Matched, Message, Nack, Pong,
    Schema, Subscribe, VERSION, Welcome, answer_with,
};
use trapjaw_wire::limits::MAX_DECLARED;

use super::Worker;
use super::connection::{Declared, Refused};
use super::subscribers::{Subscription, Told, by_name};
use crate::driver::{ConnId, SendError};
use crate::limits::{CREDIT, DECLARED, SLOW_SUBSCRIBER, SUBSCRIPTIONS};
use crate::time::monotonic;
use std::sync::Arc;

/// Bytes that a declared type, column or variant counts beside its name.
const DECLARED_ITEM: usize = 64;

impl Worker {
    /// Deals with a frame that the connection's state admits.
    pub(super) fn frame(
        &mut self,
        id: ConnId,
        header: &Header,
        payload: &[u8],
    ) -> Result<(), Refused> {
        match Message::decode(header, payload)? {
            Message::Events(events) => self.events(id, &events),
            Message::Hello(hello) => self.hello(id, &hello),
            Message::Schema(Schema::Declare { number, declared }) => self
                .declare(id, number, declared)
                .map_err(|refused| refused.of(number.into())),
            Message::Schema(Schema::Ask) => {
                self.out.clear();
                answer_with(&self.evaluator.loaded().rules.registry, &mut self.out)?;
                self.reply(id);
                Ok(())
            }
            Message::Schema(Schema::Answer { .. }) => Err(Refused::new(
                Kind::Schema,
                Code::UnexpectedKind,
                "an answer that nobody asked for",
            )),
            Message::Subscribe(subscribe) => self
                .subscribe(id, &subscribe)
                .map_err(|refused| refused.of(subscribe.subscription.into())),
            Message::Ping(ping) => {
                self.out.clear();
                Pong { token: ping.token }.encode(&mut self.out)?;
                self.reply(id);
                Ok(())
            }
            Message::Pong(_) => Ok(()),
            Message::Nack(nack) if !nack.closing => Ok(()),
            Message::Bye(_) | Message::Nack(_) => {
                self.take_leave(id);
                Ok(())
            }
            Message::Welcome(_) | Message::Ack(_) | Message::Match(_) => {
                unreachable!("the connection does not admit what clients don't send")
            }
        }
    }

    fn hello(&mut self, id: ConnId, hello: &Hello<'_>) -> Result<(), Refused> {
        let refuse = |code, reason: &str| Err(Refused::new(Kind::Hello, code, reason));
        if !(hello.lowest_version..=hello.highest_version).contains(&VERSION) {
            return refuse(
                Code::HelloVersion,
                &format!("version {VERSION} is spoken here"),
            );
        }
        if self
            .shared
            .settings
            .token
            .as_ref()
            .is_some_and(|token| !token.is(hello.token))
        {
            let missing = hello.token.is_empty();
            let reason = if missing {
                "a token is needed"
            } else {
                "the token is wrong"
            };
            return refuse(Code::HelloToken, reason);
        }
        if !hello.codecs.has(CODEC_RKYV) {
            return refuse(
                Code::HelloCodec,
                &format!("events are taken in codec {CODEC_RKYV}"),
            );
        }
        let Some(stream) = self.shared.streams.open(hello.stream.0) else {
            return refuse(
                Code::TooManyConnections,
                "all streams that are remembered are in use",
            );
        };
        let high_water = stream.high();
        let Some(connection) = self.clients.get(id) else {
            self.shared.streams.close(&stream);
            return Ok(());
        };
        connection.taken = high_water;
        connection.acked = high_water;
        connection.stream = Some(stream);
        self.out.clear();
        Welcome {
            version: VERSION,
            // There is no journal: whatever is wished, this is what can be promised.
            level: Level::Received,
            codec: CODEC_RKYV,
            credit: CREDIT,
            max_frame: trapjaw_event::limits::MAX_FRAME as u32,
            max_rows: trapjaw_event::limits::MAX_ROWS as u32,
            high_water,
            layout: layout(),
            server: "trapjaw",
            server_version: env!("CARGO_PKG_VERSION"),
        }
        .encode(&mut self.out)?;
        self.reply(id);
        Ok(())
    }

    fn declare(&mut self, id: ConnId, number: u16, ty: DeclaredType) -> Result<(), Refused> {
        let refused = |code, reason: String| Refused::new(Kind::Schema, code, reason);
        let bytes = declared_bytes(&ty);
        let has_room = self.clients.declared + bytes <= DECLARED;
        let Some(connection) = self.clients.get(id) else {
            return Ok(());
        };
        let place = usize::from(number);
        debug_assert!(place < MAX_DECLARED, "checked where the frame was decoded");
        if connection.declared.get(place).is_some_and(Option::is_some) {
            let reason = format!("number {number} is taken on this connection");
            return Err(refused(Code::SchemaNumber, reason));
        }
        if !has_room {
            let reason = format!("connections hold declarations of {DECLARED} bytes already");
            return Err(refused(Code::SchemaTooManyFields, reason));
        }
        let registry = &self.evaluator.loaded().rules.registry;
        let binding = Binding::bind(registry, &ty)
            .map_err(|error| refused(Code::from(&error), error.to_string()))?;
        self.tally.ignored_columns += binding.ignored() as u64;
        if connection.declared.len() <= place {
            connection.declared.resize_with(place + 1, || None);
            connection.bindings.resize(place + 1, None);
        }
        connection.bindings[place] = Some(Arc::new(binding));
        connection.declared[place] = Some(Declared { ty, unbound: None });
        connection.declared_bytes += bytes;
        self.clients.declared += bytes;
        Ok(())
    }

    fn subscribe(&mut self, id: ConnId, subscribe: &Subscribe<'_>) -> Result<(), Refused> {
        let refused = |code, reason: String| Refused::new(Kind::Subscribe, code, reason);
        let number = subscribe.subscription;
        let Some(connection) = self.clients.get(id) else {
            return Ok(());
        };
        if connection
            .subscriptions
            .iter()
            .any(|other| other.number == number)
        {
            let reason = format!("number {number} is taken on this connection");
            return Err(refused(Code::SubscribeNumber, reason));
        }
        if connection.subscriptions.len() == SUBSCRIPTIONS {
            let reason = format!("a connection has at most {SUBSCRIPTIONS} subscriptions");
            return Err(refused(Code::SubscribeNumber, reason));
        }
        let rules = by_name(self.evaluator.loaded());
        let subscription = Subscription::new(number, &subscribe.rules, &rules).map_err(|name| {
            refused(
                Code::SubscribeRule,
                format!("no rule has the name `{name}`"),
            )
        })?;
        connection.subscriptions.push(subscription);
        if !self.clients.subscribers.contains(&id) {
            self.clients.subscribers.push(id);
        }
        self.publish_interest();
        Ok(())
    }

    /// Tells this shard's subscribers of matches.
    pub(super) fn tell(&mut self, told: &Told) {
        let now = monotonic();
        for id in self.clients.subscribers.clone() {
            let Some(connection) = self.clients.get(id) else {
                continue;
            };
            self.out.clear();
            let mut count = 0;
            for (rule, ingest, json) in told.iter() {
                for subscription in &mut connection.subscriptions {
                    if !subscription.wants(rule) {
                        continue;
                    }
                    let matched = Matched {
                        subscription: subscription.number,
                        number: subscription.next,
                        age: if ingest > 0 {
                            now.saturating_sub(ingest)
                        } else {
                            0
                        },
                        json,
                    };
                    // What is too long for a frame leaves a gap in the numbers.
                    subscription.next += 1;
                    count += u64::from(matched.encode(&mut self.out).is_ok());
                }
            }
            if self.driver.outgoing(id) + self.out.len() > SLOW_SUBSCRIBER {
                self.cut_slow(id);
            } else if !self.out.is_empty() && self.driver.send(id, &self.out).is_ok() {
                self.tally.told += count;
            }
        }
    }

    /// Sends the ACKs that are due, one a connection.
    pub(super) fn acknowledge(&mut self) {
        let may_grant = self.is_open();
        let mut acks = core::mem::take(&mut self.clients.acks);
        acks.retain(|&id| {
            if self.acknowledge_one(id, may_grant) == Err(SendError::Full) {
                self.cut_slow(id);
            }
            self.clients.get(id).is_some_and(|connection| {
                connection.owes_ack = connection.due > 0;
                connection.owes_ack
            })
        });
        acks.append(&mut self.clients.acks);
        self.clients.acks = acks;
    }

    fn acknowledge_one(&mut self, id: ConnId, may_grant: bool) -> Result<(), SendError> {
        let Some((sequence, credit)) = self.clients.get(id).and_then(|c| c.ack(may_grant)) else {
            return Ok(());
        };
        self.out.clear();
        let ack = Ack {
            sequence,
            credit,
            level: Level::Received,
        };
        ack.encode(&mut self.out)
            .expect("an ACK has no part that could be too long");
        self.driver.send(id, &self.out)
    }

    /// Sends the last that a connection is owed, and `last`, and ends it.
    fn part(&mut self, id: ConnId, last: impl FnOnce(&mut Vec<u8>) -> Result<(), FrameError>) {
        // Where there is no room even for that, the client finds out from the end of the connection.
        let _ = self.acknowledge_one(id, false);
        self.out.clear();
        if last(&mut self.out).is_ok() {
            let _ = self.driver.send(id, &self.out);
        }
        self.retire(id);
        self.driver.finish(id);
    }

    /// A client says goodbye, or has said its last.
    pub(super) fn take_leave(&mut self, id: ConnId) {
        self.part(id, |_| Ok(()));
    }

    /// Says goodbye to a client.
    pub(super) fn dismiss(&mut self, id: ConnId, reason: &str) {
        self.part(id, |out| Bye { reason }.encode(out));
    }

    /// Refuses something, and ends the connection if the code says so.
    pub(super) fn refuse(&mut self, id: ConnId, refused: &Refused) {
        *self.tally.refused.entry(refused.code).or_default() += 1;
        let nack = Nack::new(
            refused.kind,
            refused.sequence,
            refused.code,
            &refused.reason,
        );
        if nack.closing {
            self.part(id, |out| nack.encode(out));
            return;
        }
        self.out.clear();
        if nack.encode(&mut self.out).is_ok()
            && self.driver.send(id, &self.out) == Err(SendError::Full)
        {
            self.cut_slow(id);
        }
    }

    /// Sends what was written for a connection.
    fn reply(&mut self, id: ConnId) {
        // What is closed is told by its own event.
        if self.driver.send(id, &self.out) == Err(SendError::Full) {
            self.cut_slow(id);
        }
    }

    fn cut_slow(&mut self, id: ConnId) {
        self.tally.slow_readers += 1;
        let reason = "more waits to be read than is kept for a connection";
        self.refuse(id, &Refused::new(None, Code::SlowReader, reason));
    }

    /// Takes what a connection holds from it: nothing it sends counts any more.
    pub(super) fn retire(&mut self, id: ConnId) {
        let Some(connection) = self.clients.retire(id) else {
            return;
        };
        let stream = connection.stream.take();
        let had_subscriptions = !core::mem::take(&mut connection.subscriptions).is_empty();
        if let Some(stream) = stream {
            self.shared.streams.close(&stream);
        }
        if had_subscriptions {
            self.publish_interest();
        }
    }

    fn publish_interest(&mut self) {
        let wanted = self.clients.wanted();
        self.shared.interest.publish(self.place, wanted);
    }

    /// Binds what connections have declared to the registry of new rules, and finds the subscribed rules again.
    pub(super) fn rebind(&mut self) {
        let loaded = Arc::clone(self.evaluator.loaded());
        let rules = by_name(&loaded);
        for connection in self.clients.iter() {
            for (declared, binding) in connection.declared.iter_mut().zip(&mut connection.bindings)
            {
                let Some(declared) = declared else { continue };
                let bound = Binding::bind(&loaded.rules.registry, &declared.ty);
                declared.unbound = bound.as_ref().err().map(ToString::to_string);
                *binding = bound.ok().map(Arc::new);
            }
            for subscription in &mut connection.subscriptions {
                subscription.resolve(&rules);
            }
        }
    }
}

/// What a declaration counts against [`DECLARED`].
fn declared_bytes(ty: &DeclaredType) -> usize {
    let item = |name: &str| DECLARED_ITEM + name.len();
    let columns = ty.fields.iter().map(|column| {
        let variants = match &column.ty {
            FieldType::Enum(variants) => variants.iter().map(|variant| item(variant)).sum(),
            _ => 0,
        };
        item(&column.name) + variants
    });
    item(&ty.wire_name) + columns.sum::<usize>()
}

//! What each frame of a client means, EVENTS aside.

use trapjaw_event::{Binding, DeclaredType, FieldType, layout};
use trapjaw_wire::Code;
use trapjaw_wire::frame::{
    CODEC_RKYV, Header, Hello, Kind, Level, Message, Pong, Schema, Subscribe, VERSION, Welcome,
    answer_with,
};
use trapjaw_wire::limits::MAX_DECLARED;

use super::Worker;
use super::connection::{Declared, Refused};
use super::subscribers::Subscription;
use crate::driver::ConnId;
use crate::limits::{CREDIT, DECLARED, SUBSCRIPTIONS};
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
        let rules = &self.evaluator.loaded().by_name;
        let subscription = Subscription::new(number, &subscribe.rules, rules).map_err(|name| {
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

    /// Binds what connections have declared to the registry of new rules, and finds the subscribed rules again.
    pub(super) fn rebind(&mut self) {
        let loaded = Arc::clone(self.evaluator.loaded());
        for connection in self.clients.iter() {
            for (declared, binding) in connection.declared.iter_mut().zip(&mut connection.bindings)
            {
                let Some(declared) = declared else { continue };
                let bound = Binding::bind(&loaded.rules.registry, &declared.ty);
                declared.unbound = bound.as_ref().err().map(ToString::to_string);
                *binding = bound.ok().map(Arc::new);
            }
            for subscription in &mut connection.subscriptions {
                subscription.resolve(&loaded.by_name);
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

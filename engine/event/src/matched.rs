//! A match as it leaves the engine.

mod flat;

use core::fmt;

use crate::{FieldId, RuleId, Severity, TypeId, Value, ValueRef};
pub use flat::{IntoMatches, Matches};

/// What a match says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum MatchKind {
    /// A rule without duration matched.
    Matched,
    /// A condition began to hold.
    Raised,
    /// A condition that was raised holds no more.
    Cleared,
    /// A raised condition's state was given up before it cleared.
    Expired,
    /// What should have come did not come in time.
    Timeout,
}

impl MatchKind {
    /// All kinds, in the order of their numbers.
    pub const ALL: [Self; 5] = [
        Self::Matched,
        Self::Raised,
        Self::Cleared,
        Self::Expired,
        Self::Timeout,
    ];

    /// The name, in lower case.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Matched => "matched",
            Self::Raised => "raised",
            Self::Cleared => "cleared",
            Self::Expired => "expired",
            Self::Timeout => "timeout",
        }
    }
}

impl fmt::Display for MatchKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// A match's identity: equal for equal rules over equal histories, so that a receiver can drop repetitions.
/// Shown as 32 hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MatchId(pub u128);

impl fmt::Display for MatchId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

impl fmt::Debug for MatchId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "MatchId({self})")
    }
}

/// An event that took part in a match, with what was kept of it.
#[derive(Clone, Debug, PartialEq)]
pub struct BoundEvent {
    /// The name by which the rule speaks of it.
    pub alias: Box<str>,
    /// Its type.
    pub type_id: TypeId,
    /// When it happened: nanoseconds since 1970-01-01T00:00:00Z.
    pub time: i64,
    /// `CloudEvents` `source`, where kept.
    pub source: Option<Box<str>>,
    /// `CloudEvents` `id`, where given and kept.
    pub id: Option<Box<str>>,
    /// `CloudEvents` `subject`, where given and kept.
    pub subject: Option<Box<str>>,
    /// Its severity, where given and kept.
    pub severity: Option<Severity>,
    /// The fields that were kept, in the type's order; nulls are left out.
    pub fields: Vec<(FieldId, Value)>,
}

/// One action that a match sets off.
#[derive(Clone, Debug, PartialEq)]
pub struct ActionCall {
    /// Place in the rule's list of actions.
    pub action: u32,
    /// The arguments, evaluated, in the order that the rule's action names them.
    pub args: Vec<Value>,
}

/// A match, owned: it outlives the batch that caused it.
#[derive(Clone, Debug, PartialEq)]
pub struct Match {
    /// The rule that matched.
    pub rule: RuleId,
    /// What the match says.
    pub kind: MatchKind,
    /// Its identity.
    pub id: MatchId,
    /// Event time of the match: nanoseconds since 1970-01-01T00:00:00Z.
    pub time: i64,
    /// The partition key, one value a key field; empty for a rule without `by`.
    pub key: Vec<Value>,
    /// The events that took part.
    pub events: Vec<BoundEvent>,
    /// The rule's values (aggregates), whose names the program has.
    pub values: Vec<Value>,
    /// The actions to take.
    pub actions: Vec<ActionCall>,
    /// When the causing batch was taken in: monotonic nanoseconds of the process; 0 in replay.
    pub ingest: u64,
}

/// What there is to say of a match, in parts: its head, and then, in this order, the key's values, each event followed by its
/// fields, the rule's values, and each action followed by its arguments.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Part<'a> {
    /// What every match has. A match begins with it.
    Head {
        /// As [`Match::rule`].
        rule: RuleId,
        /// As [`Match::kind`].
        kind: MatchKind,
        /// As [`Match::id`].
        id: MatchId,
        /// As [`Match::time`].
        time: i64,
        /// As [`Match::ingest`].
        ingest: u64,
    },
    /// The next value of the key.
    Key(ValueRef<'a>),
    /// The next event: what [`BoundEvent`] has but for its fields.
    Event {
        /// As [`BoundEvent::alias`].
        alias: &'a str,
        /// As [`BoundEvent::type_id`].
        type_id: TypeId,
        /// As [`BoundEvent::time`].
        time: i64,
        /// As [`BoundEvent::source`].
        source: Option<&'a str>,
        /// As [`BoundEvent::id`].
        id: Option<&'a str>,
        /// As [`BoundEvent::subject`].
        subject: Option<&'a str>,
        /// As [`BoundEvent::severity`].
        severity: Option<Severity>,
    },
    /// The next field of the event, which is not null.
    Field(FieldId, ValueRef<'a>),
    /// The next of the rule's values.
    Value(ValueRef<'a>),
    /// The next action.
    Action(u32),
    /// The next argument of the action.
    Argument(ValueRef<'a>),
}

/// Takes a match, part by part.
pub trait PartSink {
    /// Takes the next part.
    fn part(&mut self, part: Part<'_>);
}

impl<F: FnMut(Part<'_>) + ?Sized> PartSink for F {
    #[inline]
    fn part(&mut self, part: Part<'_>) {
        self(part);
    }
}

/// Tells two what is told once.
#[derive(Debug)]
pub struct Both<'a, A: ?Sized, B: ?Sized>(pub &'a mut A, pub &'a mut B);

impl<A: PartSink + ?Sized, B: PartSink + ?Sized> PartSink for Both<'_, A, B> {
    #[inline]
    fn part(&mut self, part: Part<'_>) {
        self.0.part(part);
        self.1.part(part);
    }
}

impl Match {
    /// Makes a match of the parts that `tell` gives; `None` if these do not begin with a head.
    pub fn of_parts(tell: impl FnOnce(&mut dyn FnMut(Part<'_>))) -> Option<Self> {
        let mut made = None;
        tell(&mut |part| match (&mut made, part) {
            (Some(matched), part) => Self::add(matched, part),
            (None, part) => made = Self::begin(part),
        });
        made
    }

    /// Tells its parts.
    pub fn tell(&self, to: &mut impl PartSink) {
        to.part(Part::Head {
            rule: self.rule,
            kind: self.kind,
            id: self.id,
            time: self.time,
            ingest: self.ingest,
        });
        self.key
            .iter()
            .for_each(|value| to.part(Part::Key(value.as_ref())));
        for event in &self.events {
            to.part(Part::Event {
                alias: &event.alias,
                type_id: event.type_id,
                time: event.time,
                source: event.source.as_deref(),
                id: event.id.as_deref(),
                subject: event.subject.as_deref(),
                severity: event.severity,
            });
            for (field, value) in &event.fields {
                to.part(Part::Field(*field, value.as_ref()));
            }
        }
        self.values
            .iter()
            .for_each(|value| to.part(Part::Value(value.as_ref())));
        for action in &self.actions {
            to.part(Part::Action(action.action));
            action
                .args
                .iter()
                .for_each(|value| to.part(Part::Argument(value.as_ref())));
        }
    }

    fn begin(part: Part<'_>) -> Option<Self> {
        let Part::Head {
            rule,
            kind,
            id,
            time,
            ingest,
        } = part
        else {
            return None;
        };
        Some(Self {
            rule,
            kind,
            id,
            time,
            key: Vec::new(),
            events: Vec::new(),
            values: Vec::new(),
            actions: Vec::new(),
            ingest,
        })
    }

    fn add(&mut self, part: Part<'_>) {
        match part {
            Part::Head { .. } => {}
            Part::Key(value) => self.key.push(value.to_value()),
            Part::Event {
                alias,
                type_id,
                time,
                source,
                id,
                subject,
                severity,
            } => {
                // Most matches have one.
                self.events
                    .reserve_exact(usize::from(self.events.is_empty()));
                self.events.push(BoundEvent {
                    alias: alias.into(),
                    type_id,
                    time,
                    source: source.map(Into::into),
                    id: id.map(Into::into),
                    subject: subject.map(Into::into),
                    severity,
                    fields: Vec::new(),
                });
            }
            Part::Field(field, value) => {
                if let Some(event) = self.events.last_mut() {
                    event.fields.push((field, value.to_value()));
                }
            }
            Part::Value(value) => self.values.push(value.to_value()),
            Part::Action(action) => self.actions.push(ActionCall {
                action,
                args: Vec::new(),
            }),
            Part::Argument(value) => {
                if let Some(action) = self.actions.last_mut() {
                    action.args.push(value.to_value());
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_32_digits() {
        assert_eq!(
            MatchId(0xab).to_string(),
            "000000000000000000000000000000ab"
        );
        assert_eq!(MatchId(u128::MAX).to_string(), "f".repeat(32));
        assert_eq!(MatchKind::Timeout.to_string(), "timeout");
    }
}

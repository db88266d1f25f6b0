//! A match as it leaves the engine.

use core::fmt;

use crate::{FieldId, RuleId, Severity, TypeId, Value};

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

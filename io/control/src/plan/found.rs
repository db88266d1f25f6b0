//! What a rule is found by, where its type's conditions are too many to compute each of them for each event.

use core::fmt::{self, Display, Formatter};

use serde::Serialize;
use trapjaw_engine::{How, Witness, Witnesses};
use trapjaw_program::{Input, Rule, RuleSet};

use super::layout::grouped;

/// By what an event comes to a rule.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Found {
    /// `equal`, `range`, `network` or `part`.
    how: &'static str,
    /// The field that is looked up; none where it is an expression.
    field: Option<Box<str>>,
    /// Conditions on the type that are looked up by the same.
    conditions: usize,
}

impl Found {
    /// What a rule is found by; `None` where its condition is computed for all events.
    pub(super) fn of((set, rule): (&RuleSet, &Rule), witnesses: &Witnesses) -> Option<Self> {
        let mut found = rule.sources.iter().filter_map(|source| {
            let witness = witnesses.get(source.type_id, source.condition?)?;
            Some((source.type_id, witness))
        });
        let (
            ty,
            Witness {
                how,
                input,
                conditions,
            },
        ) = found.next()?;
        let fields = &set.registry.get(ty).fields;
        Some(Self {
            how: match how {
                How::Equal => "equal",
                How::Range => "range",
                How::Network => "network",
                How::Part => "part",
            },
            field: match input {
                Some(Input::Field(field)) => Some(fields[field.index()].name.clone()),
                Some(Input::Envelope(envelope)) => Some(envelope.name().into()),
                _ => None,
            },
            conditions,
        })
    }
}

impl Display for Found {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let field = self.field.as_deref().unwrap_or("an expression");
        let how = match self.how {
            "equal" => "the value",
            "range" => "the range",
            "network" => "the network",
            _ => "a part",
        };
        let others = grouped(self.conditions as u64 - 1);
        write!(f, "{how} of {field}, looked up once with {others} others")
    }
}

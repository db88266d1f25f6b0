//! The reorder stage: rows wait in it until the watermark has passed them, and leave it in order.
//!
//! Whatever comes behind it sees rows in the order of their times, so it can be a pure in-order matcher. What a row
//! takes is counted, and the shard lets the oldest go early where the stage would take more than it may.

use std::collections::BTreeMap;

use trapjaw_event::{Event, RuleId, Value};

use crate::segment::Origin;

/// A row's place in the order in which rows leave the stage.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Turn {
    /// When it happened.
    pub(crate) time: i64,
    /// What comes from outside is before what rules derive at the same instant.
    pub(crate) is_derived: bool,
    pub(crate) stream: u128,
    pub(crate) sequence: u64,
}

/// A row that waits.
#[derive(Clone, Debug)]
pub(crate) struct Held {
    pub(crate) event: Event,
    pub(crate) origin: Origin,
    /// The rules that it is for; sorted.
    pub(crate) targets: Vec<RuleId>,
}

impl Held {
    fn bytes(&self) -> usize {
        let Event {
            source,
            id,
            subject,
            values,
            ..
        } = &self.event;
        let texts = values.iter().map(|value| match value {
            Value::Text(text) => text.len(),
            _ => 0,
        });
        // A tree's nodes are at least half full.
        2 * size_of::<(Turn, Self)>()
            + source.len()
            + id.as_ref().map_or(0, |id| id.len())
            + subject.as_ref().map_or(0, |subject| subject.len())
            + size_of_val(&**values)
            + texts.sum::<usize>()
            + self.targets.capacity() * size_of::<RuleId>()
    }
}

/// See the module's description.
#[derive(Debug, Default)]
pub(crate) struct Stage {
    held: BTreeMap<Turn, Held>,
    bytes: usize,
}

impl Stage {
    /// Takes a row in. Where it is there already, it is now for these rules too.
    pub(crate) fn hold(&mut self, turn: Turn, held: Held) {
        let mut held = held;
        if let Some(before) = self.held.remove(&turn) {
            self.bytes -= before.bytes();
            held.targets.extend(before.targets);
            held.targets.sort_unstable();
            held.targets.dedup();
        }
        self.bytes += held.bytes();
        self.held.insert(turn, held);
    }

    /// Whose turn it is.
    pub(crate) fn first(&self) -> Option<Turn> {
        self.held.first_key_value().map(|(turn, _)| *turn)
    }

    /// Lets the first go.
    pub(crate) fn pop(&mut self) -> Option<(Turn, Held)> {
        let (turn, held) = self.held.pop_first()?;
        self.bytes -= held.bytes();
        Some((turn, held))
    }

    /// Lets the first go, if it happened before `watermark`.
    pub(crate) fn pop_before(&mut self, watermark: i64) -> Option<(Turn, Held)> {
        self.first()
            .filter(|turn| turn.time < watermark)
            .and_then(|_| self.pop())
    }

    /// How many wait.
    pub(crate) fn len(&self) -> usize {
        self.held.len()
    }

    /// Bytes of those that wait.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use trapjaw_event::TypeId;

    fn row(time: i64, sequence: u64, rule: u32) -> (Turn, Held) {
        let origin = Origin {
            stream: 7,
            sequence,
        };
        let turn = Turn {
            time,
            is_derived: false,
            stream: origin.stream,
            sequence,
        };
        let event = Event {
            type_id: TypeId::from_index(0).expect("the first"),
            time,
            source: "s".into(),
            id: None,
            subject: None,
            severity: None,
            values: vec![Value::Text("text".into())],
        };
        let targets = vec![RuleId::new(rule)];
        (
            turn,
            Held {
                event,
                origin,
                targets,
            },
        )
    }

    #[test]
    fn rows_leave_in_order_and_only_before_the_watermark() {
        let mut stage = Stage::default();
        for (time, sequence) in [(5, 0), (3, 2), (3, 1), (4, 3)] {
            let (turn, held) = row(time, sequence, 0);
            stage.hold(turn, held);
        }
        let mut left = Vec::new();
        while let Some((turn, _)) = stage.pop_before(5) {
            left.push((turn.time, turn.sequence));
        }
        assert_eq!(left, [(3, 1), (3, 2), (4, 3)]);
        assert_eq!((stage.len(), stage.bytes() > 0), (1, true));
        assert!(stage.pop().is_some());
        assert_eq!((stage.len(), stage.bytes()), (0, 0));
    }

    #[test]
    fn a_row_for_several_rules_waits_once() {
        let mut stage = Stage::default();
        for rule in [3, 1, 3] {
            let (turn, held) = row(1, 0, rule);
            stage.hold(turn, held);
        }
        let (_, held) = stage.pop().expect("it waits");
        assert_eq!(held.targets, [RuleId::new(1), RuleId::new(3)]);
        assert_eq!((stage.len(), stage.bytes()), (0, 0));
    }
}

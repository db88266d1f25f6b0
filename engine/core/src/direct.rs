//! Rules that ask nothing but a condition: the rows for which it is true are their matches.
//!
//! Where there are many rules, a batch comes to a few of them, each of which lies somewhere else in memory. So what there
//! is to know of these is put together, a few bytes each.

use trapjaw_event::{MatchKind, RuleId, TypeId};
use trapjaw_program::{Clause, Routing, Rule, RuleSet};

use crate::output::{Alias, Fired, Identity, Outputs};
use crate::place::EVENT;
use crate::segment::Segment;
use crate::vm::bits;

/// Which rules ask nothing but a condition, by rule: the type that they read, and their condition.
#[derive(Debug)]
pub(crate) struct Direct {
    rules: Vec<Option<(TypeId, u32)>>,
}

impl Direct {
    /// Those of a rule set.
    pub(crate) fn new(rules: &RuleSet) -> Self {
        Self {
            rules: rules.rules.iter().map(of).collect(),
        }
    }

    /// Puts the matches of a rule in a step's only segment into `outputs`, and gives their number; `None` for a rule that
    /// asks for more.
    pub(crate) fn fire(
        &self,
        id: RuleId,
        segments: &[&Segment<'_>],
        effects: &[i64],
        outputs: &mut Outputs,
    ) -> Option<u64> {
        let ((ty, condition), [segment]) = (self.rules[id.index()]?, segments) else {
            return None;
        };
        // Rows that came from another shard name their rules.
        if ty != segment.type_id() || segment.targets().is_some() {
            return None;
        }
        Some(fire((id, condition), segment, effects, outputs))
    }

    /// Bytes that it takes.
    pub(crate) fn bytes(&self) -> usize {
        size_of_val(&*self.rules)
    }
}

/// What a rule reads, and its condition, if that is all.
fn of(rule: &Rule) -> Option<(TypeId, u32)> {
    let [source] = &*rule.sources else {
        return None;
    };
    let asks_more = !matches!((rule.clause, rule.routing), (Clause::Each, Routing::Local))
        || rule.limit.is_some()
        || rule.emit.is_some()
        || !rule.key.is_empty()
        || !source.inputs.instructions.is_empty();
    let condition = source.condition.filter(|_| !asks_more)?;
    Some((source.type_id, condition))
}

/// Each row for which the condition is true is a match of the rule.
fn fire(
    (id, condition): (RuleId, u32),
    segment: &Segment<'_>,
    effects: &[i64],
    outputs: &mut Outputs,
) -> u64 {
    let before = outputs.fired.len();
    let (key, aggregates) = (outputs.keys.len(), outputs.aggregates.len());
    let match_of = |row: u32| {
        let step_row = segment.step_row(row);
        Fired {
            row: step_row,
            deadline: EVENT,
            rule: id,
            emission: 0,
            cause: segment.cause(row).clone(),
            kind: MatchKind::Matched,
            time: (segment.effect(row)).unwrap_or_else(|| effects[step_row as usize]),
            alias: Alias::Row {
                segment: 0,
                row,
                whole: true,
            },
            identity: Identity::Alias,
            key: key..key,
            aggregates,
            values: 0,
        }
    };
    match segment.rows_of(condition) {
        Some(rows) => outputs.fired.extend(rows.iter().copied().map(match_of)),
        None => {
            let truth = segment.truth(Some(condition));
            let rows = truth.iter().flat_map(|truth| bits::ones(truth));
            outputs.fired.extend(rows.map(match_of));
        }
    }
    (outputs.fired.len() - before) as u64
}

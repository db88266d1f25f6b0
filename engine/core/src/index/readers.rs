//! Which rules read a type: those that look at each of its events, and those that only some conditions concern.

use trapjaw_event::RuleId;
use trapjaw_program::{Clause, Rule, RuleSet};

use super::Where;

/// The rules that read a type, by the conditions that have to be true for them to do something.
#[derive(Debug)]
pub(crate) struct Readers {
    /// Rules to which something may happen whatever conditions are true.
    always: Vec<RuleId>,
    /// By condition of the index: where its rules begin among `rules`, and the end of the last.
    starts: Vec<u32>,
    rules: Vec<RuleId>,
}

impl Readers {
    /// Of a type whose conditions are computed at `places`, of which `items` have a witness.
    pub(super) fn new(rules: &RuleSet, ty: usize, places: &[Where], items: usize) -> Self {
        let mut always = Vec::new();
        let mut concerned: Vec<(u32, RuleId)> = Vec::new();
        for &(id, source) in &rules.types[ty].readers {
            let before = concerned.len();
            let mut is_found = true;
            let sees_each = !conditions(
                &rules.rules[id.index()],
                usize::from(source),
                |condition| match places[condition as usize] {
                    Where::Item(item) => concerned.push((item, id)),
                    Where::Base(_) => is_found = false,
                },
            );
            if sees_each || !is_found {
                concerned.truncate(before);
                always.push(id);
            }
        }
        // By condition, and for each in the order of the rules.
        let mut starts = vec![0; items + 1];
        for (item, _) in &concerned {
            starts[*item as usize + 1] += 1;
        }
        for item in 0..items {
            starts[item + 1] += starts[item];
        }
        let mut ends = starts.clone();
        let mut of_items = vec![RuleId::new(0); concerned.len()];
        for (item, id) in concerned {
            let end = &mut ends[item as usize];
            of_items[*end as usize] = id;
            *end += 1;
        }
        Self {
            always,
            starts,
            rules: of_items,
        }
    }

    /// Rules to which something may happen whatever conditions are true.
    pub(crate) fn always(&self) -> &[RuleId] {
        &self.always
    }

    /// The rules that a condition concerns, by its place in the index.
    pub(crate) fn of(&self, item: u32) -> &[RuleId] {
        let item = item as usize;
        &self.rules[self.starts[item] as usize..self.starts[item + 1] as usize]
    }

    pub(super) fn bytes(&self) -> usize {
        size_of_val(&*self.always) + size_of_val(&*self.starts) + size_of_val(&*self.rules)
    }
}

/// Tells the conditions of which one has to be true for an event of a source to matter to a rule. Are there such? If not,
/// each event matters.
fn conditions(rule: &Rule, source: usize, mut tell: impl FnMut(u32)) -> bool {
    if let Some(pattern) = &rule.pattern {
        if pattern.sees_all() {
            return false;
        }
        let tests = pattern.elements.iter();
        let mut tests = tests.filter_map(|element| element.tests[source].as_ref());
        return tests.all(|test| test.condition.map(&mut tell).is_some());
    }
    // An event that does not satisfy the condition ends a run.
    let condition = match rule.clause {
        Clause::Sustained { .. } => None,
        _ => rule.sources[source].condition,
    };
    condition.map(tell).is_some()
}

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
        let mut by_item: Vec<Vec<RuleId>> = vec![Vec::new(); items];
        for &(id, source) in &rules.types[ty].readers {
            let conditions = conditions(&rules.rules[id.index()], usize::from(source));
            let items: Option<Vec<u32>> = conditions.and_then(|conditions| {
                let items =
                    conditions
                        .into_iter()
                        .map(|condition| match places[condition as usize] {
                            Where::Item(item) => Some(item),
                            Where::Base(_) => None,
                        });
                items.collect()
            });
            match items {
                Some(items) => {
                    for item in items {
                        by_item[item as usize].push(id);
                    }
                }
                None => always.push(id),
            }
        }
        let mut starts = Vec::with_capacity(items + 1);
        let mut all = Vec::new();
        for rules in by_item {
            starts.push(all.len() as u32);
            all.extend(rules);
        }
        starts.push(all.len() as u32);
        Self {
            always,
            starts,
            rules: all,
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

/// The conditions of which one has to be true for an event of a source to matter to a rule; `None`: each event does.
fn conditions(rule: &Rule, source: usize) -> Option<Vec<u32>> {
    if let Some(pattern) = &rule.pattern {
        if pattern.sees_all() {
            return None;
        }
        let tests = pattern.elements.iter();
        let tests = tests.filter_map(|element| element.tests[source].as_ref());
        return tests.map(|test| test.condition).collect();
    }
    match rule.clause {
        // An event that does not satisfy the condition ends a run.
        Clause::Sustained { .. } => None,
        _ => rule.sources[source]
            .condition
            .map(|condition| vec![condition]),
    }
}

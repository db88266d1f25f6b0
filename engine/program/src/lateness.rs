//! For how long rules let events be late.

use crate::rule::RuleSet;

impl RuleSet {
    /// The lateness of each rule in nanoseconds, by [`RuleId`](trapjaw_event::RuleId): the largest of the types that it
    /// reads and of the rules that derive these. So an event that a rule derives never comes too late for another.
    pub fn latenesses(&self) -> Vec<i64> {
        let mut types: Vec<i64> = self.registry.iter().map(|(_, ty)| ty.lateness).collect();
        let mut rules = vec![0; self.rules.len()];
        for id in &self.order {
            let rule = &self.rules[id.index()];
            let sources = rule.sources.iter();
            let lateness = sources.map(|source| types[source.type_id.index()]).max();
            let lateness = lateness.unwrap_or(0);
            rules[id.index()] = lateness;
            if let Some(emit) = &rule.emit {
                let derived = &mut types[emit.type_id.index()];
                *derived = lateness.max(*derived);
            }
        }
        rules
    }
}

//! What was found, by rule.

use std::collections::BTreeMap;

use trapjaw_event::{Match, MatchKind};
use trapjaw_wire::json::RuleNames;

use super::frequent::Frequent;
use crate::limits::TALLIED_KEYS;
use crate::table;

/// Matches by rule: how many of each kind, when, and of which keys most.
#[derive(Clone, Debug)]
pub struct Tally {
    pub(super) rules: Vec<RuleTally>,
}

/// Of one rule.
#[derive(Clone, Debug)]
pub(super) struct RuleTally {
    pub(super) kinds: BTreeMap<MatchKind, u64>,
    /// Times of the first and the last match.
    pub(super) span: Option<(i64, i64)>,
    /// By key as text.
    pub(super) keys: Frequent<Box<str>>,
}

impl Tally {
    /// For so many rules. Together they have room for [`TALLIED_KEYS`] keys.
    pub fn new(rules: usize) -> Self {
        let room = (TALLIED_KEYS / rules.max(1)).max(16);
        let rule = RuleTally {
            kinds: BTreeMap::new(),
            span: None,
            keys: Frequent::new(room),
        };
        Self {
            rules: vec![rule; rules],
        }
    }

    /// Counts a match, of the rule with these names.
    pub fn add(&mut self, found: &Match, names: &RuleNames) {
        let rule = &mut self.rules[found.rule.index()];
        *rule.kinds.entry(found.kind).or_default() += 1;
        let (first, last) = rule.span.unwrap_or((found.time, found.time));
        rule.span = Some((first.min(found.time), last.max(found.time)));
        if !found.key.is_empty() {
            let key = table::pairs(&names.key, &found.key).join(" ");
            rule.keys.add(key.into());
        }
    }
}

impl RuleTally {
    pub(super) fn matches(&self) -> u64 {
        self.kinds.values().sum()
    }
}

//! Lines of time: rules of one lateness share a clock and a stage, and those of different lateness do not.

use trapjaw_event::{RuleId, TypeId};
use trapjaw_program::RuleSet;

/// Which rule is on which line. The first line is that of lateness 0; the others follow by lateness.
#[derive(Debug)]
pub(crate) struct Lines {
    /// By rule.
    of_rule: Vec<u32>,
    /// By line; the first is 0, and they grow.
    lateness: Vec<i64>,
    /// By type: the lines of the rules that read it, but for the first line; sorted.
    of_type: Vec<Vec<u32>>,
}

impl Lines {
    pub(crate) fn new(rules: &RuleSet) -> Self {
        let by_rule = rules.latenesses();
        let mut lateness = vec![0];
        lateness.extend_from_slice(&by_rule);
        lateness.sort_unstable();
        lateness.dedup();
        let line = |of: &i64| lateness.binary_search(of).unwrap_or_default() as u32;
        let of_rule: Vec<u32> = by_rule.iter().map(line).collect();
        let of_type = rules.types.iter().map(|program| {
            let readers = program.readers.iter();
            let mut lines: Vec<u32> = readers.map(|(rule, _)| of_rule[rule.index()]).collect();
            lines.sort_unstable();
            lines.dedup();
            lines.retain(|&line| line > 0);
            lines
        });
        Self {
            of_type: of_type.collect(),
            of_rule,
            lateness,
        }
    }

    /// How many there are; at least one.
    pub(crate) fn len(&self) -> usize {
        self.lateness.len()
    }

    /// Has any rule a lateness?
    pub(crate) fn are_many(&self) -> bool {
        self.lateness.len() > 1
    }

    /// The line of a rule.
    pub(crate) fn of(&self, rule: RuleId) -> u32 {
        self.of_rule[rule.index()]
    }

    /// The lateness of a line's rules.
    pub(crate) fn lateness(&self, line: u32) -> i64 {
        self.lateness[line as usize]
    }

    /// The largest lateness of all.
    pub(crate) fn longest(&self) -> i64 {
        self.lateness.last().copied().unwrap_or_default()
    }

    /// Does a rule of a line behind this one read the type?
    pub(crate) fn is_read_behind(&self, line: u32, ty: TypeId) -> bool {
        let lines = &self.of_type[ty.index()];
        lines.last().is_some_and(|&last| last > line)
    }

    /// The least lateness, other than 0, of the rules that read the type.
    pub(crate) fn strictest(&self, ty: TypeId) -> Option<i64> {
        let lines = &self.of_type[ty.index()];
        lines.first().map(|&line| self.lateness(line))
    }

    /// The watermark of a line, where that of lateness 0 is `base`.
    pub(crate) fn watermark(&self, line: u32, base: i64) -> i64 {
        base.saturating_sub(self.lateness(line))
    }
}

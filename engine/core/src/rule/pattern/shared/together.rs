//! `skip none together`: all matches of a moment, told as one.

use trapjaw_program::pattern::Pattern;

use super::Shared;
use super::report::Moment;
use crate::rule::context::Context;
use crate::rule::keyed::Core;
use crate::rule::pattern::fold::fold;
use crate::rule::pattern::together::{tell_together, values};

impl Shared {
    /// Tells how many matches were found at a moment, and what they have bound comes to.
    pub(super) fn report_together(
        &mut self,
        cx: &mut Context<'_>,
        core: &mut Core,
        pattern: &Pattern,
        moment: &Moment,
    ) {
        if self.found.matches.is_empty() {
            return;
        }
        if core.admit(cx, moment.slot, moment.now) {
            let events = &self.heap.events;
            let value = |index: usize| {
                let definition = &cx.rule.aggregates[index];
                let bound = self.found.bound.iter();
                let over = bound.filter(|(element, _)| Some(*element) == pattern.over[index]);
                fold(
                    definition,
                    over.filter_map(|(_, event)| events.argument(cx, (index, definition), *event)),
                )
            };
            let values = values(cx, pattern, self.found.matches.len() as i64, value);
            tell_together(cx, core, pattern, (moment.slot, moment.trigger), values);
        }
        for (_, event) in self.found.bound.drain(..) {
            self.heap.events.release(event);
        }
        self.found.matches.clear();
    }
}

//! `skip none together`: all matches of a moment, told as one, without being there.

use trapjaw_event::Value;
use trapjaw_program::pattern::Pattern;

use super::events::EventId;
use super::report::Moment;
use super::slab::NONE;
use super::table::{GONE, STAY};
use super::{At, Context, Core, Shared};
use crate::rule::pattern::together::{tell_together, values};

impl Shared {
    /// What an event makes of the starts of a key, and of what they carry. See [`Shared::event`], which finds the matches
    /// themselves.
    pub(super) fn event_together(
        &mut self,
        cx: &Context<'_>,
        pattern: &Pattern,
        class: u32,
        (slot, at, now): (u32, At, i64),
    ) -> Option<EventId> {
        let Self {
            table,
            partitions,
            heap,
            moving,
            carried,
            ..
        } = self;
        let carried = carried.as_deref_mut()?;
        let class = table.classes.get(class);
        let partition = &mut partitions[slot as usize];
        let begun = (class.begins != STAY).then(|| &table.steps[class.begins as usize]);
        let touches = partition.stands & class.touches != 0;
        if begun.is_some() || touches {
            carried.look_at(cx, at);
        }
        let mut takes = begun.is_some_and(|step| step.target != GONE);
        if touches {
            let (mut before, mut group) = (NONE, partition.first);
            while group != NONE {
                let here = heap.groups[group];
                let number = class.steps[here.stand as usize];
                if number == STAY {
                    before = group;
                } else {
                    let step = &table.steps[number as usize];
                    carried.find(group, here.count, step);
                    if step.leaves_all(here.stand) {
                        // It completes matches, and nothing of it is bound by what goes on.
                        before = group;
                    } else {
                        heap.unlink(table, partition, (before, group));
                        takes |= step.takes && step.target != GONE;
                        moving.push((group, number));
                    }
                }
                group = here.next;
            }
        }
        let event = takes.then(|| heap.events.insert_held(cx, (slot, at, now)));
        if let Some(event) = event {
            carried.remember(event);
        }
        for (group, number) in moving.drain(..) {
            let step = &table.steps[number as usize];
            if step.target == GONE {
                heap.release_group(group);
                carried.clear(group);
                continue;
            }
            let taken = event.filter(|_| step.takes).unwrap_or(NONE);
            let count = heap.groups[group].count;
            let to = heap.step(table, partition, group, (number, taken));
            carried.step(group, to, count, step);
        }
        if let Some(step) = begun {
            carried.find_begun(step);
            if let Some(event) = event.filter(|_| step.target != GONE) {
                let group = heap.begin(table, partition, step.target, event);
                carried.begin(group, &step.edges);
                if let Some(within) = pattern.within {
                    partition.due = partition.due.min(now.saturating_add(within));
                }
            }
        }
        event
    }

    /// Tells how many matches were found at a moment, and what they have bound comes to.
    pub(super) fn report_together(
        &mut self,
        cx: &mut Context<'_>,
        core: &mut Core,
        pattern: &Pattern,
        moment: &Moment,
    ) {
        let Some(carried) = self.carried.as_deref_mut() else {
            return;
        };
        if carried.matches == 0 {
            return;
        }
        if core.admit(cx, moment.slot, moment.now) {
            let matches = carried.matches as i64;
            let value = |index: usize| {
                let total = carried.found(index);
                total.map_or(Value::Null, |total| total.value(&cx.rule.aggregates[index]))
            };
            let values = values(cx, pattern, matches, value);
            tell_together(cx, core, pattern, (moment.slot, moment.trigger), values);
        }
        carried.forget_found();
    }
}

//! Which events are late, and when the others' turn comes, for rules that let events be late.
//!
//! A rule's lateness D is the largest of the types that it reads, and of the rules that derive these. Its watermark is
//! the time up to which all live streams have come, less D. An event that is dated before the watermark when it arrives
//! is late. Any other waits until the watermark is behind it; those that have waited are taken in the order of (time,
//! stream, place in it), and behind them what rules have derived at the same instant, in the order in which they did.

use trapjaw_dsl::hir::RuleSet;
use trapjaw_event::Event;

/// A stream that was silent for so long is idle.
const IDLE: i64 = 10_000_000_000;

pub(super) struct Order {
    /// Of each rule.
    of_rule: Vec<i64>,
    /// Stream, its newest time, and the clock when it last brought an event.
    streams: Vec<(u128, i64, i64)>,
    /// The time up to which all live streams have come. It never goes back.
    reached: i64,
    held: Vec<Held>,
}

struct Held {
    lateness: i64,
    /// Stream and place in it; `None` for what a rule derived.
    row: Option<(u128, usize)>,
    event: Event,
}

impl Order {
    pub(super) fn new(rules: &RuleSet) -> Self {
        let types = rules.registry.iter().map(|(_, ty)| ty.lateness);
        let mut of_type: Vec<i64> = types.collect();
        let mut of_rule = vec![0; rules.rules.len()];
        // A chain of derivations has at most as many links as there are rules.
        for _ in &rules.rules {
            for (rule, lateness) in rules.rules.iter().zip(&mut of_rule) {
                let types = rule.types.iter();
                *lateness = types.map(|ty| of_type[ty.index()]).max().unwrap_or(0);
                if let Some(emit) = &rule.emit {
                    let derived = &mut of_type[emit.type_id.index()];
                    *derived = *lateness.max(derived);
                }
            }
        }
        Self {
            of_rule,
            streams: Vec::new(),
            reached: i64::MIN,
            held: Vec::new(),
        }
    }

    pub(super) fn of_rule(&self, rule: usize) -> i64 {
        self.of_rule[rule]
    }

    /// All but 0, each once, the least first.
    pub(super) fn latenesses(&self) -> Vec<i64> {
        let mut all: Vec<i64> = self.of_rule.iter().copied().filter(|&d| d > 0).collect();
        all.sort_unstable();
        all.dedup();
        all
    }

    pub(super) fn watermark(&self, lateness: i64) -> i64 {
        self.reached.saturating_sub(lateness)
    }

    /// The latenesses, but 0, of the rules that read an event.
    fn of_event(&self, rules: &RuleSet, event: &Event) -> Vec<i64> {
        let readers = rules.rules.iter().zip(&self.of_rule);
        let readers = readers.filter(|(rule, _)| rule.types.contains(&event.type_id));
        let mut all: Vec<i64> = readers.map(|(_, &lateness)| lateness).collect();
        all.sort_unstable();
        all.dedup();
        all.retain(|&lateness| lateness > 0);
        all
    }

    /// Does the event come too late for a rule?
    pub(super) fn is_late(&self, rules: &RuleSet, event: &Event) -> bool {
        let all = self.of_event(rules, event);
        all.into_iter()
            .any(|lateness| event.time < self.watermark(lateness))
    }

    /// An event waits for the rules of each lateness above this one for which it is not late.
    pub(super) fn hold(
        &mut self,
        rules: &RuleSet,
        above: i64,
        event: &Event,
        row: Option<(u128, usize)>,
    ) {
        for lateness in self.of_event(rules, event) {
            // The rules of larger lateness have not come as far yet as those that derive.
            let is_late = row.is_some() && event.time < self.watermark(lateness);
            if lateness > above && !is_late {
                self.held.push(Held {
                    lateness,
                    row,
                    event: event.clone(),
                });
            }
        }
    }

    /// A stream has brought an event of this time, which made the clock `clock`. One that is late for the largest
    /// lateness is as if it had not come.
    pub(super) fn arrived(&mut self, stream: u128, time: i64, clock: i64) {
        let largest = self.of_rule.iter().copied().max().unwrap_or(0);
        if time >= self.watermark(largest) {
            let before = self.streams.iter().position(|known| known.0 == stream);
            let newest = before.map_or(time, |place| self.streams.remove(place).1.max(time));
            self.streams.push((stream, newest, clock));
        }
        self.streams.retain(|&(_, _, seen)| clock - seen < IDLE);
        let low = self.streams.iter().map(|&(_, newest, _)| newest).min();
        self.reach(low.unwrap_or(clock));
    }

    /// All streams have come up to this time.
    pub(super) fn reach(&mut self, time: i64) {
        self.reached = self.reached.max(time);
    }

    /// The event whose turn it is, if it is before the watermark.
    pub(super) fn next_before(&mut self, lateness: i64, watermark: i64) -> Option<Event> {
        let waiting = self.held.iter().enumerate();
        let waiting = waiting.filter(|(_, held)| held.lateness == lateness);
        // Derived ones last; of equals the first.
        let turn = |held: &Held| (held.event.time, held.row.is_none(), held.row);
        let (place, _) = waiting
            .filter(|(_, held)| held.event.time < watermark)
            .min_by_key(|(_, held)| turn(held))?;
        Some(self.held.remove(place).event)
    }
}

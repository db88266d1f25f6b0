//! Rules that the clock starts: which instants a move of the clock passes, and at which of them they match.

use jiff::tz::TimeZone;
use trapjaw_dsl::hir::{Catchup, Clause, Rule};
use trapjaw_event::{Event, MatchKind, TypeId};

use super::cron;
use super::eval::Scope;
use super::{Key, Run};

/// So many instants are made up for after one move of the clock.
const MOST: usize = 1_000;

impl Run<'_> {
    /// A schedule has one key: none.
    pub(super) fn begin_schedules(&mut self) {
        for (rule, keys) in self.rules.rules.iter().zip(&mut self.keys) {
            if matches!(rule.clause, Clause::Every { .. } | Clause::At { .. }) {
                keys.push(Key {
                    values: Vec::new(),
                    history: Vec::new(),
                    deadline: None,
                    told: Vec::new(),
                });
            }
        }
    }

    /// The clock moves to `clock`, from an event or a first value to the next: the schedules' instants that it passes
    /// become due. The first value passes none but itself.
    pub(super) fn move_clock(&mut self, clock: i64) {
        let before = self.clock.replace(clock).unwrap_or(clock.saturating_sub(1));
        for (rule, due) in self.rules.rules.iter().zip(&mut self.due) {
            due.extend(instants(rule, before, clock));
        }
    }

    /// A schedule has come to one of its instants: the event that it derives, and when.
    pub(super) fn tick(&mut self, place: usize, at: i64) -> Vec<(Event, i64)> {
        self.due[place].pop_front();
        let rules = self.rules;
        let instant = Event {
            type_id: TypeId::new(0),
            time: at,
            source: "".into(),
            id: None,
            subject: None,
            severity: None,
            values: Vec::new(),
        };
        let scope = Scope {
            registry: &rules.registry,
            tables: &rules.tables,
            rule: &rules.rules[place],
            event: &instant,
            is_seen: true,
            rows: &[],
            bound: None,
            length: None,
        };
        let matched = self.tell(place, MatchKind::Matched, at, Vec::new(), Vec::new(), scope);
        let derived = matched.derived.clone().map(|derived| (derived, at));
        self.output.push(matched);
        derived.into_iter().collect()
    }
}

/// The instants at which a rule matches, of a move of the clock from `before` to `after`; none, if it is no schedule.
fn instants(rule: &Rule, before: i64, after: i64) -> Vec<i64> {
    match &rule.clause {
        Clause::Every { period, catchup } => {
            matching(*catchup, multiples(*period, before, after), after)
        }
        Clause::At { cron, catchup, .. } => {
            let zone = rule.zone.as_deref().unwrap_or("UTC");
            let zone = TimeZone::get(zone).expect("the checker has found it");
            matching(*catchup, cron::instants(cron, &zone, before, after), after)
        }
        _ => Vec::new(),
    }
}

/// The newest multiples of a period in `(before, after]`.
fn multiples(period: i64, before: i64, after: i64) -> Vec<i64> {
    let last = after.div_euclid(period) * period;
    let back = (0..MOST as i64).map_while(|steps| last.checked_sub(steps.checked_mul(period)?));
    let mut passed: Vec<i64> = back.take_while(|&instant| instant > before).collect();
    passed.reverse();
    passed
}

/// Of the instants that a move of the clock to `after` has passed: those that match.
fn matching(catchup: Catchup, mut passed: Vec<i64>, after: i64) -> Vec<i64> {
    match catchup {
        Catchup::All => passed.split_off(passed.len().saturating_sub(MOST)),
        Catchup::One => passed.pop().into_iter().collect(),
        Catchup::Skip if passed.len() == 1 => passed,
        // Several were passed: what lies behind the clock was missed.
        Catchup::Skip => passed
            .pop()
            .filter(|&last| last == after)
            .into_iter()
            .collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of_tens(catchup: Catchup, before: i64, after: i64) -> Vec<i64> {
        matching(catchup, multiples(10, before, after), after)
    }

    #[test]
    fn what_is_passed_alone_is_not_missed() {
        for catchup in [Catchup::All, Catchup::One, Catchup::Skip] {
            assert_eq!(of_tens(catchup, 9, 19), [10]);
            assert_eq!(of_tens(catchup, 10, 20), [20]);
            assert!(of_tens(catchup, 10, 19).is_empty());
        }
    }

    #[test]
    fn of_several_all_or_the_last_or_none_match() {
        let matching = |catchup, after| of_tens(catchup, -11, after);
        assert_eq!(matching(Catchup::All, 15), [-10, 0, 10]);
        assert_eq!(matching(Catchup::One, 15), [10]);
        assert!(matching(Catchup::Skip, 15).is_empty());
        assert_eq!(matching(Catchup::Skip, 10), [10]);
    }

    #[test]
    fn not_more_than_the_limit_are_made_up_for() {
        let all = of_tens(Catchup::All, 0, 100_000);
        assert_eq!(
            (all.len(), all.first(), all.last()),
            (MOST, Some(&90_010), Some(&100_000))
        );
    }
}

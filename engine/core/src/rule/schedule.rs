//! `every D` and `at "CRON" in "ZONE"`, each with `catchup`: a rule that the clock starts.
//!
//! Its instants are fixed beforehand, and those count that the clock comes to from its first value on. What becomes of
//! them is a matter of the clock's moves ([`Context::reached`]), which neither other rules nor the cutting of batches
//! change: so a schedule may be advanced by parts of a move, and comes to the same.

mod instants;

use trapjaw_event::MatchKind;
use trapjaw_program::limits::MAX_CAUGHT_UP;
use trapjaw_program::{Calendar, Catchup, Zone};

use super::context::{Context, Trigger};
use crate::bound::Bound;
use crate::output::{Alias, Identity};
use instants::Instants;

/// When a schedule fires next.
#[derive(Debug)]
pub(crate) struct Schedule {
    instants: Instants,
    catchup: Catchup,
    /// `i64::MIN`: the clock has no value yet. `None`: never.
    next: Option<i64>,
    /// Up to here it is settled which instants fire: from `next` on, all.
    settled: i64,
    /// It is another shard that fires.
    rests: bool,
}

impl Schedule {
    /// At equal distances.
    pub(crate) fn every(period: i64, catchup: Catchup) -> Self {
        Self::new(Instants::Every(period), catchup)
    }

    /// By a calendar. A zone that is not known, which the verifier refuses, is UTC.
    pub(crate) fn at(calendar: Calendar, zone: Option<&str>, catchup: Catchup) -> Self {
        let zone = zone.and_then(Zone::by_name).unwrap_or_else(Zone::utc);
        Self::new(Instants::At(calendar, zone), catchup)
    }

    fn new(instants: Instants, catchup: Catchup) -> Self {
        Self {
            instants,
            catchup,
            next: Some(i64::MIN),
            settled: i64::MIN,
            rests: false,
        }
    }

    pub(crate) fn next_deadline(&self) -> Option<i64> {
        self.next.filter(|_| !self.rests)
    }

    /// It is another shard that fires.
    pub(crate) fn rest(&mut self) {
        self.rests = true;
    }

    /// Goes on as another shard does, which may be the one that fires.
    pub(crate) fn act_as(&mut self) {
        self.rests = false;
    }

    /// What nothing has begun yet begins behind the clock: its instants up to there are not the rule's.
    pub(crate) fn reload(&mut self, clock: i64) {
        if self.next == Some(i64::MIN) && clock != i64::MIN {
            self.next = self.instants.after(clock);
        }
    }

    pub(crate) fn bound() -> Bound {
        Bound {
            key_bytes: size_of::<Self>(),
            growth: Vec::new(),
            key_timers: 0,
            common_timers: 1,
            keys: 1,
            stands: None,
        }
    }

    /// Lets time pass up to `now`.
    pub(crate) fn advance(&mut self, cx: &mut Context<'_>, now: i64) {
        if self.next == Some(i64::MIN) {
            self.next = self.instants.after(cx.start.saturating_sub(1));
        }
        while let Some(next) = self.next.filter(|&next| next <= now) {
            if next > self.settled {
                self.settled = cx.reached(next);
                self.next = self.caught_up(next, cx);
                continue;
            }
            let about = (Alias::Instant(next), Identity::Instant(next));
            cx.fire(&[], MatchKind::Matched, Trigger::Deadline(next), about, []);
            self.next = self.instants.after(next);
        }
    }

    /// The first instant from `next` on that fires, of a move of the clock to `settled` that passes `next`.
    fn caught_up(&self, next: i64, cx: &mut Context<'_>) -> Option<i64> {
        let reached = self.settled;
        if self
            .instants
            .after(next)
            .is_none_or(|second| second > reached)
        {
            return Some(next);
        }
        let last = self.instants.last(reached)?;
        match self.catchup {
            Catchup::Skip if last < reached => self.instants.after(reached),
            Catchup::One | Catchup::Skip => Some(last),
            Catchup::All => {
                let mut from = last;
                for _ in 1..MAX_CAUGHT_UP {
                    match self.instants.last(from - 1) {
                        Some(earlier) if earlier >= next => from = earlier,
                        _ => return Some(from),
                    }
                }
                cx.counters.held_back += self.instants.count(next, from);
                Some(from)
            }
        }
    }
}

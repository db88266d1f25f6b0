//! `every D [catchup skip|one]`: a rule that the clock starts.
//!
//! Its instants are the multiples of D since the Unix epoch, from the first value of the clock on. What becomes of
//! them is a matter of the clock's moves ([`Context::reached`]), which neither other rules nor the cutting of batches
//! change: so a schedule may be advanced by parts of a move, and comes to the same.

use trapjaw_event::MatchKind;
use trapjaw_program::Catchup;
use trapjaw_program::limits::MAX_CAUGHT_UP;

use super::context::{Context, Trigger};
use crate::bound::Bound;
use crate::output::{Alias, Identity};

/// When a schedule fires next.
#[derive(Debug)]
pub(crate) struct Schedule {
    period: i64,
    catchup: Catchup,
    /// `i64::MIN`: the clock has no value yet. `None`: never.
    next: Option<i64>,
    /// It is another shard that fires.
    rests: bool,
}

impl Schedule {
    pub(crate) fn new(period: i64, catchup: Catchup) -> Self {
        Self {
            period,
            catchup,
            next: Some(i64::MIN),
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
            self.next = self.after(clock);
        }
    }

    pub(crate) fn bound() -> Bound {
        Bound {
            key_bytes: size_of::<Self>(),
            growth: Vec::new(),
            key_timers: 0,
            common_timers: 1,
            keys: 1,
        }
    }

    /// Lets time pass up to `now`.
    pub(crate) fn advance(&mut self, cx: &mut Context<'_>, now: i64) {
        if self.next == Some(i64::MIN) {
            self.next = self.after(cx.start.saturating_sub(1));
        }
        while let Some(next) = self.next.filter(|&next| next <= now) {
            let from = self.caught_up(next, cx.reached(next), cx);
            if from != Some(next) {
                self.next = from;
                continue;
            }
            let about = (Alias::Instant(next), Identity::Instant(next));
            cx.fire(&[], MatchKind::Matched, Trigger::Deadline(next), about, []);
            self.next = next.checked_add(self.period);
        }
    }

    /// The first instant from `next` on that fires, of a move of the clock to `reached` that passes `next`.
    fn caught_up(&self, next: i64, reached: i64, cx: &mut Context<'_>) -> Option<i64> {
        let last = reached - reached.rem_euclid(self.period);
        match self.catchup {
            Catchup::Skip if last > next && last < reached => last.checked_add(self.period),
            Catchup::One | Catchup::Skip => Some(last),
            Catchup::All => {
                let most = (MAX_CAUGHT_UP - 1).saturating_mul(self.period);
                let from = next.max(last.saturating_sub(most));
                cx.counters.held_back += (from.abs_diff(next)) / self.period.unsigned_abs();
                Some(from)
            }
        }
    }

    /// The first instant after `time`.
    fn after(&self, time: i64) -> Option<i64> {
        let next = time.div_euclid(self.period).checked_add(1)?;
        next.checked_mul(self.period)
    }
}

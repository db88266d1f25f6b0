//! What a shard counts: everything that it takes in, gives out, or does not do.

use core::iter::Sum;
use core::ops::{Add, AddAssign, Mul};

use trapjaw_program::function::Fault;

use crate::rule::NoKey;

/// Values that became null because an operation on values that were there had no result, by reason. Each is counted once
/// for each evaluation of its part of an expression, which rules share.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Faults {
    /// Results that do not fit.
    pub overflow: u64,
    /// Divisions by zero.
    pub division: u64,
    /// Results that there are not: the root of a negative number.
    pub undefined: u64,
    /// Conversions of what does not say such a value.
    pub conversion: u64,
}

impl Faults {
    /// All of them.
    pub fn total(self) -> u64 {
        self.overflow + self.division + self.undefined + self.conversion
    }

    /// Counts so many of a kind.
    pub(crate) fn count(&mut self, fault: Fault, number: u64) {
        *match fault {
            Fault::Overflow => &mut self.overflow,
            Fault::Division => &mut self.division,
            Fault::Undefined => &mut self.undefined,
            Fault::Conversion => &mut self.conversion,
        } += number;
    }
}

impl Add for Faults {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self {
            overflow: self.overflow + other.overflow,
            division: self.division + other.division,
            undefined: self.undefined + other.undefined,
            conversion: self.conversion + other.conversion,
        }
    }
}

impl Mul<u64> for Faults {
    type Output = Self;

    fn mul(self, times: u64) -> Self {
        Self {
            overflow: self.overflow * times,
            division: self.division * times,
            undefined: self.undefined * times,
            conversion: self.conversion * times,
        }
    }
}

impl AddAssign for Faults {
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}

impl Sum for Faults {
    fn sum<I: Iterator<Item = Self>>(each: I) -> Self {
        each.fold(Self::default(), Add::add)
    }
}

/// Counters of one shard since its start. Each only grows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    /// Rows taken in at the door (rows that another shard forwarded not among them).
    pub events: u64,
    /// Rows taken from other shards.
    pub forwarded: u64,
    /// Values that became null for want of a result.
    pub faults: Faults,
    /// Rows that a rule skipped because a part of its key was null.
    pub null_keys: u64,
    /// Rows that a rule skipped because their key was longer than [`MAX_KEY`](crate::limits::MAX_KEY).
    pub long_keys: u64,
    /// Rows that did not reach the shard that owns their key: whole, with a column for each field of their
    /// type, they do not fit a batch.
    pub unrouted: u64,
    /// Keys given up because there was no room.
    pub evicted: u64,
    /// Rows that claimed to be too far ahead of the wall clock.
    pub ahead: u64,
    /// Firings that a rule's `limit` held back.
    pub held_back: u64,
    /// Derived events that were dropped: null in a required field, or a text beyond the batch's limits.
    pub dropped_derived: u64,
    /// Rows that came too late for a rule that reads their type, by type.
    pub late: Vec<u64>,
    /// Rows that had to go on before the watermark had passed them, for want of room.
    pub early: u64,
    /// Partial matches of patterns that were given up because their key had too many.
    pub partial_matches_given_up: u64,
    /// Matches behind which the search went on at the next event, since where it was to go on was missing.
    pub skips_degraded: u64,
    /// Matches by rule.
    pub matches: Vec<u64>,
}

impl Counters {
    /// A row was skipped for want of a key.
    pub(crate) fn skip(&mut self, why: NoKey) {
        match why {
            NoKey::Null => self.null_keys += 1,
            NoKey::Long => self.long_keys += 1,
        }
    }

    /// Adds another shard's.
    pub fn add(&mut self, other: &Self) {
        let Self {
            events,
            forwarded,
            faults,
            null_keys,
            long_keys,
            unrouted,
            evicted,
            ahead,
            held_back,
            dropped_derived,
            late,
            early,
            partial_matches_given_up,
            skips_degraded,
            matches,
        } = other;
        self.events += events;
        self.forwarded += forwarded;
        self.faults += *faults;
        self.null_keys += null_keys;
        self.long_keys += long_keys;
        self.unrouted += unrouted;
        self.evicted += evicted;
        self.ahead += ahead;
        self.held_back += held_back;
        self.dropped_derived += dropped_derived;
        self.partial_matches_given_up += partial_matches_given_up;
        self.skips_degraded += skips_degraded;
        self.early += early;
        add_each(&mut self.late, late);
        add_each(&mut self.matches, matches);
    }
}

fn add_each(sums: &mut Vec<u64>, counts: &[u64]) {
    if sums.len() < counts.len() {
        sums.resize(counts.len(), 0);
    }
    for (sum, count) in sums.iter_mut().zip(counts) {
        *sum += count;
    }
}

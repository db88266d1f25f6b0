//! Deadlines: one armed timer for each slot, due in order, exact to the nanosecond.
//!
//! [`Wheel`] is a hierarchical timer wheel (Varghese and Lauck, *Hashed and hierarchical timing wheels*,
//! SOSP 1987). A slot is the number of a key in its rule's state; it has at most one deadline. Ticks are
//! 2^20 ns, about a millisecond; a level has buckets 64 times as wide as the level below, and eight levels
//! cover all times. The entries of the current tick are in a heap, which orders them by deadline and slot:
//! ticks decide only where an entry waits, never when it falls due.
//!
//! # Bounded steps
//!
//! The textbook wheel empties a wide bucket at the moment in which the clock enters it: with a million keys
//! and a window of ten seconds that is hundreds of thousands of entries at once, every four seconds. Here a
//! bucket is emptied while the clock crosses the one before it, each step in proportion to the time that
//! has passed. For this, each level has two turns of buckets, and an entry never goes into the next bucket
//! of a level where the level below has room for it. So while the clock goes on in small steps, an
//! operation moves few entries that are not due: those of a bucket divided by the ticks of one. A jump of
//! the clock pays for what it skipped, and nothing for ticks without entries.
//!
//! # Lazy deadlines
//!
//! A deadline that moves with every event of a key need not be armed with every event: leave the entry
//! where it is, and when it falls due, look at the key and arm again if its deadline has moved on.
//!
//! # Memory
//!
//! 24 bytes for each slot up to the highest one that was ever armed, in pieces that never move; 1 KiB for
//! each level in use; 16 bytes for each entry of the current tick.

mod near;

use near::{Near, entry, entry_at, entry_slot};

/// Width of a tick, as a power of two of nanoseconds.
const TICK_BITS: u32 = 20;

/// Width of a bucket in buckets of the level below, as a power of two.
const LEVEL_BITS: u32 = 6;

/// Buckets of a level: this turn's and the next one's.
const BUCKETS: usize = 2 << LEVEL_BITS;

/// Levels that are needed to tell all ticks apart.
const LEVELS: usize = (u64::BITS - TICK_BITS).div_ceil(LEVEL_BITS) as usize;

/// Slots of a piece of the slot table, as a power of two: 3 KiB.
const PIECE_BITS: u32 = 7;

/// The last tick there is.
const LAST_TICK: u64 = u64::MAX >> TICK_BITS;

/// No slot, at the ends of a bucket.
const NONE: u32 = u32::MAX;

/// Home of a slot that is not armed.
const NOWHERE: u16 = u16::MAX;

/// Home of an entry of the current tick or before.
const NEAR: u16 = u16::MAX - 1;

const _: () = assert!(BUCKETS == u128::BITS as usize);
const _: () = assert!(LEVELS * BUCKETS < NEAR as usize);

/// Times as unsigned numbers of the same order.
#[inline]
fn order(at: i64) -> u64 {
    at.cast_unsigned() ^ 1 << 63
}

/// The time that an ordered number stands for.
#[inline]
fn time(order: u64) -> i64 {
    (order ^ 1 << 63).cast_signed()
}

#[inline]
fn tick_of(at: i64) -> u64 {
    order(at) >> TICK_BITS
}

/// The first nanosecond of a tick; the end of time for what lies beyond.
#[inline]
fn start_of(tick: u64) -> i64 {
    if tick > LAST_TICK {
        i64::MAX
    } else {
        time(tick << TICK_BITS)
    }
}

/// Number of the bucket of a level that holds a tick, counted from the beginning of time.
#[inline]
fn bucket_of(tick: u64, level: usize) -> u64 {
    tick >> (LEVEL_BITS * level as u32)
}

#[inline]
fn first_tick(bucket: u64, level: usize) -> u64 {
    bucket << (LEVEL_BITS * level as u32)
}

/// One slot: its deadline, and its neighbours in its bucket.
#[derive(Clone, Copy, Debug)]
struct Node {
    at: i64,
    next: u32,
    /// The neighbour before; in the near heap, the place there.
    previous: u32,
    home: u16,
}

const IDLE: Node = Node {
    at: 0,
    next: NONE,
    previous: NONE,
    home: NOWHERE,
};

#[derive(Clone, Copy, Debug)]
struct Bucket {
    head: u32,
    len: u32,
}

#[derive(Clone, Debug)]
struct Level {
    /// The buckets with entries, one bit each.
    occupied: u128,
    buckets: [Bucket; BUCKETS],
}

impl Level {
    /// The first bucket with entries after the current one, of at most [`BUCKETS`] - 1.
    #[inline]
    fn first_after(&self, current: u64) -> Option<u64> {
        let ahead = self
            .occupied
            .rotate_right((current % BUCKETS as u64) as u32);
        (ahead != 0).then(|| current + u64::from(ahead.trailing_zeros()))
    }
}

/// The slot table, in pieces: it grows without moving what is there.
#[derive(Clone, Debug, Default)]
struct Nodes {
    #[expect(
        clippy::vec_box,
        reason = "growing the outer vector must not move the pieces"
    )]
    pieces: Vec<Box<[Node; 1 << PIECE_BITS]>>,
}

impl Nodes {
    fn cover(&mut self, slot: u32) {
        while self.pieces.len() <= (slot >> PIECE_BITS) as usize {
            self.pieces.push(Box::new([IDLE; 1 << PIECE_BITS]));
        }
    }

    #[inline]
    fn get(&self, slot: u32) -> Option<&Node> {
        Some(&self.pieces.get((slot >> PIECE_BITS) as usize)?[slot as usize % (1 << PIECE_BITS)])
    }

    #[inline]
    fn at(&mut self, slot: u32) -> &mut Node {
        &mut self.pieces[(slot >> PIECE_BITS) as usize][slot as usize % (1 << PIECE_BITS)]
    }
}

/// The timers of one rule; see the [module](self).
///
/// ```
/// # use trapjaw_engine::timer::Wheel;
/// let mut wheel = Wheel::new(1000);
/// wheel.arm(7, 5_000_000_001);
/// wheel.arm(3, 5_000_000_000);
/// assert_eq!(wheel.pop_due(4_999_999_999), None);
/// assert_eq!(wheel.pop_due(6_000_000_000), Some((5_000_000_000, 3)));
/// assert_eq!(wheel.pop_due(6_000_000_000), Some((5_000_000_001, 7)));
/// assert_eq!(wheel.pop_due(6_000_000_000), None);
/// ```
#[derive(Clone, Debug)]
pub struct Wheel {
    nodes: Nodes,
    /// The entries up to and including the current tick.
    near: Near,
    /// The entries after the current tick. A level is there from its first entry on.
    levels: [Option<Box<Level>>; LEVELS],
    /// The current tick: where the clock was when something was last to be done.
    tick: u64,
    /// Before this time there is nothing to be done.
    wake: i64,
    len: u32,
    slots: u32,
}

impl Wheel {
    /// Bytes that each slot takes.
    pub const SLOT_BYTES: usize = size_of::<Node>();

    /// A wheel for slots below `slots`, with none armed.
    pub fn new(slots: u32) -> Self {
        Self {
            nodes: Nodes::default(),
            near: Near::default(),
            levels: [const { None }; LEVELS],
            tick: 0,
            wake: i64::MIN,
            len: 0,
            slots,
        }
    }

    /// Number of armed slots.
    #[inline]
    pub fn len(&self) -> usize {
        self.len as usize
    }

    /// Whether no slot is armed.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The deadline of a slot, if it is armed.
    pub fn deadline(&self, slot: u32) -> Option<i64> {
        self.nodes
            .get(slot)
            .filter(|node| node.home != NOWHERE)
            .map(|node| node.at)
    }

    /// Sets the deadline of a slot, in place of the one that it may have.
    ///
    /// A deadline that has passed already is due at the next [`pop_due`](Self::pop_due).
    ///
    /// # Panics
    ///
    /// If the slot is not below the number given to [`new`](Self::new).
    pub fn arm(&mut self, slot: u32, at: i64) {
        assert!(
            slot < self.slots,
            "slot {slot} of a wheel of {}",
            self.slots
        );
        self.nodes.cover(slot);
        let node = self.nodes.at(slot);
        if node.home == NOWHERE {
            self.len += 1;
        } else if node.at == at {
            return;
        } else {
            self.unlink(slot);
        }
        self.nodes.at(slot).at = at;
        let due = self.place(slot, at);
        self.wake = self.wake.min(due);
    }

    /// Takes the deadline of a slot away; tells whether there was one.
    ///
    /// A slot that is freed must be disarmed before it is used for another key.
    pub fn disarm(&mut self, slot: u32) -> bool {
        if self.deadline(slot).is_none() {
            return false;
        }
        self.unlink(slot);
        self.nodes.at(slot).home = NOWHERE;
        self.len -= 1;
        true
    }

    /// Disarms and gives the earliest slot whose deadline is at or before `now`, with the deadline.
    ///
    /// Deadlines that are the same fall due by slot. To be called until it gives `None` whenever the clock
    /// has moved on; that costs one comparison while nothing is due. A clock that goes back finds nothing
    /// new.
    #[inline]
    pub fn pop_due(&mut self, now: i64) -> Option<(i64, u32)> {
        if now < self.wake {
            return None;
        }
        self.pop(now)
    }

    /// A time up to which [`pop_due`](Self::pop_due) gives nothing, in constant time; `None` if no slot is
    /// armed.
    ///
    /// This is the earliest deadline or earlier: a wheel also wants to be called while it prepares for
    /// entries that are due soon. Calling it later than that is safe, but dearer at once.
    #[inline]
    pub fn next_bound(&self) -> Option<i64> {
        (self.len > 0).then_some(self.wake)
    }

    /// The earliest deadline. Visits one bucket of each level, so that [`next_bound`](Self::next_bound) is
    /// the better question where a lower bound will do.
    pub fn next_at(&self) -> Option<i64> {
        if let Some(first) = self.near.first() {
            return Some(entry_at(first));
        }
        let mut earliest: Option<i64> = None;
        for (level, wheel) in self.levels.iter().enumerate() {
            let Some(wheel) = wheel else { continue };
            let Some(bucket) = wheel.first_after(bucket_of(self.tick, level)) else {
                continue;
            };
            if earliest.is_some_and(|at| at < start_of(first_tick(bucket, level))) {
                continue;
            }
            let mut slot = wheel.buckets[bucket as usize % BUCKETS].head;
            while let Some(node) = self.nodes.get(slot).filter(|_| slot != NONE) {
                earliest = Some(earliest.map_or(node.at, |at| at.min(node.at)));
                slot = node.next;
            }
        }
        earliest
    }

    /// Disarms all slots.
    pub fn clear(&mut self) {
        for level in self.levels.iter_mut().flatten() {
            level.occupied = 0;
            level.buckets = [Bucket { head: NONE, len: 0 }; BUCKETS];
        }
        self.near.clear();
        self.nodes.pieces.clear();
        self.len = 0;
    }

    #[cold]
    #[inline(never)]
    fn pop(&mut self, now: i64) -> Option<(i64, u32)> {
        let tick = tick_of(now);
        loop {
            if let Some(first) = self.near.first() {
                let (at, slot) = (entry_at(first), entry_slot(first));
                if at > now {
                    self.wake = at;
                    return None;
                }
                self.disarm(slot);
                return Some((at, slot));
            }
            if self.tick >= tick {
                self.wake = self.next_work();
                return None;
            }
            let earliest = self.earliest_bucket().unwrap_or(u64::MAX);
            self.advance(earliest.min(tick));
        }
    }

    /// The first tick of the earliest bucket with entries.
    fn earliest_bucket(&self) -> Option<u64> {
        let starts = self.levels.iter().enumerate().filter_map(|(level, wheel)| {
            let bucket = wheel.as_ref()?.first_after(bucket_of(self.tick, level))?;
            Some(first_tick(bucket, level))
        });
        starts.min()
    }

    /// When a bucket falls due, or the clock enters the one before it. Nothing is near.
    fn next_work(&self) -> i64 {
        let works = self.levels.iter().enumerate().filter_map(|(level, wheel)| {
            let bucket = wheel.as_ref()?.first_after(bucket_of(self.tick, level))?;
            Some(self.work_on(bucket, level))
        });
        // An empty wheel keeps up with the clock too, once a tick, so that entries go where they belong.
        start_of(works.min().unwrap_or(self.tick + 1))
    }

    /// The first tick after the current one at which there is something to do for a bucket.
    fn work_on(&self, bucket: u64, level: usize) -> u64 {
        if level == 0 {
            bucket
        } else {
            first_tick(bucket - 1, level).max(self.tick + 1)
        }
    }

    /// Moves the current tick on; no bucket before it has entries.
    fn advance(&mut self, tick: u64) {
        let before = self.tick;
        self.tick = tick;
        // Wide buckets first: what they hold may go into narrow ones that are due as well.
        for level in (1..LEVELS).rev() {
            if self.levels[level].is_none() {
                continue;
            }
            let current = bucket_of(tick, level);
            self.move_down(level, current, u32::MAX);
            let width = first_tick(1, level);
            let start = first_tick(current, level);
            let since = before.max(start);
            let left = self
                .bucket(level, current + 1)
                .map_or(0, |bucket| u64::from(bucket.len));
            let share = (left * (tick - since)).div_ceil(start + width - since);
            self.move_down(level, current + 1, share as u32);
        }
        self.move_down(0, tick, u32::MAX);
    }

    fn bucket(&mut self, level: usize, bucket: u64) -> Option<&mut Bucket> {
        Some(&mut self.levels[level].as_mut()?.buckets[bucket as usize % BUCKETS])
    }

    /// Moves up to `most` entries of a bucket to where they belong now.
    fn move_down(&mut self, level: usize, bucket: u64, most: u32) {
        for _ in 0..most {
            let Some(&mut Bucket { head, .. }) = self.bucket(level, bucket) else {
                return;
            };
            if head == NONE {
                return;
            }
            self.unlink(head);
            let at = self.nodes.at(head).at;
            self.place(head, at);
        }
    }

    /// Puts an unlinked entry where it belongs, and gives the time at which there is something to do for it.
    fn place(&mut self, slot: u32, at: i64) -> i64 {
        let tick = tick_of(at);
        if tick <= self.tick {
            let nodes = &mut self.nodes;
            nodes.at(slot).home = NEAR;
            self.near.push(entry(at, slot), |slot, place| {
                nodes.at(slot).previous = place;
            });
            return at;
        }
        // The lowest level whose two turns reach the tick. The last one reaches all.
        let reaches =
            |level: &usize| bucket_of(tick, level + 1) - bucket_of(self.tick, level + 1) <= 1;
        let level = (0..LEVELS - 1).find(reaches).unwrap_or(LEVELS - 1);
        let bucket = bucket_of(tick, level);
        let index = bucket as usize % BUCKETS;
        let wheel = self.levels[level].get_or_insert_with(|| {
            Box::new(Level {
                occupied: 0,
                buckets: [Bucket { head: NONE, len: 0 }; BUCKETS],
            })
        });
        wheel.occupied |= 1 << index;
        let head = std::mem::replace(&mut wheel.buckets[index].head, slot);
        wheel.buckets[index].len += 1;
        if head != NONE {
            self.nodes.at(head).previous = slot;
        }
        *self.nodes.at(slot) = Node {
            at,
            next: head,
            previous: NONE,
            home: (level * BUCKETS + index) as u16,
        };
        if level == 0 {
            at
        } else {
            start_of(self.work_on(bucket, level))
        }
    }

    /// Takes an armed entry out of its bucket or the heap.
    fn unlink(&mut self, slot: u32) {
        let nodes = &mut self.nodes;
        let Node {
            next,
            previous,
            home,
            ..
        } = *nodes.at(slot);
        if home == NEAR {
            self.near
                .remove(previous, |slot, place| nodes.at(slot).previous = place);
            return;
        }
        let (level, index) = (usize::from(home) / BUCKETS, usize::from(home) % BUCKETS);
        if next != NONE {
            nodes.at(next).previous = previous;
        }
        let Some(wheel) = &mut self.levels[level] else {
            return;
        };
        wheel.buckets[index].len -= 1;
        if previous != NONE {
            nodes.at(previous).next = next;
        } else {
            wheel.buckets[index].head = next;
            if next == NONE {
                wheel.occupied &= !(1 << index);
            }
        }
    }
}

#[cfg(test)]
mod tests;

//! The deadlines of the current tick, in order to the nanosecond.

/// Children of a place in the heap: four share a cache line.
const ARITY: usize = 4;

/// A deadline and its slot as one number, in the order in which they fall due.
pub(super) type Entry = u128;

#[inline]
pub(super) fn entry(at: i64, slot: u32) -> Entry {
    u128::from(super::order(at)) << u32::BITS | u128::from(slot)
}

#[inline]
pub(super) fn entry_at(entry: Entry) -> i64 {
    super::time((entry >> u32::BITS) as u64)
}

#[inline]
pub(super) fn entry_slot(entry: Entry) -> u32 {
    entry as u32
}

/// A heap of entries that tells where each entry goes, so that any of them can be taken out.
#[derive(Clone, Debug, Default)]
pub(super) struct Near {
    heap: Vec<Entry>,
}

impl Near {
    #[inline]
    pub(super) fn first(&self) -> Option<Entry> {
        self.heap.first().copied()
    }

    pub(super) fn clear(&mut self) {
        self.heap.clear();
    }

    /// Adds an entry; `placed` hears the new place of each one that moves, this one included.
    pub(super) fn push(&mut self, entry: Entry, placed: impl FnMut(u32, u32)) {
        self.heap.push(entry);
        self.rise(self.heap.len() - 1, entry, placed);
    }

    /// Removes the entry at a place, which must be one.
    pub(super) fn remove(&mut self, place: u32, placed: impl FnMut(u32, u32)) {
        let place = place as usize;
        let last = self.heap.swap_remove(self.heap.len() - 1);
        if place == self.heap.len() {
            return;
        }
        if place > 0 && last < self.heap[(place - 1) / ARITY] {
            self.rise(place, last, placed);
        } else {
            self.sink(place, last, placed);
        }
    }

    /// Puts `entry` at `place` or nearer to the front, where it belongs.
    fn rise(&mut self, mut place: usize, entry: Entry, mut placed: impl FnMut(u32, u32)) {
        while place > 0 {
            let parent = (place - 1) / ARITY;
            if self.heap[parent] < entry {
                break;
            }
            self.heap[place] = self.heap[parent];
            placed(entry_slot(self.heap[place]), place as u32);
            place = parent;
        }
        self.heap[place] = entry;
        placed(entry_slot(entry), place as u32);
    }

    /// Puts `entry` at `place` or farther from the front, where it belongs.
    fn sink(&mut self, mut place: usize, entry: Entry, mut placed: impl FnMut(u32, u32)) {
        loop {
            let first = place * ARITY + 1;
            let children = first.min(self.heap.len())..(first + ARITY).min(self.heap.len());
            let Some((child, least)) = children
                .map(|at| (at, self.heap[at]))
                .min_by_key(|&(_, least)| least)
            else {
                break;
            };
            if entry < least {
                break;
            }
            self.heap[place] = least;
            placed(entry_slot(least), place as u32);
            place = child;
        }
        self.heap[place] = entry;
        placed(entry_slot(entry), place as u32);
    }
}

//! How many different values: counted one by one, or beyond [`EXACT`] by a sketch.

use hashbrown::HashTable;
use hashbrown::hash_table::Entry;

use super::argument::Raw;
use super::store::Store;
use crate::limits::EXACT_DISTINCT as EXACT;
use crate::sketch::HyperLogLog;

/// The values of a window that rows leave, each with how often it is there: exact, in as much room as its rows.
#[derive(Clone, Debug, Default)]
pub(crate) struct Counted {
    values: HashTable<(u64, u32)>,
    /// How many there were at most.
    most: usize,
}

impl Counted {
    /// Bytes of each value, in a table that has just grown.
    pub(super) const MOST_BYTES: usize = 4 * (size_of::<(u64, u32)>() + 1);

    /// Takes in one more of a value.
    pub(super) fn push(&mut self, word: u64, store: &mut Store) {
        let before = self.bytes();
        let hash = store.mixed(word);
        let entry = self
            .values
            .entry(hash, |&(w, _)| w == word, |&(w, _)| store.mixed(w));
        match entry {
            Entry::Occupied(mut entry) => entry.get_mut().1 += 1,
            Entry::Vacant(entry) => {
                entry.insert((word, 1));
            }
        }
        self.most = self.most.max(self.len());
        store.sketches = store.sketches + self.bytes() - before;
    }

    /// Gives up one of a value.
    pub(super) fn remove(&mut self, word: u64, store: &Store) {
        if let Ok(mut entry) = self
            .values
            .find_entry(store.mixed(word), |&(w, _)| w == word)
        {
            entry.get_mut().1 -= 1;
            if entry.get().1 == 0 {
                entry.remove();
            }
        }
    }

    pub(super) fn len(&self) -> usize {
        self.values.len()
    }

    /// Bytes that so many values ask for. What a table that values have left tells of itself depends on where in it they
    /// were, which is chance, and who is given up for want of room must not be.
    pub(super) fn bytes(&self) -> usize {
        if self.most == 0 {
            return 0;
        }
        let buckets = (self.most * 8).div_ceil(7).next_power_of_two().max(4);
        buckets * (size_of::<(u64, u32)>() + 1)
    }
}

/// The values of a window that no row leaves: a set, and when there are more than [`EXACT`], a sketch.
#[derive(Clone, Debug)]
pub(crate) enum Different {
    /// Words; those of texts and addresses are referred to.
    Set(HashTable<u64>),
    Sketch(Box<HyperLogLog>),
}

impl Default for Different {
    fn default() -> Self {
        Self::Set(HashTable::new())
    }
}

impl Different {
    /// Bytes of the largest set, in a table that has just grown.
    pub(super) const MOST_SET_BYTES: usize = 4 * (EXACT + 1) * (size_of::<u64>() + 1);

    /// Takes a value in; `is_kept` tells a text or an address.
    #[inline]
    pub(super) fn push(&mut self, value: Raw<'_>, is_kept: bool, store: &mut Store) {
        match self {
            Self::Sketch(sketch) => sketch.add(value.hash()),
            Self::Set(set) => {
                let word = store.keep(value);
                if set.find(store.mixed(word), |&w| w == word).is_none() {
                    self.push_new(word, is_kept, store);
                } else if is_kept {
                    store.release(word);
                }
            }
        }
    }

    /// Puts a word that is not there yet into the set.
    fn push_new(&mut self, word: u64, is_kept: bool, store: &mut Store) {
        let before = self.bytes();
        if let Self::Set(set) = self {
            set.insert_unique(store.mixed(word), word, |&w| store.mixed(w));
        }
        self.shrink(is_kept, store, true);
        store.sketches = store.sketches + self.bytes() - before;
    }

    /// Takes in a word of another one.
    fn add(&mut self, word: u64, is_kept: bool, store: &Store) {
        match self {
            Self::Sketch(sketch) => sketch.add(store.hash_of(word, is_kept)),
            Self::Set(set) => {
                set.entry(store.mixed(word), |&w| w == word, |&w| store.mixed(w))
                    .or_insert(word);
            }
        }
    }

    /// Makes a set that has grown too large a sketch.
    fn shrink(&mut self, is_kept: bool, store: &mut Store, is_owner: bool) {
        let Self::Set(set) = self else { return };
        if set.len() <= EXACT {
            return;
        }
        let mut sketch = HyperLogLog::default();
        for &word in &*set {
            sketch.add(store.hash_of(word, is_kept));
        }
        if is_kept && is_owner {
            set.iter().for_each(|&word| store.release(word));
        }
        *self = Self::Sketch(Box::new(sketch));
    }

    /// Takes in all that another one holds. What is made so is looked at once and dropped: it refers to nothing.
    pub(super) fn absorb(&mut self, other: &Self, is_kept: bool, store: &mut Store) {
        match (&mut *self, other) {
            (_, Self::Set(theirs)) => {
                for &word in theirs {
                    self.add(word, is_kept, store);
                    self.shrink(is_kept, store, false);
                }
            }
            (Self::Sketch(ours), Self::Sketch(theirs)) => ours.absorb(theirs),
            (Self::Set(ours), Self::Sketch(theirs)) => {
                let mut sketch = theirs.clone();
                for &word in &*ours {
                    sketch.add(store.hash_of(word, is_kept));
                }
                *self = Self::Sketch(sketch);
            }
        }
    }

    /// Gives up what it refers to.
    pub(super) fn clear(&mut self, is_kept: bool, store: &mut Store) {
        store.sketches -= self.bytes();
        if let Self::Set(set) = self
            && is_kept
        {
            set.iter().for_each(|&word| store.release(word));
        }
        *self = Self::default();
    }

    pub(super) fn count(&self) -> u64 {
        match self {
            Self::Set(set) => set.len() as u64,
            Self::Sketch(sketch) => sketch.estimate(),
        }
    }

    fn bytes(&self) -> usize {
        match self {
            Self::Set(set) => set.capacity() * (size_of::<u64>() + 1),
            Self::Sketch(_) => HyperLogLog::BYTES,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(number: usize) -> String {
        format!("user-{number}")
    }

    #[test]
    fn exact_up_to_the_limit_and_close_beyond() {
        for is_text in [false, true] {
            let mut store = Store::default();
            let mut different = Different::default();
            let empty = store.bytes();
            for number in 0..30_000 {
                for _ in 0..2 {
                    let text = text(number);
                    let value = if is_text {
                        Raw::Text(&text)
                    } else {
                        Raw::Word(number as u64)
                    };
                    different.push(value, is_text, &mut store);
                }
                let (count, found) = (number + 1, different.count());
                if count <= EXACT {
                    assert_eq!(found, count as u64);
                } else if count % 1_000 == 1 {
                    let error = found as f64 / count as f64 - 1.0;
                    assert!(error.abs() <= 0.02, "{count}: {error}");
                }
            }
            assert!(store.bytes() < empty + HyperLogLog::BYTES + 1_100 * 256);
            different.clear(is_text, &mut store);
            assert_eq!(store.sketches, 0);
        }
    }

    #[test]
    fn panes_add_up_to_the_same_as_one() {
        let mut store = Store::default();
        let pane = |numbers: core::ops::Range<usize>, store: &mut Store| {
            let mut pane = Different::default();
            for number in numbers {
                pane.push(Raw::Text(&text(number)), true, store);
            }
            pane
        };
        for [a, b, c, d] in [
            [0, 500, 900, 1_000],
            [0, 900, 1_700, 1_800],
            [0, 1_500, 1_600, 4_000],
        ] {
            let parts = [a..b, b..c, c..d].map(|numbers| pane(numbers, &mut store));
            let whole = pane(a..d, &mut store);
            // Whatever the order in which they are added up.
            for order in [[0, 1, 2], [2, 1, 0], [1, 2, 0]] {
                let mut sum = Different::default();
                for part in order {
                    sum.absorb(&parts[part], true, &mut store);
                }
                assert_eq!(sum.count(), whole.count());
            }
        }
    }

    #[test]
    fn what_leaves_is_no_longer_counted() {
        let mut store = Store::default();
        let mut counted = Counted::default();
        for round in 0..3 {
            for word in 0..100 {
                counted.push(word % 10 + round, &mut store);
            }
        }
        assert_eq!(counted.len(), 12);
        (0..10).for_each(|_| counted.remove(0, &store));
        assert_eq!(counted.len(), 11);
    }
}

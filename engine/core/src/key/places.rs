//! From the hashes of keys to their slots.
//!
//! A table with open addressing: a key is at its home, which its hash says, or behind it, with nothing free between. What is known
//! of it is eight bytes, a hash and a slot, so that to find it takes one line of memory, two at times. A key that goes leaves no
//! mark: those behind it move up.

/// The places of keys, a power of two of them, at most half of which are taken.
#[derive(Clone, Debug, Default)]
pub(super) struct Places {
    places: Vec<Place>,
    taken: usize,
}

#[derive(Clone, Copy, Debug)]
struct Place {
    hash: u32,
    /// `NONE` where it is free.
    slot: u32,
}

/// No slot.
pub(super) const NONE: u32 = u32::MAX;

const FREE: Place = Place {
    hash: 0,
    slot: NONE,
};

/// Places of a table that has some, at least.
const FEWEST: usize = 8;

impl Places {
    /// Bytes for each key of a table that is about to grow; as of all that grows by doubling, then twice as many.
    pub(super) const KEY_BYTES: usize = 2 * size_of::<Place>();

    /// Number of keys.
    pub(super) fn len(&self) -> usize {
        self.taken
    }

    /// Where this hash is at home. Without places, there is none there.
    #[inline]
    fn home(&self, hash: u32) -> usize {
        hash as usize & self.last()
    }

    #[inline]
    fn last(&self) -> usize {
        self.places.len().wrapping_sub(1)
    }

    /// The first of the slots with this hash that is the one.
    #[inline]
    pub(super) fn find(&self, hash: u32, is_it: impl Fn(u32) -> bool) -> Option<u32> {
        let mut at = self.home(hash);
        while let Some(place) = self.places.get(at)
            && place.slot != NONE
        {
            if place.hash == hash && is_it(place.slot) {
                return Some(place.slot);
            }
            at = (at + 1) & self.last();
        }
        None
    }

    /// Adds a slot.
    pub(super) fn insert(&mut self, hash: u32, slot: u32) {
        if 2 * (self.taken + 1) > self.places.len() {
            let places = vec![FREE; (2 * self.places.len()).max(FEWEST)];
            for place in core::mem::replace(&mut self.places, places) {
                if place.slot != NONE {
                    self.put(place);
                }
            }
        }
        self.put(Place { hash, slot });
        self.taken += 1;
    }

    /// There is a free place.
    fn put(&mut self, place: Place) {
        let mut at = self.home(place.hash);
        while self.places[at].slot != NONE {
            at = (at + 1) & self.last();
        }
        self.places[at] = place;
    }

    /// Removes a slot, which is there under this hash.
    pub(super) fn remove(&mut self, hash: u32, slot: u32) {
        let last = self.last();
        let mut gap = self.home(hash);
        while self.places[gap].slot != slot {
            gap = (gap + 1) & last;
        }
        self.taken -= 1;
        let mut at = gap;
        loop {
            at = (at + 1) & last;
            let place = self.places[at];
            if place.slot == NONE {
                break;
            }
            // It moves up unless its home is behind the gap.
            let from_home = at.wrapping_sub(self.home(place.hash)) & last;
            if from_home >= at.wrapping_sub(gap) & last {
                self.places[gap] = place;
                gap = at;
            }
        }
        self.places[gap] = FREE;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    proptest! {
        // Few homes, at both ends of the table, so that many share one and some go round.
        #[test]
        fn whoever_is_there_is_found(steps in prop::collection::vec((0..40_u32, 0..6_u32), 0..200)) {
            let mut places = Places::default();
            let mut there = BTreeMap::new();
            for (slot, hash) in steps {
                let hash = hash.wrapping_sub(3);
                match there.remove(&slot) {
                    Some(before) => places.remove(before, slot),
                    None => {
                        there.insert(slot, hash);
                        places.insert(hash, slot);
                    }
                }
                prop_assert_eq!(places.len(), there.len());
                for slot in 0..40 {
                    for hash in 0..6_u32 {
                        let hash = hash.wrapping_sub(3);
                        let found = places.find(hash, |other| other == slot);
                        prop_assert_eq!(found.is_some(), there.get(&slot) == Some(&hash));
                    }
                }
            }
        }
    }
}

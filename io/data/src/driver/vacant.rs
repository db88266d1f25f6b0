//! Which buffers of a pool are free.
//!
//! The kernel is given them in the order of memory, as far as they are there: what it then receives into one after the
//! other lies in one piece. A buffer that this side fills itself is the lowest free one, which is likely to be in a cache.

/// A set of buffer numbers.
pub(super) struct Vacant {
    words: Vec<u64>,
    count: usize,
}

const BITS: usize = u64::BITS as usize;

impl Vacant {
    /// All numbers below `count`.
    pub(super) fn all(count: u16) -> Vacant {
        let mut vacant = Vacant {
            words: vec![0; usize::from(count).div_ceil(BITS)],
            count: 0,
        };
        for id in 0..count {
            vacant.put(id);
        }
        vacant
    }

    /// How many there are.
    pub(super) fn count(&self) -> usize {
        self.count
    }

    /// Puts a number in that is not there.
    pub(super) fn put(&mut self, id: u16) {
        let (word, bit) = (usize::from(id) / BITS, usize::from(id) % BITS);
        assert!(
            self.words[word] & (1 << bit) == 0,
            "buffer {id} is free already"
        );
        self.words[word] |= 1 << bit;
        self.count += 1;
    }

    /// Takes the lowest number out.
    pub(super) fn take_lowest(&mut self) -> Option<u16> {
        let id = self.from(0)?;
        self.take(id);
        Some(id)
    }

    /// Takes the lowest number from `id` on out, or else the lowest of all.
    pub(super) fn take_from(&mut self, id: u16) -> Option<u16> {
        let id = self.from(id).or_else(|| self.from(0))?;
        self.take(id);
        Some(id)
    }

    fn take(&mut self, id: u16) {
        self.words[usize::from(id) / BITS] &= !(1 << (usize::from(id) % BITS));
        self.count -= 1;
    }

    /// The lowest number from `id` on.
    fn from(&self, id: u16) -> Option<u16> {
        let first = usize::from(id) / BITS;
        let mut word = self.words.get(first)? & (u64::MAX << (usize::from(id) % BITS));
        for at in first..self.words.len() {
            if at > first {
                word = self.words[at];
            }
            if word != 0 {
                return Some((at * BITS) as u16 + word.trailing_zeros() as u16);
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_taken_in_order_around_the_end() {
        let mut vacant = Vacant::all(130);
        assert_eq!(
            (vacant.take_from(127), vacant.take_from(128)),
            (Some(127), Some(128))
        );
        assert_eq!(
            (vacant.take_from(129), vacant.take_from(130)),
            (Some(129), Some(0))
        );
        assert_eq!((vacant.take_lowest(), vacant.count()), (Some(1), 125));
        vacant.put(0);
        assert_eq!(
            (vacant.take_lowest(), vacant.take_from(64)),
            (Some(0), Some(64))
        );
        while vacant.take_from(5).is_some() {}
        assert_eq!((vacant.count(), vacant.take_lowest()), (0, None));
    }

    #[test]
    #[should_panic(expected = "is free already")]
    fn a_number_is_there_once() {
        Vacant::all(3).put(2);
    }
}

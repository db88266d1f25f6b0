//! Keys that have nothing to remember, and keep their slots for their next event.
//!
//! A key of a pattern comes and goes with its partial matches, often many times a second. To find its slot again costs
//! less than to give it one. Nobody sees a key that rests: it is no live one, and goes first where room is needed.

use std::collections::VecDeque;

use crate::limits::MAX_RESTING;

/// The slots that rest.
#[derive(Clone, Debug, Default)]
pub(crate) struct Resting {
    /// Whoever has come to rest, each at most once; some have woken since.
    queue: VecDeque<u32>,
    /// By slot.
    marks: Vec<u8>,
    count: usize,
}

const RESTS: u8 = 1;
const QUEUED: u8 = 2;

impl Resting {
    /// Bytes that each slot takes.
    pub(crate) const SLOT_BYTES: usize = size_of::<u8>() + 2 * size_of::<u32>();

    /// How many rest.
    pub(crate) fn len(&self) -> usize {
        self.count
    }

    /// A slot comes to rest. If there are too many, gives the one to be freed.
    #[inline]
    pub(crate) fn lay(&mut self, slot: u32) -> Option<u32> {
        if self.marks.len() <= slot as usize {
            self.marks.resize(slot as usize + 1, 0);
        }
        let mark = &mut self.marks[slot as usize];
        if *mark & RESTS != 0 {
            return None;
        }
        self.count += 1;
        if *mark & QUEUED == 0 {
            self.queue.push_back(slot);
        }
        *mark = RESTS | QUEUED;
        (self.count > MAX_RESTING).then(|| self.pop(None))?
    }

    /// A slot does not rest any more, if it did.
    #[inline]
    pub(crate) fn wake(&mut self, slot: u32) {
        if let Some(mark) = self.marks.get_mut(slot as usize)
            && *mark & RESTS != 0
        {
            *mark &= !RESTS;
            self.count -= 1;
        }
    }

    /// The slot that came to rest first, of those that still rest, but not this one. It rests until it is freed.
    pub(crate) fn pop(&mut self, spared: Option<u32>) -> Option<u32> {
        let resting = |slot: &u32| self.marks[*slot as usize] & RESTS != 0;
        if self.count
            == usize::from(
                spared
                    .is_some_and(|spared| (spared as usize) < self.marks.len() && resting(&spared)),
            )
        {
            return None;
        }
        while let Some(slot) = self.queue.pop_front() {
            if spared == Some(slot) {
                self.queue.push_back(slot);
                continue;
            }
            let mark = &mut self.marks[slot as usize];
            *mark &= !QUEUED;
            if *mark & RESTS != 0 {
                return Some(slot);
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_to_rest_goes_first_unless_it_has_woken() {
        let mut resting = Resting::default();
        for slot in [3, 1, 2] {
            assert_eq!(resting.lay(slot), None);
        }
        assert_eq!(resting.lay(1), None, "it rests already");
        resting.wake(3);
        resting.wake(7);
        assert_eq!(resting.len(), 2);
        assert_eq!(resting.pop(Some(1)), Some(2));
        resting.wake(2);
        assert_eq!((resting.pop(Some(1)), resting.len()), (None, 1));
        assert_eq!(resting.pop(None), Some(1));
        resting.wake(1);
        assert_eq!((resting.pop(None), resting.len()), (None, 0));
    }

    #[test]
    fn only_so_many_rest() {
        let mut resting = Resting::default();
        for slot in 0..MAX_RESTING as u32 {
            assert_eq!(resting.lay(slot), None);
        }
        let longest = resting.lay(MAX_RESTING as u32);
        assert_eq!(longest, Some(0));
        resting.wake(0);
        assert_eq!(resting.len(), MAX_RESTING);
    }
}

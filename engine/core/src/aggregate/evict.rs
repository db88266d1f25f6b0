//! What leaves windows: their oldest rows, and all at once.

use super::{Accumulator, Heap, Layout, Spec, Store};
use crate::window::chunks::{Chunks, Cursor, Fifo};
use crate::window::minmax::{MaxFloat, MaxInt, MinFloat, MinInt};

impl Layout {
    /// Gives up the oldest row of `fifo`.
    pub(crate) fn evict(
        &self,
        accumulators: &mut [Accumulator],
        chunks: &mut Chunks,
        fifo: &mut Fifo,
        store: &mut Store,
    ) {
        let Some(words) = chunks.front(fifo) else {
            return;
        };
        let presence = self.presence.map_or(u64::MAX, |word| words[word]);
        for (index, (spec, accumulator)) in
            self.specs.iter().zip(accumulators.iter_mut()).enumerate()
        {
            spec.leave(accumulator, words, presence >> index & 1 == 1, store);
        }
        chunks.pop_front(fifo);
        for accumulator in accumulators {
            match accumulator {
                Accumulator::MinFloat(daba) => daba.popped(&mut MinFloat, chunks, fifo),
                Accumulator::MaxFloat(daba) => daba.popped(&mut MaxFloat, chunks, fifo),
                Accumulator::MinInt(daba, _) => daba.popped(&mut MinInt, chunks, fifo),
                Accumulator::MaxInt(daba, _) => daba.popped(&mut MaxInt, chunks, fifo),
                _ => {}
            }
        }
    }

    /// Makes a window's aggregates those of an empty one. `rows`: those of the window, where rows leave it; they are
    /// to be cleared next.
    pub(crate) fn clear(
        &self,
        accumulators: &mut [Accumulator],
        rows: Option<(&Chunks, &Fifo)>,
        store: &mut Store,
    ) {
        if self.heap != Heap::None {
            self.release(accumulators, rows, store);
        }
        let empty = self.accumulators(rows.is_some());
        for (accumulator, empty) in accumulators.iter_mut().zip(empty) {
            *accumulator = empty;
        }
    }

    /// Gives up what aggregates keep outside of rows and of their own words.
    fn release(
        &self,
        accumulators: &mut [Accumulator],
        rows: Option<(&Chunks, &Fifo)>,
        store: &mut Store,
    ) {
        for (index, (spec, accumulator)) in self.specs.iter().zip(accumulators).enumerate() {
            match accumulator {
                Accumulator::Quantiles(quantiles) => store.sketches -= quantiles.bytes(),
                Accumulator::Different(different) => different.clear(spec.is_kept(), store),
                Accumulator::Counted(counted) => store.sketches -= counted.bytes(),
                Accumulator::Chosen(Some(word)) if spec.is_kept() => store.release(*word),
                Accumulator::Newest { count: 1.., word } if spec.is_kept() => store.release(*word),
                _ => {}
            }
            let in_rows = matches!(
                accumulator,
                Accumulator::Oldest(_) | Accumulator::Counted(_)
            );
            if let Some((chunks, fifo)) = rows.filter(|_| in_rows && spec.is_kept()) {
                for words in chunks.rows(fifo) {
                    let presence = self.presence.map_or(u64::MAX, |word| words[word]);
                    if presence >> index & 1 == 1 {
                        store.release(words[spec.column]);
                    }
                }
            }
        }
    }
}

impl Spec {
    /// A row leaves the window, with a value of this aggregate or without.
    #[inline]
    pub(super) fn leave(
        &self,
        accumulator: &mut Accumulator,
        words: &[u64],
        present: bool,
        store: &mut Store,
    ) {
        match accumulator {
            Accumulator::Count(_)
            | Accumulator::Float(_)
            | Accumulator::Int(_)
            | Accumulator::Moments(_) => {
                let word = words.get(self.column).copied().unwrap_or_default();
                accumulator.subtract(word, present);
            }
            Accumulator::MinInt(_, count) | Accumulator::MaxInt(_, count) => {
                *count -= u64::from(present);
            }
            Accumulator::Oldest(ends) if present => {
                // The oldest row with a value is the first to leave.
                *ends = ends
                    .filter(|(oldest, newest)| oldest != newest)
                    .map(|(_, newest)| (Cursor::from_word(words[self.column + 1]), newest));
                if self.is_kept() {
                    store.release(words[self.column]);
                }
            }
            Accumulator::Newest { count, word } if present => {
                *count -= 1;
                if *count == 0 && self.is_kept() {
                    store.release(*word);
                }
            }
            Accumulator::Counted(counted) if present => {
                counted.remove(words[self.column], store);
                if self.is_kept() {
                    store.release(words[self.column]);
                }
            }
            Accumulator::Quantiles(quantiles) if present => {
                let before = quantiles.bytes();
                quantiles.remove(f64::from_bits(words[self.column]));
                store.sketches = store.sketches + quantiles.bytes() - before;
            }
            _ => {}
        }
    }
}

//! A source of choices, which a seed or the bytes of a fuzzer decide.

use core::slice;

/// Choices. The same seed, or the same bytes, replay them.
#[derive(Debug)]
pub(super) struct Random<'b>(Source<'b>);

#[derive(Debug)]
enum Source<'b> {
    /// `SplitMix64` (Steele, Lea and Flood, "Fast Splittable Pseudorandom Number Generators", 2014).
    Seed(u64),
    /// A byte a choice, so that a byte that changes is one thing that changes.
    Bytes(slice::Iter<'b, u8>),
}

impl<'b> Random<'b> {
    pub(super) fn new(seed: u64) -> Self {
        Self(Source::Seed(seed))
    }

    /// Choices that the bytes decide. Once they are spent, the first of all is chosen, and what has a chance does not
    /// come.
    pub(super) fn of_bytes(bytes: &'b [u8]) -> Self {
        Self(Source::Bytes(bytes.iter()))
    }

    /// A number below `bound`, which isn't 0, and for bytes not above 256. The bias of the remainder is below what a
    /// test could notice.
    pub(super) fn below(&mut self, bound: usize) -> usize {
        match &mut self.0 {
            Source::Seed(state) => (next(state) % bound as u64) as usize,
            Source::Bytes(bytes) => bytes.next().map_or(0, |byte| usize::from(*byte) % bound),
        }
    }

    /// A number from `least` to `most`.
    pub(super) fn between(&mut self, least: usize, most: usize) -> usize {
        least + self.below(most - least + 1)
    }

    /// True in `percent` of a hundred cases.
    pub(super) fn chance(&mut self, percent: usize) -> bool {
        let spent = matches!(&self.0, Source::Bytes(bytes) if bytes.len() == 0);
        !spent && self.below(100) < percent
    }

    /// One of the items; there is one.
    pub(super) fn pick<T: Copy>(&mut self, items: &[T]) -> T {
        items[self.below(items.len())]
    }

    /// One of the items, each as often as its weight says against the others'.
    pub(super) fn weighted<T: Copy>(&mut self, items: &[(usize, T)]) -> T {
        let mut left = self.below(items.iter().map(|(weight, _)| weight).sum());
        for &(weight, item) in items {
            if left < weight {
                return item;
            }
            left -= weight;
        }
        unreachable!("what is left is below the sum of the weights")
    }
}

fn next(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut z = *state;
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_replays_its_choices() {
        let draw = |seed| {
            let mut random = Random::new(seed);
            (0..20).map(|_| random.below(1_000)).collect::<Vec<_>>()
        };
        assert_eq!(draw(7), draw(7));
        assert_ne!(draw(7), draw(8));
        let mut random = Random::new(1);
        let threes = (0..1_000).filter(|_| random.weighted(&[(3, true), (1, false)]));
        assert!((700..800).contains(&threes.count()));
    }

    #[test]
    fn bytes_are_choices_until_they_are_spent() {
        let mut random = Random::of_bytes(&[7, 5, 200, 3, 99]);
        assert_eq!(random.below(4), 3);
        assert_eq!(random.between(10, 19), 15);
        assert!(!random.chance(100 - 100));
        assert!(random.chance(4) && !random.chance(99));
        assert_eq!((random.below(9), random.pick(&["x", "y"])), (0, "x"));
        assert!(!random.chance(100));
    }
}

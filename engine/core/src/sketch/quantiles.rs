//! Quantiles of floats to within 1 % of the value.
//!
//! This is `DDSketch` (Masson, Rim and Lee, *`DDSketch`: a fast and fully-mergeable quantile sketch with
//! relative-error guarantees*, PVLDB 12, 2019) with the linearly interpolated mapping: each octave
//! `[2^e, 2^(e+1))` is cut into 64 buckets of one width, so that a bucket is the sign and the leading 17 bits of a
//! float, found by a shift on every machine alike. What a bucket stands for is off by at most 1/129 (0.78 %) of
//! any value in it.
//!
//! There are at most 2 * 2,047 octaves, however many values there are: counts lie in blocks of one octave, which are
//! there where values are. Values can be taken out again, and sketches be added up.

/// Bits of a float behind the leading bits that make its bucket.
const DROPPED: u32 = 46;

/// Buckets of an octave, and of a block.
const BUCKETS: usize = 64;

/// The bucket of infinity.
const INFINITE: i32 = 2_047 * BUCKETS as i32;

/// Blocks that are kept though they may be empty, so that values at their edge allocate nothing.
const SPARE: usize = 16;

/// The bucket of a value; buckets are ordered as their values are.
fn bucket(value: f64) -> i32 {
    let magnitude = (value.abs().to_bits() >> DROPPED) as i32;
    if value < 0.0 { -magnitude } else { magnitude }
}

/// What stands for the values of a bucket: the value whose relative distance to both ends is the same.
fn representative(bucket: i32) -> f64 {
    let magnitude = bucket.abs();
    let value = if magnitude < BUCKETS as i32 {
        // What is smaller than all normal floats reads as zero.
        return 0.0;
    } else if magnitude >= INFINITE {
        f64::INFINITY
    } else {
        let lower = f64::from_bits((magnitude as u64) << DROPPED);
        let place = (magnitude as usize % BUCKETS + BUCKETS) as f64;
        lower * (2.0 * (place + 1.0) / (2.0 * place + 1.0))
    };
    if bucket < 0 { -value } else { value }
}

/// How many of `count` values are not above the quantile: `fraction * count`, rounded up, but at least one. What is
/// within 1e-9 of a whole number is that number: a fraction like 0.07 is not exact.
fn rank(fraction: f64, count: u64) -> u64 {
    let exact = fraction * count as f64;
    let near = exact.round();
    let rank = if (exact - near).abs() <= 1e-9 * near.max(1.0) {
        near
    } else {
        exact.ceil()
    };
    (rank as u64).clamp(1, count)
}

#[derive(Clone, Debug)]
struct Block {
    /// Its buckets are `64 * number` and the 63 that follow.
    number: i32,
    count: u64,
    buckets: Box<[u64; BUCKETS]>,
}

/// The quantiles of a set of floats; see the [module](self) for its accuracy and room.
///
/// ```
/// # use trapjaw_engine::sketch::Quantiles;
/// let mut sketch = Quantiles::default();
/// for value in 1..=1_000 {
///     sketch.push(f64::from(value));
/// }
/// let p99 = sketch.quantile(0.99).unwrap_or_default();
/// assert!((p99 / 990.0 - 1.0).abs() < 0.01);
/// ```
#[derive(Clone, Debug, Default)]
pub struct Quantiles {
    /// In order of their numbers.
    blocks: Vec<Block>,
    count: u64,
}

impl Quantiles {
    /// Blocks, at most: the octaves of both signs, and what lies at and beyond their ends.
    pub const MOST_BLOCKS: usize = 2 * 2_048;

    /// Bytes of a block, with those of the list that holds it.
    pub const BLOCK_BYTES: usize = 2 * size_of::<Block>() + size_of::<[u64; BUCKETS]>();

    /// Takes a value in. NaN stands for null in the data model and must not come here.
    pub fn push(&mut self, value: f64) {
        let (number, place) = split(bucket(value));
        let index = self.block(number);
        let block = &mut self.blocks[index];
        block.buckets[place] += 1;
        block.count += 1;
        self.count += 1;
    }

    /// Takes a value out again that was taken in.
    pub fn remove(&mut self, value: f64) {
        let (number, place) = split(bucket(value));
        let Ok(index) = self.find(number) else {
            debug_assert!(false, "a value leaves that never came");
            return;
        };
        let block = &mut self.blocks[index];
        block.buckets[place] -= 1;
        block.count -= 1;
        self.count -= 1;
        if block.count == 0 && self.blocks.len() > SPARE {
            self.blocks.remove(index);
        }
    }

    /// Takes in all that another sketch holds.
    pub fn absorb(&mut self, other: &Self) {
        for theirs in other.blocks.iter().filter(|block| block.count > 0) {
            let index = self.block(theirs.number);
            let ours = &mut self.blocks[index];
            for (ours, theirs) in ours.buckets.iter_mut().zip(theirs.buckets.iter()) {
                *ours += theirs;
            }
            ours.count += theirs.count;
        }
        self.count += other.count;
    }

    /// Number of values.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// The least value that is not below `fraction` (0 to 1) of all, to within 1 %; `None` where there is none.
    pub fn quantile(&self, fraction: f64) -> Option<f64> {
        if self.count == 0 {
            return None;
        }
        let mut left = rank(fraction, self.count);
        for block in &self.blocks {
            if left > block.count {
                left -= block.count;
                continue;
            }
            for (count, bucket) in block.buckets.iter().zip(block.number * BUCKETS as i32..) {
                if left <= *count {
                    return Some(representative(bucket));
                }
                left -= count;
            }
        }
        None
    }

    /// Bytes on the heap.
    pub fn bytes(&self) -> usize {
        self.blocks.capacity() * size_of::<Block>()
            + self.blocks.len() * size_of::<[u64; BUCKETS]>()
    }

    fn find(&self, number: i32) -> Result<usize, usize> {
        self.blocks
            .binary_search_by_key(&number, |block| block.number)
    }

    /// The place of a block, which is made if it isn't there.
    fn block(&mut self, number: i32) -> usize {
        self.find(number).unwrap_or_else(|index| {
            let block = Block {
                number,
                count: 0,
                buckets: Box::new([0; BUCKETS]),
            };
            self.blocks.insert(index, block);
            index
        })
    }
}

/// The block of a bucket, and its place there.
fn split(bucket: i32) -> (i32, usize) {
    let size = BUCKETS as i32;
    (bucket.div_euclid(size), bucket.rem_euclid(size) as usize)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The value of that rank, as it stands in the definition.
    fn exact(values: &[f64], fraction: f64) -> f64 {
        let mut sorted = values.to_vec();
        sorted.sort_by(f64::total_cmp);
        sorted[rank(fraction, values.len() as u64) as usize - 1]
    }

    fn sketch(values: &[f64]) -> Quantiles {
        let mut sketch = Quantiles::default();
        for &value in values {
            sketch.push(value);
        }
        sketch
    }

    fn is_close(found: f64, exact: f64) -> bool {
        found == exact || (found - exact).abs() <= exact.abs() / 128.0
    }

    #[test]
    fn quantiles_of_several_distributions_are_within_one_percent() {
        let uniform = |i: u32| f64::from(i.wrapping_mul(2_654_435_761)) / f64::from(u32::MAX);
        type Distribution = (&'static str, fn(f64) -> f64);
        let distributions: [Distribution; 6] = [
            ("uniform", |u| u * 1_000.0),
            ("exponential", |u| -(1.0 - u * 0.999_999).ln() * 30.0),
            ("log-normal-like", |u| (12.0 * (u - 0.5)).exp()),
            ("Pareto", |u| (1.0 - u * 0.999_999).powf(-2.0)),
            ("both signs", |u| (u - 0.4) * 1e-3),
            ("one value", |_| 0.125),
        ];
        for (name, distribution) in distributions {
            let values: Vec<f64> = (0..20_000).map(uniform).map(distribution).collect();
            let sketch = sketch(&values);
            for fraction in [0.0, 0.001, 0.01, 0.07, 0.25, 0.5, 0.9, 0.99, 0.999, 1.0] {
                let found = sketch.quantile(fraction).expect("there are values");
                let exact = exact(&values, fraction);
                assert!(
                    is_close(found, exact),
                    "{name} {fraction}: {found}, not {exact}"
                );
            }
            // An octave of one sign a block.
            assert!(
                sketch.bytes() <= 64 * 1_024,
                "{name}: {} bytes",
                sketch.bytes()
            );
        }
    }

    #[test]
    fn ranks_are_the_nearest_above() {
        let ranks = [
            (0.0, 4, 1),
            (0.25, 4, 1),
            (0.26, 4, 2),
            (0.5, 5, 3),
            (1.0, 5, 5),
        ];
        for (fraction, count, expected) in ranks {
            assert_eq!(rank(fraction, count), expected);
        }
        // 0.07 * 100 is 7.000000000000001 in floats.
        assert_eq!(rank(0.07, 100), 7);
    }

    #[test]
    fn the_ends_of_the_range() {
        assert_eq!(Quantiles::default().quantile(0.5), None);
        let extremes = sketch(&[f64::INFINITY, f64::NEG_INFINITY, 0.0, 5e-324, -5e-324]);
        assert_eq!(extremes.quantile(0.0), Some(f64::NEG_INFINITY));
        assert_eq!(extremes.quantile(0.5), Some(0.0));
        assert_eq!(extremes.quantile(1.0), Some(f64::INFINITY));
        let largest = sketch(&[f64::MAX]).quantile(0.5).expect("a value");
        assert!(is_close(largest, f64::MAX));
    }

    #[test]
    fn room_is_bounded_whatever_comes() {
        let mut sketch = Quantiles::default();
        for exponent in 0..2_047u64 {
            let value = f64::from_bits(exponent << 52);
            sketch.push(value);
            sketch.push(-value);
        }
        assert_eq!(sketch.blocks.len(), 2 * 2_046 + 1);
        assert!(sketch.bytes() < 3 << 20);
    }

    proptest! {
        #[test]
        fn what_left_leaves_nothing_behind(
            values in prop::collection::vec(prop::num::f64::NORMAL | prop::num::f64::ZERO, 2..200),
            fraction in 0.0..=1.0,
        ) {
            let (gone, left) = values.split_at(values.len() / 2);
            let mut found = sketch(&values);
            for &value in gone {
                found.remove(value);
            }
            prop_assert_eq!(found.count(), left.len() as u64);
            prop_assert_eq!(found.quantile(fraction), sketch(left).quantile(fraction));
            let mut merged = sketch(gone);
            merged.absorb(&sketch(left));
            prop_assert_eq!(merged.quantile(fraction), sketch(&values).quantile(fraction));
            prop_assert!(is_close(merged.quantile(fraction).expect("values"), exact(&values, fraction)));
        }
    }
}

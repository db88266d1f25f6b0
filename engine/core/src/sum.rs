//! Sums of a sliding window, by addition and subtraction, without rounding drift.
//!
//! A window that only adds what enters and subtracts what leaves costs O(1) an event, but plain floats make
//! it forget: after `1e16` has come and gone, small values that were added meanwhile are lost for good.
//! Three measures keep the error of `n` rows within one rounding of the result plus `(n e)^2` times the
//! largest magnitude of the last two window lengths, where `e` is 2^-53 (for a million rows, that second
//! part is 10^-20 of the largest):
//!
//! - **Compensation.** Each part of the sum is an unevaluated pair of floats; the rounding error of every
//!   addition is computed exactly (Knuth's `TwoSum`) and collected in the second one, as in Neumaier,
//!   *Rundungsfehleranalyse einiger Verfahren zur Summation endlicher Summen*, ZAMM 54 (1974).
//! - **Generations.** The window is split at a mark into an old part, from which rows only leave, and a
//!   young part, to which rows are only added. When the last old row has left, the old part is thrown away,
//!   whatever rounding left in it, and the young part takes its place. So an error never outlives two
//!   window lengths, and no step ever visits more than one row.
//! - **Extremes apart.** Infinities are counted, and finite values near the end of the range are summed on a
//!   reduced scale: when they have left the window, they leave nothing behind, neither NaN nor infinity.
//!
//! Windows are first in, first out: [`Sum::evict`] and its like must be given the values in the order in
//! which they were pushed. Nulls are neither pushed nor evicted.

/// Finite values from here on (2^958) go to the reduced scale: 2^64 smaller ones cannot overflow.
const LARGE: f64 = f64::from_bits((1023 + 958) << 52);

/// Factor of the reduced scale, 2^-100: exact for everything from [`LARGE`] on.
const REDUCE: f64 = f64::from_bits((1023 - 100) << 52);

/// Inverse of [`REDUCE`].
const RESTORE: f64 = f64::from_bits((1023 + 100) << 52);

/// The rounded sum of `a` and `b` and its exact rounding error.
#[inline]
fn two_sum(a: f64, b: f64) -> (f64, f64) {
    let sum = a + b;
    let b_seen = sum - a;
    let a_seen = sum - b_seen;
    (sum, (a - a_seen) + (b - b_seen))
}

/// The rounded product of `a` and `b` and its exact rounding error (Dekker, *A floating-point technique for extending
/// the available precision*, 1971), for magnitudes below 2^500.
#[inline]
fn two_product(a: f64, b: f64) -> (f64, f64) {
    let split = |x: f64| {
        let scaled = 134_217_729.0 * x;
        let high = scaled - (scaled - x);
        (high, x - high)
    };
    let product = a * b;
    let ((a, a_low), (b, b_low)) = (split(a), split(b));
    let error = ((a * b - product) + a * b_low + a_low * b) + a_low * b_low;
    (product, error)
}

/// A sum and the rounding errors that it has met.
#[derive(Clone, Copy, Debug, Default)]
struct Pair {
    sum: f64,
    error: f64,
}

impl Pair {
    #[inline]
    fn add(&mut self, value: f64) {
        let (sum, error) = two_sum(self.sum, value);
        self.sum = sum;
        self.error += error;
    }

    /// The rounded total of two sums.
    ///
    /// The errors are added one after the other on purpose: beside the sums they would be loaded as one
    /// vector, right after they were stored one by one, and wait until those stores are through (15 ns
    /// instead of 2).
    #[inline]
    fn plus(self, other: Self) -> f64 {
        let (sum, error) = two_sum(self.sum, other.sum);
        sum + ((error + self.error) + other.error)
    }
}

/// What ordinary float arithmetic cannot take back: infinities, and values on the reduced scale.
#[derive(Clone, Copy, Debug, Default)]
struct Extremes {
    positive: u64,
    negative: u64,
    large: u64,
    reduced: Pair,
}

impl Extremes {
    fn push(&mut self, value: f64) {
        if value == f64::INFINITY {
            self.positive += 1;
        } else if value == f64::NEG_INFINITY {
            self.negative += 1;
        } else {
            self.large += 1;
            self.reduced.add(value * REDUCE);
        }
    }

    fn evict(&mut self, value: f64) {
        if value == f64::INFINITY {
            self.positive -= 1;
        } else if value == f64::NEG_INFINITY {
            self.negative -= 1;
        } else {
            self.large -= 1;
            self.reduced.add(-value * REDUCE);
            if self.large == 0 {
                self.reduced = Pair::default();
            }
        }
    }

    fn absorb(&mut self, other: &Self) {
        self.positive += other.positive;
        self.negative += other.negative;
        self.large += other.large;
        self.reduced.add(other.reduced.sum);
        self.reduced.error += other.reduced.error;
    }

    /// The whole sum by `divisor`, where `rest` is the sum of everything else. The division comes before the
    /// return to full scale: a mean may be within the range where its sum is not.
    fn total(&self, rest: Pair, divisor: f64) -> Option<f64> {
        match (self.positive, self.negative) {
            (0, 0) if self.large == 0 => Some((rest.sum + rest.error) / divisor),
            (0, 0) => {
                let rest = Pair {
                    sum: rest.sum * REDUCE,
                    error: rest.error * REDUCE,
                };
                Some(self.reduced.plus(rest) / divisor * RESTORE)
            }
            (_, 0) => Some(f64::INFINITY),
            (0, _) => Some(f64::NEG_INFINITY),
            _ => None,
        }
    }
}

/// The sum of the floats in a first-in-first-out window; see the [module](self) for its error.
///
/// 56 bytes; an ordinary push or evict is one `TwoSum`.
///
/// ```
/// # use trapjaw_engine::sum::Sum;
/// let mut sum = Sum::default();
/// for value in [1e16, 1.0, f64::INFINITY] {
///     sum.push(value);
/// }
/// sum.evict(1e16);
/// sum.push(2.5);
/// assert_eq!(sum.value(), Some(f64::INFINITY));
/// sum.evict(1.0);
/// sum.evict(f64::INFINITY);
/// assert_eq!(sum.value(), Some(2.5));
/// ```
#[derive(Clone, Debug, Default)]
pub struct Sum {
    old: Pair,
    young: Pair,
    /// Values in the window, in both parts.
    count: u64,
    /// Values that are still in the old part.
    old_count: u64,
    /// There from the first extreme value on, which most windows never see.
    extremes: Option<Box<Extremes>>,
}

impl Sum {
    /// Takes a value into the window.
    ///
    /// NaN stands for null in the data model and must not come here.
    #[inline]
    pub fn push(&mut self, value: f64) {
        debug_assert!(!value.is_nan(), "a null reached a sum");
        self.count += 1;
        if value.abs() < LARGE {
            self.young.add(value);
        } else {
            self.extremes.get_or_insert_default().push(value);
        }
    }

    /// Takes a value into the window, and tells the sum by what `divisor` makes of the count; NaN for `None`.
    ///
    /// What it is then does not have to be read back, as after [`push`](Self::push).
    #[inline]
    pub(crate) fn push_and_tell(&mut self, value: f64, divisor: impl Fn(u64) -> f64) -> f64 {
        if value.abs() < LARGE && self.old_count == 0 && self.extremes.is_none() {
            self.count += 1;
            self.young.add(value);
            return (self.young.sum + self.young.error) / divisor(self.count);
        }
        self.push(value);
        self.divided(divisor(self.count)).unwrap_or(f64::NAN)
    }

    /// Takes the oldest value out of the window again: `value` must be the one that was pushed then.
    #[inline]
    pub fn evict(&mut self, value: f64) {
        debug_assert!(self.count > 0, "evicted from an empty sum");
        if self.old_count == 0 {
            self.old = std::mem::take(&mut self.young);
            self.old_count = self.count;
        }
        self.count -= 1;
        self.old_count -= 1;
        if value.abs() < LARGE {
            self.old.add(-value);
        } else if let Some(extremes) = &mut self.extremes {
            extremes.evict(value);
        }
        if self.old_count == 0 {
            self.old = Pair::default();
        }
    }

    /// Takes in all values of another window, which none has left.
    pub fn absorb(&mut self, other: &Self) {
        debug_assert!(
            self.old_count + other.old_count == 0,
            "values have left a pane"
        );
        self.count += other.count;
        self.young.add(other.young.sum);
        self.young.error += other.young.error;
        if let Some(theirs) = &other.extremes {
            self.extremes.get_or_insert_default().absorb(theirs);
        }
    }

    /// Number of values in the window.
    #[inline]
    pub fn count(&self) -> u64 {
        self.count
    }

    /// The sum; `None` for an empty window, and where infinities of both signs are in it.
    ///
    /// Infinite where an infinity is in the window or the sum is beyond the range of a float.
    #[inline]
    pub fn value(&self) -> Option<f64> {
        self.divided(1.0)
    }

    /// The mean; `None` where [`value`](Self::value) is, infinite where an infinity is in the window.
    #[inline]
    pub fn mean(&self) -> Option<f64> {
        self.divided(self.count as f64)
    }

    #[inline]
    fn divided(&self, divisor: f64) -> Option<f64> {
        if self.count == 0 {
            return None;
        }
        match &self.extremes {
            // Where nothing leaves, all is young.
            None if self.old_count == 0 => Some((self.young.sum + self.young.error) / divisor),
            None => Some(self.old.plus(self.young) / divisor),
            Some(extremes) => {
                let (sum, error) = two_sum(self.old.sum, self.young.sum);
                extremes.total(
                    Pair {
                        sum,
                        error: (error + self.old.error) + self.young.error,
                    },
                    divisor,
                )
            }
        }
    }

    /// Empties the window.
    pub fn clear(&mut self) {
        *self = Self::default();
    }
}

/// The exact sum of the integers in a window.
///
/// 128 bits hold 2^64 values of any size, so that nothing overflows while values come and go.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct IntSum {
    sum: i128,
    count: u64,
}

impl IntSum {
    /// Takes a value into the window.
    #[inline]
    pub fn push(&mut self, value: i64) {
        self.sum += i128::from(value);
        self.count += 1;
    }

    /// Takes a value out of the window.
    #[inline]
    pub fn evict(&mut self, value: i64) {
        debug_assert!(self.count > 0, "evicted from an empty sum");
        self.sum -= i128::from(value);
        self.count -= 1;
    }

    /// Takes in all values of another window.
    #[inline]
    pub fn absorb(&mut self, other: Self) {
        self.sum += other.sum;
        self.count += other.count;
    }

    /// Number of values in the window.
    #[inline]
    pub fn count(&self) -> u64 {
        self.count
    }

    /// The exact sum, zero for an empty window. It may be outside the range of `i64`.
    #[inline]
    pub fn value(&self) -> i128 {
        self.sum
    }

    /// The mean; `None` for an empty window.
    #[inline]
    pub fn mean(&self) -> Option<f64> {
        (self.count > 0).then(|| self.sum as f64 / self.count as f64)
    }

    /// Empties the window.
    pub fn clear(&mut self) {
        *self = Self::default();
    }
}

/// From here on (2^490) a value's square may overflow the moments.
const SQUARE_LIMIT: f64 = f64::from_bits((1023 + 490) << 52);

/// A deviation below this part (2^-50) of the values and of their distance from the origin is none.
const SPREAD_NOISE: f64 = f64::from_bits((1023 - 50) << 52);

/// Sums of distances and of their squares from a fixed origin.
#[derive(Clone, Copy, Debug, Default)]
struct Powers {
    origin: f64,
    count: u64,
    first: Pair,
    second: Pair,
}

impl Powers {
    #[inline]
    fn push(&mut self, value: f64) {
        self.count += 1;
        self.add(value, 1.0);
    }

    #[inline]
    fn evict(&mut self, value: f64) {
        self.count -= 1;
        self.add(value, -1.0);
    }

    /// Adds a value's distance and its square, both with their rounding errors, or takes them away again.
    #[inline]
    fn add(&mut self, value: f64, sign: f64) {
        let (distance, low) = two_sum(value, -self.origin);
        let (square, error) = two_product(distance, distance);
        self.first.add(sign * distance);
        self.first.error += sign * low;
        self.second.add(sign * square);
        self.second.error += sign * (error + 2.0 * distance * low);
    }

    /// How far the mean lies from the origin, and the sum of the squared distances from the mean; zero for no values. The
    /// mean itself would be rounded where it is large beside the spread.
    ///
    /// That is `second - first^2 / count`, of which nearly all can cancel: both are carried with their errors.
    fn centred(&self) -> (f64, f64) {
        if self.count == 0 {
            return (0.0, 0.0);
        }
        let count = self.count as f64;
        let (first, low) = two_sum(self.first.sum, self.first.error);
        let shift = first / count;
        let (back, back_low) = two_product(shift, count);
        let rest = ((first - back) - back_low) + low;
        let (square, error) = two_product(first, shift);
        let (high, rounded) = two_sum(self.second.sum, -square);
        let squares = high + (rounded + (self.second.error - error - (rest + low) * shift));
        (shift, squares.max(0.0))
    }
}

/// Mean and variance of the floats in a first-in-first-out window.
///
/// Distances are taken from an origin, the first value of each generation (see the [module](self)), so that a small
/// spread around a large mean keeps its digits, and a value far off is an origin no longer than its generation lasts.
/// The parts are joined as in
/// Chan, Golub, `LeVeque`, *Updating formulae and a pairwise algorithm for computing sample variances*,
/// 1979.
///
/// A value of magnitude 2^490 or more makes the results `None` for as long as it is in the window.
#[derive(Clone, Copy, Debug, Default)]
pub struct Moments {
    old: Powers,
    young: Powers,
    /// Values in the window, those too large to square among them.
    count: u64,
    /// Values that were there at the start of the generation and still are.
    old_count: u64,
    /// Values too large to square.
    large: u64,
}

impl Moments {
    /// Takes a value into the window. NaN stands for null in the data model and must not come here.
    #[inline]
    pub fn push(&mut self, value: f64) {
        debug_assert!(!value.is_nan(), "a null reached a variance");
        self.count += 1;
        if value.abs() < SQUARE_LIMIT {
            if self.young.count == 0 {
                self.young = Powers {
                    origin: value,
                    ..Powers::default()
                };
            }
            self.young.push(value);
        } else {
            self.large += 1;
        }
    }

    /// Takes the oldest value out of the window again: `value` must be the one that was pushed then.
    #[inline]
    pub fn evict(&mut self, value: f64) {
        debug_assert!(self.count > 0, "evicted from an empty variance");
        if self.old_count == 0 {
            self.old = self.young;
            self.old_count = self.count;
            self.young = Powers::default();
        }
        self.count -= 1;
        self.old_count -= 1;
        if value.abs() < SQUARE_LIMIT {
            self.old.evict(value);
        } else {
            self.large -= 1;
        }
        if self.old_count == 0 {
            self.old = Powers::default();
        }
    }

    /// Number of values in the window.
    #[inline]
    pub fn count(&self) -> u64 {
        self.count
    }

    /// Takes in all values of another window, which none has left.
    pub fn absorb(&mut self, other: &Self) {
        debug_assert!(
            self.old_count + other.old_count == 0,
            "values have left a pane"
        );
        self.count += other.count;
        self.large += other.large;
        let (ours, theirs) = (self.young.count as f64, other.young.count as f64);
        if other.young.count == 0 {
            return;
        }
        if self.young.count == 0 {
            self.young = other.young;
            return;
        }
        let ((shift, squares), (their_shift, their_squares)) =
            (self.young.centred(), other.young.centred());
        let (number, share) = (ours + theirs, theirs / (ours + theirs));
        let apart = (other.young.origin - self.young.origin) + (their_shift - shift);
        let shift = shift + apart * share;
        let (first, first_low) = two_product(shift, number);
        let (square, square_low) = two_product(first, shift);
        let mut second = Pair {
            sum: square,
            error: square_low + first_low * shift,
        };
        second.add(squares + their_squares + apart * apart * (ours * share));
        self.young = Powers {
            origin: self.young.origin,
            count: self.young.count + other.young.count,
            first: Pair {
                sum: first,
                error: first_low,
            },
            second,
        };
    }

    /// The variance of the values as a sample of a larger population: `None` for fewer than two.
    pub fn variance_sample(&self) -> Option<f64> {
        (self.count > 1 && self.large == 0).then(|| self.squares() / (self.count - 1) as f64)
    }

    /// The variance of the values as the whole population: `None` for an empty window.
    pub fn variance_population(&self) -> Option<f64> {
        (self.count > 0 && self.large == 0).then(|| self.squares() / self.count as f64)
    }

    /// Empties the window.
    pub fn clear(&mut self) {
        *self = Self::default();
    }

    fn squares(&self) -> f64 {
        let (old_shift, old_squares) = self.old.centred();
        let (young_shift, young_squares) = self.young.centred();
        let (old, young) = (self.old.count as f64, self.young.count as f64);
        let apart = (self.young.origin - self.old.origin) + (young_shift - old_shift);
        let count = self.count as f64;
        let squares = old_squares + young_squares + apart * apart * (old * young / count);
        // What lies this far below the values is rounding: values that are all the same have no spread.
        let mut noise: f64 = 0.0;
        for (part, shift) in [(&self.old, old_shift), (&self.young, young_shift)] {
            if part.count > 0 {
                noise = noise.max((part.origin + shift).abs()).max(shift.abs());
            }
        }
        noise *= SPREAD_NOISE;
        if squares <= count * noise * noise {
            0.0
        } else {
            squares
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::VecDeque;

    /// What a first-in-first-out window is asked to do, drawn at random.
    #[derive(Clone, Debug)]
    enum Step<T> {
        Push(T),
        Evict(u8),
    }

    fn steps<T: std::fmt::Debug + Clone>(
        values: impl Strategy<Value = T>,
    ) -> impl Strategy<Value = Vec<Step<T>>> {
        let step =
            prop_oneof![3 => values.prop_map(Step::Push), 1 => (1u8..7).prop_map(Step::Evict)];
        prop::collection::vec(step, 1..400)
    }

    /// Values whose plain sums lose everything: magnitudes far apart, both signs, exact cancellation.
    fn rough() -> impl Strategy<Value = f64> {
        prop_oneof![
            4 => (-1000i32..1000).prop_map(|tenths| f64::from(tenths) / 10.0),
            2 => prop::sample::select(vec![1e16, -1e16, 1e300, -1e300, 1e-300, 0.0]),
        ]
    }

    fn extreme() -> impl Strategy<Value = f64> {
        prop_oneof![
            6 => (-1000i32..1000).prop_map(|tenths| f64::from(tenths) / 10.0),
            2 => prop::sample::select(vec![f64::INFINITY, f64::NEG_INFINITY, f64::MAX, -f64::MAX, 1.5e308]),
        ]
    }

    /// Drives a window beside the list of its values, and calls `check` after every step.
    fn drive<T: Copy, W>(
        window: &mut W,
        steps: &[Step<T>],
        push: fn(&mut W, T),
        evict: fn(&mut W, T),
        mut check: impl FnMut(&W, &VecDeque<T>),
    ) {
        let mut rows = VecDeque::new();
        for step in steps {
            match *step {
                Step::Push(value) => {
                    push(window, value);
                    rows.push_back(value);
                    check(window, &rows);
                }
                Step::Evict(number) => {
                    for _ in 0..number.min(rows.len() as u8) {
                        if let Some(value) = rows.pop_front() {
                            evict(window, value);
                            check(window, &rows);
                        }
                    }
                }
            }
        }
    }

    /// The sum without any rounding but the last ones: an expansion of floats that overlap nowhere
    /// (Shewchuk, 1997).
    fn exact(rows: &VecDeque<f64>) -> f64 {
        let mut parts: Vec<f64> = Vec::new();
        for &row in rows {
            let mut carry = row;
            let mut kept = Vec::with_capacity(parts.len() + 1);
            for &part in &parts {
                let (sum, error) = two_sum(carry, part);
                if error != 0.0 {
                    kept.push(error);
                }
                carry = sum;
            }
            kept.push(carry);
            parts = kept;
        }
        parts.iter().sum()
    }

    proptest! {
        #[test]
        fn sum_is_that_of_the_rows_in_the_window(steps in steps(rough())) {
            // Magnitudes seen within the last two window contents bound the error; here that is everything
            // since the window was last empty, a weaker bound that needs no second book-keeping.
            let mut largest = 0.0f64;
            drive(&mut Sum::default(), &steps, Sum::push, Sum::evict, |sum, rows| {
                largest = if rows.is_empty() { 0.0 } else { rows.iter().fold(largest, |most, row| most.max(row.abs())) };
                assert_count(sum.count(), rows.len());
                match sum.value() {
                    None => assert!(rows.is_empty()),
                    Some(value) => {
                        let expected = exact(rows);
                        let bound = expected.abs() * f64::EPSILON + largest * 400.0 * 400.0 * f64::EPSILON * f64::EPSILON;
                        assert!((value - expected).abs() <= bound, "{value} for {expected}");
                    }
                }
            });
        }

        #[test]
        fn extremes_leave_nothing_behind(steps in steps(extreme())) {
            let mut largest = 0.0f64;
            drive(&mut Sum::default(), &steps, Sum::push, Sum::evict, |sum, rows| {
                // While large values are inside, their errors count; afterwards nothing of them is left.
                largest = rows.iter().fold(largest, |most, row| most.max(row.abs() * REDUCE));
                if rows.iter().all(|row| row.abs() < LARGE) {
                    largest = 1e2 * REDUCE;
                }
                let positive = rows.contains(&f64::INFINITY);
                let negative = rows.contains(&f64::NEG_INFINITY);
                if rows.is_empty() || positive && negative {
                    assert_eq!((sum.value(), sum.mean()), (None, None));
                } else if positive || negative {
                    let infinity = if positive { f64::INFINITY } else { f64::NEG_INFINITY };
                    assert_eq!((sum.value(), sum.mean()), (Some(infinity), Some(infinity)));
                } else {
                    let reduced: VecDeque<f64> = rows.iter().map(|row| row * REDUCE).collect();
                    let expected = exact(&reduced);
                    let bound = expected.abs() * 4.0 * f64::EPSILON
                        + largest * 400.0 * 400.0 * f64::EPSILON * f64::EPSILON;
                    let mean = sum.mean().unwrap_or(f64::NAN) * REDUCE * rows.len() as f64;
                    assert!((mean - expected).abs() <= bound, "{mean} for {expected}");
                    let value = sum.value().unwrap_or(f64::NAN);
                    assert!(value == expected * RESTORE || (value * REDUCE - expected).abs() <= bound);
                }
            });
        }

        #[test]
        fn integers_are_exact(steps in steps(prop_oneof![Just(i64::MIN), Just(i64::MAX), any::<i64>()])) {
            drive(&mut IntSum::default(), &steps, IntSum::push, IntSum::evict, |sum, rows| {
                assert_eq!(sum.value(), rows.iter().map(|&row| i128::from(row)).sum::<i128>());
                assert_count(sum.count(), rows.len());
                assert_eq!(sum.mean().is_none(), rows.is_empty());
            });
        }

        #[test]
        fn variance_is_that_of_the_rows(steps in steps((0u8..100).prop_map(|v| 1e9 + f64::from(v) / 8.0))) {
            drive(&mut Moments::default(), &steps, Moments::push, Moments::evict, |moments, rows| {
                // Eighths near 1e9: means and squares of the model are taken from small integers, hence
                // exact.
                let eighths: Vec<f64> = rows.iter().map(|row| (row - 1e9) * 8.0).collect();
                let number = rows.len() as f64;
                let total: f64 = eighths.iter().sum();
                let squares = eighths.iter().map(|v| v * v).sum::<f64>() - total * total / number;
                assert_count(moments.count(), rows.len());
                match moments.variance_population() {
                    None => assert!(rows.is_empty()),
                    Some(variance) => assert!((variance - squares / 64.0 / number).abs() < 1e-6),
                }
                match moments.variance_sample() {
                    None => assert!(rows.len() < 2),
                    Some(variance) => assert!((variance - squares / 64.0 / (number - 1.0)).abs() < 1e-6),
                }
            });
        }
    }

    fn assert_count(count: u64, rows: usize) {
        assert_eq!(count as usize, rows);
    }

    #[test]
    fn drift_dies_within_two_windows() {
        // Tenths cannot be held exactly, so each push and evict rounds: compare with a fresh sum of the
        // same rows.
        let value = |row: u64| ((row.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 40) as f64) * 0.1;
        let mut sum = Sum::default();
        for row in 0..200_000 {
            sum.push(value(row));
            if row >= 1000 {
                sum.evict(value(row - 1000));
            }
        }
        let mut fresh = Sum::default();
        (199_000..200_000).for_each(|row| fresh.push(value(row)));
        assert_eq!(sum.value(), fresh.value());
    }

    #[test]
    fn small_values_survive_a_large_one() {
        let mut sum = Sum::default();
        sum.push(1e300);
        (0..10).for_each(|_| sum.push(0.5));
        sum.evict(1e300);
        assert_eq!(sum.value(), Some(5.0));
    }

    #[test]
    fn mean_is_finite_where_the_sum_is_not() {
        let mut sum = Sum::default();
        sum.push(f64::MAX);
        sum.push(f64::MAX);
        assert_eq!(
            (sum.value(), sum.mean()),
            (Some(f64::INFINITY), Some(f64::MAX))
        );
        sum.clear();
        assert_eq!((sum.value(), sum.count()), (None, 0));
    }

    #[test]
    fn parts_add_up_to_the_whole() {
        let values: Vec<f64> = (0..600).map(|i| 1e6 + f64::from(i % 7) * 0.1).collect();
        let (mut sum, mut moments) = (Sum::default(), Moments::default());
        let (mut whole_sum, mut whole) = (Sum::default(), Moments::default());
        for part in values.chunks(17) {
            let (mut its_sum, mut its_moments) = (Sum::default(), Moments::default());
            for &value in part {
                its_sum.push(value);
                its_moments.push(value);
                whole_sum.push(value);
                whole.push(value);
            }
            sum.absorb(&its_sum);
            moments.absorb(&its_moments);
        }
        assert_eq!(sum.value(), whole_sum.value());
        assert_eq!(moments.count(), 600);
        let [found, expected] = [&moments, &whole].map(Moments::variance_sample);
        let (found, expected) = found.zip(expected).expect("there are values");
        assert!(
            (found / expected - 1.0).abs() < 1e-9,
            "{found}, not {expected}"
        );
    }

    #[test]
    fn equal_values_have_no_spread_whatever_was_there_before() {
        let before = [0.1, 665.3, -3.7];
        let mut moments = Moments::default();
        for value in before {
            moments.push(value);
        }
        for value in before {
            moments.push(-1.0);
            moments.evict(value);
        }
        assert_eq!(moments.count(), 3);
        assert_eq!(moments.variance_population(), Some(0.0));
    }

    #[test]
    fn too_large_to_square_is_null_only_while_inside() {
        let mut moments = Moments::default();
        for value in [1.0, f64::INFINITY, 2.0, 4.0] {
            moments.push(value);
        }
        assert_eq!(moments.variance_population(), None);
        moments.evict(1.0);
        assert_eq!(moments.variance_sample(), None);
        moments.evict(f64::INFINITY);
        assert_eq!(
            (moments.variance_population(), moments.variance_sample()),
            (Some(1.0), Some(2.0))
        );
    }
}

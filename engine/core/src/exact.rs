//! Sums of floats without any rounding until they are read.
//!
//! Every float is a multiple of 2^-1074, so a sum of floats is an integer of that unit. It is held whole, as digits of
//! 32 bits (a long accumulator: Kulisch, *Computer Arithmetic and Validity*, 2013), but only those between the lowest and
//! the highest that any value has touched. So a value goes in any number of times, and comes out again in any order, and
//! leaves nothing behind.
//!
//! A digit stands in 64 bits with its sign: what is carried from one to the next waits there, since many values can be
//! added before it has to go on.

/// Bits of a digit.
const DIGIT: u32 = 32;

/// The lowest bit of the lowest digit weighs 2 to the minus this.
const POINT: i32 = 34 * DIGIT as i32;

/// Digits that a float touches at most: its 53 bits may begin with the last bit of one.
const TOUCHED: usize = 3;

/// Values that are added before digits are carried: then none is beyond 2^62.
const MOST_ADDED: u64 = 1 << 30;

/// An exact sum of floats.
#[derive(Clone, Debug, Default)]
pub(crate) struct ExactSum {
    /// From the lowest to the highest that was touched.
    digits: Vec<i64>,
    /// The place of the lowest.
    first: usize,
    /// Since digits were carried. None of them is greater than this, times 2^32.
    added: u64,
    positive_infinities: i64,
    negative_infinities: i64,
}

impl ExactSum {
    /// Bytes of the eight digits of values that are less than 2^192 apart; there may be nine times as many.
    pub(crate) const USUAL_BYTES: usize = 64;

    /// Adds a value so many times; a negative number takes it away again. It must not be NaN.
    pub(crate) fn add(&mut self, value: f64, times: i32) {
        debug_assert!(!value.is_nan(), "a null reached a sum");
        if value.is_infinite() {
            let infinities = if value > 0.0 {
                &mut self.positive_infinities
            } else {
                &mut self.negative_infinities
            };
            *infinities += i64::from(times);
            return;
        }
        let bits = value.to_bits();
        let fraction = bits & ((1 << 52) - 1);
        let (significand, exponent) = match (bits >> 52 & 0x7FF) as i32 {
            0 => (fraction, -1074),
            biased => (fraction | 1 << 52, biased - 1075),
        };
        if significand == 0 {
            return;
        }
        let place = (exponent + POINT) as u32;
        let wide = u128::from(significand) << (place % DIGIT);
        let times = i64::from(times);
        let signed = if value < 0.0 { -times } else { times };
        let digits = self.reach((place / DIGIT) as usize, TOUCHED, times.unsigned_abs());
        for (digit, part) in digits.iter_mut().zip(0..) {
            *digit += i64::from((wide >> (part * DIGIT)) as u32) * signed;
        }
    }

    /// Adds all that another one has, or takes it away.
    pub(crate) fn absorb(&mut self, other: &Self, sign: i64) {
        if !other.digits.is_empty() {
            let digits = self.reach(other.first, other.digits.len(), other.added);
            for (digit, added) in digits.iter_mut().zip(&other.digits) {
                *digit += sign * added;
            }
        }
        self.positive_infinities += sign * other.positive_infinities;
        self.negative_infinities += sign * other.negative_infinities;
    }

    /// Makes it zero, and keeps its room.
    pub(crate) fn reset(&mut self) {
        self.digits.clear();
        self.added = 0;
        self.positive_infinities = 0;
        self.negative_infinities = 0;
    }

    /// Makes it the same as another one, in the room that it has.
    pub(crate) fn copy(&mut self, other: &Self) {
        self.digits.clone_from(&other.digits);
        self.first = other.first;
        self.added = other.added;
        self.positive_infinities = other.positive_infinities;
        self.negative_infinities = other.negative_infinities;
    }

    /// The digits from a place on, for so many values to be added.
    #[inline]
    fn reach(&mut self, place: usize, length: usize, added: u64) -> &mut [i64] {
        if self.added + added > MOST_ADDED {
            self.carry();
        }
        self.added += added;
        if place < self.first || place + length > self.first + self.digits.len() {
            self.widen(place, length);
        }
        let from = place - self.first;
        &mut self.digits[from..from + length]
    }

    #[cold]
    fn widen(&mut self, place: usize, length: usize) {
        if self.digits.is_empty() {
            self.first = place;
        }
        if place < self.first {
            let missing = self.first - place;
            self.digits.splice(..0, core::iter::repeat_n(0, missing));
            self.first = place;
        }
        let length = (place + length - self.first).max(self.digits.len());
        self.digits.resize(length, 0);
    }

    /// Carries from each digit to the next: all are from 0 to 2^32 then, but for the highest, which has the sign.
    fn carry(&mut self) {
        let mut carried = 0;
        for digit in &mut self.digits {
            let whole = *digit + carried;
            *digit = i64::from(whole as u32);
            carried = whole >> DIGIT;
        }
        // What is carried out of the highest is a digit with a sign, since none was beyond 2^62.
        match (carried, self.digits.last_mut()) {
            (0, _) | (_, None) => {}
            (-1, Some(highest)) if *highest != 0 => *highest -= 1 << DIGIT,
            _ => self.digits.push(carried),
        }
        self.added = 1;
    }

    /// The sum over a number, rounded once to the nearest for 1, and once more by the division for others; `None` where
    /// infinities of both signs are in it.
    pub(crate) fn over(&mut self, divisor: f64) -> Option<f64> {
        match (self.positive_infinities, self.negative_infinities) {
            (0, 0) => {}
            (_, 0) => return Some(f64::INFINITY),
            (0, _) => return Some(f64::NEG_INFINITY),
            _ => return None,
        }
        self.carry();
        let Some(least) = self.digits.iter().position(|digit| *digit != 0) else {
            return Some(0.0);
        };
        let top = self.digits.len() - 1;
        let is_negative = self.digits[top] < 0;
        // Of the magnitude. Below a negative highest digit all others count up from it.
        let digit = |place: usize| {
            let own = self.digits[place];
            let magnitude = match place {
                _ if !is_negative => own,
                _ if place == top => -own - i64::from(least < top),
                _ if place > least => i64::from(!(own as u32)),
                _ => i64::from((own as u32).wrapping_neg()),
            };
            magnitude as u64
        };
        let highest = (least..=top).rfind(|place| digit(*place) != 0);
        let highest = highest.unwrap_or(least);
        // The upper four digits have 97 bits at least, and no more than 128; of what is below only matters whether there is
        // anything.
        let lowest = (highest + 1).saturating_sub(4);
        let upper = (lowest..=highest).rev();
        let upper = upper.fold(0_u128, |upper, place| {
            upper << DIGIT | u128::from(digit(place))
        });
        let magnitude = (upper | u128::from(least < lowest)) as f64;
        let signed = if is_negative { -magnitude } else { magnitude };
        let exponent = (self.first + lowest) as i32 * DIGIT as i32 - POINT;
        // In two steps, each of which is a float. A sum that is subnormal has all of its bits in the result.
        let half = exponent / 2;
        Some(signed / divisor * power(half) * power(exponent - half))
    }
}

/// A power of two.
fn power(exponent: i32) -> f64 {
    f64::from_bits(((1023 + exponent) as u64) << 52)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sum(values: &[f64]) -> Option<f64> {
        let mut sum = ExactSum::default();
        for value in values {
            sum.add(*value, 1);
        }
        sum.over(1.0)
    }

    #[test]
    fn nothing_is_rounded_before_the_end() {
        assert_eq!(sum(&[]), Some(0.0));
        assert_eq!(sum(&[0.1, 0.2, -0.3]), Some(f64::powi(2.0, -55)));
        assert_eq!(sum(&[1e300, 1.0, -1e300]), Some(1.0));
        assert_eq!(sum(&[-1e300, 5e-324, 1e300]), Some(5e-324));
        assert_eq!(
            sum(&[1.0, f64::EPSILON / 2.0, 5e-324]),
            Some(1.0 + f64::EPSILON)
        );
        assert_eq!(sum(&[1.0, f64::EPSILON / 2.0]), Some(1.0));
        assert_eq!(sum(&[f64::MAX, f64::MAX]), Some(f64::INFINITY));
        assert_eq!(sum(&[f64::MAX, f64::MAX, -f64::MAX]), Some(f64::MAX));
        assert_eq!(sum(&[-1.5, -2.25]), Some(-3.75));
    }

    #[test]
    fn infinities_come_and_go() {
        assert_eq!(sum(&[f64::INFINITY, 1.0]), Some(f64::INFINITY));
        assert_eq!(sum(&[f64::NEG_INFINITY, f64::INFINITY]), None);
        let mut sum = ExactSum::default();
        sum.add(f64::INFINITY, 2);
        sum.add(2.5, 1);
        sum.add(f64::INFINITY, -2);
        assert_eq!(sum.over(1.0), Some(2.5));
    }

    #[test]
    fn digits_are_carried_before_they_are_full() {
        // All bits of a digit, more often than a digit has room for; and out again, one more than there are.
        let (value, times) = (f64::from(u32::MAX), i32::MAX / 3);
        let whole = |factor: i128| (factor * i128::from(u32::MAX) * i128::from(times)) as f64;
        let mut sum = ExactSum::default();
        for _ in 0..5 {
            sum.add(value, times);
        }
        assert_eq!(sum.over(1.0), Some(whole(5)));
        for _ in 0..6 {
            sum.add(value, -times);
        }
        assert_eq!(sum.over(1.0), Some(whole(-1)));
        sum.add(value, times);
        assert_eq!(sum.over(1.0), Some(0.0));
    }

    #[test]
    fn the_highest_digit_has_the_sign() {
        // What is below it is nothing, everything, or one.
        for power in [31, 32, 33, 63, 64, 65, 96, 127, 128] {
            let value = f64::powi(2.0, power);
            for below in [0.0, 1.0, -1.0, f64::powi(2.0, -40)] {
                assert_eq!(sum(&[-value, below]), Some(below - value), "2^{power}");
                assert_eq!(sum(&[value, below, -value]), Some(below), "2^{power}");
            }
        }
    }

    #[test]
    fn a_mean_is_in_range_where_its_sum_is_not() {
        let mut sum = ExactSum::default();
        sum.add(f64::MAX, 4);
        assert_eq!(sum.over(4.0), Some(f64::MAX));
    }

    #[test]
    fn what_goes_leaves_nothing_whatever_the_order() {
        // Values of all sizes, by a sequence that is its own reverse in no place.
        let mut state = 1_u64;
        let values: Vec<f64> = (0..500)
            .map(|_| {
                state = state
                    .wrapping_mul(6_364_136_223_846_793_005)
                    .wrapping_add(1);
                let value = f64::from_bits(state);
                if value.is_finite() { value } else { 1.0 }
            })
            .collect();
        let (mut all, mut some, mut others) = Default::default();
        let add = |sum: &mut ExactSum, value: f64, times| sum.add(value, times);
        for (place, value) in values.iter().enumerate() {
            add(&mut all, *value, 3);
            add(
                if place % 3 == 0 {
                    &mut some
                } else {
                    &mut others
                },
                *value,
                3,
            );
        }
        some.absorb(&others, 1);
        assert_eq!(some.over(1.0), all.over(1.0));
        some.absorb(&others, -1);
        for value in values.iter().step_by(3).rev() {
            some.add(*value, -3);
        }
        assert_eq!(some.over(1.0), Some(0.0));
        assert!(some.digits.iter().all(|digit| *digit == 0));
        assert!(all.digits.len() < 72);
        some.copy(&all);
        all.reset();
        assert_eq!(all.over(1.0), Some(0.0));
        assert!(some.over(1.0).is_some_and(|sum| sum != 0.0));
    }
}

//! Keys that are no texts of a dictionary, numbered: so each is encoded and looked for once a batch, as such a text is.

use trapjaw_program::{Kind, Rule};

use crate::vm::{Arg, Registers};

/// Fewer rows are not worth it.
const FEWEST: usize = 16;

/// Most values that are remembered while rows are numbered.
const REMEMBERED: usize = 1 << 12;

/// Rows with equal keys have the same number: mostly, since only so many keys are remembered.
#[derive(Debug, Default)]
pub(super) struct Numbers {
    /// By row.
    pub(super) codes: Vec<u16>,
    /// By number, the first row that has it.
    pub(super) rows: Vec<u32>,
}

impl Numbers {
    /// Of the rows of a feed; `None` where they are few, or a part of the key is missing in some, or no number, address, or text
    /// of a dictionary.
    pub(super) fn of(rule: &Rule, inputs: &Registers<'_>, shift: u16) -> Option<Self> {
        let all = inputs.rows();
        if !(FEWEST..=usize::from(u16::MAX)).contains(&all) {
            return None;
        }
        let mut parts = rule.key.iter().map(|part| {
            let output = usize::from(part.output + shift);
            if inputs.known_of(output).is_some() {
                return None;
            }
            match Kind::of(&part.ty) {
                Kind::Int => match inputs.ints_of(output).0 {
                    Arg::Each(values) => Some(Self::number(values.iter().map(|v| *v as u64))),
                    Arg::One(_) => None,
                },
                Kind::Ip => match inputs.ips_of(output) {
                    Arg::Each(values) => {
                        Some(Self::number(values.iter().map(|v| u128::from_le_bytes(*v))))
                    }
                    Arg::One(_) => None,
                },
                Kind::Text => inputs.dictionary_of(output).map(|(codes, _)| Self {
                    codes: codes.to_vec(),
                    rows: Vec::new(),
                }),
                Kind::Bool | Kind::Float => None,
            }
        });
        let first = match parts.next() {
            Some(first) => first?,
            // All rows have the same key, of nothing.
            None => Self {
                codes: vec![0; all],
                rows: vec![0],
            },
        };
        parts.try_fold(first, |before, part| {
            let part = part?;
            let both = before.codes.iter().zip(&part.codes);
            Some(Self::number(
                both.map(|(a, b)| u64::from(*a) << 16 | u64::from(*b)),
            ))
        })
    }

    fn number<T: Value>(values: impl ExactSizeIterator<Item = T>) -> Self {
        let places = values.len().next_power_of_two().min(REMEMBERED);
        // Whatever is at a place: the value that came to it last, and its number from 1 on.
        let mut known = vec![(T::default(), 0_u32); places];
        let mut numbers = Self {
            codes: Vec::with_capacity(values.len()),
            rows: Vec::new(),
        };
        for (value, row) in values.zip(0..) {
            let place = &mut known[value.mixed() as usize & (places - 1)];
            if place.0 != value || place.1 == 0 {
                numbers.rows.push(row);
                *place = (value, numbers.rows.len() as u32);
            }
            numbers.codes.push((place.1 - 1) as u16);
        }
        numbers
    }
}

/// A value of rows that are numbered.
trait Value: Copy + Default + PartialEq {
    /// Its low bits are different for values that differ little. Values for which they are not only cost a number each.
    fn mixed(self) -> u64;
}

impl Value for u64 {
    #[inline]
    fn mixed(self) -> u64 {
        self.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 48
    }
}

impl Value for u128 {
    #[inline]
    fn mixed(self) -> u64 {
        (self as u64 ^ ((self >> 64) as u64).rotate_left(29)).mixed()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_of_one_number_have_one_value() {
        // More values than are remembered, in an order that makes them come again after others.
        let values: Vec<u64> = (0..20_000_u64).map(|row| row * row % 7_919).collect();
        let Numbers { codes, rows } = Numbers::number(values.iter().copied());
        assert_eq!(codes.len(), values.len());
        for (code, value) in codes.iter().zip(&values) {
            assert_eq!(values[rows[usize::from(*code)] as usize], *value);
        }
        assert!(rows.is_sorted());
    }

    #[test]
    fn few_values_have_one_number_each() {
        let Numbers { codes, rows } = Numbers::number([5_u128, 0, 5, 7, 0].into_iter());
        assert_eq!((codes, rows), (vec![0, 1, 0, 2, 1], vec![0, 1, 3]));
    }
}

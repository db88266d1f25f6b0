//! Calls of functions: a row at a time, or once for each distinct value where a dictionary column is all that varies.

use std::borrow::Cow;

use trapjaw_program::function::{Args, Callee, Made, Outcome, Scalar};
use trapjaw_program::{Call, Const, Kind, Operand};

use super::register::{Bools, Lane, Register, TextValues, Texts};
use super::text::TextArg;
use super::{Registers, bits, mismatch};
use crate::counters::Faults;

impl<'a> Registers<'a> {
    /// The register of a call, with what became null by a fault.
    pub(super) fn call(&self, call: &Call) -> (Register<'a>, Faults) {
        let known = self.known_of_all(&call.arguments);
        let mut results = Results::new(call.callee.kind(), self.rows, known);
        match self.dictionary_among(&call.arguments) {
            Some((place, codes, values)) => {
                let each = self.by_value(call, place, values);
                // A text is made once, and referred to by its rows.
                if call.callee.kind() == Kind::Text {
                    return results.coded(codes, each);
                }
                for (row, &code) in codes.iter().enumerate() {
                    results.set(row, each[usize::from(code)].clone());
                }
            }
            None => {
                let mut arguments = Vec::with_capacity(call.arguments.len());
                for row in 0..self.rows {
                    if results.is_known(row) {
                        arguments.clear();
                        let values = call.arguments.iter();
                        arguments.extend(values.map(|&operand| self.scalar(operand, row)));
                        results.set(row, call.callee.call(Args(&arguments)));
                    }
                }
            }
        }
        results.finish()
    }

    /// The results for each value of a dictionary in the place of one argument.
    fn by_value(&self, call: &Call, place: usize, values: &TextValues<'_>) -> Vec<Outcome> {
        let Call { callee, arguments } = call;
        let mut arguments: Vec<Scalar<'_>> = (arguments.iter().enumerate())
            .map(|(index, &operand)| {
                if index == place {
                    Scalar::Text("")
                } else {
                    self.scalar(operand, 0)
                }
            })
            .collect();
        let results = (0..values.distinct()).map(|code| {
            arguments[place] = Scalar::Text(values.value(code));
            Callee::call(*callee, Args(&arguments))
        });
        results.collect()
    }

    /// The one argument that is no constant, if it is a dictionary column with no more values than there are rows.
    fn dictionary_among(&self, arguments: &[Operand]) -> Option<(usize, &[u16], &TextValues<'a>)> {
        let mut moving = arguments
            .iter()
            .enumerate()
            .filter(|(_, operand)| !operand.is_constant());
        let (place, operand) = moving.next()?;
        let Register::Text(texts) = &self.made[operand.index()] else {
            return None;
        };
        let codes = texts.values.codes()?;
        let few = texts.values.distinct() <= self.rows;
        (few && moving.next().is_none()).then_some((place, codes, &texts.values))
    }

    fn known_of_all(&self, arguments: &[Operand]) -> Option<Vec<u64>> {
        let bitmaps = arguments.iter().filter_map(|&operand| self.known(operand));
        bitmaps.fold(None, |known: Option<Vec<u64>>, bitmap| match known {
            None => Some(bitmap.to_vec()),
            Some(mut known) => {
                for (known, bits) in known.iter_mut().zip(bitmap) {
                    *known &= bits;
                }
                Some(known)
            }
        })
    }

    /// One row's argument, which is known.
    fn scalar(&self, operand: Operand, row: usize) -> Scalar<'_> {
        if operand.is_constant() {
            return match self.constant(operand) {
                Const::Bool(value) => Scalar::Bool(*value),
                Const::Int(value) => Scalar::Int(*value),
                Const::Float(value) => Scalar::Float(*value),
                Const::Text(value) => Scalar::Text(value),
                Const::Ip(value) => Scalar::Ip(*value),
                Const::Pattern(value) => Scalar::Pattern(value),
                Const::Zone(value) => Scalar::Zone(value),
                _ => mismatch(),
            };
        }
        match &self.made[operand.index()] {
            Register::Bool(bools) => Scalar::Bool(bits::get(&bools.truth, row)),
            Register::Int(lane) => Scalar::Int(lane.values[row]),
            // Adding zero makes -0.0 read as 0.0.
            Register::Float(lane) => Scalar::Float(lane.values[row] + 0.0),
            Register::Text(_) => match self.texts(operand).0 {
                TextArg::Each(texts) => Scalar::Text(texts.get(row)),
                TextArg::One(text) => Scalar::Text(text),
            },
            Register::Ip(lane) => Scalar::Ip(trapjaw_event::Ip::from_octets(lane.values[row])),
        }
    }
}

/// A column under construction.
struct Results {
    values: Values,
    rows: usize,
    known: Option<Vec<u64>>,
    faults: Faults,
}

enum Values {
    Bool(Vec<u64>),
    Int(Vec<i64>),
    Float(Vec<f64>),
    Text(Vec<Box<str>>),
    Ip(Vec<[u8; 16]>),
}

impl Results {
    fn new(kind: Kind, rows: usize, known: Option<Vec<u64>>) -> Self {
        let values = match kind {
            Kind::Bool => Values::Bool(vec![0; bits::words(rows)]),
            Kind::Int => Values::Int(vec![0; rows]),
            Kind::Float => Values::Float(vec![0.0; rows]),
            Kind::Text => Values::Text(vec![Box::default(); rows]),
            Kind::Ip => Values::Ip(vec![[0; 16]; rows]),
        };
        Self {
            values,
            rows,
            known,
            faults: Faults::default(),
        }
    }

    fn is_known(&self, row: usize) -> bool {
        self.known
            .as_ref()
            .is_none_or(|known| bits::get(known, row))
    }

    /// One row's result; nothing where an argument was null.
    fn set(&mut self, row: usize, outcome: Outcome) {
        if !self.is_known(row) {
            return;
        }
        let made = match outcome {
            Ok(Some(made)) => made,
            Ok(None) => return self.forget(row),
            Err(fault) => {
                self.faults.count(fault, 1);
                return self.forget(row);
            }
        };
        match (&mut self.values, made) {
            (Values::Bool(truth), Made::Bool(value)) => {
                truth[row / 64] |= u64::from(value) << (row % 64);
            }
            (Values::Int(values), Made::Int(value)) => values[row] = value,
            (Values::Float(values), Made::Float(value)) => values[row] = value,
            (Values::Text(values), Made::Text(value)) => values[row] = value,
            (Values::Ip(values), Made::Ip(value)) => values[row] = value.octets(),
            _ => mismatch(),
        }
    }

    fn forget(&mut self, row: usize) {
        let rows = self.rows;
        let known = self.known.get_or_insert_with(|| {
            let mut all = vec![u64::MAX; bits::words(rows)];
            bits::clear_tail(&mut all, rows);
            all
        });
        known[row / 64] &= !(1 << (row % 64));
    }

    /// Texts that rows refer to by code.
    fn coded<'a>(mut self, codes: &[u16], each: Vec<Outcome>) -> (Register<'a>, Faults) {
        let some_null = each.iter().any(|outcome| !matches!(outcome, Ok(Some(_))));
        if some_null {
            for (row, &code) in codes.iter().enumerate() {
                match each[usize::from(code)] {
                    Ok(Some(_)) => {}
                    Ok(None) => self.forget(row),
                    Err(fault) => {
                        if self.is_known(row) {
                            self.faults.count(fault, 1);
                        }
                        self.forget(row);
                    }
                }
            }
        }
        let texts = each.into_iter().map(|outcome| match outcome {
            Ok(Some(Made::Text(text))) => text,
            _ => Box::default(),
        });
        let register = Register::Text(Texts {
            values: TextValues::Coded(codes.to_vec(), texts.collect()),
            known: self.known.map(Cow::Owned),
        });
        (register, self.faults)
    }

    fn finish<'a>(self) -> (Register<'a>, Faults) {
        let known = self.known.map(Cow::Owned);
        let register = match self.values {
            Values::Bool(truth) => Register::Bool(Bools {
                truth: Cow::Owned(truth),
                known,
            }),
            Values::Int(values) => Register::Int(Lane {
                values: Cow::Owned(values),
                known,
            }),
            Values::Float(values) => Register::Float(Lane {
                values: Cow::Owned(values),
                known,
            }),
            Values::Text(values) => Register::Text(Texts {
                values: TextValues::Made(values),
                known,
            }),
            Values::Ip(values) => Register::Ip(Lane {
                values: Cow::Owned(values),
                known,
            }),
        };
        (register, self.faults)
    }
}

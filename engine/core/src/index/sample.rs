//! A sample of a type's rows, which says how often what conditions ask for is there.
//!
//! Witnesses are chosen by it. It changes no result, so it may be taken as is cheapest: every so many rows one, as they come.

use std::collections::HashMap;

use trapjaw_event::{Value, ValueRef};
use trapjaw_program::{Code, Input, Opcode, Operand, RuleSet};

use super::conjunct::{Test, float_key, ip_key};
use crate::segment::Segment;
use crate::vm::Bound;

/// Rows of a type that are kept.
const ROWS: usize = 256;
/// Until there are as many, one row in so many is taken: a prime, which what senders repeat is seldom in step with.
const EARLY: usize = 61;
/// Afterwards; each takes the place of the oldest.
const LATER: usize = 8_191;
/// Columns of a type that are kept, of those that conditions read.
const MAX_COLUMNS: usize = 64;
/// A text of more bytes counts as one that no condition asks for.
const MAX_TEXT: usize = 256;
/// Rows in which parts of texts are looked for: each part in each, so fewer.
const TEXTS: usize = 32;

/// Samples of the types that may have an index.
#[derive(Debug)]
pub(crate) struct Samples {
    /// By type.
    types: Vec<Option<Sample>>,
}

/// Rows of a type.
#[derive(Debug)]
pub(super) struct Sample {
    inputs: Vec<Input>,
    /// Each a value an input.
    rows: Vec<Vec<Value>>,
    /// Which row goes next.
    oldest: usize,
    /// Rows to come before the next is taken.
    skip: usize,
}

impl Samples {
    /// Nothing so far, of types with at least `from` conditions.
    pub(crate) fn new(rules: &RuleSet, from: usize) -> Self {
        let types = rules.types.iter().map(|program| {
            let inputs = program.code.inputs.iter().map(|slot| slot.input);
            (program.code.outputs.len() >= from).then(|| Sample {
                inputs: inputs.take(MAX_COLUMNS).collect(),
                rows: Vec::new(),
                oldest: 0,
                skip: EARLY - 1,
            })
        });
        Self {
            types: types.collect(),
        }
    }

    /// Of rules that take the place of those that it is of: what was seen of types whose conditions read the same fields,
    /// and some of those, stays.
    #[must_use]
    pub(crate) fn renewed(&mut self, old: &RuleSet, rules: &RuleSet, from: usize) -> Self {
        let mut samples = Self::new(rules, from);
        for ((_, ty), sample) in rules.registry.iter().zip(&mut samples.types) {
            let Some(former) = old.registry.by_wire_name(&ty.wire_name) else {
                continue;
            };
            let seen = self.types[former.index()].take();
            let same = old.registry.get(former).fields == ty.fields;
            if let (true, Some(seen), Some(sample)) = (same, seen, sample)
                && sample
                    .inputs
                    .iter()
                    .all(|input| seen.inputs.contains(input))
            {
                *sample = seen;
            }
        }
        samples
    }

    /// Looks at rows that were evaluated. Does a sample have all of its rows by them, for the first time?
    pub(crate) fn see(&mut self, segment: &Segment<'_>) -> bool {
        let sample = &mut self.types[segment.type_id().index()];
        sample.as_mut().is_some_and(|sample| sample.see(segment))
    }

    /// The sample of a type, if it has all of its rows.
    pub(super) fn of(&self, ty: usize) -> Option<&Sample> {
        self.types[ty]
            .as_ref()
            .filter(|sample| sample.rows.len() == ROWS)
    }
}

impl Sample {
    fn see(&mut self, segment: &Segment<'_>) -> bool {
        let rows = segment.section.rows();
        let was_full = self.rows.len() == ROWS;
        while self.skip < rows {
            let row = self.skip;
            let values = self
                .inputs
                .iter()
                .map(|&input| value(segment.bind(input), row));
            let values = values.collect();
            if self.rows.len() < ROWS {
                self.rows.push(values);
                self.skip += EARLY;
            } else {
                self.rows[self.oldest] = values;
                self.oldest = (self.oldest + 1) % ROWS;
                self.skip += LATER;
            }
        }
        self.skip -= rows;
        !was_full && self.rows.len() == ROWS
    }

    /// What it says of the registers of a type's program that are columns as they stand.
    pub(super) fn shares(&self, code: &Code) -> Shares<'_> {
        let loads = code.instructions.iter().zip(0..);
        let loads = loads.filter(|(inst, _)| inst.op == Opcode::Load);
        let columns = loads.filter_map(|(inst, register)| {
            let input = code.inputs[inst.a.index()].input;
            let place = self.inputs.iter().position(|&other| other == input)?;
            let values = self.rows.iter().map(|values| &values[place]);
            Some((Operand::register(register), Column::new(values)))
        });
        Shares(columns.collect())
    }
}

/// How often values are there, by register.
pub(super) struct Shares<'s>(HashMap<Operand, Column<'s>>);

/// The values of a column that are known; sorted, but for the first texts.
#[derive(Default)]
struct Column<'s> {
    keys: Vec<i64>,
    ips: Vec<u128>,
    texts: Vec<&'s str>,
    first_texts: Vec<&'s str>,
}

impl<'s> Column<'s> {
    fn new(values: impl Iterator<Item = &'s Value>) -> Self {
        let mut column = Self::default();
        for value in values {
            match value {
                Value::Null | Value::Bool(_) => {}
                Value::Int(value) | Value::Time(value) | Value::Duration(value) => {
                    column.keys.push(*value);
                }
                Value::Enum(code) => column.keys.push(i64::from(*code)),
                Value::Float(value) => column.keys.push(float_key(*value)),
                Value::Ip(ip) => column.ips.push(ip_key(ip.octets())),
                Value::Text(text) => column.texts.push(text),
            }
        }
        column.first_texts = column.texts.iter().copied().take(TEXTS).collect();
        column.keys.sort_unstable();
        column.ips.sort_unstable();
        column.texts.sort_unstable();
        column
    }
}

/// How many of a sorted slice lie within.
fn within<T: PartialOrd>(sorted: &[T], low: &T, high: &T) -> usize {
    let until = sorted.partition_point(|value| value <= high);
    until.saturating_sub(sorted.partition_point(|value| value < low))
}

impl Shares<'_> {
    /// In how many rows a test was true, and of how many; `None` where that was not looked at.
    pub(super) fn of(&self, test: &Test) -> Option<(usize, usize)> {
        let column = self.0.get(&test.operand()?)?;
        let hits = match test {
            Test::Range { low, high, .. } => within(&column.keys, low, high),
            Test::OneOf { keys, .. } => {
                let each = keys.iter().map(|key| within(&column.keys, key, key));
                each.sum()
            }
            Test::Text { texts, .. } => {
                let each = texts
                    .iter()
                    .map(|text| within(&column.texts, &&**text, &&**text));
                each.sum()
            }
            Test::Ip { ranges, .. } => {
                let each = ranges
                    .iter()
                    .map(|(low, high)| within(&column.ips, low, high));
                each.sum()
            }
            Test::Contains { literals, .. } => {
                let has = |text: &&&str| literals.iter().any(|literal| literal.is_in(text));
                return Some((column.first_texts.iter().filter(has).count(), TEXTS));
            }
            Test::Other => return None,
        };
        Some((hits, ROWS))
    }
}

fn value(bound: Bound<'_>, row: usize) -> Value {
    let value = match bound {
        Bound::Column(column) | Bound::Dense(column) => column.value(row),
        Bound::Texts(texts) => ValueRef::Text(texts.get(row)),
        Bound::Times(times) => ValueRef::Time(times[row]),
        Bound::Value(value) => value,
        Bound::Severity(..) => ValueRef::Null,
    };
    match value {
        ValueRef::Text(text) if text.len() > MAX_TEXT => Value::Null,
        value => value.to_value(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::index::plan::plan;
    use trapjaw_event::{FieldId, FieldType};
    use trapjaw_program::{CodeBuilder, Const, Kind};

    #[test]
    fn what_is_seen_often_is_no_witness() {
        let input = |field| Input::Field(FieldId::new(field));
        let mut builder = CodeBuilder::new();
        let [code, region] = [0, 1].map(|field| builder.load(input(field), Kind::Int));
        // Many codes are asked for, and one region: by the rules alone, codes are rarer.
        for wanted in 0..50 {
            let wanted = builder.constant(Const::Int(wanted));
            let of_code = builder.binary(Opcode::EqInt, code, wanted);
            let seven = builder.constant(Const::Int(7));
            let of_region = builder.binary(Opcode::EqInt, region, seven);
            let both = builder.binary(Opcode::And, of_code, of_region);
            builder.output(both, FieldType::Bool);
        }
        let program = builder.finish();
        let chosen = |shares: Option<&Shares<'_>>| -> Vec<Option<Operand>> {
            let planned = plan(&program, 0..50, (1, shares));
            let witnesses = planned.iter().map(|it| &it.conjuncts[it.witness].test);
            witnesses.map(Test::operand).collect()
        };
        assert_eq!(chosen(None), [Some(code); 50]);
        // Nearly all codes are 3, and a region in a hundred is 7.
        let row = |row: i64| {
            vec![
                Value::Int(if row % 50 == 0 { row } else { 3 }),
                Value::Int(row % 100),
            ]
        };
        let sample = Sample {
            inputs: vec![input(0), input(1)],
            rows: (0..ROWS as i64).map(row).collect(),
            oldest: 0,
            skip: 0,
        };
        let shares = sample.shares(&program);
        let mut expected = [Some(code); 50];
        expected[3] = Some(region);
        assert_eq!(chosen(Some(&shares)), expected);
        let wanted = |low, high| Test::Range {
            of: code,
            low,
            high,
        };
        assert_eq!(shares.of(&wanted(3, 3)), Some((250, ROWS)));
        assert_eq!(shares.of(&wanted(4, i64::MAX)), Some((5, ROWS)));
        assert_eq!(shares.of(&wanted(1, 0)), Some((0, ROWS)));
    }
}

//! Which conditions are found by what: each by one witness, without which it can't be true.
//!
//! A witness is a conjunct whose values can be looked up: so a row comes to the conditions of which it has the witness, and to
//! no others. Of several, the one is taken that is expected to be there most rarely: by what the rules say alone, and once
//! there were events, by how often it was there in a sample of them.

use std::collections::{HashMap, HashSet};

use trapjaw_program::{Code, Operand};

use super::conjunct::{Conjunct, Test, conjuncts};
use super::sample::Shares;

/// Values that one condition asks for, at most: each is an entry of the index.
const MAX_VALUES: usize = 1 << 10;

/// What is expected without a sample counts as this many rows beside one: so that of two tests that were true in none
/// of its rows, one that looks rare is taken.
const EXPECTED_ROWS: f64 = 4.0;

/// A condition that is found by a witness.
#[derive(Debug)]
pub(super) struct Planned {
    /// Its output in the type's program.
    pub(super) condition: u32,
    /// All that has to be true.
    pub(super) conjuncts: Vec<Conjunct>,
    /// Which of them is the witness.
    pub(super) witness: usize,
}

/// Picks of some conditions of a type's program those that are found by a witness, and theirs. A column is looked up where at least
/// `from` conditions have their witness in it: for fewer, a pass over the column for each costs less than a look-up for each
/// row.
pub(super) fn plan(
    code: &Code,
    conditions: impl Iterator<Item = u32>,
    (from, shares): (usize, Option<&Shares<'_>>),
) -> Vec<Planned> {
    let all: Vec<(u32, Vec<Conjunct>)> = conditions
        .filter_map(|condition| {
            let output = &code.outputs[condition as usize];
            Some((condition, conjuncts(code, output.operand)?))
        })
        .collect();
    let distinct = distinct_values(&all);
    // Columns that too few conditions would use are given up, until no other is.
    let mut given_up: HashSet<Operand> = HashSet::new();
    loop {
        let planned: Vec<Option<usize>> = all
            .iter()
            .map(|(_, conjuncts)| witness(conjuncts, (&distinct, shares), &given_up))
            .collect();
        let mut used: HashMap<Operand, usize> = HashMap::new();
        for ((_, conjuncts), witness) in all.iter().zip(&planned) {
            if let Some(of) = witness.and_then(|witness| conjuncts[witness].test.operand()) {
                *used.entry(of).or_default() += 1;
            }
        }
        let before = given_up.len();
        given_up.extend(
            (used.iter())
                .filter(|(_, count)| **count < from)
                .map(|(of, _)| *of),
        );
        if given_up.len() == before {
            let planned = all.into_iter().zip(planned);
            return planned
                .filter_map(|((condition, conjuncts), witness)| {
                    Some(Planned {
                        condition,
                        conjuncts,
                        witness: witness?,
                    })
                })
                .collect();
        }
    }
}

/// By operand: how many different values are asked for.
fn distinct_values(all: &[(u32, Vec<Conjunct>)]) -> HashMap<Operand, usize> {
    #[derive(PartialEq, Eq, Hash)]
    enum Value<'a> {
        Key(i64),
        Text(&'a str),
        Ip(u128),
    }
    let mut values: HashMap<Operand, HashSet<Value<'_>>> = HashMap::new();
    for test in all.iter().flat_map(|(_, all)| all).map(|each| &each.test) {
        match test {
            Test::Range { of, low, high } if low == high => {
                values.entry(*of).or_default().insert(Value::Key(*low));
            }
            Test::OneOf { of, keys } => {
                let keys = keys.iter().map(|&key| Value::Key(key));
                values.entry(*of).or_default().extend(keys);
            }
            Test::Text { of, texts } => {
                let texts = texts.iter().map(|text| Value::Text(text));
                values.entry(*of).or_default().extend(texts);
            }
            Test::Ip { of, ranges } => {
                let ranges = ranges.iter().map(|(first, _)| Value::Ip(*first));
                values.entry(*of).or_default().extend(ranges);
            }
            Test::Range { .. } | Test::Contains { .. } | Test::Other => {}
        }
    }
    values
        .into_iter()
        .map(|(of, values)| (of, values.len()))
        .collect()
}

/// The conjunct that is expected to be true most rarely, of those that can be looked up.
fn witness(
    conjuncts: &[Conjunct],
    (distinct, shares): (&HashMap<Operand, usize>, Option<&Shares<'_>>),
    given_up: &HashSet<Operand>,
) -> Option<usize> {
    let share = |(index, conjunct): (usize, &Conjunct)| {
        let of = conjunct.test.operand()?;
        if given_up.contains(&of) {
            return None;
        }
        let values = distinct.get(&of).copied().unwrap_or(1).max(2) as f64;
        let expected = share(&conjunct.test, values)?;
        let seen = shares.and_then(|shares| shares.of(&conjunct.test));
        let share = seen.map_or(expected, |(hits, rows)| {
            (hits as f64 + expected * EXPECTED_ROWS) / (rows as f64 + EXPECTED_ROWS)
        });
        Some((index, share))
    };
    let all = conjuncts.iter().enumerate().filter_map(share);
    let least = all.min_by(|a, b| a.1.total_cmp(&b.1));
    least.map(|(index, _)| index)
}

/// The share of rows in which a test is expected to be true, of an operand of which so many values are asked for. That many
/// conditions ask for different values of a column says that it has as many.
fn share(test: &Test, values: f64) -> Option<f64> {
    let of_values = |count: usize| (count <= MAX_VALUES).then_some(count as f64 / values);
    match test {
        Test::Range { low, high, .. } if low == high => of_values(1),
        Test::Range { low, high, .. } if *low != i64::MIN && *high != i64::MAX => Some(0.1),
        Test::Range { .. } => Some(0.3),
        Test::OneOf { keys, .. } => of_values(keys.len()),
        Test::Text { texts, .. } => of_values(texts.len()),
        Test::Ip { ranges, .. } => of_values(ranges.len()),
        // A longer text is in fewer others.
        Test::Contains { literals, .. } if literals.len() <= MAX_VALUES => {
            let shares = literals
                .iter()
                .map(|literal| 0.25_f64.powi(literal.bytes.len().min(8) as i32));
            Some(shares.sum::<f64>() + 1e-3)
        }
        Test::Contains { .. } | Test::Other => None,
    }
}

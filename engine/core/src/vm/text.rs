//! Texts: a dictionary's values are tested once each, whatever the number of rows.

use memchr::memmem;
use trapjaw_program::Opcode;

use super::register::{Register, TextValues, Texts};
use super::{bits, bools, both};

/// A text operand: one a row, or the same for all.
#[derive(Clone, Copy, Debug)]
pub(crate) enum TextArg<'r> {
    Each(&'r TextValues<'r>),
    One(&'r str),
}

impl<'r> TextArg<'r> {
    pub(crate) fn get(self, row: usize) -> &'r str {
        match self {
            Self::Each(values) => values.get(row),
            Self::One(text) => text,
        }
    }
}

type Operand<'r> = (TextArg<'r>, Option<&'r [u64]>);

/// One of the six comparisons, by bytes.
pub(super) fn compare<'a>(rows: usize, op: Opcode, a: Operand<'_>, b: Operand<'_>) -> Register<'a> {
    match op {
        Opcode::EqText => pairs(rows, a, b, |a, b| a == b),
        Opcode::NeText => pairs(rows, a, b, |a, b| a != b),
        Opcode::LtText => pairs(rows, a, b, |a, b| a < b),
        Opcode::LeText => pairs(rows, a, b, |a, b| a <= b),
        Opcode::GtText => pairs(rows, a, b, |a, b| a > b),
        _ => pairs(rows, a, b, |a, b| a >= b),
    }
}

/// `contains`, `starts_with`, `ends_with`.
pub(super) fn test<'a>(rows: usize, op: Opcode, a: Operand<'_>, b: Operand<'_>) -> Register<'a> {
    match (op, b.0) {
        // The searcher is built once for a constant needle.
        (Opcode::Contains, TextArg::One(needle)) => {
            let finder = memmem::Finder::new(needle);
            let truth = each(rows, a.0, |text| finder.find(text.as_bytes()).is_some());
            bools(truth, both(a.1, b.1))
        }
        (Opcode::Contains, _) => pairs(rows, a, b, |a, b| a.contains(b)),
        (Opcode::StartsWith, _) => pairs(rows, a, b, |a, b| a.starts_with(b)),
        _ => pairs(rows, a, b, |a, b| a.ends_with(b)),
    }
}

/// A test of one operand.
pub(super) fn unary<'a>(
    rows: usize,
    (a, known): Operand<'_>,
    test: impl Fn(&str) -> bool,
) -> Register<'a> {
    bools(each(rows, a, test), known.map(<[u64]>::to_vec))
}

/// Each text turned into another.
pub(super) fn map<'a>(
    rows: usize,
    (a, known): Operand<'_>,
    turn: impl Fn(&str) -> String,
) -> Register<'a> {
    let turn = |text: &str| turn(text).into_boxed_str();
    let values = match a {
        TextArg::Each(values) if values.codes().is_some() && values.distinct() <= rows => {
            let codes = values.codes().unwrap_or_default().to_vec();
            let turned = (0..values.distinct()).map(|code| turn(values.value(code)));
            TextValues::Coded(codes, turned.collect())
        }
        a => TextValues::Made((0..rows).map(|row| turn(a.get(row))).collect()),
    };
    Register::Text(Texts {
        values,
        known: known.map(|known| known.to_vec().into()),
    })
}

/// `a ?? b`.
pub(super) fn coalesce<'a>(
    rows: usize,
    (a, a_known): Operand<'_>,
    (b, b_known): Operand<'_>,
) -> Register<'a> {
    let is_known = |known: Option<&[u64]>, row| known.is_none_or(|known| bits::get(known, row));
    let chosen = |row| {
        if is_known(a_known, row) {
            a.get(row)
        } else {
            b.get(row)
        }
    };
    let known = a_known.and_then(|a| Some(a.iter().zip(b_known?).map(|(a, b)| a | b).collect()));
    made((0..rows).map(|row| chosen(row).into()).collect(), known)
}

/// One text after the other; neither is null.
pub(super) fn concat<'a>(rows: usize, a: TextArg<'_>, b: TextArg<'_>) -> Register<'a> {
    made(
        (0..rows)
            .map(|row| [a.get(row), b.get(row)].concat().into_boxed_str())
            .collect(),
        None,
    )
}

/// A register of texts that an instruction made.
pub(super) fn made<'a>(values: Vec<Box<str>>, known: Option<Vec<u64>>) -> Register<'a> {
    Register::Text(Texts {
        values: TextValues::Made(values),
        known: known.map(Into::into),
    })
}

fn pairs<'a>(
    rows: usize,
    a: Operand<'_>,
    b: Operand<'_>,
    test: impl Fn(&str, &str) -> bool,
) -> Register<'a> {
    let truth = match (a.0, b.0) {
        (texts, TextArg::One(text)) => each(rows, texts, |value| test(value, text)),
        (TextArg::One(text), texts) => each(rows, texts, |value| test(text, value)),
        (a, b) => by_row(rows, |row| test(a.get(row), b.get(row))),
    };
    bools(truth, both(a.1, b.1))
}

fn each(rows: usize, texts: TextArg<'_>, test: impl Fn(&str) -> bool) -> Vec<u64> {
    match texts {
        TextArg::One(text) => {
            let mut truth = vec![if test(text) { u64::MAX } else { 0 }; bits::words(rows)];
            bits::clear_tail(&mut truth, rows);
            truth
        }
        TextArg::Each(values) => match values.codes() {
            Some(codes) if values.distinct() <= rows => by_code(codes, values, test),
            _ => by_row(rows, |row| test(values.get(row))),
        },
    }
}

/// Tests each value of a dictionary, then looks the rows' codes up.
fn by_code(codes: &[u16], values: &TextValues<'_>, test: impl Fn(&str) -> bool) -> Vec<u64> {
    let hits: Vec<bool> = (0..values.distinct())
        .map(|code| test(values.value(code)))
        .collect();
    let count = hits.iter().filter(|&&hit| hit).count();
    let mut truth = Vec::with_capacity(bits::words(codes.len()));
    let only = |wanted: bool| {
        hits.iter()
            .position(|&hit| hit == wanted)
            .unwrap_or_default() as u16
    };
    // Most tests tell one value from the others: comparing codes vectorises, looking them up does not.
    match (count, hits.len() - count) {
        (0, _) => truth.resize(bits::words(codes.len()), 0),
        (1, _) => {
            let hit = only(true);
            bits::test_each(codes, &mut truth, |code| code == hit);
        }
        (_, 1) => {
            let miss = only(false);
            bits::test_each(codes, &mut truth, |code| code != miss);
        }
        _ => bits::test_each(codes, &mut truth, |code| hits[usize::from(code)]),
    }
    truth
}

fn by_row(rows: usize, test: impl Fn(usize) -> bool) -> Vec<u64> {
    let mut truth = vec![0; bits::words(rows)];
    for row in 0..rows {
        truth[row / 64] |= u64::from(test(row)) << (row % 64);
    }
    truth
}

//! Look-ups in tables: keys to rows, rows to cells. A dictionary's values are looked up once each, whatever the number
//! of rows.

use trapjaw_event::Ip;
use trapjaw_program::{Cells, Table};

use super::register::{Arg, Bools, Lane, Register, TextValues, Texts};
use super::text::TextArg;
use super::{bits, lane};

type Operand<'r, T> = (Arg<'r, T>, Option<&'r [u64]>);

/// The rows of a column of keys, with which of them are known.
pub(super) fn rows_of<'a, T: Copy>(
    rows: usize,
    (keys, known): Operand<'_, T>,
    find: impl Fn(T) -> Option<u32>,
) -> Register<'a> {
    match keys {
        Arg::One(key) => {
            let found = find(key);
            found_rows(rows, known, |_| found)
        }
        Arg::Each(keys) => found_rows(rows, known, |row| find(keys[row])),
    }
}

/// As [`rows_of`], of texts.
pub(super) fn rows_of_texts<'a>(
    rows: usize,
    (keys, known): (TextArg<'_>, Option<&[u64]>),
    table: &Table,
) -> Register<'a> {
    match keys {
        TextArg::One(key) => {
            let found = table.row_of_text(key);
            found_rows(rows, known, |_| found)
        }
        TextArg::Each(TextValues::Dictionary(codes, values)) if values.len() <= rows => {
            let found: Vec<Option<u32>> = (0..values.len())
                .map(|code| table.row_of_text(values.get(code)))
                .collect();
            found_rows(rows, known, |row| found[usize::from(codes[row])])
        }
        TextArg::Each(keys) => found_rows(rows, known, |row| table.row_of_text(keys.get(row))),
    }
}

fn found_rows<'a>(
    rows: usize,
    known: Option<&[u64]>,
    find: impl Fn(usize) -> Option<u32>,
) -> Register<'a> {
    let found = |row| find(row).map(i64::from);
    let (values, known) = gathered(rows, known, found, 0);
    Register::Int(lane(values, Some(known)))
}

/// The cells of a column of rows.
pub(super) fn cells_of<'a>(rows: usize, at: Operand<'_, i64>, cells: &'a Cells) -> Register<'a> {
    let (at, known) = at;
    let place = |row| usize::try_from(at.get(row)).ok();
    match cells {
        Cells::Bool(cells) => {
            let cell = |row| *cells.get(place(row)?)?;
            let (values, known) = gathered(rows, known, cell, false);
            let mut truth = vec![0; bits::words(rows)];
            for (row, value) in values.into_iter().enumerate() {
                truth[row / 64] |= u64::from(value) << (row % 64);
            }
            Register::Bool(Bools {
                truth: truth.into(),
                known: Some(known.into()),
            })
        }
        Cells::Int(cells) => {
            let (values, known) = gathered(rows, known, |row| *cells.get(place(row)?)?, 0);
            Register::Int(lane(values, Some(known)))
        }
        Cells::Float(cells) => {
            let (values, known) = gathered(rows, known, |row| *cells.get(place(row)?)?, 0.0);
            Register::Float(lane(values, Some(known)))
        }
        Cells::Text(cells) => {
            let cell = |row| cells.get(place(row)?)?.as_deref();
            let (values, known) = gathered(rows, known, cell, "");
            Register::Text(Texts {
                values: TextValues::Picked(values),
                known: Some(known.into()),
            })
        }
        Cells::Ip(cells) => {
            let cell = |row| (*cells.get(place(row)?)?).map(|ip: Ip| ip.octets());
            let (values, known) = gathered(rows, known, cell, [0; 16]);
            let values: Lane<'_, [u8; 16]> = lane(values, Some(known));
            Register::Ip(values)
        }
    }
}

/// What is found for each row that is known, and which rows something is found for.
fn gathered<T>(
    rows: usize,
    known: Option<&[u64]>,
    find: impl Fn(usize) -> Option<T>,
    nothing: T,
) -> (Vec<T>, Vec<u64>)
where
    T: Copy,
{
    let mut found = vec![0; bits::words(rows)];
    let values = (0..rows)
        .map(|row| {
            if known.is_some_and(|known| !bits::get(known, row)) {
                return nothing;
            }
            let Some(value) = find(row) else {
                return nothing;
            };
            found[row / 64] |= 1 << (row % 64);
            value
        })
        .collect();
    (values, found)
}

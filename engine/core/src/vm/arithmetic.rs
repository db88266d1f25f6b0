//! Arithmetic: what overflows, divides by zero or is no number becomes null, and is counted.

use trapjaw_program::Opcode;

use super::register::{Arg, Register};
use super::{bits, both, lane};
use crate::counters::Faults;

type Operand<'r, T> = (Arg<'r, T>, Option<&'r [u64]>);

/// Integer arithmetic with its number of overflows.
pub(super) fn ints<'a>(
    rows: usize,
    op: Opcode,
    (a, a_known): Operand<'_, i64>,
    (b, b_known): Operand<'_, i64>,
) -> (Register<'a>, Faults) {
    let apply: fn(i64, i64) -> (i64, bool) = match op {
        Opcode::AddInt => i64::overflowing_add,
        Opcode::SubInt => i64::overflowing_sub,
        Opcode::MulInt => i64::overflowing_mul,
        _ => |a, _| a.overflowing_neg(),
    };
    let mut values = Vec::with_capacity(rows);
    let mut sound = vec![0_u64; bits::words(rows)];
    for row in 0..rows {
        let (value, overflow) = apply(a.get(row), b.get(row));
        values.push(value);
        sound[row / 64] |= u64::from(!overflow) << (row % 64);
    }
    let (known, faults) = restrict(rows, both(a_known, b_known), sound);
    (Register::Int(lane(values, known)), overflows(faults))
}

/// Float arithmetic with its divisions by zero and undefined results.
pub(super) fn floats<'a>(
    rows: usize,
    op: Opcode,
    (a, a_known): Operand<'_, f64>,
    (b, b_known): Operand<'_, f64>,
) -> (Register<'a>, Faults) {
    let apply: fn(f64, f64) -> f64 = match op {
        Opcode::AddFloat => |a, b| a + b,
        Opcode::SubFloat => |a, b| a - b,
        Opcode::MulFloat => |a, b| a * b,
        Opcode::DivFloat => |a, b| if b == 0.0 { f64::NAN } else { a / b },
        _ => |a, _| -a,
    };
    let values: Vec<f64> = (0..rows).map(|row| apply(a.get(row), b.get(row))).collect();
    let mut sound = Vec::with_capacity(bits::words(rows));
    bits::test_each(&values, &mut sound, |value| !value.is_nan());
    let operands = both(a_known, b_known);
    let division = if op == Opcode::DivFloat {
        let is_known = |row| operands.as_ref().is_none_or(|known| bits::get(known, row));
        (0..rows)
            .filter(|&row| b.get(row) == 0.0 && is_known(row))
            .count() as u64
    } else {
        0
    };
    let (known, faults) = restrict(rows, operands, sound);
    let faults = Faults {
        division,
        undefined: faults - division,
        ..Faults::default()
    };
    (Register::Float(lane(values, known)), faults)
}

/// The nearest int of a float, with the number of those that do not fit.
pub(super) fn int_of_float<'a>(
    rows: usize,
    (a, a_known): Operand<'_, f64>,
) -> (Register<'a>, Faults) {
    // 2^63 is a float, and the first that does not fit.
    const END: f64 = 9_223_372_036_854_775_808.0;
    let rounded: Vec<f64> = (0..rows).map(|row| a.get(row).round()).collect();
    let mut sound = Vec::with_capacity(bits::words(rows));
    bits::test_each(&rounded, &mut sound, |value| (-END..END).contains(&value));
    let (known, faults) = restrict(rows, a_known.map(<[u64]>::to_vec), sound);
    let values = rounded.into_iter().map(|value| value as i64).collect();
    (Register::Int(lane(values, known)), overflows(faults))
}

fn overflows(overflow: u64) -> Faults {
    Faults {
        overflow,
        ..Faults::default()
    }
}

/// An int as the nearest float.
pub(super) fn float_of_int<'a>(rows: usize, (a, known): Operand<'_, i64>) -> Register<'a> {
    let values = (0..rows).map(|row| a.get(row) as f64).collect();
    Register::Float(lane(values, known.map(<[u64]>::to_vec)))
}

/// The rows that are known and sound, and how many were known and are not sound.
fn restrict(rows: usize, known: Option<Vec<u64>>, sound: Vec<u64>) -> (Option<Vec<u64>>, u64) {
    match known {
        None => {
            let unsound = rows as u64 - bits::count(&sound);
            (if unsound == 0 { None } else { Some(sound) }, unsound)
        }
        Some(mut known) => {
            let before = bits::count(&known);
            for (known, sound) in known.iter_mut().zip(sound) {
                *known &= sound;
            }
            let after = bits::count(&known);
            (Some(known), before - after)
        }
    }
}

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
    let results = match op {
        Opcode::AddInt => pairs(rows, a, b, i64::overflowing_add),
        Opcode::SubInt => pairs(rows, a, b, i64::overflowing_sub),
        Opcode::MulInt => pairs(rows, a, b, i64::overflowing_mul),
        _ => pairs(rows, a, b, |a, _| a.overflowing_neg()),
    };
    let mut sound = Vec::with_capacity(bits::words(rows));
    bits::test_each(&results, &mut sound, |(_, overflow)| !overflow);
    let values = results.into_iter().map(|(value, _)| value).collect();
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
    let values = match op {
        Opcode::AddFloat => pairs(rows, a, b, |a, b| a + b),
        Opcode::SubFloat => pairs(rows, a, b, |a, b| a - b),
        Opcode::MulFloat => pairs(rows, a, b, |a, b| a * b),
        Opcode::DivFloat => pairs(rows, a, b, |a, b| if b == 0.0 { f64::NAN } else { a / b }),
        _ => pairs(rows, a, b, |a, _| -a),
    };
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

/// The results for all rows. Of floats it is vector code (`addpd`, `mulpd`, ...) as long as which operands are columns, and what is
/// done, is settled outside of the loop, and the loop goes over slices side by side; a call by pointer, or an operand
/// that is asked what it is for each row, makes it one row at a time.
fn pairs<T: Copy, R>(
    rows: usize,
    a: Arg<'_, T>,
    b: Arg<'_, T>,
    apply: impl Fn(T, T) -> R,
) -> Vec<R> {
    match (a, b) {
        (Arg::Each(a), Arg::One(b)) => a.iter().map(|&a| apply(a, b)).collect(),
        (Arg::One(a), Arg::Each(b)) => b.iter().map(|&b| apply(a, b)).collect(),
        (Arg::Each(a), Arg::Each(b)) => a.iter().zip(b).map(|(&a, &b)| apply(a, b)).collect(),
        (Arg::One(a), Arg::One(b)) => (0..rows).map(|_| apply(a, b)).collect(),
    }
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

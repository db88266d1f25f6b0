//! Comparisons and choices of values of a fixed width.

use trapjaw_program::Opcode;

use super::register::{Arg, Lane, Register};
use super::{bits, bools, both, lane};

type Operand<'r, T> = (Arg<'r, T>, Option<&'r [u64]>);

/// One of the six comparisons.
pub(super) fn ordered<'a, T: Copy + PartialOrd>(
    rows: usize,
    op: Opcode,
    (a, a_known): Operand<'_, T>,
    (b, b_known): Operand<'_, T>,
) -> Register<'a> {
    use Opcode as O;
    let truth = match op {
        O::EqInt | O::EqFloat | O::EqIp => pairs(rows, a, b, |a, b| a == b),
        O::NeInt | O::NeFloat | O::NeIp => pairs(rows, a, b, |a, b| a != b),
        O::LtInt | O::LtFloat | O::LtIp => pairs(rows, a, b, |a, b| a < b),
        O::LeInt | O::LeFloat | O::LeIp => pairs(rows, a, b, |a, b| a <= b),
        O::GtInt | O::GtFloat | O::GtIp => pairs(rows, a, b, |a, b| a > b),
        _ => pairs(rows, a, b, |a, b| a >= b),
    };
    bools(truth, both(a_known, b_known))
}

/// A test of one operand.
pub(super) fn unary<'a, T: Copy>(
    rows: usize,
    (a, known): Operand<'_, T>,
    test: impl Fn(T) -> bool,
) -> Register<'a> {
    let truth = pairs(rows, a, Arg::One(()), |a, ()| test(a));
    bools(truth, known.map(<[u64]>::to_vec))
}

/// `a ?? b`.
pub(super) fn coalesce<'a, T: Copy>(
    rows: usize,
    (a, a_known): Operand<'_, T>,
    (b, b_known): Operand<'_, T>,
) -> Lane<'a, T> {
    let Some(a_known) = a_known else {
        return lane((0..rows).map(|row| a.get(row)).collect(), None);
    };
    let values = (0..rows)
        .map(|row| {
            if bits::get(a_known, row) {
                a.get(row)
            } else {
                b.get(row)
            }
        })
        .collect();
    let known = b_known.map(|b_known| a_known.iter().zip(b_known).map(|(a, b)| a | b).collect());
    lane(values, known)
}

fn pairs<T: Copy, U: Copy>(
    rows: usize,
    a: Arg<'_, T>,
    b: Arg<'_, U>,
    test: impl Fn(T, U) -> bool,
) -> Vec<u64> {
    let mut truth = Vec::with_capacity(bits::words(rows));
    match (a, b) {
        (Arg::Each(a), Arg::One(b)) => bits::test_each(a, &mut truth, |a| test(a, b)),
        (Arg::One(a), Arg::Each(b)) => bits::test_each(b, &mut truth, |b| test(a, b)),
        (Arg::Each(a), Arg::Each(b)) => bits::test_pairs(a, b, &mut truth, test),
        (Arg::One(a), Arg::One(b)) => {
            truth.resize(bits::words(rows), if test(a, b) { u64::MAX } else { 0 });
            bits::clear_tail(&mut truth, rows);
        }
    }
    truth
}

//! Kleene's three-valued logic on bitmaps.

use trapjaw_program::{Opcode, Operand};

use super::register::Register;
use super::{Registers, bits, bools};

impl<'a> Registers<'a> {
    pub(super) fn logic(&self, op: Opcode, a: Operand, b: Operand) -> Register<'a> {
        if op == Opcode::IsNull {
            return self.is_null(a);
        }
        let (a, a_known) = self.bools(a);
        if op == Opcode::Not {
            let truth = match a_known {
                Some(known) => a.iter().zip(known).map(|(a, known)| !a & known).collect(),
                None => self.whole(a.iter().map(|a| !a).collect()),
            };
            return bools(truth, a_known.map(<[u64]>::to_vec));
        }
        let (b, b_known) = self.bools(b);
        // Bits behind the last row are cleared with the result.
        let truth = match op {
            Opcode::And => combined(&a, &b, |a, b| a & b),
            Opcode::Or => combined(&a, &b, |a, b| a | b),
            Opcode::EqBool => combined(&a, &b, |a, b| !(a ^ b)),
            Opcode::NeBool => combined(&a, &b, |a, b| a ^ b),
            _ => match a_known {
                Some(known) => {
                    let b = combined(known, &b, |known, b| !known & b);
                    combined(&a, &b, |a, b| a | b)
                }
                None => a.to_vec(),
            },
        };
        let known = (a_known.is_some() || b_known.is_some()).then(|| {
            // A missing bitmap of known rows means all.
            let known_of =
                |known: Option<&[u64]>, word: usize| known.map_or(u64::MAX, |known| known[word]);
            let words = (0..a.len()).map(|w| {
                let (ka, kb) = (known_of(a_known, w), known_of(b_known, w));
                match op {
                    // Known where both are, or where one is false.
                    Opcode::And => ka & kb | ka & !a[w] | kb & !b[w],
                    // Known where both are, or where one is true.
                    Opcode::Or => ka & kb | a[w] | b[w],
                    Opcode::EqBool | Opcode::NeBool => ka & kb,
                    _ => ka | kb,
                }
            });
            self.whole(words.collect())
        });
        bools(self.whole(truth), known)
    }

    fn is_null(&self, a: Operand) -> Register<'a> {
        let truth = match self.known(a) {
            Some(known) => self.whole(known.iter().map(|known| !known).collect()),
            None => vec![0; bits::words(self.rows)],
        };
        bools(truth, None)
    }

    /// The bitmap without what lies behind the last row.
    fn whole(&self, mut words: Vec<u64>) -> Vec<u64> {
        bits::clear_tail(&mut words, self.rows);
        words
    }
}

/// Word by word. It is vector code as long as both run side by side, so that no bounds are checked, and the closure is one that
/// the compiler sees through.
fn combined(a: &[u64], b: &[u64], f: impl Fn(u64, u64) -> u64) -> Vec<u64> {
    a.iter().zip(b).map(|(&a, &b)| f(a, b)).collect()
}

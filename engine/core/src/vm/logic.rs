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
        let words = 0..a.len();
        // A missing bitmap of known rows means all: its bits behind the last row are cleared with the result.
        let known_of =
            |known: Option<&[u64]>, word: usize| known.map_or(u64::MAX, |known| known[word]);
        let some_unknown = a_known.is_some() || b_known.is_some();
        let result = |truth: &dyn Fn(usize) -> u64, known: &dyn Fn(usize) -> u64| {
            let truth = self.whole(words.clone().map(truth).collect());
            let known = some_unknown.then(|| self.whole(words.clone().map(known).collect()));
            bools(truth, known)
        };
        match op {
            // Known where both are, or where one is false.
            Opcode::And => result(&|w| a[w] & b[w], &|w| {
                let (ka, kb) = (known_of(a_known, w), known_of(b_known, w));
                ka & kb | ka & !a[w] | kb & !b[w]
            }),
            // Known where both are, or where one is true.
            Opcode::Or => result(&|w| a[w] | b[w], &|w| {
                let (ka, kb) = (known_of(a_known, w), known_of(b_known, w));
                ka & kb | a[w] | b[w]
            }),
            Opcode::EqBool => result(&|w| !(a[w] ^ b[w]), &|w| {
                known_of(a_known, w) & known_of(b_known, w)
            }),
            Opcode::NeBool => result(&|w| a[w] ^ b[w], &|w| {
                known_of(a_known, w) & known_of(b_known, w)
            }),
            _ => result(&|w| a[w] | !known_of(a_known, w) & b[w], &|w| {
                known_of(a_known, w) | known_of(b_known, w)
            }),
        }
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

//! A value where a condition is true: half of `if c then a else b`.

use std::borrow::Cow;

use trapjaw_program::{Const, Opcode, Operand};

use super::register::{Bools, Known, Lane, Register, TextValues, Texts};
use super::{Registers, mismatch, octets};

impl<'a> Registers<'a> {
    /// The second operand where the first is true, else null.
    pub(super) fn when(&self, op: Opcode, a: Operand, b: Operand) -> Register<'a> {
        let (truth, _) = self.bools(a);
        let known: Vec<u64> = match self.known(b) {
            Some(known) => truth.iter().zip(known).map(|(a, b)| a & b).collect(),
            None => truth.into_owned(),
        };
        let known: Known<'a> = Some(Cow::Owned(known));
        if op == Opcode::WhenBool {
            let (value, _) = self.bools(b);
            let truth = value
                .iter()
                .zip(known.iter().flat_map(|known| known.iter()));
            let truth = Cow::Owned(truth.map(|(value, known)| value & known).collect());
            return Register::Bool(Bools { truth, known });
        }
        if b.is_constant() {
            let rows = self.rows;
            return match self.constant(b) {
                Const::Int(value) => Register::Int(Lane {
                    values: Cow::Owned(vec![*value; rows]),
                    known,
                }),
                Const::Float(value) => Register::Float(Lane {
                    values: Cow::Owned(vec![*value; rows]),
                    known,
                }),
                Const::Ip(value) => Register::Ip(Lane {
                    values: Cow::Owned(vec![octets(value); rows]),
                    known,
                }),
                Const::Text(value) => Register::Text(Texts {
                    values: TextValues::One(value),
                    known,
                }),
                _ => mismatch(),
            };
        }
        match &self.made[b.index()] {
            Register::Int(lane) => Register::Int(Lane {
                values: lane.values.clone(),
                known,
            }),
            Register::Float(lane) => Register::Float(Lane {
                values: lane.values.clone(),
                known,
            }),
            Register::Ip(lane) => Register::Ip(Lane {
                values: lane.values.clone(),
                known,
            }),
            Register::Text(texts) => Register::Text(Texts {
                values: texts.values.clone(),
                known,
            }),
            Register::Bool(_) => mismatch(),
        }
    }
}

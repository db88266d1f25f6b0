//! What two codes have in common.

use std::collections::HashMap;

use crate::code::{Call, Code, Inst, Operand};
use crate::op::{Opcode, Takes};
use crate::pool::key;

/// How far behind the place where it is expected a counterpart is looked for, before all places are.
const NEAR: usize = 16;

impl Code {
    /// By register: the register of `other` that holds the same, made by the same instructions of the same inputs and
    /// constants; `None` where there is none. Where the codes differ in little, it takes little more than comparing them.
    ///
    /// # Panics
    ///
    /// If an operand does not exist or does not precede its use: code from a builder and verified code are safe.
    pub fn counterparts(&self, other: &Self) -> Vec<Option<u32>> {
        let inputs: HashMap<_, u32> = other.inputs.iter().copied().zip(0..).collect();
        let mut pair = Pair {
            code: self,
            other,
            inputs: self.inputs.iter().map(|s| inputs.get(s).copied()).collect(),
            constants: constants(self, other),
            registers: Vec::with_capacity(self.instructions.len()),
            calls: None,
        };
        let mut all: Option<HashMap<Inst, u32>> = None;
        let mut expected = 0;
        for &inst in &self.instructions {
            let found = pair.translated(inst).and_then(|inst| {
                let all = &mut all;
                near(&other.instructions, expected, &inst).or_else(|| {
                    let all = all.get_or_insert_with(|| {
                        other.instructions.iter().copied().zip(0..).collect()
                    });
                    all.get(&inst).copied()
                })
            });
            if let Some(found) = found {
                expected = found as usize + 1;
            }
            pair.registers.push(found);
        }
        pair.registers
    }
}

/// The place of a value, if that is the expected one or one of a few behind it.
fn near<T: PartialEq>(all: &[T], expected: usize, value: &T) -> Option<u32> {
    let near = all.iter().zip(0..).skip(expected).take(NEAR);
    let mut found = near.filter(|(other, _)| *other == value);
    found.next().map(|(_, place)| place)
}

/// By constant of `code`: the same one of `other`.
fn constants(code: &Code, other: &Code) -> Vec<Option<u32>> {
    let mut expected = 0;
    let mut is_taken = vec![false; other.constants.len()];
    let mut found: Vec<Option<u32>> = (code.constants.iter())
        .map(|constant| {
            let place = near(&other.constants, expected, constant)?;
            is_taken[place as usize] = true;
            expected = place as usize + 1;
            Some(place)
        })
        .collect();
    if found.iter().all(Option::is_some) {
        return found;
    }
    // What is in another order: only what is left on both sides is hashed.
    let left = other.constants.iter().zip(0..).zip(is_taken);
    let left: HashMap<_, u32> = left
        .filter(|(_, is_taken)| !is_taken)
        .map(|((constant, place), _)| (key(constant), place))
        .collect();
    for (found, constant) in found.iter_mut().zip(&code.constants) {
        if found.is_none() {
            *found = left.get(&key(constant)).copied();
        }
    }
    found
}

/// A code and the other one, with what was found so far of the first in the second.
struct Pair<'c> {
    code: &'c Code,
    other: &'c Code,
    inputs: Vec<Option<u32>>,
    constants: Vec<Option<u32>>,
    registers: Vec<Option<u32>>,
    /// The other code's calls, once one was looked for.
    calls: Option<HashMap<&'c Call, u32>>,
}

impl Pair<'_> {
    /// The instruction as the other code would have it; `None` if it has not all of its operands.
    fn translated(&mut self, inst: Inst) -> Option<Inst> {
        if inst.op == Opcode::Load {
            let a = Operand::register(self.inputs[inst.a.index()]?);
            return Some(Inst { a, ..inst });
        }
        if inst.op == Opcode::Call {
            let Call { callee, arguments } = &self.code.calls[inst.a.index()];
            let arguments: Option<_> = (arguments.iter())
                .map(|&operand| self.operand(operand))
                .collect();
            let call = Call {
                callee: *callee,
                arguments: arguments?,
            };
            let other = self.other;
            let calls = self
                .calls
                .get_or_insert_with(|| other.calls.iter().zip(0..).collect());
            let a = Operand::register(*calls.get(&call)?);
            return Some(Inst { a, ..inst });
        }
        let [_, second] = inst.op.operands();
        Some(Inst {
            op: inst.op,
            a: self.operand(inst.a)?,
            b: match second {
                Takes::Nothing => inst.b,
                _ => self.operand(inst.b)?,
            },
        })
    }

    fn operand(&self, operand: Operand) -> Option<Operand> {
        if operand.is_constant() {
            return self.constants[operand.index()].map(Operand::constant);
        }
        self.registers[operand.index()].map(Operand::register)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::code::{Const, Input, Kind, Output, Slot};
    use crate::sample::{Entropy, code};
    use proptest::prelude::*;
    use trapjaw_event::{FieldId, FieldType};

    fn slots() -> Vec<Slot> {
        let kinds = [Kind::Bool, Kind::Int, Kind::Float, Kind::Text, Kind::Ip];
        let inputs = (0..8).filter_map(FieldId::from_index).map(Input::Field);
        let slots = kinds.into_iter().zip(inputs);
        slots.map(|(kind, input)| Slot { input, kind }).collect()
    }

    fn output(register: usize) -> Output {
        Output {
            operand: Operand::register(register as u32),
            ty: FieldType::Bool,
        }
    }

    /// Each register of `a` that has a counterpart holds what that holds.
    fn hold_the_same(a: &Code, b: &Code) -> Vec<Option<u32>> {
        let found = a.counterparts(b);
        for (register, other) in found.iter().enumerate() {
            if let Some(other) = *other {
                assert_eq!(
                    a.part(&[output(register)]),
                    b.part(&[output(other as usize)])
                );
            }
        }
        found
    }

    proptest! {
        #[test]
        fn counterparts_hold_the_same(
            bytes in proptest::collection::vec(any::<u8>(), 0..400),
            cut in any::<prop::sample::Index>(),
            other in proptest::collection::vec(any::<u8>(), 0..40),
        ) {
            let a = code(&slots(), &mut Entropy::new(&bytes));
            prop_assert!(hold_the_same(&a, &a).iter().zip(0..).all(|(found, register)| *found == Some(register)));
            // Other bytes from some place on: a part is the same.
            let mut changed = bytes.clone();
            changed.truncate(cut.index(bytes.len() + 1));
            changed.extend(other);
            hold_the_same(&a, &code(&slots(), &mut Entropy::new(&changed)));
        }

        #[test]
        fn what_is_in_another_order_is_found(
            bytes in proptest::collection::vec(any::<u8>(), 0..400),
            order in any::<prop::sample::Index>(),
        ) {
            let whole = code(&slots(), &mut Entropy::new(&bytes));
            let mut registers: Vec<usize> = (0..whole.instructions.len()).rev().collect();
            if !registers.is_empty() {
                registers.rotate_left(order.index(whole.instructions.len()));
            }
            let outputs: Vec<Output> = registers.into_iter().map(output).collect();
            let part = whole.part(&outputs);
            prop_assert!(hold_the_same(&part, &whole).iter().all(Option::is_some));
        }
    }

    #[test]
    fn what_asks_another_constant_has_none() {
        let of = |bounds: &[i64]| {
            let mut builder = crate::CodeBuilder::new();
            let value = builder.load(Input::Field(FieldId::new(0)), Kind::Int);
            for &bound in bounds {
                let bound = builder.constant(Const::Int(bound));
                let above = builder.binary(Opcode::GtInt, value, bound);
                builder.output(above, FieldType::Bool);
            }
            builder.finish()
        };
        let before: Vec<i64> = (0..100).collect();
        let after: Vec<i64> = (40..60)
            .chain([7_000])
            .chain(0..40)
            .chain(60..100)
            .collect();
        let found = of(&after).counterparts(&of(&before));
        // The load, and then the comparisons, in the order of the bounds.
        let expected = after
            .iter()
            .map(|&bound| (bound < 100).then_some(bound as u32 + 1));
        let expected: Vec<_> = [Some(0)].into_iter().chain(expected).collect();
        assert_eq!(found, expected);
    }
}

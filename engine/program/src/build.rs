//! Building code with common subexpressions shared.

use std::collections::HashMap;

use trapjaw_event::FieldType;

use crate::code::{Code, Const, Input, Inst, Kind, Operand, Output, Slot};
use crate::op::{Gives, Opcode};

/// Builds [`Code`]: the same instruction on the same operands is the same register (hash-consing).
///
/// It checks nothing beyond what it needs to find a register's kind; the verifier does.
#[derive(Debug, Default)]
pub struct CodeBuilder {
    code: Code,
    kinds: Vec<Kind>,
    known: HashMap<Inst, Operand>,
    slots: HashMap<Slot, Operand>,
    constants: HashMap<ConstKey, Operand>,
}

/// A constant as a map key: floats by their bits.
#[derive(Debug, PartialEq, Eq, Hash)]
enum ConstKey {
    Bool(bool),
    Int(i64),
    Float(u64),
    Text(Box<str>),
    Ip([u8; 16]),
    Set(Kind, Vec<ConstKey>),
    Names(Box<[Box<str>]>),
}

fn key(constant: &Const) -> ConstKey {
    match constant {
        Const::Bool(v) => ConstKey::Bool(*v),
        Const::Int(v) => ConstKey::Int(*v),
        Const::Float(v) => ConstKey::Float(v.to_bits()),
        Const::Text(v) => ConstKey::Text(v.clone()),
        Const::Ip(v) => ConstKey::Ip(v.octets()),
        Const::IntSet(v) => ConstKey::Set(Kind::Int, v.iter().map(|v| ConstKey::Int(*v)).collect()),
        Const::FloatSet(v) => ConstKey::Set(
            Kind::Float,
            v.iter().map(|v| ConstKey::Float(v.to_bits())).collect(),
        ),
        Const::TextSet(v) => ConstKey::Set(
            Kind::Text,
            v.iter().map(|v| ConstKey::Text(v.clone())).collect(),
        ),
        Const::IpSet(v) => ConstKey::Set(
            Kind::Ip,
            v.iter().map(|v| ConstKey::Ip(v.octets())).collect(),
        ),
        Const::Names(v) => ConstKey::Names(v.clone()),
    }
}

impl CodeBuilder {
    /// An empty program.
    pub fn new() -> Self {
        Self::default()
    }

    /// The register that holds an input.
    pub fn load(&mut self, input: Input, kind: Kind) -> Operand {
        let slot = Slot { input, kind };
        if let Some(&operand) = self.slots.get(&slot) {
            return operand;
        }
        let index = self.code.inputs.len() as u32;
        self.code.inputs.push(slot);
        let operand = self.push(
            Inst {
                op: Opcode::Load,
                a: Operand::register(index),
                b: Operand::register(0),
            },
            kind,
        );
        self.slots.insert(slot, operand);
        operand
    }

    /// The operand that is a constant.
    pub fn constant(&mut self, constant: Const) -> Operand {
        let code = &mut self.code;
        *self.constants.entry(key(&constant)).or_insert_with(|| {
            code.constants.push(constant);
            Operand::constant(code.constants.len() as u32 - 1)
        })
    }

    /// The register of an instruction with one operand.
    pub fn unary(&mut self, op: Opcode, a: Operand) -> Operand {
        self.binary(op, a, Operand::register(0))
    }

    /// The register of an instruction with two operands.
    pub fn binary(&mut self, op: Opcode, a: Operand, b: Operand) -> Operand {
        let inst = Inst { op, a, b };
        if let Some(&operand) = self.known.get(&inst) {
            return operand;
        }
        let Gives::Lane(kind) = op.result() else {
            unreachable!("loads have their own method")
        };
        let operand = self.push(inst, kind);
        self.known.insert(inst, operand);
        operand
    }

    /// The kind of an operand that this builder gave.
    pub fn kind(&self, operand: Operand) -> Option<Kind> {
        if operand.is_constant() {
            self.code.constants.get(operand.index())?.kind()
        } else {
            self.kinds.get(operand.index()).copied()
        }
    }

    /// Makes an operand a result and gives the result's index; the same operand of the same type is one result.
    pub fn output(&mut self, operand: Operand, ty: FieldType) -> u32 {
        let output = Output { operand, ty };
        let outputs = &mut self.code.outputs;
        let index = outputs
            .iter()
            .rposition(|o| *o == output)
            .unwrap_or_else(|| {
                outputs.push(output);
                outputs.len() - 1
            });
        index as u32
    }

    /// The program.
    pub fn finish(self) -> Code {
        self.code
    }

    fn push(&mut self, inst: Inst, kind: Kind) -> Operand {
        self.code.instructions.push(inst);
        self.kinds.push(kind);
        Operand::register(self.code.instructions.len() as u32 - 1)
    }
}

//! Building code with common subexpressions shared.

use std::collections::HashMap;

use trapjaw_event::FieldType;

use crate::code::{Call, Code, Const, Input, Inst, Kind, Operand, Output, Slot};
use crate::function::Callee;
use crate::op::{Gives, Opcode};
use crate::pool::Pool;

/// Builds [`Code`]: the same instruction on the same operands is the same register (hash-consing).
///
/// It checks nothing beyond what it needs to find a register's kind; the verifier does.
#[derive(Debug, Default)]
pub struct CodeBuilder {
    pool: Pool,
    instructions: Vec<Inst>,
    kinds: Vec<Kind>,
    known: HashMap<Inst, Operand>,
    outputs: Vec<Output>,
    known_outputs: HashMap<(Operand, FieldType), u32>,
}

impl CodeBuilder {
    /// An empty program.
    pub fn new() -> Self {
        Self::default()
    }

    /// The register that holds an input.
    pub fn load(&mut self, input: Input, kind: Kind) -> Operand {
        let index = self.pool.input(Slot { input, kind });
        let inst = Inst {
            op: Opcode::Load,
            a: Operand::register(index),
            b: Operand::register(0),
        };
        self.push(inst, kind)
    }

    /// The operand that is a constant.
    pub fn constant(&mut self, constant: Const) -> Operand {
        self.pool.constant(constant)
    }

    /// The register of an instruction with one operand.
    pub fn unary(&mut self, op: Opcode, a: Operand) -> Operand {
        self.binary(op, a, Operand::register(0))
    }

    /// The register of an instruction with two operands.
    pub fn binary(&mut self, op: Opcode, a: Operand, b: Operand) -> Operand {
        let Gives::Lane(kind) = op.result() else {
            unreachable!("loads and calls have their own methods")
        };
        self.push(Inst { op, a, b }, kind)
    }

    /// The register of a call with these arguments.
    pub fn call(&mut self, callee: Callee, arguments: Box<[Operand]>) -> Operand {
        let index = self.pool.call(Call { callee, arguments });
        let inst = Inst {
            op: Opcode::Call,
            a: Operand::register(index),
            b: Operand::register(0),
        };
        self.push(inst, callee.kind())
    }

    /// The kind of an operand that this builder gave.
    pub fn kind(&self, operand: Operand) -> Option<Kind> {
        if operand.is_constant() {
            self.pool.constants.get(operand.index())?.kind()
        } else {
            self.kinds.get(operand.index()).copied()
        }
    }

    /// Makes an operand a result and gives the result's index; the same operand of the same type is one result.
    pub fn output(&mut self, operand: Operand, ty: FieldType) -> u32 {
        let outputs = &mut self.outputs;
        *self
            .known_outputs
            .entry((operand, ty))
            .or_insert_with_key(|(operand, ty)| {
                outputs.push(Output {
                    operand: *operand,
                    ty: ty.clone(),
                });
                outputs.len() as u32 - 1
            })
    }

    /// Makes an operand a result behind all others, even if it is one already, and gives the result's index.
    pub fn append_output(&mut self, operand: Operand, ty: FieldType) -> u32 {
        self.outputs.push(Output { operand, ty });
        self.outputs.len() as u32 - 1
    }

    /// The program.
    pub fn finish(self) -> Code {
        Code {
            inputs: self.pool.inputs,
            constants: self.pool.constants,
            calls: self.pool.calls,
            instructions: self.instructions,
            outputs: self.outputs,
        }
    }

    fn push(&mut self, inst: Inst, kind: Kind) -> Operand {
        let (instructions, kinds) = (&mut self.instructions, &mut self.kinds);
        *self.known.entry(inst).or_insert_with(|| {
            instructions.push(inst);
            kinds.push(kind);
            Operand::register(instructions.len() as u32 - 1)
        })
    }
}

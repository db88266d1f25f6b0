//! Code reduced to what matters: without what is not used, and in one form.

use std::collections::HashMap;

use crate::code::{Call, Code, Inst, Kind, Operand, Output};
use crate::op::{Gives, Opcode, Takes};
use crate::pool::Pool;

impl Opcode {
    /// May it make a null of operands that are known: is there no result for some of them? That is counted.
    pub fn may_fault(self) -> bool {
        matches!(
            self,
            Self::AddInt
                | Self::SubInt
                | Self::MulInt
                | Self::NegInt
                | Self::AddFloat
                | Self::SubFloat
                | Self::MulFloat
                | Self::DivFloat
                | Self::NegFloat
                | Self::IntOfFloat
                | Self::Call
        )
    }
}

impl Inst {
    /// The registers that it reads, as an instruction of `code`.
    pub fn registers(self, code: &Code) -> impl Iterator<Item = usize> {
        let called: &[Operand] = match self.op {
            Opcode::Call => &code.calls[self.a.index()].arguments,
            _ => &[],
        };
        let called = (called.iter())
            .filter(|operand| !operand.is_constant())
            .map(|operand| operand.index());
        let own = (self.op.operands().into_iter().zip([self.a, self.b]))
            .filter(|(takes, operand)| {
                matches!(takes, Takes::Lane(_) | Takes::AnyRegister) && !operand.is_constant()
            })
            .map(|(_, operand)| operand.index());
        own.chain(called)
    }
}

impl Code {
    /// The same instructions and outputs, with inputs and constants in order of first use, each once, and none that is
    /// not used. It is what assembling a listing of the code gives.
    ///
    /// # Panics
    ///
    /// If an operand does not exist or does not precede its use: code from a builder and verified code are safe.
    #[must_use]
    pub fn compacted(&self) -> Self {
        let mut extract = Extract::new(self);
        for index in 0..self.instructions.len() {
            extract.push(index);
        }
        extract.finish(&self.outputs)
    }

    /// The instructions that make an output, in order.
    ///
    /// # Panics
    ///
    /// As [`slice`](Self::slice).
    pub fn needed(&self, output: u32) -> Vec<usize> {
        let operand = self.outputs[output as usize].operand;
        let mut extract = Extract::new(self);
        if !operand.is_constant() {
            extract.reach(operand.index());
        }
        let mut needed: Vec<usize> = extract.moved.into_keys().collect();
        needed.sort_unstable();
        needed
    }

    /// The part of the code that makes these outputs, and nothing else, in one form: registers, inputs and constants in
    /// the order in which a walk from the outputs first comes by them, operands before their instruction, the first
    /// operand first; equal instructions once. So it does not depend on what else the code does, or in which order.
    ///
    /// # Panics
    ///
    /// As [`compacted`](Self::compacted), or if there is no such output.
    #[must_use]
    pub fn slice(&self, outputs: &[u32]) -> Self {
        let outputs: Vec<_> = (outputs.iter())
            .map(|&index| self.outputs[index as usize].clone())
            .collect();
        self.part(&outputs)
    }

    /// As [`slice`](Self::slice), of any of the code's operands.
    ///
    /// # Panics
    ///
    /// As [`compacted`](Self::compacted), or if there is no such operand.
    #[must_use]
    pub fn part(&self, outputs: &[Output]) -> Self {
        let mut extract = Extract::new(self);
        for output in outputs.iter().filter(|o| !o.operand.is_constant()) {
            extract.reach(output.operand.index());
        }
        extract.finish(outputs)
    }

    /// The kind of what an operand holds; `None` of a constant that is no single value.
    ///
    /// # Panics
    ///
    /// If there is no such operand.
    pub fn kind(&self, operand: Operand) -> Option<Kind> {
        if operand.is_constant() {
            return self.constants[operand.index()].kind();
        }
        let inst = self.instructions[operand.index()];
        Some(match inst.op.result() {
            Gives::Lane(kind) => kind,
            Gives::OfInput => self.inputs[inst.a.index()].kind,
            Gives::OfCall => self.calls[inst.a.index()].callee.kind(),
        })
    }
}

/// Code made from some of the instructions of another.
struct Extract<'a> {
    source: &'a Code,
    pool: Pool,
    instructions: Vec<Inst>,
    /// Where the source's registers are now. A map: many small slices are taken from one large code.
    moved: HashMap<usize, Operand>,
    known: HashMap<Inst, Operand>,
}

impl<'a> Extract<'a> {
    fn new(source: &'a Code) -> Self {
        Self {
            source,
            pool: Pool::default(),
            instructions: Vec::new(),
            moved: HashMap::new(),
            known: HashMap::new(),
        }
    }

    /// Copies the instruction that makes register `root`, behind all that it needs, each once.
    fn reach(&mut self, root: usize) {
        // Code can be deep: the way down is not kept on the thread's stack. Registers fall along it, so it ends.
        let mut path = vec![root];
        while let Some(&index) = path.last() {
            let inst = self.source.instructions[index];
            let missing = (inst.registers(self.source)).find(|r| !self.moved.contains_key(r));
            if let Some(register) = missing {
                assert!(register < index, "an operand precedes its use");
                path.push(register);
                continue;
            }
            path.pop();
            let inst = self.translated(inst);
            let at = match self.known.get(&inst) {
                Some(&at) => at,
                None => self.append(inst),
            };
            self.known.insert(inst, at);
            self.moved.insert(index, at);
        }
    }

    /// Copies the next instruction as it stands.
    fn push(&mut self, index: usize) {
        let inst = self.translated(self.source.instructions[index]);
        let at = self.append(inst);
        self.moved.insert(index, at);
    }

    fn append(&mut self, inst: Inst) -> Operand {
        self.instructions.push(inst);
        Operand::register(self.instructions.len() as u32 - 1)
    }

    fn translated(&mut self, inst: Inst) -> Inst {
        if inst.op == Opcode::Load {
            let index = self.pool.input(self.source.inputs[inst.a.index()]);
            let a = Operand::register(index);
            return Inst { a, ..inst };
        }
        if inst.op == Opcode::Call {
            let Call { callee, arguments } = &self.source.calls[inst.a.index()];
            let arguments = arguments.iter().map(|&operand| self.operand(operand));
            let arguments = arguments.collect();
            let index = self.pool.call(Call {
                callee: *callee,
                arguments,
            });
            let a = Operand::register(index);
            return Inst { a, ..inst };
        }
        let [_, second] = inst.op.operands();
        Inst {
            op: inst.op,
            a: self.operand(inst.a),
            b: match second {
                Takes::Nothing => inst.b,
                _ => self.operand(inst.b),
            },
        }
    }

    fn operand(&mut self, operand: Operand) -> Operand {
        if operand.is_constant() {
            let constant = self.source.constants[operand.index()].clone();
            return self.pool.constant(constant);
        }
        let moved = self.moved.get(&operand.index());
        *moved.expect("an operand precedes its use")
    }

    fn finish(mut self, outputs: &[Output]) -> Code {
        let outputs = (outputs.iter())
            .map(|output| Output {
                operand: self.operand(output.operand),
                ty: output.ty.clone(),
            })
            .collect();
        Code {
            inputs: self.pool.inputs,
            constants: self.pool.constants,
            calls: self.pool.calls,
            instructions: self.instructions,
            outputs,
        }
    }
}

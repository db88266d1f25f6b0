//! What conditions are found by, told.

use std::collections::{BTreeMap, HashMap};

use trapjaw_event::TypeId;
use trapjaw_program::{Code, Input, Opcode, Operand, RuleSet, Verified};

use super::conjunct::Test;
use super::plan::plan;
use crate::config::Config;

/// What each condition of a rule set is found by, where it is found by looking a value up.
#[derive(Clone, Debug)]
pub struct Witnesses {
    /// By type and condition.
    types: Vec<BTreeMap<u32, Witness>>,
}

/// What a condition is found by: something without which it is not true.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Witness {
    /// How it is looked up.
    pub how: How,
    /// What is looked up; `None` where that is an expression.
    pub input: Option<Input>,
    /// How many conditions on the type are looked up by the same.
    pub conditions: usize,
}

/// How a value is looked up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum How {
    /// By hash, among those that it is to be equal to.
    Equal,
    /// Among ranges, by where these begin and end.
    Range,
    /// Among networks, or addresses.
    Network,
    /// By one pass over a text for all that it is to contain.
    Part,
}

impl Witnesses {
    /// Those with which an engine of this configuration runs the rules, if it begins with them. Once it has seen events
    /// it goes by how often values are there, and may choose others; and conditions that come by a reload may be computed for
    /// all rows until there are enough of them.
    pub fn of(rules: &Verified<RuleSet>, config: &Config) -> Self {
        let types = rules.types.iter();
        let types = types.map(|program| of_type(&program.code, config.index_from));
        Self {
            types: types.collect(),
        }
    }

    /// What a condition, an output of a type's program, is found by; `None` where it is computed for all rows.
    pub fn get(&self, ty: TypeId, condition: u32) -> Option<Witness> {
        self.types.get(ty.index())?.get(&condition).copied()
    }
}

fn of_type(code: &Code, from: usize) -> BTreeMap<u32, Witness> {
    let planned = plan(code, 0..code.outputs.len() as u32, (from, None));
    let tests = || {
        let tests = planned.iter();
        tests.map(|planned| (planned.condition, &planned.conjuncts[planned.witness].test))
    };
    let mut conditions: HashMap<Option<Operand>, usize> = HashMap::new();
    for (_, test) in tests() {
        *conditions.entry(test.operand()).or_default() += 1;
    }
    let witness = |(condition, test): (u32, &Test)| {
        let how = match test {
            Test::Range { low, high, .. } if low != high => How::Range,
            Test::Ip { .. } => How::Network,
            Test::Contains { .. } => How::Part,
            _ => How::Equal,
        };
        let witness = Witness {
            how,
            input: test.operand().and_then(|of| input(code, of)),
            conditions: conditions[&test.operand()],
        };
        (condition, witness)
    };
    tests().map(witness).collect()
}

/// The input that a register holds as it is.
fn input(code: &Code, register: Operand) -> Option<Input> {
    let inst = code.instructions[register.index()];
    (inst.op == Opcode::Load).then(|| code.inputs[inst.a.index()].input)
}

//! Inputs and constants of code under construction, each once.

use std::collections::HashMap;

use crate::code::{Call, Const, Kind, Operand, Slot};
use crate::matcher::Form;
use crate::table::TableId;

/// Gives each distinct input, constant and call one index, in order of first use.
#[derive(Debug, Default)]
pub(crate) struct Pool {
    pub(crate) inputs: Vec<Slot>,
    pub(crate) constants: Vec<Const>,
    pub(crate) calls: Vec<Call>,
    known_inputs: HashMap<Slot, u32>,
    known_constants: HashMap<Key, Operand>,
    known_calls: HashMap<Call, u32>,
}

impl Pool {
    /// The index of an input.
    pub(crate) fn input(&mut self, slot: Slot) -> u32 {
        let inputs = &mut self.inputs;
        *self.known_inputs.entry(slot).or_insert_with(|| {
            inputs.push(slot);
            inputs.len() as u32 - 1
        })
    }

    /// The index of a call.
    pub(crate) fn call(&mut self, call: Call) -> u32 {
        let calls = &mut self.calls;
        *self.known_calls.entry(call).or_insert_with_key(|call| {
            calls.push(call.clone());
            calls.len() as u32 - 1
        })
    }

    /// The operand that is a constant.
    pub(crate) fn constant(&mut self, constant: Const) -> Operand {
        let constants = &mut self.constants;
        *self
            .known_constants
            .entry(key(&constant))
            .or_insert_with(|| {
                constants.push(constant);
                Operand::constant(constants.len() as u32 - 1)
            })
    }
}

/// A constant as a map key: floats by their bits.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(crate) enum Key {
    Bool(bool),
    Int(i64),
    Float(u64),
    Text(Box<str>),
    Ip([u8; 16]),
    Set(Kind, Vec<Key>),
    Names(Box<[Box<str>]>),
    Table(TableId, Option<u16>),
    Pattern(Form, bool, Box<str>),
    Zone(Box<str>),
    Networks(Vec<[[u8; 16]; 2]>),
}

/// What tells a constant from all others.
pub(crate) fn key(constant: &Const) -> Key {
    match constant {
        Const::Bool(v) => Key::Bool(*v),
        Const::Int(v) => Key::Int(*v),
        Const::Float(v) => Key::Float(v.to_bits()),
        Const::Text(v) => Key::Text(v.clone()),
        Const::Ip(v) => Key::Ip(v.octets()),
        Const::IntSet(v) => Key::Set(Kind::Int, v.iter().map(|v| Key::Int(*v)).collect()),
        Const::FloatSet(v) => Key::Set(
            Kind::Float,
            v.iter().map(|v| Key::Float(v.to_bits())).collect(),
        ),
        Const::TextSet(v) => Key::Set(Kind::Text, v.iter().map(|v| Key::Text(v.clone())).collect()),
        Const::IpSet(v) => Key::Set(Kind::Ip, v.iter().map(|v| Key::Ip(v.octets())).collect()),
        Const::Names(v) => Key::Names(v.clone()),
        Const::Table(table) => Key::Table(*table, None),
        Const::Column(table, field) => Key::Table(*table, Some(*field)),
        Const::Pattern(v) => Key::Pattern(v.form(), v.ignores_case(), v.source().into()),
        Const::Zone(v) => Key::Zone(v.name().into()),
        Const::Networks(v) => {
            let ends = v.iter().map(|(a, b)| [a.octets(), b.octets()]);
            Key::Networks(ends.collect())
        }
    }
}

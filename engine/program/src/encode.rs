//! Code as bytes: little endian, counts and lengths before what they count.
//!
//! ```text
//! code     = version u8, inputs, constants, calls, instructions, outputs      (each: count u32, entries)
//! input    = tag u8 (field, envelope, kept, aggregate), number u16, kind u8
//! constant = tag u8, value                                             (sets and names: count u32, values; table u16; field: table u16, u16)
//! call     = function text, signature u8, operands                     (operands: count u32, u32 each)
//! inst     = opcode u8, a u32, b u32
//! output   = operand u32, type
//! type     = tag u8                                                    (enum: count u32, texts)
//! text     = length u32, bytes; bool u8; int i64; float its bits; ip 16 bytes; zone its name as text
//! pattern  = form u8 (regex, glob), ignoring case u8, text; networks = count u32, first and last ip of each
//! ```

use trapjaw_event::{FieldType, Ip};

use crate::code::{Code, Const, Envelope, Input, Kind, Output};

/// The first byte of encoded code; another layout takes another number.
pub(crate) const VERSION: u8 = 2;

impl Code {
    /// The code as bytes, from which [`decode`](Self::decode) makes it again.
    ///
    /// Code is a process's own: the bytes feed tests and hashes, and are no format for others.
    pub fn encode(&self) -> Vec<u8> {
        let mut bytes = Writer::default();
        bytes.u8(VERSION);
        bytes.all(&self.inputs, |bytes, slot| {
            bytes.input(slot.input);
            bytes.u8(slot.kind as u8);
        });
        bytes.all(&self.constants, Writer::constant);
        bytes.all(&self.calls, |bytes, call| {
            bytes.text(call.callee.name());
            bytes.u8(call.callee.number());
            bytes.all(&call.arguments, |bytes, operand| bytes.u32(operand.bits()));
        });
        bytes.all(&self.instructions, |bytes, inst| {
            bytes.u8(inst.op as u8);
            bytes.u32(inst.a.bits());
            bytes.u32(inst.b.bits());
        });
        bytes.all(&self.outputs, Writer::output);
        bytes.0
    }
}

/// Bytes under construction.
#[derive(Default)]
pub(crate) struct Writer(pub(crate) Vec<u8>);

impl Writer {
    pub(crate) fn u8(&mut self, value: u8) {
        self.0.push(value);
    }

    pub(crate) fn u16(&mut self, value: u16) {
        self.0.extend(value.to_le_bytes());
    }

    pub(crate) fn u32(&mut self, value: u32) {
        self.0.extend(value.to_le_bytes());
    }

    pub(crate) fn u64(&mut self, value: u64) {
        self.0.extend(value.to_le_bytes());
    }

    pub(crate) fn i64(&mut self, value: i64) {
        self.0.extend(value.to_le_bytes());
    }

    pub(crate) fn text(&mut self, value: &str) {
        self.count(value.len());
        self.0.extend(value.as_bytes());
    }

    /// A count, which limits keep below what a `u32` holds.
    pub(crate) fn count(&mut self, count: usize) {
        self.u32(u32::try_from(count).expect("counts are limited"));
    }

    pub(crate) fn ty(&mut self, ty: &FieldType) {
        self.u8(type_tag(ty));
        if let FieldType::Enum(names) = ty {
            self.all(names, |bytes, name| bytes.text(name));
        }
    }

    /// A sequence: its count, then each entry.
    pub(crate) fn all<T>(&mut self, values: &[T], mut each: impl FnMut(&mut Self, &T)) {
        self.count(values.len());
        for value in values {
            each(self, value);
        }
    }

    /// A value that may be left out.
    pub(crate) fn option<T>(&mut self, value: Option<&T>, write: impl FnOnce(&mut Self, &T)) {
        self.u8(u8::from(value.is_some()));
        if let Some(value) = value {
            write(self, value);
        }
    }

    pub(crate) fn output(&mut self, output: &Output) {
        self.u32(output.operand.bits());
        self.ty(&output.ty);
    }

    fn input(&mut self, input: Input) {
        let (tag, number) = match input {
            Input::Field(id) => (0, id.get()),
            Input::Envelope(envelope) => (1, envelope as u16),
            Input::Kept(index) => (2, index),
            Input::Aggregate(index) => (3, index),
        };
        self.u8(tag);
        self.u16(number);
    }

    pub(crate) fn constant(&mut self, constant: &Const) {
        self.u8(constant_tag(constant));
        match constant {
            Const::Bool(value) => self.u8(u8::from(*value)),
            Const::Int(value) => self.i64(*value),
            Const::Float(value) => self.float(*value),
            Const::Text(value) => self.text(value),
            Const::Ip(value) => self.ip(*value),
            Const::IntSet(values) => self.all(values, |bytes, value| bytes.i64(*value)),
            Const::FloatSet(values) => self.all(values, |bytes, value| bytes.float(*value)),
            Const::TextSet(values) => self.all(values, |bytes, value| bytes.text(value)),
            Const::IpSet(values) => self.all(values, |bytes, value| bytes.ip(*value)),
            Const::Names(values) => self.all(values, |bytes, value| bytes.text(value)),
            Const::Table(table) => self.u16(table.get()),
            Const::Column(table, field) => {
                self.u16(table.get());
                self.u16(*field);
            }
            Const::Pattern(value) => {
                self.u8(value.form() as u8);
                self.u8(u8::from(value.ignores_case()));
                self.text(value.source());
            }
            Const::Zone(value) => self.text(value.name()),
            Const::Networks(values) => self.all(values, |bytes, (first, last)| {
                bytes.ip(*first);
                bytes.ip(*last);
            }),
        }
    }

    fn float(&mut self, value: f64) {
        self.0.extend(value.to_bits().to_le_bytes());
    }

    fn ip(&mut self, value: Ip) {
        self.0.extend(value.octets());
    }
}

/// The kind with this tag.
pub(crate) fn kind(tag: u8) -> Option<Kind> {
    use Kind::{Bool, Float, Int, Ip, Text};
    [Bool, Int, Float, Text, Ip].get(usize::from(tag)).copied()
}

/// The envelope field with this number.
pub(crate) fn envelope(number: u16) -> Option<Envelope> {
    Envelope::ALL
        .get(usize::from(number))
        .map(|(envelope, _)| *envelope)
}

fn constant_tag(constant: &Const) -> u8 {
    match constant {
        Const::Bool(_) => 0,
        Const::Int(_) => 1,
        Const::Float(_) => 2,
        Const::Text(_) => 3,
        Const::Ip(_) => 4,
        Const::IntSet(_) => 5,
        Const::FloatSet(_) => 6,
        Const::TextSet(_) => 7,
        Const::IpSet(_) => 8,
        Const::Names(_) => 9,
        Const::Table(_) => 10,
        Const::Column(..) => 11,
        Const::Pattern(_) => 12,
        Const::Zone(_) => 13,
        Const::Networks(_) => 14,
    }
}

fn type_tag(ty: &FieldType) -> u8 {
    match ty {
        FieldType::Bool => 0,
        FieldType::Int => 1,
        FieldType::Float => 2,
        FieldType::Text => 3,
        FieldType::Time => 4,
        FieldType::Duration => 5,
        FieldType::Ip => 6,
        FieldType::Enum(_) => 7,
    }
}

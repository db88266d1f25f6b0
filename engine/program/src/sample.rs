//! Random code from bytes, for fuzzing: what a verifier accepts, and what is nearly so.
//!
//! Random bytes are hardly ever sound code, so decoding them tests little behind the verifier. [`code`] spends the bytes
//! on choices among what is sound instead; [`damage`] then breaks one thing of it.

use core::net::{Ipv4Addr, Ipv6Addr};

use std::sync::Arc;

use trapjaw_event::{FieldType, Ip, Value};

use crate::build::CodeBuilder;
use crate::code::{Code, Const, Kind, Operand, Slot};
use crate::function::{Callee, Type, UNITS};
use crate::limits::MAX_DIGITS;
use crate::matcher::Pattern;
use crate::op::{Opcode, Takes};
use crate::table::{Table, TableField, TableId};
use crate::zone::Zone;

/// Most instructions that [`code`] tries to add.
const MAX_STEPS: usize = 256;
/// Most outputs of sampled code.
const MAX_RESULTS: usize = 8;

/// A source of choices: bytes, then zeros.
#[derive(Clone, Debug)]
pub struct Entropy<'a>(&'a [u8]);

impl<'a> Entropy<'a> {
    /// Choices that these bytes decide.
    pub const fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    /// The next byte; 0 when there are no more.
    pub fn byte(&mut self) -> u8 {
        match self.0.split_first() {
            Some((byte, rest)) => {
                self.0 = rest;
                *byte
            }
            None => 0,
        }
    }

    /// The next eight bytes as a number.
    pub fn word(&mut self) -> u64 {
        u64::from_le_bytes([(); 8].map(|()| self.byte()))
    }

    /// A number below `bound`; 0 if that is 0.
    pub fn below(&mut self, bound: usize) -> usize {
        let number = u16::from_le_bytes([self.byte(), self.byte()]);
        usize::from(number).checked_rem(bound).unwrap_or(0)
    }

    /// One of these; `None` if there are none.
    pub fn pick<T: Clone>(&mut self, among: &[T]) -> Option<T> {
        among.get(self.below(among.len())).cloned()
    }

    /// Are all bytes spent?
    pub const fn is_spent(&self) -> bool {
        self.0.is_empty()
    }
}

/// Code that reads these inputs (each listed once) and looks things up in [`tables`], and that verifies, as long as the
/// bytes reach.
pub fn code(slots: &[Slot], entropy: &mut Entropy<'_>) -> Code {
    let mut sampler = Sampler {
        builder: CodeBuilder::new(),
        registers: Vec::new(),
    };
    for _ in 0..MAX_STEPS {
        if entropy.is_spent() {
            break;
        }
        sampler.step(slots, entropy);
    }
    for _ in 0..=entropy.below(MAX_RESULTS) {
        sampler.output(entropy);
    }
    sampler.builder.finish()
}

/// A constant of a single value.
pub fn value(kind: Kind, entropy: &mut Entropy<'_>) -> Const {
    match kind {
        Kind::Bool => Const::Bool(entropy.byte() & 1 == 1),
        Kind::Int => Const::Int(int(entropy)),
        Kind::Float => Const::Float(float(entropy)),
        Kind::Text => Const::Text(text(entropy)),
        Kind::Ip => Const::Ip(ip(entropy)),
    }
}

/// Changes one thing of code, whatever that makes of it.
pub fn damage(code: &mut Code, entropy: &mut Entropy<'_>) {
    let operand = operand(code, entropy);
    let kinds = [Kind::Bool, Kind::Int, Kind::Float, Kind::Text, Kind::Ip];
    let kind = kinds[entropy.below(kinds.len())];
    match entropy.below(9) {
        0 => {
            let index = entropy.below(code.inputs.len());
            if let Some(slot) = code.inputs.get_mut(index) {
                slot.kind = kind;
            }
        }
        1 => code.inputs.extend(entropy.pick(&code.inputs)),
        2 if entropy.below(2) == 0 => drop(code.calls.pop()),
        2 => drop(code.inputs.pop()),
        3 => {
            let index = entropy.below(code.constants.len());
            if let Some(constant) = code.constants.get_mut(index) {
                *constant = odd_constant(kind, entropy);
            }
        }
        4 => {
            let index = entropy.below(code.outputs.len());
            if let Some(output) = code.outputs.get_mut(index) {
                match entropy.below(2) {
                    0 => output.operand = operand,
                    _ => output.ty = ty(kind, entropy),
                }
            }
        }
        _ => {
            let index = entropy.below(code.instructions.len());
            if let Some(inst) = code.instructions.get_mut(index) {
                match entropy.below(3) {
                    0 => inst.a = operand,
                    1 => inst.b = operand,
                    _ => inst.op = Opcode::ALL[entropy.below(Opcode::ALL.len())],
                }
            }
        }
    }
}

struct Sampler {
    builder: CodeBuilder,
    registers: Vec<(Kind, Operand)>,
}

impl Sampler {
    /// Adds an instruction, if there are registers for the one that is drawn.
    fn step(&mut self, slots: &[Slot], entropy: &mut Entropy<'_>) {
        let op = Opcode::ALL[entropy.below(Opcode::ALL.len())];
        let [first, second] = op.operands();
        if op == Opcode::Load || self.registers.is_empty() {
            if let Some(slot) = entropy.pick(slots) {
                let register = self.builder.load(slot.input, slot.kind);
                self.registers.push((slot.kind, register));
            }
            return;
        }
        if op == Opcode::Call {
            return self.call(entropy);
        }
        // One of two operands may be a constant.
        let [fixed_first, fixed_second] = match (entropy.below(4), second) {
            (0, Takes::Lane(_)) => [true, false],
            (1, Takes::Lane(_)) => [false, true],
            _ => [false, false],
        };
        let operands = (
            self.operand(first, fixed_first, entropy),
            self.operand(second, fixed_second, entropy),
        );
        if let (Some(a), Some(b)) = operands {
            let register = self.builder.binary(op, a, b);
            let kind = self.builder.kind(register);
            self.registers.extend(kind.map(|kind| (kind, register)));
        }
    }

    /// Adds a call, if there are registers for the function that is drawn.
    fn call(&mut self, entropy: &mut Entropy<'_>) {
        let callees: Vec<Callee> = Callee::all().collect();
        let callee = callees[entropy.below(callees.len())];
        let mut arguments = Vec::new();
        for (index, ty) in callee.signature().types().enumerate() {
            let register = ty.kind().and_then(|kind| self.register(kind, entropy));
            let constant = match ty {
                Type::Pattern => Const::Pattern(pattern(entropy)),
                Type::Zone => Const::Zone(zone(entropy)),
                Type::Unit => Const::Text(UNITS[entropy.below(UNITS.len())].into()),
                Type::Layout => Const::Text(layout(entropy).into()),
                // The first is a register: one at least has to be.
                _ if index == 0 || entropy.below(2) == 0 => match register {
                    Some(register) => {
                        arguments.push(register);
                        continue;
                    }
                    None => return,
                },
                ty => match ty.kind() {
                    Some(kind) => value(kind, entropy),
                    None => return,
                },
            };
            arguments.push(self.builder.constant(constant));
        }
        let register = self.builder.call(callee, arguments.into());
        self.registers.push((callee.kind(), register));
    }

    fn operand(&mut self, takes: Takes, fixed: bool, entropy: &mut Entropy<'_>) -> Option<Operand> {
        let constant = match takes {
            Takes::Nothing | Takes::Input | Takes::Call => return Some(Operand::register(0)),
            Takes::AnyRegister => return entropy.pick(&self.registers).map(|(_, r)| r),
            Takes::Lane(kind) if !fixed => return self.register(kind, entropy),
            Takes::Lane(kind) => value(kind, entropy),
            Takes::Set(kind) => set(kind, entropy),
            Takes::Names => Const::Names(names(entropy)),
            Takes::Table(kind) => table(kind),
            Takes::Column(kind) => column(kind, entropy),
            Takes::Pattern => Const::Pattern(pattern(entropy)),
            Takes::Networks => networks(entropy),
            Takes::Digits => Const::Int(entropy.below(MAX_DIGITS as usize + 1) as i64),
        };
        Some(self.builder.constant(constant))
    }

    fn register(&self, kind: Kind, entropy: &mut Entropy<'_>) -> Option<Operand> {
        let registers: Vec<_> = (self.registers.iter())
            .filter(|(found, _)| *found == kind)
            .map(|(_, register)| *register)
            .collect();
        entropy.pick(&registers)
    }

    fn output(&mut self, entropy: &mut Entropy<'_>) {
        let register = entropy.pick(&self.registers);
        match register.filter(|_| entropy.below(8) != 7) {
            Some((kind, register)) => {
                let ty = ty(kind, entropy);
                self.builder.output(register, ty);
            }
            None => {
                let ty = ty(Kind::Int, entropy);
                let code = match &ty {
                    FieldType::Enum(names) => entropy.below(names.len()) as i64,
                    _ => int(entropy),
                };
                let constant = self.builder.constant(Const::Int(code));
                self.builder.output(constant, ty);
            }
        }
    }
}

/// Tables that sampled code looks things up in, one for each kind of key, with a field of each kind.
pub fn tables() -> Vec<Arc<Table>> {
    let keys = [FieldType::Int, FieldType::Text, FieldType::Ip];
    keys.into_iter().map(|ty| Arc::new(sampled(ty))).collect()
}

fn sampled(key: FieldType) -> Table {
    let keys: [Value; 3] = match key {
        FieldType::Int => [0, 1, -1].map(Value::Int),
        FieldType::Text => ["", "a", "host-"].map(|key| Value::Text(key.into())),
        _ => [0, 1, 2].map(|last| Value::Ip(Ipv4Addr::new(10, 0, 0, last).into())),
    };
    let name = format!("by_{key}");
    let types = [
        FieldType::Bool,
        FieldType::Int,
        FieldType::Float,
        FieldType::Text,
        FieldType::Ip,
        key,
    ];
    let fields = types.into_iter().enumerate().map(|(place, ty)| TableField {
        name: format!("field_{place}").into(),
        ty,
        optional: place < COLUMNS.len(),
    });
    let [first, second, third] = keys;
    let ip = Value::Ip(Ip::from_octets([7; 16]));
    let texts = ["b", "é"].map(|text| Value::Text(text.into()));
    let [text, other] = texts;
    let rows = vec![
        vec![
            Value::Bool(true),
            Value::Int(2),
            Value::Float(0.9),
            text,
            ip,
            first,
        ],
        vec![
            Value::Null,
            Value::Null,
            Value::Null,
            Value::Null,
            Value::Null,
            second,
        ],
        vec![
            Value::Bool(false),
            Value::Int(0),
            Value::Float(-1.5),
            other,
            Value::Null,
            third,
        ],
    ];
    Table::new(&name, fields.collect(), COLUMNS.len(), rows).expect("the sample is sound")
}

/// The kinds of the sampled tables' fields, by place; the key stands behind them.
const COLUMNS: [Kind; 5] = [Kind::Bool, Kind::Int, Kind::Float, Kind::Text, Kind::Ip];

fn table(kind: Kind) -> Const {
    Const::Table(TableId::new(match kind {
        Kind::Text => 1,
        Kind::Ip => 2,
        Kind::Bool | Kind::Int | Kind::Float => 0,
    }))
}

fn column(kind: Kind, entropy: &mut Entropy<'_>) -> Const {
    let place = COLUMNS.iter().position(|column| *column == kind);
    let table = entropy.below(3) as u16;
    Const::Column(TableId::new(table), place.unwrap_or_default() as u16)
}

/// A type whose values are of this kind.
fn ty(kind: Kind, entropy: &mut Entropy<'_>) -> FieldType {
    match kind {
        Kind::Bool => FieldType::Bool,
        Kind::Float => FieldType::Float,
        Kind::Text => FieldType::Text,
        Kind::Ip => FieldType::Ip,
        Kind::Int => match entropy.below(4) {
            0 => FieldType::Int,
            1 => FieldType::Time,
            2 => FieldType::Duration,
            _ => FieldType::Enum(names(entropy).into()),
        },
    }
}

fn int(entropy: &mut Entropy<'_>) -> i64 {
    const EDGES: [i64; 8] = [0, 1, -1, 3, 1_000_000_000, -5, i64::MIN, i64::MAX];
    match entropy.below(EDGES.len() + 1) {
        8 => entropy.word() as i64,
        edge => EDGES[edge],
    }
}

/// Never NaN or -0.0.
fn float(entropy: &mut Entropy<'_>) -> f64 {
    const EDGES: [f64; 8] = [
        0.0,
        1.0,
        -1.5,
        0.9,
        f64::INFINITY,
        f64::NEG_INFINITY,
        5e-324,
        f64::MAX,
    ];
    match entropy.below(EDGES.len() + 1) {
        8 => match f64::from_bits(entropy.word()) {
            value if value.is_nan() || value == 0.0 => 0.0,
            value => value,
        },
        edge => EDGES[edge],
    }
}

fn text(entropy: &mut Entropy<'_>) -> Box<str> {
    const PIECES: [&str; 8] = ["a", "b", "host-", "é", "\"", "\\\n", "; ", "\u{202e}"];
    (0..entropy.below(5))
        .map(|_| PIECES[entropy.below(PIECES.len())])
        .collect::<String>()
        .into()
}

fn ip(entropy: &mut Entropy<'_>) -> Ip {
    match entropy.below(3) {
        0 => Ipv4Addr::new(10, 0, 0, entropy.byte()).into(),
        1 => Ipv6Addr::UNSPECIFIED.into(),
        _ => Ip::from_octets([(); 16].map(|()| entropy.byte())),
    }
}

fn pattern(entropy: &mut Entropy<'_>) -> Pattern {
    const REGEXES: [&str; 6] = ["a", "^b|é$", "(?<name>[a-z]+)-", ".*", "(a)(b)?", "host"];
    const GLOBS: [&str; 5] = ["a*", "*b?", "[a-c]*", "*", "host-"];
    let ignore_case = entropy.below(2) == 1;
    let pattern = match entropy.below(2) {
        0 => Pattern::regex(REGEXES[entropy.below(REGEXES.len())], ignore_case),
        _ => Pattern::glob(GLOBS[entropy.below(GLOBS.len())], ignore_case),
    };
    pattern.expect("these are patterns")
}

fn zone(entropy: &mut Entropy<'_>) -> Zone {
    let name = ["UTC", "Europe/Berlin", "Asia/Kolkata"][entropy.below(3)];
    Zone::by_name(name).expect("these are zones")
}

fn layout(entropy: &mut Entropy<'_>) -> &'static str {
    [".2", ".1%", "%H:%M", "s", ".1h", "%"][entropy.below(6)]
}

fn networks(entropy: &mut Entropy<'_>) -> Const {
    let ends = rising(2 * entropy.below(4), Ip::cmp, || ip(entropy));
    let pairs = ends.as_chunks::<2>().0.iter();
    Const::Networks(pairs.map(|[first, last]| (*first, *last)).collect())
}

fn set(kind: Kind, entropy: &mut Entropy<'_>) -> Const {
    let count = entropy.below(5);
    match kind {
        Kind::Int => Const::IntSet(rising(count, i64::cmp, || int(entropy))),
        Kind::Float => Const::FloatSet(rising(count, f64::total_cmp, || float(entropy))),
        Kind::Ip => Const::IpSet(rising(count, Ip::cmp, || ip(entropy))),
        Kind::Text | Kind::Bool => Const::TextSet(rising(count, Ord::cmp, || text(entropy))),
    }
}

/// So many values at most, sorted, each once.
fn rising<T>(
    count: usize,
    compare: impl Fn(&T, &T) -> core::cmp::Ordering,
    mut draw: impl FnMut() -> T,
) -> Box<[T]> {
    let mut values: Vec<T> = (0..count).map(|_| draw()).collect();
    values.sort_by(&compare);
    values.dedup_by(|a, b| compare(a, b).is_eq());
    values.into()
}

fn names(entropy: &mut Entropy<'_>) -> Box<[Box<str>]> {
    ["started", "failed", "rolled back"][..=entropy.below(3)]
        .iter()
        .map(|name| Box::from(*name))
        .collect()
}

/// An operand that is, or is hardly not, in the code.
fn operand(code: &Code, entropy: &mut Entropy<'_>) -> Operand {
    match entropy.below(4) {
        0 => Operand::constant(entropy.below(code.constants.len() + 1) as u32),
        1 => Operand::from_bits(entropy.word() as u32),
        _ => Operand::register(entropy.below(code.instructions.len() + 1) as u32),
    }
}

/// A constant that may have no place in code.
fn odd_constant(kind: Kind, entropy: &mut Entropy<'_>) -> Const {
    match entropy.below(10) {
        8 => Const::Table(TableId::new(entropy.below(5) as u16)),
        9 => Const::Column(
            TableId::new(entropy.below(5) as u16),
            entropy.below(8) as u16,
        ),
        0 => Const::Float(f64::NAN),
        1 => Const::Float(-0.0),
        2 => Const::IntSet(Box::from([entropy.word() as i64, 0])),
        3 => Const::FloatSet(Box::from([float(entropy), f64::NAN])),
        4 => Const::Names(Box::from([])),
        5 => Const::Names(names(entropy)),
        6 => set(kind, entropy),
        _ => value(kind, entropy),
    }
}

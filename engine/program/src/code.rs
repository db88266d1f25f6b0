//! Code: a straight-line program over columns.

use core::fmt;

use trapjaw_event::{FieldId, FieldType, Ip};

use crate::function::Callee;
use crate::matcher::Pattern;
use crate::op::Opcode;
use crate::table::TableId;
use crate::zone::Zone;

/// What a register holds: one value a row. Times and durations (nanoseconds) and enum codes are `Int`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kind {
    /// Three-valued.
    Bool,
    /// 64-bit signed.
    Int,
    /// 64-bit float, never NaN.
    Float,
    /// UTF-8.
    Text,
    /// 16 bytes.
    Ip,
}

impl Kind {
    /// The kind that holds values of a field type.
    pub fn of(ty: &FieldType) -> Self {
        match ty {
            FieldType::Bool => Self::Bool,
            FieldType::Int | FieldType::Time | FieldType::Duration | FieldType::Enum(_) => {
                Self::Int
            }
            FieldType::Float => Self::Float,
            FieldType::Text => Self::Text,
            FieldType::Ip => Self::Ip,
        }
    }

    /// Its name in listings.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Bool => "bool",
            Self::Int => "int",
            Self::Float => "float",
            Self::Text => "text",
            Self::Ip => "ip",
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// Envelope fields that expressions read; `severity` is an enum of the severities' names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[allow(missing_docs, reason = "the names are CloudEvents' own")]
pub enum Envelope {
    Type,
    Source,
    Id,
    Subject,
    Time,
    Severity,
}

impl Envelope {
    /// All of them, with their names in rules.
    pub const ALL: [(Self, &'static str); 6] = [
        (Self::Type, "type"),
        (Self::Source, "source"),
        (Self::Id, "id"),
        (Self::Subject, "subject"),
        (Self::Time, "time"),
        (Self::Severity, "severity"),
    ];

    /// Its name in rules.
    pub fn name(self) -> &'static str {
        Self::ALL[self as usize].1
    }

    /// The envelope field of this name.
    pub fn by_name(name: &str) -> Option<Self> {
        Self::ALL.iter().find(|(_, n)| *n == name).map(|(e, _)| *e)
    }

    /// The kind of register that holds it.
    pub const fn kind(self) -> Kind {
        match self {
            Self::Type | Self::Source | Self::Id | Self::Subject => Kind::Text,
            Self::Time | Self::Severity => Kind::Int,
        }
    }
}

/// Where a column that code reads comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Input {
    /// A declared field of the section under evaluation (code that belongs to one event type).
    Field(FieldId),
    /// An envelope field of the event.
    Envelope(Envelope),
    /// The rule's i-th kept field ([`crate::Rule::kept`]) of its alias (code that belongs to a rule).
    Kept(u16),
    /// The rule's i-th aggregate (code that belongs to a rule).
    Aggregate(u16),
}

/// As in listings: `field 3`, `envelope time`, `kept 0`, `aggregate 1`.
impl fmt::Display for Input {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Field(id) => write!(f, "field {id}"),
            Self::Envelope(envelope) => write!(f, "envelope {}", envelope.name()),
            Self::Kept(index) => write!(f, "kept {index}"),
            Self::Aggregate(index) => write!(f, "aggregate {index}"),
        }
    }
}

/// An input and its kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Slot {
    /// Where it comes from.
    pub input: Input,
    /// What it holds.
    pub kind: Kind,
}

/// A constant of code.
#[derive(Clone, Debug, PartialEq)]
#[allow(missing_docs, reason = "the kinds' own names")]
pub enum Const {
    Bool(bool),
    Int(i64),
    /// Never NaN, never -0.0.
    Float(f64),
    Text(Box<str>),
    Ip(Ip),
    /// Sorted, without repetition; so are the other sets.
    IntSet(Box<[i64]>),
    FloatSet(Box<[f64]>),
    TextSet(Box<[Box<str>]>),
    IpSet(Box<[Ip]>),
    /// Names of an enum's variants, by code.
    Names(Box<[Box<str>]>),
    /// One of the rule set's tables.
    Table(TableId),
    /// A field of one of the rule set's tables, by its place.
    Column(TableId, u16),
    /// A pattern of texts.
    Pattern(Pattern),
    /// A time zone.
    Zone(Zone),
    /// Ranges of addresses, both ends in them: in order, each beginning above the end of the one before.
    Networks(Box<[(Ip, Ip)]>),
}

impl Const {
    /// The kind of a single value; `None` for sets, names and tables.
    pub fn kind(&self) -> Option<Kind> {
        match self {
            Self::Bool(_) => Some(Kind::Bool),
            Self::Int(_) => Some(Kind::Int),
            Self::Float(_) => Some(Kind::Float),
            Self::Text(_) => Some(Kind::Text),
            Self::Ip(_) => Some(Kind::Ip),
            _ => None,
        }
    }

    /// The kind of a set's values; `None` for all others.
    pub fn set_kind(&self) -> Option<Kind> {
        match self {
            Self::IntSet(_) => Some(Kind::Int),
            Self::FloatSet(_) => Some(Kind::Float),
            Self::TextSet(_) => Some(Kind::Text),
            Self::IpSet(_) => Some(Kind::Ip),
            _ => None,
        }
    }

    /// What it is, in the words of messages.
    pub(crate) fn what(&self) -> &'static str {
        match self {
            Self::Bool(_) => "bool",
            Self::Int(_) => "int",
            Self::Float(_) => "float",
            Self::Text(_) => "text",
            Self::Ip(_) => "ip",
            Self::IntSet(_) => "set of int",
            Self::FloatSet(_) => "set of float",
            Self::TextSet(_) => "set of text",
            Self::IpSet(_) => "set of ip",
            Self::Names(_) => "names",
            Self::Table(_) => "table",
            Self::Column(..) => "field of a table",
            Self::Pattern(_) => "pattern",
            Self::Zone(_) => "zone",
            Self::Networks(_) => "networks",
        }
    }
}

/// A register or a constant, by index.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Operand(u32);

impl Operand {
    const CONSTANT: u32 = 1 << 31;

    /// The register that instruction `index` makes.
    pub const fn register(index: u32) -> Self {
        Self(index & !Self::CONSTANT)
    }

    /// Constant `index`.
    pub const fn constant(index: u32) -> Self {
        Self(index | Self::CONSTANT)
    }

    /// From its encoding: the top bit tells a constant.
    pub const fn from_bits(bits: u32) -> Self {
        Self(bits)
    }

    /// Its encoding.
    pub const fn bits(self) -> u32 {
        self.0
    }

    /// Is it a constant?
    pub const fn is_constant(self) -> bool {
        self.0 & Self::CONSTANT != 0
    }

    /// Its index among the registers or the constants.
    pub const fn index(self) -> usize {
        (self.0 & !Self::CONSTANT) as usize
    }
}

impl fmt::Debug for Operand {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}{}",
            if self.is_constant() { 'k' } else { 'r' },
            self.index()
        )
    }
}

/// One instruction; instruction `i` makes register `i`. What `a` and `b` mean, the op table says;
/// an input or a call is given by its index, as a register would be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Inst {
    /// What to do.
    pub op: Opcode,
    /// First operand.
    pub a: Operand,
    /// Second operand, or zero.
    pub b: Operand,
}

/// A call of a function.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Call {
    /// What is called.
    pub callee: Callee,
    /// One a parameter; a pattern or zone is a constant, and one at least is a register.
    pub arguments: Box<[Operand]>,
}

/// A result of code.
#[derive(Clone, Debug, PartialEq)]
pub struct Output {
    /// Where it stands.
    pub operand: Operand,
    /// Its type; the operand's kind is `Kind::of(&ty)`.
    pub ty: FieldType,
}

/// A straight-line program over columns: given one column an input, all of the same number of rows,
/// it makes one column an output.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Code {
    /// Columns that it reads, distinct.
    pub inputs: Vec<Slot>,
    /// Constants that it uses.
    pub constants: Vec<Const>,
    /// Calls that instructions make, each by its index.
    pub calls: Vec<Call>,
    /// Instructions in order; an operand register precedes its use.
    pub instructions: Vec<Inst>,
    /// Results.
    pub outputs: Vec<Output>,
}

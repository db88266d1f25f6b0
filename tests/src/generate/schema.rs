//! The event types of a case, its constants, and the values that both histories and rules draw on: because they
//! draw on the same few, comparisons come out either way and timers meet events.

use trapjaw_event::{Severity, Value};

use super::random::Random;
use super::table::TableDef;

/// A second, in nanoseconds.
pub(super) const SECOND: i64 = 1_000_000_000;

/// Types of fields. There are two enums, [`LEVELS`] and [`PHASES`]; severities are a third.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ty {
    Bool,
    Int,
    Float,
    Text,
    Time,
    Duration,
    Ip,
    Level,
    Phase,
    Severity,
}

pub(super) const LEVELS: [&str; 3] = ["cool", "warm", "hot"];
pub(super) const PHASES: [&str; 4] = ["started", "running", "done", "failed"];

const INTS: [i64; 8] = [0, 1, 1, 2, 3, 5, -1, 7];
/// Sums of these are exact, in whatever order.
const FLOATS: [f64; 8] = [0.0, 0.25, 0.5, 0.75, 1.0, 1.5, -2.5, 100.0];
const TEXTS: [&str; 8] = ["a", "b", "ab", "", "B", "é", "12", "1s"];
const DURATIONS: [i64; 7] = [0, SECOND, 2 * SECOND, 5 * SECOND, -SECOND, 1_500_000_000, 1];
const IPS: [&str; 4] = ["10.0.0.1", "10.0.0.2", "192.168.1.7", "2001:db8::1"];
/// Seconds after a case's start.
const TIMES: [i64; 5] = [0, 1, 2, 5, 12];

/// All names that fields have, each with one type, so that types have fields in common.
const FIELDS: [(&str, Ty); 13] = [
    ("host", Ty::Text),
    ("n", Ty::Int),
    ("load", Ty::Float),
    ("level", Ty::Level),
    ("ok", Ty::Bool),
    ("m", Ty::Int),
    ("temp", Ty::Float),
    ("note", Ty::Text),
    ("phase", Ty::Phase),
    ("addr", Ty::Ip),
    ("seen", Ty::Time),
    ("wait", Ty::Duration),
    ("flag", Ty::Bool),
];

/// The first so many of [`FIELDS`] are in most types.
const FREQUENT: usize = 5;

#[derive(Clone, Debug)]
pub(super) struct FieldDef {
    pub(super) name: &'static str,
    pub(super) ty: Ty,
    pub(super) optional: bool,
}

#[derive(Clone, Debug)]
pub(super) struct TypeDef {
    pub(super) name: String,
    /// 0 for what comes from outside; a rule derives only types of a higher layer than all that it reads.
    pub(super) layer: usize,
    pub(super) fields: Vec<FieldDef>,
    pub(super) lateness: i64,
}

/// What the rules and the history of a case speak of.
#[derive(Debug)]
pub(super) struct Schema {
    pub(super) types: Vec<TypeDef>,
    pub(super) constants: Vec<(String, Ty, String)>,
    pub(super) tables: Vec<TableDef>,
    /// About when events begin.
    pub(super) start: i64,
}

impl Ty {
    pub(super) const ALL: [Self; 9] = [
        Self::Bool,
        Self::Int,
        Self::Float,
        Self::Text,
        Self::Time,
        Self::Duration,
        Self::Ip,
        Self::Level,
        Self::Phase,
    ];

    /// As a declaration writes it.
    pub(super) fn declaration(self) -> String {
        match self {
            Self::Bool => "bool".into(),
            Self::Int => "int".into(),
            Self::Float => "float".into(),
            Self::Text => "text".into(),
            Self::Time => "time".into(),
            Self::Duration => "duration".into(),
            Self::Ip => "ip".into(),
            _ => format!("enum({})", self.variants().join(", ")),
        }
    }

    /// The variants of an enum.
    pub(super) fn variants(self) -> &'static [&'static str] {
        match self {
            Self::Level => &LEVELS,
            Self::Phase => &PHASES,
            Self::Severity => &Severity::NAMES,
            _ => &[],
        }
    }

    /// Can it be part of a partition key?
    pub(super) fn is_key(self) -> bool {
        self != Self::Float
    }
}

impl Schema {
    pub(super) fn new(random: &mut Random) -> Self {
        let mut types = Vec::new();
        for place in 0..random.between(1, 3) {
            types.push(type_def(random, format!("t{place}"), 0));
        }
        for place in 0..random.between(0, 3) {
            let layer = random.between(1, 3);
            types.push(type_def(random, format!("d{place}"), layer));
        }
        // Few distinct ones, so that rules share them.
        if random.chance(35) {
            let latenesses = [0, SECOND, 2 * SECOND, 5 * SECOND, 1_500_000_000];
            for ty in &mut types {
                ty.lateness = random.pick(&latenesses);
            }
        }
        // Around the epoch windows have to be aligned below zero too; soon after the last two, clocks are changed in
        // Berlin.
        let start = random.pick(&[
            0,
            -4 * SECOND,
            1_767_225_600 * SECOND,
            1_767_225_600 * SECOND,
            1_774_745_970 * SECOND,
            1_792_889_970 * SECOND,
        ]);
        let mut schema = Self {
            types,
            constants: Vec::new(),
            tables: Vec::new(),
            start,
        };
        for place in 0..random.between(0, 4) {
            let ty = random.pick(&Ty::ALL);
            // A bare variant has no type of its own.
            if ty.variants().is_empty() {
                let value = schema.literal(random, ty);
                schema.constants.push((format!("CONST_{place}"), ty, value));
            }
        }
        for place in 0..random.between(0, 2) {
            let table = TableDef::new(random, format!("table{place}"), &schema);
            schema.tables.push(table);
        }
        schema
    }

    /// The declarations as text, one an item.
    pub(super) fn declarations(&self) -> Vec<String> {
        let types = self.types.iter().map(TypeDef::declaration);
        let constants = self.constants.iter();
        let constants = constants.map(|(name, _, value)| format!("const {name} = {value}"));
        let tables = self.tables.iter().map(TableDef::declaration);
        types.chain(constants).chain(tables).collect()
    }

    /// A literal of that type, as text. Negative numbers stand in parentheses.
    pub(super) fn literal(&self, random: &mut Random, ty: Ty) -> String {
        let in_parentheses = |negative: bool, text: String| {
            if negative { format!("(-{text})") } else { text }
        };
        match ty {
            Ty::Bool => random.chance(50).to_string(),
            Ty::Int if random.chance(2) => i64::MAX.to_string(),
            Ty::Int => {
                let value = random.pick(&INTS);
                in_parentheses(value < 0, value.unsigned_abs().to_string())
            }
            Ty::Float => {
                let value = random.pick(&FLOATS);
                let size = value.abs();
                let text = if random.chance(25) {
                    format!("{}%", size * 100.0)
                } else {
                    format!("{size:?}")
                };
                in_parentheses(value < 0.0, text)
            }
            Ty::Text => format!("\"{}\"", random.pick(&TEXTS)),
            Ty::Time => {
                let time = self.start + random.pick(&TIMES) * SECOND;
                let time = jiff::Timestamp::from_nanosecond(time.into());
                time.expect("starts lie in the years that there are")
                    .to_string()
            }
            Ty::Duration => {
                let value = random.pick(&DURATIONS);
                in_parentheses(value < 0, duration(value.abs()))
            }
            Ty::Ip => match random.pick(&IPS) {
                v6 if v6.contains(':') => format!("ip\"{v6}\""),
                v4 => v4.into(),
            },
            Ty::Level | Ty::Phase | Ty::Severity => random.pick(ty.variants()).into(),
        }
    }

    /// A value for a field, not null.
    pub(super) fn value(&self, random: &mut Random, ty: Ty) -> Value {
        match ty {
            Ty::Bool => Value::Bool(random.chance(50)),
            Ty::Int if random.chance(3) => {
                Value::Int(random.pick(&[i64::MAX, i64::MIN, i64::MAX - 1, i64::MIN + 1]))
            }
            Ty::Int => Value::Int(random.pick(&INTS)),
            Ty::Float if random.chance(2) => {
                Value::Float(random.pick(&[f64::INFINITY, f64::NEG_INFINITY, -0.0]))
            }
            Ty::Float => Value::Float(random.pick(&FLOATS)),
            Ty::Text => Value::Text(random.pick(&TEXTS).into()),
            Ty::Time if random.chance(2) => Value::Time(random.pick(&[i64::MAX, i64::MIN])),
            Ty::Time => Value::Time(self.start + random.pick(&TIMES) * SECOND),
            Ty::Duration if random.chance(2) => Value::Duration(random.pick(&[i64::MAX, i64::MIN])),
            Ty::Duration => Value::Duration(random.pick(&DURATIONS)),
            Ty::Ip => Value::Ip(
                random
                    .pick(&IPS)
                    .parse()
                    .expect("addresses are well formed"),
            ),
            Ty::Level | Ty::Phase | Ty::Severity => {
                Value::Enum(random.below(ty.variants().len()) as u16)
            }
        }
    }
}

impl TypeDef {
    fn declaration(&self) -> String {
        let field = |field: &FieldDef| {
            let mark = if field.optional { "?" } else { "" };
            format!("{}: {}{mark}", field.name, field.ty.declaration())
        };
        let fields: Vec<String> = self.fields.iter().map(field).collect();
        // Some have a name on the wire of their own.
        let wire_name = if self.fields.len().is_multiple_of(2) {
            format!(" = \"com.example.{}\"", self.name)
        } else {
            String::new()
        };
        let lateness = match self.lateness {
            0 => String::new(),
            lateness => format!(" lateness {}", duration(lateness)),
        };
        let fields = fields.join(", ");
        format!("event {}{wire_name} {{ {fields} }}{lateness}", self.name)
    }
}

fn type_def(random: &mut Random, name: String, layer: usize) -> TypeDef {
    let mut fields = Vec::new();
    for (place, (name, ty)) in FIELDS.into_iter().enumerate() {
        if random.chance(if place < FREQUENT { 90 } else { 35 }) {
            let optional = random.chance(if place == 0 { 10 } else { 40 });
            fields.push(FieldDef { name, ty, optional });
        }
    }
    if fields.is_empty() {
        fields.push(FieldDef {
            name: "host",
            ty: Ty::Text,
            optional: false,
        });
    }
    TypeDef {
        name,
        layer,
        fields,
        lateness: 0,
    }
}

/// A duration that isn't negative, as a literal.
pub(super) fn duration(nanoseconds: i64) -> String {
    let (seconds, rest) = (nanoseconds / SECOND, nanoseconds % SECOND);
    let seconds = if seconds > 0 || rest == 0 {
        format!("{seconds}s")
    } else {
        String::new()
    };
    let (milliseconds, rest) = (rest / 1_000_000, rest % 1_000_000);
    let milliseconds = if milliseconds > 0 {
        format!("{milliseconds}ms")
    } else {
        String::new()
    };
    let rest = if rest > 0 {
        format!("{rest}ns")
    } else {
        String::new()
    };
    seconds + &milliseconds + &rest
}

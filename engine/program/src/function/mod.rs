//! Scalar functions: one value a row from the values of a row.
//!
//! Each function is one file: its name, signatures, what it computes, its words and its examples, which are its tests.
//! The language takes types, words and constant folding from here, the engine what is computed; so a new function is a
//! new file, its `mod`, and a line in [`ALL`].
//!
//! All functions are strict: an argument that is null makes the result null. What has no value is null too, and counted
//! by its [`Fault`].

mod abs;
mod capture;
mod ceil;
mod clamp;
mod concat;
mod date;
mod day;
mod day_of_year;
mod days;
mod div;
mod exp;
mod floor;
mod format;
mod from_unix;
mod greatest;
mod hash;
mod hour;
mod hours;
mod ip_version;
mod is_loopback;
mod is_private;
mod least;
mod length;
mod ln;
mod log10;
mod log2;
mod lower;
mod milliseconds;
mod minute;
mod minutes;
mod month;
mod network;
mod position;
mod pow;
mod remainder;
mod replace;
mod round;
mod scalar;
mod second;
mod seconds;
mod sign;
mod split;
mod sqrt;
mod substring;
#[cfg(test)]
mod tests;
mod time_of_day;
mod to_bool;
mod to_duration;
mod to_float;
mod to_int;
mod to_ip;
mod to_text;
mod to_time;
mod trim;
mod trim_end;
mod trim_start;
mod trunc;
mod truncate;
mod unix;
mod upper;
mod week;
mod weekday;
mod year;

use core::fmt;

pub use format::is_layout;
pub use scalar::{Args, Fault, Made, Outcome, Scalar};

use crate::code::Kind;

/// What a parameter takes and what a function gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Type {
    /// True or false.
    Bool,
    /// A whole number.
    Int,
    /// A number.
    Float,
    /// A text.
    Text,
    /// A point in time.
    Time,
    /// A span of time.
    Duration,
    /// An address.
    Ip,
    /// A constant regular expression.
    Pattern,
    /// A constant text: the name of a time zone.
    Zone,
    /// A constant text: one of [`UNITS`].
    Unit,
    /// A constant text: a format of the value that is the first argument.
    Layout,
}

impl Type {
    /// The kind of register that holds it; `None` for patterns and zones, which are constants of their own.
    pub const fn kind(self) -> Option<Kind> {
        match self {
            Self::Bool => Some(Kind::Bool),
            Self::Int | Self::Time | Self::Duration => Some(Kind::Int),
            Self::Float => Some(Kind::Float),
            Self::Text | Self::Unit | Self::Layout => Some(Kind::Text),
            Self::Ip => Some(Kind::Ip),
            Self::Pattern | Self::Zone => None,
        }
    }

    /// Must an argument be constant?
    pub const fn is_constant(self) -> bool {
        matches!(self, Self::Pattern | Self::Zone | Self::Unit | Self::Layout)
    }

    /// Its name in signatures.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Bool => "bool",
            Self::Int => "int",
            Self::Float => "float",
            Self::Text => "text",
            Self::Time => "time",
            Self::Duration => "duration",
            Self::Ip => "ip",
            Self::Pattern => "regex",
            Self::Zone => "zone",
            Self::Unit => "unit",
            Self::Layout => "format",
        }
    }
}

impl fmt::Display for Type {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The parts of the calendar that times are truncated to.
pub const UNITS: [&str; 8] = [
    "second", "minute", "hour", "day", "week", "month", "quarter", "year",
];

/// What functions are about, as the reference groups them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Area {
    /// Of numbers.
    Numbers,
    /// Of texts.
    Texts,
    /// Of times and durations.
    Times,
    /// Of addresses.
    Addresses,
    /// From one type to another.
    Conversions,
}

impl Area {
    /// All of them in the reference's order, with their titles.
    pub const ALL: [(Self, &'static str); 5] = [
        (Self::Numbers, "Numbers"),
        (Self::Texts, "Texts"),
        (Self::Times, "Times and durations"),
        (Self::Addresses, "Addresses"),
        (Self::Conversions, "Conversions"),
    ];
}

/// A function of the language.
#[derive(Debug)]
pub struct Function {
    /// Its name in rules.
    pub name: &'static str,
    /// Where the reference lists it.
    pub area: Area,
    /// What it computes, in Markdown: whole sentences.
    pub about: &'static str,
    /// What it takes and gives; no two take the same.
    pub signatures: &'static [Signature],
    /// Does it take more than two arguments, all of one type, as itself of itself from the left?
    pub folds: bool,
    /// Expressions of constants with what they give, as the language writes both; `null` for what has no value.
    pub examples: &'static [(&'static str, &'static str)],
}

/// One way to call a function.
#[derive(Debug)]
pub struct Signature {
    /// Names and types of the parameters.
    pub parameters: &'static [(&'static str, Type)],
    /// The type of the result: one that a register holds.
    pub result: Type,
    /// What it computes for one row.
    kernel: Kernel,
}

type Kernel = fn(Args<'_>) -> Outcome;

const fn takes(
    parameters: &'static [(&'static str, Type)],
    result: Type,
    kernel: Kernel,
) -> Signature {
    Signature {
        parameters,
        result,
        kernel,
    }
}

/// All functions, by name.
pub const ALL: &[&Function] = &[
    &abs::ABS,
    &to_bool::BOOL,
    &capture::CAPTURE,
    &ceil::CEIL,
    &clamp::CLAMP,
    &concat::CONCAT,
    &date::DATE,
    &day::DAY,
    &day_of_year::DAY_OF_YEAR,
    &days::DAYS,
    &div::DIV,
    &to_duration::DURATION,
    &exp::EXP,
    &to_float::FLOAT,
    &floor::FLOOR,
    &format::FORMAT,
    &from_unix::FROM_UNIX,
    &greatest::GREATEST,
    &hash::HASH,
    &hour::HOUR,
    &hours::HOURS,
    &to_int::INT,
    &to_ip::IP,
    &ip_version::IP_VERSION,
    &is_loopback::IS_LOOPBACK,
    &is_private::IS_PRIVATE,
    &least::LEAST,
    &length::LENGTH,
    &ln::LN,
    &log10::LOG10,
    &log2::LOG2,
    &lower::LOWER,
    &milliseconds::MILLISECONDS,
    &minute::MINUTE,
    &minutes::MINUTES,
    &remainder::MOD,
    &month::MONTH,
    &network::NETWORK,
    &position::POSITION,
    &pow::POW,
    &replace::REPLACE,
    &round::ROUND,
    &second::SECOND,
    &seconds::SECONDS,
    &sign::SIGN,
    &split::SPLIT,
    &sqrt::SQRT,
    &substring::SUBSTRING,
    &to_text::TEXT,
    &to_time::TIME,
    &time_of_day::TIME_OF_DAY,
    &trim::TRIM,
    &trim_end::TRIM_END,
    &trim_start::TRIM_START,
    &trunc::TRUNC,
    &truncate::TRUNCATE,
    &unix::UNIX,
    &upper::UPPER,
    &week::WEEK,
    &weekday::WEEKDAY,
    &year::YEAR,
];

/// The function of this name.
pub fn by_name(name: &str) -> Option<&'static Function> {
    ALL.iter().copied().find(|function| function.name == name)
}

/// One signature of one function: what code calls.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Callee {
    function: u8,
    signature: u8,
}

const _: () = assert!(ALL.len() < 256);

impl Callee {
    /// The signature at `signature` of the function of this name.
    pub fn new(name: &str, signature: usize) -> Option<Self> {
        let function = ALL.iter().position(|function| function.name == name)?;
        ALL[function].signatures.get(signature)?;
        Some(Self {
            function: u8::try_from(function).ok()?,
            signature: u8::try_from(signature).ok()?,
        })
    }

    /// The signature of this function that takes arguments of these types.
    pub fn of(name: &str, types: &[Type]) -> Option<Self> {
        let same = |signature: &Signature| signature.types().eq(types.iter().copied());
        let signature = by_name(name)?.signatures.iter().position(same)?;
        Self::new(name, signature)
    }

    /// All there are.
    pub fn all() -> impl Iterator<Item = Self> {
        ALL.iter().flat_map(|function| {
            let signatures = 0..function.signatures.len();
            signatures.filter_map(|signature| Self::new(function.name, signature))
        })
    }

    /// The function's name.
    pub fn name(self) -> &'static str {
        ALL[usize::from(self.function)].name
    }

    /// Which of the function's signatures it is.
    pub fn number(self) -> u8 {
        self.signature
    }

    /// The signature.
    pub fn signature(self) -> &'static Signature {
        &ALL[usize::from(self.function)].signatures[usize::from(self.signature)]
    }

    /// The kind of register that holds its result.
    pub fn kind(self) -> Kind {
        let kind = self.signature().result.kind();
        kind.expect("results are held by registers: a test says so")
    }

    /// The result for one row, given one argument a parameter, none of them null.
    pub fn call(self, args: Args<'_>) -> Outcome {
        (self.signature().kernel)(args)
    }
}

impl Signature {
    /// The types of its parameters.
    pub fn types(&self) -> impl Iterator<Item = Type> {
        self.parameters.iter().map(|(_, ty)| *ty)
    }
}

/// As in listings: `round(float, int)`.
impl fmt::Display for Callee {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}(", self.name())?;
        for (index, ty) in self.signature().types().enumerate() {
            let comma = if index > 0 { ", " } else { "" };
            write!(f, "{comma}{ty}")?;
        }
        f.write_str(")")
    }
}

impl fmt::Debug for Callee {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

//! Checked rules: every name resolved, every type known, every default filled in.
//!
//! This is what the language *means* before it becomes a program: [`crate::compile()`] turns it into
//! bytecode, and the brute-force oracle of the test suite evaluates it directly, so that the two can
//! be held against each other. It borrows nothing from the source text.
//!
//! Every expression may be null: comparisons with null are unknown, `and`/`or`/`not` follow Kleene's
//! three-valued logic, and everything else with a null operand is null, except `??` and `is null`.

pub mod pattern;
pub mod test;

use std::sync::Arc;

use trapjaw_event::{FieldId, FieldType, Ip, Registry, Severity, TypeId, Value};
pub use trapjaw_program::function::Callee;
pub use trapjaw_program::{
    AggregateFunction, Calendar, Catchup, Envelope, Limit, Pattern, Table, TableId, When, Zone,
};

use crate::diagnostic::Span;

/// A checked rule set: the event registry that it declares and its rules in file order.
#[derive(Clone, Debug)]
pub struct RuleSet {
    /// Event types by id, in order of declaration.
    pub registry: Arc<Registry>,
    /// The tables, by [`TableId`]: in order of declaration.
    pub tables: Vec<Arc<Table>>,
    /// Rules in the order of the files and of the items in them.
    pub rules: Vec<Rule>,
    /// Rule tests, in the same order.
    pub tests: Vec<test::Test>,
}

/// One checked rule.
#[derive(Clone, Debug)]
pub struct Rule {
    /// Its name, unique in the set.
    pub name: Box<str>,
    /// What it says of itself.
    pub metadata: Metadata,
    /// The name that the event under test has in expressions.
    pub alias: Box<str>,
    /// Event types that start it, in order, without repetition; for `any` all types of the registry,
    /// and for a schedule none.
    pub types: Vec<TypeId>,
    /// Whether it reads `any`: whatever types there are.
    pub any: bool,
    /// `where`: of type bool, reads fields and envelope only.
    pub condition: Option<Expr>,
    /// `by`: never of type float. Empty: one partition.
    pub key: Vec<KeyPart>,
    /// What it does with the events that satisfy `condition`.
    pub clause: Clause,
    /// `match`: then there is no `on`, and what belongs to it is empty, [`Clause::Each`] among it.
    pub pattern: Option<Box<pattern::Pattern>>,
    /// `in "ZONE"` of a tumbling or hopping window: the time zone to whose midnights its starts are aligned.
    pub zone: Option<Box<str>>,
    /// Aggregates that `having`, `emit` and `do` read through [`ExprKind::Aggregate`]; distinct.
    pub aggregates: Vec<Aggregate>,
    /// `having`: of type bool; only with a window.
    pub having: Option<Expr>,
    /// `limit N per D`, by key.
    pub limit: Option<Limit>,
    /// `keep *`: of events that it holds on to, it keeps all fields, and not only those that it mentions.
    pub keeps_all: bool,
    /// `emit`.
    pub emit: Option<Emit>,
    /// `do`, `on clear do` and `on timeout do`, in order of appearance.
    pub actions: Vec<Action>,
    /// Whether the rule has `on clear` (windows report their clear only then).
    pub reports_clear: bool,
    /// Where the rule stands.
    pub span: Span,
}

/// What a rule says of itself; reaches the actions, changes no behaviour.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Metadata {
    /// `about`.
    pub about: Option<Box<str>>,
    /// `severity`: also the severity of the events that the rule emits.
    pub severity: Option<Severity>,
    /// `labels`, in order of appearance.
    pub labels: Vec<(Box<str>, Box<str>)>,
    /// `runbook`.
    pub runbook: Option<Box<str>>,
}

/// One part of a partition key.
#[derive(Clone, Debug)]
pub struct KeyPart {
    /// Its name in a match: the field's name for a plain field, else the expression's text.
    pub name: Box<str>,
    /// Its value; an event for which it is null is skipped, and counted.
    pub expr: Expr,
}

/// A rule's state clause. Durations are nanoseconds and positive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Clause {
    /// None: each event that satisfies `where` is a match.
    Each,
    /// `for D [gap G] [keep K]`; `keep` is 0 where it is left out.
    Sustained {
        /// D.
        duration: i64,
        /// G.
        gap: Option<i64>,
        /// K.
        keep: i64,
    },
    /// `over D [each]`: the half-open window `(now - D, now]`, evaluated at each of its events.
    Sliding {
        /// D.
        length: i64,
        /// Fires at every event for which `having` holds, and not only on its turn.
        each: bool,
    },
    /// `over D tumbling`: `[start, start + D)` with starts at multiples of D since the Unix epoch; with a zone, from
    /// each start to the next.
    Tumbling {
        /// D.
        length: i64,
    },
    /// `over D every E`: `[start, start + D)` with starts at multiples of E since the Unix epoch, or as the zone says.
    Hopping {
        /// D.
        length: i64,
        /// E.
        every: i64,
    },
    /// `over N events [each]`: the newest N events, evaluated at each event from the N-th on.
    Counted {
        /// N, at least 1.
        count: u32,
        /// As for `Sliding`.
        each: bool,
    },
    /// `over N events tumbling`: N events, and then the next N; evaluated at each N-th event.
    Batched {
        /// N, at least 1.
        count: u32,
    },
    /// `over session D`: events each less than D after the one before, evaluated D after the last.
    Session {
        /// D.
        gap: i64,
    },
    /// `over all [each]`: everything since the key was first seen, evaluated at each event.
    All {
        /// As for `Sliding`.
        each: bool,
    },
    /// `absent D [of TABLE]`.
    Absent {
        /// D.
        duration: i64,
        /// TABLE: each of its keys is expected from the clock's first value on, and no other key is; the rule's key is
        /// one part of the type of the table's keys.
        of: Option<TableId>,
    },
    /// `every D [catchup skip|one]`, in the place of `on`: the rule matches at the multiples of D since the Unix epoch,
    /// from the clock's first value on. Nothing else stands in it but `emit`, `do` and what it says of itself; `now` is
    /// the instant, and the envelope's time.
    Every {
        /// D.
        period: i64,
        /// What becomes of instants of which one move of the clock passes several.
        catchup: Catchup,
    },
    /// `at "CRON" [in "ZONE"] [catchup skip|one]`: like [`Clause::Every`], at the times of a calendar as clocks in the
    /// rule's zone show them. A time that they show twice is an instant at the first showing; one that they skip is made
    /// up for at the first instant after it, once. Where each hour of a day is asked for, each showing is an instant,
    /// and nothing is made up for.
    At {
        /// CRON, as it is written.
        cron: Box<str>,
        /// What it means.
        calendar: Calendar,
        /// As for `Every`.
        catchup: Catchup,
    },
}

/// An aggregate over a window; nulls don't count.
#[derive(Clone, Debug)]
pub struct Aggregate {
    /// Which.
    pub function: AggregateFunction,
    /// Its argument, of a type that [`AggregateFunction::result`] takes; `None` for `count()` and `rate()` alone.
    /// `count(x)` counts the events for which `x` is not null.
    pub argument: Option<Expr>,
    /// `where` inside the parentheses: only events for which it is true count.
    pub filter: Option<Expr>,
    /// Of `quantile(x, p)`: p, from 0 to 1; `None` of all others.
    pub fraction: Option<f64>,
    /// The type of its value ([`AggregateFunction::result`]). Over no values: `count`, `distinct` and `rate` are 0,
    /// the others null.
    pub ty: FieldType,
    /// Its text as a reader would write it, single-spaced: its name in a match's `values`.
    pub name: Box<str>,
}

/// `emit TYPE { field: expr, ... }`.
#[derive(Clone, Debug)]
pub struct Emit {
    /// The derived event's type.
    pub type_id: TypeId,
    /// One a field of the type, in its order; `None` where the rule gives none (then null).
    pub fields: Vec<Option<Expr>>,
}

/// A call of a configured action.
#[derive(Clone, Debug)]
pub struct Action {
    /// On which turn it runs.
    pub when: When,
    /// The action's name in the configuration.
    pub name: Box<str>,
    /// Named arguments, in order of appearance; a single positional one is named `text`.
    pub arguments: Vec<(Box<str>, Expr)>,
    /// Where the call stands.
    pub span: Span,
}

/// A typed expression.
#[derive(Clone, Debug)]
pub struct Expr {
    /// What it computes.
    pub kind: ExprKind,
    /// The type of its value (every type includes null).
    pub ty: FieldType,
    /// Where it stands.
    pub span: Span,
}

impl Expr {
    /// The expressions that it is made of directly, in their order.
    pub fn operands(&self) -> Vec<&Expr> {
        match &self.kind {
            ExprKind::Const(_)
            | ExprKind::Field(_)
            | ExprKind::Envelope(_)
            | ExprKind::Aggregate(_)
            | ExprKind::Pattern(_) => Vec::new(),
            ExprKind::Not(a)
            | ExprKind::Negate(a)
            | ExprKind::ToFloat(a)
            | ExprKind::In(a, _)
            | ExprKind::InTable(_, a)
            | ExprKind::Lookup { key: a, .. }
            | ExprKind::Within(a, _)
            | ExprKind::Matches(a, _)
            | ExprKind::WithoutCase(a)
            | ExprKind::ToDuration(a)
            | ExprKind::EnumName(a)
            | ExprKind::IsNull(a) => vec![a],
            ExprKind::And(a, b)
            | ExprKind::Or(a, b)
            | ExprKind::Compare(_, a, b)
            | ExprKind::Arithmetic(_, a, b)
            | ExprKind::Divide(a, b)
            | ExprKind::Text(_, a, b)
            | ExprKind::Coalesce(a, b) => vec![a, b],
            ExprKind::Between(a, b, c) | ExprKind::If(a, b, c) => vec![a, b, c],
            ExprKind::Call(_, arguments) => arguments.iter().filter_map(Argument::value).collect(),
            ExprKind::Interpolate(pieces) => {
                let values = pieces.iter().filter_map(|piece| match piece {
                    Piece::Value(value, _) => Some(value),
                    Piece::Text(_) => None,
                });
                values.collect()
            }
        }
    }
}

/// The forms of expressions. Operands have the types that are named here: the checker has put the
/// conversions (`ToFloat`) in.
#[derive(Clone, Debug)]
pub enum ExprKind {
    /// A literal or constant; `Value::Null` only where a type is expected.
    Const(Value),
    /// A declared field of the alias: its id in each of the rule's types, in their order.
    Field(Box<[FieldId]>),
    /// An envelope field of the alias.
    Envelope(Envelope),
    /// Value of `Rule::aggregates[i]`.
    Aggregate(u32),
    /// Something that a pattern has bound; only in rules with a pattern.
    Pattern(pattern::Read),
    /// `not e`, of a bool.
    Not(Box<Expr>),
    /// `-e`, of int, float or duration; an int that overflows is null.
    Negate(Box<Expr>),
    /// An int as float (nearest).
    ToFloat(Box<Expr>),
    /// `a and b`, Kleene.
    And(Box<Expr>, Box<Expr>),
    /// `a or b`, Kleene.
    Or(Box<Expr>, Box<Expr>),
    /// A comparison of two operands of one type; text by bytes, enums by their declared order, bool with
    /// `Eq` and `Ne` alone.
    Compare(Comparison, Box<Expr>, Box<Expr>),
    /// `+ - *`: int x int, float x float; time +- duration, duration +- duration, time - time,
    /// duration x int (either order): as 64-bit integers, overflow is null. A float result that is NaN is null.
    Arithmetic(Arithmetic, Box<Expr>, Box<Expr>),
    /// `/`: float by float (duration by duration comes as two `ToFloat`s); by zero is null.
    Divide(Box<Expr>, Box<Expr>),
    /// `e in [..]`: constants of the type of `e`, none null. Null in, null out.
    In(Box<Expr>, Box<[Value]>),
    /// `table[key].field`: the cell of the row with this key; null where there is none, or the key is null.
    Lookup {
        /// The table.
        table: TableId,
        /// The field's place in it.
        field: u16,
        /// Of the type of the table's keys.
        key: Box<Expr>,
    },
    /// `key in table`, of the type of the table's keys. Null in, null out.
    InTable(TableId, Box<Expr>),
    /// `x between a and b`: `x >= a and x <= b`, of one type.
    Between(Box<Expr>, Box<Expr>, Box<Expr>),
    /// `e in [10.0.0.0/8, ..]`, of an address: ranges with both ends in them, in order and apart. Null in, null out.
    Within(Box<Expr>, Box<[(Ip, Ip)]>),
    /// `a ~ /re/`, `a like "glob"`, of text.
    Matches(Box<Expr>, Pattern),
    /// A text in Unicode's simple case folding: what the tests that ignore case compare.
    WithoutCase(Box<Expr>),
    /// `if c then a else b`: `a` where `c` is true, `b` where it is false or unknown; of one type.
    If(Box<Expr>, Box<Expr>, Box<Expr>),
    /// The duration of the nearest whole number of nanoseconds, of a float; one that does not fit is null.
    ToDuration(Box<Expr>),
    /// The name of an enum's value, as text.
    EnumName(Box<Expr>),
    /// A function of the library; one argument a parameter. An argument that is null makes it null.
    Call(Callee, Box<[Argument]>),
    /// `a contains b` and its like, of text.
    Text(TextTest, Box<Expr>, Box<Expr>),
    /// `a ?? b`, of one type.
    Coalesce(Box<Expr>, Box<Expr>),
    /// `e is null`.
    IsNull(Box<Expr>),
    /// `"load {c.load:.2} on {c.host}"`; never null: a null piece reads `null`.
    Interpolate(Box<[Piece]>),
}

/// An argument of a function.
#[derive(Clone, Debug)]
pub enum Argument {
    /// A value.
    Value(Expr),
    /// A regular expression.
    Pattern(Pattern),
    /// A time zone.
    Zone(Zone),
}

impl Argument {
    /// The value; `None` for a pattern or zone.
    pub fn value(&self) -> Option<&Expr> {
        match self {
            Self::Value(value) => Some(value),
            Self::Pattern(_) | Self::Zone(_) => None,
        }
    }
}

/// A piece of an interpolated text.
#[derive(Clone, Debug)]
pub enum Piece {
    /// As it stands.
    Text(Box<str>),
    /// A value, with the digits after the point for a float (`:.2`), else its shortest form.
    Value(Expr, Option<u8>),
}

/// Comparison operators.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs, reason = "the names say it")]
pub enum Comparison {
    Eq,
    Ne,
    Lt,
    Le,
    Gt,
    Ge,
}

/// Arithmetic operators but division.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs, reason = "the names say it")]
pub enum Arithmetic {
    Add,
    Sub,
    Mul,
}

/// Tests of a text against another, by bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs, reason = "the names say it")]
pub enum TextTest {
    Contains,
    StartsWith,
    EndsWith,
}

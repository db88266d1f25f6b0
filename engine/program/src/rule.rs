//! Rules and rule sets.

use std::sync::Arc;

use trapjaw_event::{FieldId, FieldType, Registry, RuleId, Severity, TypeId};

use crate::calendar::Calendar;
use crate::code::{Code, Input};
use crate::op::Opcode;
use crate::pattern::Pattern;
use crate::table::{Table, TableId};

/// A compiled rule set.
#[derive(Clone, Debug)]
pub struct RuleSet {
    /// The event types that it knows.
    pub registry: Arc<Registry>,
    /// The predicates over each event type, by [`TypeId`].
    pub types: Vec<TypeProgram>,
    /// The rules in file order, by [`RuleId`].
    pub rules: Vec<Rule>,
    /// The tables that the rules look things up in, by [`TableId`]. Data: what they hold decides nothing about which
    /// state is kept.
    pub tables: Vec<Arc<Table>>,
    /// The rules so that each stands behind all that emit an event it reads.
    pub order: Vec<RuleId>,
}

/// What is computed over each batch of one event type, whatever the number of rules: every distinct
/// condition once.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TypeProgram {
    /// Inputs are fields and envelope of the type, outputs are bools: the conditions.
    pub code: Code,
    /// The rules that read the type, in file order: rule and place in [`Rule::sources`].
    pub readers: Vec<(RuleId, u16)>,
}

/// One compiled rule.
#[derive(Clone, Debug, PartialEq)]
pub struct Rule {
    /// Its name, unique in the set.
    pub name: Box<str>,
    /// Hash of all that decides what it does (not of its metadata or place): the same meaning, the same state.
    pub meaning: u128,
    /// What it says of itself.
    pub metadata: Metadata,
    /// Name of the event in matches.
    pub alias: Box<str>,
    /// The event types that it reads; none of a schedule.
    pub sources: Vec<Source>,
    /// Whether it reads all event types, whatever they are: then it knows nothing of them but their envelope.
    pub any: bool,
    /// Fields of the alias that its `having`, `emit` and actions read.
    pub kept: Vec<Kept>,
    /// Its partition key; empty for one partition.
    pub key: Vec<KeyPart>,
    /// What it does with its events.
    pub clause: Clause,
    /// What it looks for, with [`Clause::Match`] and no other. Then [`alias`](Self::alias) and [`kept`](Self::kept) mean
    /// nothing, and [`Source::kept`] has its own fields for each source: what its elements' events are told with.
    pub pattern: Option<Box<Pattern>>,
    /// The time zone (of the IANA database) to whose midnights its windows are aligned; `None`: to the Unix epoch. With
    /// [`Clause::At`] the one whose clocks its calendar goes by; `None`: UTC.
    pub zone: Option<Box<str>>,
    /// What it aggregates.
    pub aggregates: Vec<Aggregate>,
    /// One bool output; inputs are `Kept`, `Envelope` and `Aggregate`. `None`: true.
    pub having: Option<Code>,
    /// How often it may fire, by key.
    pub limit: Option<Limit>,
    /// The event that it derives.
    pub emit: Option<Emit>,
    /// What it sets off, in order of appearance.
    pub actions: Vec<Action>,
    /// Whether a window's turn to not-true is reported.
    pub reports_clear: bool,
    /// Which shard evaluates it.
    pub routing: Routing,
}

/// What a rule says of itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Metadata {
    /// One sentence.
    pub about: Option<Box<str>>,
    /// How bad it is; also the severity of events that the rule derives.
    pub severity: Option<Severity>,
    /// Labels in order of appearance.
    pub labels: Vec<(Box<str>, Box<str>)>,
    /// Where to read on.
    pub runbook: Option<Box<str>>,
}

/// One event type that a rule reads.
#[derive(Clone, Debug, PartialEq)]
pub struct Source {
    /// The type.
    pub type_id: TypeId,
    /// The output of the type's predicate program that selects its events; `None`: all.
    pub condition: Option<u32>,
    /// Inputs are fields and envelope of the type; outputs are what [`Rule::key`] and
    /// [`Rule::aggregates`] refer to. Runs over the selected rows only.
    pub inputs: Code,
    /// The field of this type behind each of [`Rule::kept`].
    pub kept: Vec<FieldId>,
}

/// A field of the alias that a rule reads after its event has been taken in.
#[derive(Clone, Debug, PartialEq)]
pub struct Kept {
    /// Its name.
    pub name: Box<str>,
    /// Its type, the same in all sources.
    pub ty: FieldType,
}

/// One part of a partition key.
#[derive(Clone, Debug, PartialEq)]
pub struct KeyPart {
    /// Its name in a match.
    pub name: Box<str>,
    /// Its type, never float.
    pub ty: FieldType,
    /// Output of each [`Source::inputs`] that holds it.
    pub output: u16,
}

/// A rule's state clause; durations in nanoseconds, positive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Clause {
    /// Each selected event is a match.
    Each,
    /// `for D gap G keep K`.
    Sustained {
        /// D.
        duration: i64,
        /// G.
        gap: Option<i64>,
        /// K, 0 for at once.
        keep: i64,
    },
    /// `over D`: `(now - D, now]`.
    Sliding {
        /// D.
        length: i64,
        /// At every event for which `having` holds.
        each: bool,
    },
    /// `over D tumbling`: from each start to the next.
    Tumbling {
        /// D.
        length: i64,
    },
    /// `over D every E`: from each start, one an E, for D.
    Hopping {
        /// D.
        length: i64,
        /// E.
        every: i64,
    },
    /// `over N events`: the newest N, once there are as many.
    Counted {
        /// N, at least 1.
        count: u32,
        /// At every event for which `having` holds.
        each: bool,
    },
    /// `over N events tumbling`: N by N.
    Batched {
        /// N, at least 1.
        count: u32,
    },
    /// `over session D`: events less than D apart.
    Session {
        /// D.
        gap: i64,
    },
    /// `over all`.
    All {
        /// At every event for which `having` holds.
        each: bool,
    },
    /// `absent D [of TABLE]`.
    Absent {
        /// D.
        duration: i64,
        /// TABLE: whose keys are expected from the start, and no others.
        of: Option<TableId>,
    },
    /// `match`: [`Rule::pattern`] says what.
    Match,
    /// `every D [catchup skip|one]`: the rule has no sources, and its codes read no input but [`Envelope::Time`](crate::Envelope::Time), which
    /// is the instant.
    Every {
        /// D: it fires at its multiples since the Unix epoch.
        period: i64,
        /// What becomes of instants of which the clock passes several at once.
        catchup: Catchup,
    },
    /// `at "CRON" [in "ZONE"] [catchup skip|one]`: like [`Clause::Every`], at the times of a calendar.
    At {
        /// CRON, as clocks in the rule's zone show it.
        calendar: Calendar,
        /// As for `Every`.
        catchup: Catchup,
    },
}

/// What a schedule does about several instants that one move of the clock passes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Catchup {
    /// Fires for each, for the last [`MAX_CAUGHT_UP`](crate::limits::MAX_CAUGHT_UP) at most.
    #[default]
    All,
    /// `one`: fires for the last.
    One,
    /// `skip`: fires for none, but for one that is where the clock has come to.
    Skip,
}

/// An aggregate over a window.
#[derive(Clone, Debug, PartialEq)]
pub struct Aggregate {
    /// Which.
    pub function: AggregateFunction,
    /// Output of each [`Source::inputs`] with its argument.
    pub argument: Option<u16>,
    /// Output of each [`Source::inputs`] with its filter, a bool.
    pub filter: Option<u16>,
    /// Type of its value.
    pub ty: FieldType,
    /// Type of its argument.
    pub argument_ty: Option<FieldType>,
    /// Of `quantile`: which, from 0 to 1. `None` of all others.
    pub fraction: Option<f64>,
    /// Its name in a match.
    pub name: Box<str>,
}

/// The aggregate functions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum AggregateFunction {
    /// Number of rows, or of arguments that are not null.
    Count,
    /// Sum; an integer sum that overflows is null.
    Sum,
    /// Arithmetic mean.
    Avg,
    /// Least.
    Min,
    /// Greatest.
    Max,
    /// Standard deviation of a sample.
    Stddev,
    /// Standard deviation of the whole.
    StddevPop,
    /// The oldest.
    First,
    /// The newest.
    Last,
    /// How many different ones.
    Distinct,
    /// The least that is not below a fraction of all.
    Quantile,
    /// Rows, or the sum of arguments, per second of the window.
    Rate,
}

impl AggregateFunction {
    /// All of them, with their names in rules.
    pub const ALL: [(Self, &'static str); 12] = [
        (Self::Count, "count"),
        (Self::Sum, "sum"),
        (Self::Avg, "avg"),
        (Self::Min, "min"),
        (Self::Max, "max"),
        (Self::Stddev, "stddev"),
        (Self::StddevPop, "stddev_pop"),
        (Self::First, "first"),
        (Self::Last, "last"),
        (Self::Distinct, "distinct"),
        (Self::Quantile, "quantile"),
        (Self::Rate, "rate"),
    ];

    /// Its name in rules.
    pub fn name(self) -> &'static str {
        Self::ALL[self as usize].1
    }

    /// Is it told of matches that are told as one ([`Pattern::together`])? That of all of them follows from that of each,
    /// and that of some from that of all and of the others.
    pub fn is_of_many(self) -> bool {
        matches!(self, Self::Count | Self::Sum | Self::Avg)
    }

    /// The type of its value over an argument of this type (`None`: over rows); `None` where it takes no such argument.
    pub fn result(self, argument: Option<&FieldType>) -> Option<FieldType> {
        use FieldType::{Duration, Enum, Float, Int, Time};
        match (self, argument) {
            (Self::Count, _) | (Self::Distinct, Some(_)) => Some(Int),
            (Self::First | Self::Last, Some(ty)) => Some(ty.clone()),
            (Self::Stddev | Self::StddevPop | Self::Quantile, Some(Duration)) => Some(Duration),
            (Self::Stddev | Self::StddevPop | Self::Quantile | Self::Rate, Some(Int | Float))
            | (Self::Rate, None) => Some(Float),
            (Self::Sum, Some(ty @ (Int | Float | Duration)))
            | (Self::Avg, Some(ty @ (Float | Duration)))
            | (Self::Min | Self::Max, Some(ty @ (Int | Float | Time | Duration | Enum(_)))) => {
                Some(ty.clone())
            }
            (Self::Avg, Some(Int)) => Some(Float),
            _ => None,
        }
    }
}

/// `limit N per D`: at most `count` firings in any `(t - per, t]`, by key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limit {
    /// N, at least 1.
    pub count: u32,
    /// D in nanoseconds, positive.
    pub per: i64,
}

/// The event that a rule derives when it fires.
#[derive(Clone, Debug, PartialEq)]
pub struct Emit {
    /// Its type.
    pub type_id: TypeId,
    /// Inputs as for [`Rule::having`].
    pub code: Code,
    /// The output behind each field of the type; `None`: null.
    pub fields: Vec<Option<u32>>,
}

/// A call of a configured action.
#[derive(Clone, Debug, PartialEq)]
pub struct Action {
    /// On which turn.
    pub when: When,
    /// The action's name in the configuration.
    pub name: Box<str>,
    /// Names of its arguments, in order.
    pub arguments: Vec<Box<str>>,
    /// The output behind each argument.
    pub outputs: Vec<u32>,
    /// Inputs as for [`Rule::having`].
    pub code: Code,
}

/// When an action runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum When {
    /// The rule matched or was raised.
    Fire,
    /// It cleared or expired.
    Clear,
    /// A pattern ran out of time.
    Timeout,
}

/// Which shard evaluates a rule's events.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Routing {
    /// The one that took the event in: the rule keeps no state.
    Local,
    /// The owner of the event's key.
    Keyed,
    /// The one that this hash (of the rule's name) picks: state without a key.
    Home(u64),
}

impl Rule {
    /// The place among [`Rule::kept`] of the field that is the rule's key, where the key is one plain field.
    pub fn kept_key(&self) -> Option<usize> {
        let [part] = &self.key[..] else { return None };
        let source = self.sources.first()?;
        let output = source.inputs.outputs.get(usize::from(part.output))?;
        if output.operand.is_constant() {
            return None;
        }
        let load = source.inputs.instructions.get(output.operand.index())?;
        let slot =
            (source.inputs.inputs.get(load.a.index())).filter(|_| load.op == Opcode::Load)?;
        let Input::Field(key) = slot.input else {
            return None;
        };
        source.kept.iter().position(|kept| *kept == key)
    }
}

impl Clause {
    /// Does the rule remember anything between events?
    pub fn has_state(&self) -> bool {
        !matches!(self, Self::Each)
    }

    /// Is it a window that turns, event by event, and so may clear?
    pub fn slides(&self) -> bool {
        matches!(
            self,
            Self::Sliding { .. } | Self::Counted { .. } | Self::All { .. }
        )
    }

    /// Is it the clock that starts the rule, and no event?
    pub fn is_schedule(&self) -> bool {
        matches!(self, Self::Every { .. } | Self::At { .. })
    }

    /// Is it a window, over which aggregates and `having` are evaluated?
    pub fn is_window(&self) -> bool {
        matches!(
            self,
            Self::Sliding { .. }
                | Self::Tumbling { .. }
                | Self::Hopping { .. }
                | Self::Counted { .. }
                | Self::Batched { .. }
                | Self::Session { .. }
                | Self::All { .. }
        )
    }
}

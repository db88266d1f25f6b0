//! The clauses of a rule.

use super::{
    Alias, AstChildren, AstNode, Expr, Name, Pattern, Record, StringLiteral, child, child_after,
    children, has_keyword,
};

ast_node! {
    /// `about "..."`.
    AboutClause;
    /// `severity high`.
    SeverityClause;
    /// `labels { team: "sre" }`.
    LabelsClause;
    /// `runbook "https://..."`.
    RunbookClause;
    /// `on ALIAS: TYPE | ...`.
    OnClause;
    /// `match PATTERN`.
    MatchClause;
    /// `every D [catchup skip|one]`.
    EveryClause;
    /// `at "CRON" [in "ZONE"] [catchup skip|one]`.
    AtClause;
    /// `where EXPR`.
    WhereClause;
    /// `by EXPR, ...`.
    ByClause;
    /// `for D [gap G] [keep K]`.
    ForClause;
    /// `over ... [in "ZONE"] [each]`.
    OverClause;
    /// `absent D [of TABLE]`.
    AbsentClause;
    /// `within D`.
    WithinClause;
    /// `skip past last`, `skip to ...`, `skip none [together]`.
    SkipClause;
    /// `having EXPR`.
    HavingClause;
    /// `limit N per D`.
    LimitClause;
    /// `keep *`.
    KeepClause;
    /// `emit TYPE { field: expr, ... }`.
    EmitClause;
    /// `do ACTION(...), ...`.
    DoClause;
    /// `on clear do ACTION(...), ...`.
    OnClearClause;
    /// `on timeout do ACTION(...), ...`.
    OnTimeoutClause;
    /// `ACTION(arg: expr, ...)`.
    Action;
    /// `a.user = b.account` in a key.
    KeyMapping;
}

ast_enum! {
    /// What a rule is made of.
    Clause {
        /// What the rule is for.
        About(AboutClause),
        /// How much a match matters.
        Severity(SeverityClause),
        /// Labels of every match.
        Labels(LabelsClause),
        /// Where to read what to do.
        Runbook(RunbookClause),
        /// The events that the rule sees.
        On(OnClause),
        /// The pattern that the rule looks for.
        Match(MatchClause),
        /// A schedule by interval.
        Every(EveryClause),
        /// A schedule by calendar.
        At(AtClause),
        /// Which events count.
        Where(WhereClause),
        /// The partition key.
        By(ByClause),
        /// A condition that must last.
        For(ForClause),
        /// A window.
        Over(OverClause),
        /// Events that must not stay away.
        Absent(AbsentClause),
        /// The time that a pattern may take.
        Within(WithinClause),
        /// Where to go on after a match.
        Skip(SkipClause),
        /// The condition on a window.
        Having(HavingClause),
        /// How many matches a key may have.
        Limit(LimitClause),
        /// Which fields of bound events are kept.
        Keep(KeepClause),
        /// A derived event.
        Emit(EmitClause),
        /// Actions.
        Do(DoClause),
        /// Actions when what was raised clears.
        OnClear(OnClearClause),
        /// Actions when a pattern runs out of time.
        OnTimeout(OnTimeoutClause),
    }
}

/// What a schedule does about instants that passed while it did not run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Catchup {
    /// They are left out.
    Skip,
    /// They are made up for by one.
    One,
}

/// The shape of a window.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OverKind {
    /// `over D`.
    Sliding {
        /// How far it looks back.
        length: Option<Expr>,
    },
    /// `over D every D`.
    Hopping {
        /// How far it looks back.
        length: Option<Expr>,
        /// The time between two ends.
        every: Option<Expr>,
    },
    /// `over D tumbling`.
    Tumbling {
        /// The time between start and end.
        length: Option<Expr>,
    },
    /// `over N events [tumbling]`.
    Events {
        /// How many events it holds.
        count: Option<Expr>,
        /// Whether it starts afresh when full.
        tumbling: bool,
    },
    /// `over session D`.
    Session {
        /// The silence that closes it.
        gap: Option<Expr>,
    },
    /// `over all`.
    All,
}

/// Where a pattern goes on after a match.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SkipMode {
    /// `skip past last`.
    PastLast,
    /// `skip to next`.
    ToNext,
    /// `skip to first a`.
    ToFirst(Option<Name>),
    /// `skip to last a`.
    ToLast(Option<Name>),
    /// `skip none`.
    None,
}

/// Gives clauses that hold one string its accessor.
macro_rules! text_of {
    ($( $name:ident ),*) => {$(
        impl $name {
            /// The text.
            pub fn text(&self) -> Option<StringLiteral> {
                child(self.syntax())
            }
        }
    )*};
}

text_of!(AboutClause, RunbookClause);

/// Gives clauses that list actions their accessor.
macro_rules! actions_of {
    ($( $name:ident ),*) => {$(
        impl $name {
            /// The actions, in the order in which they are set off.
            pub fn actions(&self) -> AstChildren<Action> {
                children(self.syntax())
            }
        }
    )*};
}

actions_of!(DoClause, OnClearClause, OnTimeoutClause);

/// Gives clauses that hold one condition its accessor.
macro_rules! condition_of {
    ($( $name:ident ),*) => {$(
        impl $name {
            /// The condition.
            pub fn condition(&self) -> Option<Expr> {
                child(self.syntax())
            }
        }
    )*};
}

condition_of!(WhereClause, HavingClause);

/// Gives schedules the accessor of their last part.
macro_rules! catchup_of {
    ($( $name:ident ),*) => {$(
        impl $name {
            /// What is done about instants that passed, where it is said.
            pub fn catchup(&self) -> Option<Catchup> {
                let node = self.syntax();
                if !has_keyword(node, "catchup") {
                    None
                } else if has_keyword(node, "skip") {
                    Some(Catchup::Skip)
                } else {
                    has_keyword(node, "one").then_some(Catchup::One)
                }
            }
        }
    )*};
}

catchup_of!(EveryClause, AtClause);

impl SeverityClause {
    /// The severity's name.
    pub fn level(&self) -> Option<Name> {
        child(self.syntax())
    }
}

impl LabelsClause {
    /// The labels.
    pub fn record(&self) -> Option<Record> {
        child(self.syntax())
    }
}

impl OnClause {
    /// By what name the event is called.
    pub fn alias(&self) -> Option<Alias> {
        child(self.syntax())
    }

    /// The event types: one, several, or `any`.
    pub fn types(&self) -> AstChildren<Name> {
        children(self.syntax())
    }
}

impl MatchClause {
    /// The pattern.
    pub fn pattern(&self) -> Option<Pattern> {
        child(self.syntax())
    }
}

impl EveryClause {
    /// The time between two instants.
    pub fn period(&self) -> Option<Expr> {
        child(self.syntax())
    }
}

impl AtClause {
    /// The cron expression.
    pub fn cron(&self) -> Option<StringLiteral> {
        child_after(self.syntax(), "at")
    }

    /// The time zone.
    pub fn zone(&self) -> Option<StringLiteral> {
        child_after(self.syntax(), "in")
    }
}

impl ByClause {
    /// The parts of the key that are single expressions.
    pub fn keys(&self) -> AstChildren<Expr> {
        children(self.syntax())
    }

    /// The parts of the key that are called differently by several elements.
    pub fn mappings(&self) -> AstChildren<KeyMapping> {
        children(self.syntax())
    }
}

impl KeyMapping {
    /// What is the same in all elements; two or more.
    pub fn parts(&self) -> AstChildren<Expr> {
        children(self.syntax())
    }
}

impl ForClause {
    /// How long the condition must last.
    pub fn duration(&self) -> Option<Expr> {
        child_after(self.syntax(), "for")
    }

    /// The silence that ends a run.
    pub fn gap(&self) -> Option<Expr> {
        child_after(self.syntax(), "gap")
    }

    /// How long after a break what was raised clears.
    pub fn keep(&self) -> Option<Expr> {
        child_after(self.syntax(), "keep")
    }
}

impl OverClause {
    /// The shape of the window.
    pub fn kind(&self) -> OverKind {
        let node = self.syntax();
        let length = child_after(node, "over");
        let tumbling = has_keyword(node, "tumbling");
        if has_keyword(node, "all") {
            OverKind::All
        } else if has_keyword(node, "session") {
            OverKind::Session {
                gap: child_after(node, "session"),
            }
        } else if has_keyword(node, "events") {
            OverKind::Events {
                count: length,
                tumbling,
            }
        } else if has_keyword(node, "every") {
            OverKind::Hopping {
                length,
                every: child_after(node, "every"),
            }
        } else if tumbling {
            OverKind::Tumbling { length }
        } else {
            OverKind::Sliding { length }
        }
    }

    /// The time zone to whose midnight the windows are aligned.
    pub fn zone(&self) -> Option<StringLiteral> {
        child_after(self.syntax(), "in")
    }

    /// Whether the rule fires at every event for which `having` holds.
    pub fn each(&self) -> bool {
        has_keyword(self.syntax(), "each")
    }
}

impl AbsentClause {
    /// The silence that raises.
    pub fn duration(&self) -> Option<Expr> {
        child_after(self.syntax(), "absent")
    }

    /// The table whose keys are expected from the start.
    pub fn table(&self) -> Option<Name> {
        child_after(self.syntax(), "of")
    }
}

impl WithinClause {
    /// The time from the first bound event to the last.
    pub fn duration(&self) -> Option<Expr> {
        child(self.syntax())
    }
}

impl SkipClause {
    /// Where the pattern goes on; none where the text doesn't say it whole.
    pub fn mode(&self) -> Option<SkipMode> {
        let node = self.syntax();
        if has_keyword(node, "none") {
            Some(SkipMode::None)
        } else if has_keyword(node, "past") {
            Some(SkipMode::PastLast)
        } else if has_keyword(node, "next") {
            Some(SkipMode::ToNext)
        } else if has_keyword(node, "first") {
            Some(SkipMode::ToFirst(child(node)))
        } else if has_keyword(node, "last") {
            Some(SkipMode::ToLast(child(node)))
        } else {
            None
        }
    }
}

impl SkipClause {
    /// Whether all matches of a moment are told as one.
    pub fn is_together(&self) -> bool {
        has_keyword(self.syntax(), "together")
    }
}

impl LimitClause {
    /// How many.
    pub fn count(&self) -> Option<Expr> {
        child_after(self.syntax(), "limit")
    }

    /// In what time.
    pub fn period(&self) -> Option<Expr> {
        child_after(self.syntax(), "per")
    }
}

impl EmitClause {
    /// The derived event's type.
    pub fn event(&self) -> Option<Name> {
        child(self.syntax())
    }

    /// The derived event's fields.
    pub fn record(&self) -> Option<Record> {
        child(self.syntax())
    }
}

impl Action {
    /// The action's name in the configuration.
    pub fn name(&self) -> Option<Name> {
        child(self.syntax())
    }

    /// Its arguments.
    pub fn args(&self) -> Option<super::ArgList> {
        child(self.syntax())
    }
}

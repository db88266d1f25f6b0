//! What each state clause means, for one key: a function of all that the key has been through.
//!
//! Nothing is remembered between calls. Each function reads the key's whole history from its beginning and says what
//! the last input gives rise to, and when the key wants to be woken next.

use std::sync::Arc;

use trapjaw_dsl::hir::{Clause, Rule, Table};
use trapjaw_event::{Event, MatchKind, Registry};

use super::window::Extent;

/// Something that happened to a key of a rule.
#[derive(Debug)]
pub(super) enum Input {
    /// An event of the rule's types, with the key's values, took effect at `at`.
    Event {
        at: i64,
        event: Event,
        satisfies: bool,
    },
    /// From `at` on the key is expected, as one of a table.
    Expected { at: i64 },
    /// The deadline that the key had asked for came.
    Deadline { at: i64 },
}

impl Input {
    pub(super) fn at(&self) -> i64 {
        match *self {
            Self::Event { at, .. } | Self::Expected { at } | Self::Deadline { at } => at,
        }
    }
}

/// What a rule says about a key.
#[derive(Clone, Debug)]
pub(super) struct Report<'h> {
    pub(super) kind: MatchKind,
    /// When it took effect.
    pub(super) time: i64,
    /// The event that the alias names; `None` where none has come.
    pub(super) event: Option<&'h Event>,
    /// The window, oldest event first.
    pub(super) rows: Vec<&'h Event>,
    /// How long it is, in nanoseconds; `None` for one of no length.
    pub(super) length: Option<i64>,
}

/// What a history comes to.
#[derive(Debug)]
pub(super) struct Judgement<'h> {
    /// What the last input gives rise to.
    pub(super) report: Option<Report<'h>>,
    /// When the key is to be given [`Input::Deadline`], unless another input comes before.
    pub(super) deadline: Option<i64>,
}

/// A rule, and what its clauses take from outside of it.
#[derive(Clone, Copy)]
pub(super) struct Judge<'a> {
    pub(super) registry: &'a Registry,
    pub(super) tables: &'a [Arc<Table>],
    pub(super) rule: &'a Rule,
    pub(super) idle_ttl: i64,
}

impl Judge<'_> {
    /// What a key's whole history comes to.
    pub(super) fn judge<'h>(&self, history: &'h [Input]) -> Judgement<'h> {
        match self.rule.clause {
            Clause::Each => self.each(history),
            Clause::Sustained {
                duration,
                gap,
                keep,
            } => self.sustained(history, duration, gap, keep),
            Clause::Sliding { length, each } => self.sliding(history, Extent::Span(length), each),
            Clause::Counted { count, each } => self.sliding(history, Extent::Newest(count), each),
            Clause::All { each } => self.sliding(history, Extent::All, each),
            Clause::Batched { count } => self.batched(history, count),
            Clause::Tumbling { .. } | Clause::Hopping { .. } => self.ending(history),
            Clause::Session { gap } => self.session(history, gap),
            Clause::Absent { duration, of } => self.absent(history, duration, of.is_some()),
            Clause::Every { .. } | Clause::At { .. } => {
                unreachable!("what the clock starts has no history")
            }
        }
    }

    /// No clause: each event that satisfies `where` is a match.
    fn each<'h>(&self, history: &'h [Input]) -> Judgement<'h> {
        let mut limit = Limiter::new(self.rule);
        let mut report = None;
        for input in history {
            report = None;
            if let Input::Event {
                at,
                event,
                satisfies: true,
            } = input
                && limit.lets_pass(*at)
            {
                report = Some(Report::new(MatchKind::Matched, *at, event));
            }
        }
        Judgement {
            report,
            deadline: None,
        }
    }

    /// `for D gap G keep K`.
    fn sustained<'h>(
        &self,
        history: &'h [Input],
        duration: i64,
        gap: Option<i64>,
        keep: i64,
    ) -> Judgement<'h> {
        struct Run<'h> {
            start: i64,
            /// The last event that satisfied `where`, and when it took effect.
            last: (i64, &'h Event),
            raised: bool,
            /// Raised, and `limit` let it pass.
            reported: bool,
            /// While kept: the event that broke the run, and when.
            broken: Option<(i64, &'h Event)>,
        }
        let mut limit = Limiter::new(self.rule);
        let mut run: Option<Run> = None;
        let mut report = None;
        for input in history {
            report = None;
            match (input, &mut run) {
                (Input::Expected { .. }, _) => {}
                (
                    Input::Event {
                        at,
                        event,
                        satisfies: true,
                    },
                    _,
                ) => {
                    let run = run.get_or_insert(Run {
                        start: *at,
                        last: (*at, event),
                        raised: false,
                        reported: false,
                        broken: None,
                    });
                    run.last = (*at, event);
                    run.broken = None;
                    if !run.raised && at.saturating_sub(run.start) >= duration {
                        run.raised = true;
                        run.reported = limit.lets_pass(*at);
                        if run.reported {
                            report = Some(Report::new(MatchKind::Raised, *at, event));
                        }
                    }
                }
                (Input::Event { .. }, None) => {}
                (Input::Event { at, event, .. }, Some(open)) => {
                    if !open.raised {
                        run = None;
                    } else if keep > 0 {
                        open.broken.get_or_insert((*at, event));
                    } else {
                        report = open
                            .reported
                            .then(|| Report::new(MatchKind::Cleared, *at, event));
                        run = None;
                    }
                }
                (Input::Deadline { at }, open) => {
                    let open = open.take().expect("only a run has a deadline");
                    let (kind, event) = match open.broken {
                        Some((_, event)) => (MatchKind::Cleared, event),
                        None => (MatchKind::Expired, open.last.1),
                    };
                    report = open.reported.then(|| Report::new(kind, *at, event));
                }
            }
        }
        let deadline = run.map(|run| match run.broken {
            Some((at, _)) => at.saturating_add(keep),
            None => {
                let silence = gap.map_or(self.idle_ttl, |gap| gap.min(self.idle_ttl));
                run.last.0.saturating_add(silence)
            }
        });
        Judgement { report, deadline }
    }

    /// `absent D`.
    fn absent<'h>(&self, history: &'h [Input], duration: i64, is_of_table: bool) -> Judgement<'h> {
        // State is freed no earlier than the silence is told.
        let ttl = if self.idle_ttl > duration {
            self.idle_ttl
        } else {
            self.idle_ttl.saturating_add(duration)
        };
        let mut limit = Limiter::new(self.rule);
        let (mut raised, mut reported) = (false, false);
        let mut last: Option<(i64, Option<&Event>)> = None;
        let mut report = None;
        for input in history {
            report = None;
            match input {
                Input::Event {
                    satisfies: false, ..
                } => {}
                Input::Expected { at } => last = Some((*at, None)),
                Input::Event { at, event, .. } => {
                    report =
                        (raised && reported).then(|| Report::new(MatchKind::Cleared, *at, event));
                    (raised, reported) = (false, false);
                    last = Some((*at, Some(event)));
                }
                Input::Deadline { at } => {
                    let (_, event) = last.expect("only a key that was seen has a deadline");
                    if !raised {
                        raised = true;
                        reported = limit.lets_pass(*at);
                        report = reported.then(|| Report::of(MatchKind::Raised, *at, event));
                    } else {
                        report = reported.then(|| Report::of(MatchKind::Expired, *at, event));
                        (raised, reported) = (false, false);
                        last = None;
                    }
                }
            }
        }
        if raised && is_of_table {
            // It stays raised for as long as the table has the key.
            return Judgement {
                report,
                deadline: None,
            };
        }
        let silence = if raised { ttl } else { duration };
        let deadline = last.map(|(at, _)| at.saturating_add(silence));
        Judgement { report, deadline }
    }
}

impl<'h> Report<'h> {
    pub(super) fn new(kind: MatchKind, time: i64, event: &'h Event) -> Self {
        Self::of(kind, time, Some(event))
    }

    fn of(kind: MatchKind, time: i64, event: Option<&'h Event>) -> Self {
        Self {
            kind,
            time,
            event,
            rows: Vec::new(),
            length: None,
        }
    }
}

/// `limit N per D`: the firings of a key that were reported.
pub(super) struct Limiter<'a> {
    rule: &'a Rule,
    reported: Vec<i64>,
}

impl<'a> Limiter<'a> {
    pub(super) fn new(rule: &'a Rule) -> Self {
        Self {
            rule,
            reported: Vec::new(),
        }
    }

    /// May the rule fire at this time? If so, that is counted.
    pub(super) fn lets_pass(&mut self, time: i64) -> bool {
        let passes = self.rule.limit.is_none_or(|limit| {
            let recent = |at: &&i64| **at > time.saturating_sub(limit.per);
            self.reported.iter().filter(recent).count() < limit.count as usize
        });
        if passes {
            self.reported.push(time);
        }
        passes
    }
}

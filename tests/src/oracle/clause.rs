//! What each state clause means, for one key: a function of all that the key has been through.
//!
//! Nothing is remembered between calls. Each function reads the key's whole history from its beginning and says what
//! the last input gives rise to, and when the key wants to be woken next.

use std::sync::Arc;

use trapjaw_dsl::hir::{Clause, Rule, Table};
use trapjaw_event::{Event, MatchKind, Registry};

use super::eval::{self, Scope};

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
            Clause::Sliding { length, each } => self.window(history, Some(length), each),
            Clause::All { each } => self.window(history, None, each),
            Clause::Tumbling { length } => self.tumbling(history, length),
            Clause::Absent { duration, of } => self.absent(history, duration, of.is_some()),
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

    /// `over D [each]`, and with no `length` `over all [each]`.
    fn window<'h>(&self, history: &'h [Input], length: Option<i64>, each: bool) -> Judgement<'h> {
        let mut limit = Limiter::new(self.rule);
        // Was `having` true at the last evaluation, and has the rule fired since it was last not true?
        let (mut held, mut reported) = (false, false);
        // The newest event of a window that isn't empty.
        let mut newest: Option<(i64, &Event)> = None;
        // Where the window's history starts: after the last time that it was empty.
        let mut start = 0;
        let mut report = None;
        for (place, input) in history.iter().enumerate() {
            report = None;
            match input {
                Input::Expected { .. } => {}
                Input::Event {
                    satisfies: false, ..
                } => {}
                Input::Event { at, event, .. } => {
                    let inside = |time: i64| length.is_none_or(|d| time > at.saturating_sub(d));
                    let rows = rows(&history[start..=place], inside);
                    let holds = self.having(event, &rows);
                    if holds && (each || !held) && limit.lets_pass(*at) {
                        reported = true;
                        report = Some(Report {
                            rows,
                            ..Report::new(MatchKind::Matched, *at, event)
                        });
                    } else if !holds && held && reported && self.rule.reports_clear {
                        report = Some(Report {
                            rows,
                            ..Report::new(MatchKind::Cleared, *at, event)
                        });
                    }
                    held = holds;
                    reported &= holds;
                    newest = Some((*at, event));
                }
                Input::Deadline { at } => {
                    let (_, event) = newest.take().expect("only events make a deadline");
                    report = (held && reported && self.rule.reports_clear)
                        .then(|| Report::new(MatchKind::Cleared, *at, event));
                    (held, reported) = (false, false);
                    start = place + 1;
                }
            }
        }
        let silence = length.unwrap_or(self.idle_ttl);
        let deadline = newest.map(|(at, _)| at.saturating_add(silence));
        Judgement { report, deadline }
    }

    /// `over D tumbling`.
    fn tumbling<'h>(&self, history: &'h [Input], length: i64) -> Judgement<'h> {
        // An event belongs to the window that ends at the first multiple of D after it.
        let end = |time: i64| {
            time.div_euclid(length)
                .saturating_add(1)
                .saturating_mul(length)
        };
        let mut limit = Limiter::new(self.rule);
        let mut report = None;
        let mut open: Vec<i64> = Vec::new();
        for (place, input) in history.iter().enumerate() {
            report = None;
            match input {
                Input::Expected { .. } => {}
                Input::Event {
                    satisfies: false, ..
                } => {}
                Input::Event { at, .. } => {
                    if !open.contains(&end(*at)) {
                        open.push(end(*at));
                    }
                }
                Input::Deadline { at } => {
                    open.retain(|end| end != at);
                    let rows = rows(&history[..place], |time| end(time) == *at);
                    let newest = *rows.last().expect("a window without events has no end");
                    if self.having(newest, &rows) && limit.lets_pass(*at) {
                        report = Some(Report {
                            rows,
                            ..Report::new(MatchKind::Matched, *at, newest)
                        });
                    }
                }
            }
        }
        Judgement {
            report,
            deadline: open.into_iter().min(),
        }
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

    /// Is `having` true, or left out?
    fn having(&self, event: &Event, rows: &[&Event]) -> bool {
        let Self {
            registry,
            tables,
            rule,
            ..
        } = *self;
        let scope = Scope {
            registry,
            tables,
            rule,
            event,
            is_seen: true,
            rows,
            bound: None,
        };
        let having = rule.having.as_ref();
        having.is_none_or(|having| eval::holds(having, scope))
    }
}

impl<'h> Report<'h> {
    fn new(kind: MatchKind, time: i64, event: &'h Event) -> Self {
        Self::of(kind, time, Some(event))
    }

    fn of(kind: MatchKind, time: i64, event: Option<&'h Event>) -> Self {
        Self {
            kind,
            time,
            event,
            rows: Vec::new(),
        }
    }
}

/// The events of a history that satisfy `where` and took effect at a time inside the window.
fn rows(history: &[Input], inside: impl Fn(i64) -> bool) -> Vec<&Event> {
    let rows = history.iter().filter(|input| inside(input.at()));
    rows.filter_map(|input| match input {
        Input::Event {
            event,
            satisfies: true,
            ..
        } => Some(event),
        _ => None,
    })
    .collect()
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

//! What windows mean, for one key: which events are in them, and when they are judged.

use trapjaw_event::{Event, MatchKind};

use super::calendar::windows_around;
use super::clause::{Input, Judge, Judgement, Limiter, Report};
use super::eval::{self, Scope};

/// Which events a window holds that ends with the newest one.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Extent {
    /// Those of the last so many nanoseconds.
    Span(i64),
    /// The newest so many.
    Newest(u32),
    /// All.
    All,
}

/// An event, and when it took effect.
type Row<'h> = (i64, &'h Event);

impl Judge<'_> {
    /// `over D`, `over N events` and `over all`, each with and without `each`.
    pub(super) fn sliding<'h>(
        &self,
        history: &'h [Input],
        extent: Extent,
        each: bool,
    ) -> Judgement<'h> {
        let mut limit = Limiter::new(self.rule);
        // Was `having` true at the last evaluation, and has the rule fired since it was last not true?
        let (mut held, mut reported) = (false, false);
        // The newest event of a window that isn't empty.
        let mut newest: Option<Row> = None;
        // Where the window's history starts: after the last time that it was empty.
        let mut start = 0;
        let mut report = None;
        for (place, input) in history.iter().enumerate() {
            report = None;
            match input {
                Input::Expected { .. }
                | Input::Event {
                    satisfies: false, ..
                } => {}
                Input::Event { at, event, .. } => {
                    newest = Some((*at, event));
                    let mut rows = rows(&history[start..=place]);
                    match extent {
                        Extent::Span(length) => {
                            rows.retain(|(time, _)| *time > at.saturating_sub(length));
                        }
                        Extent::Newest(count) if rows.len() < count as usize => continue,
                        Extent::Newest(count) => drop(rows.drain(..rows.len() - count as usize)),
                        Extent::All => {}
                    }
                    let length = match extent {
                        Extent::Span(length) => Some(length),
                        _ => between(rows[0].0, *at),
                    };
                    let matched = Report::over(MatchKind::Matched, *at, event, &rows, length);
                    let holds = self.having(&matched);
                    if holds && (each || !held) && limit.lets_pass(*at) {
                        reported = true;
                        report = Some(matched);
                    } else if !holds && held && reported && self.rule.reports_clear {
                        report = Some(Report {
                            kind: MatchKind::Cleared,
                            ..matched
                        });
                    }
                    held = holds;
                    reported &= holds;
                }
                Input::Deadline { at } => {
                    let (_, event) = newest.take().expect("only events make a deadline");
                    let length = match extent {
                        Extent::Span(length) => Some(length),
                        _ => None,
                    };
                    report = (held && reported && self.rule.reports_clear)
                        .then(|| Report::over(MatchKind::Cleared, *at, event, &[], length));
                    (held, reported) = (false, false);
                    start = place + 1;
                }
            }
        }
        let silence = match extent {
            Extent::Span(length) => length,
            Extent::Newest(_) | Extent::All => self.idle_ttl,
        };
        let deadline = newest.map(|(at, _)| at.saturating_add(silence));
        Judgement { report, deadline }
    }

    /// `over N events tumbling`.
    pub(super) fn batched<'h>(&self, history: &'h [Input], count: u32) -> Judgement<'h> {
        let mut limit = Limiter::new(self.rule);
        let mut batch: Vec<Row> = Vec::new();
        // A batch that was begun is given up after a silence.
        let mut newest = None;
        let mut report = None;
        for input in history {
            report = None;
            match input {
                Input::Expected { .. }
                | Input::Event {
                    satisfies: false, ..
                } => {}
                Input::Event { at, event, .. } => {
                    newest = Some(*at);
                    batch.push((*at, event));
                    if batch.len() == count as usize {
                        let length = between(batch[0].0, *at);
                        let full = Report::over(MatchKind::Matched, *at, event, &batch, length);
                        report = (self.having(&full) && limit.lets_pass(*at)).then_some(full);
                        batch.clear();
                    }
                }
                Input::Deadline { .. } => {
                    batch.clear();
                    newest = None;
                }
            }
        }
        let deadline = newest.map(|at| at.saturating_add(self.idle_ttl));
        Judgement { report, deadline }
    }

    /// `over D tumbling` and `over D every E`.
    pub(super) fn ending<'h>(&self, history: &'h [Input]) -> Judgement<'h> {
        let mut limit = Limiter::new(self.rule);
        let mut report = None;
        // The windows with events that were not judged yet: end and start.
        let mut open: Vec<(i64, i64)> = Vec::new();
        for (place, input) in history.iter().enumerate() {
            report = None;
            match input {
                Input::Expected { .. }
                | Input::Event {
                    satisfies: false, ..
                } => {}
                Input::Event { at, .. } => {
                    for window in windows_around(self.rule, *at) {
                        if !open.contains(&window) {
                            open.push(window);
                        }
                    }
                }
                Input::Deadline { at } => {
                    let index = open.iter().position(|(end, _)| end == at);
                    let (end, start) = open.remove(index.expect("a window ends at its deadline"));
                    let mut rows = rows(&history[..place]);
                    rows.retain(|(time, _)| (start..end).contains(time));
                    let newest = rows.last().expect("a window without events has no end").1;
                    let length = between(start, end);
                    let over = Report::over(MatchKind::Matched, *at, newest, &rows, length);
                    report = (self.having(&over) && limit.lets_pass(*at)).then_some(over);
                }
            }
        }
        Judgement {
            report,
            deadline: open.into_iter().map(|(end, _)| end).min(),
        }
    }

    /// `over session D`.
    pub(super) fn session<'h>(&self, history: &'h [Input], gap: i64) -> Judgement<'h> {
        let mut limit = Limiter::new(self.rule);
        let mut report = None;
        // Sessions that were not judged yet. A second one can begin at the instant at which the first ends.
        let mut open: Vec<Vec<Row>> = Vec::new();
        let end = |session: &[Row]| {
            let (newest, _) = session.last().expect("a session has an event");
            newest.saturating_add(gap)
        };
        for input in history {
            report = None;
            match input {
                Input::Expected { .. }
                | Input::Event {
                    satisfies: false, ..
                } => {}
                Input::Event { at, event, .. } => match open.last_mut() {
                    Some(session) if *at < end(session) => session.push((*at, event)),
                    _ => open.push(vec![(*at, event)]),
                },
                Input::Deadline { at } => {
                    let rows = open.remove(0);
                    let (newest, event) = *rows.last().expect("a session has an event");
                    let length = between(rows[0].0, newest);
                    let over = Report::over(MatchKind::Matched, *at, event, &rows, length);
                    report = (self.having(&over) && limit.lets_pass(*at)).then_some(over);
                }
            }
        }
        Judgement {
            report,
            deadline: open.first().map(|session| end(session)),
        }
    }

    /// Is `having` true over what would be reported, or left out?
    fn having(&self, report: &Report) -> bool {
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
            event: report.event.expect("a window has an event"),
            is_seen: true,
            rows: &report.rows,
            length: report.length,
            bound: None,
        };
        let having = rule.having.as_ref();
        having.is_none_or(|having| eval::holds(having, scope))
    }
}

impl<'h> Report<'h> {
    /// About a window.
    fn over(
        kind: MatchKind,
        time: i64,
        event: &'h Event,
        rows: &[Row<'h>],
        length: Option<i64>,
    ) -> Self {
        Self {
            rows: rows.iter().map(|(_, event)| *event).collect(),
            length,
            ..Self::new(kind, time, event)
        }
    }
}

/// The time from one instant to another; `None` where there is none between them.
fn between(start: i64, end: i64) -> Option<i64> {
    Some(end.saturating_sub(start)).filter(|length| *length > 0)
}

/// The events of a history that satisfy `where`.
fn rows(history: &[Input]) -> Vec<Row<'_>> {
    let rows = history.iter().filter_map(|input| match input {
        Input::Event {
            event,
            satisfies: true,
            ..
        } => Some((input.at(), event)),
        _ => None,
    });
    rows.collect()
}

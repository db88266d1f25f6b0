//! The engine against the oracle: do they agree on a case, however its history is cut?

use std::sync::Arc;

use trapjaw_dsl::hir;
use trapjaw_event::{BoundEvent, Event, Match, Value};
use trapjaw_program::{RuleSet, Verified};

use crate::engine::{self, Cut, NEVER};
use crate::generate::Case;
use crate::oracle::{self, Matched, Options, close_to};

/// How each case's history is cut.
pub const CUTS: [Cut; 8] = [
    Cut {
        shards: 1,
        batch: 4_096,
        index_from: NEVER,
        run_by_run: false,
        share_windows: true,
    },
    Cut {
        shards: 1,
        batch: 1,
        index_from: 1,
        run_by_run: false,
        share_windows: true,
    },
    Cut {
        shards: 1,
        batch: 7,
        index_from: NEVER,
        run_by_run: false,
        share_windows: false,
    },
    Cut {
        shards: 2,
        batch: 7,
        index_from: 1,
        run_by_run: false,
        share_windows: true,
    },
    Cut {
        shards: 3,
        batch: 1,
        index_from: 1,
        run_by_run: false,
        share_windows: false,
    },
    Cut {
        shards: 5,
        batch: 4_096,
        index_from: NEVER,
        run_by_run: false,
        share_windows: true,
    },
    Cut {
        shards: 1,
        batch: 4_096,
        index_from: 1,
        run_by_run: true,
        share_windows: false,
    },
    Cut {
        shards: 2,
        batch: 1,
        index_from: 1,
        run_by_run: true,
        share_windows: true,
    },
];

/// Why a case fails.
#[derive(Clone, Debug)]
pub enum Failure {
    /// Its rules don't compile: the compiler's findings.
    Front(String),
    /// Engine and oracle, or two runs of the engine, part: where.
    Difference(String),
}

/// Rules, checked and compiled: what many histories share.
#[derive(Debug)]
pub struct Subject {
    /// For the oracle.
    pub checked: hir::RuleSet,
    /// For the engine.
    pub program: Arc<Verified<RuleSet>>,
}

impl Subject {
    /// The rules of a case.
    ///
    /// # Errors
    ///
    /// The compiler's findings.
    pub fn new(case: &Case) -> Result<Self, Failure> {
        let sources = case.sources();
        let compiled = trapjaw_dsl::compile(&sources).map_err(|diagnostics| {
            let style = trapjaw_dsl::diagnostic::Style::Plain;
            Failure::Front(trapjaw_dsl::diagnostic::render(
                &diagnostics,
                &sources,
                style,
            ))
        })?;
        Ok(Self {
            checked: compiled.hir,
            program: Arc::new(compiled.program),
        })
    }

    /// Is what the engine found what the oracle expects?
    ///
    /// # Errors
    ///
    /// Where it is not.
    pub fn same(&self, expected: &[Matched], found: &[Match]) -> Result<(), String> {
        for index in 0..expected.len().max(found.len()) {
            let (expected, found) = (expected.get(index), found.get(index));
            let same = match (expected, found) {
                (Some(expected), Some(found)) => agree(&self.checked, expected, found),
                _ => Err("one of them has more".to_owned()),
            };
            if let Err(what) = same {
                return Err(format!(
                    "match {index}: {what}\noracle: {expected:?}\nengine: {found:?}"
                ));
            }
        }
        Ok(())
    }

    /// Number of matches over a history, if engine and oracle agree however it is cut in one of these ways.
    ///
    /// # Errors
    ///
    /// Where they part.
    pub fn difference(
        &self,
        events: &[Event],
        options: Options,
        cuts: &[Cut],
    ) -> Result<usize, Failure> {
        let oracle::Outcome {
            matches: expected,
            late,
        } = oracle::run_all(&self.checked, events, options);
        let late: Vec<&Event> = late.iter().map(|&place| &events[place]).collect();
        let mut first: Option<Vec<Match>> = None;
        let mut faults = None;
        for cut in cuts {
            let ran = engine::run_counted(&self.program, events, options, *cut);
            let found = ran.matches;
            let of_cut = ran.counters.faults.total();
            // A row that goes to another shard is computed there again.
            if cut.shards == 1 && *faults.get_or_insert(of_cut) != of_cut {
                return Err(Failure::Difference(format!(
                    "{cut:?}: {of_cut} values without a result, but {faults:?} for another"
                )));
            }
            if ran.late.iter().ne(late.iter().copied())
                || ran.counters.late.iter().sum::<u64>() != late.len() as u64
            {
                return Err(Failure::Difference(format!(
                    "{cut:?}: late events\noracle: {late:?}\nengine: {:?}, {:?}",
                    ran.late, ran.counters.late
                )));
            }
            self.same(&expected, &found)
                .map_err(|what| Failure::Difference(format!("{cut:?}, {what}")))?;
            // Among themselves the engine's runs agree in everything, identities included.
            match &first {
                None => first = Some(found),
                Some(first) if *first == found => {}
                Some(_) => {
                    return Err(Failure::Difference(format!(
                        "{cut:?}: not what {:?} finds",
                        cuts[0]
                    )));
                }
            }
        }
        Ok(expected.len())
    }
}

/// Number of matches of the case, if engine and oracle agree however its history is cut.
///
/// # Errors
///
/// Where they part.
pub fn difference(case: &Case) -> Result<usize, Failure> {
    Subject::new(case)?.difference(&case.events, case.options, &CUTS)
}

fn agree(rules: &hir::RuleSet, expected: &Matched, found: &Match) -> Result<(), String> {
    let rule = &rules.rules[expected.rule];
    let check = |same: bool, what: &str| {
        if same {
            Ok(())
        } else {
            Err(format!("{what} of rule {}", rule.name))
        }
    };
    check(expected.rule == found.rule.index(), "place")?;
    check(expected.kind == found.kind, "kind")?;
    check(expected.time == found.time, "time")?;
    check(expected.key == found.key, "key")?;
    let aggregates: Vec<_> = expected
        .values
        .iter()
        .take(rule.aggregates.len())
        .map(|(_, value)| value)
        .collect();
    check(
        aggregates.len() == found.values.len(),
        "number of aggregates",
    )?;
    check(
        aggregates
            .iter()
            .zip(&found.values)
            .all(|(a, b)| close_to(a, b)),
        "aggregates",
    )?;
    let calls = expected.actions.len() == found.actions.len()
        && expected
            .actions
            .iter()
            .zip(&found.actions)
            .all(|((action, values), call)| {
                *action == call.action as usize
                    && values.len() == call.args.len()
                    && values.iter().zip(&call.args).all(|(a, b)| close_to(a, b))
            });
    check(calls, "actions")?;
    let events: Vec<(&str, &Event)> = expected
        .events
        .iter()
        .flat_map(|(alias, events)| events.iter().map(|event| (&**alias, event)))
        .collect();
    check(events.len() == found.events.len(), "number of events")?;
    check(
        events
            .iter()
            .zip(&found.events)
            .all(|((alias, event), bound)| same_event(alias, event, bound)),
        "events",
    )?;
    // Of several types, all is what they share.
    let whole = rule.keeps_all && !rule.any && (rule.types.len() == 1 || rule.pattern.is_some());
    check(
        !whole
            || events
                .iter()
                .zip(&found.events)
                .all(|((_, event), bound)| is_whole(event, bound)),
        "fields that `keep *` keeps",
    )
}

/// Is each field told that is not null?
fn is_whole(event: &Event, bound: &BoundEvent) -> bool {
    let told = |index| bound.fields.iter().any(|(field, _)| field.index() == index);
    let mut values = event.values.iter().enumerate();
    values.all(|(index, value)| *value == Value::Null || told(index))
}

/// Is the bound event this one, with the fields that it has?
fn same_event(alias: &str, event: &Event, bound: &BoundEvent) -> bool {
    *alias == *bound.alias
        && event.type_id == bound.type_id
        && event.time == bound.time
        && Some(&event.source) == bound.source.as_ref()
        && (event.id.as_deref() == Some(oracle::DERIVED_ID) || event.id == bound.id)
        && event.subject == bound.subject
        && event.severity == bound.severity
        && bound
            .fields
            .iter()
            .all(|(field, value)| close_to(&event.values[field.index()], value))
}

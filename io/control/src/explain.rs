//! Why rules fired over recorded events, or what was missing: `trapjaw explain`.
//!
//! The rules run in lockstep, as in a replay, and beside them probes: copies that fire wherever there is something to
//! tell, with what each part of a condition gave and the values that it read. Patterns tell of their partial matches
//! themselves ([`trapjaw_engine::trace`]). Of what did not fire, the nearest is told: where the most was true, and the
//! rest was least far from it.

mod account;
mod keyed;
mod partial;
mod probe;
mod shown;
mod text;

use std::collections::HashMap;
use std::io::{self, BufRead};
use std::sync::Arc;

use trapjaw_dsl::compile_checked;
use trapjaw_dsl::hir::{self, Clause};
use trapjaw_engine::Config;
use trapjaw_engine::trace::Traces;
use trapjaw_event::Match;
use trapjaw_wire::json::{EventReader, NdjsonReader};

use crate::replay::{Feed, Options as ReplayOptions, Refusal};
use crate::rules::Loaded;
pub use account::{Account, Explanation, Outcome, RuleExplanation, Step, Verdict};
use account::{Best, Context};
use keyed::{Runs, Silences};
use partial::Partials;
use probe::{About, Probe, Probes};

/// What is to be explained.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Only this rule.
    pub rule: Option<String>,
    /// Only keys of which a part reads so.
    pub key: Option<String>,
    /// Only what was going on at this instant, in nanoseconds since the Unix epoch.
    pub at: Option<i64>,
    /// After the last event, time moves on to this instant.
    pub until: Option<i64>,
    /// Accounts of what fired, and of what did not, a rule, at most.
    pub most: usize,
}

/// Why there is no explanation.
#[derive(Debug)]
pub enum ExplainError {
    /// No rule has this name; one that has nearly.
    NoRule(String, Option<Box<str>>),
    /// The rules together with their probes are more than an engine takes.
    TooMany(String),
    /// The events can't be read.
    Input(io::Error),
}

impl core::fmt::Display for ExplainError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::NoRule(name, near) => {
                write!(f, "there is no rule {name}")?;
                match near {
                    Some(near) => write!(f, "; did you mean {near}?"),
                    None => Ok(()),
                }
            }
            Self::TooMany(why) => write!(f, "{why}; `--rule` explains one rule"),
            Self::Input(error) => write!(f, "the events: {error}"),
        }
    }
}

impl std::error::Error for ExplainError {}

/// Events between two looks at what the patterns' partial matches did.
const EVENTS_A_LOOK: u64 = 256;

/// Explains what rules make of the events of `input`. Each refused line goes to `refused` with its number.
///
/// # Errors
///
/// See [`ExplainError`].
pub fn explain(
    loaded: &Loaded,
    input: impl BufRead,
    options: &Options,
    mut refused: impl FnMut(u64, &Refusal),
) -> Result<Explanation, ExplainError> {
    let asked = asked(&loaded.checked, options.rule.as_deref())?;
    let probes = Probes::of(&loaded.checked, &loaded.sources, &asked);
    let program =
        compile_checked(&probes.rules).map_err(|error| ExplainError::TooMany(error.to_string()))?;
    let program = Arc::new(program);
    let config = Config {
        trace_patterns: true,
        ..Config::default()
    };
    let replay = ReplayOptions {
        config,
        ..ReplayOptions::default()
    };
    let mut feed = Feed::new(&program, replay);
    let mut tellers: HashMap<usize, Teller> = asked
        .iter()
        .map(|&rule| {
            (
                rule,
                Teller::new(Context::new(
                    &loaded.checked,
                    &loaded.sources,
                    rule,
                    options,
                )),
            )
        })
        .collect();
    let registry = Arc::clone(&program.registry);
    let mut lines = NdjsonReader::new(input, EventReader::new(Arc::clone(&registry)), 0);
    let (mut events, mut newest) = (0_u64, i64::MIN);
    let mut found: Vec<Match> = Vec::new();
    while let Some(line) = lines.next() {
        let (number, line) = line.map_err(ExplainError::Input)?;
        let mut keep = |matched| {
            found.push(matched);
            Ok(())
        };
        match line {
            Ok(event) => {
                newest = newest.max(event.time);
                lines.set_now(newest);
                let pushed = feed.push(&event, &mut keep).map_err(ExplainError::Input)?;
                match pushed {
                    Ok(()) => events += 1,
                    Err(error) => refused(number, &Refusal::Build(error)),
                }
            }
            Err(error) => refused(number, &Refusal::Json(error)),
        }
        if events.is_multiple_of(EVENTS_A_LOOK) {
            feed.flush(&mut keep).map_err(ExplainError::Input)?;
            look(&mut feed, &probes, &mut tellers, &mut found);
        }
    }
    let mut keep = |matched| {
        found.push(matched);
        Ok(())
    };
    feed.flush(&mut keep).map_err(ExplainError::Input)?;
    if let Some(until) = options.until {
        feed.tick(until, &mut keep).map_err(ExplainError::Input)?;
    }
    look(&mut feed, &probes, &mut tellers, &mut found);
    let end = newest.max(options.until.unwrap_or(i64::MIN));
    let open = feed.engine().open_runs();
    follow(open, &mut tellers);
    let rules = asked.iter().filter_map(|rule| {
        let teller = tellers.remove(rule)?;
        let rule = &loaded.checked.rules[*rule];
        let source = loaded.sources.get(rule.span.source);
        let line = source.line_column(rule.span.range().start as u32).line;
        Some(teller.finish(source.name(), line, end))
    });
    Ok(Explanation {
        events,
        rules: rules.collect(),
    })
}

/// The rules that are to be explained, by place.
fn asked(rules: &hir::RuleSet, name: Option<&str>) -> Result<Vec<usize>, ExplainError> {
    let Some(name) = name else {
        return Ok((0..rules.rules.len()).collect());
    };
    let names = || rules.rules.iter().map(|rule| &*rule.name);
    match names().position(|known| known == name) {
        Some(rule) => Ok(vec![rule]),
        None => {
            let near = shown::nearest(name, names()).map(Into::into);
            Err(ExplainError::NoRule(name.to_owned(), near))
        }
    }
}

/// Takes in what rules, probes and partial matches have told.
fn look(
    feed: &mut Feed,
    probes: &Probes,
    tellers: &mut HashMap<usize, Teller>,
    found: &mut Vec<Match>,
) {
    for matched in found.drain(..) {
        match probes.by_place.get(&matched.rule.index()) {
            Some(probe) => {
                if let Some(teller) = tellers.get_mut(&probe.rule) {
                    teller.probed(probe, &matched);
                }
            }
            None => {
                if let Some(teller) = tellers.get_mut(&matched.rule.index()) {
                    teller.matched(&matched);
                }
            }
        }
    }
    let traces = feed.engine().take_traces();
    follow(traces, tellers);
}

/// Takes in what partial matches did.
fn follow(traces: Traces, tellers: &mut HashMap<usize, Teller>) {
    for step in traces.steps {
        if let Some(teller) = tellers.get_mut(&step.rule.index()) {
            teller.partials.step(&step, &teller.context);
        }
    }
    for (rule, count) in traces.left_out {
        if let Some(teller) = tellers.get_mut(&rule.index()) {
            teller.partials.left_out += count;
        }
    }
}

/// Collects what is to be told of a rule.
struct Teller<'r> {
    context: Context<'r>,
    fired: Vec<Account>,
    count: u64,
    unlimited: u64,
    /// Of events, by their condition.
    events: Best,
    /// Of windows, by `having`.
    windows: Best,
    evaluations: u64,
    runs: Runs,
    silences: Silences,
    partials: Partials,
}

impl<'r> Teller<'r> {
    fn new(context: Context<'r>) -> Self {
        Self {
            runs: Runs::new(&context),
            silences: Silences::new(&context),
            partials: Partials::default(),
            context,
            fired: Vec::new(),
            count: 0,
            unlimited: 0,
            events: Best::default(),
            windows: Best::default(),
            evaluations: 0,
        }
    }

    fn matched(&mut self, found: &Match) {
        self.count += 1;
        self.silences.matched(found);
        let account = self.context.matched(found);
        if self.context.is_asked(&account) && self.fired.len() < self.context.options.most {
            self.fired.push(account);
        }
    }

    fn probed(&mut self, probe: &Probe, found: &Match) {
        match probe.about {
            About::Limit => self.unlimited += 1,
            About::Events => {
                let verdicts = probe.verdicts(found);
                match self.context.rule.clause {
                    Clause::Sustained { .. } => self.runs.event(&self.context, found, &verdicts),
                    Clause::Absent { .. } => self.silences.event(&self.context, found, &verdicts),
                    _ => {}
                }
                self.judged(found, verdicts, false);
            }
            About::Windows => {
                self.evaluations += 1;
                let verdicts = probe.verdicts(found);
                self.judged(found, verdicts, true);
            }
        }
    }

    /// A condition was judged: what was true where the rule fired, or how near it was.
    fn judged(&mut self, found: &Match, verdicts: probe::Verdicts, is_window: bool) {
        if verdicts.is_true() {
            let same = |account: &&mut Account| {
                account.at == found.time && account.key == self.context.key(&found.key)
            };
            if let Some(account) = self.fired.iter_mut().find(same) {
                account.conditions.extend(verdicts.told);
            }
            return;
        }
        let account = self.context.judged(found, &verdicts, is_window);
        if self.context.is_asked(&account) {
            let best = if is_window {
                &mut self.windows
            } else {
                &mut self.events
            };
            best.offer(verdicts.distance, account, self.context.options.most);
        }
    }

    fn finish(mut self, file: &str, line: u32, end: i64) -> RuleExplanation {
        let most = self.context.options.most;
        let left_out = self.partials.left_out;
        let nearly = match self.context.rule.clause {
            Clause::Sustained { .. } => self.runs.finish(&self.context, end),
            Clause::Absent { .. } => self.silences.finish(&self.context, end),
            _ if self.context.rule.pattern.is_some() => self.partials.finish(&self.context),
            Clause::Each => self.events.accounts(),
            // Where no event was taken in, it is the events that were not near enough.
            _ if self.evaluations == 0 => self.events.accounts(),
            _ => self.windows.accounts(),
        };
        let nearly: Vec<Account> = if nearly.is_empty() && self.count == 0 {
            self.events.accounts()
        } else {
            nearly
        };
        // A limit counts what is raised or found, and no clears.
        let held_back = self
            .context
            .rule
            .limit
            .map_or(0, |_| self.unlimited.saturating_sub(self.count));
        RuleExplanation {
            name: self.context.rule.name.clone(),
            file: file.to_owned(),
            line,
            clause: self.context.clause(),
            matches: self.count,
            held_back,
            left_out,
            fired: self.fired,
            nearly: nearly.into_iter().take(most).collect(),
        }
    }
}

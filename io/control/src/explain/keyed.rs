//! Runs of `for`, and silences of `absent`: how long they were, and what ended them.

use std::collections::BTreeMap;

use trapjaw_dsl::hir::Clause;
use trapjaw_event::{Match, MatchKind, format};

use super::account::{Account, Best, Context, Outcome, Step, Verdict};
use super::probe::Verdicts;

type Key = Vec<(Box<str>, String)>;

/// Keys that are followed at a time; later ones are not.
const MAX_KEYS: usize = 1 << 16;

/// A run that is on.
struct Run {
    start: i64,
    last: i64,
    events: u64,
}

/// The runs of a `for` rule, key by key.
pub(super) struct Runs {
    duration: i64,
    gap: Option<i64>,
    open: BTreeMap<Key, Run>,
    missed: Best,
}

impl Runs {
    pub(super) fn new(context: &Context<'_>) -> Self {
        let (duration, gap) = match context.rule.clause {
            Clause::Sustained { duration, gap, .. } => (duration, gap),
            _ => (0, None),
        };
        Self {
            duration,
            gap,
            open: BTreeMap::new(),
            missed: Best::default(),
        }
    }

    pub(super) fn event(&mut self, context: &Context<'_>, found: &Match, verdicts: &Verdicts) {
        let key = context.key(&found.key);
        let silent = |run: &Run| {
            self.gap
                .is_some_and(|gap| found.time.saturating_sub(run.last) >= gap)
        };
        if self.open.get(&key).is_some_and(silent)
            && let Some(run) = self.open.remove(&key)
        {
            let end = run.last.saturating_add(self.gap.unwrap_or(0));
            self.end(
                context,
                &key,
                &run,
                (end, "by silence", Outcome::Missed),
                &[],
            );
        }
        if verdicts.is_true() {
            if let Some(run) = self.open.get_mut(&key) {
                run.last = found.time;
                run.events += 1;
            } else if self.open.len() < MAX_KEYS {
                let run = Run {
                    start: found.time,
                    last: found.time,
                    events: 1,
                };
                self.open.insert(key, run);
            }
        } else if let Some(run) = self.open.remove(&key) {
            let how = (found.time, "by an event", Outcome::Missed);
            self.end(context, &key, &run, how, &verdicts.told);
        }
    }

    fn end(
        &mut self,
        context: &Context<'_>,
        key: &Key,
        run: &Run,
        (end, how, outcome): (i64, &str, Outcome),
        conditions: &[Verdict],
    ) {
        let lasted = run.last.saturating_sub(run.start);
        if lasted >= self.duration {
            return;
        }
        let missing = format::Duration(self.duration - lasted);
        let kept = format::Duration(lasted);
        let plural = if run.events == 1 { "" } else { "s" };
        let over = format!("held for {kept} over {} event{plural}", run.events);
        let says = match outcome {
            Outcome::Open => format!("{over} so far, {missing} missing: the events end"),
            _ => format!("{over}, {missing} missing: broken {how}"),
        };
        let account = Account {
            outcome,
            at: end,
            from: run.start,
            key: key.clone(),
            says,
            conditions: conditions.to_vec(),
            steps: vec![
                step(run.start, "the first event for which `where` holds"),
                step(run.last, "the last one"),
            ],
        };
        if context.is_asked(&account) {
            let distance = 1.0 - lasted as f64 / self.duration.max(1) as f64;
            self.missed.offer(distance, account, context.options.most);
        }
    }

    pub(super) fn finish(&mut self, context: &Context<'_>, end: i64) -> Vec<Account> {
        for (key, run) in core::mem::take(&mut self.open) {
            let silent = self.gap.filter(|gap| end.saturating_sub(run.last) >= *gap);
            let how = match silent {
                Some(gap) => (run.last.saturating_add(gap), "by silence", Outcome::Missed),
                None => (end, "", Outcome::Open),
            };
            self.end(context, &key, &run, how, &[]);
        }
        self.missed.accounts()
    }
}

/// The silences of an `absent` rule, key by key.
pub(super) struct Silences {
    duration: i64,
    last: BTreeMap<Key, i64>,
    missed: Best,
}

impl Silences {
    pub(super) fn new(context: &Context<'_>) -> Self {
        let duration = match context.rule.clause {
            Clause::Absent { duration, .. } => duration,
            _ => 0,
        };
        Self {
            duration,
            last: BTreeMap::new(),
            missed: Best::default(),
        }
    }

    /// Once it was raised, the key waits for an event and for nothing else.
    pub(super) fn matched(&mut self, found: &Match) {
        if found.kind == MatchKind::Expired {
            self.last.clear();
        }
    }

    pub(super) fn event(&mut self, context: &Context<'_>, found: &Match, verdicts: &Verdicts) {
        if !verdicts.is_true() {
            return;
        }
        let key = context.key(&found.key);
        if let Some(last) = self.last.get(&key).copied() {
            let how = (found.time, "then an event came", Outcome::Missed);
            self.end(context, &key, last, how);
        }
        if self.last.len() < MAX_KEYS || self.last.contains_key(&key) {
            self.last.insert(key, found.time);
        }
    }

    fn end(
        &mut self,
        context: &Context<'_>,
        key: &Key,
        last: i64,
        (end, how, outcome): (i64, &str, Outcome),
    ) {
        let lasted = end.saturating_sub(last);
        if lasted >= self.duration {
            return;
        }
        let account = Account {
            outcome,
            at: end,
            from: last,
            key: key.clone(),
            says: format!(
                "silent for {}, {} missing: {how}",
                format::Duration(lasted),
                format::Duration(self.duration - lasted)
            ),
            conditions: Vec::new(),
            steps: vec![step(last, "the last event for which `where` holds")],
        };
        if context.is_asked(&account) {
            let distance = 1.0 - lasted as f64 / self.duration.max(1) as f64;
            self.missed.offer(distance, account, context.options.most);
        }
    }

    pub(super) fn finish(&mut self, context: &Context<'_>, end: i64) -> Vec<Account> {
        for (key, last) in core::mem::take(&mut self.last) {
            let how = (
                end,
                "the events end; `--until` lets time go on",
                Outcome::Open,
            );
            self.end(context, &key, last, how);
        }
        self.missed.accounts()
    }
}

fn step(at: i64, what: &str) -> Step {
    Step {
        at,
        what: what.to_owned(),
        event: None,
    }
}

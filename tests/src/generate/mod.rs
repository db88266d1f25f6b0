//! Random cases: rule files in the supported part of the language, and histories for them.
//!
//! A case is made from a seed, and the same seed makes the same case: what fails is told by its seed. Rules are made as
//! text, so that all of the language's front end is under test with what comes behind it. [`Case::shrink`]
//! takes away what a failure doesn't need.

mod call;
mod expr;
mod history;
mod pattern;
mod random;
mod rule;
mod schema;
mod table;
#[cfg(test)]
mod tests;

use core::fmt;

use trapjaw_dsl::source::SourceMap;
use trapjaw_event::Event;

pub use pattern::{PatternCase, SKIPS};

use crate::oracle::Options;
use random::Random;
use schema::{SECOND, Schema};
use table::TableDef;

/// A rule file and a history for it.
#[derive(Clone, Debug)]
pub struct Case {
    /// What it was made from.
    pub seed: u64,
    /// Event types, in the order of their ids, constants and tables.
    pub declarations: Vec<String>,
    /// The files of the tables: their paths, and what they hold.
    pub tables: Vec<(String, String)>,
    /// The rules.
    pub rules: Vec<String>,
    /// The history, in order of arrival.
    pub events: Vec<Event>,
    /// How it is run.
    pub options: Options,
}

impl Case {
    /// The case that a seed makes.
    pub fn new(seed: u64) -> Self {
        let random = &mut Random::new(seed);
        let schema = Schema::new(random);
        let rules = rule::rules(random, &schema);
        let events = history::history(random, &schema);
        let day = 86_400 * SECOND;
        let end = events
            .iter()
            .map(|event| event.time)
            .max()
            .unwrap_or(schema.start);
        let until = random
            .pick(&[
                None,
                Some(0),
                Some(SECOND),
                Some(5 * SECOND),
                Some(60 * SECOND),
                Some(2 * day),
            ])
            .map(|after| end + after);
        let idle_ttl = random.pick(&[day, day, 7 * SECOND, 20 * SECOND]);
        Self {
            seed,
            declarations: schema.declarations(),
            tables: schema.tables.iter().map(TableDef::file).collect(),
            rules,
            events,
            options: Options {
                until,
                idle_ttl,
                by_source: random.chance(30),
            },
        }
    }

    /// The rule file.
    pub fn text(&self) -> String {
        [&*self.declarations, &*self.rules].concat().join("\n")
    }

    /// The rule file, as the language's front end takes it.
    pub fn sources(&self) -> SourceMap {
        self.sources_with(self.text())
    }

    /// As [`sources`](Self::sources), with another text for the rule file.
    pub fn sources_with(&self, text: impl Into<String>) -> SourceMap {
        let mut sources = SourceMap::new();
        sources.add("case.trap", text);
        for (path, text) in &self.tables {
            sources.add_table(path, text);
        }
        sources
    }

    /// A smaller case that still fails, from which neither a rule nor an event could be taken away, if `fails`
    /// says of this one that it does. `fails` is to be false for cases that fail in another way.
    #[must_use]
    pub fn shrink(self, mut fails: impl FnMut(&Self) -> bool) -> Self {
        let mut case = self;
        let mut shrunk = true;
        while shrunk {
            shrunk = shrink_list(&mut case, |case| &mut case.rules, &mut fails);
            shrunk |= shrink_list(&mut case, |case| &mut case.events, &mut fails);
        }
        case
    }
}

/// Takes runs of items away, ever shorter ones, as long as the case fails. Was there one to take?
fn shrink_list<C: Clone, T>(
    case: &mut C,
    list: impl Fn(&mut C) -> &mut Vec<T>,
    fails: &mut impl FnMut(&C) -> bool,
) -> bool {
    let mut shrunk = false;
    let mut length = list(case).len();
    while length > 0 {
        let mut start = 0;
        while start + length <= list(case).len() {
            let mut smaller = case.clone();
            list(&mut smaller).drain(start..start + length);
            if fails(&smaller) {
                *case = smaller;
                shrunk = true;
            } else {
                start += length;
            }
        }
        length /= 2;
    }
    shrunk
}

impl fmt::Display for Case {
    /// All that is needed to look into a failure.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "seed {}, {:?}", self.seed, self.options)?;
        writeln!(f, "{}", self.text())?;
        for (path, text) in &self.tables {
            writeln!(f, "{path}:\n{text}")?;
        }
        for event in &self.events {
            writeln!(f, "{event:?}")?;
        }
        Ok(())
    }
}

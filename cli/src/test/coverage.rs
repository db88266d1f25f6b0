//! What tests have tried of the rules, as a reader sees it.

use core::fmt;

use anyhow::{Context, Result};
use trapjaw_control::coverage::{self, Coverage, Part, Tried};
use trapjaw_control::rules::Loaded;

/// What was tried of the rules of several sets.
#[derive(Default)]
pub(super) struct Report {
    rules: Vec<Line>,
}

/// A rule.
struct Line {
    name: String,
    tried: usize,
    parts: usize,
    /// What was not, with its place.
    untried: Vec<String>,
}

impl Report {
    /// Runs the tests of a rule set with probes, and takes in what they tried.
    pub(super) fn add(&mut self, loaded: &Loaded) -> Result<()> {
        let rules = coverage::of(&loaded.checked).context("coverage")?;
        self.rules
            .extend(rules.iter().map(|rule| Line::new(rule, loaded)));
        Ok(())
    }
}

impl Line {
    fn new(rule: &Coverage, loaded: &Loaded) -> Self {
        let tried = rule.parts.iter().filter(|part| part.covered).count();
        let untried = rule.parts.iter().filter(|part| !part.covered);
        Self {
            name: rule.rule.to_string(),
            tried,
            parts: rule.parts.len(),
            untried: untried.map(|part| told(part, loaded)).collect(),
        }
    }
}

fn told(part: &Part, loaded: &Loaded) -> String {
    let source = loaded.sources.get(part.span.source);
    let line = source.line_column(part.span.start).line;
    let place = format!("{}:{line}", source.name());
    let text = &source.text()[part.span.range()];
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    match part.clause {
        Tried::Holds => format!("{place}  never true: {text}"),
        Tried::Fails => format!("{place}  never false: {text}"),
        Tried::Fires => format!("{place}  never fires"),
        Tried::Clears => format!("{place}  never clears"),
        Tried::TimesOut => format!("{place}  never times out"),
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.rules.is_empty() {
            return Ok(());
        }
        let width = self.rules.iter().map(|rule| rule.name.len()).max();
        let width = width.unwrap_or(0);
        writeln!(f, "\ncoverage")?;
        for rule in &self.rules {
            let Line {
                name, tried, parts, ..
            } = rule;
            writeln!(f, "  {name:<width$}  {tried} of {parts}")?;
            for untried in &rule.untried {
                writeln!(f, "  {:width$}    {untried}", "")?;
            }
        }
        let (tried, parts) = self.rules.iter().fold((0, 0), |(tried, parts), rule| {
            (tried + rule.tried, parts + rule.parts)
        });
        writeln!(f, "  {:<width$}  {tried} of {parts}", "all")
    }
}

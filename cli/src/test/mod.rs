//! `trapjaw test`.

mod coverage;
mod junit;
mod timeline;

use core::fmt::Write as _;
use std::io::{self, Write};
use std::process::ExitCode;

use anyhow::{Context, Result};
use trapjaw_control::rule_test::{self, Outcome};
use trapjaw_control::rules::{Loaded, compile_only, read_sources};
use trapjaw_dsl::hir::test::Test as RuleTest;

use crate::args::{Test, Verdicts};
use crate::failure::{tell, unwritten};
use crate::{exit, rule_sets, style};

/// A test that was run.
pub(crate) struct Verdict {
    /// `rules.trap:12`
    place: String,
    title: String,
    outcome: Outcome,
    /// What a failure's reader sees; empty where it passed.
    timeline: String,
}

pub(crate) fn run(args: &Test) -> Result<ExitCode> {
    let mut verdicts = Vec::new();
    let mut tried = coverage::Report::default();
    for paths in rule_sets::of(&args.rules)? {
        let loaded = compile_only(read_sources(&paths)?)?;
        tell(loaded.rendered_warnings(style::of(&io::stderr())));
        for test in &loaded.checked.tests {
            let verdict = verdict(&loaded, test)?;
            let wanted = args
                .filter
                .as_deref()
                .is_none_or(|part| verdict.title.contains(part));
            if wanted {
                verdicts.push(verdict);
            }
        }
        if args.coverage {
            tried.add(&loaded)?;
        }
    }
    let failed = verdicts
        .iter()
        .filter(|verdict| !verdict.outcome.passed())
        .count();
    let text = match args.output {
        Verdicts::Text => told(&verdicts, failed, args) + &tried.to_string(),
        Verdicts::Junit => junit::document(&verdicts),
    };
    io::stdout().write_all(text.as_bytes()).map_err(unwritten)?;
    Ok(if failed > 0 {
        ExitCode::from(exit::FINDINGS)
    } else {
        ExitCode::SUCCESS
    })
}

fn verdict(loaded: &Loaded, test: &RuleTest) -> Result<Verdict> {
    let source = loaded.sources.get(test.span.source);
    let line = source.line_column(test.span.start).line;
    let place = format!("{}:{line}", source.name());
    let outcome = rule_test::run(&loaded.rules, test).with_context(|| place.clone())?;
    let timeline = if outcome.passed() {
        String::new()
    } else {
        timeline::of(loaded, test, &outcome)
    };
    Ok(Verdict {
        place,
        title: test.title.to_string(),
        outcome,
        timeline,
    })
}

fn told(verdicts: &[Verdict], failed: usize, args: &Test) -> String {
    let mut text = String::new();
    // Writing to memory does not fail.
    for verdict in verdicts {
        let passed = verdict.outcome.passed();
        if passed && args.quiet {
            continue;
        }
        let word = if passed { "ok  " } else { "FAIL" };
        let _ = writeln!(text, "{word}  {}  {}", verdict.place, verdict.title);
        if !passed {
            text.push('\n');
            text.push_str(&verdict.timeline);
            text.push('\n');
        }
    }
    let count = verdicts.len();
    let tests = if count == 1 { "test" } else { "tests" };
    let _ = match (count, failed) {
        (0, _) => match &args.filter {
            Some(part) => writeln!(text, "no test has `{part}` in its title"),
            None => writeln!(text, "no tests"),
        },
        (_, 0) => writeln!(text, "{count} {tests}, all passed"),
        _ => writeln!(text, "{count} {tests}, {failed} failed"),
    };
    text
}

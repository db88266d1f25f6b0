//! `trapjaw replay`.

use std::fs::File;
use std::io::{self, BufRead, BufReader, BufWriter, Write};
use std::process::ExitCode;

use anyhow::{Context, Result};
use trapjaw_control::replay::{Options, Summary, replay};
use trapjaw_control::rules::{compile_only, read_sources};
use trapjaw_data::names::rule_names;
use trapjaw_event::{Match, Registry, format};
use trapjaw_wire::json::{RuleNames, write_match};

use crate::args::{Matches, Replay};
use crate::check::style;

/// Refused lines that are told one by one; the rest is counted.
const TOLD: u64 = 100;

pub(crate) fn run(args: &Replay) -> Result<ExitCode> {
    let loaded = compile_only(read_sources(&args.rules)?)?;
    eprint!("{}", loaded.rendered_warnings(style(&io::stderr())));
    let rules = loaded.rules;
    let names: Vec<RuleNames> = rules.rules.iter().map(rule_names).collect();
    let mut out = Printer {
        out: BufWriter::new(io::stdout().lock()),
        form: args.output,
        names: &names,
        registry: &rules.registry,
        line: Vec::new(),
    };
    let input: Box<dyn BufRead> = if args.events.as_os_str() == "-" {
        Box::new(io::stdin().lock())
    } else {
        let file =
            File::open(&args.events).with_context(|| format!("{}", args.events.display()))?;
        Box::new(BufReader::with_capacity(1 << 20, file))
    };
    let options = Options {
        until: args.until,
        shards: args.shards,
        batch: args.batch as usize,
        ..Options::default()
    };
    let mut told = 0;
    let refused = |number: u64, reason: &_| {
        told += 1;
        if told <= TOLD {
            eprintln!("line {number}: {reason}");
        }
    };
    let result =
        replay(&rules, input, options, |found| out.print(&found), refused).and_then(|summary| {
            out.out.flush()?;
            Ok(summary)
        });
    match result {
        Ok(summary) => {
            tell(&summary, &names);
            Ok(ExitCode::SUCCESS)
        }
        // Whoever reads has seen enough (`| head`).
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(ExitCode::SUCCESS),
        Err(error) => Err(error).context("replay"),
    }
}

struct Printer<'r, W: Write> {
    out: W,
    form: Matches,
    names: &'r [RuleNames],
    registry: &'r Registry,
    line: Vec<u8>,
}

impl<W: Write> Printer<'_, W> {
    fn print(&mut self, found: &Match) -> io::Result<()> {
        let names = &self.names[found.rule.index()];
        self.line.clear();
        match self.form {
            Matches::Ndjson => write_match(&mut self.line, found, names, self.registry),
            Matches::Table => row(&mut self.line, found, names),
        }
        self.line.push(b'\n');
        self.out.write_all(&self.line)
    }
}

/// Time, kind, rule, key.
fn row(line: &mut Vec<u8>, found: &Match, names: &RuleNames) {
    let keys = names.key.iter().zip(&found.key);
    let keys: Vec<String> = keys
        .map(|(part, value)| format!("{}={}", part.name, plain(value)))
        .collect();
    let (time, kind, rule) = (format::Time(found.time), found.kind, &names.rule);
    let _ = write!(
        line,
        "{:<30}  {kind:<8}  {rule:<24}  {}",
        time.to_string(),
        keys.join(" ")
    );
}

fn plain(value: &trapjaw_event::Value) -> String {
    use trapjaw_event::Value as V;
    match value {
        V::Null => "null".to_owned(),
        V::Bool(v) => v.to_string(),
        V::Int(v) => v.to_string(),
        V::Float(v) => format::Float(*v).to_string(),
        V::Text(v) => v.to_string(),
        V::Time(v) => format::Time(*v).to_string(),
        V::Duration(v) => format::Duration(*v).to_string(),
        V::Ip(v) => v.to_string(),
        V::Enum(code) => code.to_string(),
    }
}

fn tell(summary: &Summary, names: &[RuleNames]) {
    let matches: u64 = summary.counters.matches.iter().sum();
    eprintln!(
        "{} events, {} lines refused, {matches} matches",
        summary.events, summary.refused
    );
    for (names, count) in names.iter().zip(&summary.counters.matches) {
        eprintln!("  {:<24} {count}", names.rule);
    }
    let counters = &summary.counters;
    let notes = [
        (summary.ignored, "members of events that no field takes"),
        (
            counters.null_keys,
            "events skipped by a rule because their key was null",
        ),
        (
            counters.faults,
            "values made null by overflow or division by zero",
        ),
        (counters.held_back, "firings held back by a limit"),
        (
            counters.dropped_derived,
            "derived events dropped for null in a required field",
        ),
        (counters.evicted, "keys given up for want of room"),
    ];
    for (count, what) in notes.iter().filter(|(count, _)| *count > 0) {
        eprintln!("  {count} {what}");
    }
}

//! `trapjaw replay`.

use core::fmt;
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::process::ExitCode;

use anyhow::{Context, Result};
use trapjaw_control::replay::{Late, Options, Summary, replay_with_late};
use trapjaw_control::rules::{compile_only, read_sources};
use trapjaw_data::names::rule_names;
use trapjaw_event::{Event, Match, Registry};
use trapjaw_wire::json::{RuleNames, write_event, write_match};

use crate::args::{Matches, Replay};
use crate::failure::tell;
use crate::{input, style, table};

/// Refused lines that are told one by one; the rest is counted.
const TOLD: u64 = 100;

pub(crate) fn run(args: &Replay) -> Result<ExitCode> {
    let loaded = compile_only(read_sources(&args.rules)?)?;
    let input = input::open(&args.events)?;
    tell(loaded.rendered_warnings(style::of(&io::stderr())));
    let rules = loaded.rules;
    let names: Vec<RuleNames> = rules.rules.iter().map(rule_names).collect();
    let mut out = Printer {
        out: BufWriter::new(io::stdout().lock()),
        form: args.output,
        names: &names,
        registry: &rules.registry,
        line: Vec::new(),
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
            tell(format_args!("line {number}: {reason}\n"));
        }
    };
    let mut late = match &args.late {
        Some(path) => {
            let file = File::create(path).with_context(|| path.display().to_string())?;
            Some(BufWriter::new(file))
        }
        None => None,
    };
    let mut line = Vec::new();
    let mut tell_late = late.as_mut().map(|file| {
        let registry = &rules.registry;
        |event: &Event| {
            line.clear();
            write_event(&mut line, event, registry);
            line.push(b'\n');
            file.write_all(&line)
        }
    });
    let tell_late = tell_late.as_mut().map(|tell| tell as Late<'_>);
    let result = replay_with_late(
        &rules,
        input.reader,
        options,
        |found| out.print(&found),
        tell_late,
        refused,
    )
    .and_then(|summary| {
        out.out.flush()?;
        late.as_mut().map_or(Ok(()), Write::flush)?;
        Ok(summary)
    });
    match result {
        Ok(summary) => {
            tell(Told {
                summary: &summary,
                names: &names,
            });
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
            Matches::Table => table::row(&mut self.line, found, names),
        }
        self.line.push(b'\n');
        self.out.write_all(&self.line)
    }
}

/// What a replay did, for people.
struct Told<'a> {
    summary: &'a Summary,
    names: &'a [RuleNames],
}

impl fmt::Display for Told<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { summary, names } = self;
        let counters = &summary.counters;
        writeln!(
            f,
            "events {}, lines refused {}, matches {}",
            summary.events,
            summary.refused,
            counters.matches.iter().sum::<u64>()
        )?;
        for (names, count) in names.iter().zip(&counters.matches) {
            writeln!(f, "  {:<24} {count}", names.rule)?;
        }
        let notes = [
            (summary.ignored, "members of events that no field takes"),
            (
                counters.null_keys,
                "events skipped by a rule because their key was null",
            ),
            (
                counters.faults.total(),
                "values made null: overflow, division by zero, undefined results, bad conversions",
            ),
            (counters.held_back, "firings held back by a limit"),
            (
                counters.dropped_derived,
                "derived events dropped for null in a required field",
            ),
            (counters.evicted, "keys given up for want of room"),
            (
                counters.late.iter().sum(),
                "events that came too late for a rule",
            ),
            (
                counters.early,
                "events let go before the watermark for want of room",
            ),
            (
                summary.held,
                "events that wait for the watermark still: `--until` lets time go on",
            ),
        ];
        for (count, what) in notes.iter().filter(|(count, _)| *count > 0) {
            writeln!(f, "  {count} {what}")?;
        }
        Ok(())
    }
}

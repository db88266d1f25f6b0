//! `trapjaw replay`.

use std::fs::File;
use std::io::{self, BufWriter, IsTerminal, Write};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use indicatif::HumanCount;
use trapjaw_control::backtest::compare::{Compared, compare};
use trapjaw_control::backtest::{Brief, Detailed, Ended, Tally, backtest};
use trapjaw_control::recorded::{Recording, Refusal};
use trapjaw_control::replay::{Late, Options};
use trapjaw_control::rules::{Loaded, compile_only, read_sources};
use trapjaw_control::table;
use trapjaw_data::names::rule_names;
use trapjaw_event::{Event, Match, Registry};
use trapjaw_wire::json::{RuleNames, write_event, write_match};

use crate::args::{Matches, Replay};
use crate::failure::tell;
use crate::progress::Watch;
use crate::{exit, style};

/// Refused lines that are told one by one; the rest is counted.
const TOLD: u64 = 100;

pub(crate) fn run(args: &Replay) -> Result<ExitCode> {
    let loaded = compile_only(read_sources(&args.rules)?)?;
    let old = if args.compare.is_empty() {
        None
    } else {
        Some(compile_only(read_sources(&args.compare)?)?)
    };
    let recording = Recording::new(&args.events, args.type_name.as_deref())?;
    tell(loaded.rendered_warnings(style::of(&io::stderr())));
    let watch = Watch::of(recording.position(), recording.length(), args.quiet);
    let done = match &old {
        None => judge(args, &loaded, recording, watch),
        Some(old) => differences(args, (old, &loaded), recording, watch),
    };
    match done {
        // Whoever reads has seen enough (`| head`).
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(ExitCode::SUCCESS),
        Err(error) => Err(error).context("replay"),
        Ok((_, Some(cut))) => Err(cut.into()),
        Ok((code, None)) => Ok(code),
    }
}

/// An exit code, or why the files were not read to their end.
type Done = io::Result<(ExitCode, Option<trapjaw_control::recorded::InputError>)>;

/// Tells what the rules make of the events.
fn judge(args: &Replay, loaded: &Loaded, recording: Recording, mut watch: Watch) -> Done {
    let rules = &loaded.rules;
    let names: Vec<RuleNames> = rules.rules.iter().map(rule_names).collect();
    let is_detailed = args.summary || (io::stderr().is_terminal() && !args.quiet);
    let mut tally = is_detailed.then(|| Tally::new(names.len()));
    let mut out = Printer {
        out: BufWriter::new(io::stdout().lock()),
        form: args.output.unwrap_or(Matches::Ndjson),
        names: &names,
        registry: &rules.registry,
        line: Vec::new(),
    };
    let mut late = match &args.late {
        Some(path) => Some(BufWriter::new(File::create(path).map_err(|error| {
            io::Error::new(error.kind(), format!("{}: {error}", path.display()))
        })?)),
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
    let start = Instant::now();
    let found = |found: Match| {
        if let Some(tally) = &mut tally {
            tally.add(&found, &names[found.rule.index()]);
        }
        out.print(&found)
    };
    let ended = backtest(
        rules,
        recording,
        options(args),
        found,
        tell_late,
        refusals(&watch),
    );
    watch.end();
    let Ended { summary, input } = ended?;
    out.out.flush()?;
    late.as_mut().map_or(Ok(()), Write::flush)?;
    if args.quiet {
        return Ok((ExitCode::SUCCESS, input));
    }
    let (summary, names) = (&summary, &*names);
    match &tally {
        Some(tally) => tell(Detailed {
            summary,
            names,
            tally,
        }),
        None => tell(Brief { summary, names }),
    }
    if io::stderr().is_terminal() {
        tell_rate(summary.events, start.elapsed());
    }
    Ok((ExitCode::SUCCESS, input))
}

/// Tells what old rules would have made else.
fn differences(
    args: &Replay,
    (old, new): (&Loaded, &Loaded),
    recording: Recording,
    mut watch: Watch,
) -> Done {
    let mut out = BufWriter::new(io::stdout().lock());
    let form = args.output.unwrap_or(Matches::Table);
    let compared = compare(
        &old.rules,
        &new.rules,
        recording,
        options(args),
        |difference| match form {
            Matches::Table => writeln!(out, "{difference}"),
            Matches::Ndjson => writeln!(out, "{}", difference.to_json()),
        },
        refusals(&watch),
    );
    watch.end();
    let mut compared: Compared = compared?;
    if form == Matches::Ndjson {
        writeln!(out, "{}", compared.to_json())?;
    }
    out.flush()?;
    if !args.quiet {
        tell(&compared);
    }
    let code = if compared.differs() {
        ExitCode::from(exit::FINDINGS)
    } else {
        ExitCode::SUCCESS
    };
    Ok((code, compared.input.take()))
}

fn options(args: &Replay) -> Options {
    Options {
        until: args.until,
        shards: args.shards,
        batch: args.batch as usize,
        ..Options::default()
    }
}

/// Tells the first refused lines, beside the bar.
fn refusals(watch: &Watch) -> impl FnMut(Option<&str>, u64, &Refusal) {
    let mut told = 0;
    move |file, number, reason| {
        told += 1;
        if told <= TOLD {
            let file = file.map_or_else(String::new, |file| format!("{file}: "));
            watch.beside(|| tell(format_args!("{file}line {number}: {reason}\n")));
        }
    }
}

fn tell_rate(events: u64, took: Duration) {
    let rate = events as f64 / took.as_secs_f64().max(1e-9);
    tell(format_args!(
        "  in {:.1} s: {} events/s\n",
        took.as_secs_f64(),
        HumanCount(rate as u64)
    ));
}

struct Printer<'r, W: Write> {
    out: W,
    form: Matches,
    names: &'r [RuleNames],
    registry: &'r Arc<Registry>,
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

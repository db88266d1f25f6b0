//! `trapjaw bench`.

use std::io::{self, Write};
use std::process::ExitCode;

use anyhow::Result;
use serde_json::json;
use trapjaw_control::bench::{Events, Options, bench, sample_rules};
use trapjaw_control::rules::{compile_only, read_sources};

use crate::args::{Bench, Form};
use crate::failure::{tell, unwritten};
use crate::style;

pub(crate) fn run(args: &Bench) -> Result<ExitCode> {
    let (sources, events) = if args.rules.is_empty() {
        (sample_rules(), Events::Sample)
    } else {
        (read_sources(&args.rules)?, Events::recorded(&args.events)?)
    };
    let loaded = compile_only(sources)?;
    tell(loaded.rendered_warnings(style::of(&io::stderr())));
    let options = Options {
        rates: args.rate.0.clone(),
        seconds: args.duration,
        driver: args.driver,
    };
    let report = bench(&loaded, events, &options)?;
    let mut out = io::stdout().lock();
    match args.output {
        Form::Text => write!(out, "{report}"),
        Form::Json => writeln!(out, "{}", json!(report)),
    }
    .map_err(unwritten)?;
    Ok(ExitCode::SUCCESS)
}

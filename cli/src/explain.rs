//! `trapjaw explain`.

use std::io::{self, Write};
use std::process::ExitCode;

use anyhow::Result;
use serde_json::json;
use trapjaw_control::explain::{Options, explain};
use trapjaw_control::rules::{compile_only, read_sources};

use crate::args::{Explain, Form};
use crate::failure::{tell, unwritten};
use crate::{input, style};

/// Refused lines that are told one by one.
const TOLD: u64 = 100;

pub(crate) fn run(args: &Explain) -> Result<ExitCode> {
    let loaded = compile_only(read_sources(&args.rules)?)?;
    tell(loaded.rendered_warnings(style::of(&io::stderr())));
    let input = input::open(&args.events)?;
    let options = Options {
        rule: args.rule.clone(),
        key: args.key.clone(),
        at: args.at,
        until: args.until,
        most: usize::from(args.most),
    };
    let mut told = 0;
    let refused = |number: u64, reason: &_| {
        told += 1;
        if told <= TOLD {
            tell(format_args!("line {number}: {reason}\n"));
        }
    };
    let explanation = explain(&loaded, input.reader, &options, refused)?;
    let mut out = io::stdout().lock();
    match args.output {
        Form::Text => write!(out, "{explanation}"),
        Form::Json => writeln!(out, "{}", json!(explanation)),
    }
    .map_err(unwritten)?;
    Ok(ExitCode::SUCCESS)
}

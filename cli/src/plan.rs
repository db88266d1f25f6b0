//! `trapjaw plan`.

use core::fmt;
use std::io::{self, Write};
use std::process::ExitCode;

use anyhow::Result;
use serde_json::{Value, json};
use trapjaw_control::config::{Config, Environment, Overrides};
use trapjaw_control::plan::{ChangePlan, Plan, drawn};
use trapjaw_control::rules::{Loaded, compile_only, read_sources};
use trapjaw_engine::Config as Limits;

use crate::args::{Form, Plan as Args};
use crate::failure::{tell, unwritten};
use crate::style;

pub(crate) fn run(args: &Args) -> Result<ExitCode> {
    let (loaded, limits) = load(args)?;
    tell(loaded.rendered_warnings(style::of(&io::stderr())));
    if let Some(rule) = &args.dot {
        let drawn = drawn(&loaded, rule)?;
        return print(Form::Text, &drawn, || json!(drawn));
    }
    let plan = Plan::of(&loaded, &limits);
    if args.against.is_empty() {
        let plan = if args.verbose {
            plan.with_disassembly(&loaded.rules)
        } else {
            plan
        };
        return print(args.output, &plan, || json!(plan));
    }
    let old = compile_only(read_sources(&args.against)?)?;
    let changes = ChangePlan::between(&old.rules, &loaded.rules);
    print(args.output, &changes, || json!(changes))
}

/// The rules, and the limits that hold for them.
fn load(args: &Args) -> Result<(Loaded, Limits)> {
    let Some(config) = &args.config else {
        let loaded = compile_only(read_sources(&args.rules)?)?;
        return Ok((loaded, Limits::default()));
    };
    let overrides = Overrides {
        rules: args.rules.clone(),
        ..Overrides::default()
    };
    let config = Config::load(Some(config), &overrides, &Environment::process())?;
    Ok((Loaded::read(&config)?, config.engine))
}

fn print(form: Form, text: &impl fmt::Display, json: impl Fn() -> Value) -> Result<ExitCode> {
    let mut out = io::stdout().lock();
    match form {
        Form::Text => write!(out, "{text}"),
        Form::Json => writeln!(out, "{}", json()),
    }
    .map_err(unwritten)?;
    Ok(ExitCode::SUCCESS)
}

//! `trapjaw check`.

use std::io::{self, Write};
use std::process::ExitCode;

use anyhow::Result;
use serde_json::Value;
use trapjaw_control::config::{Config, ConfigError, Environment, Overrides};
use trapjaw_control::rules::{LoadError, Loaded, compile_only, read_sources};

use crate::args::{Check, Findings};
use crate::failure::Unread;
use crate::{exit, failure, style};

/// What was found, for people and for machines.
struct Found {
    text: String,
    json: Vec<Value>,
}

pub(crate) fn run(args: &Check) -> Result<ExitCode> {
    let (found, code) = match load(args) {
        Ok(loaded) => {
            let text = loaded.rendered_warnings(style::of(&io::stdout()));
            let json = loaded.json_warnings();
            let code = if json.is_empty() {
                ExitCode::SUCCESS
            } else {
                ExitCode::from(exit::FINDINGS)
            };
            (Found { text, json }, code)
        }
        Err(error) => {
            let found = if let Some(found) = error.downcast_ref::<LoadError>() {
                Found {
                    text: found.rendered(style::of(&io::stdout())),
                    json: found.to_json(),
                }
            } else if let Some(found) = error.downcast_ref::<ConfigError>() {
                Found {
                    text: found.to_string(),
                    json: found.to_json(),
                }
            } else {
                return Err(error);
            };
            (found, exit::of(&error))
        }
    };
    match print(args.output, &found).map_err(failure::unwritten) {
        // The exit code tells the same.
        Err(error) if error.is::<Unread>() => Ok(code),
        printed => printed.map(|()| code),
    }
}

fn load(args: &Check) -> Result<Loaded> {
    let Some(config) = &args.config else {
        return Ok(compile_only(read_sources(&args.rules)?)?);
    };
    let overrides = Overrides {
        rules: args.rules.clone(),
        ..Overrides::default()
    };
    let config = Config::load(Some(config), &overrides, &Environment::process())?;
    Ok(Loaded::read(&config)?)
}

fn print(form: Findings, found: &Found) -> io::Result<()> {
    let mut out = io::stdout().lock();
    match form {
        Findings::Text if found.text.is_empty() => Ok(()),
        Findings::Text => writeln!(out, "{}", found.text.trim_end()),
        Findings::Json => found
            .json
            .iter()
            .try_for_each(|line| writeln!(out, "{line}")),
    }
}

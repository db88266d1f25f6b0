//! `trapjaw check`.

use std::io::{self, Write};
use std::process::ExitCode;

use anyhow::Result;
use trapjaw_control::config::{Config, ConfigError, Environment, Overrides};
use trapjaw_control::rules::{LoadError, Loaded, compile_only, read_sources};
use trapjaw_dsl::diagnostic;

use crate::args::{Check, Findings};
use crate::{exit, failure, style};

pub(crate) fn run(args: &Check) -> Result<ExitCode> {
    match load(args) {
        Ok((warnings, json)) => {
            print(args.output, &warnings, &json)?;
            Ok(if json.is_empty() {
                ExitCode::SUCCESS
            } else {
                ExitCode::from(exit::FINDINGS)
            })
        }
        Err(error) => {
            let (text, json) = if let Some(found) = error.downcast_ref::<LoadError>() {
                (found.rendered(style::of(&io::stdout())), found.to_json())
            } else if let Some(found) = error.downcast_ref::<ConfigError>() {
                (found.to_string(), found.to_json())
            } else {
                return Err(error);
            };
            let json: Vec<String> = json.iter().map(ToString::to_string).collect();
            print(args.output, &text, &json)?;
            Ok(exit::of(&error))
        }
    }
}

/// The warnings, for people and as JSON.
fn load(args: &Check) -> Result<(String, Vec<String>)> {
    let loaded = match &args.config {
        None => compile_only(read_sources(&args.rules)?)?,
        Some(_) => {
            let overrides = Overrides {
                rules: args.rules.clone(),
                ..Overrides::default()
            };
            Loaded::read(&Config::load(
                args.config.as_deref(),
                &overrides,
                &Environment::process(),
            )?)?
        }
    };
    let text = loaded.rendered_warnings(style::of(&io::stdout()));
    let json = loaded
        .warnings
        .iter()
        .map(|warning| diagnostic::to_json(warning, &loaded.sources));
    Ok((text, json.collect()))
}

fn print(form: Findings, text: &str, json: &[String]) -> Result<()> {
    let mut out = io::stdout().lock();
    let written = match form {
        Findings::Text if text.is_empty() => Ok(()),
        Findings::Text => writeln!(out, "{}", text.trim_end()),
        Findings::Json => json.iter().try_for_each(|line| writeln!(out, "{line}")),
    };
    written.map_err(failure::unwritten)
}

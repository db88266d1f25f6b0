//! `trapjaw check`.

use std::io::{IsTerminal, Write};
use std::process::ExitCode;

use anyhow::Result;
use trapjaw_control::config::{Config, Environment, Overrides};
use trapjaw_control::rules::{LoadError, Loaded, compile_only, read_sources};
use trapjaw_dsl::diagnostic::{self, Style};

use crate::args::{Check, Findings};
use crate::exit;

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
            let Some(found) = error.downcast_ref::<LoadError>() else {
                return Err(error);
            };
            let json: Vec<String> = found.to_json().iter().map(ToString::to_string).collect();
            print(
                args.output,
                &found.rendered(style(&std::io::stdout())),
                &json,
            )?;
            Ok(ExitCode::from(if found.is_configuration() {
                exit::CONFIGURATION
            } else {
                exit::RULES
            }))
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
    let text = loaded.rendered_warnings(style(&std::io::stdout()));
    let json = loaded
        .warnings
        .iter()
        .map(|warning| diagnostic::to_json(warning, &loaded.sources));
    Ok((text, json.collect()))
}

fn print(form: Findings, text: &str, json: &[String]) -> Result<()> {
    let mut out = std::io::stdout().lock();
    match form {
        Findings::Text => write!(out, "{text}")?,
        Findings::Json => json.iter().try_for_each(|line| writeln!(out, "{line}"))?,
    }
    Ok(())
}

/// Colour on a terminal, unless `NO_COLOR` is set (<https://no-color.org>).
pub(crate) fn style(stream: &impl IsTerminal) -> Style {
    let plain = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    if stream.is_terminal() && !plain {
        Style::Coloured
    } else {
        Style::Plain
    }
}

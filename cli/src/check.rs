//! `trapjaw check`.

use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Result;
use serde_json::Value;
use trapjaw_control::config::{Config, ConfigError, Environment, Overrides};
use trapjaw_control::report::{Finding, github, sarif};
use trapjaw_control::rules::{LoadError, Loaded, compile_only, read_sources};

use crate::args::{Check, Findings};
use crate::failure::Unread;
use crate::{exit, failure, rule_sets, style};

/// What was found, for people and for machines.
struct Found {
    text: String,
    json: Vec<Value>,
    findings: Vec<Finding>,
}

impl Found {
    fn take(&mut self, text: &str, json: Vec<Value>, findings: Vec<Finding>) {
        self.text.push_str(text);
        self.json.extend(json);
        self.findings.extend(findings);
    }
}

pub(crate) fn run(args: &Check) -> Result<ExitCode> {
    let mut found = Found {
        text: String::new(),
        json: Vec::new(),
        findings: Vec::new(),
    };
    let mut worst = ExitCode::SUCCESS;
    let sets = match &args.config {
        Some(_) => vec![args.rules.clone()],
        None => rule_sets::of(&args.rules)?,
    };
    for paths in &sets {
        let code = match load(args, paths) {
            Ok(loaded) => {
                let warnings = loaded.json_warnings();
                let is_fine = warnings.is_empty();
                found.take(
                    &loaded.rendered_warnings(style::of(&io::stdout())),
                    warnings,
                    loaded.report(),
                );
                (!is_fine).then_some(ExitCode::from(exit::FINDINGS))
            }
            Err(error) => {
                if let Some(error) = error.downcast_ref::<LoadError>() {
                    let shown = error.rendered(style::of(&io::stdout()));
                    found.take(&shown, error.to_json(), error.report());
                } else if let Some(error) = error.downcast_ref::<ConfigError>() {
                    found.take(&error.to_string(), error.to_json(), error.report());
                } else {
                    return Err(error);
                }
                Some(exit::of(&error))
            }
        };
        // Errors outweigh warnings.
        if let Some(code) = code
            && worst != ExitCode::from(exit::RULES)
        {
            worst = code;
        }
    }
    match print(args, &found).map_err(failure::unwritten) {
        // The exit code tells the same.
        Err(error) if error.is::<Unread>() => Ok(worst),
        printed => printed.map(|()| worst),
    }
}

fn load(args: &Check, paths: &[PathBuf]) -> Result<Loaded> {
    let Some(config) = &args.config else {
        return Ok(compile_only(read_sources(paths)?)?);
    };
    let overrides = Overrides {
        rules: args.rules.clone(),
        ..Overrides::default()
    };
    let config = Config::load(Some(config), &overrides, &Environment::process())?;
    Ok(Loaded::read(&config)?)
}

fn print(args: &Check, found: &Found) -> io::Result<()> {
    let mut out = io::stdout().lock();
    match args.output {
        Findings::Sarif => {
            let log = sarif(&found.findings, args.docs.as_deref());
            serde_json::to_writer_pretty(&mut out, &log)?;
            writeln!(out)
        }
        Findings::Github => out.write_all(github(&found.findings).as_bytes()),
        Findings::Text if found.text.is_empty() => Ok(()),
        Findings::Text => writeln!(out, "{}", found.text.trim_end()),
        Findings::Json => found
            .json
            .iter()
            .try_for_each(|line| writeln!(out, "{line}")),
    }
}

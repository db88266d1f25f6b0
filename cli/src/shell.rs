//! `trapjaw completions` and `trapjaw man`: what shells and `man` want to know of the command.

use std::fs;
use std::io::{self, Write};
use std::process::ExitCode;

use anyhow::{Context, Result};
use clap::CommandFactory;

use crate::args::{Args, Completions, Man};
use crate::failure::unwritten;

pub(crate) fn completions(args: &Completions) -> Result<ExitCode> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Args::command(), "trapjaw", &mut script);
    io::stdout().write_all(&script).map_err(unwritten)?;
    Ok(ExitCode::SUCCESS)
}

pub(crate) fn man(args: &Man) -> Result<ExitCode> {
    fs::create_dir_all(&args.folder).with_context(|| args.folder.display().to_string())?;
    clap_mangen::generate_to(Args::command(), &args.folder)
        .with_context(|| args.folder.display().to_string())?;
    Ok(ExitCode::SUCCESS)
}

//! `trapjaw lsp`.

use std::io::{self, BufReader};
use std::process::ExitCode;

use anyhow::Result;
use trapjaw_lsp::{Ended, Options, serve};

use crate::args::Lsp;
use crate::failure::unwritten;

pub(crate) fn run(args: Lsp) -> Result<ExitCode> {
    // What is written is written by this thread alone; reading has one of its own.
    let mut output = io::stdout().lock();
    let options = Options { docs: args.docs };
    let ended = serve(BufReader::new(io::stdin()), &mut output, options).map_err(unwritten)?;
    Ok(match ended {
        Ended::Orderly => ExitCode::SUCCESS,
        Ended::Abruptly => ExitCode::FAILURE,
    })
}

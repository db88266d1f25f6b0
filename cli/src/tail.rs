//! `trapjaw tail`.

use std::io::{self, Write};
use std::process::ExitCode;

use anyhow::{Context, Result};
use trapjaw_client::Error;

use crate::args::Tail;
use crate::connect::connect;
use crate::failure::{tell, unwritten};

pub(crate) fn run(args: &Tail) -> Result<ExitCode> {
    let mut client = connect(&args.server)?;
    let rules: Vec<&str> = args.rule.iter().map(String::as_str).collect();
    client.subscribe(&rules).context("subscribing")?;
    let mut out = io::stdout().lock();
    let mut left = args.count.unwrap_or(u64::MAX);
    while left > 0 {
        let found = match client.next_match(None) {
            Ok(Some(found)) => found,
            Ok(None) => break,
            Err(error @ Error::Closed(_)) => {
                tell(format_args!("{error}\n"));
                break;
            }
            Err(error) => return Err(error.into()),
        };
        left -= 1;
        // A line at a time: whoever reads wants it now.
        writeln!(out, "{}", found.json)
            .and_then(|()| out.flush())
            .map_err(unwritten)?;
    }
    // So many were asked for; a server that went away did not give them.
    let is_short = args.count.is_some() && left > 0;
    Ok(if is_short {
        ExitCode::FAILURE
    } else {
        ExitCode::SUCCESS
    })
}

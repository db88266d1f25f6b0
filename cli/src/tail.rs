//! `trapjaw tail`.

use std::io::{self, Write};
use std::process::ExitCode;

use anyhow::{Context, Result};
use trapjaw_client::Client;

use crate::args::Tail;
use crate::connect::options;

pub(crate) fn run(args: &Tail) -> Result<ExitCode> {
    let mut client = Client::connect(args.server.addr, &options(&args.server)?)
        .with_context(|| format!("connecting to {}", args.server.addr))?;
    let rules: Vec<&str> = args.rule.iter().map(String::as_str).collect();
    client.subscribe(&rules)?;
    let mut out = io::stdout().lock();
    let mut left = args.count.unwrap_or(u64::MAX);
    while left > 0 {
        let Some(found) = client.next_match(None)? else {
            break;
        };
        left -= 1;
        // A line at a time: whoever reads wants it now.
        match writeln!(out, "{}", found.json).and_then(|()| out.flush()) {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => break,
            written => written?,
        }
    }
    Ok(ExitCode::SUCCESS)
}

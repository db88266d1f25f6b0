//! The `trapjaw` command: argument parsing and wiring.
#![forbid(unsafe_code)]

mod args;
mod check;
mod exit;
mod replay;

use std::process::ExitCode;

use clap::Parser;

// Batches, matches and tables come and go on every shard: an allocator made for many threads pays.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let args = args::Args::parse();
    let result = match args.command {
        args::Command::Check(command) => check::run(&command),
        args::Command::Replay(command) => replay::run(&command),
    };
    match result {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {error:#}");
            exit::of(&error)
        }
    }
}

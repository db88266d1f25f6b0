//! The `trapjaw` command: argument parsing and wiring.
#![forbid(unsafe_code)]

#[allow(
    clippy::doc_markdown,
    reason = "its docs are the help that a terminal shows"
)]
mod args;
mod check;
mod connect;
mod demo;
mod exit;
mod log;
mod replay;
mod run;
mod send;
mod serve;
mod tail;

use std::process::ExitCode;

use clap::Parser;

// Batches, matches and tables come and go on every shard: an allocator made for many threads pays.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let args = args::Args::parse();
    let result = match args.command {
        args::Command::Demo(command) => demo::run(&command),
        args::Command::Run(command) => run::run(&command),
        args::Command::Check(command) => check::run(&command),
        args::Command::Replay(command) => replay::run(&command),
        args::Command::Send(command) => send::run(&command),
        args::Command::Tail(command) => tail::run(&command),
    };
    match result {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {error:#}");
            exit::of(&error)
        }
    }
}

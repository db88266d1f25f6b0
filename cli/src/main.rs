//! The `trapjaw` command: argument parsing and wiring.
#![forbid(unsafe_code)]

#[allow(
    clippy::doc_markdown,
    reason = "its docs are the help that a terminal shows"
)]
mod args;
mod bench;
mod check;
mod connect;
mod demo;
mod eval;
mod exit;
mod explain;
mod failure;
mod fmt;
mod input;
mod log;
mod lsp;
mod plan;
mod progress;
mod replay;
mod rule_sets;
mod run;
mod send;
mod serve;
mod shell;
mod starter;
mod style;
mod tail;
mod tap;
mod test;
mod top;

use std::process::ExitCode;

use clap::Parser;

// Batches, matches and tables come and go on every shard: an allocator made for many threads pays.
#[global_allocator]
static ALLOCATOR: trapjaw_heap::Heap = trapjaw_heap::Heap;

fn main() -> ExitCode {
    let args = match args::Args::try_parse() {
        Ok(args) => args,
        Err(error) => {
            let is_asked_for = !error.use_stderr();
            let _ = error.print();
            return if is_asked_for {
                ExitCode::SUCCESS
            } else {
                ExitCode::from(exit::CONFIGURATION)
            };
        }
    };
    let result = match args.command {
        args::Command::Demo(command) => demo::run(&command),
        args::Command::New(command) => starter::run(&command),
        args::Command::Lsp(command) => lsp::run(command),
        args::Command::Completions(command) => shell::completions(&command),
        args::Command::Man(command) => shell::man(&command),
        args::Command::Run(command) => run::run(&command),
        args::Command::Check(command) => check::run(&command),
        args::Command::Fmt(command) => fmt::run(&command),
        args::Command::Plan(command) => plan::run(&command),
        args::Command::Eval(command) => eval::run(&command),
        args::Command::Explain(command) => explain::run(&command),
        args::Command::Replay(command) => replay::run(&command),
        args::Command::Send(command) => send::run(&command),
        args::Command::Tail(command) => tail::run(&command),
        args::Command::Tap(command) => tap::run(&command),
        args::Command::Top(command) => top::run(&command),
        args::Command::Bench(command) => bench::run(&command),
        args::Command::Test(command) => test::run(&command),
    };
    match result {
        Ok(code) => code,
        Err(error) => {
            failure::report(&error);
            exit::of(&error)
        }
    }
}

//! The command line.

mod bench;
mod watch;

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args as ClapArgs, Parser, Subcommand, ValueEnum};
use trapjaw_data::driver::Choice;
use trapjaw_data::limits;

pub(crate) use bench::Bench;
pub(crate) use watch::{HttpServer, Tap, Top, TopSort};

/// Shards of a process, at most.
const SHARDS: i64 = limits::SHARDS as i64;

/// Watches streams of events, recognises what rules describe, and sets off actions.
#[derive(Debug, Parser)]
#[command(
    name = "trapjaw",
    version,
    about,
    after_help = "\
Examples:
  trapjaw demo                             watch this machine set off rules
  trapjaw new my-rules                     a folder to start from
  trapjaw check rules/                     look rules over
  trapjaw fmt rules/                       lay rules out
  trapjaw plan rules/                      how they will be run, and what they take
  trapjaw test rules/                      run the tests that stand beside the rules
  trapjaw eval 'load > 90%' --event '{\"load\":0.95}'
                                           what an expression gives
  trapjaw replay --rules rules/ --events day.ndjson
                                           what would have matched
  trapjaw explain rules/ < day.ndjson      why, or what was missing
  trapjaw run rules/                       take events in, set actions off
  trapjaw top                              watch it at work
  trapjaw tap cpu 'load > 90%'             see events as they come in
  trapjaw bench                            how fast this machine is

Documentation: docs/src/SUMMARY.md"
)]
pub(crate) struct Args {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Demo(Demo),
    New(New),
    Run(Run),
    Check(Check),
    Fmt(Fmt),
    Plan(Plan),
    Test(Test),
    Eval(Eval),
    Explain(Explain),
    Replay(Replay),
    Send(Send),
    Tail(Tail),
    Lsp(Lsp),
    Tap(Tap),
    Top(Top),
    Bench(Bench),
    Completions(Completions),
    Man(Man),
}

/// Watches this machine's own load set off rules, and times each reaction.
#[derive(Debug, ClapArgs)]
#[command(after_help = "\
Starts a server on loopback, samples /proc ten times a second, keeps a core busy for some seconds and lets a heart stop \
beating. Nothing is written, nothing leaves this machine.

Examples:
  trapjaw demo
  trapjaw demo --seconds 60 --driver epoll")]
pub(crate) struct Demo {
    /// How long it goes on.
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u64).range(1..=86_400))]
    pub(crate) seconds: u64,
    /// What moves the bytes: auto, io_uring or epoll.
    #[arg(
        long,
        value_name = "DRIVER",
        default_value = "auto",
        env = "TRAPJAW_DRIVER"
    )]
    pub(crate) driver: Choice,
}

/// Makes a folder to start from: rules with tests, events to try them on, a configuration.
#[derive(Debug, ClapArgs)]
#[command(after_help = "\
Nothing that is there already is touched.

Exit codes: 0 done, 3 something is there already, or the folder can't be written.

Examples:
  trapjaw new my-rules
  trapjaw new .")]
pub(crate) struct New {
    /// The folder; it is made where it is missing.
    #[arg(value_name = "FOLDER")]
    pub(crate) folder: PathBuf,
}

/// Speaks with an editor about rules: the language server, over standard input and output.
#[derive(Debug, ClapArgs)]
#[command(after_help = "\
Editors start it themselves; docs/src/tools.md says how to set up VS Code, Neovim, Helix and Emacs. Files are one set as for \
`trapjaw check`, with the texts that are open in place of those on the disk.

Exit codes: 0 the editor ended the session, 1 it went away.

Examples:
  trapjaw lsp
  trapjaw lsp --docs https://rules.example.com/book")]
pub(crate) struct Lsp {
    /// Where the book is served, so that codes lead to its page of errors.
    #[arg(long, value_name = "URL", env = "TRAPJAW_DOCS")]
    pub(crate) docs: Option<String>,
    /// What many editors add to say how they talk; it is so in any case.
    #[arg(long, hide = true)]
    pub(crate) stdio: bool,
}

/// Writes a script that completes this command's words in a shell.
#[derive(Debug, ClapArgs)]
#[command(after_help = "\
Examples:
  trapjaw completions bash > ~/.local/share/bash-completion/completions/trapjaw
  trapjaw completions zsh > ~/.zfunc/_trapjaw
  trapjaw completions fish > ~/.config/fish/completions/trapjaw.fish")]
pub(crate) struct Completions {
    /// The shell.
    pub(crate) shell: clap_complete::Shell,
}

/// Writes manual pages, one a command.
#[derive(Debug, ClapArgs)]
#[command(after_help = "\
Examples:
  trapjaw man ~/.local/share/man/man1")]
pub(crate) struct Man {
    /// The folder that they are written to.
    #[arg(value_name = "FOLDER")]
    pub(crate) folder: PathBuf,
}

/// Runs rules: takes events in over the network and sets off actions.
#[derive(Debug, ClapArgs)]
#[command(after_help = "\
Events come in by the binary protocol (trapjaw send, the Rust client) and by HTTP (POST /events takes CloudEvents and \
NDJSON). Without configuration only the action `log` is there.

SIGTERM finishes what was taken in and stops, a second one aborts; SIGHUP reloads the rules, all or nothing. \
TRAPJAW_LOG says how much is logged: info, debug, trapjaw_control=debug.

Exit codes: 0 stopped and nothing left undone, 1 failed or something left undone, 2 errors in rules, 3 command line, files or \
configuration.

Examples:
  trapjaw run rules/
  trapjaw run --config trapjaw.toml
  curl localhost:7171/events -H 'content-type: application/json' \\
      -d '{\"type\":\"login\",\"user\":\"ann\",\"ok\":false}'")]
pub(crate) struct Run {
    /// Rule files, and folders of them; in place of the configuration's.
    pub(crate) rules: Vec<PathBuf>,
    /// The configuration; without it ./trapjaw.toml, if it is there.
    #[arg(long, value_name = "FILE", env = "TRAPJAW_CONFIG")]
    pub(crate) config: Option<PathBuf>,
    /// Where HTTP is listened for [default: 127.0.0.1:7171].
    #[arg(long, value_name = "ADDR", env = "TRAPJAW_HTTP", value_parser = listening)]
    pub(crate) http: Option<SocketAddr>,
    /// Where the binary protocol is listened for [default: 127.0.0.1:7170].
    #[arg(long, value_name = "ADDR", env = "TRAPJAW_BINARY", value_parser = listening)]
    pub(crate) binary: Option<SocketAddr>,
    /// A file with the token that clients have to present; without it, the variable TRAPJAW_TOKEN.
    #[arg(long, value_name = "FILE")]
    pub(crate) token_file: Option<PathBuf>,
    /// Listen beyond this machine even without a token.
    #[arg(long)]
    pub(crate) allow_remote: bool,
    /// Number of shards [default: one a core].
    #[arg(long, value_name = "N", env = "TRAPJAW_SHARDS", value_parser = clap::value_parser!(u16).range(1..=SHARDS))]
    pub(crate) shards: Option<u16>,
    /// What moves the bytes: auto, io_uring or epoll.
    #[arg(long, value_name = "DRIVER", env = "TRAPJAW_DRIVER")]
    pub(crate) driver: Option<Choice>,
}

/// Looks rules over without running them.
#[derive(Debug, ClapArgs)]
#[command(after_help = "\
All files that are named make one rule set, as in `trapjaw run`; of a folder whose folders can't be one set, each is a set. \
Nothing is printed where all is well.

Exit codes: 0 fine, 1 warnings, 2 errors in rules, 3 command line, files or configuration.

Examples:
  trapjaw check rules/login.trap
  trapjaw check --config trapjaw.toml      its rules, and that every action is there
  trapjaw check --output json rules/ | jq .message
  trapjaw check --output github rules/     annotations of a GitHub workflow
  trapjaw check --output sarif rules/ > trapjaw.sarif")]
pub(crate) struct Check {
    /// Rule files, and folders of them (*.trap, in the order of their paths).
    #[arg(required_unless_present = "config")]
    pub(crate) rules: Vec<PathBuf>,
    /// Also look for the rules' actions in this configuration; without RULES, look its rules over.
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// How findings are told.
    #[arg(long, value_enum, default_value_t = Findings::Text)]
    pub(crate) output: Findings,
    /// Where the book is served, so that codes in SARIF lead to its page of errors.
    #[arg(long, value_name = "URL", env = "TRAPJAW_DOCS")]
    pub(crate) docs: Option<String>,
}

/// Runs the tests that stand beside the rules.
#[derive(Debug, ClapArgs)]
#[command(after_help = "\
A test gives events in virtual time and says which matches it expects:

  test \"alerts after five minutes, once\" {
      at 0s cpu_usage { host: \"a\", load: 95% } repeat every 10s until 6m
      expect sustained_load at 5m { host: \"a\" }
      expect no brute_force
  }

A rule of which a match is expected must match so often and no more. All files that are named make one rule set, as in \
`trapjaw run`; of a folder whose folders can't be one set, each is a set.

Exit codes: 0 all passed, 1 some failed, 2 errors in rules, 3 command line or files.

Examples:
  trapjaw test rules/
  trapjaw test --filter minutes rules/load.trap
  trapjaw test --coverage rules/
  trapjaw test --output junit rules/ > junit.xml")]
pub(crate) struct Test {
    /// Rule files, and folders of them.
    #[arg(required = true)]
    pub(crate) rules: Vec<PathBuf>,
    /// Only tests whose title has this in it.
    #[arg(long, value_name = "TEXT")]
    pub(crate) filter: Option<String>,
    /// Tell failures only.
    #[arg(long, short)]
    pub(crate) quiet: bool,
    /// Also tell which clauses of the rules no test has tried: where a condition holds and where not, each fire and clear.
    #[arg(long, conflicts_with_all = ["filter", "output"])]
    pub(crate) coverage: bool,
    /// How verdicts are told.
    #[arg(long, value_enum, default_value_t = Verdicts::Text)]
    pub(crate) output: Verdicts,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Verdicts {
    /// For people: failures with a timeline.
    Text,
    /// JUnit's XML, for CI servers.
    Junit,
}

/// Lays rule files out in the one way that all share.
#[derive(Debug, ClapArgs)]
#[command(after_help = "\
Only blanks, line ends and commas change: rules mean the same before and after. Braces whose first line is left empty \
stay open; everything else goes on one line where it fits. Files with syntax errors are told and left alone.

Exit codes: 0 done, or with --check nothing to do; 1 with --check, files would change; 2 syntax errors; 3 command line or \
files.

Examples:
  trapjaw fmt rules/
  trapjaw fmt --check rules/               in CI: which files are not laid out
  trapjaw fmt --diff rules/login.trap      what would change
  cat login.trap | trapjaw fmt -           from an editor")]
pub(crate) struct Fmt {
    /// Rule files, and folders of them; `-` reads standard input and writes standard output.
    #[arg(required = true)]
    pub(crate) rules: Vec<PathBuf>,
    /// Change nothing; name the files that would change.
    #[arg(long)]
    pub(crate) check: bool,
    /// Change nothing; show what would change.
    #[arg(long)]
    pub(crate) diff: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Findings {
    /// For people.
    Text,
    /// An object a line.
    Json,
    /// A log in SARIF 2.1.0, for code scanning.
    Sarif,
    /// Annotations of a GitHub workflow.
    Github,
}

/// Says how rules will be run: state, timers, shards, shared conditions; or what a reload changes.
#[derive(Debug, ClapArgs)]
#[command(after_help = "\
Nothing runs. For each rule: what starts it, what of its condition other rules share, on which shard it is evaluated, how \
many bytes a key of it takes and what makes that grow, how many timers it sets; then the events that rules derive from one \
another. Bytes are for the limits of --config, or the defaults.

With --against: which rules a reload would keep with what they remember, which begin anew and why, which come and go, and \
which event types differ.

Exit codes: 0 done, 2 errors in rules, 3 command line, files or configuration.

Examples:
  trapjaw plan rules/
  trapjaw plan --verbose rules/login.trap        with the program
  trapjaw plan --against deployed/ rules/        what a reload changes
  trapjaw plan --dot brute_force rules/ | dot -Tsvg > brute_force.svg
  trapjaw plan --output json rules/ | jq '.rules[].state.key_bytes'")]
pub(crate) struct Plan {
    /// Rule files, and folders of them (*.trap, in the order of their paths).
    #[arg(required_unless_present = "config")]
    pub(crate) rules: Vec<PathBuf>,
    /// The rules that run now, a file or a folder; the flag may stand several times.
    #[arg(long, value_name = "OLD")]
    pub(crate) against: Vec<PathBuf>,
    /// Take the limits from this configuration; without RULES, its rules too.
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// Show the program that the rules are compiled to.
    #[arg(long, short, conflicts_with = "against")]
    pub(crate) verbose: bool,
    /// Draw the pattern of this rule for Graphviz, instead of the plan.
    #[arg(long, value_name = "RULE", conflicts_with_all = ["against", "verbose", "output"])]
    pub(crate) dot: Option<String>,
    /// How the plan is told.
    #[arg(long, value_enum, default_value_t = Form::Text)]
    pub(crate) output: Form,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Form {
    /// For people.
    Text,
    /// One JSON object.
    Json,
}

/// Evaluates an expression of the language over an event; without an expression, one after the other.
#[derive(Debug, ClapArgs)]
#[command(after_help = "\
The event is a JSON object, as `trapjaw replay` reads it, and called `e`. Its type is one of those that the rules declare; \
of a type that they don't declare, it has the fields that it holds.

Exit codes: 0 there is a value, be it null; 2 the expression or the rules are wrong; 3 command line, files, or the event.

Examples:
  trapjaw eval 'load > 90% and host starts_with \"web-\"' --event '{\"host\":\"web-1\",\"load\":0.95}'
  trapjaw eval --rules rules/ --events day.ndjson 'user'
  trapjaw eval --rules rules/              type expressions; :help tells more")]
pub(crate) struct Eval {
    /// The expression.
    pub(crate) expression: Option<String>,
    /// The event.
    #[arg(long, value_name = "JSON")]
    pub(crate) event: Option<String>,
    /// A file whose first line is the event; `-` is standard input.
    #[arg(long, value_name = "FILE", conflicts_with = "event")]
    pub(crate) events: Option<PathBuf>,
    /// Rule files and folders whose types, constants and tables can be used.
    #[arg(long, num_args = 1, value_name = "RULES")]
    pub(crate) rules: Vec<PathBuf>,
}

/// Says why rules fired over recorded events, or exactly what was missing, with the values.
#[derive(Debug, ClapArgs)]
#[command(after_help = "\
For each rule: the first matches with what led to them, then what came nearest to one, the nearest first. Of a condition, \
each part with what it gave and what it read; of `for` and `absent`, how long it lasted, how much was missing and what broke \
it; of a window, its aggregates; of a pattern, the partial match: what it had bound, what it waited for, the events that \
nearly were it, and why it ended.

Exit codes: 0 done, refused lines are told; 1 other failures; 2 errors in rules; 3 command line or files.

Examples:
  trapjaw explain rules/ < day.ndjson
  trapjaw explain rules/ --rule brute_force --events day.ndjson
  trapjaw explain rules/ --rule brute_force --key ada --at 2026-01-01T00:00:07Z < day.ndjson
  trapjaw explain rules/ --output json < day.ndjson | jq '.rules[].nearly[0].says'")]
pub(crate) struct Explain {
    /// Rule files, and folders of them.
    #[arg(required = true)]
    pub(crate) rules: Vec<PathBuf>,
    /// Events as NDJSON, as `trapjaw replay` reads them; `-` is standard input.
    #[arg(long, value_name = "FILE", default_value = "-")]
    pub(crate) events: PathBuf,
    /// Only this rule.
    #[arg(long, value_name = "NAME")]
    pub(crate) rule: Option<String>,
    /// Only keys of which a part is this.
    #[arg(long, value_name = "VALUE")]
    pub(crate) key: Option<String>,
    /// Only what was going on at this instant: RFC 3339, or nanoseconds since the Unix epoch.
    #[arg(long, value_name = "TIME", value_parser = time)]
    pub(crate) at: Option<i64>,
    /// After the last event, let time pass up to this instant.
    #[arg(long, value_name = "TIME", value_parser = time)]
    pub(crate) until: Option<i64>,
    /// What fired and what did not, of each so many a rule.
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = clap::value_parser!(u16).range(1..=1_000))]
    pub(crate) most: u16,
    /// How it is told.
    #[arg(long, value_enum, default_value_t = Form::Text)]
    pub(crate) output: Form,
}

/// Runs recorded events through rules, offline, in virtual time taken from the events.
#[derive(Debug, ClapArgs)]
#[command(after_help = "\
Events are read from NDJSON, as it is or in gzip or zstd, and from Parquet; the first bytes say which. Files may be larger \
than memory. The same input gives the same output bytes, for any number of shards and any size of batch. Matches go to \
standard output, refused lines and the summary to standard error, where a terminal also gets a bar.

With --compare the events go through two rule sets, and only matches that one of them makes are told: `+` those that the \
rules add, `-` those that the old rules alone made. Versions and ids, which change with a rule, do not count.

Exit codes: 0 done, refused lines are told; with --compare 1 where matches differ; 1 other failures; 2 errors in rules; 3 \
command line or files, also a file that is cut off or damaged: what came before was judged.

Examples:
  trapjaw replay --rules rules/ --events day.ndjson
  trapjaw replay --rules rules/ --events mon.ndjson.gz tue.ndjson.zst --summary
  trapjaw replay --rules rules/ --events loads.parquet --type cpu --output table
  trapjaw replay --rules rules/ --compare deployed/ --events day.ndjson
  zcat day.gz | trapjaw replay --rules rules/ --events - --until 2026-01-02T00:00:00Z")]
pub(crate) struct Replay {
    /// Rule files, and folders of them; the flag may stand several times.
    #[arg(long, required = true, num_args = 1.., value_name = "RULES")]
    pub(crate) rules: Vec<PathBuf>,
    /// Events, file by file: NDJSON of CloudEvents or of the short form {"type":"cpu","time":"...","host":"a"}, as it is
    /// or compressed, or Parquet; `-` is standard input.
    #[arg(long, required = true, num_args = 1.., value_name = "FILE")]
    pub(crate) events: Vec<PathBuf>,
    /// The event type of Parquet's rows, where no column `type` names it.
    #[arg(long = "type", value_name = "TYPE")]
    pub(crate) type_name: Option<String>,
    /// After the last event, let time pass up to this instant: RFC 3339, or nanoseconds since the Unix epoch.
    #[arg(long, value_name = "TIME", value_parser = time)]
    pub(crate) until: Option<i64>,
    /// Write the events that came too late for a rule to this file, one a line, in the short form.
    #[arg(long, value_name = "FILE", conflicts_with = "compare")]
    pub(crate) late: Option<PathBuf>,
    /// Tell the difference to these rules' matches in place of matches; the flag may stand several times.
    #[arg(long, num_args = 1, value_name = "OLD_RULES")]
    pub(crate) compare: Vec<PathBuf>,
    /// Tell matches by kind, their times and the keys that had the most, by rule; untold, a terminal gets it.
    #[arg(long, conflicts_with_all = ["compare", "quiet"])]
    pub(crate) summary: bool,
    /// No bar and no summary.
    #[arg(long, short)]
    pub(crate) quiet: bool,
    /// Number of shards.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=64))]
    pub(crate) shards: u32,
    /// Events in a batch, at most.
    #[arg(long, default_value_t = 4_096, value_parser = clap::value_parser!(u32).range(1..=16_384))]
    pub(crate) batch: u32,
    /// How matches are told [default: ndjson; with --compare table].
    #[arg(long, value_enum)]
    pub(crate) output: Option<Matches>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Matches {
    /// A JSON object a line; the form is stable.
    Ndjson,
    /// Columns for people.
    Table,
}

/// The server to talk to.
#[derive(Debug, ClapArgs)]
pub(crate) struct Server {
    /// Its binary port, on a host by name or address.
    #[arg(
        long,
        value_name = "ADDR",
        default_value = "127.0.0.1:7170",
        env = "TRAPJAW_ADDR",
        value_parser = reachable
    )]
    pub(crate) addr: String,
    /// A file with the token that it wants; without it, the variable TRAPJAW_TOKEN.
    #[arg(long, value_name = "FILE")]
    pub(crate) token_file: Option<PathBuf>,
}

/// Sends NDJSON events to a server over the binary protocol.
#[derive(Debug, ClapArgs)]
#[command(after_help = "\
Prints how many events were accepted and refused.

Exit codes: 0 all accepted, 1 lines were refused or the connection failed, 3 command line or files.

Examples:
  trapjaw send day.ndjson
  tail -f app.ndjson | trapjaw send --addr 10.0.0.7:7170 -")]
pub(crate) struct Send {
    #[command(flatten)]
    pub(crate) server: Server,
    /// Events as NDJSON; `-` is standard input.
    #[arg(value_name = "FILE")]
    pub(crate) events: PathBuf,
    /// Events in a batch, at most.
    #[arg(long, default_value_t = 4_096, value_parser = clap::value_parser!(u32).range(1..=16_384))]
    pub(crate) batch: u32,
}

/// Prints a server's matches as they come, a JSON object a line.
#[derive(Debug, ClapArgs)]
#[command(after_help = "\
Exit codes: 0 the server or the reader ended it, or the count was reached; 1 refused, or the connection failed; 3 command line or files.

Examples:
  trapjaw tail
  trapjaw tail --rule brute_force --rule spray | jq .key")]
pub(crate) struct Tail {
    #[command(flatten)]
    pub(crate) server: Server,
    /// Only this rule's matches; the flag may stand several times.
    #[arg(long, value_name = "RULE")]
    pub(crate) rule: Vec<String>,
    /// Ends after so many.
    #[arg(long, value_name = "N")]
    pub(crate) count: Option<u64>,
}

fn listening(text: &str) -> Result<SocketAddr, String> {
    text.parse()
        .map_err(|_| "an address and a port are needed, as 127.0.0.1:7171 or [::1]:7171".to_owned())
}

/// A host and a port. Whether the host exists is seen when it is reached for.
fn reachable(text: &str) -> Result<String, String> {
    let port = text.rsplit_once(':').filter(|(host, _)| !host.is_empty());
    match port.map(|(_, port)| port.parse::<u16>()) {
        Some(Ok(_)) => Ok(text.to_owned()),
        _ => Err("a host and a port are needed, as localhost:7170".to_owned()),
    }
}

fn time(text: &str) -> Result<i64, String> {
    if let Ok(nanoseconds) = text.parse() {
        return Ok(nanoseconds);
    }
    let time: jiff::Timestamp = text.parse().map_err(|_| {
        "a time is needed, as 2026-01-31T12:00:00Z or in nanoseconds since 1970".to_owned()
    })?;
    i64::try_from(time.as_nanosecond()).map_err(|_| "the years 1677 to 2262 can be told".to_owned())
}

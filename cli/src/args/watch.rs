//! The command line of those who look on at a server.

use std::path::PathBuf;

use clap::{Args as ClapArgs, ValueEnum};
use trapjaw_control::limits::{MAX_TAP_RATE, TAP_RATE};

use super::reachable;

/// The HTTP port of a server.
#[derive(Debug, ClapArgs)]
pub(crate) struct HttpServer {
    /// Its HTTP port, on a host by name or address.
    #[arg(
        long,
        value_name = "ADDR",
        default_value = "127.0.0.1:7171",
        env = "TRAPJAW_HTTP",
        value_parser = reachable
    )]
    pub(crate) http: String,
    /// A file with the token that it wants; without it, the variable TRAPJAW_TOKEN.
    #[arg(long, value_name = "FILE")]
    pub(crate) token_file: Option<PathBuf>,
}

/// Prints a server's events as they come in, filtered by an expression.
#[derive(Debug, ClapArgs)]
#[command(after_help = "\
TYPES and EXPRESSION are what a rule has behind `on e:` and `where`: types of the server joined by `|`, or `any`; names of \
fields and functions are checked as in a rule. Events are told in the short form of JSON, so that they can be replayed.

Looking on does not hold the server up: it tells so many events a second, and looks at as many as it has time for. What \
was left out is counted on standard error. Events that rules derive do not come in; `trapjaw tail` shows matches.

Exit codes: 0 the reader ended it, or the count was reached; 1 refused, or the connection failed; 2 the types or the \
expression are wrong; 3 command line or files.

Examples:
  trapjaw tap
  trapjaw tap cpu 'load > 90% and host starts_with \"web-\"'
  trapjaw tap 'login | logout' --count 100 > some.ndjson
  trapjaw tap any 'e.severity >= high' --pretty")]
pub(crate) struct Tap {
    /// The types, joined by `|`, or `any`.
    #[arg(value_name = "TYPES", default_value = "any")]
    pub(crate) on: String,
    /// Only events for which this holds; the event is `e`: `e.load`, or `load` alone.
    #[arg(value_name = "EXPRESSION")]
    pub(crate) condition: Option<String>,
    #[command(flatten)]
    pub(crate) server: HttpServer,
    /// Events a second, at most.
    #[arg(long, value_name = "N", default_value_t = TAP_RATE, value_parser = clap::value_parser!(u32).range(1..=i64::from(MAX_TAP_RATE)))]
    pub(crate) rate: u32,
    /// Ends after so many.
    #[arg(long, value_name = "N")]
    pub(crate) count: Option<u64>,
    /// Columns for people in place of JSON.
    #[arg(long)]
    pub(crate) pretty: bool,
}

/// Shows what a server does: rates, queues, latencies, load.
#[derive(Debug, ClapArgs)]
#[command(after_help = "\
On a terminal it is a screen that goes on until `q` is pressed: `s` sorts by rate, total or name, `/` types a filter for \
names, `p` pauses, `j` and `k` scroll. Where the server goes away, it says so and tries again. Elsewhere, and with --once, \
it looks twice and prints the figures as text.

Exit codes: 0 done; 1 refused, or nobody answers (with --once); 3 command line or files.

Examples:
  trapjaw top
  trapjaw top --http 10.0.0.7:7171 --sort total --filter cpu
  trapjaw top --once | grep RULE -A 10")]
pub(crate) struct Top {
    #[command(flatten)]
    pub(crate) server: HttpServer,
    /// Seconds between two looks.
    #[arg(long, value_name = "SECONDS", default_value_t = 1, value_parser = clap::value_parser!(u64).range(1..=3_600))]
    pub(crate) interval: u64,
    /// Prints the figures once.
    #[arg(long)]
    pub(crate) once: bool,
    /// How types, rules and actions are ordered.
    #[arg(long, value_enum, default_value_t = TopSort::Rate)]
    pub(crate) sort: TopSort,
    /// Only types, rules and actions whose names have this in them.
    #[arg(
        long,
        value_name = "TEXT",
        default_value = "",
        hide_default_value = true
    )]
    pub(crate) filter: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum TopSort {
    /// The most a second first.
    Rate,
    /// The most so far first.
    Total,
    /// By name.
    Name,
}

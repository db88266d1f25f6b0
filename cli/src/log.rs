//! Logs: on standard error, in colour on a terminal.

use std::io::{self, IsTerminal};

use tracing_subscriber::EnvFilter;

/// Starts logging. `TRAPJAW_LOG` says what (`info`, `debug`, `trapjaw_control=debug`, ...).
pub(crate) fn start() {
    let filter = EnvFilter::try_from_env("TRAPJAW_LOG").unwrap_or_else(|_| EnvFilter::new("info"));
    let plain = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_target(false)
        .with_ansi(io::stderr().is_terminal() && !plain)
        .with_writer(io::stderr)
        .init();
}

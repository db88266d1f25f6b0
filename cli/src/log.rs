//! Logs: on standard error, in colour on a terminal.

use std::io;

use tracing_subscriber::EnvFilter;
use trapjaw_dsl::diagnostic::Style;

use crate::style;

/// What says how much is logged.
const VARIABLE: &str = "TRAPJAW_LOG";
/// What is logged untold.
const DEFAULT: &str = "info";

/// Starts logging. `TRAPJAW_LOG` says what (`info`, `debug`, `trapjaw_control=debug`, ...).
pub(crate) fn start() {
    let told = std::env::var(VARIABLE).unwrap_or_default();
    let filter = EnvFilter::try_new(if told.is_empty() { DEFAULT } else { &told });
    let unknown = filter.as_ref().err().map(ToString::to_string);
    tracing_subscriber::fmt()
        .with_env_filter(filter.unwrap_or_else(|_| EnvFilter::new(DEFAULT)))
        .with_target(false)
        .with_ansi(style::of(&io::stderr()) == Style::Coloured)
        .with_writer(io::stderr)
        // A log that nobody reads any more must not end what is logged.
        .log_internal_errors(false)
        .init();
    if let Some(error) = unknown {
        tracing::warn!("{VARIABLE} is not understood, `{DEFAULT}` holds: {error}");
    }
}

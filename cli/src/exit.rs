//! Exit codes.

use std::process::ExitCode;

use trapjaw_control::config::ConfigError;
use trapjaw_control::rules::LoadError;

/// There are findings, but nothing that keeps rules from running.
pub(crate) const FINDINGS: u8 = 1;
/// The rules have errors.
pub(crate) const RULES: u8 = 2;
/// Configuration or files are at fault.
pub(crate) const CONFIGURATION: u8 = 3;

/// The exit code of an error; 1 for one that has none of its own.
pub(crate) fn of(error: &anyhow::Error) -> ExitCode {
    if error.downcast_ref::<ConfigError>().is_some() {
        return ExitCode::from(CONFIGURATION);
    }
    match error.downcast_ref::<LoadError>() {
        Some(found) if found.is_configuration() => ExitCode::from(CONFIGURATION),
        Some(_) => ExitCode::from(RULES),
        None => ExitCode::FAILURE,
    }
}

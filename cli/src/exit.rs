//! Exit codes.

use std::process::ExitCode;

use trapjaw_control::StartError as ControlError;
use trapjaw_control::bench::BenchError;
use trapjaw_control::config::ConfigError;
use trapjaw_control::explain::ExplainError;
use trapjaw_control::plan::NoDrawing;
use trapjaw_control::recorded::InputError;
use trapjaw_control::rules::LoadError;
use trapjaw_data::plane::StartError as PlaneError;

use crate::failure::{Unread, Unreadable};

/// There are findings, but nothing that keeps rules from running.
pub(crate) const FINDINGS: u8 = 1;
/// The rules have errors.
pub(crate) const RULES: u8 = 2;
/// The command line, the configuration or files are at fault.
pub(crate) const CONFIGURATION: u8 = 3;

/// The exit code of an error; 1 for one that has none of its own.
pub(crate) fn of(error: &anyhow::Error) -> ExitCode {
    // Whoever reads has seen enough (`| head`).
    if error.is::<Unread>() {
        return ExitCode::SUCCESS;
    }
    if error.is::<ConfigError>()
        || error.is::<Unreadable>()
        || error.is::<InputError>()
        || error.is::<ControlError>()
    {
        return ExitCode::from(CONFIGURATION);
    }
    if let Some(ExplainError::NoRule(..)) = error.downcast_ref::<ExplainError>() {
        return ExitCode::from(CONFIGURATION);
    }
    match error.downcast_ref::<BenchError>() {
        Some(BenchError::Wrong { .. } | BenchError::Connection(_)) => return ExitCode::FAILURE,
        Some(_) => return ExitCode::from(CONFIGURATION),
        None => {}
    }
    if error.is::<NoDrawing>() {
        return ExitCode::from(CONFIGURATION);
    }
    match error.downcast_ref::<PlaneError>() {
        // The machine's fault, not the configuration's.
        Some(PlaneError::Shard(..)) => return ExitCode::FAILURE,
        Some(_) => return ExitCode::from(CONFIGURATION),
        None => {}
    }
    match error.downcast_ref::<LoadError>() {
        Some(found) if found.is_configuration() => ExitCode::from(CONFIGURATION),
        Some(_) => ExitCode::from(RULES),
        None => ExitCode::FAILURE,
    }
}

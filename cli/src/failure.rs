//! How errors reach the user.

use core::fmt;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use trapjaw_control::config::ConfigError;
use trapjaw_control::rules::LoadError;

use crate::connect::Unreachable;
use crate::style;

/// A file that was named and can't be read.
#[derive(Debug)]
pub(crate) struct Unreadable {
    path: PathBuf,
    reason: String,
}

impl Unreadable {
    pub(crate) fn new(path: &Path, reason: &impl ToString) -> Self {
        Self {
            path: path.to_owned(),
            reason: reason.to_string(),
        }
    }
}

impl fmt::Display for Unreadable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.path.display(), self.reason)
    }
}

impl std::error::Error for Unreadable {}

/// Nobody reads standard output any more: no failure, but the end.
#[derive(Debug)]
pub(crate) struct Unread;

impl fmt::Display for Unread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("standard output is closed")
    }
}

impl std::error::Error for Unread {}

/// What a failed write to standard output means.
pub(crate) fn unwritten(error: io::Error) -> anyhow::Error {
    if error.kind() == io::ErrorKind::BrokenPipe {
        anyhow::Error::new(Unread)
    } else {
        anyhow::Error::new(error).context("writing to standard output")
    }
}

/// Writes to standard error. Nothing depends on whether somebody reads it.
pub(crate) fn tell(text: impl fmt::Display) {
    let _ = write!(io::stderr(), "{text}");
}

/// Tells an error on standard error.
pub(crate) fn report(error: &anyhow::Error) {
    if error.is::<Unread>() {
        return;
    }
    // These have their own form, with places in files.
    if let Some(error) = error.downcast_ref::<LoadError>() {
        let text = error.rendered(style::of(&io::stderr()));
        return tell(format_args!("{}\n", text.trim_end()));
    }
    if let Some(error) = error.downcast_ref::<ConfigError>() {
        return tell(format_args!("{error}\n"));
    }
    tell(format_args!("error: {}\n", chain(error)));
    if let Some(help) = error
        .downcast_ref::<Unreachable>()
        .and_then(Unreachable::help)
    {
        tell(format_args!("help: {help}\n"));
    }
}

/// An error and its causes, but for those that the one before has told.
fn chain(error: &anyhow::Error) -> String {
    let mut text = String::new();
    for cause in error.chain() {
        let cause = cause.to_string();
        if text.ends_with(&cause) {
            continue;
        }
        if !text.is_empty() {
            text.push_str(": ");
        }
        text.push_str(&cause);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cause_is_told_once() {
        let refused = || io::Error::from(io::ErrorKind::ConnectionRefused);
        let cause = anyhow::Error::new(refused());
        let twice = cause.context(refused().to_string()).context("connecting");
        assert_eq!(chain(&twice), "connecting: connection refused");
    }

    #[test]
    fn an_output_that_nobody_reads_is_no_failure() {
        let closed = unwritten(io::ErrorKind::BrokenPipe.into());
        assert!(closed.is::<Unread>());
        let full = unwritten(io::ErrorKind::StorageFull.into());
        assert_eq!(chain(&full), "writing to standard output: no storage space");
    }
}

//! Annotations of a GitHub workflow: a command on standard output each.
//!
//! The commands and their escapes are those of GitHub's page on workflow commands.

use super::{Finding, Place};
use std::fmt::Write;
use trapjaw_dsl::diagnostic::Code;

/// Findings as workflow commands, a line each.
pub fn github(findings: &[Finding]) -> String {
    let mut text = String::new();
    for finding in findings {
        let level = if finding.is_error { "error" } else { "warning" };
        let _ = write!(text, "::{level} ");
        if let Some(place) = &finding.place {
            located(&mut text, place);
        }
        let title = match Code::parse(&finding.code) {
            Some(code) => format!("{code}: {}", code.entry().title),
            None => finding.code.clone(),
        };
        let _ = writeln!(
            text,
            "title={}::{}",
            property(&title),
            data(&finding.text())
        );
    }
    text
}

fn located(text: &mut String, place: &Place) {
    let _ = write!(text, "file={},", property(&place.file));
    let Some((line, column)) = place.start else {
        return;
    };
    let _ = write!(text, "line={line},");
    match place.end {
        // Columns are shown of a single line alone.
        Some((end_line, end_column)) if end_line == line => {
            let _ = write!(text, "col={column},");
            if end_column > column {
                let _ = write!(text, "endColumn={end_column},");
            }
        }
        Some((end_line, _)) => {
            let _ = write!(text, "endLine={end_line},");
        }
        None => {
            let _ = write!(text, "col={column},");
        }
    }
}

/// A command's message.
fn data(text: &str) -> String {
    text.replace('%', "%25")
        .replace('\r', "%0D")
        .replace('\n', "%0A")
}

/// The value of a property of a command.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

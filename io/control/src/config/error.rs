//! What is wrong with a configuration.

use core::fmt;
use core::ops::Range;

use crate::report;
use serde_json::{Value, json};

/// Everything that is wrong with a configuration. Nothing of it was put to use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigError {
    findings: Vec<ConfigFinding>,
}

/// One thing that is wrong with a configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigFinding {
    /// The stable code: `E_CONFIG_` and a word.
    pub code: &'static str,
    /// What is wrong.
    pub message: String,
    /// What to do.
    pub help: Option<String>,
    /// Where in the file; `None` where it comes from elsewhere.
    pub place: Option<Box<Place>>,
}

/// A place in a configuration file. Line and column count from 1, the column in characters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The file, as it was named.
    pub file: String,
    /// The line.
    pub line: usize,
    /// The character in the line.
    pub column: usize,
    /// The line's text; empty where it may hold a secret.
    pub text: String,
    /// How many characters of the line are meant.
    pub width: usize,
}

impl ConfigError {
    pub(super) fn new(findings: Vec<ConfigFinding>) -> Self {
        Self { findings }
    }

    /// What is wrong, in the order of the file; at least one.
    pub fn findings(&self) -> &[ConfigFinding] {
        &self.findings
    }

    /// For machines: a list of objects, each with at least `code`, `severity` and `message`, and where there is a place
    /// also `file` and `start`.
    pub fn to_json(&self) -> Vec<Value> {
        self.findings.iter().map(ConfigFinding::to_json).collect()
    }

    /// For other tools.
    pub fn report(&self) -> Vec<report::Finding> {
        self.findings.iter().map(ConfigFinding::told).collect()
    }
}

impl ConfigFinding {
    pub(crate) fn new(code: &'static str, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
            help: None,
            place: None,
        }
    }

    pub(crate) fn with_help(self, help: impl Into<String>) -> Self {
        Self {
            help: Some(help.into()),
            ..self
        }
    }
}

impl ConfigFinding {
    fn told(&self) -> report::Finding {
        let place = self.place.as_ref().map(|place| report::Place {
            file: place.file.clone(),
            start: Some((place.line as u32, place.utf16(place.column - 1))),
            end: Some((
                place.line as u32,
                place.utf16(place.column - 1 + place.width),
            )),
        });
        let mut told = report::Finding::error(self.code, self.message.clone(), place);
        told.notes.extend(self.help.iter().map(ToString::to_string));
        told
    }

    fn to_json(&self) -> Value {
        let mut told = json!({
            "code": self.code,
            "severity": "error",
            "message": self.message,
        });
        if let Some(place) = &self.place {
            told["file"] = json!(place.file);
            told["start"] = json!({ "line": place.line, "column": place.column });
        }
        if let Some(help) = &self.help {
            told["help"] = json!([help]);
        }
        told
    }
}

impl From<ConfigFinding> for ConfigError {
    fn from(finding: ConfigFinding) -> Self {
        Self::new(vec![finding])
    }
}

impl Place {
    pub(super) fn new(file: &str, text: &str, span: Range<usize>) -> Self {
        let start = text.floor_char_boundary(span.start);
        let begin = text[..start].rfind('\n').map_or(0, |at| at + 1);
        let end = text[start..].find('\n').map_or(text.len(), |at| start + at);
        let stop = text.floor_char_boundary(span.end).clamp(start, end);
        Self {
            file: file.into(),
            line: text[..start].matches('\n').count() + 1,
            column: text[begin..start].chars().count() + 1,
            text: text[begin..end].trim_end().into(),
            width: text[start..stop].trim_end().chars().count().max(1),
        }
    }
}

impl Place {
    /// The column behind so many characters of the line, from 1, in UTF-16.
    fn utf16(&self, characters: usize) -> u32 {
        // A line that may hold a secret is not at hand.
        if self.text.is_empty() {
            return characters as u32 + 1;
        }
        let before = self.text.chars().take(characters);
        before.map(|c| c.len_utf16() as u32).sum::<u32>() + 1
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, finding) in self.findings.iter().enumerate() {
            if index > 0 {
                f.write_str("\n\n")?;
            }
            finding.fmt(f)?;
        }
        Ok(())
    }
}

impl fmt::Display for ConfigFinding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "error[{}]: {}", self.code, self.message)?;
        if let Some(place) = &self.place {
            let Place {
                file,
                line,
                column,
                text,
                width,
            } = &**place;
            let number = line.to_string();
            let pad = " ".repeat(number.len());
            write!(f, "\n{pad}--> {file}:{line}:{column}")?;
            if !text.is_empty() {
                // Tabs would put the mark out of place.
                let text = text.replace('\t', " ");
                let mark = " ".repeat(column - 1) + &"^".repeat(*width);
                write!(f, "\n{pad} |\n{number} | {text}\n{pad} | {mark}")?;
            }
        }
        if let Some(help) = &self.help {
            write!(f, "\nhelp: {help}")?;
        }
        Ok(())
    }
}

impl std::error::Error for ConfigError {}

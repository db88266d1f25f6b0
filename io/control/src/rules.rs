//! Loading rules: files to a verified rule set, all or nothing.

pub(crate) mod book;
pub(crate) mod clause;
mod files;

use core::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde_json::{Value, json};
use trapjaw_dsl::diagnostic::{Diagnostic, Style, render, to_json};
use trapjaw_dsl::hir;
use trapjaw_dsl::source::{LineColumn, SourceMap, Span};
use trapjaw_program::{RuleSet, Verified};

use crate::config::{Config, advice};
use crate::report::{Finding, Place, from_one};

/// Rules that compile, and whose actions all exist.
#[derive(Clone, Debug)]
pub struct Loaded {
    /// The program.
    pub rules: Arc<Verified<RuleSet>>,
    /// What the program was made from.
    pub checked: hir::RuleSet,
    /// The files that it is made of.
    pub sources: SourceMap,
    /// What compiles, but perhaps not to what was meant.
    pub warnings: Vec<Diagnostic>,
}

/// Reads rule files, and of folders all `*.trap` in them and below, in the order of their paths.
///
/// # Errors
///
/// A path that can't be read; see [`LoadError`].
pub fn read_sources(paths: &[PathBuf]) -> Result<SourceMap, LoadError> {
    files::read(paths).map_err(|files::FileError { path, reason }| {
        LoadError(Box::new(Kind::File { path, reason }))
    })
}

/// Why a file or folder that was named can't be read; of one that is not there also what beside it may have been meant.
pub fn why_unreadable(path: &Path, error: &io::Error) -> String {
    files::why_unreadable(path, error)
}

/// Compiles rules for looking at them or replaying: whether their actions exist is not asked.
///
/// # Errors
///
/// Errors in the rules; see [`LoadError`].
pub fn compile_only(sources: SourceMap) -> Result<Loaded, LoadError> {
    match trapjaw_dsl::compile(&sources) {
        Ok(compiled) => Ok(Loaded {
            rules: Arc::new(compiled.program),
            checked: compiled.hir,
            sources,
            warnings: compiled.warnings,
        }),
        Err(diagnostics) => Err(LoadError(Box::new(Kind::Rules {
            sources,
            diagnostics,
        }))),
    }
}

impl Loaded {
    /// Reads [`Config::rules`], compiles them, and looks for each action that they name in [`Config::actions`].
    ///
    /// Files are read as they are named. Of a folder all `*.trap` in it and below are read, in the order of their paths;
    /// names that begin with a dot are skipped.
    ///
    /// # Errors
    ///
    /// See [`LoadError`].
    pub fn read(config: &Config) -> Result<Self, LoadError> {
        let sources = read_sources(&config.rules)?;
        Self::compile(sources, config)
    }

    /// Compiles texts that are at hand.
    ///
    /// # Errors
    ///
    /// See [`LoadError`].
    pub fn compile(sources: SourceMap, config: &Config) -> Result<Self, LoadError> {
        let compiled = match trapjaw_dsl::compile(&sources) {
            Ok(compiled) => compiled,
            Err(diagnostics) => {
                return Err(LoadError(Box::new(Kind::Rules {
                    sources,
                    diagnostics,
                })));
            }
        };
        let unknown = unknown_actions(&compiled.hir, &sources, config);
        if !unknown.is_empty() {
            return Err(LoadError(Box::new(Kind::Actions(unknown))));
        }
        Ok(Self {
            rules: Arc::new(compiled.program),
            checked: compiled.hir,
            sources,
            warnings: compiled.warnings,
        })
    }

    /// The warnings for people; empty if there are none.
    pub fn rendered_warnings(&self, style: Style) -> String {
        render(&self.warnings, &self.sources, style)
    }

    /// The warnings for other tools.
    pub fn report(&self) -> Vec<Finding> {
        let warnings = self.warnings.iter();
        warnings
            .map(|warning| Finding::of(warning, &self.sources))
            .collect()
    }

    /// The warnings for machines: a list of objects, as [`LoadError::to_json`] gives.
    pub fn json_warnings(&self) -> Vec<Value> {
        diagnostics_json(&self.warnings, &self.sources)
    }
}

fn diagnostics_json(diagnostics: &[Diagnostic], sources: &SourceMap) -> Vec<Value> {
    diagnostics
        .iter()
        .map(|diagnostic| {
            serde_json::from_str(&to_json(diagnostic, sources))
                .expect("a diagnostic's JSON is JSON")
        })
        .collect()
}

/// Calls of actions that are not configured, each action once.
fn unknown_actions(
    rules: &hir::RuleSet,
    sources: &SourceMap,
    config: &Config,
) -> Vec<UnknownAction> {
    let mut unknown: Vec<UnknownAction> = Vec::new();
    let calls = rules
        .rules
        .iter()
        .flat_map(|rule| rule.actions.iter().map(move |action| (rule, action)));
    for (rule, action) in calls {
        let seen = unknown.iter().any(|other| other.action == action.name);
        if seen || config.actions.contains_key(&action.name) {
            continue;
        }
        let Span { source, start, .. } = action.span;
        let source = sources.get(source);
        let known = config.actions.keys().map(|name| &**name);
        unknown.push(UnknownAction {
            action: action.name.clone(),
            rule: rule.name.clone(),
            file: source.name().to_owned(),
            place: source.line_column(start),
            column: from_one(source.utf16(start)),
            help: advice(&action.name, known),
        });
    }
    unknown
}

/// A call of an action that the configuration does not define.
#[derive(Clone, Debug, PartialEq, Eq)]
struct UnknownAction {
    action: Box<str>,
    rule: Box<str>,
    file: String,
    place: LineColumn,
    /// Line and column, as other tools count them.
    column: (u32, u32),
    help: String,
}

impl UnknownAction {
    fn finding(&self) -> Finding {
        let message = format!(
            "rule `{}` calls `{}`, which is no configured action",
            self.rule, self.action
        );
        let place = Place {
            file: self.file.clone(),
            start: Some(self.column),
            end: None,
        };
        let mut finding = Finding::error(UNKNOWN_ACTION, message, Some(place));
        finding.notes.push(self.help.clone());
        finding
    }
}

/// The stable code of [`UnknownAction`].
const UNKNOWN_ACTION: &str = "E_ACTION_UNKNOWN";
/// The stable code of a rule file that can't be read.
const UNREADABLE: &str = "E_RULES_FILE";

/// Why rules were not loaded.
#[derive(Clone, Debug)]
pub struct LoadError(Box<Kind>);

#[derive(Clone, Debug)]
enum Kind {
    File {
        path: PathBuf,
        reason: String,
    },
    Rules {
        sources: SourceMap,
        diagnostics: Vec<Diagnostic>,
    },
    Actions(Vec<UnknownAction>),
}

impl LoadError {
    /// Is it the configuration's fault (a path, an action), not that of the rules' text?
    pub fn is_configuration(&self) -> bool {
        match &*self.0 {
            Kind::File { .. } | Kind::Actions(_) => true,
            Kind::Rules { .. } => false,
        }
    }

    /// For people, with the places in the files where the rules are at fault.
    pub fn rendered(&self, style: Style) -> String {
        match &*self.0 {
            Kind::Rules {
                sources,
                diagnostics,
            } => render(diagnostics, sources, style),
            Kind::File { path, reason } => {
                format!("error[{UNREADABLE}]: {}: {reason}\n", path.display())
            }
            Kind::Actions(unknown) => {
                let shown = unknown.iter().map(|call| {
                    let UnknownAction { action, rule, file, place, help, .. } = call;
                    let LineColumn { line, column } = place;
                    format!(
                        "error[{UNKNOWN_ACTION}]: rule `{rule}` calls `{action}`, which is no configured action\n --> {file}:{line}:{column}\nhelp: {help}"
                    )
                });
                shown.collect::<Vec<_>>().join("\n")
            }
        }
    }

    /// For other tools.
    pub fn report(&self) -> Vec<Finding> {
        match &*self.0 {
            Kind::Rules {
                sources,
                diagnostics,
            } => {
                let found = diagnostics.iter();
                found.map(|found| Finding::of(found, sources)).collect()
            }
            Kind::File { path, reason } => {
                let file = path.display().to_string();
                let message = format!("{file}: {reason}");
                let place = Place {
                    file,
                    start: None,
                    end: None,
                };
                vec![Finding::error(UNREADABLE, message, Some(place))]
            }
            Kind::Actions(unknown) => unknown.iter().map(UnknownAction::finding).collect(),
        }
    }

    /// For machines: a list of objects, each with at least `code`, `severity` and `message`.
    pub fn to_json(&self) -> Vec<Value> {
        match &*self.0 {
            Kind::Rules {
                sources,
                diagnostics,
            } => diagnostics_json(diagnostics, sources),
            Kind::File { path, reason } => vec![json!({
                "code": UNREADABLE,
                "severity": "error",
                "message": format!("{}: {reason}", path.display()),
                "file": path.display().to_string(),
            })],
            Kind::Actions(unknown) => unknown
                .iter()
                .map(|call| {
                    json!({
                        "code": UNKNOWN_ACTION,
                        "severity": "error",
                        "message": format!("rule `{}` calls `{}`, which is no configured action", call.rule, call.action),
                        "file": call.file,
                        "start": { "line": call.place.line, "column": call.place.column },
                        "help": [call.help],
                    })
                })
                .collect(),
        }
    }
}

impl fmt::Display for LoadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.rendered(Style::Plain).trim_end())
    }
}

impl std::error::Error for LoadError {}

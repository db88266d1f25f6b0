//! Renaming: one name, in every file of the set.
//!
//! What a new name does to a rule set is not guessed: the changed files are checked, and each name has to stand for what
//! it stood for before. So a name that is taken, or one that would come between another and what it means, is refused
//! whatever the reason.
//!
//! Events keep their form on the wire: a type that is renamed says what it is called there, and a field where it stands
//! in the data.

use super::completion::written;
use super::{Analysis, At, in_order};
use crate::diagnostic::Code;
use crate::diagnostic::codes::{names, patterns};
use crate::resolve::{Reference, Resolutions, Target};
use crate::source::{SourceMap, Span};
use crate::syntax::ast::{AstNode, EventItem, FieldDecl};
use std::collections::HashMap;
use std::fmt;
use trapjaw_event::limits::MAX_NAME;

/// A change of a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edit {
    /// What is replaced; empty to insert.
    pub place: Span,
    /// What is put there.
    pub text: String,
}

/// Why nothing is renamed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused(String);

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Refused {}

fn refuse<T>(why: impl Into<String>) -> Result<T, Refused> {
    Err(Refused(why.into()))
}

impl Analysis {
    /// The name at a place, if it can be renamed.
    ///
    /// # Errors
    ///
    /// A name that rule files don't declare.
    pub fn prepare_rename(&self, at: At) -> Result<Span, Refused> {
        let found = self.at(at);
        let Some(first) = found.first() else {
            return refuse("there is no name here");
        };
        if let Some(other) = found.iter().find(|found| !found.target.is_declared()) {
            return refuse(match &other.target {
                Target::Action(name) => {
                    format!("`{name}` is an action: it is named in the configuration")
                }
                _ => format!("`{}` is a name of the language", self.text(other.place)),
            });
        }
        for target in self.targets(at) {
            if self.names().declared(&target).next().is_none() {
                return refuse(format!(
                    "`{}` is declared by the language",
                    self.text(first.place)
                ));
            }
        }
        Ok(first.place)
    }

    /// The changes that give the name at a place another.
    ///
    /// # Errors
    ///
    /// A name that can't be renamed, or not to this; or files with errors, in which a use may be missed.
    pub fn rename(&self, at: At, name: &str) -> Result<Vec<Edit>, Refused> {
        let place = self.prepare_rename(at)?;
        let name = name.trim().trim_matches('`');
        if name.is_empty() || name.contains(['`', '\n', '\r']) {
            return refuse("a name is a word, or stands in backticks on one line");
        }
        if name.len() > MAX_NAME {
            return refuse(format!("a name has at most {MAX_NAME} bytes"));
        }
        if let Some(error) = self.diagnostics().iter().find(|found| found.is_error()) {
            let file = self.sources().get(error.primary.source);
            let line = file.line_column(error.primary.start).line;
            return refuse(format!(
                "mend the errors first, so that no use is missed: {} ({}:{line})",
                error.message,
                file.name()
            ));
        }
        if self.text(place).trim_matches('`') == name {
            return Ok(Vec::new());
        }
        if !self.names().is_complete() {
            return refuse("there are too many names to find all uses");
        }
        let targets = self.linked(self.targets(at));
        let mut edits = self.edits(&targets, name);
        edits.sort_by_key(|edit| edit.place);
        self.refuse_change_of_meaning(&edits, name)?;
        Ok(edits)
    }

    /// These, and whatever is named together with one of them somewhere: fields of several event types.
    fn linked(&self, mut targets: Vec<Target>) -> Vec<Target> {
        loop {
            let before = targets.len();
            let mut places = Vec::new();
            for target in &targets {
                places.extend(self.names().declared(target));
                places.extend(self.names().referred(target));
            }
            for place in in_order(places) {
                let at = At {
                    source: place.source,
                    offset: place.start,
                };
                for target in self.targets(at) {
                    if !targets.contains(&target) {
                        targets.push(target);
                    }
                }
            }
            if targets.len() == before {
                return targets;
            }
        }
    }

    fn edits(&self, targets: &[Target], name: &str) -> Vec<Edit> {
        let mut places = Vec::new();
        let mut edits = Vec::new();
        for target in targets {
            for place in self.names().declared(target) {
                places.push(place);
                edits.extend(self.kept_on_the_wire(target, place));
            }
            places.extend(self.names().referred(target));
        }
        let names = in_order(places).into_iter();
        edits.extend(names.map(|place| Edit {
            place,
            text: written(name),
        }));
        edits
    }

    /// What says how something is called outside of the rules, where its name has said so up to now.
    fn kept_on_the_wire(&self, target: &Target, place: Span) -> Option<Edit> {
        let parse = self.parse_of(place.source)?;
        let root = parse.syntax();
        let token = root.token_at_offset(place.start.into()).right_biased()?;
        let insert = |offset: rowan::TextSize, text: String| Edit {
            place: Span {
                source: place.source,
                start: offset.into(),
                end: offset.into(),
            },
            text,
        };
        let quoted = |text: &str| {
            format!(
                "\"{}\"",
                text.replace('\\', "\\\\")
                    .replace('"', "\\\"")
                    .replace('{', "{{")
                    .replace('}', "}}")
            )
        };
        match target {
            Target::EventType(id) => {
                let item = token.parent_ancestors().find_map(EventItem::cast)?;
                let ty = self.names().registry.get(*id);
                let text = format!(" = {}", quoted(&ty.wire_name));
                let end = item.name()?.syntax().text_range().end();
                item.cloud_type().is_none().then(|| insert(end, text))
            }
            Target::Field(..) | Target::Column(..) => {
                let field = token.parent_ancestors().find_map(FieldDecl::cast)?;
                let name = field.path()?.text();
                let column = matches!(target, Target::Column(..));
                let found = if column { name } else { format!("data.{name}") };
                let end = field.ty()?.syntax().text_range().end();
                let text = format!(" = {}", quoted(&found));
                field.place().is_none().then(|| insert(end, text))
            }
            _ => None,
        }
    }

    /// Refuses changes after which a name stands for something else, or for nothing.
    fn refuse_change_of_meaning(&self, edits: &[Edit], name: &str) -> Result<(), Refused> {
        let changed = Analysis::new(changed(self.sources(), edits));
        let errors = changed
            .diagnostics()
            .iter()
            .filter(|found| found.is_error());
        // That a name is taken is the reason of whatever else is wrong.
        let first = errors.min_by_key(|error| !TAKEN.contains(&error.code));
        if let Some(error) = first {
            return refuse(format!("`{name}` can't be taken: {}", error.message));
        }
        let (before, after) = (self.names(), changed.names());
        let same = before.declarations().len() == after.declarations().len()
            && before.references().len() == after.references().len()
            && meanings(before) == meanings(after);
        if same {
            Ok(())
        } else {
            refuse(format!(
                "`{name}` can't be taken: another name would stand for something else"
            ))
        }
    }
}

/// The codes of names that are taken.
const TAKEN: [Code; 5] = [
    names::DUPLICATE_NAME,
    names::DUPLICATE_FIELD,
    names::DUPLICATE_VARIANT,
    names::RESERVED_FIELD,
    patterns::REPEATED_ALIAS,
];

/// What all names stand for, in the order of their places, so that it can be compared with that of changed files: by
/// the numbers of the declarations, or the language's own name.
fn meanings(names: &Resolutions) -> Vec<Result<Vec<usize>, &Target>> {
    let mut declared: HashMap<&Target, Vec<usize>> = HashMap::new();
    for (number, declaration) in names.declarations().iter().enumerate() {
        declared
            .entry(&declaration.target)
            .or_default()
            .push(number);
    }
    let references = names.references().iter();
    references
        .map(|Reference { target, .. }| declared.get(target).cloned().ok_or(target))
        .collect()
}

/// The files with changes in them, which are in the order of their places and don't overlap.
fn changed(sources: &SourceMap, edits: &[Edit]) -> SourceMap {
    sources.with_texts(|id, text| {
        let mut own = edits
            .iter()
            .filter(|edit| edit.place.source == id)
            .peekable();
        own.peek()?;
        Some(apply(text, own))
    })
}

fn apply<'e>(text: &str, edits: impl Iterator<Item = &'e Edit>) -> String {
    let mut out = String::with_capacity(text.len() + 64);
    let mut at = 0;
    for edit in edits {
        let range = edit.place.range();
        out.push_str(&text[at..range.start]);
        out.push_str(&edit.text);
        at = range.end;
    }
    out.push_str(&text[at..]);
    out
}

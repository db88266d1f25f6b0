//! What an editor asks of rules: pure functions from a place in the text to what stands there.
//!
//! An [`Analysis`] holds the files of a rule set with their trees, what was found in them, and what their names stand
//! for. It is made anew when a file changes, and never changes itself. Whoever speaks a protocol with an editor turns
//! places and results into that protocol's; nothing here knows one.

mod completion;
mod context;
mod fix;
mod hover;
mod rename;
mod scope;
mod symbol;
#[cfg(test)]
mod tests;
mod token;
mod words;

pub use completion::{Completion, CompletionKind};
pub use fix::Fix;
pub use hover::Hover;
pub use rename::{Edit, Refused};
pub use symbol::{Symbol, SymbolKind};
pub use token::{Token, TokenKind};

use crate::check::{self, Checked};
use crate::diagnostic::Diagnostic;
use crate::hir;
use crate::resolve::{Reference, Resolutions, Target};
use crate::source::{SourceId, SourceMap, Span};
use crate::syntax::{self, Parse};

/// A place in a file: before the byte at an offset.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct At {
    /// The file.
    pub source: SourceId,
    /// The byte. It stands between two characters.
    pub offset: u32,
}

/// The files of a rule set, understood as far as they can be.
#[derive(Clone, Debug)]
pub struct Analysis {
    sources: SourceMap,
    parsed: Vec<(SourceId, Parse)>,
    checked: Checked,
}

impl Analysis {
    /// Reads and checks the files of one rule set.
    pub fn new(sources: SourceMap) -> Analysis {
        let files = sources.iter();
        let parsed = files.map(|(id, file)| (id, syntax::parse(id, file.text())));
        let parsed: Vec<_> = parsed.collect();
        let checked = check::check_parsed(&sources, &parsed);
        Analysis {
            sources,
            parsed,
            checked,
        }
    }

    /// The files.
    pub fn sources(&self) -> &SourceMap {
        &self.sources
    }

    /// What was found, as [`check`](crate::check()) tells it.
    pub fn diagnostics(&self) -> &[Diagnostic] {
        &self.checked.diagnostics
    }

    /// The rules, if there is no error.
    pub fn rules(&self) -> Option<&hir::RuleSet> {
        self.checked.rules.as_ref()
    }

    /// What names stand for.
    pub fn names(&self) -> &Resolutions {
        &self.checked.names
    }

    /// The places that declare what stands at a place: none for what the language declares.
    pub fn definitions(&self, at: At) -> Vec<Span> {
        let mut found = Vec::new();
        for target in self.targets(at) {
            found.extend(self.names().declared(&target));
        }
        in_order(found)
    }

    /// The places that speak of what stands at a place; with those that declare it, if they are asked for.
    pub fn references(&self, at: At, with_declarations: bool) -> Vec<Span> {
        let mut found = Vec::new();
        for target in self.targets(at) {
            found.extend(self.names().referred(&target));
            if with_declarations {
                found.extend(self.names().declared(&target));
            }
        }
        in_order(found)
    }

    /// What stands at a place; several where a name is read as several things.
    fn targets(&self, at: At) -> Vec<Target> {
        let found = self.names().at(at.source, at.offset).into_iter();
        found.map(|reference| reference.target.clone()).collect()
    }

    /// What stands at a place, with its place.
    fn at(&self, at: At) -> Vec<&Reference> {
        self.names().at(at.source, at.offset)
    }

    fn parse_of(&self, source: SourceId) -> Option<&Parse> {
        let mut parsed = self.parsed.iter();
        parsed.find(|(id, _)| *id == source).map(|(_, parse)| parse)
    }

    /// The text at a place.
    fn text(&self, place: Span) -> &str {
        &self.sources.get(place.source).text()[place.range()]
    }
}

fn in_order(mut places: Vec<Span>) -> Vec<Span> {
    places.sort_unstable();
    places.dedup();
    places
}

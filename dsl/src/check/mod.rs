//! Tree to checked rules: names, types, and the structure of rules.
//!
//! Every finding is told once. What could not be understood is [`Reported`] to whoever asked for it, who then says
//! nothing of his own, and the rest of the file is checked as if it were right.

mod constant;
mod declare;
mod derive;
mod event;
mod expr;
mod fold;
mod held;
mod limits;
mod names;
mod rule;
mod table;
mod test;

use crate::diagnostic::{Diagnostic, codes::syntax::TOO_MANY_ERRORS};
use crate::hir;
use crate::resolve::{Resolutions, Target};
use crate::source::{SourceId, SourceMap, Span, beside};
use crate::syntax::ast::{AstNode, Item};
use crate::syntax::{self, Parse, TextRange};
use declare::Declared;
use limits::MAX_FINDINGS;
use names::Names;
use std::collections::HashSet;
use trapjaw_program::limits::MAX_RULES;

/// What checking found.
#[derive(Clone, Debug)]
pub struct Checked {
    /// The rules, if there is no error.
    pub rules: Option<hir::RuleSet>,
    /// Errors and warnings, in the order of files and of places in them.
    pub diagnostics: Vec<Diagnostic>,
    /// What names stand for, as far as they were understood.
    pub names: Resolutions,
}

/// What was asked for is not there, and an error says why.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Reported;

/// What was asked for, unless it is wrong and that is reported.
type Outcome<T> = Result<T, Reported>;

/// An item of a file. Items that hold syntax errors declare their names, and are not looked into.
struct SourceItem {
    source: SourceId,
    item: Item,
    sound: bool,
}

impl SourceItem {
    fn span(&self, node: &impl AstNode<Language = syntax::Trapjaw>) -> Span {
        Span::new(self.source, node.syntax().text_range())
    }
}

/// Reads and checks the files of a rule set; the errors of each are found whatever is wrong with others.
pub(crate) fn check(sources: &SourceMap) -> Checked {
    let parsed = sources
        .iter()
        .map(|(id, file)| (id, syntax::parse(id, file.text())));
    let parsed: Vec<_> = parsed.collect();
    check_parsed(sources, &parsed)
}

/// Checks files that are parsed already: all rule files, in their order.
pub(crate) fn check_parsed(sources: &SourceMap, parsed: &[(SourceId, Parse)]) -> Checked {
    let mut findings = Vec::new();
    let places = read(parsed, &mut findings);
    let mut names = Names::new(findings.is_empty());
    event::declare_all(&places, sources, &mut names, &mut findings);
    constant::declare_all(&places, &mut names, &mut findings);
    event::declare_lateness(&places, &mut names, &mut findings);
    let (rules, name_spans) = rules(&places, &names, &mut findings);
    derive::refuse_cycles(&rules, &name_spans, &names.registry, &mut findings);
    let tests = test::check_all(&places, &names, &rules, &mut findings);
    let resolved = names.resolved();
    let sound = !findings.iter().any(Diagnostic::is_error);
    findings.sort_by_key(|finding| (finding.primary, finding.code));
    cut(&mut findings);
    let rules = sound.then(|| hir::RuleSet {
        registry: resolved.registry.clone(),
        tables: names.tables_in_order,
        rules,
        tests,
    });
    Checked {
        rules,
        diagnostics: findings,
        names: resolved,
    }
}

/// The paths of the files that the tables of these rule files are read from, each once, in order.
pub fn table_files(sources: &SourceMap) -> Vec<String> {
    let mut paths = Vec::new();
    let mut known = HashSet::new();
    for (source, file) in sources.iter() {
        // Most rule files have no table, and are not read twice.
        if !file.text().contains("table") {
            continue;
        }
        for item in syntax::parse(source, file.text()).tree().items() {
            let Item::Table(table) = item else { continue };
            let named = table.file().and_then(|named| named.plain_text());
            let path = named.map(|named| beside(file.name(), &named));
            paths.extend(path.filter(|path| known.insert(path.clone())));
        }
    }
    paths
}

/// Leaves out what is beyond the limit, and says so.
fn cut(findings: &mut Vec<Diagnostic>) {
    if findings.len() <= MAX_FINDINGS {
        return;
    }
    findings.truncate(MAX_FINDINGS);
    if let Some(last) = findings.last() {
        let message = format!("only the first {MAX_FINDINGS} findings are shown");
        let error = Diagnostic::error(TOO_MANY_ERRORS, last.primary, message);
        findings.push(error);
    }
}

/// The items of all files, in their order.
fn read(parsed: &[(SourceId, Parse)], findings: &mut Vec<Diagnostic>) -> Vec<SourceItem> {
    let mut places = Vec::new();
    for (source, parse) in parsed {
        let source = *source;
        let items: Vec<Item> = parse.tree().items().collect();
        let ends = items
            .iter()
            .skip(1)
            .map(|item| item.syntax().text_range().start());
        let ends: Vec<_> = ends.chain([parse.syntax().text_range().end()]).collect();
        for (item, end) in items.into_iter().zip(ends) {
            // What is missing at the end of an item is reported where the next one begins.
            let extent = TextRange::new(item.syntax().text_range().start(), end);
            let inside = |error: &Diagnostic| {
                let range = Span::new(source, extent);
                range.start <= error.primary.start && error.primary.start <= range.end
            };
            let sound = !parse.errors().iter().any(inside);
            places.push(SourceItem {
                source,
                item,
                sound,
            });
        }
        findings.extend_from_slice(parse.errors());
    }
    places
}

/// The rules that are right, and where the name of each stands.
fn rules(
    places: &[SourceItem],
    names: &Names,
    findings: &mut Vec<Diagnostic>,
) -> (Vec<hir::Rule>, Vec<Span>) {
    let mut declared = Declared::new("rule");
    let (mut rules, mut name_spans) = (Vec::new(), Vec::new());
    for place in places {
        let Item::Rule(item) = &place.item else {
            continue;
        };
        let Some(name) = item.name() else { continue };
        if declared.declare(&name.text(), place.span(&name), findings) {
            names.declare(place.span(&name), Target::Rule(name.text().into()));
        }
        let checked = place
            .sound
            .then(|| rule::check(item, place.source, names, findings));
        if let Some(rule) = checked.flatten() {
            rules.push(rule);
            name_spans.push(place.span(&name));
        }
        if rules.len() > MAX_RULES {
            findings.push(declare::beyond_limit(
                place.span(&name),
                "rules in a set",
                MAX_RULES,
            ));
            break;
        }
    }
    (rules, name_spans)
}

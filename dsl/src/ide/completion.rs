//! What may be written at a place.

use super::context::{Context, Writing, table_of};
use super::scope::{Scope, Start, shared};
use super::words::{self, Word};
use super::{Analysis, At, hover};
use crate::resolve::{Constant, Resolutions, Target};
use crate::source::Span;
use crate::syntax::SyntaxKind;
use crate::syntax::ast::{AstNode, ExpectStep, Expr, Record};
use trapjaw_event::{ENVELOPE, EventType, FieldType, Severity};
use trapjaw_program::function;

/// What is proposed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CompletionKind {
    /// A word of the language.
    Keyword,
    /// An event type.
    EventType,
    /// The type of a field.
    FieldType,
    /// A field.
    Field,
    /// A value of an enum.
    Variant,
    /// A table.
    Table,
    /// A constant.
    Constant,
    /// A function or an aggregate.
    Function,
    /// What an event is called.
    Alias,
    /// A rule.
    Rule,
    /// An action.
    Action,
}

/// A proposal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Completion {
    /// What is shown, and compared with what was typed.
    pub label: String,
    /// What it is.
    pub kind: CompletionKind,
    /// Its type or signature, in a few words; may be empty.
    pub detail: String,
    /// What is to be said about it, in Markdown; may be empty.
    pub about: String,
    /// What is written: `$1`, `${1:name}` and `$0` are places to go on, as in the editors' snippets.
    pub snippet: String,
    /// What is replaced.
    pub replaced: Span,
    /// Its place among all: the least comes first.
    pub rank: u8,
}

impl Completion {
    /// What is written where the editor knows no snippets.
    pub fn plain(&self) -> String {
        plain(&self.snippet)
    }
}

/// A snippet without its places to go on.
fn plain(snippet: &str) -> String {
    let mut text = String::with_capacity(snippet.len());
    let mut chars = snippet.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\\' => text.extend(chars.next()),
            '$' if chars.peek() == Some(&'{') => {
                chars.next();
                let inside: String = chars.by_ref().take_while(|c| *c != '}').collect();
                text.push_str(inside.split_once(':').map_or("", |(_, name)| name));
            }
            '$' => while chars.next_if(char::is_ascii_digit).is_some() {},
            _ => text.push(c),
        }
    }
    text
}

/// A text as a snippet writes it.
fn literal(text: &str) -> String {
    text.replace('\\', "\\\\")
        .replace('$', "\\$")
        .replace('}', "\\}")
}

impl Analysis {
    /// What may be written at a place. `text` is the file as it is now, which may be newer than what was analysed; and
    /// `actions` are those of the configuration, as far as they are known.
    pub fn completions(&self, at: At, text: &str, actions: &[String]) -> Vec<Completion> {
        let Some(context) = Context::of(at, text) else {
            return Vec::new();
        };
        let scope = Scope::of(&context.node, self.names());
        let mut proposals = Proposals {
            names: self.names(),
            scope: &scope,
            replaced: context.replaced,
            found: Vec::new(),
        };
        match &context.writing {
            Writing::Item => proposals.words(words::ITEMS, 1),
            Writing::Clause(before) => proposals.clauses(*before),
            Writing::Step => proposals.words(words::STEPS, 1),
            Writing::Operand => proposals.operands(&context),
            Writing::Field(base) => proposals.behind_dot(base),
            Writing::Source { alias_missing } => proposals.sources(*alias_missing),
            Writing::Element => {
                proposals.event_types(1);
                proposals.words(words::IN_PATTERN, 3);
            }
            Writing::EventType => proposals.event_types(1),
            Writing::FieldType => proposals.types(),
            Writing::RecordField(record) => self.record_fields(record, &mut proposals),
            Writing::Severity => {
                for name in Severity::NAMES {
                    proposals.add(name, CompletionKind::Variant, "severity", 1);
                }
            }
            Writing::Rule => {
                for name in self.rule_names() {
                    proposals.add(name, CompletionKind::Rule, "rule", 1);
                }
            }
            Writing::Table => proposals.tables(),
            Writing::Skip => {
                proposals.words(words::SKIPS, 1);
                proposals.aliases();
            }
            Writing::Action => self.actions(actions, &mut proposals),
        }
        let mut found = proposals.found;
        found.sort_by(|a, b| (a.rank, &a.label).cmp(&(b.rank, &b.label)));
        found.dedup_by(|a, b| a.label == b.label && a.kind == b.kind);
        found
    }

    fn rule_names(&self) -> impl Iterator<Item = &str> {
        let declared = self.names().declarations().iter();
        declared.filter_map(|declared| match &declared.target {
            Target::Rule(name) => Some(&**name),
            _ => None,
        })
    }

    /// The actions of the configuration, and those that other rules call.
    fn actions(&self, configured: &[String], proposals: &mut Proposals<'_>) {
        for name in configured {
            proposals.call(name, CompletionKind::Action, "action");
        }
        for reference in self.names().references() {
            let Target::Action(name) = &reference.target else {
                continue;
            };
            if !configured.iter().any(|known| **known == **name) {
                proposals.call(
                    name,
                    CompletionKind::Action,
                    "action, called by other rules",
                );
            }
        }
        if configured.is_empty() {
            proposals.call("log", CompletionKind::Action, "action");
        }
    }

    fn record_fields(&self, record: &Record, proposals: &mut Proposals<'_>) {
        if let Some(ty) = proposals.scope.record_type(record) {
            let given: Vec<String> = record
                .fields()
                .filter_map(|field| Some(field.path()?.text()))
                .collect();
            proposals.fields_to_give(ty, &given);
            return;
        }
        let expect = record.syntax().parent().and_then(ExpectStep::cast);
        let Some(rule) = expect.and_then(|step| step.rule()) else {
            return;
        };
        let rules = self.rules().map_or(&[][..], |set| &set.rules);
        let Some(rule) = rules.iter().find(|known| *known.name == *rule.text()) else {
            return;
        };
        proposals.give("kind", "matched, raised, cleared, expired or timeout", 3);
        let keys = rule.key.iter().map(|part| (&part.name, &part.expr.ty));
        let pattern = rule.pattern.iter().flat_map(|pattern| &pattern.key);
        for (name, ty) in keys.chain(pattern.map(|part| (&part.name, &part.ty))) {
            proposals.give(name, &format!("{ty}, the key"), 1);
        }
        for (name, value) in rule.actions.iter().flat_map(|action| &action.arguments) {
            proposals.give(name, &format!("{}, an argument", value.ty), 2);
        }
    }
}

/// Collects proposals for one place.
struct Proposals<'a> {
    names: &'a Resolutions,
    scope: &'a Scope<'a>,
    replaced: Span,
    found: Vec<Completion>,
}

impl Proposals<'_> {
    fn push(&mut self, label: &str, kind: CompletionKind, detail: &str, snippet: String, rank: u8) {
        self.found.push(Completion {
            label: label.to_owned(),
            kind,
            detail: detail.to_owned(),
            about: String::new(),
            snippet,
            replaced: self.replaced,
            rank,
        });
    }

    /// A name, in backticks where it has to be.
    fn add(&mut self, name: &str, kind: CompletionKind, detail: &str, rank: u8) {
        self.push(name, kind, detail, literal(&written(name)), rank);
    }

    fn call(&mut self, name: &str, kind: CompletionKind, detail: &str) {
        let snippet = format!("{}($0)", literal(&written(name)));
        self.push(name, kind, detail, snippet, 1);
    }

    fn give(&mut self, name: &str, detail: &str, rank: u8) {
        let snippet = format!("{}: $0", literal(&path(name)));
        self.push(name, CompletionKind::Field, detail, snippet, rank);
    }

    fn words(&mut self, words: &[Word], rank: u8) {
        for word in words {
            self.push(
                word.text,
                CompletionKind::Keyword,
                "",
                word.snippet.into(),
                rank,
            );
            if let Some(last) = self.found.last_mut() {
                word.about.clone_into(&mut last.about);
            }
        }
    }

    fn clauses(&mut self, before: Option<SyntaxKind>) {
        match before {
            Some(SyntaxKind::WhereClause | SyntaxKind::HavingClause) => {
                self.words(words::OPERATORS, 2);
            }
            Some(SyntaxKind::ForClause) => self.words(words::AFTER_FOR, 1),
            Some(SyntaxKind::OverClause) => self.words(words::AFTER_OVER, 1),
            Some(SyntaxKind::AbsentClause) => self.words(words::AFTER_ABSENT, 1),
            Some(SyntaxKind::EveryClause | SyntaxKind::AtClause) => {
                self.words(words::AFTER_SCHEDULE, 1);
            }
            Some(SyntaxKind::MatchClause) => self.words(words::IN_PATTERN, 2),
            _ => {}
        }
        self.words(words::CLAUSES, 1);
    }

    fn event_types(&mut self, rank: u8) {
        for (_, ty) in self.names.registry.iter() {
            self.add(&ty.name, CompletionKind::EventType, &summary(ty), rank);
        }
    }

    fn sources(&mut self, alias_missing: bool) {
        if !alias_missing {
            self.event_types(1);
            self.words(
                &[Word {
                    text: "any",
                    snippet: "any",
                    about: "Every event type: the rule has the envelope.",
                }],
                2,
            );
            return;
        }
        for (_, ty) in self.names.registry.iter() {
            let alias: String = ty.name.chars().take(1).collect();
            let snippet = format!("${{1:{alias}}}: {}", literal(&written(&ty.name)));
            self.push(
                &ty.name,
                CompletionKind::EventType,
                &summary(ty),
                snippet,
                1,
            );
        }
    }

    fn types(&mut self) {
        for word in words::TYPES {
            self.push(
                word.text,
                CompletionKind::FieldType,
                word.about,
                word.snippet.into(),
                1,
            );
        }
    }

    fn tables(&mut self) {
        for table in &self.names.tables {
            let detail = format!("table by {}", table.fields()[table.key()].name);
            self.add(table.name(), CompletionKind::Table, &detail, 3);
        }
    }

    fn aliases(&mut self) {
        for event in &self.scope.events {
            if !event.alias.is_empty() {
                let names: Vec<&str> = event
                    .types
                    .iter()
                    .map(|&id| &*self.names.registry.get(id).name)
                    .collect();
                self.add(&event.alias, CompletionKind::Alias, &names.join(" | "), 1);
            }
        }
    }

    fn operands(&mut self, context: &Context) {
        let operand = context
            .node
            .parent()
            .unwrap_or_else(|| context.node.clone());
        if let Some(FieldType::Enum(variants)) = self.scope.expected(&operand) {
            for variant in variants.iter() {
                self.add(variant, CompletionKind::Variant, "value of the enum", 0);
            }
        }
        self.aliases();
        for field in self.scope.bare_fields() {
            self.add(&field.name, CompletionKind::Field, &hover::field(field), 2);
        }
        for (name, constant) in &self.names.constants {
            let detail = match constant {
                Constant::Value(_, ty) => format!("const, {ty}"),
                Constant::List => "const, a list".to_owned(),
                Constant::Unknown => "const".to_owned(),
            };
            self.add(name, CompletionKind::Constant, &detail, 2);
        }
        self.tables();
        if self.scope.start == Start::Clock {
            self.add("now", CompletionKind::Field, "time", 1);
        }
        if self.scope.timeout {
            self.add("waiting", CompletionKind::Field, "text", 2);
        }
        if self.scope.aggregates {
            for (name, signature, about) in words::AGGREGATES {
                self.function(name, signature, about, 3);
            }
        }
        for function in function::ALL {
            let (signatures, about) = hover::scalar(function);
            let first = signatures.lines().next().unwrap_or_default();
            self.function(function.name, first, &about, 4);
        }
        self.words(words::OPERANDS, 5);
    }

    fn function(&mut self, name: &str, signature: &str, about: &str, rank: u8) {
        self.push(
            name,
            CompletionKind::Function,
            signature,
            format!("{name}($0)"),
            rank,
        );
        if let Some(last) = self.found.last_mut() {
            about.clone_into(&mut last.about);
        }
    }

    fn behind_dot(&mut self, base: &Expr) {
        if let Expr::Index(index) = base {
            let table = table_of(index);
            let mut tables = self.names.tables.iter();
            let table = tables.find(|known| Some(known.name()) == table.as_deref());
            for field in table.iter().flat_map(|table| table.fields()) {
                self.add(&field.name, CompletionKind::Field, &field.ty.to_string(), 1);
            }
            return;
        }
        let Some((types, words_follow, path)) = self.scope.before_dot(base) else {
            return;
        };
        for field in shared(&types, self.names) {
            if let Some(rest) = field.name.strip_prefix(&path) {
                let next = rest.split('.').next().unwrap_or(rest);
                self.push(
                    next,
                    CompletionKind::Field,
                    &hover::field(field),
                    literal(next),
                    1,
                );
            }
        }
        if path.is_empty() {
            for (name, ty, about) in words::ENVELOPE {
                self.push(name, CompletionKind::Field, ty, name.to_owned(), 2);
                if let Some(last) = self.found.last_mut() {
                    about.clone_into(&mut last.about);
                }
            }
        }
        if words_follow {
            for (word, about) in [
                ("last", "The newest event that the element took."),
                ("first", "The oldest event that the element took."),
                ("prev", "The event before the newest of the element."),
            ] {
                self.push(word, CompletionKind::Keyword, about, word.to_owned(), 3);
            }
        }
    }

    fn fields_to_give(&mut self, ty: &EventType, given: &[String]) {
        for field in &ty.fields {
            if !given.iter().any(|name| *name == *field.name) {
                let rank = if field.optional { 2 } else { 1 };
                self.give(&field.name, &hover::field(field), rank);
            }
        }
    }
}

/// `{ user: text, ok: bool }`.
fn summary(ty: &EventType) -> String {
    let fields: Vec<String> = ty.fields.iter().map(hover::field).collect();
    format!("{{ {} }}", fields.join(", "))
}

/// A name as rules write it: in backticks where it is no word, or one of the language's.
pub(super) fn written(name: &str) -> String {
    if crate::syntax::is_bare_name(name) {
        name.to_owned()
    } else {
        format!("`{name}`")
    }
}

/// A path into nested data as rules write it.
fn path(name: &str) -> String {
    let plain = |step: &str| {
        let mut chars = step.chars();
        let first = chars.next();
        first.is_some_and(|c| c.is_ascii_alphabetic() || c == '_')
            && chars.all(|c| c.is_ascii_alphanumeric() || c == '_')
    };
    let steps = name.split('.');
    let steps = steps.map(|step| {
        if plain(step) {
            step.to_owned()
        } else {
            format!("`{step}`")
        }
    });
    steps.collect::<Vec<_>>().join(".")
}

const _: () = assert!(ENVELOPE.len() == words::ENVELOPE.len());

//! The outline of a file.

use super::Analysis;
use crate::source::{SourceId, Span};
use crate::syntax::ast::{AstNode, FieldDecl, Item};
use crate::syntax::{SyntaxKind, SyntaxNode};

/// What an entry of an outline is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SymbolKind {
    /// An event type.
    EventType,
    /// A field of an event type or a table.
    Field,
    /// A table.
    Table,
    /// A constant.
    Constant,
    /// A rule.
    Rule,
    /// A rule test.
    Test,
}

/// An entry of an outline.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Symbol {
    /// What it is called.
    pub name: String,
    /// What it is.
    pub kind: SymbolKind,
    /// A few words about it; may be empty.
    pub detail: String,
    /// All of it, without what is around.
    pub whole: Span,
    /// Its name.
    pub named: Span,
    /// Its parts.
    pub parts: Vec<Symbol>,
}

impl Analysis {
    /// The items of a file, in the order of the text.
    pub fn symbols(&self, source: SourceId) -> Vec<Symbol> {
        let Some(parse) = self.parse_of(source) else {
            return Vec::new();
        };
        let items = parse.tree().items();
        items.filter_map(|item| symbol(source, &item)).collect()
    }
}

fn symbol(source: SourceId, item: &Item) -> Option<Symbol> {
    let (kind, name, fields) = match item {
        Item::Event(item) => (SymbolKind::EventType, item.name(), Some(item.fields())),
        Item::Table(item) => (SymbolKind::Table, item.name(), Some(item.fields())),
        Item::Const(item) => (SymbolKind::Constant, item.name(), None),
        Item::Rule(item) => (SymbolKind::Rule, item.name(), None),
        Item::Test(item) => {
            let title = item.title()?;
            return Some(Symbol {
                name: title.plain_text()?,
                kind: SymbolKind::Test,
                detail: Analysis::head(&Item::Test(item.clone())),
                whole: extent(source, item.syntax()),
                named: Span::new(source, title.syntax().text_range()),
                parts: Vec::new(),
            });
        }
    };
    let name = name?;
    let parts = fields.into_iter().flatten();
    Some(Symbol {
        name: name.text(),
        kind,
        detail: Analysis::head(item),
        whole: extent(source, item.syntax()),
        named: Span::new(source, name.syntax().text_range()),
        parts: parts.filter_map(|part| field(source, &part)).collect(),
    })
}

fn field(source: SourceId, field: &FieldDecl) -> Option<Symbol> {
    let path = field.path()?;
    let ty = field.ty().map(|ty| ty.syntax().text().to_string());
    Some(Symbol {
        name: path.text(),
        kind: SymbolKind::Field,
        detail: ty.unwrap_or_default().trim().to_owned(),
        whole: extent(source, field.syntax()),
        named: Span::new(source, path.syntax().text_range()),
        parts: Vec::new(),
    })
}

/// A node without the blanks and comments at its end.
fn extent(source: SourceId, node: &SyntaxNode) -> Span {
    let mut last = node.last_token();
    while let Some(token) = last.as_ref().filter(|token| is_trivia(token.kind())) {
        last = token.prev_token();
    }
    let whole = Span::new(source, node.text_range());
    let end = last.map_or(whole.end, |token| token.text_range().end().into());
    Span {
        end: end.max(whole.start),
        ..whole
    }
}

fn is_trivia(kind: SyntaxKind) -> bool {
    kind.is_trivia()
}

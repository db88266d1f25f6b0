//! What is being written at a place.

use super::At;
use crate::source::Span;
use crate::syntax::ast::{AstNode, Expr, FieldExpr, IndexExpr, Record, RecordField};
use crate::syntax::{SyntaxKind, SyntaxNode, SyntaxToken, parse};

/// What is put at the cursor before the text is parsed, so that a name stands there whatever is missing.
const MARK: &str = "trapjaw_is_being_written";

/// What is being written.
pub(super) enum Writing {
    /// The first word of an item.
    Item,
    /// The first word of a clause, or one that goes on from the clause before.
    Clause(Option<SyntaxKind>),
    /// The first word of a test's step.
    Step,
    /// An operand.
    Operand,
    /// A name behind a dot; what stands before it.
    Field(Expr),
    /// The type of a rule's event; whether its alias is still to come.
    Source { alias_missing: bool },
    /// A part of a pattern.
    Element,
    /// The type of a derived or given event.
    EventType,
    /// The type of a field.
    FieldType,
    /// The name of a field in a record.
    RecordField(Record),
    /// A severity.
    Severity,
    /// A rule.
    Rule,
    /// A table.
    Table,
    /// Where a pattern goes on.
    Skip,
    /// An action.
    Action,
}

/// A place in a text that is being written.
pub(super) struct Context {
    pub(super) writing: Writing,
    /// The tree around it.
    pub(super) node: SyntaxNode,
    /// What stands there already, and is replaced.
    pub(super) replaced: Span,
}

impl Context {
    /// What is being written at a place; `None` in a comment, in a text, in a number, and where a new name is given.
    pub(super) fn of(at: At, text: &str) -> Option<Context> {
        let offset = at.offset as usize;
        if !text.is_char_boundary(offset) {
            return None;
        }
        let (before, behind) = text.split_at(offset);
        let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
        let start = before.trim_end_matches(is_word).len();
        let end = offset + (behind.len() - behind.trim_start_matches(is_word).len());
        let marked = format!("{}{MARK}{}", before, &text[end..]);
        let root = parse(at.source, &marked).syntax();
        let token = root
            .token_at_offset((offset as u32).into())
            .right_biased()?;
        if !matches!(token.kind(), SyntaxKind::Ident | SyntaxKind::Keyword) {
            return None;
        }
        let writing = writing(&token)?;
        Some(Context {
            writing,
            node: token.parent()?,
            replaced: Span {
                source: at.source,
                start: start as u32,
                end: end as u32,
            },
        })
    }
}

fn writing(token: &SyntaxToken) -> Option<Writing> {
    let parent = token.parent()?;
    if parent.kind() != SyntaxKind::Name {
        return beside(token);
    }
    let owner = parent.parent()?;
    Some(match owner.kind() {
        SyntaxKind::NameExpr => Writing::Operand,
        SyntaxKind::FieldExpr => match FieldExpr::cast(owner)?.base()? {
            Expr::Index(index) => Writing::Field(Expr::Index(index)),
            base => Writing::Field(base),
        },
        SyntaxKind::OnClause => Writing::Source {
            alias_missing: !owner
                .children()
                .any(|child| child.kind() == SyntaxKind::Alias),
        },
        SyntaxKind::ElementPattern => Writing::Element,
        SyntaxKind::EmitClause | SyntaxKind::AtStep => Writing::EventType,
        SyntaxKind::ExpectStep => Writing::Rule,
        SyntaxKind::AbsentClause => Writing::Table,
        SyntaxKind::SkipClause => Writing::Skip,
        SyntaxKind::SeverityClause => Writing::Severity,
        SyntaxKind::Action => Writing::Action,
        SyntaxKind::TypeExpr if !is_enum(&owner) => Writing::FieldType,
        SyntaxKind::FieldPath => {
            let field = owner.parent().and_then(RecordField::cast)?;
            Writing::RecordField(Record::cast(field.syntax().parent()?)?)
        }
        _ => return None,
    })
}

fn is_enum(node: &SyntaxNode) -> bool {
    node.children_with_tokens()
        .any(|child| child.kind() == SyntaxKind::Keyword)
}

/// What is being written where the grammar has no place for a name: the beginning of something.
fn beside(token: &SyntaxToken) -> Option<Writing> {
    for node in token.parent_ancestors() {
        match node.kind() {
            SyntaxKind::Error => {}
            SyntaxKind::SourceFile => return Some(Writing::Item),
            SyntaxKind::TestItem => return Some(Writing::Step),
            SyntaxKind::RuleItem => {
                let clauses = node.children().filter(|child| {
                    child.kind() != SyntaxKind::Name && child.kind() != SyntaxKind::Error
                });
                let before = clauses
                    .filter(|clause| clause.text_range().end() <= token.text_range().start())
                    .last();
                return Some(Writing::Clause(before.map(|clause| clause.kind())));
            }
            SyntaxKind::OnClause => {
                return Some(Writing::Source {
                    alias_missing: true,
                });
            }
            SyntaxKind::MatchClause => return Some(Writing::Element),
            SyntaxKind::SkipClause => return Some(Writing::Skip),
            SyntaxKind::Record => return Record::cast(node).map(Writing::RecordField),
            _ => return None,
        }
    }
    None
}

/// The table of `table[key]`.
pub(super) fn table_of(index: &IndexExpr) -> Option<String> {
    match index.base()? {
        Expr::Name(name) => Some(name.text()),
        _ => None,
    }
}

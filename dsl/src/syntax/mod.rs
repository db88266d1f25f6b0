//! Text to tree: lexer, parser, and typed views.

pub mod ast;
mod kind;
mod lexer;
pub mod limits;
mod parser;
#[cfg(test)]
mod tests;
mod validate;

pub use kind::{SyntaxElement, SyntaxKind, SyntaxNode, SyntaxToken, Trapjaw};
pub use rowan::{TextRange, TextSize};

use crate::diagnostic::{Diagnostic, codes::syntax as codes};
use crate::source::{SourceId, Span};
use rowan::GreenNode;

/// What a text was read as: a tree, whatever the text, and the errors in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parse {
    green: GreenNode,
    errors: Vec<Diagnostic>,
}

impl Parse {
    /// The tree as a file.
    pub fn tree(&self) -> ast::SourceFile {
        ast::AstNode::cast(self.syntax()).expect("the parser's outermost node is a file")
    }

    /// The tree's outermost node. Its text is the text that was parsed, byte for byte, if that was not too long.
    pub fn syntax(&self) -> SyntaxNode {
        SyntaxNode::new_root(self.green.clone())
    }

    /// What is wrong, in the order of the text; all are errors. Empty if and only if the text is right.
    pub fn errors(&self) -> &[Diagnostic] {
        &self.errors
    }
}

/// Reads the text of a file. Never fails: what is wrong is in [`Parse::errors`], and the tree holds the whole text
/// nonetheless. The exception is a text longer than [`limits::MAX_SOURCE_BYTES`]: it is one error, and its tree is empty.
///
/// Literals, escapes and quantifiers are checked here too, so whoever decodes them later may pass over failures.
pub fn parse(source: SourceId, text: &str) -> Parse {
    if text.len() > limits::MAX_SOURCE_BYTES {
        return too_large(source, text);
    }
    let (green, errors) = parser::parse(source, text);
    Parse { green, errors }
}

/// Whether the text is a name that needs no backticks, wherever a name stands.
pub fn is_bare_name(text: &str) -> bool {
    let mut chars = text.chars();
    let first = chars.next();
    first.is_some_and(|c| c.is_ascii_alphabetic() || c == '_')
        && chars.all(|c| c.is_ascii_alphanumeric() || c == '_')
        && !parser::is_reserved(text)
}

/// The words that the language has a meaning for in some place, in the order of the alphabet, each once.
pub fn keywords() -> Vec<&'static str> {
    parser::keywords()
}

/// The value of a text that is one literal of this kind, and nothing else.
pub(crate) fn literal(source: SourceId, kind: SyntaxKind, text: &str) -> Option<ast::LiteralValue> {
    let (tokens, errors) = lexer::lex(source, text);
    match &tokens[..] {
        [token] if errors.is_empty() && token.kind == kind => ast::decode_literal(kind, text)?.ok(),
        _ => None,
    }
}

fn too_large(source: SourceId, text: &str) -> Parse {
    let green = GreenNode::new(SyntaxKind::SourceFile.into(), []);
    let message = format!(
        "the file has {} bytes; at most {} are read",
        text.len(),
        limits::MAX_SOURCE_BYTES
    );
    let start = Span {
        source,
        start: 0,
        end: 0,
    };
    Parse {
        green,
        errors: vec![Diagnostic::error(codes::SOURCE_TOO_LARGE, start, message)],
    }
}

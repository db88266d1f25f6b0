//! Text to tree: lexer, parser, and typed views.

pub mod ast;
mod kind;

pub use kind::{SyntaxElement, SyntaxKind, SyntaxNode, SyntaxToken, Trapjaw};
pub use rowan::{TextRange, TextSize};

//! Typed views of the tree.
//!
//! A view is a node known to be of one kind; making one costs a comparison. Accessors are named after the grammar and
//! return options, because the tree of a broken text lacks parts. In the tree of a text without errors, whatever the
//! grammar demands is there.

/// Declares views of single kinds of node.
macro_rules! ast_node {
    ($( $(#[$attribute:meta])* $name:ident; )*) => {$(
        $(#[$attribute])*
        #[derive(Debug, Clone, PartialEq, Eq, Hash)]
        pub struct $name {
            syntax: $crate::syntax::SyntaxNode,
        }

        impl rowan::ast::AstNode for $name {
            type Language = $crate::syntax::Trapjaw;

            fn can_cast(kind: $crate::syntax::SyntaxKind) -> bool {
                kind == $crate::syntax::SyntaxKind::$name
            }

            fn cast(syntax: $crate::syntax::SyntaxNode) -> Option<Self> {
                Self::can_cast(syntax.kind()).then_some(Self { syntax })
            }

            fn syntax(&self) -> &$crate::syntax::SyntaxNode {
                &self.syntax
            }
        }
    )*};
}

/// Declares a view that is one of several.
macro_rules! ast_enum {
    ($(#[$attribute:meta])* $name:ident { $( $(#[$variant_attribute:meta])* $variant:ident($node:ident), )* }) => {
        $(#[$attribute])*
        #[derive(Debug, Clone, PartialEq, Eq, Hash)]
        pub enum $name {
            $( $(#[$variant_attribute])* $variant($node), )*
        }

        impl rowan::ast::AstNode for $name {
            type Language = $crate::syntax::Trapjaw;

            fn can_cast(kind: $crate::syntax::SyntaxKind) -> bool {
                $( $node::can_cast(kind) )||*
            }

            fn cast(syntax: $crate::syntax::SyntaxNode) -> Option<Self> {
                match syntax.kind() {
                    $( $crate::syntax::SyntaxKind::$node => Some($name::$variant($node::cast(syntax)?)), )*
                    _ => None,
                }
            }

            fn syntax(&self) -> &$crate::syntax::SyntaxNode {
                match self {
                    $( $name::$variant(node) => node.syntax(), )*
                }
            }
        }
    };
}

mod clause;
mod expr;
mod item;
mod literal;
mod pattern;
mod text;

pub use rowan::ast::{AstChildren, AstNode};

pub use clause::*;
pub use expr::*;
pub use item::*;
pub(super) use literal::decode as decode_literal;
pub use literal::{LiteralError, LiteralErrorKind, LiteralValue};
pub use pattern::*;
pub use text::{Interpolation, StringLiteral, StringPart};
pub(super) use text::{TextPiece, pieces as string_pieces};

use super::{SyntaxKind, SyntaxNode, SyntaxToken};
use rowan::{NodeOrToken, ast::support};

/// The first child that is a `T`.
fn child<T: AstNode<Language = super::Trapjaw>>(node: &SyntaxNode) -> Option<T> {
    support::child(node)
}

/// All children that are a `T`.
fn children<T: AstNode<Language = super::Trapjaw>>(node: &SyntaxNode) -> AstChildren<T> {
    support::children(node)
}

/// The tokens directly below a node, without trivia.
fn tokens(node: &SyntaxNode) -> impl Iterator<Item = SyntaxToken> {
    node.children_with_tokens()
        .filter_map(NodeOrToken::into_token)
        .filter(|token| !token.kind().is_trivia())
}

/// The keyword `word` directly below a node.
fn keyword(node: &SyntaxNode, word: &str) -> Option<SyntaxToken> {
    tokens(node).find(|token| token.kind() == SyntaxKind::Keyword && token.text() == word)
}

/// Whether the keyword `word` stands directly below a node.
fn has_keyword(node: &SyntaxNode, word: &str) -> bool {
    keyword(node, word).is_some()
}

/// The first `T` between the keyword `word` and the next keyword, both directly below a node. A part that is missing
/// is so not taken for the one after it.
fn child_after<T: AstNode<Language = super::Trapjaw>>(node: &SyntaxNode, word: &str) -> Option<T> {
    let mut next = keyword(node, word)?.next_sibling_or_token();
    while let Some(element) = next {
        match &element {
            NodeOrToken::Node(node) if T::can_cast(node.kind()) => return T::cast(node.clone()),
            NodeOrToken::Token(token) if token.kind() == SyntaxKind::Keyword => return None,
            _ => next = element.next_sibling_or_token(),
        }
    }
    None
}

//! Expressions as a reader would write them: how keys and aggregates are called in a match.

use crate::syntax::ast::AstNode;
use crate::syntax::{SyntaxKind, SyntaxNode, SyntaxToken, Trapjaw};
use rowan::NodeOrToken;

/// The text of an expression without comments, with single blanks where a blank belongs and none elsewhere:
/// `count( where r.status>=500 )` is `count(where r.status >= 500)`. Strings stay as they are.
pub(super) fn text(expr: &impl AstNode<Language = Trapjaw>) -> String {
    let mut text = String::new();
    let mut previous = None;
    write(expr.syntax(), &mut text, &mut previous);
    text
}

fn write(node: &SyntaxNode, text: &mut String, previous: &mut Option<SyntaxToken>) {
    for element in node.children_with_tokens() {
        match element {
            NodeOrToken::Node(node) if node.kind() == SyntaxKind::StringLiteral => {
                if let (Some(first), Some(last)) = (node.first_token(), node.last_token()) {
                    separate(text, previous.as_ref(), &first);
                    text.push_str(&node.text().to_string());
                    *previous = Some(last);
                }
            }
            NodeOrToken::Node(node) => write(&node, text, previous),
            NodeOrToken::Token(token) if token.kind().is_trivia() => {}
            NodeOrToken::Token(token) => {
                separate(text, previous.as_ref(), &token);
                text.push_str(token.text());
                *previous = Some(token);
            }
        }
    }
}

fn separate(text: &mut String, previous: Option<&SyntaxToken>, next: &SyntaxToken) {
    use SyntaxKind::{Colon, Comma, Dot, LBracket, LParen, Minus, RBracket, RParen};
    let Some(previous) = previous else { return };
    let parent = |token: &SyntaxToken| token.parent().map(|parent| parent.kind());
    let sign = previous.kind() == Minus && parent(previous) == Some(SyntaxKind::UnaryExpr);
    let open = matches!(previous.kind(), LParen | LBracket | Dot);
    let tight = matches!(next.kind(), RParen | RBracket | Comma | Colon | Dot);
    let applied = match parent(next) {
        Some(SyntaxKind::ArgList) => next.kind() == LParen,
        Some(SyntaxKind::IndexExpr) => next.kind() == LBracket,
        _ => false,
    };
    if !(sign || open || tight || applied) {
        text.push(' ');
    }
}

//! How each construct is laid out.

use rowan::NodeOrToken;

use super::WIDTH;
use super::comment::{Around, Comments};
use super::doc::Doc;
use crate::syntax::{SyntaxElement, SyntaxKind, SyntaxNode, SyntaxToken};

/// The whole file.
pub(super) fn file(file: &SyntaxNode) -> String {
    let layout = Layout {
        comments: Comments::of(file),
    };
    let mut out = String::new();
    let mut previous_is_long = false;
    for item in file.children() {
        let text = layout.node(&item).print(WIDTH);
        // Comments before an item don't make it long.
        let lead = layout.around_first(&item).before.len();
        let is_long = text.lines().filter(|line| !line.is_empty()).count() > lead + 1;
        let apart = is_long || previous_is_long || layout.stands_apart(&item);
        if apart && !out.is_empty() {
            out.push('\n');
        }
        out.push_str(&text);
        previous_is_long = is_long;
    }
    for comment in &layout.comments.last {
        if comment.apart && !out.is_empty() {
            out.push('\n');
        }
        out.push_str(&comment.text);
        out.push('\n');
    }
    out
}

/// An expression on one line, without its comments.
pub(super) fn one_line(expr: &SyntaxNode) -> String {
    let layout = Layout {
        comments: Comments::default(),
    };
    let mut text = layout.node(expr).print(usize::MAX);
    text.truncate(text.trim_end().len());
    text
}

struct Layout {
    comments: Comments,
}

/// Parts between brackets.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Style {
    /// `{ a, b }`, stays open where it was left open.
    Record,
    /// `{ a b }`, the same without commas.
    Block,
    /// `(a, b)`
    List,
}

impl Layout {
    fn around_first(&self, node: &SyntaxNode) -> &Around {
        let first = node
            .descendants_with_tokens()
            .filter_map(NodeOrToken::into_token)
            .find(|token| !token.kind().is_trivia());
        first.map_or(Around::NOTHING, |token| self.comments.around(&token))
    }

    fn stands_apart(&self, node: &SyntaxNode) -> bool {
        self.around_first(node).stands_apart()
    }

    fn token(&self, token: &SyntaxToken) -> Doc {
        self.verbatim(token, token, token.text())
    }

    /// A text between two tokens, with their comments.
    fn verbatim(&self, first: &SyntaxToken, last: &SyntaxToken, text: &str) -> Doc {
        let around = self.comments.around(first);
        let mut parts = Vec::new();
        for comment in &around.before {
            parts.push(Doc::Comment(comment.text.clone(), comment.apart));
        }
        if around.apart && !parts.is_empty() {
            parts.push(Doc::Gap);
        }
        let text = if text == "," {
            Doc::Comma
        } else {
            Doc::text(text)
        };
        let behind = self.comments.around(last).behind.clone();
        if parts.is_empty() && behind.is_none() {
            return text;
        }
        parts.push(text);
        parts.extend(behind.map(Doc::Behind));
        Doc::Concat(parts)
    }

    fn element(&self, element: &SyntaxElement) -> Doc {
        match element {
            NodeOrToken::Node(node) => self.node(node),
            NodeOrToken::Token(token) => self.token(token),
        }
    }

    fn node(&self, node: &SyntaxNode) -> Doc {
        use SyntaxKind as K;
        let parts = parts(node);
        match node.kind() {
            K::EventItem | K::TableItem => self.braced(&parts, Style::Record),
            K::Record => self.braced(&parts, Style::Record),
            K::RuleItem | K::TestItem => self.braced(&parts, Style::Block),
            K::ArgList | K::ListExpr | K::TypeExpr => self.bracketed(&parts),
            K::ParenExpr | K::Condition | K::GroupPattern => self.enclosed(&parts),
            K::StringLiteral => self.string(node),
            K::Name
            | K::NameExpr
            | K::Literal
            | K::FieldPath
            | K::FieldExpr
            | K::IndexExpr
            | K::CallExpr
            | K::Action
            | K::Alias
            | K::RepeatPattern => self.tight(&parts),
            K::Quantifier => self.quantifier(&parts),
            K::UnaryExpr if parts[0].kind() == K::Minus => self.tight(&parts),
            K::BinaryExpr | K::SequencePattern | K::OrPattern | K::AndPattern => {
                self.chain(node).indent().group()
            }
            K::IfExpr => Doc::Concat(self.conditional(node)).indent().group(),
            _ => self.spaced(&parts).indent().group(),
        }
    }

    /// Parts with nothing between them.
    fn tight(&self, parts: &[SyntaxElement]) -> Doc {
        Doc::Concat(parts.iter().map(|part| self.element(part)).collect())
    }

    /// Parts with a blank between them, where none of the two sticks to the other.
    fn spaced(&self, parts: &[SyntaxElement]) -> Doc {
        let mut docs = Vec::with_capacity(parts.len() * 2);
        for (at, part) in parts.iter().enumerate() {
            if let Some(previous) = at.checked_sub(1).map(|at| parts[at].kind()) {
                if previous == SyntaxKind::Comma {
                    docs.push(Doc::Line);
                } else if !sticks(part.kind()) {
                    docs.push(Doc::Space);
                }
            }
            docs.push(self.element(part));
        }
        Doc::Concat(docs)
    }

    /// A string as it stands: blanks in it mean something.
    fn string(&self, node: &SyntaxNode) -> Doc {
        let tokens: Vec<SyntaxToken> = node
            .descendants_with_tokens()
            .filter_map(NodeOrToken::into_token)
            .filter(|token| !token.kind().is_trivia())
            .collect();
        match (tokens.first(), tokens.last()) {
            (Some(first), Some(last)) => {
                let range = first.text_range().cover(last.text_range());
                let text = node.text().slice(range - node.text_range().start());
                self.verbatim(first, last, &text.to_string())
            }
            _ => Doc::NOTHING,
        }
    }

    /// `{2,5}? strict`
    fn quantifier(&self, parts: &[SyntaxElement]) -> Doc {
        let mut docs = Vec::new();
        for part in parts {
            if part.kind() == SyntaxKind::Keyword {
                docs.push(Doc::Space);
            }
            docs.push(self.element(part));
        }
        Doc::Concat(docs)
    }

    /// What is before braces, the braces, and what is behind them.
    fn braced(&self, parts: &[SyntaxElement], style: Style) -> Doc {
        let open = position(parts, SyntaxKind::LBrace);
        let close = position(parts, SyntaxKind::RBrace);
        let mut docs = Vec::new();
        if open > 0 {
            docs.push(self.spaced(&parts[..open]));
            docs.push(Doc::Space);
        }
        docs.push(self.list(&parts[open..=close], style));
        if close + 1 < parts.len() {
            docs.push(Doc::Space);
            docs.push(self.spaced(&parts[close + 1..]));
        }
        Doc::Concat(docs)
    }

    /// `(a, b)`, `[a, b]`, `enum(a, b)?`; a type without brackets as well.
    fn bracketed(&self, parts: &[SyntaxElement]) -> Doc {
        let is_open =
            |part: &SyntaxElement| matches!(part.kind(), SyntaxKind::LParen | SyntaxKind::LBracket);
        let is_close =
            |part: &SyntaxElement| matches!(part.kind(), SyntaxKind::RParen | SyntaxKind::RBracket);
        let (Some(open), Some(close)) = (
            parts.iter().position(is_open),
            parts.iter().rposition(is_close),
        ) else {
            return self.tight(parts);
        };
        Doc::Concat(vec![
            self.tight(&parts[..open]),
            self.list(&parts[open..=close], Style::List),
            self.tight(&parts[close + 1..]),
        ])
    }

    /// Parts with the brackets around them.
    fn list(&self, parts: &[SyntaxElement], style: Style) -> Doc {
        let (open, close) = (&parts[0], &parts[parts.len() - 1]);
        let inner = &parts[1..parts.len() - 1];
        let edge = if style == Style::List {
            Doc::SoftLine
        } else {
            Doc::Line
        };
        let mut body = Vec::new();
        let mut before: Option<&SyntaxElement> = None;
        for (at, part) in inner.iter().enumerate() {
            if part.kind() == SyntaxKind::Comma {
                // The last one is set where the list is broken, and only there.
                let comma = self.element(part);
                let is_last = at + 1 == inner.len();
                body.push(if is_last && style != Style::Block {
                    Doc::IfBroken(Box::new(comma))
                } else {
                    comma
                });
            } else {
                if let Some(before) = before {
                    if style == Style::Record && before.kind() != SyntaxKind::Comma {
                        body.push(Doc::Comma);
                    }
                    body.push(self.separator(part, style));
                }
                body.push(self.element(part));
            }
            before = Some(part);
        }
        let has_trailing = before.is_some_and(|last| last.kind() == SyntaxKind::Comma);
        // A filter may be followed by nothing.
        let takes_comma = style != Style::Block
            && !has_trailing
            && before.is_some_and(|last| last.kind() != SyntaxKind::CallFilter);
        if takes_comma {
            body.push(Doc::IfBroken(Box::new(Doc::Comma)));
        }
        let comments = self.closing_comments(close);
        if body.is_empty() && comments.is_empty() {
            return self.closed(vec![self.element(open)], close, false);
        }
        let mut content = vec![edge.clone()];
        content.append(&mut body);
        content.extend(comments);
        let parts = vec![self.element(open), Doc::Concat(content).indent(), edge];
        self.closed(parts, close, style != Style::List && was_left_open(open))
    }

    /// What is between two parts of a list: an empty line where there was one.
    fn separator(&self, part: &SyntaxElement, style: Style) -> Doc {
        let apart = match part {
            NodeOrToken::Node(node) => self.stands_apart(node),
            NodeOrToken::Token(token) => self.comments.around(token).stands_apart(),
        };
        if apart && style != Style::List {
            Doc::HardLine(true)
        } else {
            Doc::Line
        }
    }

    /// The comments before a closing bracket: they stand with what is inside.
    fn closing_comments(&self, close: &SyntaxElement) -> Vec<Doc> {
        let Some(token) = close.as_token() else {
            return Vec::new();
        };
        let before = &self.comments.around(token).before;
        before
            .iter()
            .map(|comment| Doc::Comment(comment.text.clone(), comment.apart))
            .collect()
    }

    /// A group in brackets, and the comment behind the closing one: it breaks what is around, not the group.
    fn closed(&self, content: Vec<Doc>, close: &SyntaxElement, stays_open: bool) -> Doc {
        let (text, behind) = match close {
            NodeOrToken::Token(token) => (token.text(), self.comments.around(token).behind.clone()),
            NodeOrToken::Node(_) => ("", None),
        };
        let mut content = content;
        content.push(Doc::text(text));
        let content = Doc::Anchor(Box::new(Doc::Concat(content)));
        let group = if stays_open {
            content.broken()
        } else {
            content.group()
        };
        match behind {
            Some(behind) => Doc::Concat(vec![group, Doc::Behind(behind)]),
            None => group,
        }
    }

    /// `( a )` and `[ a ]` around one thing, which needs no indentation of its own.
    fn enclosed(&self, parts: &[SyntaxElement]) -> Doc {
        let inner: Vec<Doc> = parts[1..parts.len() - 1]
            .iter()
            .map(|part| match part {
                NodeOrToken::Node(node) if is_chain(node.kind()) => self.chain(node),
                part => self.element(part),
            })
            .collect();
        let close = &parts[parts.len() - 1];
        let comments = self.closing_comments(close);
        let mut content = vec![Doc::SoftLine];
        content.extend(inner);
        content.extend(comments);
        let parts = vec![
            self.element(&parts[0]),
            Doc::Concat(content).indent(),
            Doc::SoftLine,
        ];
        self.closed(parts, close, false)
    }

    /// Operands with operators of one kind between them: broken before each operator, or not at all.
    fn chain(&self, node: &SyntaxNode) -> Doc {
        let mut docs = Vec::new();
        self.chain_into(node, &mut docs);
        Doc::Concat(docs)
    }

    fn chain_into(&self, node: &SyntaxNode, docs: &mut Vec<Doc>) {
        let parts = parts(node);
        let breaks = operator_class(node);
        let mut at_operator = false;
        for (at, part) in parts.iter().enumerate() {
            match part {
                NodeOrToken::Node(child) => {
                    let same = at == 0 && breaks.is_some() && operator_class(child) == breaks;
                    if at > 0 {
                        docs.push(Doc::Space);
                    }
                    at_operator = false;
                    if same && child.kind() == node.kind() {
                        self.chain_into(child, docs);
                    } else {
                        docs.push(self.node(child));
                    }
                }
                NodeOrToken::Token(token) => {
                    docs.push(if at_operator || breaks.is_none() {
                        Doc::Space
                    } else {
                        Doc::Line
                    });
                    at_operator = true;
                    docs.push(self.token(token));
                }
            }
        }
    }

    /// `if a then b` and a line for each `else`.
    fn conditional(&self, node: &SyntaxNode) -> Vec<Doc> {
        let mut docs = Vec::new();
        for (at, part) in parts(node).iter().enumerate() {
            let is_else = part.as_token().is_some_and(|token| token.text() == "else");
            if at > 0 {
                docs.push(if is_else { Doc::Line } else { Doc::Space });
            }
            match part {
                NodeOrToken::Node(child) if child.kind() == SyntaxKind::IfExpr && at > 4 => {
                    docs.extend(self.conditional(child));
                }
                part => docs.push(self.element(part)),
            }
        }
        docs
    }
}

/// The parts of a node that are no trivia.
fn parts(node: &SyntaxNode) -> Vec<SyntaxElement> {
    node.children_with_tokens()
        .filter(|part| !part.kind().is_trivia())
        .collect()
}

fn position(parts: &[SyntaxElement], kind: SyntaxKind) -> usize {
    parts
        .iter()
        .position(|part| part.kind() == kind)
        .expect("a tree without errors has both braces")
}

/// Whether a line ends directly behind the bracket.
fn was_left_open(open: &SyntaxElement) -> bool {
    let token = open.as_token().and_then(SyntaxToken::next_token);
    token.is_some_and(|next| next.kind() == SyntaxKind::Whitespace && next.text().contains('\n'))
}

/// Whether nothing is between it and what is before it.
fn sticks(kind: SyntaxKind) -> bool {
    use SyntaxKind as K;
    matches!(kind, K::Comma | K::Colon | K::Condition | K::Question)
}

fn is_chain(kind: SyntaxKind) -> bool {
    use SyntaxKind as K;
    matches!(
        kind,
        K::BinaryExpr | K::SequencePattern | K::OrPattern | K::AndPattern
    )
}

/// Operators of one class belong to one chain; those without are not broken at.
fn operator_class(node: &SyntaxNode) -> Option<&'static str> {
    use SyntaxKind as K;
    match node.kind() {
        K::SequencePattern => return Some("->"),
        K::OrPattern => return Some("or"),
        K::AndPattern => return Some("and"),
        K::BinaryExpr => {}
        _ => return None,
    }
    let operator = parts(node).into_iter().find_map(NodeOrToken::into_token)?;
    match (operator.kind(), operator.text()) {
        (K::Plus | K::Minus, _) => Some("+"),
        (K::Star | K::Slash, _) => Some("*"),
        (K::QuestionQuestion, _) => Some("??"),
        (_, "and") => Some("and"),
        (_, "or") => Some("or"),
        _ => None,
    }
}

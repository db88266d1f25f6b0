//! The patterns of `match`.

use super::{Alias, AstChildren, AstNode, Expr, Name, child, child_after, children, tokens};
use crate::syntax::{SyntaxKind, SyntaxToken};
use rowan::NodeOrToken;

ast_node! {
    /// `[alias:] type [| type ...] [[cond]]`.
    ElementPattern;
    /// `[cond]`.
    Condition;
    /// `( p )`.
    GroupPattern;
    /// `p{n,m}`, `p+`, `p*`, `p?`.
    RepeatPattern;
    /// What stands behind the repeated pattern: `{n,m}? strict`.
    Quantifier;
    /// `not x [for D]`.
    NotPattern;
    /// `p until x`.
    UntilPattern;
    /// `p and q and ...`, flat.
    AndPattern;
    /// `p -> q => r ...`, flat.
    SequencePattern;
    /// `p or q or ...`, flat.
    OrPattern;
}

ast_enum! {
    /// What `match` looks for.
    Pattern {
        /// One event.
        Element(ElementPattern),
        /// Parentheses.
        Group(GroupPattern),
        /// A repetition.
        Repeat(RepeatPattern),
        /// An event that must not occur.
        Not(NotPattern),
        /// A bounded repetition.
        Until(UntilPattern),
        /// All, in any order.
        And(AndPattern),
        /// One after the other.
        Sequence(SequencePattern),
        /// One of several.
        Or(OrPattern),
    }
}

/// How the next step of a sequence follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Arrow {
    /// `->`: followed by, skipping what doesn't match.
    Then,
    /// `=>`: strictly next.
    Next,
    /// `~>`: followed by any.
    ThenAny,
}

/// How the events of a repetition follow each other, where it isn't relaxed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Contiguity {
    /// `strict`: each is strictly next.
    Strict,
    /// `any`: all combinations.
    Any,
}

/// How often a pattern is repeated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RepeatBounds {
    /// At least.
    pub min: u32,
    /// At most; none for no maximum.
    pub max: Option<u32>,
}

/// A step of a sequence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SequenceStep {
    /// How the step follows the one before it, with the arrow's token; none for the first.
    pub arrow: Option<(Arrow, SyntaxToken)>,
    /// The step.
    pub pattern: Pattern,
}

impl ElementPattern {
    /// By what name the event is called.
    pub fn alias(&self) -> Option<Alias> {
        child(self.syntax())
    }

    /// The event types: one, or several.
    pub fn types(&self) -> AstChildren<Name> {
        children(self.syntax())
    }

    /// The condition in brackets.
    pub fn condition(&self) -> Option<Expr> {
        child::<Condition>(self.syntax()).and_then(|condition| condition.expr())
    }
}

impl Condition {
    /// The condition.
    pub fn expr(&self) -> Option<Expr> {
        child(self.syntax())
    }
}

impl GroupPattern {
    /// What the parentheses hold.
    pub fn inner(&self) -> Option<Pattern> {
        child(self.syntax())
    }
}

impl RepeatPattern {
    /// What is repeated.
    pub fn body(&self) -> Option<Pattern> {
        child(self.syntax())
    }

    /// How often, and how.
    pub fn quantifier(&self) -> Option<Quantifier> {
        child(self.syntax())
    }
}

impl Quantifier {
    /// How often. None where the numbers are missing or beyond `u32`, which the parser has reported. That the maximum
    /// is at least the minimum is not checked here.
    pub fn bounds(&self) -> Option<RepeatBounds> {
        let mut numbers = Vec::new();
        let mut open_ended = false;
        for token in tokens(self.syntax()) {
            match token.kind() {
                SyntaxKind::Int => numbers.push(token.text().replace('_', "").parse::<u32>().ok()?),
                SyntaxKind::Comma => open_ended = true,
                SyntaxKind::Plus => return Some(RepeatBounds { min: 1, max: None }),
                SyntaxKind::Star => return Some(RepeatBounds { min: 0, max: None }),
                SyntaxKind::RBrace => break,
                SyntaxKind::LBrace => {}
                // `?`, and the reluctant `??`.
                _ => {
                    return Some(RepeatBounds {
                        min: 0,
                        max: Some(1),
                    });
                }
            }
        }
        match (numbers.as_slice(), open_ended) {
            (&[exact], false) => Some(RepeatBounds {
                min: exact,
                max: Some(exact),
            }),
            (&[min], true) => Some(RepeatBounds { min, max: None }),
            (&[min, max], _) => Some(RepeatBounds {
                min,
                max: Some(max),
            }),
            _ => None,
        }
    }

    /// Whether it takes what it must, and not all that it can.
    pub fn is_reluctant(&self) -> bool {
        let mut tokens = tokens(self.syntax());
        let first = tokens.next().map(|token| token.kind());
        first == Some(SyntaxKind::QuestionQuestion)
            || tokens.any(|token| token.kind() == SyntaxKind::Question)
    }

    /// `strict` or `any`.
    pub fn contiguity(&self) -> Option<Contiguity> {
        tokens(self.syntax())
            .filter(|token| token.kind() == SyntaxKind::Keyword)
            .find_map(|token| match token.text() {
                "strict" => Some(Contiguity::Strict),
                "any" => Some(Contiguity::Any),
                _ => None,
            })
    }
}

impl NotPattern {
    /// What must not occur: an element or a group.
    pub fn body(&self) -> Option<Pattern> {
        child(self.syntax())
    }

    /// For how long.
    pub fn duration(&self) -> Option<Expr> {
        child_after(self.syntax(), "for")
    }
}

impl UntilPattern {
    /// The repetition that is bounded.
    pub fn body(&self) -> Option<Pattern> {
        child(self.syntax())
    }

    /// What ends it.
    pub fn bound(&self) -> Option<Pattern> {
        child_after(self.syntax(), "until")
    }
}

impl AndPattern {
    /// The operands; two or more.
    pub fn operands(&self) -> AstChildren<Pattern> {
        children(self.syntax())
    }
}

impl OrPattern {
    /// The alternatives, the preferred first; two or more.
    pub fn operands(&self) -> AstChildren<Pattern> {
        children(self.syntax())
    }
}

impl SequencePattern {
    /// The steps, in their order; two or more.
    pub fn steps(&self) -> Vec<SequenceStep> {
        let mut steps = Vec::new();
        let mut arrow = None;
        for element in self.syntax().children_with_tokens() {
            match element {
                NodeOrToken::Node(node) => {
                    if let Some(pattern) = Pattern::cast(node) {
                        steps.push(SequenceStep {
                            arrow: arrow.take(),
                            pattern,
                        });
                    }
                }
                NodeOrToken::Token(token) => {
                    if let Some(kind) = Arrow::of(token.kind()) {
                        arrow = Some((kind, token));
                    }
                }
            }
        }
        steps
    }
}

impl Arrow {
    /// The arrow that a kind of token is.
    pub const fn of(kind: SyntaxKind) -> Option<Arrow> {
        match kind {
            SyntaxKind::ThinArrow => Some(Arrow::Then),
            SyntaxKind::FatArrow => Some(Arrow::Next),
            SyntaxKind::TildeArrow => Some(Arrow::ThenAny),
            _ => None,
        }
    }
}

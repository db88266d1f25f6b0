//! Tokens to tree: recursive descent, with precedence climbing for operators.
//!
//! Each function of the grammar takes what belongs to it and leaves the rest. Where the text breaks the grammar, an
//! error is reported, and what fits nowhere goes into an [`SyntaxKind::Error`] node up to a place at which the grammar
//! can go on: the next clause, the next item, the bracket that closes what is open. So the tree holds the whole text,
//! and each mistake is told once.

mod expr;
mod item;
mod operand;
mod pattern;
mod recover;
mod rule;
mod text;
mod words;

pub(super) use words::{is_reserved, keywords};

use super::lexer::{self, Token};
use super::limits::{MAX_NESTING, MAX_SYNTAX_ERRORS};
use super::{SyntaxKind, TextRange};
use crate::diagnostic::{Code, Diagnostic, codes::syntax as codes};
use crate::source::{SourceId, Span};
use rowan::{Checkpoint, GreenNode, GreenNodeBuilder};
use std::cell::Cell;

/// How often the parser may look before it takes a token. More than any function looks, so a loop that takes nothing
/// is found by tests instead of hanging.
const FUEL: u32 = 10_000;

/// The state of the parser. Positions count tokens that are no trivia.
struct Parser<'t> {
    source: SourceId,
    text: &'t str,
    /// All tokens.
    tokens: Vec<Token>,
    /// Where in `tokens` those stand that mean something.
    significant: Vec<u32>,
    /// The next token.
    at: usize,
    /// How many of `tokens` are in the tree.
    built: usize,
    builder: GreenNodeBuilder<'static>,
    errors: Vec<Diagnostic>,
    /// Whether errors were left out because there are too many.
    overflow: bool,
    /// The position of the last error: a place is reported once.
    failed_at: Option<usize>,
    /// How deep the parser is in expressions and patterns.
    depth: u32,
    fuel: Cell<u32>,
}

/// Parses a file that is not longer than the limit.
pub(super) fn parse(source: SourceId, text: &str) -> (GreenNode, Vec<Diagnostic>) {
    let (tokens, lexical) = lexer::lex(source, text);
    let means = |token: &Token| !token.kind.is_trivia() && token.kind != SyntaxKind::Unknown;
    let significant = (0..)
        .zip(&tokens)
        .filter(|(_, token)| means(token))
        .map(|(at, _)| at)
        .collect();
    let mut parser = Parser {
        source,
        text,
        tokens,
        significant,
        at: 0,
        built: 0,
        builder: GreenNodeBuilder::new(),
        errors: lexical,
        overflow: false,
        failed_at: None,
        depth: 0,
        fuel: Cell::new(FUEL),
    };
    parser.builder.start_node(SyntaxKind::SourceFile.into());
    parser.source_file();
    parser.build_until(parser.tokens.len());
    parser.builder.finish_node();
    let green = parser.builder.finish();
    let mut errors = parser.errors;
    errors.sort_by_key(|error| (error.primary.start, error.primary.end));
    if errors.len() > MAX_SYNTAX_ERRORS || parser.overflow {
        errors.truncate(MAX_SYNTAX_ERRORS);
        let end = Span {
            source,
            start: text.len() as u32,
            end: text.len() as u32,
        };
        let message = format!("only the first {MAX_SYNTAX_ERRORS} syntax errors are shown");
        errors.push(Diagnostic::error(codes::TOO_MANY_ERRORS, end, message));
    }
    (green, errors)
}

// Looking.
impl Parser<'_> {
    /// The token after `ahead` others, where there is one.
    fn token(&self, ahead: usize) -> Option<Token> {
        let fuel = self.fuel.get();
        debug_assert!(fuel > 0, "the parser stands still at token {}", self.at);
        self.fuel.set(fuel.saturating_sub(1));
        self.significant
            .get(self.at + ahead)
            .map(|&at| self.tokens[at as usize])
    }

    fn nth(&self, ahead: usize) -> SyntaxKind {
        self.token(ahead)
            .map_or(SyntaxKind::Eof, |token| token.kind)
    }

    fn current(&self) -> SyntaxKind {
        self.nth(0)
    }

    fn at(&self, kind: SyntaxKind) -> bool {
        self.current() == kind
    }

    /// The text of the word after `ahead` other tokens; empty for what is no word.
    fn nth_word(&self, ahead: usize) -> &str {
        match self.token(ahead) {
            Some(token) if token.kind == SyntaxKind::Ident => &self.text[token.range],
            _ => "",
        }
    }

    fn word(&self) -> &str {
        self.nth_word(0)
    }

    fn at_word(&self, word: &str) -> bool {
        self.word() == word
    }

    /// Whether a word or a name in backticks stands after `ahead` other tokens.
    fn nth_is_name(&self, ahead: usize) -> bool {
        matches!(self.nth(ahead), SyntaxKind::Ident | SyntaxKind::QuotedIdent)
    }

    /// The place of the next token; the end of the text if there is none.
    fn range(&self) -> TextRange {
        let end = TextRange::empty((self.text.len() as u32).into());
        self.token(0).map_or(end, |token| token.range)
    }

    fn span(&self) -> Span {
        Span::new(self.source, self.range())
    }

    /// The empty place directly after the last token that was taken.
    fn span_after_previous(&self) -> Span {
        let end = match self.at.checked_sub(1) {
            Some(at) => self.tokens[self.significant[at] as usize].range.end(),
            None => 0.into(),
        };
        Span::new(self.source, TextRange::empty(end))
    }

    /// The kind of the last token that was taken.
    fn previous(&self) -> Option<SyntaxKind> {
        let at = self.at.checked_sub(1)?;
        Some(self.tokens[self.significant[at] as usize].kind)
    }

    /// Whether a line ends between the last token and the next.
    fn at_line_start(&self) -> bool {
        let from = self.span_after_previous().start as usize;
        self.text[from..self.span().start as usize].contains('\n')
    }
}

// Building.
impl Parser<'_> {
    /// Puts the tokens before that number into the tree as they are.
    fn build_until(&mut self, end: usize) {
        while self.built < end {
            let token = self.tokens[self.built];
            self.builder
                .token(token.kind.into(), &self.text[token.range]);
            self.built += 1;
        }
    }

    /// Where a node may begin, after the trivia before the next token.
    fn open(&mut self) -> Checkpoint {
        let next = self
            .significant
            .get(self.at)
            .map_or(self.tokens.len(), |&at| at as usize);
        self.build_until(next);
        self.builder.checkpoint()
    }

    /// Makes everything since `start` a node.
    fn close(&mut self, start: Checkpoint, kind: SyntaxKind) {
        self.builder.start_node_at(start, kind.into());
        self.builder.finish_node();
    }

    /// Takes the next token, if there is one, as a `kind`.
    fn bump_as(&mut self, kind: SyntaxKind) {
        let Some(&at) = self.significant.get(self.at) else {
            return;
        };
        self.build_until(at as usize);
        self.builder
            .token(kind.into(), &self.text[self.tokens[at as usize].range]);
        self.built += 1;
        self.at += 1;
        self.fuel.set(FUEL);
    }

    /// Takes the next token, if there is one.
    fn bump(&mut self) {
        self.bump_as(self.current());
    }

    fn bump_keyword(&mut self) {
        self.bump_as(SyntaxKind::Keyword);
    }

    fn eat(&mut self, kind: SyntaxKind) -> bool {
        let found = self.at(kind);
        if found {
            self.bump();
        }
        found
    }

    fn eat_word(&mut self, word: &str) -> bool {
        let found = self.at_word(word);
        if found {
            self.bump_keyword();
        }
        found
    }

    /// Takes a token that must be there. `what` tells what is expected: "`{` after the rule's name".
    fn expect(&mut self, kind: SyntaxKind, what: &str) -> bool {
        let found = self.eat(kind);
        if !found {
            self.expected(what);
        }
        found
    }

    /// Takes a word that must be there.
    fn expect_word(&mut self, word: &str, what: &str) -> bool {
        let found = self.eat_word(word);
        if !found {
            self.expected(what);
        }
        found
    }
}

// Reporting.
impl Parser<'_> {
    /// Reports an error. A second one at the same token is a consequence of the first, and so is one at a string that
    /// doesn't close, or directly behind it.
    fn error(&mut self, error: Diagnostic) {
        let unclosed =
            self.at(SyntaxKind::Unclosed) || self.previous() == Some(SyntaxKind::Unclosed);
        if self.failed_at == Some(self.at) || unclosed {
            return;
        }
        self.failed_at = Some(self.at);
        if self.errors.len() < MAX_SYNTAX_ERRORS {
            self.errors.push(error);
        } else {
            self.overflow = true;
        }
    }

    /// Reports an error at the next token.
    fn error_here(&mut self, code: Code, message: impl Into<String>) {
        self.error(Diagnostic::error(code, self.span(), message));
    }

    /// Reports that something else is expected here.
    fn expected(&mut self, what: &str) {
        let message = format!("expected {what}, found {}", self.describe());
        self.error_here(codes::UNEXPECTED_TOKEN, message);
    }

    /// What the next token is, for people.
    fn describe(&self) -> String {
        match self.current() {
            SyntaxKind::Eof => "the end of the file".to_owned(),
            SyntaxKind::StringOpen | SyntaxKind::RawString | SyntaxKind::Unclosed => {
                "a string".to_owned()
            }
            SyntaxKind::InterpolationClose => "the end of the value".to_owned(),
            _ => format!("`{}`", &self.text[self.range()]),
        }
    }

    /// Runs `parse` one level deeper in the tree; past the limit the rest is put aside instead.
    fn nested(&mut self, parse: impl FnOnce(&mut Self) -> Option<u32>) -> Option<u32> {
        if self.depth >= MAX_NESTING {
            self.too_deep();
            return Some(0);
        }
        self.depth += 1;
        let height = parse(self);
        self.depth -= 1;
        height
    }

    /// Whether a node that is `height` levels high still fits; if not, the rest is put aside.
    fn fits(&mut self, height: u32) -> bool {
        let fits = self.depth + height <= MAX_NESTING;
        if !fits {
            self.too_deep();
        }
        fits
    }

    fn too_deep(&mut self) {
        let message = format!("this is nested deeper than {MAX_NESTING} levels");
        let help = "name parts of it with `const`, use `in [...]` instead of a chain of `or`, or group with parentheses";
        self.error(Diagnostic::error(codes::TOO_DEEP, self.span(), message).with_help(help));
        self.skip_until(|_| false);
    }
}

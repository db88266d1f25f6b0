//! Patterns of texts: `~`, `like`, and arguments that are regular expressions.

use super::super::{Outcome, Reported, declare::beyond_limit, fold};
use super::Checker;
use crate::diagnostic::{Diagnostic, codes::types as codes};
use crate::hir::{Expr, ExprKind};
use crate::source::Span;
use crate::syntax::ast::{self, AstNode, LiteralValue};
use rowan::{TextRange, TextSize};
use std::ops::Range;
use trapjaw_event::{FieldType, Value};
use trapjaw_program::limits::MAX_PATTERNS_SIZE;
use trapjaw_program::{Form, Pattern};

impl Checker<'_> {
    /// `a ~ /re/`, `a like "glob"`, `a ilike "glob"`.
    pub(super) fn matching(
        &mut self,
        [text, pattern]: [&ast::Expr; 2],
        (form, ignore_case): (Form, bool),
        operator: &str,
        span: Span,
    ) -> Outcome<Expr> {
        let what = format!("what stands before `{operator}`");
        let text = self.typed(text, &FieldType::Text, &what);
        let pattern = self.pattern(pattern, form, ignore_case);
        Ok(fold::matches(text?, pattern?, span))
    }

    /// A pattern: a regex literal or a constant text.
    pub(super) fn pattern(
        &mut self,
        expr: &ast::Expr,
        form: Form,
        ignore_case: bool,
    ) -> Outcome<Pattern> {
        if let Some(ast::Expr::Literal(literal)) = expr.clone().without_parens()
            && let Ok(LiteralValue::Regex {
                pattern,
                ignore_case,
            }) = literal.value()
        {
            if form == Form::Glob {
                let message = "a regular expression stands after `~`";
                let error = Diagnostic::error(codes::PATTERN_PLACE, self.span(expr), message);
                return self.refuse(error.with_help("after `like` stands a glob: `\"web-*\"`"));
            }
            return self.compiled(&pattern, form, ignore_case, expr);
        }
        let Value::Text(source) = self.constant(expr, &FieldType::Text, "a pattern")? else {
            return Err(Reported);
        };
        self.compiled(&source, form, ignore_case, expr)
    }

    /// The compiled pattern; one that is written twice is compiled once.
    fn compiled(
        &mut self,
        source: &str,
        form: Form,
        ignore_case: bool,
        expr: &ast::Expr,
    ) -> Outcome<Pattern> {
        let key = (form, ignore_case, Box::from(source));
        if let Some(known) = self.names.patterns.borrow().get(&key) {
            return Ok(known.clone());
        }
        let span = self.span(expr);
        let compiled = match form {
            Form::Regex => Pattern::regex(source, ignore_case),
            Form::Glob => Pattern::glob(source, ignore_case),
        };
        let pattern = match compiled {
            Ok(pattern) => pattern,
            Err(wrong) => {
                let place = wrong
                    .place()
                    .and_then(|place| self.place_in_literal(expr, source, place));
                let error =
                    Diagnostic::error(codes::BAD_PATTERN, place.unwrap_or(span), wrong.to_string());
                return self.refuse(match form {
                    Form::Regex => error,
                    Form::Glob => error.with_help(
                        "`*` is any run of characters, `?` one, `[a-z]` one of these; `\\` before one of them takes it as it is",
                    ),
                });
            }
        };
        let size = self.names.pattern_bytes.get();
        let sum = size.saturating_add(pattern.size());
        self.names.pattern_bytes.set(sum);
        if sum > MAX_PATTERNS_SIZE {
            let what = "bytes in the compiled patterns of a rule set";
            return self.refuse(beyond_limit(span, what, MAX_PATTERNS_SIZE));
        }
        let mut patterns = self.names.patterns.borrow_mut();
        patterns.insert(key, pattern.clone());
        Ok(pattern)
    }

    /// Where in the file a part of a pattern stands, if the pattern is written there letter for letter.
    fn place_in_literal(
        &self,
        expr: &ast::Expr,
        source: &str,
        place: Range<usize>,
    ) -> Option<Span> {
        let expr = expr.clone().without_parens()?;
        let text = expr.syntax().text().to_string();
        let inner = match &expr {
            ast::Expr::Literal(_) => text.strip_prefix('/')?,
            ast::Expr::String(_) => text.trim_start_matches('r').strip_prefix('"')?,
            _ => return None,
        };
        let before = text.len() - inner.len();
        // In a regex literal a slash has a backslash before it, which the pattern has not.
        let mut offsets = Vec::with_capacity(source.len() + 1);
        let mut written = inner.char_indices().peekable();
        for character in source.chars() {
            let (mut at, mut found) = written.next()?;
            if found == '\\' && character == '/' {
                (at, found) = written.next()?;
            }
            if found != character {
                return None;
            }
            offsets.extend((0..character.len_utf8()).map(|byte| before + at + byte));
        }
        offsets.push(before + written.next().map_or(inner.len(), |(at, _)| at));
        let node = expr.syntax().text_range().start();
        let offset = |byte: usize| Some(node + TextSize::try_from(*offsets.get(byte)?).ok()?);
        let (start, end) = (offset(place.start)?, offset(place.end)?);
        Some(Span::new(
            self.source,
            TextRange::new(start, end.max(start)),
        ))
    }

    /// A regex literal where a value belongs.
    pub(super) fn regex_as_value<T>(&mut self, span: Span) -> Outcome<T> {
        let message = "a regular expression is no value";
        let error = Diagnostic::error(codes::PATTERN_PLACE, span, message);
        self.refuse(error.with_help("`text ~ /re/` asks whether it matches"))
    }

    /// `if c then a else b`.
    pub(super) fn conditional(
        &mut self,
        expr: &ast::IfExpr,
        expected: Option<&FieldType>,
    ) -> Outcome<Expr> {
        let span = self.span(expr);
        let condition = expr.condition().ok_or(Reported)?;
        let then = expr.then_branch().ok_or(Reported)?;
        let otherwise = expr.else_branch().ok_or(Reported)?;
        let condition = self.condition(&condition, "what follows `if`");
        let (a, b) = self.like_operands([&then, &otherwise], expected, "if")?;
        let condition = condition?;
        if let ExprKind::Const(_) = condition.kind {
            self.warn_if_constant(&condition, "what follows `if`");
        }
        Ok(fold::choose(condition, a, b, span))
    }
}

//! Expressions: what their names stand for, and of what type they are.

mod bound;
mod call;
mod compare;
mod field;
mod function;
mod lookup;
mod name;
mod note;
mod operator;
mod pattern;
mod text;
mod typing;
mod unknown;
mod zone;

pub(super) use bound::{Bindable, Bound, BoundKey, Here, Reading};

use super::fold::{self, AlwaysNull};
use super::names::Names;
use super::{Outcome, Reported};
use crate::diagnostic::{Diagnostic, codes::types as codes};
use crate::hir::{Aggregate, Expr, ExprKind};
use crate::source::{SourceId, Span};
use crate::syntax::Trapjaw;
use crate::syntax::ast::{self, AstNode, IsNullExpr, Literal, LiteralValue};
use trapjaw_event::{FieldType, TypeId, Value};

/// What an expression is about.
pub(super) enum Subject {
    /// Nothing: it stands outside of a rule.
    None,
    /// The event of a rule whose types are not known; that is reported.
    Lost,
    /// The event of a rule, or the one that an element of a pattern tests.
    Event(Binding),
    /// The instant of a schedule, which is `now`.
    Clock,
    /// What a pattern has bound: there is no event whose fields bare names are.
    Bound,
}

/// The event of a rule.
#[derive(Clone)]
pub(super) struct Binding {
    /// Its name in expressions; empty for an element of a pattern that has none.
    pub(super) alias: String,
    /// Where it gets that name.
    pub(super) named: Option<Span>,
    /// Its types: one at least, each once.
    pub(super) types: Vec<TypeId>,
    /// Whether the rule says `any`: then it has the envelope alone.
    pub(super) any: bool,
}

/// Where an expression stands: what it may use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// As the value of a constant, or wherever else only constants may stand.
    Constant,
    /// In `where`, or in the brackets of an element.
    Where,
    /// In `by`.
    Key,
    /// Inside of an aggregate.
    Aggregate,
    /// In `having`, `emit` or `do`; of a rule with a window or without.
    Output {
        /// Whether there are aggregates.
        window: bool,
    },
}

/// Checks the expressions of one rule, or of one constant.
pub(super) struct Checker<'a> {
    pub(super) names: &'a Names,
    pub(super) source: SourceId,
    pub(super) subject: Subject,
    pub(super) place: Place,
    /// What a pattern binds, where expressions may speak of it.
    pub(super) bound: Option<Bound>,
    /// The aggregates named so far, each once.
    pub(super) aggregates: Vec<Aggregate>,
    pub(super) findings: &'a mut Vec<Diagnostic>,
}

impl<'a> Checker<'a> {
    pub(super) fn new(
        names: &'a Names,
        source: SourceId,
        subject: Subject,
        findings: &'a mut Vec<Diagnostic>,
    ) -> Checker<'a> {
        Checker {
            names,
            source,
            subject,
            place: Place::Constant,
            bound: None,
            aggregates: Vec::new(),
            findings,
        }
    }

    /// Where a part of the tree stands.
    pub(super) fn span(&self, node: &impl AstNode<Language = Trapjaw>) -> Span {
        Span::new(self.source, node.syntax().text_range())
    }

    /// Reports an error; what was asked for is not there.
    pub(super) fn refuse<T>(&mut self, error: Diagnostic) -> Outcome<T> {
        self.findings.push(error);
        Err(Reported)
    }

    /// An expression. `expected` is the type that its place asks for, where there is one: a bare name may be a value
    /// of that enum. The result may be of another type nonetheless.
    pub(super) fn expr(&mut self, expr: &ast::Expr, expected: Option<&FieldType>) -> Outcome<Expr> {
        match expr {
            ast::Expr::Literal(literal) => self.literal(literal),
            ast::Expr::String(string) => self.string(string),
            ast::Expr::Name(name) => self.bare_name(name, expected),
            ast::Expr::Field(field) => self.field(field),
            ast::Expr::Index(index) => self.row(index),
            ast::Expr::Call(call) => self.call(call),
            ast::Expr::Unary(unary) => self.unary(unary),
            ast::Expr::Binary(binary) => self.binary(binary, expected),
            ast::Expr::Between(between) => self.between(between),
            ast::Expr::IsNull(test) => self.is_null(test),
            ast::Expr::If(conditional) => self.conditional(conditional, expected),
            ast::Expr::List(list) => {
                let span = self.span(list);
                let message = "a list stands only after `in` and as a constant";
                self.refuse(Diagnostic::error(codes::LIST_PLACE, span, message))
            }
            ast::Expr::Paren(paren) => self.expr(&paren.inner().ok_or(Reported)?, expected),
        }
    }

    /// An expression whose value is fixed.
    pub(super) fn constant(
        &mut self,
        expr: &ast::Expr,
        ty: &FieldType,
        what: &str,
    ) -> Outcome<Value> {
        match self.typed(expr, ty, what)?.kind {
            ExprKind::Const(value) => Ok(value),
            _ => {
                let message = format!("{what} must be a constant");
                let error = Diagnostic::error(codes::NOT_CONSTANT, self.span(expr), message);
                self.refuse(error.with_primary_label("depends on the event"))
            }
        }
    }

    fn literal(&mut self, literal: &Literal) -> Outcome<Expr> {
        let span = self.span(literal);
        // What is wrong with a literal was reported when it was read.
        let (value, ty) = match literal.value().map_err(|_| Reported)? {
            LiteralValue::Bool(value) => (Value::Bool(value), FieldType::Bool),
            LiteralValue::Int(value) => (Value::Int(value), FieldType::Int),
            LiteralValue::Float(value) | LiteralValue::Percent(value) => {
                (Value::Float(value), FieldType::Float)
            }
            LiteralValue::Duration(value) => (Value::Duration(value), FieldType::Duration),
            LiteralValue::Time(value) => (Value::Time(value), FieldType::Time),
            LiteralValue::Ip(value) => (Value::Ip(value.into()), FieldType::Ip),
            LiteralValue::Null => {
                let error =
                    Diagnostic::error(codes::NULL_AS_VALUE, span, "`null` is no value here");
                return self.refuse(error.with_help(
                    "`x is null` asks whether there is a value; `x ?? y` gives a default",
                ));
            }
            LiteralValue::Cidr { .. } => {
                let error =
                    Diagnostic::error(codes::NETWORK_AS_VALUE, span, "a network is no address");
                return self.refuse(
                    error.with_help("`address in network` asks whether an address belongs to it"),
                );
            }
            LiteralValue::Regex { .. } => {
                return self.regex_as_value(span);
            }
        };
        Ok(Expr {
            kind: ExprKind::Const(value),
            ty,
            span,
        })
    }

    fn is_null(&mut self, test: &IsNullExpr) -> Outcome<Expr> {
        let span = self.span(test);
        let operand = self.expr(&test.operand().ok_or(Reported)?, None)?;
        let tested = fold::is_null(operand, span);
        Ok(if test.is_negated() {
            fold::not(tested, span)
        } else {
            tested
        })
    }

    /// A folded expression, or the error that it never has a value.
    fn folded(&mut self, result: Result<Expr, AlwaysNull>, span: Span) -> Outcome<Expr> {
        result.or_else(|AlwaysNull| {
            let error = Diagnostic::error(codes::ALWAYS_NULL, span, "this never has a value");
            self.refuse(
                error.with_primary_label("always null").with_note(
                    "an operation whose result does not exist or does not fit gives null",
                ),
            )
        })
    }
}

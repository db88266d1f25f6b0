//! Calls: of aggregates, and of functions by their name.

use super::super::{Outcome, Reported, declare::beyond_limit};
use super::bound::Over;
use super::{Checker, Place};
use crate::diagnostic::{
    Diagnostic,
    codes::{names, rules, types as codes},
    did_you_mean,
};
use crate::format::one_line;
use crate::hir::{Aggregate, AggregateFunction, Expr, ExprKind};
use crate::resolve::Target;
use crate::source::Span;
use crate::syntax::ast::{self, AstNode, CallExpr};
use trapjaw_event::{FieldType, Value};
use trapjaw_program::function;
use trapjaw_program::limits::MAX_AGGREGATES;

/// What stands in the brackets of an aggregate.
struct Aggregated {
    argument: Option<Expr>,
    /// Of a quantile: which.
    fraction: Option<f64>,
    filter: Option<Expr>,
}

impl Checker<'_> {
    pub(super) fn call(&mut self, call: &CallExpr) -> Outcome<Expr> {
        let span = self.span(call);
        let callee = call.callee().ok_or(Reported)?;
        let ast::Expr::Name(name) = &callee else {
            let message = "only functions can be called";
            return self.refuse(Diagnostic::error(
                names::UNKNOWN_FUNCTION,
                self.span(&callee),
                message,
            ));
        };
        let (name, name_span) = (name.text(), self.span(name));
        if let Some((function, _)) = AggregateFunction::ALL
            .iter()
            .find(|(_, known)| *known == name)
        {
            self.names.refer(name_span, Target::Aggregate(*function));
            return self.aggregate(*function, call, span);
        }
        if let Some(function) = function::by_name(&name) {
            self.names.refer(name_span, Target::Function(function.name));
            return self.function(function, call);
        }
        let message = format!("there is no function `{name}`");
        let mut error = Diagnostic::error(names::UNKNOWN_FUNCTION, name_span, message);
        let aggregates = AggregateFunction::ALL.map(|(_, known)| known);
        let known = aggregates
            .into_iter()
            .chain(function::ALL.iter().map(|function| function.name));
        if let Some(meant) = did_you_mean(&name, known) {
            error = error.with_suggestion(name_span, meant, format!("did you mean `{meant}`?"));
        }
        self.refuse(error)
    }

    fn aggregate(
        &mut self,
        function: AggregateFunction,
        call: &CallExpr,
        span: Span,
    ) -> Outcome<Expr> {
        let over = self.bound_aggregate(function, call, span)?;
        // Between what a pattern binds there is no time that is its own.
        if over == Over::Window || function == AggregateFunction::Rate {
            self.refuse_without_window(function, span)?;
        }
        let outside = match over {
            Over::Element(element) => Some(self.enter(element)),
            Over::Window | Over::Matches => None,
        };
        let aggregated = self.aggregated(function, call, span);
        if let Some(outside) = outside {
            self.leave(outside);
        }
        let Aggregated {
            argument,
            fraction,
            filter,
        } = aggregated?;
        let ty = function.result(argument.as_ref().map(|argument| &argument.ty));
        let Some(ty) = ty else {
            let found =
                argument.map_or_else(|| "nothing".to_owned(), |argument| argument.ty.to_string());
            let message = format!("there is no {} of {found}", function.name());
            let error = Diagnostic::error(codes::AGGREGATE_ARGUMENT, span, message);
            return self.refuse(error.with_help(match function {
                AggregateFunction::Min | AggregateFunction::Max => {
                    "it takes an int, float, time, duration or enum"
                }
                AggregateFunction::Rate => "it takes an int, a float, or nothing",
                _ => "it takes an int, float or duration",
            }));
        };
        let name = one_line(call.syntax()).into_boxed_str();
        let known = self.aggregates.iter();
        let known = known
            .take(MAX_AGGREGATES)
            .position(|known| known.name == name);
        let index = known.unwrap_or(self.aggregates.len());
        if index > MAX_AGGREGATES {
            return Err(Reported);
        }
        if index == self.aggregates.len() {
            self.note_aggregate(over);
            self.aggregates.push(Aggregate {
                function,
                argument,
                filter,
                fraction,
                ty: ty.clone(),
                name,
            });
        }
        if index == MAX_AGGREGATES {
            return self.refuse(beyond_limit(span, "aggregates in a rule", MAX_AGGREGATES));
        }
        Ok(Expr {
            kind: ExprKind::Aggregate(index as u32),
            ty,
            span,
        })
    }

    /// Refuses an aggregate that stands where there is no window.
    fn refuse_without_window(&mut self, function: AggregateFunction, span: Span) -> Outcome<()> {
        let name = function.name();
        let misplaced =
            |message: String| Diagnostic::error(rules::AGGREGATE_MISPLACED, span, message);
        let error = match self.place {
            Place::Output { window: true } => return Ok(()),
            Place::Output { window: false } => {
                let message = format!("`{name}` needs a window");
                Diagnostic::error(rules::AGGREGATE_WITHOUT_WINDOW, span, message)
                    .with_help("say over which events: `over 5m`")
            }
            Place::Where => misplaced(format!("`where` sees a single event, and so no `{name}`"))
                .with_help("a condition on the window stands in `having`"),
            Place::Key => misplaced(format!("`by` sees a single event, and so no `{name}`")),
            Place::Aggregate => misplaced(format!(
                "inside of an aggregate there is a single event, and so no `{name}`"
            )),
            Place::Constant => misplaced(format!("there are no events here, and so no `{name}`")),
        };
        self.refuse(error)
    }

    /// What stands in the brackets of an aggregate.
    fn aggregated(
        &mut self,
        function: AggregateFunction,
        call: &CallExpr,
        span: Span,
    ) -> Outcome<Aggregated> {
        let list = call.args().ok_or(Reported)?;
        let outside = std::mem::replace(&mut self.place, Place::Aggregate);
        let filter = list
            .filter()
            .map(|filter| self.condition(&filter, "what follows `where`"))
            .transpose();
        let mut arguments = Vec::new();
        let mut wrong = false;
        for (place, arg) in list.args().enumerate() {
            if function == AggregateFunction::Count && self.is_event(arg.value()) {
                // `count(a)`: the events themselves.
                continue;
            }
            if let Some(name) = arg.name() {
                let message = "the arguments of functions have no names";
                self.findings.push(Diagnostic::error(
                    codes::AGGREGATE_ARGUMENT,
                    self.span(&name),
                    message,
                ));
                wrong = true;
            }
            let value = arg.value().ok_or(Reported);
            arguments.push(match function {
                AggregateFunction::Quantile if place == 1 => {
                    value.and_then(|value| self.fraction(&value))
                }
                _ => value.and_then(|value| self.expr(&value, None)),
            });
        }
        self.place = outside;
        if wrong {
            return Err(Reported);
        }
        let (takes, said) = match function {
            AggregateFunction::Count | AggregateFunction::Rate => (0..=1, "one argument"),
            AggregateFunction::Quantile => (2..=2, "a value and a fraction, `quantile(x, 99%)`"),
            _ => (1..=1, "one argument"),
        };
        if !takes.contains(&arguments.len()) {
            let message = format!(
                "`{}` takes {said}, not {}",
                function.name(),
                arguments.len()
            );
            return self.refuse(Diagnostic::error(codes::AGGREGATE_ARGUMENT, span, message));
        }
        let arguments: Outcome<Vec<Expr>> = arguments.into_iter().collect();
        let (arguments, filter) = (arguments?, filter?);
        if let Some(filter) = &filter {
            self.warn_if_constant(filter, "the condition inside of the aggregate");
        }
        let mut arguments = arguments.into_iter();
        Ok(Aggregated {
            argument: arguments.next(),
            fraction: arguments.next().and_then(|fraction| match fraction.kind {
                ExprKind::Const(Value::Float(fraction)) => Some(fraction),
                _ => None,
            }),
            filter,
        })
    }

    /// Which quantile: a constant from 0 to 1.
    fn fraction(&mut self, value: &ast::Expr) -> Outcome<Expr> {
        let span = self.span(value);
        let fraction = self.constant(value, &FieldType::Float, "the fraction of a quantile")?;
        if matches!(fraction, Value::Float(fraction) if (0.0..=1.0).contains(&fraction)) {
            return Ok(Expr {
                kind: ExprKind::Const(fraction),
                ty: FieldType::Float,
                span,
            });
        }
        let message = "a fraction is from 0 to 1";
        let error = Diagnostic::error(codes::AGGREGATE_ARGUMENT, span, message);
        self.refuse(error.with_help("the median is `quantile(x, 50%)`"))
    }

    /// Warns of a condition that selects all or nothing.
    pub(in crate::check) fn warn_if_constant(&mut self, condition: &Expr, what: &str) {
        let ExprKind::Const(value) = &condition.kind else {
            return;
        };
        debug_assert_eq!(condition.ty, FieldType::Bool);
        let always = if *value == Value::Bool(true) {
            "always"
        } else {
            "never"
        };
        let message = format!("{what} is {always} true");
        self.findings.push(Diagnostic::warning(
            rules::CONSTANT_CONDITION,
            condition.span,
            message,
        ));
    }
}

//! Calls of scalar functions.

use super::super::{Outcome, Reported, fold};
use super::Checker;
use super::typing::as_float;
use super::zone::unknown_zone;
use crate::diagnostic::{Diagnostic, codes::types as codes, did_you_mean};
use crate::hir::{Argument, Expr, ExprKind};
use crate::source::Span;
use crate::syntax::ast::{self, CallExpr, LiteralValue};
use trapjaw_event::{FieldType, Value};
use trapjaw_program::function::{Callee, Function, Signature, Type, UNITS, is_layout};
use trapjaw_program::{Form, Pattern, Zone};

/// An argument as it is written.
enum Given {
    Value(Expr),
    Regex(Pattern),
}

impl Checker<'_> {
    /// A call of a function.
    pub(super) fn function(&mut self, function: &Function, call: &CallExpr) -> Outcome<Expr> {
        let span = self.span(call);
        let list = call.args().ok_or(Reported)?;
        if let Some(filter) = list.filter() {
            let message = format!("`{}` is no aggregate, and has no `where`", function.name);
            let place = self.span(&filter);
            return self.refuse(Diagnostic::error(codes::FUNCTION_ARGUMENT, place, message));
        }
        let mut given = Vec::new();
        let mut spans = Vec::new();
        let mut sound = true;
        for arg in list.args() {
            if let Some(name) = arg.name() {
                let message = "the arguments of functions have no names";
                let place = self.span(&name);
                self.findings
                    .push(Diagnostic::error(codes::FUNCTION_ARGUMENT, place, message));
                sound = false;
            }
            let argument = arg
                .value()
                .ok_or(Reported)
                .and_then(|value| self.given(function, given.len(), &value));
            spans.push(self.span(&arg));
            match argument {
                Ok(argument) => given.push(argument),
                Err(Reported) => {
                    sound = false;
                    break;
                }
            }
        }
        if !sound {
            return Err(Reported);
        }
        self.applied(function, given, &spans, span)
    }

    /// The value of an interpolation with a format: `"{x:.2}"` is `format(x, ".2")`.
    pub(super) fn formatted(&mut self, value: Expr, layout: &str, span: Span) -> Outcome<Expr> {
        let constant = |text: &str| {
            Given::Value(Expr {
                kind: ExprKind::Const(Value::Text(text.into())),
                ty: FieldType::Text,
                span,
            })
        };
        let function = trapjaw_program::function::by_name("format").ok_or(Reported)?;
        let zoned = match value.ty {
            FieldType::Time => layout.rsplit_once(" in "),
            _ => None,
        };
        // One word behind the last `in` is meant as a zone.
        if let Some((_, zone)) = zoned
            && Zone::by_name(zone).is_none()
            && !zone.contains([' ', '%'])
        {
            return self.refuse(unknown_zone(zone, span));
        }
        let zoned = zoned.filter(|(_, zone)| Zone::by_name(zone).is_some());
        let mut given = vec![Given::Value(value)];
        match zoned {
            Some((layout, zone)) => given.extend([constant(layout), constant(zone)]),
            None => given.push(constant(layout)),
        }
        let spans = vec![span; given.len()];
        self.applied(function, given, &spans, span)
    }

    fn given(&mut self, function: &Function, index: usize, value: &ast::Expr) -> Outcome<Given> {
        let takes = |ty: Type| {
            let mut signatures = function.signatures.iter();
            signatures.any(|signature| signature.types().nth(index) == Some(ty))
        };
        let regex = match value.clone().without_parens() {
            Some(ast::Expr::Literal(literal)) => {
                matches!(literal.value(), Ok(LiteralValue::Regex { .. }))
            }
            _ => false,
        };
        if takes(Type::Pattern) && (regex || !takes(Type::Text)) {
            let pattern = self.pattern(value, Form::Regex, false)?;
            return Ok(Given::Regex(pattern));
        }
        let value = self.expr(value, None)?;
        // The name of an enum's value is a text of its own.
        Ok(Given::Value(match value.ty {
            FieldType::Enum(_) if function.name == "text" => fold::enum_name(value),
            _ => value,
        }))
    }

    /// The call of the function with these arguments.
    fn applied(
        &mut self,
        function: &Function,
        given: Vec<Given>,
        spans: &[Span],
        span: Span,
    ) -> Outcome<Expr> {
        if function.name == "text"
            && let [Given::Value(value)] = &given[..]
            && value.ty == FieldType::Text
        {
            return Ok(value.clone());
        }
        if function.folds && given.len() > 2 {
            return self.folded_from_left(function, given, span);
        }
        let fits = |signature: &&Signature, exact: bool| {
            signature.parameters.len() == given.len()
                && (signature.types().zip(&given)).all(|(ty, given)| takes(ty, given, exact))
        };
        let signatures = || function.signatures.iter();
        let signature = signatures()
            .find(|signature| fits(signature, true))
            .or_else(|| signatures().find(|signature| fits(signature, false)));
        let Some(signature) = signature else {
            return self.no_signature(function, &given, span);
        };
        let types: Vec<Type> = signature.types().collect();
        let mut arguments = Vec::new();
        for ((given, &ty), &place) in given.into_iter().zip(&types).zip(spans) {
            arguments.push(match (given, ty) {
                (Given::Regex(pattern), _) => Argument::Pattern(pattern),
                (Given::Value(value), Type::Float) => Argument::Value(as_float(value)),
                (Given::Value(value), ty) if ty.is_constant() => {
                    self.fixed_argument(function, &types, value, ty, place)?
                }
                (Given::Value(value), _) => Argument::Value(value),
            });
        }
        if function.name == "capture" {
            self.check_group(&arguments, spans)?;
        }
        let callee = Callee::of(function.name, &types).ok_or(Reported)?;
        let result = fold::call(callee, arguments, field_type(signature.result), span);
        let result = self.folded(result, span)?;
        if let ExprKind::Const(Value::Text(text)) = &result.kind {
            self.spend_text(text.len(), span)?;
        }
        Ok(result)
    }

    /// `f(a, b, c)` as `f(f(a, b), c)`.
    fn folded_from_left(
        &mut self,
        function: &Function,
        given: Vec<Given>,
        span: Span,
    ) -> Outcome<Expr> {
        let mut given = given.into_iter();
        let mut folded = given.next().ok_or(Reported)?;
        for next in given {
            let pair = vec![folded, next];
            folded = Given::Value(self.applied(function, pair, &[span, span], span)?);
        }
        match folded {
            Given::Value(value) => Ok(value),
            Given::Regex(_) => Err(Reported),
        }
    }

    /// An argument that has to be a constant text, and one that means something.
    fn fixed_argument(
        &mut self,
        function: &Function,
        types: &[Type],
        value: Expr,
        ty: Type,
        span: Span,
    ) -> Outcome<Argument> {
        let ExprKind::Const(Value::Text(text)) = &value.kind else {
            let message = format!("the {ty} of `{}` must be a constant", function.name);
            let error = Diagnostic::error(codes::NOT_CONSTANT, span, message);
            return self.refuse(error.with_primary_label("depends on the event"));
        };
        match ty {
            Type::Zone => self.zone(text, span).map(Argument::Zone),
            Type::Unit if !UNITS.contains(&&**text) => {
                let message = format!("`{text}` is no part of the calendar");
                let error = Diagnostic::error(codes::FUNCTION_ARGUMENT, span, message);
                let error = match did_you_mean(text, UNITS) {
                    Some(meant) => error.with_suggestion(
                        span,
                        format!("\"{meant}\""),
                        format!("did you mean `{meant}`?"),
                    ),
                    None => error,
                };
                self.refuse(error.with_note(format!("the parts are {}", UNITS.join(", "))))
            }
            Type::Layout if !is_layout(text, types[0]) => {
                let message = format!("`{text}` is no format of {}", a(types[0].name()));
                let error = Diagnostic::error(codes::BAD_FORMAT, span, message);
                self.refuse(error.with_help(match types[0] {
                    Type::Time => "a time takes the directives of `strftime`: `%Y-%m-%d %H:%M`",
                    Type::Duration => "a duration takes a unit (`d h m s ms us ns`), with digits before it if need be: `.1h`",
                    _ => "a number takes digits after the point, `.0` to `.17`, or is a percentage: `.1%`",
                }))
            }
            _ => Ok(Argument::Value(value)),
        }
    }

    /// A group that the regular expression does not have is a mistake.
    fn check_group(&mut self, arguments: &[Argument], spans: &[Span]) -> Outcome<()> {
        let [_, Argument::Pattern(pattern), Argument::Value(group)] = arguments else {
            return Ok(());
        };
        let message = match &group.kind {
            ExprKind::Const(Value::Int(number))
                if usize::try_from(*number).map_or(true, |number| number >= pattern.groups()) =>
            {
                let groups = pattern.groups() - 1;
                format!(
                    "the regular expression has the groups 0 to {groups}, and no group {number}"
                )
            }
            ExprKind::Const(Value::Text(name)) if pattern.group(name).is_none() => {
                format!("the regular expression has no group `{name}`")
            }
            _ => return Ok(()),
        };
        let error = Diagnostic::error(codes::FUNCTION_ARGUMENT, spans[2], message);
        self.refuse(error.with_help("a group is `(...)`, a named one `(?<name>...)`"))
    }

    fn no_signature<T>(&mut self, function: &Function, given: &[Given], span: Span) -> Outcome<T> {
        let found: Vec<String> = (given.iter())
            .map(|given| match given {
                Given::Value(value) => value.ty.to_string(),
                Given::Regex(_) => Type::Pattern.to_string(),
            })
            .collect();
        let found = if found.is_empty() {
            "nothing".to_owned()
        } else {
            found.join(", ")
        };
        let message = format!("`{}` doesn't take {found}", function.name);
        let forms: Vec<String> = (function.signatures.iter())
            .map(|signature| format!("`{}`", written(function, signature)))
            .collect();
        let error = Diagnostic::error(codes::FUNCTION_ARGUMENT, span, message);
        self.refuse(error.with_note(format!("there is {}", forms.join(", "))))
    }
}

/// Does a parameter take an argument? If not exactly, an int may be taken as float.
fn takes(ty: Type, given: &Given, exact: bool) -> bool {
    let value = match given {
        Given::Regex(_) => return ty == Type::Pattern,
        Given::Value(value) => &value.ty,
    };
    match ty {
        Type::Pattern => false,
        Type::Zone | Type::Unit | Type::Layout => *value == FieldType::Text,
        Type::Float if !exact && *value == FieldType::Int => true,
        plain => *value == field_type(plain),
    }
}

/// The type of values that a parameter takes or a function gives.
fn field_type(ty: Type) -> FieldType {
    match ty {
        Type::Bool => FieldType::Bool,
        Type::Int => FieldType::Int,
        Type::Float => FieldType::Float,
        Type::Time => FieldType::Time,
        Type::Duration => FieldType::Duration,
        Type::Ip => FieldType::Ip,
        Type::Text | Type::Pattern | Type::Zone | Type::Unit | Type::Layout => FieldType::Text,
    }
}

/// As the reference writes it: `round(x: float, digits: int)`.
fn written(function: &Function, signature: &Signature) -> String {
    let parameters: Vec<String> = (signature.parameters.iter())
        .map(|(name, ty)| format!("{name}: {ty}"))
        .collect();
    format!("{}({})", function.name, parameters.join(", "))
}

/// A name of a type with its article.
fn a(name: &str) -> String {
    let article = if name.starts_with(['a', 'e', 'i']) {
        "an"
    } else {
        "a"
    };
    format!("{article} {name}")
}

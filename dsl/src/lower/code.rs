//! Expressions to code.

use super::pattern::Bound;
use crate::hir::{Argument, Arithmetic, Callee, Comparison, Expr, ExprKind, Piece, TextTest};
use std::collections::HashMap;
use trapjaw_event::{FieldId, FieldType, TypeId, Value};
use trapjaw_program::{CodeBuilder, Const, Input, Kind, Opcode, Operand, TableId};

/// Where code finds what an expression reads.
#[derive(Clone, Copy)]
pub(super) enum Inputs<'a> {
    /// In the events of the rule's type at this place.
    Event(usize),
    /// In what the rule keeps: the place of each field among the kept ones.
    Rule(&'a Kept),
    /// In what a pattern has bound, and in an event under test, if there is one: by the place among its element's types
    /// and its type.
    Pattern(&'a Bound<'a>, Option<(usize, TypeId)>),
}

/// The fields that a rule keeps, each by its ids in the rule's types, with their places.
pub(super) type Kept = HashMap<Box<[FieldId]>, u16>;

/// Adds a condition to the code of the type at `place`, and gives its output.
pub(super) fn condition(code: &mut CodeBuilder, condition: &Expr, place: usize) -> u32 {
    output(code, condition, Inputs::Event(place))
}

/// Adds an expression to code, and gives its output.
pub(super) fn output(code: &mut CodeBuilder, expr: &Expr, inputs: Inputs<'_>) -> u32 {
    let operand = operand(code, expr, inputs);
    code.output(operand, expr.ty.clone())
}

/// Adds an expression to code, and gives its operand.
pub(super) fn operand(code: &mut CodeBuilder, expr: &Expr, inputs: Inputs<'_>) -> Operand {
    Lowering { code, inputs }.expr(expr)
}

struct Lowering<'c, 'i> {
    code: &'c mut CodeBuilder,
    inputs: Inputs<'i>,
}

impl Lowering<'_, '_> {
    fn expr(&mut self, expr: &Expr) -> Operand {
        let kind = Kind::of(&expr.ty);
        match &expr.kind {
            ExprKind::Const(value) => self.code.constant(constant(value)),
            ExprKind::Field(ids) => {
                let input = match self.inputs {
                    Inputs::Event(place) => Input::Field(ids[place]),
                    Inputs::Rule(kept) => Input::Kept(kept[ids]),
                    Inputs::Pattern(bound, Some((place, ty))) => {
                        bound.mention(ty, ids[place]);
                        Input::Field(ids[place])
                    }
                    Inputs::Pattern(_, None) => unreachable!("no event is under test"),
                };
                self.code.load(input, kind)
            }
            ExprKind::Envelope(envelope) => {
                self.code.load(Input::Envelope(*envelope), envelope.kind())
            }
            ExprKind::Aggregate(index) => self.code.load(Input::Aggregate(*index as u16), kind),
            ExprKind::Pattern(read) => match self.inputs {
                Inputs::Pattern(bound, _) => {
                    let index = bound.read(read, &expr.ty);
                    self.code.load(Input::Kept(index), kind)
                }
                Inputs::Event(_) | Inputs::Rule(_) => unreachable!("only patterns bind events"),
            },
            ExprKind::Not(a) => self.unary(Opcode::Not, a),
            ExprKind::Negate(a) if kind == Kind::Float => self.unary(Opcode::NegFloat, a),
            ExprKind::Negate(a) => self.unary(Opcode::NegInt, a),
            ExprKind::ToFloat(a) => self.unary(Opcode::FloatOfInt, a),
            ExprKind::And(a, b) => self.binary(Opcode::And, a, b),
            ExprKind::Or(a, b) => self.binary(Opcode::Or, a, b),
            ExprKind::Compare(how, a, b) => self.binary(comparison(*how, Kind::of(&a.ty)), a, b),
            ExprKind::Arithmetic(how, a, b) => self.binary(arithmetic(*how, kind), a, b),
            ExprKind::Divide(a, b) => self.binary(Opcode::DivFloat, a, b),
            ExprKind::In(a, values) => self.membership(a, values),
            ExprKind::Lookup { table, field, key } => {
                let key_kind = Kind::of(&key.ty);
                let row = self.in_table(row_of(key_kind), *table, key);
                let column = self.code.constant(Const::Column(*table, *field));
                self.code.binary(cell(kind), row, column)
            }
            ExprKind::InTable(table, key) => self.in_table(has(Kind::of(&key.ty)), *table, key),
            ExprKind::Between(x, low, high) => {
                let kind = Kind::of(&x.ty);
                let [x, low, high] = [x, low, high].map(|part| self.expr(part));
                let above = self.code.binary(comparison(Comparison::Ge, kind), x, low);
                let below = self.code.binary(comparison(Comparison::Le, kind), x, high);
                self.code.binary(Opcode::And, above, below)
            }
            ExprKind::Within(a, ranges) => {
                let a = self.expr(a);
                let ranges = self.code.constant(Const::Networks(ranges.clone()));
                self.code.binary(Opcode::InNetworks, a, ranges)
            }
            ExprKind::Matches(a, pattern) => {
                let a = self.expr(a);
                let pattern = self.code.constant(Const::Pattern(pattern.clone()));
                self.code.binary(Opcode::Matches, a, pattern)
            }
            ExprKind::WithoutCase(a) => self.unary(Opcode::Fold, a),
            ExprKind::ToDuration(a) => self.unary(Opcode::IntOfFloat, a),
            ExprKind::EnumName(a) => self.enum_name(a),
            ExprKind::If(condition, a, b) => self.choice(condition, a, b),
            ExprKind::Call(callee, arguments) => self.call(*callee, arguments),
            ExprKind::Text(TextTest::Contains, a, b) => self.binary(Opcode::Contains, a, b),
            ExprKind::Text(TextTest::StartsWith, a, b) => self.binary(Opcode::StartsWith, a, b),
            ExprKind::Text(TextTest::EndsWith, a, b) => self.binary(Opcode::EndsWith, a, b),
            ExprKind::Coalesce(a, b) => self.binary(coalesce(kind), a, b),
            ExprKind::IsNull(a) => self.unary(Opcode::IsNull, a),
            ExprKind::Interpolate(pieces) => self.interpolate(pieces),
        }
    }

    /// What holds where the condition is true, else what holds where it is not.
    fn choice(&mut self, condition: &Expr, a: &Expr, b: &Expr) -> Operand {
        let kind = Kind::of(&a.ty);
        let [condition, a, b] = [condition, a, b].map(|part| self.expr(part));
        let never = self.code.constant(Const::Bool(false));
        let known = self.code.binary(Opcode::CoalesceBool, condition, never);
        let otherwise = self.code.unary(Opcode::Not, known);
        let a = self.code.binary(when(kind), condition, a);
        let b = self.code.binary(when(kind), otherwise, b);
        self.code.binary(coalesce(kind), a, b)
    }

    /// The name of an enum's value: null where there is none.
    fn enum_name(&mut self, operand: &Expr) -> Operand {
        let name = self.shown(operand, None);
        let operand = self.expr(operand);
        let missing = self.code.unary(Opcode::IsNull, operand);
        let there = self.code.unary(Opcode::Not, missing);
        self.code.binary(Opcode::WhenText, there, name)
    }

    fn call(&mut self, callee: Callee, arguments: &[Argument]) -> Operand {
        let arguments = arguments.iter().map(|argument| match argument {
            Argument::Value(value) => self.expr(value),
            Argument::Pattern(pattern) => self.code.constant(Const::Pattern(pattern.clone())),
            Argument::Zone(zone) => self.code.constant(Const::Zone(zone.clone())),
        });
        let arguments = arguments.collect();
        self.code.call(callee, arguments)
    }

    fn unary(&mut self, op: Opcode, a: &Expr) -> Operand {
        let a = self.expr(a);
        self.code.unary(op, a)
    }

    fn binary(&mut self, op: Opcode, a: &Expr, b: &Expr) -> Operand {
        let (a, b) = (self.expr(a), self.expr(b));
        self.code.binary(op, a, b)
    }

    fn membership(&mut self, operand: &Expr, values: &[Value]) -> Operand {
        let kind = Kind::of(&operand.ty);
        let operand = self.expr(operand);
        let op = match kind {
            // There are two bools: each is compared with.
            Kind::Bool => {
                let tests: Vec<Operand> = values
                    .iter()
                    .map(|value| {
                        let value = self.code.constant(constant(value));
                        self.code.binary(Opcode::EqBool, operand, value)
                    })
                    .collect();
                return self.joined(Opcode::Or, tests);
            }
            Kind::Int => Opcode::InInt,
            Kind::Float => Opcode::InFloat,
            Kind::Text => Opcode::InText,
            Kind::Ip => Opcode::InIp,
        };
        let set = self.code.constant(set(kind, values));
        self.code.binary(op, operand, set)
    }

    fn in_table(&mut self, op: Opcode, table: TableId, key: &Expr) -> Operand {
        let key = self.expr(key);
        let table = self.code.constant(Const::Table(table));
        self.code.binary(op, key, table)
    }

    fn interpolate(&mut self, pieces: &[Piece]) -> Operand {
        let pieces: Vec<Operand> = pieces
            .iter()
            .map(|piece| match piece {
                Piece::Text(text) => self.code.constant(Const::Text(text.clone())),
                Piece::Value(expr, digits) => self.shown(expr, *digits),
            })
            .collect();
        self.joined(Opcode::Concat, pieces)
    }

    /// A value as text.
    fn shown(&mut self, expr: &Expr, digits: Option<u8>) -> Operand {
        let operand = self.expr(expr);
        let op = match (&expr.ty, digits) {
            (FieldType::Float, Some(digits)) => {
                let digits = self.code.constant(Const::Int(digits.into()));
                return self.code.binary(Opcode::FormatFixed, operand, digits);
            }
            (FieldType::Enum(names), _) => {
                let names = self
                    .code
                    .constant(Const::Names(names.iter().cloned().collect()));
                return self.code.binary(Opcode::FormatEnum, operand, names);
            }
            (FieldType::Bool, _) => Opcode::FormatBool,
            (FieldType::Int, _) => Opcode::FormatInt,
            (FieldType::Float, None) => Opcode::FormatFloat,
            (FieldType::Text, _) => Opcode::FormatText,
            (FieldType::Time, _) => Opcode::FormatTime,
            (FieldType::Duration, _) => Opcode::FormatDuration,
            (FieldType::Ip, _) => Opcode::FormatIp,
        };
        self.code.unary(op, operand)
    }

    /// Operands joined by an operation, from the left; there is one at least.
    fn joined(&mut self, op: Opcode, operands: Vec<Operand>) -> Operand {
        let joined = operands
            .into_iter()
            .reduce(|a, b| self.code.binary(op, a, b));
        joined.expect("the checker leaves no empty list and no empty text")
    }
}

/// A value that is not null, as a constant of code.
fn constant(value: &Value) -> Const {
    match value {
        Value::Bool(v) => Const::Bool(*v),
        Value::Int(v) | Value::Time(v) | Value::Duration(v) => Const::Int(*v),
        Value::Enum(v) => Const::Int((*v).into()),
        Value::Float(v) => Const::Float(*v),
        Value::Text(v) => Const::Text(v.clone()),
        Value::Ip(v) => Const::Ip(*v),
        Value::Null => unreachable!("the checker makes no constant of null"),
    }
}

/// A sorted set of values of one kind.
fn set(kind: Kind, values: &[Value]) -> Const {
    fn sorted<T: Clone>(
        values: &[Value],
        of: impl Fn(Const) -> Option<T>,
        order: impl Fn(&T, &T) -> std::cmp::Ordering,
    ) -> Box<[T]> {
        let mut values: Vec<T> = values
            .iter()
            .filter_map(|value| of(constant(value)))
            .collect();
        values.sort_by(&order);
        values.dedup_by(|a, b| order(a, b).is_eq());
        values.into()
    }
    match kind {
        Kind::Float => Const::FloatSet(sorted(
            values,
            |c| {
                if let Const::Float(v) = c {
                    Some(v)
                } else {
                    None
                }
            },
            f64::total_cmp,
        )),
        Kind::Text => Const::TextSet(sorted(
            values,
            |c| {
                if let Const::Text(v) = c {
                    Some(v)
                } else {
                    None
                }
            },
            Ord::cmp,
        )),
        Kind::Ip => Const::IpSet(sorted(
            values,
            |c| if let Const::Ip(v) = c { Some(v) } else { None },
            Ord::cmp,
        )),
        Kind::Int | Kind::Bool => Const::IntSet(sorted(
            values,
            |c| if let Const::Int(v) = c { Some(v) } else { None },
            Ord::cmp,
        )),
    }
}

fn comparison(how: Comparison, kind: Kind) -> Opcode {
    use Opcode::{
        EqBool, EqFloat, EqInt, EqIp, EqText, GeFloat, GeInt, GeIp, GeText, GtFloat, GtInt, GtIp,
        GtText, LeFloat, LeInt, LeIp, LeText, LtFloat, LtInt, LtIp, LtText, NeBool, NeFloat, NeInt,
        NeIp, NeText,
    };
    let [eq, ne, lt, le, gt, ge] = match kind {
        // Of bools the checker lets only the first two through.
        Kind::Bool => [EqBool, NeBool, EqBool, EqBool, EqBool, EqBool],
        Kind::Int => [EqInt, NeInt, LtInt, LeInt, GtInt, GeInt],
        Kind::Float => [EqFloat, NeFloat, LtFloat, LeFloat, GtFloat, GeFloat],
        Kind::Text => [EqText, NeText, LtText, LeText, GtText, GeText],
        Kind::Ip => [EqIp, NeIp, LtIp, LeIp, GtIp, GeIp],
    };
    match how {
        Comparison::Eq => eq,
        Comparison::Ne => ne,
        Comparison::Lt => lt,
        Comparison::Le => le,
        Comparison::Gt => gt,
        Comparison::Ge => ge,
    }
}

fn arithmetic(how: Arithmetic, kind: Kind) -> Opcode {
    match (how, kind) {
        (Arithmetic::Add, Kind::Float) => Opcode::AddFloat,
        (Arithmetic::Sub, Kind::Float) => Opcode::SubFloat,
        (Arithmetic::Mul, Kind::Float) => Opcode::MulFloat,
        (Arithmetic::Add, _) => Opcode::AddInt,
        (Arithmetic::Sub, _) => Opcode::SubInt,
        (Arithmetic::Mul, _) => Opcode::MulInt,
    }
}

/// Keys are never floats or bools.
fn row_of(key: Kind) -> Opcode {
    match key {
        Kind::Text => Opcode::RowText,
        Kind::Ip => Opcode::RowIp,
        Kind::Int | Kind::Float | Kind::Bool => Opcode::RowInt,
    }
}

fn has(key: Kind) -> Opcode {
    match key {
        Kind::Text => Opcode::HasText,
        Kind::Ip => Opcode::HasIp,
        Kind::Int | Kind::Float | Kind::Bool => Opcode::HasInt,
    }
}

fn cell(kind: Kind) -> Opcode {
    match kind {
        Kind::Bool => Opcode::CellBool,
        Kind::Int => Opcode::CellInt,
        Kind::Float => Opcode::CellFloat,
        Kind::Text => Opcode::CellText,
        Kind::Ip => Opcode::CellIp,
    }
}

fn when(kind: Kind) -> Opcode {
    match kind {
        Kind::Bool => Opcode::WhenBool,
        Kind::Int => Opcode::WhenInt,
        Kind::Float => Opcode::WhenFloat,
        Kind::Text => Opcode::WhenText,
        Kind::Ip => Opcode::WhenIp,
    }
}

fn coalesce(kind: Kind) -> Opcode {
    match kind {
        Kind::Bool => Opcode::CoalesceBool,
        Kind::Int => Opcode::CoalesceInt,
        Kind::Float => Opcode::CoalesceFloat,
        Kind::Text => Opcode::CoalesceText,
        Kind::Ip => Opcode::CoalesceIp,
    }
}

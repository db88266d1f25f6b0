//! Code evaluated row by row, as plainly as the op table's words put it.

use crate::world::TABLES;
use trapjaw_event::{Event, FieldType, Ip, Value, format};
use trapjaw_program::function::{Args, Made, Scalar};
use trapjaw_program::{Code, Const, Envelope, Input, Opcode, Operand, case};

/// A value of a register.
#[derive(Clone, Debug, PartialEq)]
enum Lane {
    Null,
    Bool(bool),
    Int(i64),
    Float(f64),
    Text(String),
    Ip(Ip),
    /// Nothing says what it is: a text joined to null.
    Unsaid,
}

/// The code's outputs for one event; `None` for those that nothing says the value of.
pub(crate) fn outputs(code: &Code, event: &Event, wire_name: &str) -> Vec<Option<Value>> {
    let mut registers: Vec<Lane> = Vec::with_capacity(code.instructions.len());
    for inst in &code.instructions {
        let made = if inst.op == Opcode::Load {
            load(code.inputs[inst.a.index()].input, event, wire_name)
        } else if inst.op == Opcode::Call {
            called(code, &registers, inst.a)
        } else {
            let a = operand(code, &registers, inst.a);
            apply(inst.op, &a, inst.b, code, &registers)
        };
        registers.push(made);
    }
    let outputs = code.outputs.iter();
    outputs
        .map(|output| typed(operand(code, &registers, output.operand), &output.ty))
        .collect()
}

fn load(input: Input, event: &Event, wire_name: &str) -> Lane {
    let text = |text: Option<&str>| text.map_or(Lane::Null, |text| Lane::Text(text.to_owned()));
    match input {
        Input::Envelope(Envelope::Type) => text(Some(wire_name)),
        Input::Envelope(Envelope::Source) => text(Some(&event.source)),
        Input::Envelope(Envelope::Id) => text(event.id.as_deref()),
        Input::Envelope(Envelope::Subject) => text(event.subject.as_deref()),
        Input::Envelope(Envelope::Time) => Lane::Int(event.time),
        Input::Envelope(Envelope::Severity) => event
            .severity
            .map_or(Lane::Null, |severity| Lane::Int(i64::from(severity.code()))),
        Input::Field(id) => lane(&event.values[id.index()]),
        Input::Kept(_) | Input::Aggregate(_) => {
            unreachable!("code over events reads no rule's results")
        }
    }
}

fn lane(value: &Value) -> Lane {
    match value {
        Value::Null => Lane::Null,
        Value::Bool(bool) => Lane::Bool(*bool),
        Value::Int(int) | Value::Time(int) | Value::Duration(int) => Lane::Int(*int),
        Value::Enum(code) => Lane::Int(i64::from(*code)),
        Value::Float(float) => Lane::Float(*float),
        Value::Text(text) => Lane::Text(text.to_string()),
        Value::Ip(ip) => Lane::Ip(*ip),
    }
}

/// What a register or a constant of one value holds; sets and names are looked up where they are used.
fn operand(code: &Code, registers: &[Lane], operand: Operand) -> Lane {
    if !operand.is_constant() {
        return registers[operand.index()].clone();
    }
    match &code.constants[operand.index()] {
        Const::Bool(bool) => Lane::Bool(*bool),
        Const::Int(int) => Lane::Int(*int),
        Const::Float(float) => Lane::Float(*float),
        Const::Text(text) => Lane::Text(text.to_string()),
        Const::Ip(ip) => Lane::Ip(*ip),
        _ => Lane::Null,
    }
}

fn apply(op: Opcode, a: &Lane, b: Operand, code: &Code, registers: &[Lane]) -> Lane {
    let mnemonic = op.mnemonic();
    let (stem, suffix) = mnemonic.split_once('.').unwrap_or((mnemonic, ""));
    match stem {
        "row" | "has" | "cell" => {
            return looked_up(stem, a, &code.constants[b.index()]);
        }
        "in" => return contained(a, &code.constants[b.index()]),
        "format" => return formatted(suffix, a, b, code),
        "matches" => {
            return match (a, &code.constants[b.index()]) {
                (Lane::Text(text), Const::Pattern(pattern)) => Lane::Bool(pattern.matches(text)),
                (other, _) => other.clone(),
            };
        }
        "fold" => {
            return match a {
                Lane::Text(text) => Lane::Text(case::folded(text)),
                other => other.clone(),
            };
        }
        "int" => {
            return match a {
                Lane::Float(float) => {
                    let nearest = float.round();
                    let fits = nearest >= -(2_f64.powi(63)) && nearest < 2_f64.powi(63);
                    if fits {
                        Lane::Int(nearest as i64)
                    } else {
                        Lane::Null
                    }
                }
                other => other.clone(),
            };
        }
        "is_null" => {
            return match a {
                Lane::Unsaid => Lane::Unsaid,
                _ => Lane::Bool(*a == Lane::Null),
            };
        }
        "not" => {
            return match a {
                Lane::Bool(bool) => Lane::Bool(!bool),
                other => other.clone(),
            };
        }
        "neg" => {
            return match a {
                Lane::Int(int) => int.checked_neg().map_or(Lane::Null, Lane::Int),
                Lane::Float(float) => Lane::Float(-float),
                other => other.clone(),
            };
        }
        "float" => {
            return match a {
                Lane::Int(int) => Lane::Float(*int as f64),
                other => other.clone(),
            };
        }
        _ => {}
    }
    let b = &operand(code, registers, b);
    match stem {
        "and" => logic(a, b, false),
        "or" => logic(a, b, true),
        "when" => match a {
            Lane::Bool(true) => b.clone(),
            Lane::Unsaid => Lane::Unsaid,
            _ => Lane::Null,
        },
        "coalesce" if *a == Lane::Null => b.clone(),
        "coalesce" => a.clone(),
        "concat" => match (a, b) {
            (Lane::Text(a), Lane::Text(b)) => Lane::Text(format!("{a}{b}")),
            _ => Lane::Unsaid,
        },
        _ if *a == Lane::Unsaid || *b == Lane::Unsaid => Lane::Unsaid,
        _ => strict(stem, a, b),
    }
}

/// The result of a call, one row's. What the function computes is the library's own: that is not in question here.
fn called(code: &Code, registers: &[Lane], call: Operand) -> Lane {
    let call = &code.calls[call.index()];
    let lanes: Vec<Lane> = (call.arguments.iter())
        .map(|&argument| operand(code, registers, argument))
        .collect();
    let mut scalars = Vec::new();
    for (lane, argument) in lanes.iter().zip(&call.arguments) {
        let constant = code.constants.get(argument.index());
        scalars.push(match (lane, constant.filter(|_| argument.is_constant())) {
            (_, Some(Const::Pattern(pattern))) => Scalar::Pattern(pattern),
            (_, Some(Const::Zone(zone))) => Scalar::Zone(zone),
            (Lane::Unsaid, _) => return Lane::Unsaid,
            (Lane::Null, _) => return Lane::Null,
            (Lane::Bool(v), _) => Scalar::Bool(*v),
            (Lane::Int(v), _) => Scalar::Int(*v),
            (Lane::Float(v), _) => Scalar::Float(*v + 0.0),
            (Lane::Text(v), _) => Scalar::Text(v),
            (Lane::Ip(v), _) => Scalar::Ip(*v),
        });
    }
    match call.callee.call(Args(&scalars)) {
        Ok(Some(Made::Bool(v))) => Lane::Bool(v),
        Ok(Some(Made::Int(v))) => Lane::Int(v),
        Ok(Some(Made::Float(v))) => Lane::Float(v),
        Ok(Some(Made::Text(v))) => Lane::Text(v.into()),
        Ok(Some(Made::Ip(v))) => Lane::Ip(v),
        Ok(None) | Err(_) => Lane::Null,
    }
}

/// Kleene's conjunction, where false wins, or disjunction, where true does.
fn logic(a: &Lane, b: &Lane, wins: bool) -> Lane {
    let wins = Lane::Bool(wins);
    if *a == wins || *b == wins {
        wins
    } else if *a == Lane::Unsaid || *b == Lane::Unsaid {
        Lane::Unsaid
    } else if *a == Lane::Null || *b == Lane::Null {
        Lane::Null
    } else {
        a.clone()
    }
}

/// Operations whose result is null if an operand is.
fn strict(stem: &str, a: &Lane, b: &Lane) -> Lane {
    let float = |float: f64| {
        if float.is_nan() {
            Lane::Null
        } else {
            Lane::Float(float)
        }
    };
    match (stem, a, b) {
        (_, Lane::Null, _) | (_, _, Lane::Null) => Lane::Null,
        ("add", Lane::Int(a), Lane::Int(b)) => a.checked_add(*b).map_or(Lane::Null, Lane::Int),
        ("sub", Lane::Int(a), Lane::Int(b)) => a.checked_sub(*b).map_or(Lane::Null, Lane::Int),
        ("mul", Lane::Int(a), Lane::Int(b)) => a.checked_mul(*b).map_or(Lane::Null, Lane::Int),
        ("add", Lane::Float(a), Lane::Float(b)) => float(a + b),
        ("sub", Lane::Float(a), Lane::Float(b)) => float(a - b),
        ("mul", Lane::Float(a), Lane::Float(b)) => float(a * b),
        ("div", Lane::Float(_), Lane::Float(b)) if *b == 0.0 => Lane::Null,
        ("div", Lane::Float(a), Lane::Float(b)) => float(a / b),
        ("contains", Lane::Text(a), Lane::Text(b)) => Lane::Bool(a.contains(&**b)),
        ("starts_with", Lane::Text(a), Lane::Text(b)) => Lane::Bool(a.starts_with(&**b)),
        ("ends_with", Lane::Text(a), Lane::Text(b)) => Lane::Bool(a.ends_with(&**b)),
        _ => {
            let order = match (a, b) {
                (Lane::Bool(a), Lane::Bool(b)) => a.partial_cmp(b),
                (Lane::Int(a), Lane::Int(b)) => a.partial_cmp(b),
                (Lane::Float(a), Lane::Float(b)) => a.partial_cmp(b),
                (Lane::Text(a), Lane::Text(b)) => a.as_bytes().partial_cmp(b.as_bytes()),
                (Lane::Ip(a), Lane::Ip(b)) => a.octets().partial_cmp(&b.octets()),
                _ => unreachable!("the verifier lets no {stem} of {a:?} and {b:?} pass"),
            };
            let order = order.expect("floats are never NaN");
            Lane::Bool(match stem {
                "eq" => order.is_eq(),
                "ne" => order.is_ne(),
                "lt" => order.is_lt(),
                "le" => order.is_le(),
                "gt" => order.is_gt(),
                "ge" => order.is_ge(),
                other => unreachable!("there is no operation {other}"),
            })
        }
    }
}

fn contained(value: &Lane, set: &Const) -> Lane {
    match (value, set) {
        (Lane::Int(value), Const::IntSet(set)) => {
            Lane::Bool(set.iter().any(|member| member == value))
        }
        (Lane::Float(value), Const::FloatSet(set)) => {
            Lane::Bool(set.iter().any(|member| member == value))
        }
        (Lane::Text(value), Const::TextSet(set)) => {
            Lane::Bool(set.iter().any(|member| **member == **value))
        }
        (Lane::Ip(value), Const::IpSet(set)) => {
            Lane::Bool(set.iter().any(|member| member == value))
        }
        (Lane::Ip(value), Const::Networks(ranges)) => {
            let mut ranges = ranges.iter();
            Lane::Bool(ranges.any(|(first, last)| first <= value && value <= last))
        }
        (other, _) => other.clone(),
    }
}

/// Of the sampled tables: the row of a key, whether it is one, or the cell in a row.
fn looked_up(stem: &str, value: &Lane, constant: &Const) -> Lane {
    if matches!(value, Lane::Null | Lane::Unsaid) {
        return value.clone();
    }
    match (stem, constant, value) {
        ("cell", Const::Column(id, field), Lane::Int(row)) => {
            let table = &TABLES[id.index()];
            match usize::try_from(*row) {
                Ok(row) if row < table.rows() => {
                    lane(&table.value(row, usize::from(*field)).to_value())
                }
                _ => Lane::Null,
            }
        }
        (_, Const::Table(id), key) => {
            let table = &TABLES[id.index()];
            let row = table
                .keys()
                .position(|other| lane(&other.to_value()) == *key);
            match (stem, row) {
                ("has", row) => Lane::Bool(row.is_some()),
                (_, Some(row)) => Lane::Int(row as i64),
                (_, None) => Lane::Null,
            }
        }
        other => unreachable!("no look-up is {other:?}"),
    }
}

fn formatted(form: &str, value: &Lane, b: Operand, code: &Code) -> Lane {
    let text = match (form, value) {
        (_, Lane::Unsaid) => return Lane::Unsaid,
        (_, Lane::Null) => "null".to_owned(),
        ("time", Lane::Int(int)) => format::Time(*int).to_string(),
        ("duration", Lane::Int(int)) => format::Duration(*int).to_string(),
        ("enum", Lane::Int(int)) => match &code.constants[b.index()] {
            Const::Names(names) => usize::try_from(*int)
                .ok()
                .and_then(|code| names.get(code))
                .map_or("null".to_owned(), ToString::to_string),
            other => unreachable!("the names of an enum are {other:?}"),
        },
        ("fixed", Lane::Float(float)) => match &code.constants[b.index()] {
            Const::Int(digits) => format!("{:.*}", *digits as usize, float + 0.0),
            other => unreachable!("the digits are {other:?}"),
        },
        (_, Lane::Bool(bool)) => bool.to_string(),
        (_, Lane::Int(int)) => int.to_string(),
        (_, Lane::Float(float)) => (float + 0.0).to_string(),
        (_, Lane::Text(text)) => text.clone(),
        (_, Lane::Ip(ip)) => ip.to_ip_addr().to_string(),
    };
    Lane::Text(text)
}

/// A register's value as an output of this type.
fn typed(lane: Lane, ty: &FieldType) -> Option<Value> {
    Some(match (lane, ty) {
        (Lane::Unsaid, _) => return None,
        (Lane::Null, _) => Value::Null,
        (Lane::Bool(bool), _) => Value::Bool(bool),
        (Lane::Float(float), _) => Value::Float(float),
        (Lane::Text(text), _) => Value::Text(text.into()),
        (Lane::Ip(ip), _) => Value::Ip(ip),
        (Lane::Int(int), FieldType::Time) => Value::Time(int),
        (Lane::Int(int), FieldType::Duration) => Value::Duration(int),
        (Lane::Int(int), FieldType::Enum(names)) => u16::try_from(int)
            .ok()
            .filter(|code| usize::from(*code) < names.len())
            .map_or(Value::Null, Value::Enum),
        (Lane::Int(int), _) => Value::Int(int),
    })
}

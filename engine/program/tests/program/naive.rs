//! A second opinion on what sound code is, made without the op table: kinds are read off the mnemonics.

use std::collections::HashMap;

use trapjaw_event::FieldType;
use trapjaw_program::function::Type;
use trapjaw_program::{Code, Const, Inst, Kind, Operand, Slot};

/// What stands at an operand.
enum Found<'a> {
    Register(Kind),
    Constant(&'a Const),
}

/// Would the code run over these inputs?
pub(crate) fn sound(code: &Code, slots: &[Slot]) -> bool {
    let readable: HashMap<_, _> = slots.iter().map(|slot| (slot.input, slot.kind)).collect();
    let listed: HashMap<_, _> = (code.inputs.iter())
        .map(|slot| (slot.input, slot.kind))
        .collect();
    let inputs = listed.len() == code.inputs.len()
        && listed
            .iter()
            .all(|(input, kind)| readable.get(input) == Some(kind));
    if !inputs || !code.constants.iter().all(proper) {
        return false;
    }
    let mut registers = Vec::new();
    for inst in &code.instructions {
        match made(code, &registers, *inst) {
            Some(kind) => registers.push(kind),
            None => return false,
        }
    }
    code.outputs.iter().all(|output| {
        let wanted = match output.ty {
            FieldType::Bool => "bool",
            FieldType::Float => "float",
            FieldType::Text => "text",
            FieldType::Ip => "ip",
            FieldType::Int | FieldType::Time | FieldType::Duration | FieldType::Enum(_) => "int",
        };
        let found = found(code, &registers, output.operand);
        let variants = match &output.ty {
            FieldType::Enum(names) => names.len() as i64,
            _ => i64::MAX,
        };
        let within = match found {
            Some(Found::Constant(Const::Int(value))) if variants < i64::MAX => {
                (0..variants).contains(value)
            }
            _ => variants > 0,
        };
        within && found.is_some_and(|found| single(&found) == Some(wanted))
    })
}

fn found<'a>(code: &'a Code, registers: &[Kind], operand: Operand) -> Option<Found<'a>> {
    let bits = operand.bits() as usize;
    match bits.checked_sub(1 << 31) {
        Some(index) => code.constants.get(index).map(Found::Constant),
        None => registers.get(bits).copied().map(Found::Register),
    }
}

fn single(found: &Found<'_>) -> Option<&'static str> {
    Some(match found {
        Found::Register(kind) => kind.name(),
        Found::Constant(Const::Bool(_)) => "bool",
        Found::Constant(Const::Int(_)) => "int",
        Found::Constant(Const::Float(_)) => "float",
        Found::Constant(Const::Text(_)) => "text",
        Found::Constant(Const::Ip(_)) => "ip",
        Found::Constant(_) => return None,
    })
}

fn named(kind: &str) -> Option<Kind> {
    [Kind::Bool, Kind::Int, Kind::Float, Kind::Text, Kind::Ip]
        .into_iter()
        .find(|k| k.name() == kind)
}

fn made(code: &Code, registers: &[Kind], inst: Inst) -> Option<Kind> {
    let a = found(code, registers, inst.a);
    let b = found(code, registers, inst.b);
    let mnemonic = inst.op.mnemonic();
    let (stem, suffix) = mnemonic.split_once('.').unwrap_or((mnemonic, ""));
    let alone = inst.b.bits() == 0;
    if stem == "load" {
        let slot = code.inputs.get(inst.a.bits() as usize)?;
        return alone.then_some(slot.kind);
    }
    if stem == "call" {
        return alone.then(|| called(code, registers, inst.a)).flatten();
    }
    let a = a?;
    let held = matches!(a, Found::Register(_));
    let is = |found: &Found<'_>, kind: &str| single(found) == Some(kind);
    let one = |kind: &str| held && alone && is(&a, kind);
    let two = |kind: &str| {
        let Some(b) = &b else { return false };
        is(&a, kind) && is(b, kind) && (held || matches!(b, Found::Register(_)))
    };
    let constant = match &b {
        Some(Found::Constant(constant)) => Some(*constant),
        _ => None,
    };
    let keys = ["int", "text", "ip"];
    let (fits, result) = match stem {
        "is_null" => (held && alone, "bool"),
        "not" => (one("bool"), "bool"),
        "and" | "or" => (two("bool"), "bool"),
        "eq" | "ne" | "lt" | "le" | "gt" | "ge" => (two(suffix), "bool"),
        "contains" | "starts_with" | "ends_with" => (two("text"), "bool"),
        "concat" => (two("text"), "text"),
        "add" | "sub" | "mul" | "div" | "coalesce" => (two(suffix), suffix),
        "neg" => (one(suffix), suffix),
        "fold" => (one("text"), "text"),
        "int" => (one("float"), "int"),
        "when" => {
            let value = b.as_ref().is_some_and(|b| is(b, suffix));
            let moves = held || matches!(b, Some(Found::Register(_)));
            (is(&a, "bool") && value && moves, suffix)
        }
        "matches" => {
            let pattern = matches!(constant, Some(Const::Pattern(_)));
            (held && is(&a, "text") && pattern, "bool")
        }
        "in" if suffix == "networks" => {
            let ranges = matches!(constant, Some(Const::Networks(_)));
            (held && is(&a, "ip") && ranges, "bool")
        }
        "float" => (one("int"), "float"),
        "in" => {
            let set = match constant {
                Some(Const::IntSet(_)) => "int",
                Some(Const::FloatSet(_)) => "float",
                Some(Const::TextSet(_)) => "text",
                Some(Const::IpSet(_)) => "ip",
                _ => "",
            };
            (held && is(&a, suffix) && set == suffix, "bool")
        }
        // The tables of samples, and the kinds of their fields.
        "row" | "has" => {
            let key = match constant {
                Some(Const::Table(id)) => keys.get(id.index()).copied(),
                _ => None,
            };
            let result = if stem == "row" { "int" } else { "bool" };
            (is(&a, suffix) && key == Some(suffix), result)
        }
        "cell" => {
            let cell = match constant {
                Some(Const::Column(id, 5)) => keys.get(id.index()).copied(),
                Some(Const::Column(id, place)) if id.index() < keys.len() => {
                    let kinds = ["bool", "int", "float", "text", "ip"];
                    kinds.get(usize::from(*place)).copied()
                }
                _ => None,
            };
            (held && is(&a, "int") && cell == Some(suffix), suffix)
        }
        "format" => match suffix {
            "fixed" => {
                let digits = matches!(constant, Some(Const::Int(0..=17)));
                (held && is(&a, "float") && digits, "text")
            }
            "enum" => {
                let names = matches!(constant, Some(Const::Names(_)));
                (held && is(&a, "int") && names, "text")
            }
            "time" | "duration" => (one("int"), "text"),
            other => (one(other), "text"),
        },
        other => panic!("the naive check does not know {other}"),
    };
    fits.then(|| named(result)).flatten()
}

/// What a call gives, if its arguments are those of the signature.
fn called(code: &Code, registers: &[Kind], operand: Operand) -> Option<Kind> {
    let call = code.calls.get(operand.bits() as usize)?;
    let signature = call.callee.signature();
    let mut held = false;
    let fits = call
        .arguments
        .iter()
        .zip(signature.types())
        .all(|(&argument, ty)| {
            let Some(found) = found(code, registers, argument) else {
                return false;
            };
            held |= matches!(found, Found::Register(_));
            let wanted = match ty {
                Type::Pattern => return matches!(found, Found::Constant(Const::Pattern(_))),
                Type::Zone => return matches!(found, Found::Constant(Const::Zone(_))),
                Type::Bool => "bool",
                Type::Float => "float",
                Type::Ip => "ip",
                Type::Int | Type::Time | Type::Duration => "int",
                Type::Text | Type::Unit | Type::Layout => "text",
            };
            single(&found) == Some(wanted)
        });
    let all = call.arguments.len() == signature.parameters.len();
    (fits && all && held).then(|| call.callee.kind())
}

/// Is the constant in its one form? (Samples stay below the limits on length.)
fn proper(constant: &Const) -> bool {
    fn rising<T: PartialOrd>(values: &[T]) -> bool {
        (1..values.len()).all(|i| values[i - 1] < values[i])
    }
    let float = |value: &f64| !value.is_nan() && value.to_bits() != (-0.0_f64).to_bits();
    match constant {
        Const::Float(value) => float(value),
        Const::IntSet(values) => rising(values),
        Const::FloatSet(values) => values.iter().all(float) && rising(values),
        Const::TextSet(values) => rising(values),
        Const::IpSet(values) => rising(values),
        Const::Names(names) => !names.is_empty(),
        Const::Networks(ranges) => {
            let ends: Vec<_> = ranges.iter().flat_map(|(a, b)| [*a, *b]).collect();
            (1..ends.len()).all(|i| ends[i - 1] < ends[i] || i % 2 == 1 && ends[i - 1] == ends[i])
        }
        Const::Bool(_)
        | Const::Int(_)
        | Const::Text(_)
        | Const::Ip(_)
        | Const::Pattern(_)
        | Const::Zone(_)
        | Const::Table(_)
        | Const::Column(..) => true,
    }
}

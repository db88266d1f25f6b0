//! Cells: texts and JSON values to values of a field's type.

use crate::diagnostic::did_you_mean;
use crate::source::SourceId;
use crate::syntax::{self, SyntaxKind, ast::LiteralValue};
use serde_json::value::RawValue;
use std::net::IpAddr;
use trapjaw_event::limits::MAX_TEXT;
use trapjaw_event::{FieldType, Value};

/// Why a text is no value of a type: what it should be, and perhaps what was meant.
pub(super) struct Misfit {
    pub(super) message: String,
    pub(super) help: Option<String>,
}

fn misfit(text: &str, ty: &FieldType) -> Misfit {
    let mut shown: String = text.chars().take(40).collect();
    if shown.len() < text.len() {
        shown.push('…');
    }
    let help = match ty {
        FieldType::Bool => Some("a bool is `true` or `false`".to_owned()),
        FieldType::Time => Some("a time is written as `2026-01-31T12:00:00Z`".to_owned()),
        FieldType::Duration => Some("a duration is written as `5m30s`".to_owned()),
        FieldType::Ip => Some("an address is written as `10.0.0.1` or `2001:db8::1`".to_owned()),
        FieldType::Enum(names) => {
            let names = names.iter().map(|name| &**name);
            Some(match did_you_mean(text, names.clone()) {
                Some(meant) => format!("did you mean `{meant}`?"),
                None => format!("the values are {}", names.collect::<Vec<_>>().join(", ")),
            })
        }
        FieldType::Int | FieldType::Float | FieldType::Text => None,
    };
    Misfit {
        message: format!("`{shown}` is no {ty}"),
        help,
    }
}

/// The value that a text stands for.
pub(super) fn text(text: &str, ty: &FieldType, source: SourceId) -> Result<Value, Misfit> {
    let bare = text.trim();
    let literal = |kind| syntax::literal(source, kind, bare);
    let value = match ty {
        FieldType::Text if text.len() > MAX_TEXT => {
            return Err(Misfit {
                message: format!("a text has at most {MAX_TEXT} bytes"),
                help: None,
            });
        }
        FieldType::Text => Some(Value::Text(text.into())),
        FieldType::Bool => bare.parse().ok().map(Value::Bool),
        FieldType::Int => bare.parse().ok().map(Value::Int),
        FieldType::Float => {
            let value = bare.parse::<f64>().ok().filter(|value| value.is_finite());
            value.map(|value| Value::Float(value + 0.0))
        }
        FieldType::Time => match literal(SyntaxKind::Time) {
            Some(LiteralValue::Time(value)) => Some(Value::Time(value)),
            _ => None,
        },
        FieldType::Duration => match bare.strip_prefix('-') {
            Some(rest) => duration(source, rest).map(|value| Value::Duration(-value)),
            None => duration(source, bare).map(Value::Duration),
        },
        FieldType::Ip => (bare.parse::<IpAddr>().ok()).map(|address| Value::Ip(address.into())),
        FieldType::Enum(names) => {
            let code = names.iter().position(|name| **name == *bare);
            code.and_then(|code| u16::try_from(code).ok())
                .map(Value::Enum)
        }
    };
    value.ok_or_else(|| misfit(text, ty))
}

fn duration(source: SourceId, text: &str) -> Option<i64> {
    match syntax::literal(source, SyntaxKind::Duration, text) {
        Some(LiteralValue::Duration(value)) => Some(value),
        _ => None,
    }
}

/// The value that a JSON value stands for. Bools and numbers are JSON's own, all others texts.
pub(super) fn json(raw: &RawValue, ty: &FieldType, source: SourceId) -> Result<Value, Misfit> {
    let misfit = || misfit(raw.get(), ty);
    if raw.get() == "null" {
        return Ok(Value::Null);
    }
    let is_text = raw.get().starts_with('"');
    match ty {
        FieldType::Bool | FieldType::Int | FieldType::Float if is_text => Err(misfit()),
        FieldType::Bool | FieldType::Int | FieldType::Float => text(raw.get(), ty, source),
        _ if !is_text => Err(misfit()),
        _ => {
            let content: String = serde_json::from_str(raw.get()).map_err(|_| misfit())?;
            text(&content, ty, source)
        }
    }
}

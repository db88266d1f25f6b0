//! Strings, and the values that are put into them.

use super::super::limits::MAX_CONSTANT_TEXT;
use super::super::{Outcome, Reported, declare::beyond_limit, fold};
use super::Checker;
use super::typing::as_float;
use crate::diagnostic::{Diagnostic, codes::types as codes};
use crate::hir::{Expr, ExprKind, Piece};
use crate::source::Span;
use crate::syntax::ast::{Interpolation, StringLiteral, StringPart};
use trapjaw_event::limits::MAX_TEXT;
use trapjaw_event::{FieldType, Value};
use trapjaw_program::limits::MAX_DIGITS;

/// At least the bytes of a constant that is no text, as it is shown: 1e308 with 17 digits after the point has 327.
const SHORT: usize = 512;

impl Checker<'_> {
    pub(super) fn string(&mut self, string: &StringLiteral) -> Outcome<Expr> {
        let span = self.span(string);
        let mut pieces = Vec::new();
        let mut bytes = 0;
        let mut sound = true;
        for part in string.parts() {
            let piece = match part {
                StringPart::Text(text) => Ok(Piece::Text(text.into())),
                StringPart::Interpolation(interpolation) => self.interpolation(&interpolation),
            };
            match piece {
                Ok(piece) => {
                    bytes += constant_bytes(&piece);
                    pieces.push(piece);
                }
                Err(Reported) => sound = false,
            }
            if bytes > MAX_TEXT {
                return self.refuse(beyond_limit(span, "bytes in a text", MAX_TEXT));
            }
        }
        self.spend_text(bytes, span)?;
        if sound {
            Ok(fold::interpolate(pieces, span))
        } else {
            Err(Reported)
        }
    }

    /// Counts the bytes of a constant text.
    pub(super) fn spend_text(&mut self, bytes: usize, span: Span) -> Outcome<()> {
        let spent = self.names.text_bytes.get();
        let sum = spent.saturating_add(bytes);
        self.names.text_bytes.set(sum);
        if sum <= MAX_CONSTANT_TEXT {
            Ok(())
        } else if spent <= MAX_CONSTANT_TEXT {
            let what = "bytes in the constant texts of a rule set";
            self.refuse(beyond_limit(span, what, MAX_CONSTANT_TEXT))
        } else {
            Err(Reported)
        }
    }

    fn interpolation(&mut self, interpolation: &Interpolation) -> Outcome<Piece> {
        let value = self.expr(&interpolation.expr().ok_or(Reported)?, None)?;
        let Some(token) = interpolation.format_token() else {
            return Ok(Piece::Value(value, None));
        };
        let span = Span::new(self.source, token.text_range());
        let format = interpolation.format().unwrap_or_default();
        if let FieldType::Time | FieldType::Duration = value.ty {
            return Ok(Piece::Value(self.formatted(value, &format, span)?, None));
        }
        if let (FieldType::Int | FieldType::Float, true) = (&value.ty, format.ends_with('%')) {
            let value = as_float(value);
            return Ok(Piece::Value(self.formatted(value, &format, span)?, None));
        }
        let digits = format
            .strip_prefix('.')
            .and_then(|digits| digits.parse::<u8>().ok());
        let Some(digits) = digits.filter(|&digits| i64::from(digits) <= MAX_DIGITS) else {
            let message = format!("`{format}` is no format");
            let error = Diagnostic::error(codes::BAD_FORMAT, span, message);
            let help = format!(
                "a number takes the digits after the point, `.0` to `.{MAX_DIGITS}`, and `%` behind them; a time what `strftime` takes, a duration a unit"
            );
            return self.refuse(error.with_help(help));
        };
        let value = match value.ty {
            FieldType::Float => value,
            FieldType::Int => fold::to_float(value),
            ty => {
                let message =
                    format!("only numbers, times and durations have a format, and this is {ty}");
                return self.refuse(Diagnostic::error(codes::BAD_FORMAT, span, message));
            }
        };
        Ok(Piece::Value(value, Some(digits)))
    }
}

/// How long the part of a text is that is known already; numbers and the like are short.
fn constant_bytes(piece: &Piece) -> usize {
    match piece {
        Piece::Text(text) => text.len(),
        Piece::Value(value, _) => match &value.kind {
            ExprKind::Const(Value::Text(text)) => text.len(),
            ExprKind::Const(_) => SHORT,
            _ => 0,
        },
    }
}

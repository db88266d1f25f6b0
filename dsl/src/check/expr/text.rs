//! Strings, and the values that are put into them.

use super::super::{Outcome, Reported, declare::beyond_limit, fold};
use super::Checker;
use crate::diagnostic::{Diagnostic, codes::types as codes};
use crate::hir::{Expr, ExprKind, Piece};
use crate::source::Span;
use crate::syntax::ast::{Interpolation, StringLiteral, StringPart};
use trapjaw_event::limits::MAX_TEXT;
use trapjaw_event::{FieldType, Value};
use trapjaw_program::limits::MAX_DIGITS;

impl Checker<'_> {
    pub(super) fn string(&mut self, string: &StringLiteral) -> Outcome<Expr> {
        let span = self.span(string);
        let mut pieces = Vec::new();
        let mut sound = true;
        for part in string.parts() {
            match part {
                StringPart::Text(text) => pieces.push(Piece::Text(text.into())),
                StringPart::Interpolation(interpolation) => {
                    match self.interpolation(&interpolation) {
                        Ok(piece) => pieces.push(piece),
                        Err(Reported) => sound = false,
                    }
                }
            }
        }
        if !sound {
            return Err(Reported);
        }
        let text = fold::interpolate(pieces, span);
        let longest = match &text.kind {
            ExprKind::Const(Value::Text(text)) => text.len(),
            ExprKind::Interpolate(pieces) => {
                let lengths = pieces.iter().map(|piece| match piece {
                    Piece::Text(text) => text.len(),
                    Piece::Value(..) => 0,
                });
                lengths.max().unwrap_or(0)
            }
            _ => 0,
        };
        if longest > MAX_TEXT {
            return self.refuse(beyond_limit(span, "bytes in a text", MAX_TEXT));
        }
        Ok(text)
    }

    fn interpolation(&mut self, interpolation: &Interpolation) -> Outcome<Piece> {
        let value = self.expr(&interpolation.expr().ok_or(Reported)?, None)?;
        let Some(token) = interpolation.format_token() else {
            return Ok(Piece::Value(value, None));
        };
        let span = Span::new(self.source, token.text_range());
        let format = interpolation.format().unwrap_or_default();
        let digits = format
            .strip_prefix('.')
            .and_then(|digits| digits.parse::<u8>().ok());
        let Some(digits) = digits.filter(|&digits| i64::from(digits) <= MAX_DIGITS) else {
            let message = format!("`{format}` is no format");
            let error = Diagnostic::error(codes::BAD_FORMAT, span, message);
            let help = format!(
                "a format is the number of digits after the point: `.0` to `.{MAX_DIGITS}`"
            );
            return self.refuse(error.with_help(help));
        };
        let value = match value.ty {
            FieldType::Float => value,
            FieldType::Int => fold::to_float(value),
            ty => {
                let message = format!("only numbers have digits after the point, and this is {ty}");
                return self.refuse(Diagnostic::error(codes::BAD_FORMAT, span, message));
            }
        };
        Ok(Piece::Value(value, Some(digits)))
    }
}

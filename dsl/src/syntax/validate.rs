//! Checks of what single tokens say: literals that have no value, and escapes that mean nothing.

use super::ast::{LiteralErrorKind, TextPiece, decode_literal, string_pieces};
use super::{SyntaxKind, TextRange};
use crate::diagnostic::{Code, Diagnostic, codes::syntax as codes};
use crate::source::{SourceId, Span};

/// Reports what is wrong with a token.
pub(super) fn validate(
    source: SourceId,
    kind: SyntaxKind,
    text: &str,
    range: TextRange,
    errors: &mut Vec<Diagnostic>,
) {
    match kind {
        SyntaxKind::StringText => string_text(source, text, range, errors),
        SyntaxKind::BadNumber => errors.push(bad_number(Span::new(source, range), text)),
        _ => {
            if let Some(Err(wrong)) = decode_literal(kind, text) {
                let span = Span::new(source, range);
                let mut error = Diagnostic::error(code_of(wrong.kind()), span, wrong.to_string());
                if let Some(replacement) = wrong.replacement() {
                    error =
                        error.with_suggestion(span, replacement, "write the network's own address");
                }
                errors.push(error);
            }
        }
    }
}

fn code_of(kind: LiteralErrorKind) -> Code {
    match kind {
        LiteralErrorKind::Malformed => codes::BAD_NUMBER,
        LiteralErrorKind::OutOfRange => codes::NUMBER_OUT_OF_RANGE,
        LiteralErrorKind::Duration => codes::BAD_DURATION,
        LiteralErrorKind::Time => codes::BAD_TIME,
        LiteralErrorKind::Ip | LiteralErrorKind::HostBits => codes::BAD_ADDRESS,
        LiteralErrorKind::RegexFlag => codes::BAD_REGEX_FLAG,
    }
}

fn bad_number(span: Span, text: &str) -> Diagnostic {
    let error = Diagnostic::error(
        codes::BAD_NUMBER,
        span,
        format!("`{text}` is no number and no duration"),
    );
    let digits = text
        .find(|c: char| c != '_' && !c.is_ascii_digit())
        .unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let unit = match unit.to_ascii_lowercase().as_str() {
        "min" | "mins" | "minute" | "minutes" => "m",
        "sec" | "secs" | "second" | "seconds" => "s",
        "hr" | "hrs" | "hour" | "hours" => "h",
        "day" | "days" => "d",
        "msec" | "millis" => "ms",
        _ => {
            return error.with_help(
                "durations are whole numbers with the units d, h, m, s, ms, us, ns: `5m30s`",
            );
        }
    };
    error.with_suggestion(span, format!("{number}{unit}"), "use the unit's short name")
}

fn string_text(source: SourceId, text: &str, range: TextRange, errors: &mut Vec<Diagnostic>) {
    for piece in string_pieces(text) {
        match piece {
            TextPiece::Plain(_) | TextPiece::Char(_) => {}
            TextPiece::BadEscape(at) => {
                let message = format!("`{}` is no escape", &text[at]);
                let span = Span::new(source, at + range.start());
                errors.push(
                    Diagnostic::error(codes::BAD_ESCAPE, span, message)
                        .with_help("escapes are \\n \\t \\r \\\" \\\\ \\{ \\} and \\u{1F600}"),
                );
            }
            TextPiece::StrayBrace(at) => {
                let span = Span::new(source, at + range.start());
                errors.push(
                    Diagnostic::error(codes::STRAY_BRACE, span, "this `}` closes nothing")
                        .with_suggestion(span, "}}", "double a plain brace"),
                );
            }
        }
    }
}

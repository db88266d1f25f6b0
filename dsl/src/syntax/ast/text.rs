//! Strings: their pieces, and what escapes mean.

use super::{AstNode, Expr, child, tokens};
use crate::syntax::{SyntaxKind, SyntaxToken};
use rowan::{NodeOrToken, TextRange, TextSize};

ast_node! {
    /// `"text {expr:.2}"`, or `r"..."`.
    StringLiteral;
    /// `{expr[:format]}` in a string.
    Interpolation;
}

/// A part of a string.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StringPart {
    /// Characters as they are meant, escapes decoded.
    Text(String),
    /// A value that is put in.
    Interpolation(Interpolation),
}

/// A piece of the inside of a string: what [`pieces`] splits it into.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TextPiece<'t> {
    /// Characters that mean themselves.
    Plain(&'t str),
    /// An escape or a doubled brace, and the character that it means.
    Char(char),
    /// A backslash with what follows it, which means nothing; the range is relative to the text.
    BadEscape(TextRange),
    /// A `}` that is not doubled; the range is relative to the text.
    StrayBrace(TextRange),
}

impl StringLiteral {
    /// Whether it is written `r"..."`.
    pub fn is_raw(&self) -> bool {
        tokens(self.syntax()).any(|token| token.kind() == SyntaxKind::RawString)
    }

    /// The parts, in their order. Text without any character makes no part.
    pub fn parts(&self) -> Vec<StringPart> {
        let mut parts = Vec::new();
        for element in self.syntax().children_with_tokens() {
            match element {
                NodeOrToken::Node(node) => {
                    parts.extend(Interpolation::cast(node).map(StringPart::Interpolation));
                }
                NodeOrToken::Token(token) => {
                    let text = decode(&token);
                    if !text.is_empty() {
                        parts.push(StringPart::Text(text));
                    }
                }
            }
        }
        parts
    }

    /// The interpolations.
    pub fn interpolations(&self) -> super::AstChildren<Interpolation> {
        super::children(self.syntax())
    }

    /// The whole text; none if something is put in.
    pub fn plain_text(&self) -> Option<String> {
        let mut text = String::new();
        for part in self.parts() {
            match part {
                StringPart::Text(part) => text.push_str(&part),
                StringPart::Interpolation(_) => return None,
            }
        }
        Some(text)
    }
}

impl Interpolation {
    /// The value that is put in.
    pub fn expr(&self) -> Option<Expr> {
        child(self.syntax())
    }

    /// The format's token, with its colon.
    pub fn format_token(&self) -> Option<SyntaxToken> {
        tokens(self.syntax()).find(|token| token.kind() == SyntaxKind::Format)
    }

    /// The format, without its colon: `.2`.
    pub fn format(&self) -> Option<String> {
        self.format_token()
            .map(|token| token.text().trim_start_matches(':').to_owned())
    }
}

/// What a token inside a string stands for. A piece that is wrong stands for itself.
fn decode(token: &SyntaxToken) -> String {
    let text = token.text();
    match token.kind() {
        SyntaxKind::RawString => text.trim_start_matches('r').trim_matches('"').to_owned(),
        SyntaxKind::StringText => {
            let mut decoded = String::with_capacity(text.len());
            for piece in pieces(text) {
                match piece {
                    TextPiece::Plain(plain) => decoded.push_str(plain),
                    TextPiece::Char(c) => decoded.push(c),
                    TextPiece::BadEscape(range) | TextPiece::StrayBrace(range) => {
                        decoded.push_str(&text[range]);
                    }
                }
            }
            decoded
        }
        _ => String::new(),
    }
}

/// Splits the inside of a string at its escapes: `\n \t \r \" \\ \{ \}`, `\u{1F600}`, `{{` and `}}`.
pub(crate) fn pieces(text: &str) -> impl Iterator<Item = TextPiece<'_>> {
    let mut at = 0;
    std::iter::from_fn(move || {
        let rest = text.get(at..).filter(|rest| !rest.is_empty())?;
        let (piece, length) = piece(rest, at);
        at += length;
        Some(piece)
    })
}

/// The first piece of `rest`, which is not empty and starts at `at`, and its length in bytes.
fn piece(rest: &str, at: usize) -> (TextPiece<'_>, usize) {
    let range =
        |length: usize| TextRange::at(TextSize::new(at as u32), TextSize::new(length as u32));
    if let Some(plain) = rest
        .find(['\\', '{', '}'])
        .or(Some(rest.len()))
        .filter(|&length| length > 0)
    {
        return (TextPiece::Plain(&rest[..plain]), plain);
    }
    let mut chars = rest.chars();
    let first = chars.next();
    let second = chars.next();
    match (first, second) {
        (Some('{'), _) => (
            TextPiece::Char('{'),
            if second == Some('{') { 2 } else { 1 },
        ),
        (Some('}'), Some('}')) => (TextPiece::Char('}'), 2),
        (Some('}'), _) => (TextPiece::StrayBrace(range(1)), 1),
        (_, Some('n')) => (TextPiece::Char('\n'), 2),
        (_, Some('t')) => (TextPiece::Char('\t'), 2),
        (_, Some('r')) => (TextPiece::Char('\r'), 2),
        (_, Some(c @ ('"' | '\\' | '{' | '}'))) => (TextPiece::Char(c), 2),
        (_, Some('u')) => match unicode_escape(rest) {
            (Some(c), length) => (TextPiece::Char(c), length),
            (None, length) => (TextPiece::BadEscape(range(length)), length),
        },
        (_, other) => {
            let length = 1 + other.map_or(0, char::len_utf8);
            (TextPiece::BadEscape(range(length)), length)
        }
    }
}

/// The character of `\u{...}` at the start of `text`, if there is one, and the bytes that belong to the attempt.
fn unicode_escape(text: &str) -> (Option<char>, usize) {
    const PREFIX: &str = "\\u";
    let Some(body) = text[PREFIX.len()..].strip_prefix('{') else {
        return (None, PREFIX.len());
    };
    let digits = body
        .find(|c: char| !c.is_ascii_hexdigit())
        .unwrap_or(body.len());
    let open = PREFIX.len() + 1 + digits;
    if !body[digits..].starts_with('}') {
        return (None, open);
    }
    let c = u32::from_str_radix(&body[..digits], 16)
        .ok()
        .and_then(char::from_u32);
    (c, open + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decoded(text: &str) -> Result<String, TextPiece<'_>> {
        let mut out = String::new();
        for piece in pieces(text) {
            match piece {
                TextPiece::Plain(plain) => out.push_str(plain),
                TextPiece::Char(c) => out.push(c),
                wrong => return Err(wrong),
            }
        }
        Ok(out)
    }

    fn range(start: u32, end: u32) -> TextRange {
        TextRange::new(start.into(), end.into())
    }

    #[test]
    fn escapes_mean_their_characters() {
        assert_eq!(
            decoded(r#"a\n\t\r\"\\\{\}{{}}\u{e9}é"#).as_deref(),
            Ok("a\n\t\r\"\\{}{}éé")
        );
    }

    #[test]
    fn what_is_no_escape_is_told_with_its_place() {
        assert_eq!(decoded(r"ab\x"), Err(TextPiece::BadEscape(range(2, 4))));
        assert_eq!(
            decoded(r"\u{110000}"),
            Err(TextPiece::BadEscape(range(0, 10)))
        );
        assert_eq!(decoded(r"\u{d800}"), Err(TextPiece::BadEscape(range(0, 8))));
        assert_eq!(decoded(r"\u{}"), Err(TextPiece::BadEscape(range(0, 4))));
        assert_eq!(decoded(r"\u{12"), Err(TextPiece::BadEscape(range(0, 5))));
        assert_eq!(decoded(r"\ué"), Err(TextPiece::BadEscape(range(0, 2))));
        assert_eq!(decoded(r"\é"), Err(TextPiece::BadEscape(range(0, 3))));
        assert_eq!(decoded("a } b"), Err(TextPiece::StrayBrace(range(2, 3))));
    }
}

//! Text to tokens.
//!
//! The patterns on [`SyntaxKind`] are the lexical grammar. What a pattern can't say is here: strings, whose
//! interpolations hold tokens again, and regexes, which begin only after `~` or as an argument.
//!
//! A string must close on its line. One that does not becomes a single [`SyntaxKind::Unclosed`] token up to the end of
//! the line, so the parser may rely on every opened string and interpolation being closed.

use super::limits::MAX_STRING_NESTING;
use super::validate::validate;
use super::{SyntaxKind, TextRange, TextSize};
use crate::diagnostic::{Diagnostic, codes::syntax as codes};
use crate::source::{SourceId, Span};
use logos::Logos;

/// A piece of the text. Pieces follow each other without gaps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Token {
    pub(super) kind: SyntaxKind,
    pub(super) range: TextRange,
}

/// What the lexer is in the middle of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mode {
    /// Inside the quotes of a string.
    Text,
    /// Inside the braces of an interpolation, with so many brackets open: a `:` outside of them begins the format.
    Value { brackets: u32 },
}

/// The strings that are open, and where the outermost began.
#[derive(Debug, Default)]
struct Open {
    modes: Vec<Mode>,
    /// Offset of the outermost quote.
    start: usize,
    /// The number of tokens before the outermost quote.
    tokens: usize,
    /// The number of errors before the outermost quote.
    errors: usize,
}

struct Lexer<'t> {
    source: SourceId,
    text: &'t str,
    at: usize,
    tokens: Vec<Token>,
    errors: Vec<Diagnostic>,
    open: Open,
    /// The last token that is no trivia.
    previous: SyntaxKind,
}

/// Splits a text into tokens, and checks what they say.
pub(super) fn lex(source: SourceId, text: &str) -> (Vec<Token>, Vec<Diagnostic>) {
    let mut lexer = Lexer {
        source,
        text,
        at: 0,
        tokens: Vec::new(),
        errors: Vec::new(),
        open: Open::default(),
        previous: SyntaxKind::Eof,
    };
    loop {
        match lexer.open.modes.last() {
            // The end of the text ends the last line.
            Some(_) if lexer.at == text.len() => lexer.unclosed(),
            Some(Mode::Text) => lexer.text_token(),
            Some(&Mode::Value { brackets }) => lexer.value_token(brackets),
            None if lexer.at == text.len() => break,
            None => lexer.token(),
        }
    }
    (lexer.tokens, lexer.errors)
}

impl<'t> Lexer<'t> {
    fn rest(&self) -> &'t str {
        &self.text[self.at..]
    }

    /// Takes the next `length` bytes as a token.
    fn push(&mut self, kind: SyntaxKind, length: usize) {
        let range = TextRange::at(TextSize::new(self.at as u32), TextSize::new(length as u32));
        validate(
            self.source,
            kind,
            &self.text[range],
            range,
            &mut self.errors,
        );
        self.tokens.push(Token { kind, range });
        self.at += length;
        if !kind.is_trivia() {
            self.previous = kind;
        }
    }

    /// What the patterns find next, and its length. What they don't know is one character.
    fn scan(&self) -> (SyntaxKind, usize) {
        let rest = self.rest();
        let mut lexer = SyntaxKind::lexer(rest);
        match lexer.next() {
            Some(Ok(kind)) => (kind, lexer.span().end),
            Some(Err(())) | None => (
                SyntaxKind::Unknown,
                rest.chars().next().map_or(0, char::len_utf8),
            ),
        }
    }

    /// A token outside of strings.
    fn token(&mut self) {
        // Behind these nothing can be divided.
        let begins = matches!(
            self.previous,
            SyntaxKind::Tilde | SyntaxKind::LParen | SyntaxKind::Comma
        );
        if begins && self.rest().starts_with('/') && !self.rest().starts_with("//") {
            return self.regex();
        }
        let (kind, length) = self.scan();
        match kind {
            SyntaxKind::StringOpen => self.open_string(),
            SyntaxKind::Ident if word_length(self.rest()) > length => self.foreign_word(),
            SyntaxKind::Unknown if word_length(self.rest()) > 0 => self.foreign_word(),
            SyntaxKind::Unknown if self.rest().starts_with('`') => {
                let length = line(self.rest()).trim_end().len();
                self.push_unclosed(
                    length,
                    "this name is not closed",
                    "a name in backticks ends with a backtick",
                );
            }
            SyntaxKind::Unknown => self.unknown(length),
            _ => self.push(kind, length),
        }
    }

    /// A word with letters that only names in backticks may have.
    fn foreign_word(&mut self) {
        let length = word_length(self.rest());
        let word = &self.rest()[..length];
        let span = Span {
            source: self.source,
            start: self.at as u32,
            end: (self.at + length) as u32,
        };
        let message = format!("`{word}` has letters beyond a to z");
        let error = Diagnostic::error(codes::UNKNOWN_CHARACTER, span, message);
        self.errors.push(error.with_suggestion(
            span,
            format!("`{word}`"),
            "put the name in backticks",
        ));
        self.push(SyntaxKind::Ident, length);
    }

    /// Characters that mean nothing; a run of them is one token.
    fn unknown(&mut self, length: usize) {
        let range = TextRange::at(TextSize::new(self.at as u32), TextSize::new(length as u32));
        self.at += length;
        if let Some(last) = self.tokens.last_mut()
            && last.kind == SyntaxKind::Unknown
        {
            last.range = last.range.cover(range);
            // Its error is the last one, since nothing was read after it.
            if let Some(error) = self.errors.last_mut() {
                error.primary.end = range.end().into();
            }
            return;
        }
        self.tokens.push(Token {
            kind: SyntaxKind::Unknown,
            range,
        });
        let message = format!("{:?} means nothing here", &self.text[range]);
        self.errors.push(Diagnostic::error(
            codes::UNKNOWN_CHARACTER,
            Span::new(self.source, range),
            message,
        ));
    }

    /// `/.../flags`, at its first slash.
    fn regex(&mut self) {
        let rest = self.rest();
        // As if the first slash were escaped: it closes nothing.
        let mut escaped = true;
        let end = rest.char_indices().find(|&(_, c)| {
            let ends = c == '\n' || (c == '/' && !escaped);
            escaped = c == '\\' && !escaped;
            ends
        });
        if let Some((close, '/')) = end {
            let flags = &rest[close + 1..];
            let flags = flags
                .find(|c: char| !c.is_ascii_alphanumeric())
                .unwrap_or(flags.len());
            self.push(SyntaxKind::Regex, close + 1 + flags);
        } else {
            let length = line(rest).trim_end().len();
            let help = "a regex ends with `/` on the line where it begins";
            self.push_unclosed(length, "this regex is not closed", help);
        }
    }

    fn open_string(&mut self) {
        if self.open.modes.is_empty() {
            let (tokens, errors) = (self.tokens.len(), self.errors.len());
            self.open = Open {
                modes: Vec::new(),
                start: self.at,
                tokens,
                errors,
            };
        }
        // Every level but the outermost adds a value and a text.
        if self.open.modes.len() / 2 >= MAX_STRING_NESTING {
            return self.unclosed();
        }
        self.open.modes.push(Mode::Text);
        self.push(SyntaxKind::StringOpen, 1);
    }

    /// A token between the quotes of a string.
    fn text_token(&mut self) {
        let rest = self.rest();
        match rest.as_bytes()[0] {
            b'\n' => self.unclosed(),
            b'"' => {
                self.open.modes.pop();
                self.push(SyntaxKind::StringClose, 1);
            }
            b'{' if !rest.starts_with("{{") => {
                self.open.modes.push(Mode::Value { brackets: 0 });
                self.push(SyntaxKind::InterpolationOpen, 1);
            }
            _ => self.push(SyntaxKind::StringText, text_length(rest)),
        }
    }

    /// A token between the braces of an interpolation.
    fn value_token(&mut self, brackets: u32) {
        let rest = self.rest();
        if brackets == 0 && rest.starts_with(':') {
            let length = rest.find(['}', '"', '\n']).unwrap_or(rest.len());
            return self.push(SyntaxKind::Format, length);
        }
        let (kind, length) = self.scan();
        let brackets = match kind {
            SyntaxKind::RBrace => {
                self.open.modes.pop();
                return self.push(SyntaxKind::InterpolationClose, length);
            }
            SyntaxKind::Whitespace | SyntaxKind::Comment if rest[..length].contains('\n') => {
                return self.unclosed();
            }
            SyntaxKind::LParen | SyntaxKind::LBracket => brackets + 1,
            SyntaxKind::RParen | SyntaxKind::RBracket => brackets.saturating_sub(1),
            _ => brackets,
        };
        if let Some(mode) = self.open.modes.last_mut() {
            *mode = Mode::Value { brackets };
        }
        self.token();
    }

    /// Gives up on the strings that are open: from the outermost quote on, the line is one token.
    fn unclosed(&mut self) {
        self.tokens.truncate(self.open.tokens);
        self.errors.truncate(self.open.errors);
        self.at = self.open.start;
        let line = line(self.rest());
        let too_deep = self.open.modes.len() / 2 >= MAX_STRING_NESTING;
        self.open.modes.clear();
        if too_deep {
            self.push_unclosed(
                line.trim_end().len(),
                "strings are nested too deep here",
                "build the text in steps",
            );
        } else {
            let help = "a string ends with `\"` on the line where it begins; a `{` in it opens a value up to `}`, \
                        and a plain brace is written `{{`";
            self.push_unclosed(line.trim_end().len(), "this string is not closed", help);
        }
    }

    fn push_unclosed(&mut self, length: usize, message: &str, help: &str) {
        let range = TextRange::at(TextSize::new(self.at as u32), TextSize::new(length as u32));
        let error = Diagnostic::error(
            codes::UNCLOSED_STRING,
            Span::new(self.source, range),
            message,
        );
        self.errors.push(error.with_help(help));
        self.push(SyntaxKind::Unclosed, length);
    }
}

/// The text up to the end of its first line.
fn line(text: &str) -> &str {
    &text[..text.find('\n').unwrap_or(text.len())]
}

/// How much of a text, which starts with no digit, is letters of any script, digits and underscores.
fn word_length(text: &str) -> usize {
    text.find(|c: char| c != '_' && !c.is_alphanumeric())
        .unwrap_or(text.len())
}

/// How much of a string's inside, which doesn't start with a quote, a line end or an interpolation, is plain text.
fn text_length(text: &str) -> usize {
    let mut chars = text.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '"' | '\n' => return at,
            '{' if !text[at..].starts_with("{{") => return at,
            '{' => {
                chars.next();
            }
            '\\' if text[at..].starts_with("\\u{") => {
                chars.by_ref().nth(1);
            }
            // The escaped character is part of the text, unless the line ends.
            '\\' if !text[at + 1..].starts_with('\n') => {
                chars.next();
            }
            _ => {}
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::SourceMap;

    /// The kinds and texts of a text's tokens but blanks, and its errors' codes.
    fn check(text: &str, expected: &[(SyntaxKind, &str)], errors: &[&str]) {
        let id = SourceMap::new().add("test", text);
        let (tokens, found) = lex(id, text);
        let tokens: Vec<_> = tokens
            .iter()
            .filter(|token| token.kind != SyntaxKind::Whitespace)
            .map(|token| (token.kind, &text[token.range]))
            .collect();
        assert_eq!(tokens, expected, "{text}");
        assert_eq!(
            found
                .iter()
                .map(|error| error.code.to_string())
                .collect::<Vec<_>>(),
            errors,
            "{text}"
        );
    }

    use SyntaxKind::*;

    #[test]
    fn numbers_are_told_from_their_relatives() {
        check(
            "1_000 0.9 1e3 1.5e-3",
            &[
                (Int, "1_000"),
                (Float, "0.9"),
                (Float, "1e3"),
                (Float, "1.5e-3"),
            ],
            &[],
        );
        check(
            "90% 99.9% 5 %",
            &[
                (Percent, "90%"),
                (Percent, "99.9%"),
                (Int, "5"),
                (PercentSign, "%"),
            ],
            &[],
        );
        check(
            "5m30s 10ms 1h 2d 500us 3ns",
            &[
                (Duration, "5m30s"),
                (Duration, "10ms"),
                (Duration, "1h"),
                (Duration, "2d"),
                (Duration, "500us"),
                (Duration, "3ns"),
            ],
            &[],
        );
        check(
            "10.0.0.0/8 10.0.0.1 ip\"::1\" ip",
            &[
                (Ip, "10.0.0.0/8"),
                (Ip, "10.0.0.1"),
                (Ip, "ip\"::1\""),
                (Ident, "ip"),
            ],
            &[],
        );
        check(
            "2026-01-31T12:00:00Z 2026-01-31",
            &[
                (Time, "2026-01-31T12:00:00Z"),
                (Int, "2026"),
                (Minus, "-"),
                (Int, "01"),
                (Minus, "-"),
                (Int, "31"),
            ],
            &[],
        );
        check(
            "{5,20} 1.x",
            &[
                (LBrace, "{"),
                (Int, "5"),
                (Comma, ","),
                (Int, "20"),
                (RBrace, "}"),
                (Int, "1"),
                (Dot, "."),
                (Ident, "x"),
            ],
            &[],
        );
    }

    #[test]
    fn what_only_looks_like_a_number_is_one_error() {
        check("5min", &[(BadNumber, "5min")], &["TJ0005"]);
        check("5m30", &[(BadNumber, "5m30")], &["TJ0005"]);
        check("1.5s", &[(BadNumber, "1.5s")], &["TJ0005"]);
        check("10.0.0", &[(BadNumber, "10.0.0")], &["TJ0005"]);
    }

    #[test]
    fn a_regex_stands_only_after_a_tilde_or_as_an_argument() {
        check(
            r"a ~ /x\/y/i b",
            &[
                (Ident, "a"),
                (Tilde, "~"),
                (Regex, r"/x\/y/i"),
                (Ident, "b"),
            ],
            &[],
        );
        check(
            "f(/a/, b / c, /d/)",
            &[
                (Ident, "f"),
                (LParen, "("),
                (Regex, "/a/"),
                (Comma, ","),
                (Ident, "b"),
                (Slash, "/"),
                (Ident, "c"),
                (Comma, ","),
                (Regex, "/d/"),
                (RParen, ")"),
            ],
            &[],
        );
        check("a / b", &[(Ident, "a"), (Slash, "/"), (Ident, "b")], &[]);
        check("~ // c", &[(Tilde, "~"), (Comment, "// c")], &[]);
        check(
            "~ /x \ny",
            &[(Tilde, "~"), (Unclosed, "/x"), (Ident, "y")],
            &["TJ0003"],
        );
        check(
            "~> /x",
            &[(TildeArrow, "~>"), (Slash, "/"), (Ident, "x")],
            &[],
        );
    }

    #[test]
    fn strings_hold_values() {
        check(
            r#""a {b.c:.2} {{d}} \{e\} \u{e9}""#,
            &[
                (StringOpen, "\""),
                (StringText, "a "),
                (InterpolationOpen, "{"),
                (Ident, "b"),
                (Dot, "."),
                (Ident, "c"),
                (Format, ":.2"),
                (InterpolationClose, "}"),
                (StringText, r" {{d}} \{e\} \u{e9}"),
                (StringClose, "\""),
            ],
            &[],
        );
        check(
            r#""{f(a: "x")}""#,
            &[
                (StringOpen, "\""),
                (InterpolationOpen, "{"),
                (Ident, "f"),
                (LParen, "("),
                (Ident, "a"),
                (Colon, ":"),
                (StringOpen, "\""),
                (StringText, "x"),
                (StringClose, "\""),
                (RParen, ")"),
                (InterpolationClose, "}"),
                (StringClose, "\""),
            ],
            &[],
        );
        check(
            r#"r"\d{3}" "\"""#,
            &[
                (RawString, r#"r"\d{3}""#),
                (StringOpen, "\""),
                (StringText, "\\\""),
                (StringClose, "\""),
            ],
            &[],
        );
    }

    #[test]
    fn an_unclosed_string_costs_its_line() {
        check(
            "a \"b c\nd",
            &[(Ident, "a"), (Unclosed, "\"b c"), (Ident, "d")],
            &["TJ0003"],
        );
        check(
            "\"x {y\" \nz",
            &[(Unclosed, "\"x {y\""), (Ident, "z")],
            &["TJ0003"],
        );
        check(
            "\"x {y # c}\"\nz",
            &[(Unclosed, "\"x {y # c}\""), (Ident, "z")],
            &["TJ0003"],
        );
        check("\"", &[(Unclosed, "\"")], &["TJ0003"]);
        check("\"\\\nz", &[(Unclosed, "\"\\"), (Ident, "z")], &["TJ0003"]);
        let deep = "\"{".repeat(9) + "1" + &"}\"".repeat(9);
        check(&deep, &[(Unclosed, &deep)], &["TJ0003"]);
        let fine = "\"{".repeat(MAX_STRING_NESTING) + "1" + &"}\"".repeat(MAX_STRING_NESTING);
        let id = SourceMap::new().add("test", fine.as_str());
        assert!(lex(id, &fine).1.is_empty());
    }

    #[test]
    fn unknown_characters_are_one_error_a_run() {
        check(
            "a §§ b",
            &[(Ident, "a"), (Unknown, "§§"), (Ident, "b")],
            &["TJ0002"],
        );
        check("`x y\nz", &[(Unclosed, "`x y"), (Ident, "z")], &["TJ0003"]);
        check(
            "größe.x é",
            &[(Ident, "größe"), (Dot, "."), (Ident, "x"), (Ident, "é")],
            &["TJ0002", "TJ0002"],
        );
        check("`a b`", &[(QuotedIdent, "`a b`")], &[]);
    }

    #[test]
    fn what_a_token_says_is_checked() {
        check(
            "99999999999999999999",
            &[(Int, "99999999999999999999")],
            &["TJ0006"],
        );
        check("1m1h", &[(Duration, "1m1h")], &["TJ0007"]);
        check(
            "2026-13-01T00:00:00Z",
            &[(Time, "2026-13-01T00:00:00Z")],
            &["TJ0008"],
        );
        check("10.0.0.1/8", &[(Ip, "10.0.0.1/8")], &["TJ0009"]);
        check(
            r#""\q }""#,
            &[
                (StringOpen, "\""),
                (StringText, r"\q }"),
                (StringClose, "\""),
            ],
            &["TJ0004", "TJ0010"],
        );
        check("~ /x/g", &[(Tilde, "~"), (Regex, "/x/g")], &["TJ0012"]);
    }
}

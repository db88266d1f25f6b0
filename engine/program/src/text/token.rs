//! The pieces of a line of assembly.

/// A piece.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Token<'a> {
    /// A name, a number, an address, `:` or `->`.
    Word(&'a str),
    /// One of `= , { } [ ] ( )`.
    Mark(char),
    /// A quoted text, its escapes undone.
    Text(String),
}

impl Token<'_> {
    /// The piece as messages name it.
    pub(super) fn shown(&self) -> String {
        match self {
            Self::Word(word) => format!("`{word}`"),
            Self::Mark(mark) => format!("`{mark}`"),
            Self::Text(text) => format!("{text:?}"),
        }
    }
}

const MARKS: &str = "=,{}[]()";

/// The pieces of a line, up to its comment.
pub(super) fn tokens(mut line: &str) -> Result<Vec<Token<'_>>, String> {
    let mut tokens = Vec::new();
    loop {
        line = line.trim_start();
        let Some(first) = line.chars().next() else {
            return Ok(tokens);
        };
        if first == ';' {
            return Ok(tokens);
        }
        if first == '"' {
            let (text, rest) = text(&line[1..])?;
            tokens.push(Token::Text(text));
            line = rest;
        } else if MARKS.contains(first) {
            tokens.push(Token::Mark(first));
            line = &line[1..];
        } else {
            let ends = |c: char| c.is_whitespace() || c == ';' || c == '"' || MARKS.contains(c);
            let (word, rest) = line.split_at(line.find(ends).unwrap_or(line.len()));
            tokens.push(Token::Word(word));
            line = rest;
        }
    }
}

/// The text up to its closing quote, and what follows.
fn text(line: &str) -> Result<(String, &str), String> {
    let mut text = String::new();
    let mut rest = line.chars();
    loop {
        match rest.next() {
            None => return Err("a text without its closing quote".into()),
            Some('"') => return Ok((text, rest.as_str())),
            Some('\\') => {
                let (character, after) = escape(rest.as_str())?;
                text.push(character);
                rest = after.chars();
            }
            Some(other) => text.push(other),
        }
    }
}

/// The character of an escape, whose backslash is behind us, and what follows.
fn escape(line: &str) -> Result<(char, &str), String> {
    let mut rest = line.chars();
    let character = match rest.next() {
        Some('n') => '\n',
        Some('r') => '\r',
        Some('t') => '\t',
        Some('0') => '\0',
        Some(plain @ ('"' | '\'' | '\\')) => plain,
        Some('u') => {
            let code = rest.as_str().strip_prefix('{');
            let (code, after) = code
                .and_then(|rest| rest.split_once('}'))
                .ok_or("`\\u` without `{...}`")?;
            let character = u32::from_str_radix(code, 16).ok().and_then(char::from_u32);
            let character = character.ok_or_else(|| format!("no character `\\u{{{code}}}`"))?;
            return Ok((character, after));
        }
        Some(other) => return Err(format!("no escape `\\{other}`")),
        None => return Err("a text without its closing quote".into()),
    };
    Ok((character, rest.as_str()))
}

//! A Rust file as tokens: just enough to tell code from comments and strings.

/// What a token is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A word: an identifier or keyword.
    Word,
    /// A number, a string, a character or a lifetime.
    Literal,
    /// One character of anything else.
    Punctuation,
}

/// A piece of code.
#[derive(Clone, Debug)]
pub(crate) struct Token {
    pub(crate) kind: Kind,
    pub(crate) text: String,
    /// The line it starts on, from 1.
    pub(crate) line: usize,
    /// The line it ends on.
    pub(crate) last_line: usize,
}

impl Token {
    /// Is it this word or character of code?
    pub(crate) fn is(&self, text: &str) -> bool {
        self.kind != Kind::Literal && self.text == text
    }
}

/// A Rust file.
#[derive(Clone, Debug)]
pub(crate) struct Source {
    /// The path from the root of the repository, with `/` between its parts.
    pub(crate) path: String,
    pub(crate) text: String,
    pub(crate) tokens: Vec<Token>,
}

impl Source {
    /// Reads a file's text.
    pub(crate) fn new(path: impl Into<String>, text: impl Into<String>) -> Self {
        let text = text.into();
        let tokens = Scanner::new(&text).tokens();
        let path = path.into();
        Self { path, text, tokens }
    }

    /// The file's name without `.rs`.
    pub(crate) fn stem(&self) -> &str {
        let name = self.path.rsplit('/').next().unwrap_or(&self.path);
        name.strip_suffix(".rs").unwrap_or(name)
    }

    /// The file's folder.
    pub(crate) fn folder(&self) -> &str {
        self.path.rsplit_once('/').map_or("", |(folder, _)| folder)
    }

    /// The attributes, each as the tokens between its brackets.
    pub(crate) fn attributes(&self) -> impl Iterator<Item = &[Token]> {
        (0..self.tokens.len()).filter_map(|at| {
            let open = attribute_open(&self.tokens, at)?;
            let close = closing(&self.tokens, open);
            Some(&self.tokens[open + 1..close])
        })
    }

    /// The tokens without the items that are compiled for tests only.
    pub(crate) fn tokens_beside_tests(&self) -> Vec<&Token> {
        let tokens = &self.tokens;
        let mut kept = Vec::new();
        let mut at = 0;
        while at < tokens.len() {
            match attribute_open(tokens, at) {
                Some(open) => {
                    let close = closing(tokens, open);
                    let inside = &tokens[open + 1..close];
                    let words: Vec<&str> = inside.iter().map(|token| &*token.text).collect();
                    if words == ["cfg", "(", "test", ")"] {
                        at = item_end(tokens, close + 1);
                    } else {
                        let end = (close + 1).min(tokens.len());
                        kept.extend(&tokens[at..end]);
                        at = end;
                    }
                }
                None => {
                    kept.push(&tokens[at]);
                    at += 1;
                }
            }
        }
        kept
    }

    /// Lines with code on them: no blank ones, no comments, no items that are compiled for tests only.
    pub(crate) fn code_lines(&self) -> usize {
        let mut last = 0;
        let mut lines = 0;
        for token in self.tokens_beside_tests() {
            let first = token.line.max(last + 1);
            lines += (token.last_line + 1).saturating_sub(first);
            last = last.max(token.last_line);
        }
        lines
    }
}

/// Where the bracket of the attribute stands that begins here.
fn attribute_open(tokens: &[Token], at: usize) -> Option<usize> {
    let follows = |at: usize, text| tokens.get(at).is_some_and(|token| token.is(text));
    if !follows(at, "#") {
        return None;
    }
    [at + 1, at + 2]
        .into_iter()
        .find(|open| follows(*open, "[") && (*open == at + 1 || follows(at + 1, "!")))
}

/// The index of the bracket that closes the one here; the end if there is none.
pub(crate) fn closing(tokens: &[Token], open: usize) -> usize {
    let mut depth = 0_usize;
    for (at, token) in tokens.iter().enumerate().skip(open) {
        if token.kind != Kind::Punctuation {
            continue;
        }
        match &*token.text {
            "(" | "[" | "{" => depth += 1,
            ")" | "]" | "}" => {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    return at;
                }
            }
            _ => {}
        }
    }
    tokens.len()
}

/// The index after the item that begins here: behind its `;` or its closing brace.
fn item_end(tokens: &[Token], start: usize) -> usize {
    let mut at = start;
    while at < tokens.len() {
        let token = &tokens[at];
        if token.is(";") || token.is(",") {
            return at + 1;
        }
        if token.is("{") {
            return (closing(tokens, at) + 1).min(tokens.len());
        }
        at = if token.is("(") || token.is("[") {
            closing(tokens, at) + 1
        } else {
            at + 1
        };
    }
    tokens.len()
}

struct Scanner<'a> {
    text: &'a str,
    at: usize,
    line: usize,
}

impl<'a> Scanner<'a> {
    fn new(text: &'a str) -> Self {
        Self {
            text,
            at: 0,
            line: 1,
        }
    }

    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    /// Steps over this many bytes, which end between characters.
    fn skip(&mut self, bytes: usize) -> &'a str {
        let skipped = &self.rest()[..bytes];
        self.at += bytes;
        self.line += skipped.matches('\n').count();
        skipped
    }

    fn tokens(mut self) -> Vec<Token> {
        let mut tokens = Vec::new();
        while let Some(first) = self.rest().chars().next() {
            if first.is_whitespace() {
                self.skip(first.len_utf8());
            } else if self.rest().starts_with("//") {
                let length = self.rest().find('\n').unwrap_or(self.rest().len());
                self.skip(length);
            } else if self.rest().starts_with("/*") {
                let length = block_comment(self.rest());
                self.skip(length);
            } else {
                let (kind, length) = token(self.rest(), first);
                let line = self.line;
                let text = self.skip(length).to_owned();
                tokens.push(Token {
                    kind,
                    text,
                    line,
                    last_line: self.line,
                });
            }
        }
        tokens
    }
}

/// The length of the block comment that begins the text; they nest.
fn block_comment(text: &str) -> usize {
    let mut depth = 0_usize;
    let mut at = 0;
    while at < text.len() {
        if text.as_bytes()[at..].starts_with(b"/*") {
            depth += 1;
            at += 2;
        } else if text.as_bytes()[at..].starts_with(b"*/") {
            depth -= 1;
            at += 2;
            if depth == 0 {
                return at;
            }
        } else {
            at += 1;
        }
    }
    text.len()
}

/// The kind and length of the token that begins the text.
fn token(text: &str, first: char) -> (Kind, usize) {
    if let Some(length) = string(text) {
        (Kind::Literal, length)
    } else if first == '\'' {
        (Kind::Literal, quoted(text))
    } else if first.is_ascii_digit() {
        (Kind::Literal, word(text))
    } else if first == '_' || first.is_alphanumeric() {
        (Kind::Word, word(text))
    } else {
        (Kind::Punctuation, first.len_utf8())
    }
}

/// The length of the word that begins the text.
fn word(text: &str) -> usize {
    text.find(|c: char| c != '_' && !c.is_alphanumeric())
        .unwrap_or(text.len())
}

/// The length of the string that begins the text, with its prefix; `None` if it doesn't begin with one.
fn string(text: &str) -> Option<usize> {
    let prefix = ["br", "cr", "b", "c", "r", ""].into_iter().find(|prefix| {
        let behind = text.strip_prefix(prefix).unwrap_or("");
        let hashes = behind.len() - behind.trim_start_matches('#').len();
        behind[hashes..].starts_with('"') && (hashes == 0 || prefix.ends_with('r'))
    })?;
    let body = &text[prefix.len()..];
    if prefix.ends_with('r') {
        let hashes = body.find('"')?;
        let close = format!("\"{}", &body[..hashes]);
        let inside = hashes + 1;
        let end = body[inside..].find(&close);
        return Some(end.map_or(text.len(), |end| prefix.len() + inside + end + close.len()));
    }
    let mut escaped = false;
    for (at, byte) in body.bytes().enumerate().skip(1) {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => return Some(prefix.len() + at + 1),
            _ => {}
        }
    }
    Some(text.len())
}

/// The length of the character or lifetime that begins the text.
fn quoted(text: &str) -> usize {
    let mut inside = text[1..].chars();
    match inside.next() {
        Some('\\') => {
            // The escaped character may be a quote itself.
            let escaped = inside.next().map_or(0, char::len_utf8);
            let end = text[2 + escaped..].find('\'');
            end.map_or(text.len(), |end| 2 + escaped + end + 1)
        }
        Some(first) if inside.next() == Some('\'') => 1 + first.len_utf8() + 1,
        _ => 1 + word(&text[1..]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<String> {
        let source = Source::new("a.rs", text);
        let words = source.tokens.into_iter();
        words
            .filter(|token| token.kind == Kind::Word)
            .map(|token| token.text)
            .collect()
    }

    #[test]
    fn comments_and_strings_are_no_code() {
        assert_eq!(words("a // b\n c /* d /* e */ f */ g"), ["a", "c", "g"]);
        assert_eq!(words(r##"a "b \" c" r#"d " e"# b"f" g"##), ["a", "g"]);
        assert_eq!(
            words(r"a '\'' b '\\' c 'd' e<'f> g '\u{1F600}' h"),
            ["a", "b", "c", "e", "g", "h"]
        );
        assert_eq!(words("\"a\nb\" c 'ä' d"), ["c", "d"]);
    }

    #[test]
    fn lines_with_code_are_counted() {
        let count = |text: &str| Source::new("a.rs", text).code_lines();
        assert_eq!(count("//! a\n\nfn b() {\n    // c\n    d();\n}\n"), 3);
        assert_eq!(count("const A: &str = \"b\nc\nd\"; const E: u8 = 1;\n"), 3);
        assert_eq!(
            count("fn a() {}\n#[cfg(test)]\nmod tests {\n    fn b() {}\n}\nfn c() {}\n"),
            2
        );
        assert_eq!(count("#[cfg(test)]\nmod tests;\nfn c() {}\n"), 1);
        assert_eq!(count("#[derive(Debug)]\nstruct A;\n"), 2);
    }

    #[test]
    fn attributes_are_found_inside_and_outside() {
        let source = Source::new("a.rs", "#![deny(x)]\n#[a(b[0])]\nfn c() { d[1] }");
        let attributes: Vec<String> = source
            .attributes()
            .map(|tokens| tokens.iter().map(|token| &*token.text).collect())
            .collect();
        assert_eq!(attributes, ["deny(x)", "a(b[0])"]);
    }
}

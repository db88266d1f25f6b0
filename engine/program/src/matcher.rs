//! Patterns of texts: regular expressions and globs, compiled once and matched in time linear in the text.

use core::fmt;
use core::ops::Range;
use std::sync::Arc;

use regex_automata::PatternID;
use regex_automata::meta::{BuildError, Regex};
use regex_automata::util::captures::Captures;
use regex_automata::util::syntax;
use regex_syntax::{Error as SyntaxError, ParserBuilder};

use crate::limits::{MAX_PATTERN, MAX_PATTERN_NESTING, MAX_PATTERN_SIZE, PATTERN_CACHE};
use crate::literals;

/// How a pattern is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Form {
    /// A regular expression in the syntax of the `regex` crate; it may match anywhere in a text.
    Regex,
    /// A glob; it matches a text as a whole.
    Glob,
}

/// A compiled pattern. There is none that could not be compiled within its limits, wherever its text came from.
///
/// Two patterns are equal if they are written the same.
#[derive(Clone)]
pub struct Pattern(Arc<Inner>);

struct Inner {
    form: Form,
    source: Box<str>,
    ignore_case: bool,
    regex: Regex,
}

impl Pattern {
    /// The pattern that a regular expression describes.
    ///
    /// # Errors
    ///
    /// If the expression is not one, is longer than [`MAX_PATTERN`] bytes, or is too large once compiled.
    pub fn regex(source: &str, ignore_case: bool) -> Result<Self, PatternError> {
        within(source)?;
        Self::build(Form::Regex, source, source, ignore_case)
    }

    /// The pattern that a glob describes: `*` stands for any run of characters, `?` for one, `[a-z]` for one of these,
    /// `[!a-z]` for one that is none of these, and `\` before a character for that character.
    ///
    /// # Errors
    ///
    /// As [`regex`](Self::regex); what is wrong with a glob is a class that is empty, not closed or runs backwards, and a
    /// backslash at the end.
    pub fn glob(source: &str, ignore_case: bool) -> Result<Self, PatternError> {
        within(source)?;
        let expression = expression(source)?;
        Self::build(Form::Glob, source, &expression, ignore_case).map_err(|error| PatternError {
            place: None,
            ..error
        })
    }

    fn build(
        form: Form,
        source: &str,
        expression: &str,
        ignore_case: bool,
    ) -> Result<Self, PatternError> {
        let config = Regex::config()
            .nfa_size_limit(Some(MAX_PATTERN_SIZE))
            .onepass_size_limit(Some(PATTERN_CACHE))
            .dfa_size_limit(Some(PATTERN_CACHE))
            .hybrid_cache_capacity(PATTERN_CACHE);
        let syntax = syntax::Config::new()
            .case_insensitive(ignore_case)
            .nest_limit(MAX_PATTERN_NESTING);
        let mut builder = Regex::builder();
        let regex = builder.configure(config).syntax(syntax).build(expression);
        Ok(Self(Arc::new(Inner {
            form,
            source: source.into(),
            ignore_case,
            regex: regex.map_err(|error| refused(&error))?,
        })))
    }

    /// How it is written.
    pub fn form(&self) -> Form {
        self.0.form
    }

    /// Its text.
    pub fn source(&self) -> &str {
        &self.0.source
    }

    /// Are letters of either case the same to it? By Unicode's simple case folding.
    pub fn ignores_case(&self) -> bool {
        self.0.ignore_case
    }

    /// Roughly the bytes that it takes, the caches of its threads left out.
    pub fn size(&self) -> usize {
        self.0.regex.memory_usage()
    }

    /// Does it match?
    pub fn matches(&self, text: &str) -> bool {
        self.0.regex.is_match(text)
    }

    /// Byte strings of which every text that it matches contains at least one; `None` where there are none that are
    /// long and few enough to be worth looking for ([`MIN_PATTERN_LITERAL`](crate::limits::MIN_PATTERN_LITERAL),
    /// [`MAX_PATTERN_LITERALS`](crate::limits::MAX_PATTERN_LITERALS)).
    pub fn required(&self) -> Option<Vec<Box<[u8]>>> {
        let expression = match self.form() {
            Form::Regex => self.source().to_owned(),
            Form::Glob => expression(self.source()).ok()?,
        };
        let mut parser = ParserBuilder::new();
        parser.case_insensitive(self.ignores_case());
        parser.nest_limit(MAX_PATTERN_NESTING);
        literals::required(&parser.build().parse(&expression).ok()?)
    }

    /// The number of a group by its name.
    pub fn group(&self, name: &str) -> Option<usize> {
        self.0.regex.group_info().to_index(PatternID::ZERO, name)
    }

    /// How many groups it has, the whole match being group 0.
    pub fn groups(&self) -> usize {
        self.0.regex.group_info().group_len(PatternID::ZERO)
    }

    /// What a group took in the leftmost match; `None` if there is no match, or the group took no part.
    pub fn capture<'t>(&self, text: &'t str, group: usize) -> Option<&'t str> {
        let mut captures: Captures = self.0.regex.create_captures();
        self.0.regex.captures(text, &mut captures);
        captures.get_group(group).map(|span| &text[span.range()])
    }

    /// The text with `with`, as it stands, in place of each match; `None` if that has more than `limit` bytes.
    pub fn replace(&self, text: &str, with: &str, limit: usize) -> Option<String> {
        let mut replaced = String::new();
        let mut end = 0;
        for found in self.0.regex.find_iter(text) {
            replaced.push_str(&text[end..found.start()]);
            replaced.push_str(with);
            end = found.end();
            if replaced.len() > limit {
                return None;
            }
        }
        replaced.push_str(&text[end..]);
        (replaced.len() <= limit).then_some(replaced)
    }
}

impl PartialEq for Pattern {
    fn eq(&self, other: &Self) -> bool {
        let key = |pattern: &Self| (pattern.form(), pattern.ignores_case());
        key(self) == key(other) && self.source() == other.source()
    }
}

impl Eq for Pattern {}

impl fmt::Debug for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let flag = if self.ignores_case() {
            " ignoring case"
        } else {
            ""
        };
        write!(f, "{:?} {:?}{flag}", self.form(), self.source())
    }
}

fn within(source: &str) -> Result<(), PatternError> {
    if source.len() <= MAX_PATTERN {
        return Ok(());
    }
    let message = format!("a pattern has at most {MAX_PATTERN} bytes");
    Err(PatternError {
        message,
        place: None,
    })
}

fn refused(error: &BuildError) -> PatternError {
    let (message, span) = match error.syntax_error() {
        Some(SyntaxError::Parse(error)) => (error.kind().to_string(), Some(error.span())),
        Some(SyntaxError::Translate(error)) => (error.kind().to_string(), Some(error.span())),
        _ if error.size_limit().is_some() => {
            let message = format!(
                "the pattern takes more than {} KiB once compiled; a counted repetition of a large class does that",
                MAX_PATTERN_SIZE / 1_024
            );
            (message, None)
        }
        _ => (error.to_string(), None),
    };
    let place = span.map(|span| span.start.offset..span.end.offset);
    PatternError { message, place }
}

/// The regular expression that says what a glob says.
fn expression(glob: &str) -> Result<String, PatternError> {
    let error = |place: Range<usize>, message: &str| PatternError {
        message: message.into(),
        place: Some(place),
    };
    let mut expression = String::from(r"(?s)\A");
    let mut rest = glob.char_indices();
    while let Some((at, character)) = rest.next() {
        match character {
            '*' => expression.push_str(".*"),
            '?' => expression.push('.'),
            '\\' => match rest.next() {
                Some((_, escaped)) => push_plain(&mut expression, escaped),
                None => {
                    return Err(error(
                        at..at + 1,
                        "a backslash at the end stands before nothing",
                    ));
                }
            },
            '[' => {
                let open = |end: usize| {
                    error(
                        at..end,
                        "this class is not closed; a plain bracket is written `\\[`",
                    )
                };
                let mut class = String::from("[");
                let mut empty = true;
                loop {
                    let Some((place, first)) = rest.next() else {
                        return Err(open(glob.len()));
                    };
                    let first = match first {
                        ']' if empty => {
                            return Err(error(at..place + 1, "a class without characters"));
                        }
                        ']' => break,
                        '!' if class == "[" => {
                            class.push('^');
                            continue;
                        }
                        '\\' => rest.next().ok_or_else(|| open(glob.len()))?.1,
                        plain => plain,
                    };
                    empty = false;
                    push_plain(&mut class, first);
                    let mut ahead = rest.clone();
                    if let (Some((_, '-')), Some((end, mut last))) = (ahead.next(), ahead.next())
                        && last != ']'
                    {
                        if last == '\\' {
                            last = ahead.next().ok_or_else(|| open(glob.len()))?.1;
                        }
                        if last < first {
                            let end = end + last.len_utf8();
                            return Err(error(place..end, "a range that runs backwards"));
                        }
                        class.push('-');
                        push_plain(&mut class, last);
                        rest = ahead;
                    }
                }
                class.push(']');
                expression.push_str(&class);
            }
            plain => push_plain(&mut expression, plain),
        }
    }
    expression.push_str(r"\z");
    Ok(expression)
}

fn push_plain(expression: &mut String, character: char) {
    expression.push_str(&regex_syntax::escape(character.encode_utf8(&mut [0; 4])));
}

/// Why a text is no pattern.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PatternError {
    message: String,
    place: Option<Range<usize>>,
}

impl PatternError {
    /// Which bytes of the text are at fault, where that can be told.
    pub fn place(&self) -> Option<Range<usize>> {
        self.place.clone()
    }
}

impl fmt::Display for PatternError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl core::error::Error for PatternError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn globs_match_texts_as_a_whole() {
        let cases = [
            ("", "", true),
            ("", "a", false),
            ("a*", "abc", true),
            ("a*", "ba", false),
            ("*a*b*", "xaxbx", true),
            ("?", "é", true),
            ("?", "ab", false),
            ("*", "a\nb", true),
            (r"\*", "*", true),
            (r"\*", "a", false),
            ("[a-c]x", "bx", true),
            ("[a-c]x", "dx", false),
            ("[!a-c]x", "dx", true),
            ("[!a-c]x", "ax", false),
            ("[a-]", "-", true),
            (r"[\]]", "]", true),
            ("[^a]", "^", true),
            ("a.b", "a.b", true),
            ("a.b", "axb", false),
            ("[&&~~]", "&", true),
        ];
        for (glob, text, matches) in cases {
            let pattern = Pattern::glob(glob, false).unwrap();
            assert_eq!(pattern.matches(text), matches, "{glob} {text}");
        }
        let case = Pattern::glob("STRASSE[a-c]*", true).unwrap();
        assert!(case.matches("strasseB") && !case.matches("straßeb"));
    }

    #[test]
    fn what_is_wrong_is_told_with_its_place() {
        let at = |result: Result<Pattern, PatternError>| result.unwrap_err().place();
        assert_eq!(at(Pattern::regex("a(b", false)), Some(1..2));
        assert_eq!(at(Pattern::regex("a**b{2,1}", false)), Some(4..9));
        assert_eq!(at(Pattern::glob("a[b", false)), Some(1..3));
        assert_eq!(at(Pattern::glob("a[]", false)), Some(1..3));
        assert_eq!(at(Pattern::glob("[z-a]", false)), Some(1..4));
        assert_eq!(at(Pattern::glob(r"a\", false)), Some(1..2));
    }

    #[test]
    fn patterns_keep_their_limits() {
        let long = "a".repeat(MAX_PATTERN + 1);
        assert!(Pattern::regex(&long, false).is_err());
        assert!(Pattern::glob(&long, false).is_err());
        let large = Pattern::regex(r"\w{1000}{1000}", false).unwrap_err();
        assert!(large.to_string().contains("KiB"), "{large}");
        let deep = "(".repeat(1_000) + &")".repeat(1_000);
        assert!(Pattern::regex(&deep, false).is_err());
    }

    #[test]
    fn groups_by_number_and_name() {
        let pattern = Pattern::regex(r"(?<user>\w+)@(\w+)?", false).unwrap();
        assert_eq!(pattern.capture("to ann@home now", 0), Some("ann@home"));
        assert_eq!(
            pattern.capture("ann@home", pattern.group("user").unwrap()),
            Some("ann")
        );
        assert_eq!(pattern.capture("ann@", 2), None);
        assert_eq!(pattern.capture("nobody", 0), None);
        assert_eq!(pattern.capture("ann@home", 9), None);
        assert_eq!((pattern.groups(), pattern.group("other")), (3, None));
        let digits = Pattern::regex("[0-9]+", false).unwrap();
        assert_eq!(digits.replace("a1b22", "$0", 99).as_deref(), Some("a$0b$0"));
        assert_eq!(digits.replace("a1b22", "xx", 5), None);
    }
}

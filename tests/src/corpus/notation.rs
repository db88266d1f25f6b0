//! Words, values and times, as events and matches write them.

use std::iter::Peekable;
use std::str::Chars;

use jiff::{SpanRelativeTo, Timestamp};
use trapjaw_event::{FieldType, Value, format};

/// A value as it is written.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Word {
    /// `0.95`, `ada`, `10.0.0.1`.
    Bare(String),
    /// `"two words"`, with the escapes of JSON.
    Quoted(String),
    /// `[1,2]`.
    List(Vec<Word>),
}

/// A part of a line.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Part {
    /// A word by itself.
    Word(String),
    /// `name=value`; a name with blanks stands in backticks.
    Item(String, Word),
    /// All that follows a colon with a blank behind it.
    Text(String),
}

/// The parts of a line.
pub(super) fn parts(line: &str) -> Result<Vec<Part>, String> {
    let mut reader = Reader {
        rest: line.chars().peekable(),
    };
    let mut parts = Vec::new();
    loop {
        reader.skip_blanks();
        if reader.at_text() {
            let text: String = reader.rest.by_ref().skip(1).collect();
            parts.push(Part::Text(
                text.strip_prefix(' ').unwrap_or(&text).to_owned(),
            ));
            return Ok(parts);
        }
        if reader.rest.peek().is_none() {
            return Ok(parts);
        }
        let name = reader.name()?;
        if reader.rest.next_if_eq(&'=').is_some() {
            parts.push(Part::Item(name, reader.value("")?));
        } else {
            parts.push(Part::Word(name));
        }
    }
}

struct Reader<'t> {
    rest: Peekable<Chars<'t>>,
}

impl Reader<'_> {
    fn skip_blanks(&mut self) {
        while self.rest.next_if(|c| c.is_whitespace()).is_some() {}
    }

    /// Is this a colon with a blank or nothing behind it?
    fn at_text(&self) -> bool {
        let mut ahead = self.rest.clone();
        ahead.next() == Some(':') && ahead.next().is_none_or(char::is_whitespace)
    }

    /// Up to `=`, a blank, or the text.
    fn name(&mut self) -> Result<String, String> {
        let mut name = String::new();
        if self.rest.next_if_eq(&'`').is_some() {
            while let Some(c) = self.rest.next_if(|&c| c != '`') {
                name.push(c);
            }
            self.rest.next().ok_or("a name in backticks does not end")?;
            return Ok(name);
        }
        while !self.at_text()
            && let Some(c) = self.rest.next_if(|&c| !c.is_whitespace() && c != '=')
        {
            name.push(c);
        }
        if name.is_empty() {
            return Err("a value has no name".into());
        }
        Ok(name)
    }

    /// A value; a bare one ends before a blank, the text, or one of `ends`.
    fn value(&mut self, ends: &str) -> Result<Word, String> {
        match self.rest.peek() {
            Some('"') => {
                let mut quoted = String::from(self.rest.next().expect("peeked"));
                loop {
                    let c = self.rest.next().ok_or("a quoted value does not end")?;
                    quoted.push(c);
                    match c {
                        '\\' => quoted.push(self.rest.next().ok_or("an escape is not whole")?),
                        '"' => break,
                        _ => {}
                    }
                }
                serde_json::from_str(&quoted)
                    .map(Word::Quoted)
                    .map_err(|error| format!("{quoted}: {error}"))
            }
            Some('[') if ends.is_empty() => {
                self.rest.next();
                let mut list = Vec::new();
                loop {
                    self.skip_blanks();
                    if self.rest.next_if_eq(&']').is_some() {
                        return Ok(Word::List(list));
                    }
                    list.push(self.value(",]")?);
                    self.skip_blanks();
                    self.rest.next_if_eq(&',');
                }
            }
            _ => {
                let mut bare = String::new();
                while !self.at_text()
                    && let Some(c) = self
                        .rest
                        .next_if(|&c| !c.is_whitespace() && !ends.contains(c))
                {
                    bare.push(c);
                }
                if bare.is_empty() {
                    return Err("a name has no value; an empty text is written \"\"".into());
                }
                Ok(Word::Bare(bare))
            }
        }
    }
}

impl Word {
    /// The word as a text.
    pub(super) fn text(&self) -> Result<&str, String> {
        match self {
            Self::Bare(text) | Self::Quoted(text) => Ok(text),
            Self::List(_) => Err("a list stands where a single value is expected".into()),
        }
    }

    /// Whether it is the bare word `null`.
    pub(super) fn is_null(&self) -> bool {
        *self == Self::Bare("null".into())
    }

    /// The value of that type which the word writes.
    pub(super) fn read(&self, ty: &FieldType, start: i64) -> Result<Value, String> {
        if self.is_null() {
            return Ok(Value::Null);
        }
        let text = self.text()?;
        let wrong = |why: &dyn std::fmt::Display| format!("`{text}` is no {ty}: {why}");
        Ok(match ty {
            FieldType::Bool => Value::Bool(text.parse().map_err(|e| wrong(&e))?),
            FieldType::Int => Value::Int(text.parse().map_err(|e| wrong(&e))?),
            FieldType::Float => Value::Float(text.parse().map_err(|e| wrong(&e))?),
            FieldType::Text => Value::Text(text.into()),
            FieldType::Time => Value::Time(instant(text, start)?),
            FieldType::Duration => Value::Duration(duration(text)?),
            FieldType::Ip => Value::Ip(text.parse().map_err(|e| wrong(&e))?),
            FieldType::Enum(variants) => {
                let place = variants.iter().position(|variant| **variant == *text);
                let place = place.ok_or_else(|| wrong(&"it has no such value"))?;
                Value::Enum(u16::try_from(place).map_err(|e| wrong(&e))?)
            }
        })
    }
}

/// A value as cases write it.
pub(super) fn show(value: &Value, ty: &FieldType, start: i64) -> String {
    match value {
        Value::Null => "null".into(),
        Value::Bool(v) => v.to_string(),
        Value::Int(v) => v.to_string(),
        Value::Float(v) => v.to_string(),
        Value::Text(v) => quote(v),
        Value::Time(v) => show_instant(*v, start),
        Value::Duration(v) => format::Duration(*v).to_string(),
        Value::Ip(v) => v.to_string(),
        Value::Enum(v) => match ty {
            FieldType::Enum(variants) => variants[usize::from(*v)].to_string(),
            _ => format!("{v}?"),
        },
    }
}

/// A text, in quotes where it needs them.
pub(super) fn quote(text: &str) -> String {
    let plain = |c: char| !c.is_whitespace() && !"\"\\`[],=".contains(c);
    if !text.is_empty() && text.chars().all(plain) && !text.ends_with(':') && text != "null" {
        text.to_owned()
    } else {
        format!("{text:?}")
    }
}

/// An instant: an offset from the case's start (`1m30s`), or RFC 3339.
pub(super) fn instant(text: &str, start: i64) -> Result<i64, String> {
    if text.contains('T') {
        let time: Timestamp = text.parse().map_err(|error| format!("{text}: {error}"))?;
        i64::try_from(time.as_nanosecond()).map_err(|error| format!("{text}: {error}"))
    } else {
        start
            .checked_add(duration(text)?)
            .ok_or_else(|| format!("{text} is too far away"))
    }
}

/// An instant near the start as its offset, any other in RFC 3339.
pub(super) fn show_instant(time: i64, start: i64) -> String {
    const DAYS: i64 = 10 * 86_400_000_000_000;
    match time.checked_sub(start) {
        Some(offset) if (-DAYS..=DAYS).contains(&offset) => format::Duration(offset).to_string(),
        _ => format::Time(time).to_string(),
    }
}

/// `1d2h`, `1m30s`, `-5ms`: a day has 24 hours.
pub(super) fn duration(text: &str) -> Result<i64, String> {
    let wrong = |error: jiff::Error| format!("`{text}` is no duration: {error}");
    let span: jiff::Span = text.parse().map_err(wrong)?;
    let length = span.to_duration(SpanRelativeTo::days_are_24_hours());
    i64::try_from(length.map_err(wrong)?.as_nanos()).map_err(|_| format!("`{text}` is too long"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bare(text: &str) -> Word {
        Word::Bare(text.into())
    }

    #[test]
    fn lines_have_words_items_and_a_text() {
        let read = parts("10s r raised host=a b=[1, 2] `count(where x > 1)`=3 ip=::1: a: b=c");
        let item = |name: &str, value| Part::Item(name.into(), value);
        let word = |text: &str| Part::Word(text.into());
        let expected = vec![
            word("10s"),
            word("r"),
            word("raised"),
            item("host", bare("a")),
            item("b", Word::List(vec![bare("1"), bare("2")])),
            item("count(where x > 1)", bare("3")),
            item("ip", bare("::1")),
            Part::Text("a: b=c".into()),
        ];
        assert_eq!(read, Ok(expected));
        let quoted = item("user", Word::Quoted("a \"b\"".into()));
        assert_eq!(parts(r#"user="a \"b\"""#), Ok(vec![quoted]));
        assert_eq!(parts("b=[]"), Ok(vec![item("b", Word::List(vec![]))]));
        assert_eq!(parts("r:"), Ok(vec![word("r"), Part::Text(String::new())]));
    }

    #[test]
    fn what_is_not_whole_is_refused() {
        for line in ["a=", "=b", "a=\"b", "a=[1", "`a", "a=\"\\"] {
            assert!(parts(line).is_err(), "{line}");
        }
    }

    #[test]
    fn times_are_offsets_or_absolute() {
        assert_eq!(instant("1m30s", 5), Ok(90_000_000_005));
        assert_eq!(instant("-1ns", 5), Ok(4));
        assert_eq!(instant("1d", 0), Ok(86_400_000_000_000));
        assert_eq!(instant("1970-01-01T00:00:01Z", 5), Ok(1_000_000_000));
        assert!(instant("soon", 0).is_err());
        assert_eq!(show_instant(90_000_000_005, 5), "1m30s");
        assert_eq!(show_instant(i64::MAX, 0), "2262-04-11T23:47:16.854775807Z");
    }

    #[test]
    fn words_are_read_by_type() {
        let colour = FieldType::Enum(["red".into(), "green".into()].into());
        assert_eq!(bare("green").read(&colour, 0), Ok(Value::Enum(1)));
        assert!(bare("blue").read(&colour, 0).is_err());
        assert_eq!(bare("null").read(&FieldType::Int, 0), Ok(Value::Null));
        assert_eq!(
            bare("7").read(&FieldType::Text, 0),
            Ok(Value::Text("7".into()))
        );
        assert_eq!(
            bare("2s").read(&FieldType::Time, 1),
            Ok(Value::Time(2_000_000_001))
        );
        assert!(bare("1.5").read(&FieldType::Int, 0).is_err());
        assert!(Word::List(vec![]).read(&FieldType::Int, 0).is_err());
    }
}

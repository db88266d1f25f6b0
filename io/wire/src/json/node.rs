//! A JSON value, as far as events need it.

use core::cell::Cell;
use core::fmt;
use std::borrow::Cow;

use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::JsonError;
use crate::Code;
use crate::limits::MAX_JSON_DEPTH;

/// An object's members, in their order, repetitions among them.
///
/// The type of an event may stand behind its fields, so that an object is kept as a list before it is read. Texts are
/// borrowed from the input where they hold no escapes.
pub(super) type Members<'a> = Vec<(Cow<'a, str>, Node<'a>)>;

/// A JSON value.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Node<'a> {
    Null,
    Bool(bool),
    /// A number that is written as an integer, and is in range.
    Int(i64),
    /// Any other number.
    Float(f64),
    Text(Cow<'a, str>),
    /// Nothing reads arrays, so their items are not kept.
    Array,
    Object(Members<'a>),
}

impl Node<'_> {
    /// What it is, as a reason says it.
    pub(super) fn describe(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool(_) => "a bool",
            Self::Int(_) | Self::Float(_) => "a number",
            Self::Text(_) => "a text",
            Self::Array => "an array",
            Self::Object(_) => "an object",
        }
    }
}

/// The value that this text is, and nothing behind it.
pub(super) fn parse(text: &str) -> Result<Node<'_>, JsonError> {
    let too_deep = Cell::new(false);
    let mut input = serde_json::Deserializer::from_str(text);
    Seed {
        depth: 0,
        too_deep: &too_deep,
    }
    .deserialize(&mut input)
    .and_then(|node| input.end().map(|()| node))
    .map_err(|error| refused(&error, too_deep.get()))
}

/// The UTF-8 that these bytes are.
pub(super) fn utf8(bytes: &[u8]) -> Result<&str, JsonError> {
    str::from_utf8(bytes).map_err(|error| {
        let reason = format!("not UTF-8 at byte {}", error.valid_up_to() + 1);
        JsonError::new(Code::JsonUtf8, reason)
    })
}

/// Why the parser stopped.
pub(super) fn refused(error: &serde_json::Error, too_deep: bool) -> JsonError {
    if too_deep {
        let reason = format!("more than {MAX_JSON_DEPTH} objects within one another");
        return JsonError::new(Code::JsonDepth, reason);
    }
    let (line, column) = (error.line(), error.column());
    let said = error.to_string();
    let place = format!(" at line {line} column {column}");
    let reason = match said.strip_suffix(&place) {
        // The caller knows which line of its input the text is.
        Some(what) if line == 1 => format!("{what} at column {column}"),
        _ => said,
    };
    JsonError::new(Code::JsonSyntax, reason)
}

/// Reads one value at this depth.
#[derive(Clone, Copy)]
pub(super) struct Seed<'s> {
    pub(super) depth: usize,
    /// Set where objects lie too deep: the parser's own errors are the other kind.
    pub(super) too_deep: &'s Cell<bool>,
}

impl<'de> DeserializeSeed<'de> for Seed<'_> {
    type Value = Node<'de>;

    fn deserialize<D: Deserializer<'de>>(self, input: D) -> Result<Node<'de>, D::Error> {
        input.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Seed<'_> {
    type Value = Node<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Node<'de>, E> {
        Ok(Node::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Node<'de>, E> {
        Ok(Node::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Node<'de>, E> {
        Ok(Node::Int(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Node<'de>, E> {
        Ok(i64::try_from(value).map_or(Node::Float(value as f64), Node::Int))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Node<'de>, E> {
        Ok(Node::Float(value))
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Node<'de>, E> {
        Ok(Node::Text(Cow::Borrowed(text)))
    }

    fn visit_str<E>(self, text: &str) -> Result<Node<'de>, E> {
        Ok(Node::Text(Cow::Owned(text.into())))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Node<'de>, A::Error> {
        while items.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Node::Array)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Node<'de>, A::Error> {
        if self.depth == MAX_JSON_DEPTH {
            self.too_deep.set(true);
            return Err(A::Error::custom("too deep"));
        }
        /// Enough for most events, so that the list is set aside once.
        const USUAL: usize = 8;
        let deeper = Self {
            depth: self.depth + 1,
            ..self
        };
        let mut kept = Vec::with_capacity(USUAL);
        while let Some(name) = members.next_key_seed(Name)? {
            kept.push((name, members.next_value_seed(deeper)?));
        }
        Ok(Node::Object(kept))
    }
}

/// Reads a member's name, borrowed where it can be.
struct Name;

impl<'de> DeserializeSeed<'de> for Name {
    type Value = Cow<'de, str>;

    fn deserialize<D: Deserializer<'de>>(self, input: D) -> Result<Cow<'de, str>, D::Error> {
        input.deserialize_str(self)
    }
}

impl<'de> Visitor<'de> for Name {
    type Value = Cow<'de, str>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a member's name")
    }

    fn visit_borrowed_str<E>(self, name: &'de str) -> Result<Cow<'de, str>, E> {
        Ok(Cow::Borrowed(name))
    }

    fn visit_str<E>(self, name: &str) -> Result<Cow<'de, str>, E> {
        Ok(Cow::Owned(name.into()))
    }
}

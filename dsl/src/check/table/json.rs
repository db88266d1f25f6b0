//! Lines of JSON objects, each member with its place in the file.

use std::ops::Range;

use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

/// The members of one line's object, in order.
pub(super) struct Object<'t>(Vec<(String, &'t RawValue)>);

impl<'t> Object<'t> {
    /// Reads a line.
    pub(super) fn read(line: &'t str) -> Result<Self, serde_json::Error> {
        let mut reader = serde_json::Deserializer::from_str(line);
        let object = reader.deserialize_map(Members)?;
        reader.end()?;
        Ok(object)
    }

    /// The member of that name; `Err` where there are two.
    pub(super) fn member(&self, name: &str) -> Result<Option<&'t RawValue>, &'t RawValue> {
        let mut found = self.0.iter().filter(|(other, _)| other == name);
        let first = found.next().map(|(_, value)| *value);
        match found.next() {
            Some((_, second)) => Err(second),
            None => Ok(first),
        }
    }
}

/// Where a part of `text` stands in it.
pub(super) fn place_in(text: &str, part: &str) -> Range<usize> {
    let start = (part.as_ptr() as usize).saturating_sub(text.as_ptr() as usize);
    start..start + part.len()
}

struct Members;

impl<'t> Visitor<'t> for Members {
    type Value = Object<'t>;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'t>>(self, mut map: A) -> Result<Object<'t>, A::Error> {
        let mut members = Vec::new();
        while let Some(member) = map.next_entry()? {
            members.push(member);
        }
        Ok(Object(members))
    }
}

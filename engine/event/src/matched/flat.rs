//! Matches in one buffer.
//!
//! A match has a dozen parts that would each have to be allocated, and given back on the thread that reads it. Between threads
//! matches therefore go as bytes, those of a step in one buffer: a tag for each part, and what it holds, numbers in little-endian order.

use super::{Match, MatchId, MatchKind, Part};
use crate::{FieldId, Ip, RuleId, Severity, TypeId, ValueRef};

/// Matches, one after the other in one buffer.
#[derive(Clone, Debug, Default)]
pub struct Matches {
    bytes: Vec<u8>,
    /// Where each begins.
    starts: Vec<usize>,
}

impl Matches {
    /// None, with room for what these take.
    #[must_use]
    pub fn sized_alike(&self) -> Self {
        Self {
            bytes: Vec::with_capacity(self.bytes.len()),
            starts: Vec::with_capacity(self.starts.len()),
        }
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.starts.len()
    }

    /// Are there none?
    pub fn is_empty(&self) -> bool {
        self.starts.is_empty()
    }

    /// Appends a match.
    pub fn add(&mut self, matched: &Match) {
        matched.tell(&mut |part| self.push(part));
    }

    /// Appends a part: a head begins a match, all others belong to the last one.
    #[inline]
    pub fn push(&mut self, part: Part<'_>) {
        if let Part::Head { .. } = part {
            self.starts.push(self.bytes.len());
        }
        let mut out = Writer(&mut self.bytes);
        match part {
            Part::Head {
                rule,
                kind,
                id,
                time,
                ingest,
            } => {
                out.bytes(&[tag::HEAD, kind as u8]);
                out.bytes(&rule.get().to_le_bytes());
                out.bytes(&id.0.to_le_bytes());
                out.bytes(&time.to_le_bytes());
                out.bytes(&ingest.to_le_bytes());
            }
            Part::Key(value) => {
                out.bytes(&[tag::KEY]);
                out.value(value);
            }
            Part::Event {
                alias,
                type_id,
                time,
                source,
                id,
                subject,
                severity,
            } => {
                // The code behind the last one stands for none.
                let severity = severity.map_or(Severity::ALL.len() as u8, Severity::code);
                out.bytes(&[tag::EVENT, severity]);
                out.bytes(&type_id.get().to_le_bytes());
                out.bytes(&time.to_le_bytes());
                out.text(alias);
                for text in [source, id, subject] {
                    out.bytes(&[text.is_some().into()]);
                    if let Some(text) = text {
                        out.text(text);
                    }
                }
            }
            Part::Field(field, value) => {
                out.bytes(&[tag::FIELD]);
                out.bytes(&field.get().to_le_bytes());
                out.value(value);
            }
            Part::Value(value) => {
                out.bytes(&[tag::VALUE]);
                out.value(value);
            }
            Part::Action(action) => {
                out.bytes(&[tag::ACTION]);
                out.bytes(&action.to_le_bytes());
            }
            Part::Argument(value) => {
                out.bytes(&[tag::ARGUMENT]);
                out.value(value);
            }
        }
    }

    /// Makes each match of its bytes, in order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = Match> + '_ {
        (0..self.len()).map(|place| self.get(place))
    }

    fn get(&self, place: usize) -> Match {
        let end = self.starts.get(place + 1).copied();
        let end = end.unwrap_or(self.bytes.len());
        let mut rest = Reader(&self.bytes[self.starts[place]..end]);
        let made = Match::of_parts(|to| {
            while !rest.0.is_empty() {
                to(rest.part());
            }
        });
        made.expect("a match begins with its head")
    }
}

impl IntoIterator for Matches {
    type Item = Match;
    type IntoIter = IntoMatches;

    fn into_iter(self) -> IntoMatches {
        IntoMatches {
            matches: self,
            next: 0,
        }
    }
}

/// Makes the matches of a buffer, one after the other.
#[derive(Clone, Debug, Default)]
pub struct IntoMatches {
    matches: Matches,
    next: usize,
}

impl Iterator for IntoMatches {
    type Item = Match;

    fn next(&mut self) -> Option<Match> {
        let place = self.next;
        (place < self.matches.len()).then(|| {
            self.next += 1;
            self.matches.get(place)
        })
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let left = self.matches.len() - self.next;
        (left, Some(left))
    }
}

impl ExactSizeIterator for IntoMatches {}

/// What a part, and what a value is.
mod tag {
    pub(super) const HEAD: u8 = 0;
    pub(super) const KEY: u8 = 1;
    pub(super) const EVENT: u8 = 2;
    pub(super) const FIELD: u8 = 3;
    pub(super) const VALUE: u8 = 4;
    pub(super) const ACTION: u8 = 5;
    pub(super) const ARGUMENT: u8 = 6;

    pub(super) const NULL: u8 = 0;
    pub(super) const BOOL: u8 = 1;
    pub(super) const INT: u8 = 2;
    pub(super) const FLOAT: u8 = 3;
    pub(super) const TEXT: u8 = 4;
    pub(super) const TIME: u8 = 5;
    pub(super) const DURATION: u8 = 6;
    pub(super) const IP: u8 = 7;
    pub(super) const ENUM: u8 = 8;
}

struct Writer<'b>(&'b mut Vec<u8>);

impl Writer<'_> {
    #[inline]
    fn bytes(&mut self, bytes: &[u8]) {
        self.0.extend_from_slice(bytes);
    }

    #[inline]
    fn text(&mut self, text: &str) {
        self.bytes(&(text.len() as u32).to_le_bytes());
        self.bytes(text.as_bytes());
    }

    #[inline]
    fn word(&mut self, tag: u8, word: u64) {
        let mut bytes = [tag; 9];
        bytes[1..].copy_from_slice(&word.to_le_bytes());
        self.bytes(&bytes);
    }

    #[inline]
    fn value(&mut self, value: ValueRef<'_>) {
        match value {
            ValueRef::Null => self.bytes(&[tag::NULL]),
            ValueRef::Bool(v) => self.bytes(&[tag::BOOL, v.into()]),
            ValueRef::Int(v) => self.word(tag::INT, v as u64),
            ValueRef::Float(v) => self.word(tag::FLOAT, v.to_bits()),
            ValueRef::Text(v) => {
                self.bytes(&[tag::TEXT]);
                self.text(v);
            }
            ValueRef::Time(v) => self.word(tag::TIME, v as u64),
            ValueRef::Duration(v) => self.word(tag::DURATION, v as u64),
            ValueRef::Ip(v) => {
                self.bytes(&[tag::IP]);
                self.bytes(&v.octets());
            }
            ValueRef::Enum(v) => {
                let [low, high] = v.to_le_bytes();
                self.bytes(&[tag::ENUM, low, high]);
            }
        }
    }
}

/// Reads what a [`Writer`] wrote; nobody else's bytes come here.
struct Reader<'b>(&'b [u8]);

impl<'b> Reader<'b> {
    fn array<const N: usize>(&mut self) -> [u8; N] {
        let (array, rest) = self.0.split_first_chunk().expect("a part is whole");
        self.0 = rest;
        *array
    }

    fn byte(&mut self) -> u8 {
        let [byte] = self.array();
        byte
    }

    fn text(&mut self) -> &'b str {
        let length = u32::from_le_bytes(self.array()) as usize;
        let (text, rest) = self.0.split_at(length);
        self.0 = rest;
        str::from_utf8(text).expect("a text is UTF-8")
    }

    fn value(&mut self) -> ValueRef<'b> {
        match self.byte() {
            tag::NULL => ValueRef::Null,
            tag::BOOL => ValueRef::Bool(self.byte() != 0),
            tag::INT => ValueRef::Int(i64::from_le_bytes(self.array())),
            tag::FLOAT => ValueRef::Float(f64::from_le_bytes(self.array())),
            tag::TEXT => ValueRef::Text(self.text()),
            tag::TIME => ValueRef::Time(i64::from_le_bytes(self.array())),
            tag::DURATION => ValueRef::Duration(i64::from_le_bytes(self.array())),
            tag::IP => ValueRef::Ip(Ip::from_octets(self.array())),
            tag::ENUM => ValueRef::Enum(u16::from_le_bytes(self.array())),
            other => unreachable!("no value has the tag {other}"),
        }
    }

    fn part(&mut self) -> Part<'b> {
        match self.byte() {
            tag::HEAD => {
                let kind = MatchKind::ALL[usize::from(self.byte())];
                Part::Head {
                    rule: RuleId::new(u32::from_le_bytes(self.array())),
                    kind,
                    id: MatchId(u128::from_le_bytes(self.array())),
                    time: i64::from_le_bytes(self.array()),
                    ingest: u64::from_le_bytes(self.array()),
                }
            }
            tag::KEY => Part::Key(self.value()),
            tag::EVENT => {
                let severity = Severity::from_code(self.byte());
                let type_id = TypeId::new(u32::from_le_bytes(self.array()));
                let time = i64::from_le_bytes(self.array());
                let alias = self.text();
                let mut optional = || (self.byte() != 0).then(|| self.text());
                Part::Event {
                    alias,
                    type_id,
                    time,
                    source: optional(),
                    id: optional(),
                    subject: optional(),
                    severity,
                }
            }
            tag::FIELD => {
                let field = FieldId::new(u16::from_le_bytes(self.array()));
                Part::Field(field, self.value())
            }
            tag::VALUE => Part::Value(self.value()),
            tag::ACTION => Part::Action(u32::from_le_bytes(self.array())),
            tag::ARGUMENT => Part::Argument(self.value()),
            other => unreachable!("no part has the tag {other}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values() -> [ValueRef<'static>; 10] {
        [
            ValueRef::Null,
            ValueRef::Bool(true),
            ValueRef::Bool(false),
            ValueRef::Int(i64::MIN),
            ValueRef::Float(-0.1),
            ValueRef::Text("schön"),
            ValueRef::Time(7),
            ValueRef::Duration(-7),
            ValueRef::Ip(Ip::from_octets([9; 16])),
            ValueRef::Enum(0x102),
        ]
    }

    fn parts(rule: u32) -> Vec<Part<'static>> {
        let head = Part::Head {
            rule: RuleId::new(rule),
            kind: MatchKind::ALL[rule as usize % 5],
            id: MatchId(u128::MAX / 7),
            time: -3,
            ingest: u64::MAX,
        };
        let event = |texts: bool, severity| Part::Event {
            alias: "c",
            type_id: TypeId::new(70_000),
            time: 12,
            source: texts.then_some(""),
            id: texts.then_some("17"),
            subject: None,
            severity,
        };
        let mut parts = vec![head];
        parts.extend(values().map(Part::Key));
        parts.push(event(true, Some(Severity::Critical)));
        parts.extend(values().map(|value| Part::Field(FieldId::new(300), value)));
        parts.push(event(false, None));
        parts.extend(values().map(Part::Value));
        for action in 0..2 {
            parts.push(Part::Action(action));
            parts.extend(values().map(Part::Argument));
        }
        parts
    }

    #[test]
    fn what_is_read_is_what_was_written() {
        let mut flat = Matches::default();
        assert!(flat.is_empty());
        let all: Vec<Vec<Part<'_>>> = (0..7).map(parts).collect();
        all.iter().flatten().for_each(|part| flat.push(*part));
        let expected: Vec<Match> = all
            .iter()
            .map(|parts| Match::of_parts(|to| parts.iter().for_each(|part| to(*part))))
            .map(|made| made.expect("it begins with its head"))
            .collect();
        assert_eq!(flat.len(), 7);
        assert_eq!(flat.iter().collect::<Vec<_>>(), expected);
        let mut rest = flat.into_iter();
        assert_eq!(rest.next().as_ref(), expected.first());
        assert_eq!(rest.len(), 6);
        assert_eq!(rest.collect::<Vec<_>>(), expected[1..]);
        let first = &expected[0];
        assert_eq!(first.events[0].source.as_deref(), Some(""));
        assert_eq!(first.events[0].severity, Some(Severity::Critical));
        let fields = first.events[0].fields.iter().map(|(_, value)| value);
        assert!(fields.eq(values().map(ValueRef::to_value).iter()));
        assert_eq!(first.actions[1].args, values().map(ValueRef::to_value));
        assert_eq!((first.key.len(), first.values.len()), (10, 10));
    }

    #[test]
    fn no_match_is_without_a_head() {
        assert_eq!(Match::of_parts(|to| to(Part::Action(1))), None);
    }
}

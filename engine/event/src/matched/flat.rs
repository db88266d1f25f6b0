//! Matches in one buffer.
//!
//! A match has a dozen parts that would each have to be allocated, and given back on the thread that reads it. Between threads
//! matches therefore go as bytes, those of a step in one buffer: a tag for each part, and what it holds, numbers in little-endian order.

use super::{Match, MatchId, MatchKind, Part, PartSink};
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

/// Appends: a head begins a match, all other parts belong to the last one.
impl PartSink for Matches {
    #[allow(
        clippy::inline_always,
        reason = "who tells knows which part it is: each place keeps what that one takes"
    )]
    #[inline(always)]
    fn part(&mut self, part: Part<'_>) {
        let mut out = Writer(&mut self.bytes);
        match part {
            Part::Head {
                rule,
                kind,
                id,
                time,
                ingest,
            } => {
                self.starts.push(out.0.len());
                let mut head = [tag::HEAD; 38];
                head[1] = kind as u8;
                head[2..6].copy_from_slice(&rule.get().to_le_bytes());
                head[6..22].copy_from_slice(&id.0.to_le_bytes());
                head[22..30].copy_from_slice(&time.to_le_bytes());
                head[30..].copy_from_slice(&ingest.to_le_bytes());
                out.bytes(&head);
            }
            Part::Key(value) => out.value([tag::KEY], value),
            Part::Event {
                alias,
                type_id,
                time,
                source,
                id,
                subject,
                severity,
            } => {
                let mut event = [tag::EVENT; 18];
                // The code behind the last one stands for none.
                event[1] = severity.map_or(Severity::ALL.len() as u8, Severity::code);
                event[2..6].copy_from_slice(&type_id.get().to_le_bytes());
                event[6..14].copy_from_slice(&time.to_le_bytes());
                event[14..].copy_from_slice(&(alias.len() as u32).to_le_bytes());
                out.bytes(&event);
                out.bytes(alias.as_bytes());
                for text in [source, id, subject] {
                    match text {
                        None => out.bytes(&[0]),
                        Some(text) => out.text([1], text),
                    }
                }
            }
            Part::Field(field, value) => {
                let [low, high] = field.get().to_le_bytes();
                out.value([tag::FIELD, low, high], value);
            }
            Part::Value(value) => out.value([tag::VALUE], value),
            Part::Action(action) => {
                let mut bytes = [tag::ACTION; 5];
                bytes[1..].copy_from_slice(&action.to_le_bytes());
                out.bytes(&bytes);
            }
            Part::Argument(value) => out.value([tag::ARGUMENT], value),
        }
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

/// More than a tag, what a part has before its value, and a number take.
const WORD: usize = 16;

impl Writer<'_> {
    #[inline]
    fn bytes(&mut self, bytes: &[u8]) {
        self.0.extend_from_slice(bytes);
    }

    /// A text behind `before`.
    #[inline]
    fn text<const N: usize>(&mut self, before: [u8; N], text: &str) {
        let mut bytes = [0; WORD];
        bytes[..N].copy_from_slice(&before);
        bytes[N..N + 4].copy_from_slice(&(text.len() as u32).to_le_bytes());
        self.bytes(&bytes[..N + 4]);
        self.bytes(text.as_bytes());
    }

    /// A tag and a number behind `before`.
    #[inline]
    fn word<const N: usize>(&mut self, before: [u8; N], tag: u8, word: u64) {
        let mut bytes = [tag; WORD];
        bytes[..N].copy_from_slice(&before);
        bytes[N + 1..N + 9].copy_from_slice(&word.to_le_bytes());
        self.bytes(&bytes[..N + 9]);
    }

    /// What is short behind `before`.
    #[inline]
    fn short<const N: usize>(&mut self, before: [u8; N], bytes: &[u8]) {
        self.bytes(&before);
        self.bytes(bytes);
    }

    /// A value behind `before`.
    fn value<const N: usize>(&mut self, before: [u8; N], value: ValueRef<'_>) {
        match value {
            ValueRef::Null => self.short(before, &[tag::NULL]),
            ValueRef::Bool(v) => self.short(before, &[tag::BOOL, v.into()]),
            ValueRef::Int(v) => self.word(before, tag::INT, v as u64),
            ValueRef::Float(v) => self.word(before, tag::FLOAT, v.to_bits()),
            ValueRef::Text(v) => {
                self.bytes(&before);
                self.text([tag::TEXT], v);
            }
            ValueRef::Time(v) => self.word(before, tag::TIME, v as u64),
            ValueRef::Duration(v) => self.word(before, tag::DURATION, v as u64),
            ValueRef::Ip(v) => {
                self.short(before, &[tag::IP]);
                self.bytes(&v.octets());
            }
            ValueRef::Enum(v) => {
                let [low, high] = v.to_le_bytes();
                self.short(before, &[tag::ENUM, low, high]);
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
        all.iter().flatten().for_each(|part| flat.part(*part));
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

//! Events that rules hold on to after their batch has gone: envelope and kept fields.

use trapjaw_event::{
    ColumnData, ColumnView, FieldId, Ip, SectionView, Severity, TextView, ValueRef,
};
use trapjaw_program::Envelope;

use crate::vm::bits;

/// A copy of an event: its envelope, and of its fields those that its rule keeps.
///
/// All texts lie in one buffer, so that the copy of a key's next event goes where that of the last one was.
#[derive(Clone, Debug, Default)]
pub(crate) struct KeptEvent {
    /// Place in the rule's sources.
    pub(crate) source: u16,
    pub(crate) time: i64,
    pub(crate) severity: Option<Severity>,
    texts: String,
    source_name: Span,
    id: Option<Span>,
    subject: Option<Span>,
    /// By place among the source's kept fields.
    values: Vec<KeptValue>,
}

/// Where a text lies in its event's buffer.
#[derive(Clone, Copy, Debug, Default)]
struct Span {
    start: u32,
    end: u32,
}

#[derive(Clone, Copy, Debug)]
enum KeptValue {
    Text(Span),
    /// Any but a text.
    Plain(ValueRef<'static>),
}

/// Where in a section of a batch the values are that a rule keeps of its events.
#[derive(Debug)]
pub(crate) struct Keeping<'s> {
    source: u16,
    times: &'s [i64],
    source_names: TextView<'s>,
    ids: Option<ColumnView<'s>>,
    subjects: Option<ColumnView<'s>>,
    /// The section, where it has severities.
    severities: Option<SectionView<'s>>,
    fields: Vec<Option<ColumnView<'s>>>,
}

impl<'s> Keeping<'s> {
    /// Of the source's kept fields.
    pub(crate) fn new(source: u16, kept: &[FieldId], section: SectionView<'s>) -> Self {
        Self {
            source,
            times: section.times(),
            source_names: section.source(),
            ids: section.id(),
            subjects: section.subject(),
            severities: section.severity().map(|_| section),
            fields: kept.iter().map(|&field| section.column(field)).collect(),
        }
    }

    /// The times of the events, and the columns of the kept fields.
    pub(crate) fn columns(&self) -> (&'s [i64], &[Option<ColumnView<'s>>]) {
        (self.times, &self.fields)
    }
}

/// A buffer of at most this many bytes is kept for the next event, however little that one needs.
const SPARE: usize = 256;

impl KeptEvent {
    /// What is read of an event that never came: these values of the kept fields.
    pub(crate) fn unseen<'v>(values: impl Iterator<Item = ValueRef<'v>>) -> Self {
        let mut kept = Self::default();
        for value in values {
            let value = kept.copied(value);
            kept.values.push(value);
        }
        kept
    }

    /// Takes the place of whatever event this was.
    pub(crate) fn assign(&mut self, keeping: &Keeping<'_>, row: usize) {
        self.texts.clear();
        self.source = keeping.source;
        self.time = keeping.times[row];
        self.severity = (keeping.severities).and_then(|section| section.severity_at(row));
        self.source_name = self.push(keeping.source_names.get(row));
        self.id = self.push_present(keeping.ids.as_ref(), row);
        self.subject = self.push_present(keeping.subjects.as_ref(), row);
        self.values.clear();
        self.values.reserve(keeping.fields.len());
        for column in &keeping.fields {
            let value = match column {
                Some(column) if column.is_present(row) => self.copied_of(&column.data, row),
                _ => KeptValue::Plain(ValueRef::Null),
            };
            self.values.push(value);
        }
        if self.texts.capacity() > SPARE.max(2 * self.texts.len()) {
            self.texts.shrink_to_fit();
        }
    }

    /// Appends a value that is no field of the event, but computed of it.
    pub(crate) fn push_value(&mut self, value: ValueRef<'_>) {
        let value = self.copied(value);
        self.values.push(value);
    }

    /// Bytes that it takes.
    pub(crate) fn bytes(&self) -> usize {
        size_of::<Self>() + self.texts.capacity() + self.values.capacity() * size_of::<KeptValue>()
    }

    /// Bytes that one with so many values takes, without its texts.
    pub(crate) fn bytes_of(values: usize) -> usize {
        let room = if values == 0 {
            0
        } else {
            values.next_power_of_two().max(4)
        };
        size_of::<Self>() + room * size_of::<KeptValue>()
    }

    /// The value of a kept field, by its place among them.
    pub(crate) fn value(&self, kept: usize) -> ValueRef<'_> {
        match self.values[kept] {
            KeptValue::Text(span) => ValueRef::Text(self.text(span)),
            KeptValue::Plain(value) => value,
        }
    }

    pub(crate) fn source_name(&self) -> &str {
        self.text(self.source_name)
    }

    pub(crate) fn id(&self) -> Option<&str> {
        self.id.map(|span| self.text(span))
    }

    pub(crate) fn subject(&self) -> Option<&str> {
        self.subject.map(|span| self.text(span))
    }

    /// A field of the envelope; the type's name is given, since it is not kept.
    pub(crate) fn envelope<'a>(&'a self, wire_name: &'a str, field: Envelope) -> ValueRef<'a> {
        let text = |text: Option<&'a str>| text.map_or(ValueRef::Null, ValueRef::Text);
        match field {
            Envelope::Type => ValueRef::Text(wire_name),
            Envelope::Source => ValueRef::Text(self.source_name()),
            Envelope::Id => text(self.id()),
            Envelope::Subject => text(self.subject()),
            Envelope::Time => ValueRef::Time(self.time),
            Envelope::Severity => self
                .severity
                .map_or(ValueRef::Null, |s| ValueRef::Enum(s as u16)),
        }
    }

    /// The value of a row that has one.
    #[inline]
    fn copied_of(&mut self, data: &ColumnData<'_>, row: usize) -> KeptValue {
        KeptValue::Plain(match *data {
            ColumnData::Text(texts) => return KeptValue::Text(self.push(texts.get(row))),
            ColumnData::Dict(texts) => return KeptValue::Text(self.push(texts.get(row))),
            ColumnData::Bool(truth) => ValueRef::Bool(bits::get(truth, row)),
            ColumnData::Int(values) => ValueRef::Int(values[row]),
            ColumnData::Float(values) => ValueRef::Float(values[row]),
            ColumnData::Time(values) => ValueRef::Time(values[row]),
            ColumnData::Duration(values) => ValueRef::Duration(values[row]),
            ColumnData::Enum(codes) => ValueRef::Enum(codes[row]),
            ColumnData::Ip(values) => ValueRef::Ip(Ip::from_octets(values[row])),
        })
    }

    fn copied(&mut self, value: ValueRef<'_>) -> KeptValue {
        KeptValue::Plain(match value {
            ValueRef::Text(text) => return KeptValue::Text(self.push(text)),
            ValueRef::Null => ValueRef::Null,
            ValueRef::Bool(v) => ValueRef::Bool(v),
            ValueRef::Int(v) => ValueRef::Int(v),
            ValueRef::Float(v) => ValueRef::Float(v),
            ValueRef::Time(v) => ValueRef::Time(v),
            ValueRef::Duration(v) => ValueRef::Duration(v),
            ValueRef::Ip(v) => ValueRef::Ip(v),
            ValueRef::Enum(v) => ValueRef::Enum(v),
        })
    }

    /// The row's text, if there is one.
    #[inline]
    fn push_present(&mut self, texts: Option<&ColumnView<'_>>, row: usize) -> Option<Span> {
        match texts?.value(row) {
            ValueRef::Text(text) => Some(self.push(text)),
            _ => None,
        }
    }

    #[inline]
    fn push(&mut self, text: &str) -> Span {
        let start = self.texts.len() as u32;
        self.texts.push_str(text);
        Span {
            start,
            end: self.texts.len() as u32,
        }
    }

    fn text(&self, span: Span) -> &str {
        &self.texts[span.start as usize..span.end as usize]
    }
}

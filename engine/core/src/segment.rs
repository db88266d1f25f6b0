//! A segment: one event type's rows of a step, with the type's conditions computed over them.
//!
//! A step's input is a batch of one or more sections; events that rules derive join it as further
//! sections. Rules see only segments, wherever these came from.

use core::ops::Range;
use std::borrow::Cow;

use trapjaw_event::{BatchView, RuleId, SectionView, TextView, TypeId, ValueRef};
use trapjaw_program::{Envelope, Input, Rule, RuleSet, Source};
use xxhash_rust::xxh3::{Xxh3, xxh3_128};

use crate::index::{Hits, Index, Readers, TypeIndex, Where};
use crate::place::Cause;
use crate::vm::{self, Bound, Registers, Selection, bits};

/// The place of an event in the stream that brought it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Origin {
    /// The stream's id, chosen by its sender.
    pub stream: u128,
    /// The event's number in it.
    pub sequence: u64,
}

impl Origin {
    /// The place of an event that rules derive.
    pub(crate) const NOWHERE: Self = Self {
        stream: 0,
        sequence: 0,
    };
}

/// What is known of the rows of a step's batch, by their place in the batch's order.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Rows<'a> {
    /// They came in one stream, one after the other.
    Stream(Origin),
    /// Each from its own, with what derived it.
    Each(&'a [RowOrigin]),
}

/// Where a row came from that another shard, or a rule, sent.
#[derive(Clone, Debug)]
pub(crate) struct RowOrigin {
    pub(crate) origin: Origin,
    /// When it takes effect.
    pub(crate) effect: i64,
    pub(crate) cause: Cause,
}

/// What the index of a segment's type has found in it.
#[derive(Clone, Copy)]
pub(crate) struct Found<'s> {
    readers: &'s Readers,
    hits: &'s Hits,
}

impl<'s> Found<'s> {
    /// The rules that any row concerns.
    pub(crate) fn always(self) -> &'s [RuleId] {
        self.readers.always()
    }

    /// The other rules that some rows concern, with these rows; by condition.
    pub(crate) fn concerned(self) -> impl Iterator<Item = (&'s [RuleId], &'s [u32])> {
        let Self { readers, hits } = self;
        hits.iter()
            .map(move |(item, rows)| (readers.of(item), rows))
    }
}

/// Rows of one event type.
#[derive(Debug)]
pub(crate) struct Segment<'a> {
    pub(crate) section: SectionView<'a>,
    wire_name: &'a str,
    /// The conditions of its type; where the type has an index, what is computed of them for all rows.
    conditions: Registers<'a>,
    /// What was found by the type's index.
    found: Option<(&'a TypeIndex, Hits)>,
    /// The rules that read its type, with the place among their sources; sorted by rule.
    readers: &'a [(RuleId, u16)],
    /// Place of each row in its batch's order; `None`: the batch has this section alone.
    places: Option<Vec<u32>>,
    rows: Rows<'a>,
    /// For derived events: the row of the step at which each arose.
    step_rows: Option<&'a [u32]>,
    /// For forwarded rows: which rules they are for, by place in the batch's order; sorted.
    targets: Option<&'a [(RuleId, u32)]>,
}

impl<'a> Segment<'a> {
    pub(crate) fn new(
        (rules, index): (&'a RuleSet, &'a Index),
        section: SectionView<'a>,
        places: Option<Vec<u32>>,
        rows: Rows<'a>,
        step_rows: Option<&'a [u32]>,
        targets: Option<&'a [(RuleId, u32)]>,
    ) -> Self {
        let type_id = section.type_id();
        let wire_name = &*rules.registry.get(type_id).wire_name;
        let program = &rules.types[type_id.index()];
        let bind = |input| bind(section, wire_name, input);
        let index = index.of(type_id);
        let code = index.map_or(&program.code, TypeIndex::base);
        let all = Selection::All(section.rows());
        let conditions = vm::run(code, &rules.tables, bind, all);
        let found = index.map(|index| {
            let found = index.search(&conditions, section.rows(), bind, &rules.tables);
            (index, found)
        });
        Self {
            section,
            wire_name,
            conditions,
            found,
            readers: &program.readers,
            places,
            rows,
            step_rows,
            targets,
        }
    }

    /// Values that became null in the conditions.
    pub(crate) fn faults(&self) -> crate::counters::Faults {
        self.conditions.faults()
    }

    /// The rules that read it, with the place among their sources; sorted by rule.
    pub(crate) fn readers(&self) -> &'a [(RuleId, u16)] {
        self.readers
    }

    /// Which of a rule's sources reads this segment.
    pub(crate) fn source_index(&self, (id, rule): (RuleId, &Rule)) -> Option<usize> {
        // Most rules read one type: comparing it is cheaper than looking for the rule.
        if let [source] = &*rule.sources {
            return (source.type_id == self.type_id()).then_some(0);
        }
        let reader = self.readers.binary_search_by_key(&id, |(id, _)| *id);
        Some(usize::from(self.readers[reader.ok()?].1))
    }

    /// The source of a rule that reads this segment.
    pub(crate) fn source_of<'r>(&self, rule: (RuleId, &'r Rule)) -> &'r Source {
        &rule.1.sources[self.source_index(rule).unwrap_or_default()]
    }

    /// Of which type its rows are.
    pub(crate) fn type_id(&self) -> TypeId {
        self.section.type_id()
    }

    /// The rows for which a condition is true, as a bitmap; `None`: all.
    pub(crate) fn truth(&self, condition: Option<u32>) -> Option<Cow<'_, [u64]>> {
        condition.map(|condition| match self.computed(condition) {
            Where::Base(output) => self.conditions.truth(output),
            Where::Item(_) => {
                let mut truth = vec![0; bits::words(self.section.rows())];
                for &row in self.rows_of(condition).unwrap_or_default() {
                    bits::set(&mut truth, row as usize);
                }
                Cow::Owned(truth)
            }
        })
    }

    /// The rows for which a condition is true, where the type's index has found them one by one.
    pub(crate) fn rows_of(&self, condition: u32) -> Option<&[u32]> {
        let (index, hits) = self.found.as_ref()?;
        match index.place(condition) {
            Where::Base(_) => None,
            Where::Item(item) => Some(hits.of(item)),
        }
    }

    /// What the type's index has found, where it has one.
    pub(crate) fn found(&self) -> Option<Found<'_>> {
        let (index, hits) = self.found.as_ref()?;
        let readers = index.readers();
        Some(Found { readers, hits })
    }

    fn computed(&self, condition: u32) -> Where {
        let index = self.found.as_ref().map(|(index, _)| index);
        index.map_or(Where::Base(condition), |index| index.place(condition))
    }

    /// The column behind an input of code that reads this segment.
    pub(crate) fn bind(&self, input: Input) -> Bound<'a> {
        bind(self.section, self.wire_name, input)
    }

    /// A field of a row's envelope.
    pub(crate) fn envelope(&self, row: u32, field: Envelope) -> ValueRef<'_> {
        let row = row as usize;
        let optional = |column: Option<trapjaw_event::ColumnView<'a>>| {
            column.map_or(ValueRef::Null, |column| column.value(row))
        };
        match field {
            Envelope::Type => ValueRef::Text(self.wire_name),
            Envelope::Source => ValueRef::Text(self.section.source().get(row)),
            Envelope::Id => optional(self.section.id()),
            Envelope::Subject => optional(self.section.subject()),
            Envelope::Time => ValueRef::Time(self.section.times()[row]),
            Envelope::Severity => self
                .section
                .severity_at(row)
                .map_or(ValueRef::Null, |severity| ValueRef::Enum(severity as u16)),
        }
    }

    /// Is the row for this rule? Rows that came from another shard name their rules.
    pub(crate) fn is_for(&self, rule: RuleId, row: u32) -> bool {
        self.targets
            .is_none_or(|targets| targets.binary_search(&(rule, self.place(row))).is_ok())
    }

    /// Of rows that came from another shard: which rules they are for, by place in the batch's order.
    pub(crate) fn targets(&self) -> Option<&'a [(RuleId, u32)]> {
        self.targets
    }

    /// Its rows, which are no derived ones, that lie in a piece of the step.
    pub(crate) fn rows_in(&self, piece: &Range<u32>) -> Range<usize> {
        let rows = self.section.rows();
        match &self.places {
            None => (piece.start as usize).min(rows)..(piece.end as usize).min(rows),
            Some(places) => {
                let before = |end: u32| places.partition_point(|&place| place < end);
                before(piece.start)..before(piece.end)
            }
        }
    }

    /// The row of the step: an index into its effect times.
    pub(crate) fn step_row(&self, row: u32) -> u32 {
        let place = self.place(row);
        self.step_rows.map_or(place, |rows| rows[place as usize])
    }

    /// Are its rows all rows of the step, in order, so that both count alike?
    pub(crate) fn is_step(&self) -> bool {
        self.places.is_none() && matches!(self.rows, Rows::Stream(_))
    }

    /// Have its events nothing but a type, a time and fields?
    pub(crate) fn is_bare(&self) -> bool {
        let section = self.section;
        let is_unnamed = match section.source() {
            TextView::Plain(texts) => texts.text.is_empty(),
            TextView::Dict(texts) => texts.values.text.is_empty(),
        };
        is_unnamed
            && section.id().is_none()
            && section.subject().is_none()
            && section.severity().is_none()
    }

    /// May rows have been derived?
    pub(crate) fn has_causes(&self) -> bool {
        matches!(self.rows, Rows::Each(_))
    }

    /// When the row takes effect, where that is not the step's own reckoning.
    pub(crate) fn effect(&self, row: u32) -> Option<i64> {
        match self.rows {
            Rows::Stream(_) => None,
            Rows::Each(rows) => Some(rows[self.place(row) as usize].effect),
        }
    }

    /// What derived the row.
    pub(crate) fn cause(&self, row: u32) -> &Cause {
        match self.rows {
            Rows::Stream(_) => &None,
            Rows::Each(rows) => &rows[self.place(row) as usize].cause,
        }
    }

    /// Where the row came from.
    pub(crate) fn origin(&self, row: u32) -> Origin {
        let place = self.place(row);
        match self.rows {
            Rows::Stream(first) => Origin {
                // A stream that counts from its end goes on from 0.
                sequence: first.sequence.wrapping_add(u64::from(place)),
                ..first
            },
            Rows::Each(rows) => rows[place as usize].origin,
        }
    }

    /// The row's identity.
    pub(crate) fn identity(&self, row: u32) -> u128 {
        let origin = self.origin(row);
        match self.section.id().map(|ids| ids.value(row as usize)) {
            Some(ValueRef::Text(id)) => {
                let source = self.section.source().get(row as usize);
                identity(source, Some(id), origin)
            }
            _ => identity("", None, origin),
        }
    }

    fn place(&self, row: u32) -> u32 {
        self.places
            .as_ref()
            .map_or(row, |places| places[row as usize])
    }
}

pub(crate) fn bind<'a>(section: SectionView<'a>, wire_name: &'a str, input: Input) -> Bound<'a> {
    match input {
        Input::Field(field) => section
            .column(field)
            .map_or(Bound::Value(ValueRef::Null), Bound::Column),
        Input::Envelope(Envelope::Type) => Bound::Value(ValueRef::Text(wire_name)),
        Input::Envelope(Envelope::Source) => Bound::Texts(section.source()),
        Input::Envelope(Envelope::Id) => section
            .id()
            .map_or(Bound::Value(ValueRef::Null), Bound::Column),
        Input::Envelope(Envelope::Subject) => section
            .subject()
            .map_or(Bound::Value(ValueRef::Null), Bound::Column),
        Input::Envelope(Envelope::Time) => Bound::Times(section.times()),
        Input::Envelope(Envelope::Severity) => match section.severity() {
            Some((validity, codes)) => Bound::Severity(validity, codes),
            None => Bound::Value(ValueRef::Null),
        },
        Input::Kept(_) | Input::Aggregate(_) => {
            unreachable!("the verifier lets a type's code read its events alone")
        }
    }
}

/// Gives a batch's sections with the conditions of their types to who works with them. Mostly there is one, which then stays
/// where it was made.
pub(crate) fn with_segments<T>(
    rules: (&RuleSet, &Index),
    batch: BatchView<'_>,
    rows: Rows<'_>,
    targets: Option<&[(RuleId, u32)]>,
    work: impl FnOnce(&[Segment<'_>]) -> T,
) -> T {
    let of = |section, places| Segment::new(rules, section, places, rows, None, targets);
    let count = batch.section_count();
    if count == 1 {
        return work(&[of(batch.section(0), None)]);
    }
    let mut places: Vec<Vec<u32>> = vec![Vec::new(); count];
    for ((section, _), place) in batch.rows_in_order().zip(0..) {
        places[section].push(place);
    }
    let each = batch.sections().zip(places);
    let segments: Vec<Segment<'_>> = each
        .map(|(section, places)| of(section, Some(places)))
        .collect();
    work(&segments)
}

/// An event's identity: its source and id where it has an id, else its place in its stream.
pub(crate) fn identity(source: &str, id: Option<&str>, origin: Origin) -> u128 {
    let Some(id) = id else {
        let mut place = [2; 25];
        place[1..17].copy_from_slice(&origin.stream.to_le_bytes());
        place[17..].copy_from_slice(&origin.sequence.to_le_bytes());
        return xxh3_128(&place);
    };
    let mut hash = Xxh3::new();
    hash.update(&[1]);
    hash.update(&(source.len() as u64).to_le_bytes());
    hash.update(source.as_bytes());
    hash.update(id.as_bytes());
    hash.digest128()
}

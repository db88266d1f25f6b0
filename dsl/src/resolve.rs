//! What the names of a rule set stand for: the side table that checking leaves behind, for editors.
//!
//! [`check`](crate::check()) asks for each name what it means. What it finds is noted here with its place, so that
//! nobody has to resolve names a second time. A rule that is wrong is noted as far as it was understood; an item that
//! holds a syntax error is not looked into, and only its neighbours are here.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;
use trapjaw_event::{FieldId, FieldType, Registry, TypeId, Value};
use trapjaw_program::{AggregateFunction, Envelope, Table, TableId};

use crate::source::{SourceId, Span};

/// What a name stands for.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Target {
    /// An event type.
    EventType(TypeId),
    /// A declared field of an event type.
    Field(TypeId, FieldId),
    /// A value of an enum, by its place. Enums with the same values are one type, so that it may be declared in
    /// several fields.
    Variant(FieldType, u16),
    /// A table.
    Table(TableId),
    /// A field of a table, by its place.
    Column(TableId, u16),
    /// A constant.
    Constant(Box<str>),
    /// A rule.
    Rule(Box<str>),
    /// What a rule calls its event, or a pattern an element: by the place that gives the name.
    Alias(Span),
    /// A field of the envelope.
    Envelope(Envelope),
    /// An aggregate.
    Aggregate(AggregateFunction),
    /// A scalar function.
    Function(&'static str),
    /// An action, which the configuration defines.
    Action(Box<str>),
    /// `now`: the instant of a schedule.
    Now,
    /// `waiting`: what a pattern that ran out of time waited for.
    Waiting,
}

impl Target {
    /// Whether rule files declare it; the rest is the language's, or the configuration's.
    pub fn is_declared(&self) -> bool {
        matches!(
            self,
            Target::EventType(_)
                | Target::Field(..)
                | Target::Variant(..)
                | Target::Table(_)
                | Target::Column(..)
                | Target::Constant(_)
                | Target::Rule(_)
                | Target::Alias(_)
        )
    }
}

/// A place that means something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reference {
    /// Where the name stands; of a field in nested data the whole path.
    pub place: Span,
    /// What it stands for.
    pub target: Target,
}

/// The value of a constant.
#[derive(Clone, Debug, PartialEq)]
pub enum Constant {
    /// One value of this type.
    Value(Value, FieldType),
    /// Several, or a network.
    List,
    /// Its declaration is wrong.
    Unknown,
}

/// The events that an alias stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Aliased {
    /// Their types.
    pub types: Vec<TypeId>,
    /// Whether the rule says `any`, so that only the envelope is known.
    pub any: bool,
}

/// The side table. It holds what is right enough to be used, be there errors elsewhere.
#[derive(Clone, Debug, Default)]
pub struct Resolutions {
    /// The event types.
    pub registry: Arc<Registry>,
    /// The tables, by [`TableId`].
    pub tables: Vec<Arc<Table>>,
    /// The constants by their names.
    pub constants: BTreeMap<Box<str>, Constant>,
    /// The aliases, by the places that declare them.
    pub aliases: BTreeMap<Span, Aliased>,
    /// Names that declare something, in the order of their places.
    declarations: Vec<Reference>,
    /// Names that refer to something, in the order of their places; one that is read as several things at once, say as
    /// a field of two event types, stands there once for each.
    references: Vec<Reference>,
    /// Whether uses were left out because there are too many.
    overflow: bool,
}

impl Resolutions {
    /// All names that declare something, in the order of their places.
    pub fn declarations(&self) -> &[Reference] {
        &self.declarations
    }

    /// All names that refer to something, in the order of their places.
    pub fn references(&self) -> &[Reference] {
        &self.references
    }

    /// What stands at an offset, be it in a name or directly behind it; several where a name is read as several things.
    pub fn at(&self, source: SourceId, offset: u32) -> Vec<&Reference> {
        let mut found: Vec<&Reference> = touching(&self.declarations, source, offset)
            .chain(touching(&self.references, source, offset))
            .collect();
        // Of two names that meet at the offset, the one that begins there is meant.
        if let Some(last) = found.iter().map(|reference| reference.place).max() {
            found.retain(|reference| reference.place == last);
        }
        found
    }

    /// The places that declare it.
    pub fn declared(&self, target: &Target) -> impl Iterator<Item = Span> {
        places(&self.declarations, target)
    }

    /// The places that refer to it, without those that declare it.
    pub fn referred(&self, target: &Target) -> impl Iterator<Item = Span> {
        places(&self.references, target)
    }

    /// Whether everything is here: of rules that name more than a million things, the rest is left out.
    pub fn is_complete(&self) -> bool {
        !self.overflow
    }

    pub(crate) fn declare(&mut self, place: Span, target: Target) {
        self.declarations.push(Reference { place, target });
    }

    pub(crate) fn refer(&mut self, place: Span, target: Target) {
        if self.references.len() < MAX_REFERENCES {
            self.references.push(Reference { place, target });
        } else {
            self.overflow = true;
        }
    }

    /// Puts places in order. A name that was looked at twice is noted once.
    pub(crate) fn finish(&mut self) {
        for list in [&mut self.declarations, &mut self.references] {
            list.sort_by_key(|reference| reference.place);
            let mut seen = HashSet::new();
            let mut at = None;
            list.retain(|reference| {
                if at.replace(reference.place) != Some(reference.place) {
                    seen.clear();
                }
                seen.insert(reference.target.clone())
            });
        }
    }
}

/// How many uses of names are noted: a short text can name a field of thousands of event types often.
const MAX_REFERENCES: usize = 1 << 20;

/// Those of a sorted list in which the offset lies, or at whose end. Names don't overlap.
fn touching(list: &[Reference], source: SourceId, offset: u32) -> impl Iterator<Item = &Reference> {
    let end = list.partition_point(|reference| {
        (reference.place.source, reference.place.start) <= (source, offset)
    });
    let before = list[..end].iter().rev();
    before.take_while(move |reference| {
        reference.place.source == source && offset <= reference.place.end
    })
}

fn places(list: &[Reference], target: &Target) -> impl Iterator<Item = Span> {
    list.iter()
        .filter(move |reference| reference.target == *target)
        .map(|reference| reference.place)
}

//! What expressions of a pattern see beside the event under test.

use trapjaw_dsl::hir::Aggregate;
use trapjaw_dsl::hir::pattern::{ElementId, EventRef, Pattern, Read};
use trapjaw_event::{Event, TypeId, Value};

use super::super::aggregate;
use super::super::eval::{Scope, envelope, field_of};

/// What is bound, and where the expression stands.
#[derive(Clone, Copy, Debug)]
pub(in crate::oracle) struct View<'a> {
    pub(super) pattern: &'a Pattern,
    /// The types of the event under test, as fields are numbered by them.
    pub(in crate::oracle) types: &'a [TypeId],
    /// The partition's input: when each event took effect.
    pub(super) input: &'a [(i64, &'a Event)],
    /// Bound events: element and place in the input, in order.
    pub(super) bound: &'a [(ElementId, usize)],
    /// The place of the event under test in the input.
    pub(super) place: Option<usize>,
    pub(super) key: &'a [Value],
    /// What a timeout waited for.
    pub(super) waiting: Option<&'a [ElementId]>,
    /// How many matches are told as one. What they have bound stands among the bound of one after the other.
    pub(super) together: Option<usize>,
    pub(super) idle_ttl: i64,
}

impl<'a> View<'a> {
    pub(in crate::oracle) fn read(&self, read: &Read, scope: Scope) -> Value {
        match read {
            Read::Field(event, ids) => match self.event(*event) {
                Some(found) => field_of(found, ids, self.types_of(*event, scope)),
                None => Value::Null,
            },
            Read::Envelope(event, which) => match self.event(*event) {
                Some(found) => envelope(
                    *which,
                    Scope {
                        event: found,
                        ..scope
                    },
                ),
                None => Value::Null,
            },
            Read::Key(part) => self.key[*part as usize].clone(),
            Read::Waiting => match self.waiting {
                Some(elements) => Value::Text(self.names(elements).into()),
                None => Value::Null,
            },
        }
    }

    /// An aggregate over what an element has bound.
    pub(in crate::oracle) fn aggregate(
        &self,
        index: usize,
        aggregate: &Aggregate,
        scope: Scope,
    ) -> Value {
        let Some(over) = self.pattern.over[index] else {
            return self
                .together
                .map_or(Value::Null, |matches| Value::Int(matches as i64));
        };
        // One that only conditions read, of what one run has bound, is not told of many.
        if self.together.is_some() && !aggregate.function.is_of_many() {
            return Value::Null;
        }
        let rows = self.events(over);
        let view = View {
            types: &self.pattern.elements[over.index()].types,
            ..*self
        };
        let scope = Scope {
            rows: &rows,
            bound: Some(&view),
            ..scope
        };
        aggregate::value(aggregate, scope)
    }

    /// What an element has bound, in order.
    pub(super) fn events(&self, element: ElementId) -> Vec<&'a Event> {
        let bound = self.bound.iter().filter(|(by, _)| *by == element);
        bound.map(|&(_, place)| self.input[place].1).collect()
    }

    fn event(&self, which: EventRef) -> Option<&'a Event> {
        match which {
            EventRef::First(element) => self.events(element).first().copied(),
            EventRef::Last(element) => self.events(element).last().copied(),
            EventRef::Previous(element) => self.events(element).iter().rev().nth(1).copied(),
            EventRef::Before => {
                let place = self.place?;
                let (at, event) = self.input[place.checked_sub(1)?];
                // What took effect so long ago is forgotten.
                (self.input[place].0.saturating_sub(at) < self.idle_ttl).then_some(event)
            }
        }
    }

    fn types_of<'s>(&self, event: EventRef, scope: Scope<'s>) -> &'s [TypeId]
    where
        'a: 's,
    {
        match event {
            EventRef::First(element) | EventRef::Last(element) | EventRef::Previous(element) => {
                &self.pattern.elements[element.index()].types
            }
            EventRef::Before => &scope.rule.types,
        }
    }

    fn names(&self, elements: &[ElementId]) -> String {
        let names = elements
            .iter()
            .map(|element| &*self.pattern.elements[element.index()].name);
        names.collect::<Vec<_>>().join(", ")
    }
}

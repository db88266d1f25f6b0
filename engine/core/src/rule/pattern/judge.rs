//! Conditions that read what is bound, and what they read.

use std::sync::Arc;

use trapjaw_event::{Value, ValueRef};
use trapjaw_program::pattern::{Late, Pattern, Pick, Read, What};
use trapjaw_program::{Aggregate, Code, Envelope, Input};

use super::bindings::{Bindings, ListId};
use super::events::{EventId, Events, Seen};
use super::fold::fold;
use crate::rule::context::Context;
use crate::rule::feed::At;
use crate::vm::{self, Bound, Selection, bits};

/// What is bound while something is judged.
#[derive(Clone, Copy)]
pub(super) struct Scene<'m> {
    pub(super) events: &'m Events,
    pub(super) bindings: &'m Bindings,
    /// What the run has bound.
    pub(super) list: ListId,
    /// What it would bind beside that.
    pub(super) candidate: Option<(u16, At)>,
    /// What is left out: the event under test, where it is bound already.
    pub(super) without: Option<EventId>,
    /// The event before in the input.
    pub(super) previous: Option<EventId>,
}

impl<'m> Scene<'m> {
    /// The events that an element has bound, the newest first.
    fn bound(self, element: u16) -> impl Iterator<Item = Seen<'m>> {
        let candidate = self.candidate.filter(|(by, _)| *by == element);
        let list = self.bindings.iter(self.list);
        let list = list.filter(move |(by, event)| *by == element && Some(*event) != self.without);
        let candidate = candidate.map(|(_, at)| Seen::Here(at));
        candidate
            .into_iter()
            .chain(list.map(move |(_, event)| self.events.get(event)))
    }

    fn pick(self, pick: Pick) -> Option<Seen<'m>> {
        match pick {
            Pick::First(element) => self.bound(element).last(),
            Pick::Last(element) => self.bound(element).next(),
            Pick::BeforeLast(element) => self.bound(element).nth(1),
            Pick::Previous => self.previous.map(|event| self.events.get(event)),
        }
    }
}

/// A field of an event, by its place among the kept ones of each source.
fn field<'v>(cx: &'v Context<'_>, seen: Seen<'v>, places: &[Option<u16>]) -> ValueRef<'v> {
    match seen {
        Seen::Here(at) => {
            let feed = cx.feed(at);
            let source = usize::from(feed.source);
            places[source].map_or(ValueRef::Null, |place| {
                let field = cx.rule.sources[source].kept[usize::from(place)];
                feed.segment
                    .section
                    .value(field, feed.rows.get(at.index) as usize)
            })
        }
        Seen::Kept(kept) => places[usize::from(kept.source)]
            .map_or(ValueRef::Null, |place| kept.value(usize::from(place))),
    }
}

fn envelope<'v>(cx: &'v Context<'_>, seen: Seen<'v>, envelope: Envelope) -> ValueRef<'v> {
    match seen {
        Seen::Here(at) => {
            let feed = cx.feed(at);
            feed.segment.envelope(feed.rows.get(at.index), envelope)
        }
        Seen::Kept(kept) => {
            let source = &cx.rule.sources[usize::from(kept.source)];
            kept.envelope(&cx.registry.get(source.type_id).wire_name, envelope)
        }
    }
}

/// Is a condition true of an event?
pub(super) fn holds(
    cx: &mut Context<'_>,
    pattern: &Pattern,
    late: &Late,
    event: Seen<'_>,
    scene: Scene<'_>,
) -> bool {
    let code = &late.code;
    let aggregates = aggregates(cx, pattern, code, scene);
    let (truth, faults) = {
        let cx = &*cx;
        let read = |index: u16| read(cx, &pattern.reads[usize::from(index)], scene);
        let bind = |input| {
            Bound::Value(match input {
                Input::Kept(index) => read(index),
                Input::Aggregate(index) => aggregates[usize::from(index)].as_ref(),
                Input::Envelope(field) => envelope(cx, event, field),
                Input::Field(id) => match event {
                    Seen::Here(at) => {
                        let feed = cx.feed(at);
                        feed.segment
                            .section
                            .value(id, feed.rows.get(at.index) as usize)
                    }
                    Seen::Kept(kept) => {
                        let source = &cx.rule.sources[usize::from(kept.source)];
                        let place = source.kept.iter().position(|kept| *kept == id);
                        place.map_or(ValueRef::Null, |place| kept.value(place))
                    }
                },
            })
        };
        let registers = vm::run(code, cx.tables, bind, Selection::All(1));
        (bits::get(&registers.truth(0), 0), registers.faults())
    };
    cx.counters.faults += faults;
    truth
}

/// Something that codes read beside the event under test, as it stands in a scene.
fn read<'v>(cx: &'v Context<'_>, read: &Read, scene: Scene<'v>) -> ValueRef<'v> {
    match &read.what {
        What::Field(pick, places) => scene
            .pick(*pick)
            .map_or(ValueRef::Null, |seen| field(cx, seen, places)),
        What::Envelope(pick, field) => scene
            .pick(*pick)
            .map_or(ValueRef::Null, |seen| envelope(cx, seen, *field)),
        What::Key(_) | What::Waiting => ValueRef::Null,
    }
}

/// The same, for who tells of it.
pub(super) fn value_of(cx: &Context<'_>, what: &Read, scene: Scene<'_>) -> Value {
    read(cx, what, scene).to_value()
}

/// The aggregates that code reads; null for the others.
fn aggregates(cx: &Context<'_>, pattern: &Pattern, code: &Code, scene: Scene<'_>) -> Vec<Value> {
    let reads = |index: usize| {
        let mut inputs = code.inputs.iter();
        inputs.any(|slot| slot.input == Input::Aggregate(index as u16))
    };
    if !code
        .inputs
        .iter()
        .any(|slot| matches!(slot.input, Input::Aggregate(_)))
    {
        return Vec::new();
    }
    let all = 0..cx.rule.aggregates.len();
    all.map(|index| {
        if reads(index) {
            aggregate(cx, pattern, index, scene)
        } else {
            Value::Null
        }
    })
    .collect()
}

/// The value of one of the rule's aggregates.
pub(super) fn aggregate(
    cx: &Context<'_>,
    pattern: &Pattern,
    index: usize,
    scene: Scene<'_>,
) -> Value {
    fold(
        &cx.rule.aggregates[index],
        arguments(cx, pattern, index, scene),
    )
}

/// The arguments of one of the rule's aggregates over what a run has bound, oldest first.
pub(super) fn arguments<'v>(
    cx: &'v Context<'_>,
    pattern: &Pattern,
    index: usize,
    scene: Scene<'v>,
) -> impl Iterator<Item = ValueRef<'v>> {
    let definition = &cx.rule.aggregates[index];
    let over = pattern.over[index].into_iter();
    let mut seen: Vec<Seen<'_>> = over.flat_map(|element| scene.bound(element)).collect();
    seen.reverse();
    seen.into_iter()
        .filter_map(move |seen| argument(cx, index, definition, seen))
}

/// An event's argument of an aggregate, anything where that takes none; `None` where the event does not count.
pub(super) fn argument<'v>(
    cx: &'v Context<'_>,
    index: usize,
    definition: &Aggregate,
    seen: Seen<'v>,
) -> Option<ValueRef<'v>> {
    // Copies hold arguments and filters behind the kept fields, in order.
    let outputs =
        |it: &Aggregate| usize::from(it.argument.is_some()) + usize::from(it.filter.is_some());
    let value = |output: u16, behind: usize| match seen {
        Seen::Here(at) => (cx.feed(at).inputs).value(usize::from(output), at.index as usize),
        Seen::Kept(kept) => {
            let fields = cx.rule.sources[usize::from(kept.source)].kept.len();
            let before: usize = cx.rule.aggregates[..index].iter().map(outputs).sum();
            kept.value(fields + before + behind)
        }
    };
    let behind = usize::from(definition.argument.is_some());
    if let Some(filter) = definition.filter
        && value(filter, behind) != ValueRef::Bool(true)
    {
        return None;
    }
    let anything = ValueRef::Bool(true);
    Some(
        definition
            .argument
            .map_or(anything, |argument| value(argument, 0)),
    )
}

/// An event for the outputs of a step.
pub(super) fn output(
    cx: &mut Context<'_>,
    seen: Seen<'_>,
    whole: Option<At>,
) -> crate::output::Alias {
    match seen {
        Seen::Here(at) => cx.alias(at, whole == Some(at)),
        Seen::Kept(kept) => cx.kept(&Arc::clone(kept)),
    }
}

//! Recording what runs do, where that is asked for.

use core::mem;
use std::sync::Arc;

use trapjaw_event::{Event as Row, RuleId, Value};
use trapjaw_program::pattern::{Late, Pattern, What};
use trapjaw_program::{Input, Rule};

use super::automaton::Moves;
use super::events::{EventId, Seen};
use super::judge::{Scene, aggregate, holds, value_of};
use super::runs::{Run, Start};
use super::{Event, Patterns, ones};
use crate::key;
use crate::rule::context::Context;
use crate::trace::{Fate, MAX_STEPS, Reading, Refusal, RunStep, Traces, Why};

/// What is recorded of one rule.
#[derive(Debug)]
pub(super) struct Recorder {
    steps: Vec<RunStep>,
    /// Steps for which there was no room.
    left_out: u64,
    /// The events that something holds, by number.
    events: Vec<Option<Arc<Row>>>,
    rule: RuleId,
    key: Vec<Value>,
    /// By slot.
    keys: Vec<Vec<Value>>,
    time: i64,
    event: Option<Arc<Row>>,
}

impl Recorder {
    pub(super) fn new() -> Self {
        Self {
            steps: Vec::new(),
            left_out: 0,
            events: Vec::new(),
            rule: RuleId::new(0),
            key: Vec::new(),
            keys: Vec::new(),
            time: 0,
            event: None,
        }
    }

    pub(super) fn take(&mut self) -> Traces {
        let left_out = mem::take(&mut self.left_out);
        Traces {
            steps: mem::take(&mut self.steps),
            left_out: (left_out > 0)
                .then_some((self.rule, left_out))
                .into_iter()
                .collect(),
        }
    }

    /// Is there no room for another step? Counts the step that would have been.
    fn is_full(&mut self) -> bool {
        let is_full = self.steps.len() >= MAX_STEPS;
        self.left_out += u64::from(is_full);
        is_full
    }

    /// A moment of a partition begins.
    pub(super) fn begin(
        &mut self,
        (id, rule): (RuleId, &Rule),
        (slot, encoded): (u32, &[u8]),
        time: i64,
        event: Option<Row>,
    ) {
        self.rule = id;
        self.key = key::decode(&rule.key, encoded);
        let place = slot as usize;
        if self.keys.len() <= place {
            self.keys.resize(place + 1, Vec::new());
        }
        self.keys[place].clone_from(&self.key);
        self.time = time;
        self.event = event.map(Arc::new);
    }

    /// The moment's event is held under this number.
    pub(super) fn hold(&mut self, id: EventId) {
        let place = id as usize;
        if self.events.len() <= place {
            self.events.resize(place + 1, None);
        }
        self.events[place].clone_from(&self.event);
    }

    fn event(&self, id: EventId) -> Option<Arc<Row>> {
        self.events.get(id as usize)?.clone()
    }
}

impl Patterns {
    /// Notes what a run did at the moment, as it stood before.
    pub(super) fn note(&mut self, start: &Start, run: &Run, fate: Fate) {
        let Some(recorder) = &mut self.recorder else {
            return;
        };
        if recorder.is_full() {
            return;
        }
        let Some(first) = recorder.event(start.event) else {
            return;
        };
        let mut bound: Vec<(u16, Arc<Row>)> = (self.bindings.iter(run.bindings))
            .filter_map(|(element, event)| Some((element, recorder.event(event)?)))
            .collect();
        bound.reverse();
        let awaited = if run.is_open() {
            ones(self.automaton.awaited(run.rest).elements).collect()
        } else {
            Vec::new()
        };
        let step = RunStep {
            rule: recorder.rule,
            key: recorder.key.clone(),
            time: recorder.time,
            event: recorder.event.clone(),
            start: (self.events.number(start.event), first),
            bound,
            awaited,
            fate,
        };
        if let Some(recorder) = &mut self.recorder {
            recorder.steps.push(step);
        }
    }

    /// Notes that all open runs of a start end.
    pub(super) fn note_all(&mut self, start: &Start, why: Why) {
        if self.recorder.is_none() {
            return;
        }
        for run in start.runs.iter().filter(|run| run.is_open()) {
            self.note(start, run, Fate::Ended(why, Vec::new()));
        }
    }

    /// The open runs, as they stand; nothing unless they are traced.
    pub(crate) fn open_runs(&mut self) -> Traces {
        let told = self.take_traces();
        for slot in 0..self.partitions.len() {
            let Some(recorder) = &mut self.recorder else {
                break;
            };
            let Some(key) = recorder.keys.get(slot) else {
                continue;
            };
            recorder.key.clone_from(key);
            recorder.event = None;
            let partition = mem::take(&mut self.partitions[slot]);
            for start in partition.starts.iter() {
                for run in start.runs.iter().filter(|run| run.is_open()) {
                    self.note(start, run, Fate::Waits);
                }
            }
            self.partitions[slot] = partition;
        }
        let open = self.take_traces();
        if let Some(recorder) = &mut self.recorder {
            let left_out = told.left_out.iter().map(|(_, count)| count);
            recorder.left_out = left_out.sum();
            recorder.steps = told.steps;
        }
        open
    }

    /// Notes what a run makes of an event.
    pub(super) fn note_moves(
        &mut self,
        cx: &mut Context<'_>,
        pattern: &Pattern,
        (start, run): (&Start, &Run),
        (event, previous): (Event, Option<EventId>),
        (moves, is_closed): (&Moves, bool),
    ) {
        for taken in &moves.taken {
            self.note(start, run, Fate::Took(taken.element));
        }
        if moves.ends {
            let forbidden = event.fits & self.automaton.awaited(run.rest).forbidden;
            self.note(
                start,
                run,
                Fate::Ended(Why::Forbidden(forbidden), Vec::new()),
            );
        } else if is_closed {
            self.note(start, run, Fate::Ended(Why::Rival, Vec::new()));
        } else if moves.skipped || moves.taken.is_empty() {
            let refusals = self.refusals(cx, pattern, event, run, previous);
            let fate = if moves.skipped {
                Fate::Skipped(refusals)
            } else {
                Fate::Ended(Why::NotNext, refusals)
            };
            self.note(start, run, fate);
        }
    }

    /// What the elements that a run waits for miss in an event.
    fn refusals(
        &self,
        cx: &mut Context<'_>,
        pattern: &Pattern,
        event: Event,
        run: &Run,
        previous: Option<EventId>,
    ) -> Vec<Refusal> {
        let awaited = self.automaton.awaited(run.rest).elements;
        let source = usize::from(cx.feed(event.at).source);
        let scene = Scene {
            events: &self.events,
            bindings: &self.bindings,
            list: run.bindings,
            candidate: None,
            without: None,
            previous,
        };
        let mut refusals = Vec::new();
        for element in ones(awaited) {
            let Some(test) = &pattern.elements[usize::from(element)].tests[source] else {
                continue;
            };
            if event.fits >> element & 1 == 0 {
                refusals.push(Refusal {
                    element,
                    condition: None,
                    values: Vec::new(),
                });
                continue;
            }
            let due = test.late.iter().zip(0_u16..).filter(|(late, _)| {
                let around = late.awaits | 1 << element;
                late.awaits & !run.bound_of(around) == 0
            });
            for (late, number) in due {
                if !holds(cx, pattern, late, Seen::Here(event.at), scene) {
                    refusals.push(Refusal {
                        element,
                        condition: Some(number),
                        values: read_by(cx, pattern, late, scene),
                    });
                }
            }
        }
        refusals
    }
}

/// What a condition reads beside the event under test, with names for readers.
fn read_by(cx: &Context<'_>, pattern: &Pattern, late: &Late, scene: Scene<'_>) -> Vec<Reading> {
    let mut values: Vec<Reading> = Vec::new();
    for slot in &late.code.inputs {
        let reading = match slot.input {
            Input::Kept(index) => {
                let read = &pattern.reads[usize::from(index)];
                if matches!(read.what, What::Key(_) | What::Waiting) {
                    continue;
                }
                // The place of the element is for listings.
                let name = match (read.name.split_once('#'), read.name.rsplit_once('.')) {
                    (Some((element, rest)), Some((_, field))) => {
                        let which = rest.split('.').nth(1).unwrap_or("last");
                        format!("{element}.{which}.{field}").into()
                    }
                    _ => read.name.clone(),
                };
                Reading {
                    name,
                    ty: read.ty.clone(),
                    value: value_of(cx, read, scene),
                }
            }
            Input::Aggregate(index) => {
                let index = usize::from(index);
                let read = &cx.rule.aggregates[index];
                Reading {
                    name: read.name.clone(),
                    ty: read.ty.clone(),
                    value: aggregate(cx, pattern, index, scene),
                }
            }
            Input::Field(_) | Input::Envelope(_) => continue,
        };
        if !values.iter().any(|known| known.name == reading.name) {
            values.push(reading);
        }
    }
    values
}

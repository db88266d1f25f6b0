//! Events that rules derive within a step, on their way to the rules that read them.

use std::collections::BTreeMap;
use std::sync::Arc;

use trapjaw_event::{
    BatchBuilder, BatchBytes, BuildError, Event, MatchKind, Registry, TypeId, Value,
};
use trapjaw_program::{Emit, Rule};

use crate::counters::Counters;
use crate::matched::{Found, MatchRef};
use crate::output::Fired;
use crate::place::{Cause, compare_inputs};
use crate::segment::{Origin, RowOrigin};

/// An event that has yet to be taken in.
struct Derived {
    event: Event,
    cause: Cause,
    effect: i64,
    /// The row of the step at which it arose.
    row: u32,
}

impl Derived {
    fn origin(self) -> RowOrigin {
        RowOrigin {
            origin: Origin::NOWHERE,
            effect: self.effect,
            cause: self.cause,
        }
    }
}

/// Derived events of one type as a batch.
pub(crate) struct DerivedBatch {
    pub(crate) bytes: BatchBytes,
    /// Where each came from.
    pub(crate) rows: Vec<RowOrigin>,
    /// The row of the step at which each arose.
    pub(crate) step_rows: Vec<u32>,
}

/// The events that are derived and not yet taken in, by type.
#[derive(Default)]
pub(crate) struct DerivedEvents {
    by_type: BTreeMap<TypeId, Vec<Derived>>,
}

impl DerivedEvents {
    /// Does the rule read any of them?
    pub(crate) fn are_read_by(&self, rule: &Rule) -> bool {
        let sources = || rule.sources.iter().map(|source| source.type_id);
        !self.by_type.is_empty() && sources().any(|ty| self.by_type.contains_key(&ty))
    }

    /// Are there any of a type that is wanted?
    pub(crate) fn any(&self, is_wanted: impl FnMut(TypeId) -> bool) -> bool {
        self.by_type.keys().copied().any(is_wanted)
    }

    /// Adds what a rule derives from a match. Gives the type where it is the first event of it.
    pub(crate) fn add(
        &mut self,
        (rule, emit): (&Rule, &Emit),
        found: Found<'_>,
        fired: &Fired,
        counters: &mut Counters,
    ) -> Option<TypeId> {
        if !matches!(fired.kind, MatchKind::Matched | MatchKind::Raised) {
            return None;
        }
        let about = MatchRef {
            found,
            fired,
            place: 0,
        };
        let registers = about.run(&emit.code);
        counters.faults += registers.faults();
        let value = |output: &Option<u32>| {
            output.map_or(Value::Null, |output| {
                registers.value(output as usize, 0).to_value()
            })
        };
        let event = Event {
            type_id: emit.type_id,
            time: fired.time,
            source: format!("trapjaw/{}", rule.name).into(),
            id: Some(format!("{}:0", about.id()).into()),
            subject: None,
            severity: rule.metadata.severity,
            values: emit.fields.iter().map(value).collect(),
        };
        let derived = Derived {
            event,
            cause: Some(Arc::new(found.outputs.link(fired))),
            effect: fired.time,
            row: fired.row,
        };
        let events = self.by_type.entry(emit.type_id).or_default();
        events.push(derived);
        (events.len() == 1).then_some(emit.type_id)
    }

    /// Takes all of them as batches, each of one type; what fits none is dropped, and counted.
    pub(crate) fn take_batches(
        &mut self,
        registry: &Arc<Registry>,
        counters: &mut Counters,
    ) -> Vec<DerivedBatch> {
        let mut batches = Vec::new();
        let mut builder = BatchBuilder::new(Arc::clone(registry));
        for mut events in core::mem::take(&mut self.by_type).into_values() {
            events.sort_by(|a, b| compare_inputs((a.row, &a.cause), (b.row, &b.cause)));
            let (mut rows, mut step_rows) = (Vec::new(), Vec::new());
            let mut flush =
                |builder: &mut BatchBuilder, rows: &mut Vec<_>, step_rows: &mut Vec<_>| {
                    batches.push(DerivedBatch {
                        bytes: builder.finish(),
                        rows: core::mem::take(rows),
                        step_rows: core::mem::take(step_rows),
                    });
                };
            for derived in events {
                let mut pushed = builder.push(&derived.event);
                if pushed == Err(BuildError::Full) {
                    flush(&mut builder, &mut rows, &mut step_rows);
                    pushed = builder.push(&derived.event);
                }
                if pushed.is_err() {
                    counters.dropped_derived += 1;
                    continue;
                }
                step_rows.push(derived.row);
                rows.push(derived.origin());
            }
            if !builder.is_empty() {
                flush(&mut builder, &mut rows, &mut step_rows);
            }
        }
        batches
    }

    /// Takes all of them one by one: type, batch of the one row, and where it came from.
    pub(crate) fn take_each(
        &mut self,
        registry: &Arc<Registry>,
        counters: &mut Counters,
        mut tell: impl FnMut(TypeId, BatchBytes, RowOrigin),
    ) {
        let mut builder = BatchBuilder::new(Arc::clone(registry));
        for (type_id, events) in core::mem::take(&mut self.by_type) {
            for derived in events {
                if builder.push(&derived.event).is_err() {
                    counters.dropped_derived += 1;
                    continue;
                }
                tell(type_id, builder.finish(), derived.origin());
            }
        }
    }
}

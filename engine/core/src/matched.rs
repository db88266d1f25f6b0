//! How a match is read: identity, key, bound event, calls of actions.

use core::cell::Cell;
use std::sync::Arc;

use trapjaw_event::{
    ActionCall, BoundEvent, FieldId, Match, MatchId, MatchKind, Registry, RuleId, Value, ValueRef,
};
use trapjaw_program::pattern::{Pick, What};
use trapjaw_program::{Code, Envelope, Input, Rule, RuleSet, Table, When};
use xxhash_rust::xxh3::Xxh3;

use crate::counters::Faults;
use crate::kept::KeptEvent;
use crate::key;
use crate::output::{Alias, Fired, Identity, Outputs};
use crate::place::Place;
use crate::segment::{Origin, Segment, identity};
use crate::vm::{self, Bound, Registers, Selection};

/// What a match is read from: the step's inputs and outputs.
#[derive(Clone, Copy)]
pub(crate) struct Found<'s> {
    pub(crate) rules: &'s RuleSet,
    pub(crate) segments: &'s [&'s Segment<'s>],
    pub(crate) outputs: &'s Outputs,
    pub(crate) ingest: u64,
    /// Values of actions' arguments that became null, of the matches that were asked for.
    pub(crate) faults: &'s Cell<Faults>,
}

/// A match, borrowed from the step that found it.
#[derive(Clone, Copy)]
pub struct MatchRef<'s> {
    pub(crate) found: Found<'s>,
    pub(crate) fired: &'s Fired,
}

impl<'s> MatchRef<'s> {
    /// The rule.
    pub fn rule(&self) -> RuleId {
        self.fired.rule
    }

    /// What it says.
    pub fn kind(&self) -> MatchKind {
        self.fired.kind
    }

    /// Event time: when the triggering event took effect, or the deadline.
    pub fn time(&self) -> i64 {
        self.fired.time
    }

    /// Where it stands among the outputs of its step.
    pub fn place(&self) -> Place {
        let key = self.found.outputs.key(self.fired);
        let Fired {
            cause,
            deadline,
            rule,
            emission,
            ..
        } = self.fired;
        Place::new(cause.clone(), *deadline, *rule, key, *emission)
    }

    /// Its identity: a hash of the rule's name and meaning, the key, the kind, and the identity of the
    /// event, or the instant, that it is about.
    pub fn id(&self) -> MatchId {
        let rule = self.definition();
        let mut hash = Xxh3::new();
        hash.update(&(rule.name.len() as u64).to_le_bytes());
        hash.update(rule.name.as_bytes());
        hash.update(&rule.meaning.to_le_bytes());
        let key = self.found.outputs.key(self.fired);
        hash.update(&(key.len() as u64).to_le_bytes());
        hash.update(key);
        hash.update(&[self.fired.kind as u8]);
        match self.fired.identity {
            Identity::Event(identity) => hash.update(&identity.to_le_bytes()),
            Identity::Instant(instant) => hash.update(&instant.to_le_bytes()),
            Identity::Alias => hash.update(&self.alias_identity().to_le_bytes()),
        }
        MatchId(hash.digest128())
    }

    /// The key's values.
    pub fn key(&self) -> Vec<Value> {
        key::decode(&self.definition().key, self.found.outputs.key(self.fired))
    }

    /// Everything, owned.
    pub fn to_match(&self) -> Match {
        let rule = self.definition();
        let when = match self.fired.kind {
            MatchKind::Matched | MatchKind::Raised => When::Fire,
            MatchKind::Cleared | MatchKind::Expired => When::Clear,
            MatchKind::Timeout => When::Timeout,
        };
        let actions = rule
            .actions
            .iter()
            .enumerate()
            .filter(|(_, action)| action.when == when);
        let actions = actions.map(|(index, action)| {
            let registers = self.run(&action.code);
            let faults = self.found.faults;
            faults.set(faults.get() + registers.faults());
            let args = action
                .outputs
                .iter()
                .map(|&output| registers.value(output as usize, 0).to_value());
            ActionCall {
                action: index as u32,
                args: args.collect(),
            }
        });
        Match {
            rule: self.fired.rule,
            kind: self.fired.kind,
            id: self.id(),
            time: self.fired.time,
            key: self.key(),
            events: self.bound_events(),
            values: self.aggregates().to_vec(),
            actions: actions.collect(),
            ingest: self.found.ingest,
        }
    }

    fn definition(&self) -> &'s Rule {
        &self.found.rules.rules[self.fired.rule.index()]
    }

    fn aggregates(&self) -> &'s [Value] {
        let start = self.fired.aggregates;
        &self.found.outputs.aggregates[start..start + self.definition().aggregates.len()]
    }

    /// The aggregates, and what a pattern's codes read beside them.
    fn values(&self) -> &'s [Value] {
        let all = &self.found.outputs.aggregates[self.fired.aggregates..];
        &all[..self.fired.values]
    }

    fn alias_identity(&self) -> u128 {
        match self.fired.alias {
            Alias::Row { segment, row, .. } => self.found.segments[segment as usize].identity(row),
            // Matches of patterns and schedules have identities of their own.
            Alias::Bound { .. } | Alias::Packed { .. } | Alias::Instant(_) => 0,
            Alias::Kept(index) | Alias::Unseen(index) => {
                let event = &self.found.outputs.kept[index as usize];
                let nowhere = Origin {
                    stream: 0,
                    sequence: 0,
                };
                identity(event.source_name(), event.id(), nowhere)
            }
        }
    }

    /// Runs code of the rule for this match.
    pub(crate) fn run(&self, code: &'s Code) -> Registers<'s> {
        let about = About {
            rule: (self.fired.rule, self.definition()),
            registry: &self.found.rules.registry,
            tables: &self.found.rules.tables,
            segments: self.found.segments,
            outputs: self.found.outputs,
            key: self.found.outputs.key(self.fired),
        };
        about.run(code, self.fired.alias, self.values())
    }

    fn bound_events(&self) -> Vec<BoundEvent> {
        let rule = self.definition();
        let Alias::Bound { first, count } = self.fired.alias else {
            // There is none where no event has come.
            return self
                .bound_event(self.fired.alias, &rule.alias)
                .into_iter()
                .collect();
        };
        let bound = &self.found.outputs.bound[first as usize..][..count as usize];
        let elements = rule
            .pattern
            .as_ref()
            .map_or(&[][..], |pattern| &pattern.elements);
        let bound = bound.iter().filter_map(|(element, alias)| {
            self.bound_event(*alias, &elements[usize::from(*element)].alias)
        });
        bound.collect()
    }

    fn bound_event(&self, alias: Alias, name: &str) -> Option<BoundEvent> {
        let event = match alias {
            Alias::Row {
                segment,
                row,
                whole,
            } => self.bound_row(self.found.segments[segment as usize], row, whole),
            Alias::Kept(index) => self.bound_kept(&self.found.outputs.kept[index as usize]),
            Alias::Packed {
                source,
                words,
                time,
            } => self.bound_packed((source, words), time),
            Alias::Unseen(_) | Alias::Instant(_) | Alias::Bound { .. } => return None,
        };
        Some(BoundEvent {
            alias: name.into(),
            ..event
        })
    }

    fn bound_row(&self, segment: &Segment<'_>, row: u32, whole: bool) -> BoundEvent {
        let rule = self.definition();
        let source = segment.source_of((self.fired.rule, rule));
        let event = segment.section.event(row as usize);
        let fields = event.values.into_iter().zip(0..);
        let fields = fields.map(|(value, index)| (FieldId::new(index), value));
        let fields = fields
            .filter(|(field, value)| !value.is_null() && (whole || source.kept.contains(field)));
        BoundEvent {
            alias: Box::default(),
            type_id: event.type_id,
            time: event.time,
            source: Some(event.source),
            id: event.id,
            subject: event.subject,
            severity: event.severity,
            fields: fields.collect(),
        }
    }

    fn bound_packed(&self, (source, words): (u16, u32), time: i64) -> BoundEvent {
        let outputs = self.found.outputs;
        let key = outputs.key(self.fired);
        let definition = &self.definition().sources[usize::from(source)];
        let event = (self.fired.rule, source, words);
        let fields = definition.kept.iter().enumerate();
        let fields = fields.filter_map(|(place, &field)| {
            let value = outputs.packed(event, place, key)?.to_value();
            Some((field, value))
        });
        let mut fields: Vec<_> = fields.filter(|(_, value)| !value.is_null()).collect();
        fields.sort_unstable_by_key(|(field, _)| *field);
        BoundEvent {
            alias: Box::default(),
            type_id: definition.type_id,
            time,
            source: Some(Box::default()),
            id: None,
            subject: None,
            severity: None,
            fields,
        }
    }

    fn bound_kept(&self, kept: &KeptEvent) -> BoundEvent {
        let rule = self.definition();
        let source = &rule.sources[usize::from(kept.source)];
        let fields = source.kept.iter().enumerate();
        let fields = fields.map(|(index, &field)| (field, kept.value(index).to_value()));
        let mut fields: Vec<_> = fields.filter(|(_, value)| !value.is_null()).collect();
        fields.sort_unstable_by_key(|(field, _)| *field);
        BoundEvent {
            alias: Box::default(),
            type_id: source.type_id,
            time: kept.time,
            source: Some(kept.source_name().into()),
            id: kept.id().map(Into::into),
            subject: kept.subject().map(Into::into),
            severity: kept.severity,
            fields,
        }
    }
}

/// What a rule's code reads when it runs for one match.
#[derive(Clone, Copy)]
pub(crate) struct About<'s> {
    pub(crate) rule: (RuleId, &'s Rule),
    pub(crate) registry: &'s Registry,
    pub(crate) tables: &'s [Arc<Table>],
    pub(crate) segments: &'s [&'s Segment<'s>],
    pub(crate) outputs: &'s Outputs,
    /// The key, encoded.
    pub(crate) key: &'s [u8],
}

impl<'s> About<'s> {
    /// Runs code over one row: the alias and the aggregates.
    pub(crate) fn run(
        self,
        code: &'s Code,
        alias: Alias,
        aggregates: &'s [Value],
    ) -> Registers<'s> {
        match alias {
            Alias::Row { segment, row, .. } => {
                let segment = &self.segments[segment as usize];
                let source = segment.source_of(self.rule);
                let bind = |input| match input {
                    Input::Kept(index) => {
                        segment.bind(Input::Field(source.kept[usize::from(index)]))
                    }
                    Input::Aggregate(index) => {
                        Bound::Value(aggregates[usize::from(index)].as_ref())
                    }
                    input => segment.bind(input),
                };
                vm::run(code, self.tables, bind, Selection::Rows(&[row]))
            }
            Alias::Unseen(index) => {
                let kept = &self.outputs.kept[index as usize];
                let bind = |input| {
                    Bound::Value(match input {
                        Input::Kept(index) => kept.value(usize::from(index)),
                        Input::Aggregate(index) => aggregates[usize::from(index)].as_ref(),
                        Input::Envelope(_) | Input::Field(_) => ValueRef::Null,
                    })
                };
                vm::run(code, self.tables, bind, Selection::All(1))
            }
            // Only a pattern binds such an event, beside others.
            Alias::Packed { time: instant, .. } | Alias::Instant(instant) => {
                let bind = |input| {
                    Bound::Value(match input {
                        Input::Envelope(Envelope::Time) => ValueRef::Time(instant),
                        _ => ValueRef::Null,
                    })
                };
                vm::run(code, self.tables, bind, Selection::All(1))
            }
            Alias::Kept(index) => {
                let kept = &self.outputs.kept[index as usize];
                let source = &self.rule.1.sources[usize::from(kept.source)];
                let wire_name = &self.registry.get(source.type_id).wire_name;
                let bind = |input| {
                    Bound::Value(match input {
                        Input::Kept(index) => kept.value(usize::from(index)),
                        Input::Aggregate(index) => aggregates[usize::from(index)].as_ref(),
                        Input::Envelope(field) => kept.envelope(wire_name, field),
                        Input::Field(_) => ValueRef::Null,
                    })
                };
                vm::run(code, self.tables, bind, Selection::All(1))
            }
            Alias::Bound { first, count } => {
                let bound = &self.outputs.bound[first as usize..][..count as usize];
                let bind = |input| {
                    Bound::Value(match input {
                        Input::Kept(index) => self.read(index, bound, aggregates),
                        Input::Aggregate(index) => aggregates[usize::from(index)].as_ref(),
                        Input::Envelope(_) | Input::Field(_) => ValueRef::Null,
                    })
                };
                vm::run(code, self.tables, bind, Selection::All(1))
            }
        }
    }

    /// What a pattern's code reads of what is bound; `values` are the match's, aggregates first.
    fn read(self, index: u16, bound: &'s [(u16, Alias)], values: &'s [Value]) -> ValueRef<'s> {
        let (_, rule) = self.rule;
        let Some(pattern) = &rule.pattern else {
            return ValueRef::Null;
        };
        let of = |pick| {
            let of = |element: u16| {
                let bound = bound.iter().filter(move |(by, _)| *by == element);
                bound.map(|(_, alias)| *alias)
            };
            match pick {
                Pick::First(element) => of(element).next(),
                Pick::Last(element) => of(element).next_back(),
                Pick::BeforeLast(element) => of(element).nth_back(1),
                Pick::Previous => None,
            }
        };
        let more = &values[rule.aggregates.len()..];
        let told = |place: usize| more.get(place).map_or(ValueRef::Null, Value::as_ref);
        match &pattern.reads[usize::from(index)].what {
            What::Key(part) => told(usize::from(*part)),
            What::Waiting => told(rule.key.len()),
            What::Field(pick, places) => match of(*pick) {
                Some(Alias::Row { segment, row, .. }) => {
                    let segment = self.segments[segment as usize];
                    let source = segment.source_index(self.rule).unwrap_or_default();
                    places[source].map_or(ValueRef::Null, |place| {
                        let field = rule.sources[source].kept[usize::from(place)];
                        segment.section.value(field, row as usize)
                    })
                }
                Some(Alias::Kept(index)) => {
                    let kept = &self.outputs.kept[index as usize];
                    places[usize::from(kept.source)]
                        .map_or(ValueRef::Null, |place| kept.value(usize::from(place)))
                }
                Some(Alias::Packed { source, words, .. }) => {
                    let event = (self.rule.0, source, words);
                    let value = places[usize::from(source)].and_then(|place| {
                        let place = usize::from(place);
                        self.outputs.packed(event, place, self.key)
                    });
                    value.unwrap_or(ValueRef::Null)
                }
                Some(Alias::Unseen(_) | Alias::Instant(_) | Alias::Bound { .. }) | None => {
                    ValueRef::Null
                }
            },
            What::Envelope(pick, field) => match of(*pick) {
                Some(Alias::Row { segment, row, .. }) => {
                    self.segments[segment as usize].envelope(row, *field)
                }
                Some(Alias::Kept(index)) => {
                    let kept = &self.outputs.kept[index as usize];
                    let source = &rule.sources[usize::from(kept.source)];
                    kept.envelope(&self.registry.get(source.type_id).wire_name, *field)
                }
                Some(Alias::Packed { source, time, .. }) => {
                    let ty = rule.sources[usize::from(source)].type_id;
                    match field {
                        Envelope::Type => ValueRef::Text(&self.registry.get(ty).wire_name),
                        Envelope::Source => ValueRef::Text(""),
                        Envelope::Time => ValueRef::Time(time),
                        Envelope::Id | Envelope::Subject | Envelope::Severity => ValueRef::Null,
                    }
                }
                Some(Alias::Unseen(_) | Alias::Instant(_) | Alias::Bound { .. }) | None => {
                    ValueRef::Null
                }
            },
        }
    }
}

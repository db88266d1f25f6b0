//! How a match is read: identity, key, bound event, calls of actions.

use core::cell::Cell;
use std::sync::Arc;

use trapjaw_event::{
    FieldId, Match, MatchId, MatchKind, Part, PartSink, Registry, RuleId, Value, ValueRef,
};
use trapjaw_program::pattern::{Pick, What};
use trapjaw_program::{Code, Envelope, Input, Rule, RuleSet, Source, Table, When};

use crate::brief::{Argument, Brief, Briefs, Call};
use crate::columns::Columns;
use crate::counters::Faults;
use crate::hash::{Hash128, identity_of_all};
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
    pub(crate) briefs: &'s Briefs,
    pub(crate) segments: &'s [&'s Segment<'s>],
    /// Those of the segments, where matches are told.
    pub(crate) columns: &'s [Columns<'s>],
    pub(crate) outputs: &'s Outputs,
    pub(crate) ingest: u64,
    pub(crate) telling: &'s Telling,
}

/// What telling a step's matches leaves behind.
#[derive(Default)]
pub(crate) struct Telling {
    /// Values of actions' arguments that became null, of the matches that were asked for.
    faults: Cell<Faults>,
    /// The rules of the matches before this one, in order, have been looked at ahead.
    ahead: Cell<usize>,
}

impl Telling {
    /// Values of actions' arguments that became null, of the matches that were asked for.
    pub(crate) fn faults(&self) -> Faults {
        self.faults.get()
    }
}

/// Matches whose rules are looked at together.
const AHEAD: usize = 16;

/// A match, borrowed from the step that found it.
#[derive(Clone, Copy)]
pub struct MatchRef<'s> {
    pub(crate) found: Found<'s>,
    pub(crate) fired: &'s Fired,
    /// Its place in the order in which the step's matches are told.
    pub(crate) place: usize,
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

    /// When the causing batch was taken in, as [`Match::ingest`].
    pub fn ingest(&self) -> u64 {
        self.found.ingest
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
        let mut hash = Hash128::default();
        hash.update(self.found.briefs.identity(self.brief()));
        let key = self.found.outputs.key(self.fired);
        hash.update(&(key.len() as u64).to_le_bytes());
        hash.update(key);
        hash.update(&[self.fired.kind as u8]);
        match self.fired.identity {
            Identity::Event(identity) => hash.update(&identity.to_le_bytes()),
            Identity::Instant(instant) => hash.update(&instant.to_le_bytes()),
            Identity::Alias => {
                hash.update(&self.identity_of(self.fired.alias).to_le_bytes());
            }
            Identity::Bound { all } => hash.update(&self.bound_identity(all).to_le_bytes()),
        }
        MatchId(hash.finish())
    }

    /// The key's values.
    pub fn key(&self) -> Vec<Value> {
        key::decode(&self.definition().key, self.found.outputs.key(self.fired))
    }

    /// Everything, owned.
    pub fn to_match(&self) -> Match {
        Match::of_parts(|to| self.tell(to)).expect("the head is told first")
    }

    /// Everything, part by part. What it takes is computed anew with each call.
    pub fn tell(&self, to: &mut (impl PartSink + ?Sized)) {
        if self.place >= self.found.telling.ahead.get() {
            self.look_ahead();
        }
        to.part(Part::Head {
            rule: self.fired.rule,
            kind: self.fired.kind,
            id: self.id(),
            time: self.fired.time,
            ingest: self.found.ingest,
        });
        let brief = self.brief();
        if brief.has_key {
            let key = self.found.outputs.key(self.fired);
            key::each(&self.definition().key, key, |value| {
                to.part(Part::Key(value));
            });
        }
        self.tell_events(brief, to);
        let aggregates = &self.found.outputs.aggregates[self.fired.aggregates..];
        for value in &aggregates[..brief.aggregates as usize] {
            to.part(Part::Value(value.as_ref()));
        }
        let when = match self.fired.kind {
            MatchKind::Matched | MatchKind::Raised => When::Fire,
            MatchKind::Cleared | MatchKind::Expired => When::Clear,
            MatchKind::Timeout => When::Timeout,
        };
        for call in self.found.briefs.calls(brief) {
            if call.when == when {
                to.part(Part::Action(call.place));
                self.tell_arguments(call, to);
            }
        }
    }

    fn tell_arguments(&self, call: &Call, to: &mut (impl PartSink + ?Sized)) {
        let row = match self.fired.alias {
            Alias::Row { segment, row, .. } => Some((segment as usize, row)),
            _ => None,
        };
        if let Some(arguments) = self.found.briefs.arguments(call, row.is_some()) {
            for argument in arguments {
                to.part(Part::Argument(self.plain(argument, row)));
            }
            return;
        }
        let action = &self.definition().actions[call.place as usize];
        let registers = self.run(&action.code);
        let faults = &self.found.telling.faults;
        faults.set(faults.get() + registers.faults());
        for &output in &action.outputs {
            to.part(Part::Argument(registers.value(output as usize, 0)));
        }
    }

    /// An argument that takes no computing.
    fn plain(&self, argument: &'s Argument, row: Option<(usize, u32)>) -> ValueRef<'s> {
        match (argument, row) {
            (Argument::Constant(value), _) => value.as_ref(),
            (Argument::Text(text), _) => ValueRef::Text(self.found.briefs.text(*text)),
            (Argument::Field(field), Some((segment, row))) => {
                self.found.columns[segment].value(*field, row as usize)
            }
            (Argument::Envelope(field), Some((segment, row))) => {
                self.found.segments[segment].envelope(row, *field)
            }
            (Argument::Field(_) | Argument::Envelope(_), None) => ValueRef::Null,
        }
    }

    /// Looks at the rules of the next matches in one go.
    #[inline(never)]
    fn look_ahead(&self) {
        let Found {
            briefs,
            outputs,
            telling,
            ..
        } = self.found;
        let next = outputs.in_order(self.place).take(AHEAD);
        briefs.look_ahead(next.map(|fired| fired.rule));
        telling.ahead.set(self.place + AHEAD);
    }

    fn brief(&self) -> &'s Brief {
        self.found.briefs.of(self.fired.rule)
    }

    fn definition(&self) -> &'s Rule {
        &self.found.rules.rules[self.fired.rule.index()]
    }

    /// The aggregates, and what a pattern's codes read beside them.
    fn values(&self) -> &'s [Value] {
        let all = &self.found.outputs.aggregates[self.fired.aggregates..];
        &all[..self.fired.values]
    }

    fn identity_of(&self, alias: Alias) -> u128 {
        match alias {
            Alias::Row { segment, row, .. } => self.found.segments[segment as usize].identity(row),
            Alias::Packed { words, .. } => identity("", None, self.found.outputs.origin(words)),
            // Matches of patterns and schedules have identities of their own.
            Alias::Bound { .. } | Alias::Instant(_) => 0,
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

    /// The identity of what a pattern has bound.
    fn bound_identity(&self, all: bool) -> u128 {
        let Alias::Bound { first, count } = self.fired.alias else {
            return 0;
        };
        let bound = &self.found.outputs.bound[first as usize..][..count as usize];
        if all {
            let of = |&(element, alias): &(u16, Alias)| (element, self.identity_of(alias));
            return identity_of_all(bound.iter().map(of));
        }
        bound
            .first()
            .map_or(0, |(_, alias)| self.identity_of(*alias))
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

    fn tell_events(&self, brief: &Brief, to: &mut (impl PartSink + ?Sized)) {
        let Alias::Bound { first, count } = self.fired.alias else {
            // There is none where no event has come.
            return self.tell_event(self.fired.alias, self.found.briefs.alias(brief), to);
        };
        let bound = &self.found.outputs.bound[first as usize..][..count as usize];
        let elements = self
            .definition()
            .pattern
            .as_ref()
            .map_or(&[][..], |pattern| &pattern.elements);
        for (element, alias) in bound {
            self.tell_event(*alias, &elements[usize::from(*element)].alias, to);
        }
    }

    fn tell_event(&self, alias: Alias, name: &str, to: &mut (impl PartSink + ?Sized)) {
        match alias {
            Alias::Row {
                segment,
                row,
                whole,
            } => {
                let columns = &self.found.columns[segment as usize];
                let row = (row as usize, name);
                if whole {
                    columns.tell(row, |_| true, to);
                } else {
                    let segment = self.found.segments[segment as usize];
                    let source = segment.source_of((self.fired.rule, self.definition()));
                    columns.tell(row, |field| source.kept.contains(&field), to);
                }
            }
            Alias::Kept(index) => {
                self.tell_kept(&self.found.outputs.kept[index as usize], name, to);
            }
            Alias::Packed {
                source,
                words,
                time,
            } => self.tell_packed((source, words), time, name, to),
            Alias::Unseen(_) | Alias::Instant(_) | Alias::Bound { .. } => {}
        }
    }

    fn tell_packed(
        &self,
        (source, words): (u16, u32),
        time: i64,
        name: &str,
        to: &mut (impl PartSink + ?Sized),
    ) {
        let outputs = self.found.outputs;
        let key = outputs.key(self.fired);
        let definition = &self.definition().sources[usize::from(source)];
        to.part(Part::Event {
            alias: name,
            type_id: definition.type_id,
            time,
            source: Some(""),
            id: None,
            subject: None,
            severity: None,
        });
        let event = (self.fired.rule, source, words);
        tell_fields(definition, to, |place| {
            (outputs.packed(event, place, key)).unwrap_or(ValueRef::Null)
        });
    }

    fn tell_kept(&self, kept: &KeptEvent, name: &str, to: &mut (impl PartSink + ?Sized)) {
        let source = &self.definition().sources[usize::from(kept.source)];
        to.part(Part::Event {
            alias: name,
            type_id: source.type_id,
            time: kept.time,
            source: Some(kept.source_name()),
            id: kept.id(),
            subject: kept.subject(),
            severity: kept.severity,
        });
        tell_fields(source, to, |place| kept.value(place));
    }
}

/// Tells the fields that a source keeps, in the order of its type, each with the value of its place.
fn tell_fields<'v>(
    source: &Source,
    to: &mut (impl PartSink + ?Sized),
    value: impl Fn(usize) -> ValueRef<'v>,
) {
    let mut fields: Vec<(FieldId, usize)> = source.kept.iter().copied().zip(0..).collect();
    fields.sort_unstable();
    for (field, place) in fields {
        let value = value(place);
        if !value.is_null() {
            to.part(Part::Field(field, value));
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
            Alias::Packed {
                source,
                words,
                time,
            } => {
                let event = (self.rule.0, source, words);
                let kept = |place| self.outputs.packed(event, place, self.key);
                let bind = |input| {
                    Bound::Value(match input {
                        Input::Kept(index) => kept(usize::from(index)).unwrap_or(ValueRef::Null),
                        Input::Aggregate(index) => aggregates[usize::from(index)].as_ref(),
                        Input::Envelope(field) => self.packed_envelope((source, time), field),
                        Input::Field(_) => ValueRef::Null,
                    })
                };
                vm::run(code, self.tables, bind, Selection::All(1))
            }
            Alias::Instant(instant) => {
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

    /// A field of the envelope of an event in words: of its place among the rule's sources, and of its time.
    fn packed_envelope(self, (source, time): (u16, i64), field: Envelope) -> ValueRef<'s> {
        let ty = self.rule.1.sources[usize::from(source)].type_id;
        match field {
            Envelope::Type => ValueRef::Text(&self.registry.get(ty).wire_name),
            Envelope::Source => ValueRef::Text(""),
            Envelope::Time => ValueRef::Time(time),
            Envelope::Id | Envelope::Subject | Envelope::Severity => ValueRef::Null,
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
                    self.packed_envelope((source, time), *field)
                }
                Some(Alias::Unseen(_) | Alias::Instant(_) | Alias::Bound { .. }) | None => {
                    ValueRef::Null
                }
            },
        }
    }
}

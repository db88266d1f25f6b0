//! Matches on their way out: what a step has found, in which order it is told, and how it is read.

use core::cmp::Ordering;
use std::sync::Arc;

use trapjaw_event::{
    ActionCall, BoundEvent, Event, FieldId, Match, MatchId, MatchKind, Registry, RuleId, Value,
    ValueRef,
};
use trapjaw_program::{Code, Envelope, Input, Rule, RuleSet, When};
use xxhash_rust::xxh3::Xxh3;

use crate::forward::Forward;
use crate::key;
use crate::segment::{Origin, Segment};
use crate::vm::{self, Bound, Registers, Selection};

/// Takes what a shard finds. Called in order, at the end of a step.
pub trait Sink {
    /// A match; it borrows from the step, and what it is asked for is computed then.
    fn matched(&mut self, found: &MatchRef<'_>);

    /// Rows that belong to another shard.
    fn forward(&mut self, forward: Forward);
}

/// What derived an event: the outputs that led to it, innermost first.
pub(crate) type Cause = Option<Arc<Link>>;

/// One output in a chain of causes.
#[derive(Debug)]
pub(crate) struct Link {
    cause: Cause,
    deadline: i64,
    rule: u32,
    key: Box<[u8]>,
}

impl Drop for Link {
    fn drop(&mut self) {
        // Chains are as deep as rules derive from one another, which the verifier bounds.
        self.cause = None;
    }
}

/// Where a match stands among the outputs of one row: timers (by deadline) before the event, then by rule
/// and key; what an output causes stands directly behind it. It is the same on whatever shard the match
/// was found.
#[derive(Clone, Debug)]
pub struct Place {
    cause: Cause,
    deadline: i64,
    rule: u32,
    key: Box<[u8]>,
    emission: u32,
}

impl Place {
    fn step(&self) -> Step<'_> {
        Step {
            deadline: self.deadline,
            rule: self.rule,
            key: &self.key,
            emission: self.emission,
        }
    }
}

impl PartialEq for Place {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Place {}

impl PartialOrd for Place {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Place {
    fn cmp(&self, other: &Self) -> Ordering {
        compare((&self.cause, self.step()), (&other.cause, other.step()))
    }
}

/// Deadline of what is no timer's: behind all timers of its row.
pub(crate) const EVENT: i64 = i64::MAX;

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Step<'a> {
    deadline: i64,
    rule: u32,
    key: &'a [u8],
    emission: u32,
}

/// Compares two outputs of one row: as the events or timers that brought them about, then by rule.
fn compare(a: (&Cause, Step<'_>), b: (&Cause, Step<'_>)) -> Ordering {
    if a.0.is_none() && b.0.is_none() {
        return a.1.cmp(&b.1);
    }
    let of_timer = |output: (&Cause, Step<'_>)| output.1.deadline != EVENT;
    compare_paths(&path(a), &path(b))
        .then_with(|| of_timer(b).cmp(&of_timer(a)))
        .then_with(|| a.1.cmp(&b.1))
}

/// From the outermost cause to the event, or the timer, that brought an output about.
fn path<'a>((cause, own): (&'a Cause, Step<'a>)) -> Vec<Step<'a>> {
    let mut steps = chain(cause);
    if own.deadline != EVENT {
        steps.push(Step { emission: 0, ..own });
    }
    steps
}

fn chain(cause: &Cause) -> Vec<Step<'_>> {
    let mut steps = Vec::new();
    let mut cause = cause.as_ref();
    while let Some(link) = cause {
        steps.push(Step {
            deadline: link.deadline,
            rule: link.rule,
            key: &link.key,
            emission: 0,
        });
        cause = link.cause.as_ref();
    }
    steps.reverse();
    steps
}

/// Orders what happens at one row: what timers bring about, then the row's own event (the empty path), then
/// what that brings about; and always a cause before what it causes.
fn compare_paths(a: &[Step<'_>], b: &[Step<'_>]) -> Ordering {
    let root = |path: &[Step<'_>]| path.first().map_or(EVENT, |step| step.deadline);
    root(a).cmp(&root(b)).then_with(|| a.cmp(b))
}

/// The timer at the root of a chain of causes: its deadline and rule. `None` where an event is.
pub(crate) fn root_timer(cause: &Cause) -> Option<(i64, RuleId)> {
    let mut link = cause.as_ref()?;
    while let Some(outer) = &link.cause {
        link = outer;
    }
    (link.deadline != EVENT).then_some((link.deadline, RuleId::new(link.rule)))
}

/// Orders inputs: by row, then as what caused them.
pub(crate) fn compare_inputs(a: (u32, &Cause), b: (u32, &Cause)) -> Ordering {
    a.0.cmp(&b.0).then_with(|| match (a.1, b.1) {
        (None, None) => Ordering::Equal,
        (a, b) => compare_paths(&chain(a), &chain(b)),
    })
}

/// The event that a match is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Alias {
    /// A row of this step. The event that triggers a match is told whole; of one that a timer looks back
    /// on, only what its rule keeps, however batches were cut.
    Row { segment: u32, row: u32, whole: bool },
    /// An event kept from an earlier step, in [`Outputs::kept`].
    Kept(u32),
}

/// What a match's identity is made from, beside rule, key and kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Identity {
    /// The alias's row.
    Alias,
    /// An event that is no longer there.
    Event(u128),
    /// A window's end or a deadline.
    Instant(i64),
}

/// An event that a rule holds on to: envelope and kept fields.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct KeptEvent {
    /// Place in the rule's sources.
    pub(crate) source: u16,
    pub(crate) event: Event,
}

/// One match that a step has found.
#[derive(Clone, Debug)]
pub(crate) struct Fired {
    pub(crate) row: u32,
    pub(crate) deadline: i64,
    pub(crate) rule: RuleId,
    pub(crate) emission: u32,
    pub(crate) cause: Cause,
    pub(crate) kind: MatchKind,
    pub(crate) time: i64,
    pub(crate) alias: Alias,
    pub(crate) identity: Identity,
    /// The key's bytes in [`Outputs::keys`].
    pub(crate) key: (u32, u32),
    /// Its aggregates begin here in [`Outputs::aggregates`].
    pub(crate) aggregates: u32,
}

/// What a step has found so far.
#[derive(Debug, Default)]
pub(crate) struct Outputs {
    pub(crate) fired: Vec<Fired>,
    pub(crate) keys: Vec<u8>,
    pub(crate) aggregates: Vec<Value>,
    pub(crate) kept: Vec<KeptEvent>,
}

impl Outputs {
    pub(crate) fn clear(&mut self) {
        self.fired.clear();
        self.keys.clear();
        self.aggregates.clear();
        self.kept.clear();
    }

    /// Puts what was found in the order in which it is told.
    pub(crate) fn sort(&mut self) {
        let Self { fired, keys, .. } = self;
        let keys = &*keys;
        let order = |a: &Fired, b: &Fired| {
            let step = |f: &Fired| Step {
                deadline: f.deadline,
                rule: f.rule.get(),
                key: &keys[f.key.0 as usize..f.key.1 as usize],
                emission: f.emission,
            };
            // The row alone decides nearly always.
            a.row
                .cmp(&b.row)
                .then_with(|| compare((&a.cause, step(a)), (&b.cause, step(b))))
        };
        if !fired.is_sorted_by(|a, b| order(a, b) != Ordering::Greater) {
            fired.sort_by(order);
        }
    }

    pub(crate) fn key(&self, fired: &Fired) -> &[u8] {
        &self.keys[fired.key.0 as usize..fired.key.1 as usize]
    }

    /// The link by which what `fired` derives names its cause.
    pub(crate) fn link(&self, fired: &Fired) -> Arc<Link> {
        Arc::new(Link {
            cause: fired.cause.clone(),
            deadline: fired.deadline,
            rule: fired.rule.get(),
            key: self.key(fired).into(),
        })
    }
}

/// What a match is read from: the step's inputs and outputs.
#[derive(Clone, Copy)]
pub(crate) struct Found<'s> {
    pub(crate) rules: &'s RuleSet,
    pub(crate) segments: &'s [Segment<'s>],
    pub(crate) outputs: &'s Outputs,
    pub(crate) ingest: u64,
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
        Place {
            cause: self.fired.cause.clone(),
            deadline: self.fired.deadline,
            rule: self.fired.rule.get(),
            key: self.found.outputs.key(self.fired).into(),
            emission: self.fired.emission,
        }
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
            MatchKind::Matched | MatchKind::Raised | MatchKind::Timeout => When::Fire,
            MatchKind::Cleared | MatchKind::Expired => When::Clear,
        };
        let actions = rule
            .actions
            .iter()
            .enumerate()
            .filter(|(_, action)| action.when == when);
        let actions = actions.map(|(index, action)| {
            let registers = self.run(&action.code);
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
            events: vec![self.bound_event()],
            values: self.aggregates().to_vec(),
            actions: actions.collect(),
            ingest: self.found.ingest,
        }
    }

    fn definition(&self) -> &'s Rule {
        &self.found.rules.rules[self.fired.rule.index()]
    }

    fn aggregates(&self) -> &'s [Value] {
        let start = self.fired.aggregates as usize;
        &self.found.outputs.aggregates[start..start + self.definition().aggregates.len()]
    }

    fn alias_identity(&self) -> u128 {
        match self.fired.alias {
            Alias::Row { segment, row, .. } => self.found.segments[segment as usize].identity(row),
            Alias::Kept(index) => {
                let event = &self.found.outputs.kept[index as usize].event;
                let id = event.id.as_deref();
                crate::segment::identity(
                    &event.source,
                    id,
                    Origin {
                        stream: 0,
                        sequence: 0,
                    },
                )
            }
        }
    }

    /// Runs code of the rule for this match.
    pub(crate) fn run(&self, code: &'s Code) -> Registers<'s> {
        let about = About {
            rule: self.definition(),
            registry: &self.found.rules.registry,
            segments: self.found.segments,
            kept: &self.found.outputs.kept,
        };
        about.run(code, self.fired.alias, self.aggregates())
    }

    fn bound_event(&self) -> BoundEvent {
        let rule = self.definition();
        let (event, whole, source) = match self.fired.alias {
            Alias::Row {
                segment,
                row,
                whole,
            } => {
                let segment = &self.found.segments[segment as usize];
                (
                    segment.section.event(row as usize),
                    whole,
                    segment.source_of(rule),
                )
            }
            Alias::Kept(index) => {
                let kept = &self.found.outputs.kept[index as usize];
                (
                    kept.event.clone(),
                    false,
                    &rule.sources[usize::from(kept.source)],
                )
            }
        };
        let fields = event.values.into_iter().enumerate();
        let fields = fields.map(|(index, value)| (FieldId::new(index as u16), value));
        let fields = fields
            .filter(|(field, value)| !value.is_null() && (whole || source.kept.contains(field)));
        BoundEvent {
            alias: rule.alias.clone(),
            type_id: event.type_id,
            time: event.time,
            source: Some(event.source),
            id: event.id,
            subject: event.subject,
            severity: event.severity,
            fields: fields.collect(),
        }
    }
}

/// What a rule's code reads when it runs for one match.
#[derive(Clone, Copy)]
pub(crate) struct About<'s> {
    pub(crate) rule: &'s Rule,
    pub(crate) registry: &'s Registry,
    pub(crate) segments: &'s [Segment<'s>],
    pub(crate) kept: &'s [KeptEvent],
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
                vm::run(code, bind, Selection::Rows(&[row]))
            }
            Alias::Kept(index) => {
                let kept = &self.kept[index as usize];
                let source = &self.rule.sources[usize::from(kept.source)];
                let bind = |input| {
                    Bound::Value(match input {
                        Input::Kept(index) => {
                            kept.event.values[source.kept[usize::from(index)].index()].as_ref()
                        }
                        Input::Aggregate(index) => aggregates[usize::from(index)].as_ref(),
                        Input::Envelope(field) => self.envelope(&kept.event, field),
                        Input::Field(_) => ValueRef::Null,
                    })
                };
                vm::run(code, bind, Selection::All(1))
            }
        }
    }

    fn envelope(self, event: &'s Event, field: Envelope) -> ValueRef<'s> {
        let text = |text: Option<&'s str>| text.map_or(ValueRef::Null, ValueRef::Text);
        match field {
            Envelope::Type => ValueRef::Text(&self.registry.get(event.type_id).wire_name),
            Envelope::Source => ValueRef::Text(&event.source),
            Envelope::Id => text(event.id.as_deref()),
            Envelope::Subject => text(event.subject.as_deref()),
            Envelope::Time => ValueRef::Time(event.time),
            Envelope::Severity => event
                .severity
                .map_or(ValueRef::Null, |s| ValueRef::Enum(s as u16)),
        }
    }
}

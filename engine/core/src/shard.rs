//! A shard: one owner of state, advanced by steps.

use std::collections::HashMap;
use std::sync::Arc;

use trapjaw_event::{BatchView, Binding, RuleId, SectionView, check};
use trapjaw_program::{Rule, RuleSet, Verified, inherits};

use crate::agenda::Agenda;
use crate::config::Config;
use crate::counters::Counters;
use crate::derived::DerivedEvents;
use crate::evaluation::Evaluation;
use crate::forward::{Forward, Stray};
use crate::output::{Outputs, Sink};
use crate::piece::pieces;
use crate::place::root_timer;
use crate::record::Record;
use crate::rule::{Span, State};
use crate::segment::{Origin, RowOrigin, Rows, Segment, segments};

/// What moves a shard.
#[derive(Debug)]
pub enum Input<'a> {
    /// Events, as a checked batch.
    Batch {
        /// The events; its bindings are to the registry of the shard's rule set.
        batch: BatchView<'a>,
        /// Place of the first event in its stream; the others follow.
        origin: Origin,
        /// When it was taken in: monotonic nanoseconds, for latencies; 0 in replay.
        ingest: u64,
        /// Wall time at that moment in nanoseconds; `None` in replay, where no event is too far ahead.
        wall: Option<i64>,
    },
    /// Rows from another shard.
    Forwarded(&'a Forward),
    /// Time has come this far, without events.
    Tick(i64),
    /// From here on these rules hold. Rules whose name and meaning stay keep their state.
    Reload(Arc<Verified<RuleSet>>),
}

/// One owner of state: rules, their state, and a clock that only inputs move.
///
/// The same inputs in the same order give the same outputs, byte for byte.
#[derive(Debug)]
pub struct Shard {
    rules: Arc<Verified<RuleSet>>,
    version: u64,
    config: Config,
    /// This shard and the number of shards.
    place: (u32, u32),
    states: Vec<State>,
    agenda: Agenda,
    clock: i64,
    /// Whether derived events go out instead of being taken in at once.
    defers: bool,
    /// Bindings of batches that the shard makes itself.
    bindings: Arc<[Option<Arc<Binding>>]>,
    counters: Counters,
    outputs: Outputs,
    strays: Vec<Stray>,
    effects: Vec<i64>,
    /// What was taken in, where that is recorded.
    records: Option<Vec<Record>>,
}

impl Shard {
    /// Shard `place.0` of `place.1`, before its first input.
    pub fn new(rules: Arc<Verified<RuleSet>>, config: Config, place: (u32, u32)) -> Self {
        let states = rules
            .rules
            .iter()
            .map(|rule| State::new(rule, &config))
            .collect();
        let counters = Counters {
            matches: vec![0; rules.rules.len()],
            ..Counters::default()
        };
        Self {
            bindings: bindings(&rules),
            agenda: Agenda::new(&rules),
            rules,
            version: 0,
            config,
            place,
            states,
            clock: i64::MIN,
            defers: false,
            counters,
            outputs: Outputs::default(),
            strays: Vec::new(),
            effects: Vec::new(),
            records: None,
        }
    }

    /// Records from here on what is taken in: see [`repeat`](crate::repeat).
    pub fn record(&mut self) {
        self.records.get_or_insert_default();
    }

    /// What was recorded since the last call.
    pub fn take_records(&mut self) -> Vec<Record> {
        self.records
            .as_mut()
            .map(core::mem::take)
            .unwrap_or_default()
    }

    /// Routes from here on as another shard does, whose records are repeated.
    pub(crate) fn act_as(&mut self, shard: u32) {
        self.place.0 = shard;
    }

    /// A shard that sends derived events out, row by row, even those that are its own: so that somebody
    /// who drives several shards can put the events of all of them in order.
    pub(crate) fn deferring(self) -> Self {
        Self {
            defers: true,
            ..self
        }
    }

    /// The rules that hold.
    pub fn rules(&self) -> &Arc<Verified<RuleSet>> {
        &self.rules
    }

    /// How often the rules were replaced.
    pub fn version(&self) -> u64 {
        self.version
    }

    /// The newest event time seen; `i64::MIN` before the first input.
    pub fn clock(&self) -> i64 {
        self.clock
    }

    /// What it has counted.
    pub fn counters(&self) -> &Counters {
        &self.counters
    }

    /// Live keys of each rule.
    pub fn keys(&self) -> impl Iterator<Item = usize> + '_ {
        self.states.iter().map(State::keys)
    }

    /// Bytes that each rule remembers, counted as in [`Config::max_state_bytes`] and
    /// [`Config::max_window_bytes`].
    pub fn bytes(&self) -> impl Iterator<Item = usize> + '_ {
        self.states.iter().map(State::bytes)
    }

    /// A lower bound of the next instant at which something happens without an event.
    pub fn next_deadline(&self) -> Option<i64> {
        self.agenda.next_deadline()
    }

    /// Takes one input in and tells `sink` what follows from it.
    pub fn step(&mut self, input: Input<'_>, sink: &mut impl Sink) {
        let rules = Arc::clone(&self.rules);
        match input {
            Input::Batch {
                batch,
                origin,
                ingest,
                wall,
            } => {
                self.counters.events += u64::from(batch.rows());
                self.take_effect(batch, wall);
                if let Some(records) = &mut self.records {
                    for (((section, row), number), &effect) in
                        batch.rows_in_order().zip(0..).zip(&self.effects)
                    {
                        let origin = Origin {
                            sequence: origin.sequence.wrapping_add(number),
                            ..origin
                        };
                        let event = batch.section(section).event(row);
                        records.push(Record::row(
                            event,
                            RowOrigin {
                                origin,
                                effect,
                                cause: None,
                            },
                            None,
                        ));
                    }
                }
                let segments = segments(&rules, batch, Rows::Stream(origin), None);
                self.evaluate(&rules, &segments, ingest, None, sink);
            }
            Input::Forwarded(forward) => {
                self.counters.forwarded += forward.rows() as u64;
                // A row that was on its way while this shard's clock moved on takes effect now.
                let mut clock = self.clock;
                let settle = |row: &RowOrigin| {
                    clock = clock.max(row.effect);
                    RowOrigin {
                        effect: clock,
                        ..row.clone()
                    }
                };
                let rows: Vec<RowOrigin> = forward.rows.iter().map(settle).collect();
                self.effects.clear();
                self.effects.extend(rows.iter().map(|row| row.effect));
                let bindings = Arc::clone(&self.bindings);
                let batch = check(&forward.batch, &bindings).expect("a shard's own batch is sound");
                if let Some(records) = &mut self.records {
                    for (((section, row), origin), number) in
                        batch.rows_in_order().zip(&rows).zip(0..)
                    {
                        let targets = forward
                            .targets
                            .iter()
                            .filter(|(_, row)| *row == number)
                            .map(|(rule, _)| *rule);
                        let event = batch.section(section).event(row);
                        records.push(Record::row(event, origin.clone(), Some(targets.collect())));
                    }
                }
                let segments = segments(&rules, batch, Rows::Each(&rows), Some(&forward.targets));
                // Who drives several shards sets timers of the same instant off itself, rule by rule.
                let end = root_timer(forward.cause()).filter(|_| self.defers);
                self.evaluate(&rules, &segments, forward.ingest, end, sink);
            }
            Input::Tick(now) => {
                self.effects.clear();
                self.clock = self.clock.max(now);
                let clock = self.clock;
                if let Some(records) = &mut self.records {
                    records.push(Record::tick(clock));
                }
                self.evaluate(&rules, &[], 0, None, sink);
            }
            Input::Reload(rules) => self.reload(rules),
        }
    }

    /// Tells the rules to which something may happen up to `now` without an event.
    pub(crate) fn due(&self, now: i64, tell: impl FnMut(RuleId)) {
        self.agenda.due(now, tell);
    }

    /// Lets time pass up to `now`, of which only the timers of rules up to and with this one are seen.
    pub(crate) fn pass_rule(&mut self, now: i64, rule: RuleId, sink: &mut impl Sink) {
        let rules = Arc::clone(&self.rules);
        self.effects.clear();
        self.clock = self.clock.max(now);
        let end = (now, RuleId::new(rule.get() + 1));
        self.evaluate(&rules, &[], 0, Some(end), sink);
    }

    /// When each row of a batch takes effect: at its own time or the clock's, whichever is later.
    fn take_effect(&mut self, batch: BatchView<'_>, wall: Option<i64>) {
        self.effects.clear();
        if let [times] = &*batch.sections().map(SectionView::times).collect::<Vec<_>>() {
            self.effects.extend_from_slice(times);
        } else {
            let rows = batch.rows_in_order();
            self.effects
                .extend(rows.map(|(section, row)| batch.section(section).times()[row]));
        }
        if let Some(wall) = wall {
            let latest = wall.saturating_add(self.config.max_ahead);
            for time in self.effects.iter_mut().filter(|time| **time > latest) {
                self.counters.ahead += 1;
                *time = wall;
            }
        }
        // Events mostly come in order: looking is cheaper than making sure.
        let in_order = self
            .effects
            .first()
            .is_none_or(|&first| first >= self.clock)
            && self.effects.is_sorted();
        if !in_order {
            let mut clock = self.clock;
            for effect in &mut self.effects {
                clock = clock.max(*effect);
                *effect = clock;
            }
        }
    }

    fn evaluate(
        &mut self,
        rules: &RuleSet,
        segments: &[Segment<'_>],
        ingest: u64,
        end: Option<(i64, RuleId)>,
        sink: &mut impl Sink,
    ) {
        let newest = self.effects.last().copied();
        self.clock = newest.unwrap_or(self.clock).max(self.clock);
        self.counters.faults += segments.iter().map(Segment::faults).sum::<u64>();
        let effects = core::mem::take(&mut self.effects);
        let all: Vec<&Segment<'_>> = segments.iter().collect();
        for span in pieces(rules, &self.states, segments, effects.len()) {
            self.outputs.clear();
            let now = match &span {
                Span::Whole => self.clock,
                Span::Part(rows) => effects[rows.end as usize - 1],
            };
            let evaluation = Evaluation {
                rules,
                version: self.version,
                config: &self.config,
                place: self.place,
                defers: self.defers,
                bindings: &self.bindings,
                effects: &effects,
                span,
                now,
                ingest,
                end,
                states: &mut self.states,
                agenda: &mut self.agenda,
                outputs: &mut self.outputs,
                strays: &mut self.strays,
                counters: &mut self.counters,
                derived: DerivedEvents::default(),
            };
            evaluation.run(&all, sink);
        }
        self.effects = effects;
    }

    fn reload(&mut self, rules: Arc<Verified<RuleSet>>) {
        // Matches of the last step refer to events that states keep.
        self.outputs.clear();
        let old = core::mem::replace(&mut self.rules, rules);
        let names = old.rules.iter().map(|rule| &*rule.name);
        let mut states: HashMap<&str, (usize, State)> =
            names.zip(self.states.drain(..).enumerate()).collect();
        let matches = core::mem::take(&mut self.counters.matches);
        self.agenda = Agenda::new(&self.rules);
        for (rule, id) in self.rules.rules.iter().zip(0..) {
            let before = states.remove(&*rule.name);
            let count = before.as_ref().map_or(0, |(index, _)| matches[*index]);
            self.counters.matches.push(count);
            let state = match before {
                Some((index, mut state))
                    if inherits((&old, &old.rules[index]), (&self.rules, rule)) =>
                {
                    if let Some(places) = new_places((&old, index), (&self.rules, rule)) {
                        state.reorder_sources(&places);
                    }
                    state
                }
                _ => State::new(rule, &self.config),
            };
            self.agenda
                .set_deadline(RuleId::new(id), state.next_deadline());
            self.states.push(state);
        }
        self.bindings = bindings(&self.rules);
        self.version += 1;
    }
}

/// Where each source of a rule stands in one of the same meaning; `None` where all stand as they did.
fn new_places((old, index): (&RuleSet, usize), (new, rule): (&RuleSet, &Rule)) -> Option<Vec<u16>> {
    fn names<'r>(set: &'r RuleSet, rule: &'r Rule) -> impl Iterator<Item = &'r str> {
        let types = rule.sources.iter().map(|source| source.type_id);
        types.map(|ty| &*set.registry.get(ty).wire_name)
    }
    let before = || names(old, &old.rules[index]);
    if before().eq(names(new, rule)) {
        return None;
    }
    let places: HashMap<&str, u16> = names(new, rule).zip(0..).collect();
    // Whoever inherits has all of the sources that there were.
    Some(
        before()
            .map(|name| places.get(name).copied().unwrap_or_default())
            .collect(),
    )
}

/// Bindings to a registry of batches that were built from it.
fn bindings(rules: &RuleSet) -> Arc<[Option<Arc<Binding>>]> {
    let identity = |(id, _)| Some(Arc::new(Binding::identity(&rules.registry, id)));
    rules.registry.iter().map(identity).collect()
}

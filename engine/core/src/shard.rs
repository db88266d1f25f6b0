//! A shard: one owner of state, advanced by steps.

mod order;
mod reload;

use std::borrow::Cow;
use std::sync::Arc;

use smallvec::SmallVec;
use trapjaw_event::{BatchView, Binding, RuleId, check};
use trapjaw_program::{RuleSet, Verified};

use crate::agenda::Agenda;
use crate::config::Config;
use crate::counters::Counters;
use crate::derived::DerivedEvents;
use crate::evaluation::Evaluation;
use crate::forward::{Forward, Stray};
use crate::index::{Index, Samples};
use crate::lines::Lines;
use crate::output::{Outputs, Sink};
use crate::piece::pieces;
use crate::place::root_timer;
use crate::record::Record;
use crate::rule::{Groups, Span, State};
use crate::segment::{Origin, RowOrigin, Rows, Segment, with_segments};
use crate::stage::Stage;
use crate::staging::Hold;
use crate::trace::Traces;

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
    /// Time has come this far, without events. Rules that let events be late go by [`Input::Watermark`] instead.
    Tick(i64),
    /// All streams have come this far: what is dated before it has arrived, or is late. It is the watermark of lateness
    /// 0; rules that let events be late by D see time up to D before it.
    Watermark(i64),
    /// Rows that wait for the watermark go on at once, in order: no other will come.
    Release,
    /// From here on these rules hold. Rules whose name and meaning stay keep their state.
    Reload(Arc<Verified<RuleSet>>),
}

/// One owner of state: rules, their state, and a clock that only inputs move.
///
/// The same inputs in the same order give the same outputs, byte for byte.
#[derive(Debug)]
pub struct Shard {
    rules: Arc<Verified<RuleSet>>,
    index: Arc<Index>,
    /// Rows by which witnesses are chosen.
    samples: Samples,
    version: u64,
    config: Config,
    /// This shard and the number of shards.
    place: (u32, u32),
    states: Vec<State>,
    /// The rules that have the same windows.
    groups: Groups,
    lines: Lines,
    /// By line: its rules and their deadlines.
    agendas: Vec<Agenda>,
    /// By line: how far time has come.
    clocks: Vec<i64>,
    /// By line: what waits for the watermark; nothing on the first.
    stages: Vec<Stage>,
    /// The watermark of lateness 0; `i64::MIN` before there is one.
    base: i64,
    holds: Vec<Hold>,
    /// Where the clock of the first line is on its way to, if somebody lets it come there step by step.
    target: i64,
    /// How many derived rows were numbered.
    numbered: u64,
    /// Whether derived events go out instead of being taken in at once.
    defers: bool,
    /// Bindings of batches that the shard makes itself.
    bindings: Arc<[Option<Arc<Binding>>]>,
    counters: Counters,
    outputs: Outputs,
    strays: Vec<Stray>,
    /// Room for when rows take effect.
    effects: Vec<i64>,
    /// What was taken in, where that is recorded.
    records: Option<Vec<Record>>,
}

impl Shard {
    /// Shard `place.0` of `place.1`, before its first input.
    pub fn new(rules: Arc<Verified<RuleSet>>, config: Config, place: (u32, u32)) -> Self {
        let groups = Groups::new(&rules, &config, place.1);
        let ids = (0..rules.rules.len() as u32).map(RuleId::new);
        let states: Vec<State> = ids.map(|id| groups.state(&rules, id, &config)).collect();
        let counters = Counters {
            matches: vec![0; rules.rules.len()],
            late: vec![0; rules.registry.len()],
            ..Counters::default()
        };
        let lines = Lines::new(&rules);
        let (mut agendas, clocks, stages) = of_lines(&rules, &lines);
        for (state, id) in states.iter().zip(0..) {
            let id = RuleId::new(id);
            agendas[lines.of(id) as usize].set_deadline(id, state.next_deadline());
        }
        Self {
            bindings: bindings(&rules),
            lines,
            agendas,
            clocks,
            stages,
            base: i64::MIN,
            holds: Vec::new(),
            target: i64::MIN,
            numbered: 0,
            index: Arc::new(Index::new(&rules, config.index_from)),
            samples: Samples::new(&rules, config.index_from),
            rules,
            version: 0,
            config,
            place,
            states,
            groups,
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
        for (state, id) in self.states.iter_mut().zip(0..) {
            state.act_as(shard);
            let id = RuleId::new(id);
            let agenda = &mut self.agendas[self.lines.of(id) as usize];
            agenda.set_deadline(id, state.next_deadline());
        }
    }

    /// A shard that sends derived events out, row by row, even those that are its own: so that somebody
    /// who drives several shards can put the events of all of them in order.
    pub(crate) fn deferring(self) -> Self {
        Self {
            defers: true,
            ..self
        }
    }

    /// What the runs of patterns did, since it was last asked for; nothing unless the configuration asks for it.
    pub fn take_traces(&mut self) -> Traces {
        let states = self.states.iter_mut();
        states.map(State::take_traces).collect()
    }

    /// The runs of patterns that are open now; nothing unless the configuration asks for traces.
    pub fn open_runs(&mut self) -> Traces {
        let states = self.states.iter_mut();
        states.map(State::open_runs).collect()
    }

    /// The limits of its state.
    pub fn config(&self) -> &Config {
        &self.config
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
        self.clocks[0]
    }

    /// How far time has come on a line; `i64::MIN` before its first instant.
    pub(crate) fn clock_of(&self, line: u32) -> i64 {
        self.clocks[line as usize]
    }

    /// What it has counted.
    pub fn counters(&self) -> &Counters {
        &self.counters
    }

    /// Live keys of each rule.
    pub fn keys(&self) -> impl Iterator<Item = usize> + '_ {
        let ids = (0..self.states.len() as u32).map(RuleId::new);
        ids.map(|id| self.states[self.groups.owner(id).index()].keys())
    }

    /// Bytes that each rule remembers, counted as in [`Config::max_state_bytes`] and
    /// [`Config::max_window_bytes`]. What several rules remember together is counted with the first of them.
    pub fn bytes(&self) -> impl Iterator<Item = usize> + '_ {
        self.states.iter().map(State::bytes)
    }

    /// Bytes of the index over its rules' conditions.
    pub fn index_bytes(&self) -> usize {
        self.index.bytes()
    }

    /// A lower bound of the next instant at which something happens without an event, to rules of lateness 0.
    pub fn next_deadline(&self) -> Option<i64> {
        self.agendas[0].next_deadline()
    }

    /// Is there a rule that the clock starts?
    pub fn has_schedules(&self) -> bool {
        let mut rules = self.rules.rules.iter();
        rules.any(|rule| rule.clause.is_schedule())
    }

    /// Takes one input in and tells `sink` what follows from it.
    pub fn step(&mut self, input: Input<'_>, sink: &mut impl Sink) {
        let (rules, index) = (Arc::clone(&self.rules), Arc::clone(&self.index));
        match input {
            Input::Batch {
                batch,
                origin,
                ingest,
                wall,
            } => {
                self.counters.events += u64::from(batch.rows());
                let effects = self.take_effect(batch, wall);
                self.tell_late((batch, &effects), sink);
                self.record_rows((batch, &effects), origin);
                let rows = Rows::Stream(origin);
                let door = (Some(self.base), None);
                with_segments((&rules, &index), batch, rows, None, |segments| {
                    let own = (&**rules, &*index, 0);
                    self.evaluate(own, (segments, &effects), ingest, door, sink);
                    self.sample(segments);
                });
                if let Cow::Owned(effects) = effects {
                    self.effects = effects;
                }
            }
            Input::Forwarded(forward) => {
                self.counters.forwarded += forward.rows() as u64;
                let bindings = Arc::clone(&self.bindings);
                let batch = check(&forward.batch, &bindings).expect("a shard's own batch is sound");
                // Who drives several shards sets timers of the same instant off itself, rule by rule.
                let end = root_timer(forward.cause()).filter(|_| self.defers);
                let Forward {
                    line,
                    rows,
                    targets,
                    ingest,
                    ..
                } = forward;
                self.take_rows((&rules, *line), (batch, rows, targets), *ingest, end, sink);
            }
            Input::Tick(now) => {
                if let Some(records) = &mut self.records {
                    records.push(Record::tick(0, self.clocks[0].max(now)));
                }
                self.pass_line(0, now, sink);
            }
            Input::Watermark(base) => self.advance(base, sink),
            Input::Release => self.release(sink),
            Input::Reload(rules) => self.reload(rules),
        }
    }

    /// Takes in rows that are known one by one, on their line of time.
    fn take_rows(
        &mut self,
        (rules, line): (&RuleSet, u32),
        (batch, rows, targets): (BatchView<'_>, &[RowOrigin], &[(RuleId, u32)]),
        ingest: u64,
        end: Option<(i64, RuleId)>,
        sink: &mut impl Sink,
    ) {
        // A row that was on its way while this shard's clock moved on takes effect now.
        let mut clock = self.clocks[line as usize];
        let mut numbered = self.numbered;
        let settle = |row: &RowOrigin| {
            clock = clock.max(row.effect);
            let mut row = RowOrigin {
                effect: clock,
                ..row.clone()
            };
            if row.cause.is_some() && row.origin == Origin::NOWHERE {
                numbered += 1;
                row.origin.sequence = numbered;
            }
            row
        };
        let rows: Vec<RowOrigin> = rows.iter().map(settle).collect();
        self.numbered = numbered;
        let effects: Vec<i64> = rows.iter().map(|row| row.effect).collect();
        self.record_each((line, batch), &rows, targets);
        let index = Arc::clone(&self.index);
        let own = (rules, &*index, line);
        with_segments(
            (rules, &index),
            batch,
            Rows::Each(&rows),
            Some(targets),
            |segments| self.evaluate(own, (segments, &effects), ingest, (None, end), sink),
        );
    }

    /// Looks at some rows, and chooses witnesses anew once, when there is enough to choose by.
    fn sample(&mut self, segments: &[Segment<'_>]) {
        let mut is_enough = false;
        for segment in segments {
            is_enough |= self.samples.see(segment);
        }
        if is_enough {
            let from = self.config.index_from;
            let index = (self.index).renewed(&self.rules, &self.rules, from, &self.samples);
            self.index = Arc::new(index);
        }
    }

    /// When each row of a batch takes effect: at its own time or the clock's, whichever is later. Where events come in order, as
    /// they mostly do, that is the batch's own column.
    fn take_effect<'b>(&mut self, batch: BatchView<'b>, wall: Option<i64>) -> Cow<'b, [i64]> {
        let latest = wall.map_or(i64::MAX, |wall| wall.saturating_add(self.config.max_ahead));
        let clock = self.clocks[0];
        if batch.section_count() == 1 {
            let times = batch.section(0).times();
            if let ([first, ..], [.., last]) = (times, times)
                && *first >= clock
                && *last <= latest
                && rises(times)
            {
                return Cow::Borrowed(times);
            }
        }
        let mut effects = core::mem::take(&mut self.effects);
        effects.clear();
        let rows = batch.rows_in_order();
        effects.extend(rows.map(|(section, row)| batch.section(section).times()[row]));
        let mut clock = clock;
        for time in &mut effects {
            if *time > latest {
                self.counters.ahead += 1;
                *time = wall.unwrap_or(latest);
            }
            clock = clock.max(*time);
            *time = clock;
        }
        Cow::Owned(effects)
    }

    /// Evaluates rows that take effect at these times.
    fn evaluate(
        &mut self,
        (rules, index, line): (&RuleSet, &Index, u32),
        (segments, effects): (&[Segment<'_>], &[i64]),
        ingest: u64,
        (door, end): (Option<i64>, Option<(i64, RuleId)>),
        sink: &mut impl Sink,
    ) {
        let clock = &mut self.clocks[line as usize];
        if let Some(newest) = effects.last() {
            *clock = (*newest).max(*clock);
        }
        let clock = *clock;
        self.counters.faults += segments
            .iter()
            .map(Segment::faults)
            .sum::<crate::counters::Faults>();
        let all: SmallVec<[&Segment<'_>; 4]> = segments.iter().collect();
        for span in pieces(rules, &self.states, segments, effects.len()) {
            self.outputs.clear();
            let is_piece = span != Span::Whole;
            let now = match &span {
                Span::Whole => clock,
                Span::Part(rows) => effects[rows.end as usize - 1],
            };
            let mut evaluation = Evaluation {
                rules,
                index,
                version: self.version,
                config: &self.config,
                place: self.place,
                lines: &self.lines,
                line,
                door,
                defers: self.defers,
                bindings: &self.bindings,
                effects,
                span,
                now,
                target: self.target,
                ingest,
                end,
                states: &mut self.states,
                groups: &self.groups,
                agenda: &mut self.agendas[line as usize],
                outputs: &mut self.outputs,
                strays: &mut self.strays,
                holds: &mut self.holds,
                numbered: &mut self.numbered,
                counters: &mut self.counters,
                derived: DerivedEvents::default(),
            };
            evaluation.run(&all, sink);
            if is_piece {
                sink.settled();
            }
        }
        if self.lines.are_many() {
            self.put_by(sink);
        }
    }
}

/// Is no value less than the one before? Looked at without ending early: events mostly come in order.
fn rises(times: &[i64]) -> bool {
    let falls = || {
        let pairs = times.iter().zip(times.get(1..).unwrap_or_default());
        pairs.fold(0, |falls, (a, b)| falls | u64::from(a > b))
    };
    // A few are looked at before it is known what the processor has.
    let falls = if times.len() < 64 {
        falls()
    } else {
        pulp::Arch::new().dispatch(falls)
    };
    falls == 0
}

/// Bindings to a registry of batches that were built from it.
fn bindings(rules: &RuleSet) -> Arc<[Option<Arc<Binding>>]> {
    let identity = |(id, _)| Some(Arc::new(Binding::identity(&rules.registry, id)));
    rules.registry.iter().map(identity).collect()
}

/// What each line has: rules with their deadlines, a clock, a stage.
fn of_lines(rules: &RuleSet, lines: &Lines) -> (Vec<Agenda>, Vec<i64>, Vec<Stage>) {
    let agenda = |line| Agenda::new(rules, |rule| lines.of(rule) == line);
    let all = 0..lines.len() as u32;
    (
        all.clone().map(agenda).collect(),
        all.clone().map(|_| i64::MIN).collect(),
        all.map(|_| Stage::default()).collect(),
    )
}

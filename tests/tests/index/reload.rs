//! Rules are replaced again and again: what has lasted of an index finds what one that is made anew finds.

use std::fmt::Write as _;
use std::sync::Arc;

use trapjaw_dsl::source::SourceMap;
use trapjaw_engine::{Config, Forward, Input, MatchRef, Origin, Shard, Sink};
use trapjaw_event::{BatchBuilder, Binding, Event, Match, Value, check};
use trapjaw_program::{RuleSet, Verified};

use trapjaw_tests::engine::NEVER;

use crate::generate::{Draws, TYPE, condition, events};

/// Events of a round.
const EVENTS: u64 = 40;

#[derive(Default)]
struct Found(Vec<Match>);

impl Sink for Found {
    fn matched(&mut self, found: &MatchRef<'_>) {
        self.0.push(found.to_match());
    }

    fn forward(&mut self, _forward: Forward) {
        unreachable!("one shard owns every key")
    }
}

/// Rules that change.
struct Rules {
    /// Numbers and texts.
    each: Vec<(u64, String)>,
    named: u64,
    /// Is there another field before the others? Then all have other numbers.
    is_wider: bool,
}

impl Rules {
    /// A rule that remembers nothing: its matches tell of its condition alone.
    fn add(&mut self, draws: &mut Draws) {
        let at = draws.below(self.each.len() as u64 + 1) as usize;
        let condition = condition(draws);
        let rule = match draws.below(8) {
            0 => format!("on e: e where {condition} emit out {{ n: e.n }}"),
            _ => format!("on e: e where {condition} do log(n: e.n)"),
        };
        self.each.insert(at, (self.named, rule));
        self.named += 1;
    }

    fn remove(&mut self, draws: &mut Draws) {
        let at = draws.below(self.each.len() as u64) as usize;
        self.each.remove(at);
    }

    /// Mostly few of them, sometimes many; sometimes none, or their order alone.
    fn change(&mut self, draws: &mut Draws) {
        let most = [0, 3, 3, 12, 12, 40, 150][draws.below(7) as usize];
        for _ in 0..draws.below(most + 1) {
            self.add(draws);
        }
        for _ in 0..draws.below(most + 1).min(self.each.len() as u64 - 1) {
            self.remove(draws);
        }
        match draws.below(6) {
            0 => self.each.reverse(),
            1 => {
                let by = draws.below(self.each.len() as u64) as usize;
                self.each.rotate_left(by);
            }
            2 => self.is_wider = !self.is_wider,
            _ => {}
        }
    }

    fn program(&self) -> Arc<Verified<RuleSet>> {
        let mut text = TYPE.to_owned();
        if self.is_wider {
            text = text.replace("event e {", "event e { first: text?,");
        }
        for (name, rule) in &self.each {
            let _ = writeln!(text, "rule r{name} {{ {rule} }}");
        }
        for rule in 0..10 {
            let _ = writeln!(
                text,
                "rule out{rule} {{ on o: out where o.n == {rule} do log(n: o.n) }}"
            );
        }
        let mut sources = SourceMap::new();
        sources.add("rules.trap", text);
        Arc::new(trapjaw_dsl::compile(&sources).expect("sound rules").program)
    }

    /// After those of the rounds before: none is moved to where a clock is.
    fn events(&self, draws: &mut Draws, round: u64) -> Vec<Event> {
        self.many_events(draws, round, EVENTS)
    }

    fn many_events(&self, draws: &mut Draws, round: u64, count: u64) -> Vec<Event> {
        let mut events = events(draws, count as i64);
        for event in &mut events {
            event.time += (round << 45) as i64;
            if self.is_wider {
                event.values.insert(0, Value::Null);
            }
        }
        events
    }
}

/// What a shard finds in events of its own rules.
fn found(shard: &mut Shard, events: &[Event], sequence: u64) -> Vec<Match> {
    let registry = &shard.rules().registry;
    let mut builder = BatchBuilder::new(Arc::clone(registry));
    for event in events {
        builder.push(event).expect("the events fit");
    }
    let bindings: Vec<_> = (registry.iter())
        .map(|(id, _)| Some(Arc::new(Binding::identity(registry, id))))
        .collect();
    let bytes = builder.finish();
    let mut found = Found::default();
    let origin = Origin {
        stream: 0,
        sequence,
    };
    shard.step(
        Input::Batch {
            batch: check(&bytes, &bindings).expect("a sound batch"),
            origin,
            ingest: 0,
            wall: None,
        },
        &mut found,
    );
    found.0
}

#[test]
fn after_reloads_an_index_finds_what_a_new_one_does() {
    let mut matches = 0;
    for (seed, index_from) in (100..).zip([1, 1, 4, 24, 1, 8]) {
        let mut draws = Draws(seed);
        let mut rules = Rules {
            each: Vec::new(),
            named: 0,
            is_wider: false,
        };
        for _ in 0..250 {
            rules.add(&mut draws);
        }
        let config = Config {
            index_from,
            ..Config::default()
        };
        let mut lasting = Shard::new(rules.program(), config, (0, 1));
        for round in 0..25 {
            rules.change(&mut draws);
            let program = rules.program();
            lasting.step(Input::Reload(Arc::clone(&program)), &mut Found::default());
            let events = rules.events(&mut draws, round);
            let mut fresh = Shard::new(program, config, (0, 1));
            let before = lasting.counters().faults.total();
            let of_lasting = found(&mut lasting, &events, round * EVENTS);
            let of_fresh = found(&mut fresh, &events, round * EVENTS);
            let both = of_lasting.iter().zip(&of_fresh);
            let mut differ = both.filter(|(a, b)| (&a.rule, &a.events) != (&b.rule, &b.events));
            assert_eq!(differ.next(), None, "seed {seed}, round {round}");
            assert_eq!(
                of_lasting.len(),
                of_fresh.len(),
                "seed {seed}, round {round}"
            );
            assert_eq!(
                lasting.counters().faults.total() - before,
                fresh.counters().faults.total(),
                "seed {seed}, round {round}"
            );
            matches += of_lasting.len();
        }
    }
    // Rules that never match would agree on anything.
    assert!(matches > 50_000, "only {matches} matches");
}

#[test]
fn witnesses_that_are_chosen_by_a_sample_find_the_same() {
    const BATCH: u64 = 2_000;
    let mut draws = Draws(200);
    let mut rules = Rules {
        each: Vec::new(),
        named: 0,
        is_wider: false,
    };
    for _ in 0..60 {
        rules.add(&mut draws);
    }
    let shard = |index_from| {
        let config = Config {
            index_from,
            ..Config::default()
        };
        Shard::new(rules.program(), config, (0, 1))
    };
    let (mut with, mut without) = (shard(1), shard(NEVER));
    let mut matches = 0;
    // The sample is full in the eighth of them.
    for round in 0..12 {
        if round == 10 {
            rules.change(&mut draws);
            let program = rules.program();
            for shard in [&mut with, &mut without] {
                shard.step(Input::Reload(Arc::clone(&program)), &mut Found::default());
            }
        }
        let events = rules.many_events(&mut draws, round, BATCH);
        let of_with = found(&mut with, &events, round * BATCH);
        let of_without = found(&mut without, &events, round * BATCH);
        let both = of_with.iter().zip(&of_without);
        let mut differ = both.filter(|(a, b)| (&a.rule, &a.events) != (&b.rule, &b.events));
        assert_eq!(differ.next(), None, "round {round}");
        assert_eq!(of_with.len(), of_without.len(), "round {round}");
        assert_eq!(
            with.counters().faults,
            without.counters().faults,
            "round {round}"
        );
        matches += of_with.len();
    }
    assert!(matches > 10_000, "only {matches} matches");
}

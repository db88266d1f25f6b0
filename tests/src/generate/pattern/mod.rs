//! Random patterns over small alphabets, and short histories for them.

mod of_bytes;
mod tree;

pub use of_bytes::SKIPS;

use trapjaw_event::{Event, TypeId, Value};

use super::random::Random;
use super::schema::SECOND;
use super::{Case, shrink_list};
use crate::oracle::Options;
use tree::Tree;

/// The event types: a key, and a small number.
const TYPES: [&str; 3] = ["a", "b", "c"];

/// How often another pattern is made in place of one that is refused, before it is a plain one.
const ATTEMPTS: usize = 200;

/// Where all matches of a moment are told as one.
const TOGETHER: &str = "skip none together";

/// A rule with a pattern, and a history.
#[derive(Clone, Debug)]
pub struct PatternCase {
    seed: u64,
    tree: Tree,
    clauses: Vec<String>,
    events: Vec<Event>,
    options: Options,
}

impl PatternCase {
    /// The case that a seed makes.
    pub fn new(seed: u64) -> Self {
        let random = &mut Random::new(seed ^ 0x7061_7474);
        let made = (0..ATTEMPTS)
            .map(|_| Self::made(random, seed))
            .find(Self::is_right);
        made.unwrap_or_else(|| panic!("no pattern of seed {seed} is right"))
    }

    fn made(random: &mut Random, seed: u64) -> Self {
        let tree = Tree::new(random);
        let clauses = clauses(random);
        let (events, options) = history(random, most_events(&tree));
        Self {
            seed,
            tree,
            clauses,
            events,
            options,
        }
    }

    /// The same rule over another history, of at most so many events as is usual for it.
    #[must_use]
    pub fn with_history(&self, seed: u64) -> Self {
        let case = self.with_events(seed, most_events(&self.tree));
        if seed % 4 >= 2 { case.bare() } else { case }
    }

    /// With events that have nothing but fields and a time, which the engine keeps in another way.
    fn bare(mut self) -> Self {
        for event in &mut self.events {
            (event.id, event.source) = (None, "".into());
        }
        self
    }

    /// The same rule over another history, of at most so many events.
    #[must_use]
    pub fn with_events(&self, seed: u64, most: usize) -> Self {
        let random = &mut Random::new(seed ^ self.seed.rotate_left(32) ^ 0x6869_7374);
        let (events, options) = history(random, most);
        Self {
            events,
            options,
            ..self.clone()
        }
    }

    /// Whether an event that fits may be skipped: then there may be very many matches.
    pub fn may_skip_what_fits(&self) -> bool {
        self.tree.has_any()
    }

    /// Whether nothing is left of a history some time after its end.
    pub fn is_bounded(&self) -> bool {
        self.clauses
            .iter()
            .any(|clause| clause.starts_with("within"))
    }

    /// The same, begun at another time.
    #[must_use]
    pub fn begun_at(mut self, start: i64) -> Self {
        let shift = start - self.events[0].time;
        for event in &mut self.events {
            event.time += shift;
        }
        self.options.until = self.options.until.map(|until| until + shift);
        self
    }

    /// The history, in order of arrival.
    pub fn events(&self) -> &[Event] {
        &self.events
    }

    /// How it is run.
    pub fn options(&self) -> Options {
        self.options
    }

    fn is_right(&self) -> bool {
        trapjaw_dsl::check(&self.case().sources()).is_ok()
    }

    /// The case as any other.
    pub fn case(&self) -> Case {
        let declared = TYPES.map(|name| format!("event {name} {{ k: text?, v: int? }}"));
        let mut declarations = declared.to_vec();
        let mut derived = Vec::new();
        if self.clauses.iter().any(|clause| clause.starts_with("emit")) {
            declarations.push("event d { v: int? }".into());
            derived.push("rule s { match x: d -> y: d within 5s do log(\"{x.v}{y.v}\") }".into());
        }
        let rule = format!(
            "rule r {{\n    match {}\n    {}\n}}",
            self.tree.text(),
            self.clauses.join("\n    ")
        );
        Case {
            seed: self.seed,
            declarations,
            tables: Vec::new(),
            rules: [vec![rule], derived].concat(),
            events: self.events.clone(),
            options: self.options,
        }
    }

    /// Whether all matches of a moment are told as one.
    pub fn is_together(&self) -> bool {
        self.clauses.iter().any(|clause| clause == TOGETHER)
    }

    /// Whether a limit holds matches back.
    pub fn is_limited(&self) -> bool {
        (self.clauses.iter()).any(|clause| clause.starts_with("limit"))
    }

    /// The same pattern and history, with every match reported by itself.
    #[must_use]
    pub fn with_all_matches(&self) -> Self {
        let mut case = self.clone();
        let mut gone = vec!["skip", "limit"];
        if self.is_together() {
            // What they say is said of many.
            gone.extend(["do", "emit"]);
        }
        case.clauses
            .retain(|clause| !gone.iter().any(|word| clause.starts_with(word)));
        case.clauses.push("skip none".into());
        case
    }

    /// A smaller case that still fails, if `fails` says of this one that it does. `fails` is to be false for cases
    /// that fail in another way, those that don't compile among them.
    #[must_use]
    pub fn shrink(self, mut fails: impl FnMut(&Case) -> bool) -> Self {
        let mut case = self;
        loop {
            let trees = case.tree.smaller().into_iter();
            let smaller = trees.map(|tree| Self {
                tree,
                ..case.clone()
            });
            let found = smaller.into_iter().find(|smaller| fails(&smaller.case()));
            if let Some(smaller) = found {
                case = smaller;
                continue;
            }
            let mut fails = |smaller: &Self| fails(&smaller.case());
            let mut shrunk = shrink_list(&mut case, |case| &mut case.events, &mut fails);
            shrunk |= shrink_list(&mut case, |case| &mut case.clauses, &mut fails);
            if !shrunk {
                return case;
            }
        }
    }
}

/// Most events of a history that the oracle comes to the end of.
fn most_events(tree: &Tree) -> usize {
    if tree.has_any() { 7 } else { 12 }
}

/// A history of at most so many events, and how it is run.
fn history(random: &mut Random, most: usize) -> (Vec<Event>, Options) {
    let mut time = random.pick(&[0, 1_767_225_600]) * SECOND;
    let count = random.between(1, most);
    let events = (0..count)
        .map(|place| {
            time += random.pick(&[0, 1, 1, 1, 2, 3]) * SECOND;
            // Some are dated back, and take effect when they come.
            let dated = if random.chance(5) {
                time - SECOND
            } else {
                time
            };
            event(random, place, dated)
        })
        .collect();
    let until = random.pick(&[None, Some(0), Some(5), Some(60)]);
    let idle_ttl = random.pick(&[86_400, 86_400, 4]) * SECOND;
    let options = Options {
        until: until.map(|after| time + after * SECOND),
        idle_ttl,
        ..Options::default()
    };
    (events, options)
}

/// What stands behind the pattern.
fn clauses(random: &mut Random) -> Vec<String> {
    let mut clauses = Vec::new();
    match random.weighted(&[(55, 0), (35, 1), (10, 2)]) {
        0 => {}
        1 => clauses.push("by k".into()),
        _ => clauses.push(format!(
            "by e{}.v = e{}.v",
            random.below(2),
            random.between(1, 2)
        )),
    }
    let within = random.chance(92);
    if within {
        clauses.push(format!("within {}s", random.between(2, 12)));
    }
    let skip = random.weighted(&[
        (35, ""),
        (15, "skip to next"),
        (25, "skip none"),
        (15, TOGETHER),
        (12, "skip to first"),
        (13, "skip to last"),
    ]);
    match skip {
        "" => {}
        "skip to first" | "skip to last" => clauses.push(format!("{skip} e{}", random.below(3))),
        skip => clauses.push(skip.into()),
    }
    if random.chance(10) {
        clauses.push(format!(
            "limit {} per {}s",
            random.between(1, 2),
            random.between(1, 6)
        ));
    }
    if skip == TOGETHER {
        clauses.extend(told_together(random));
        return clauses;
    }
    if random.chance(10) {
        clauses.push("keep *".into());
    }
    let value = random.pick(&[
        "{e0.v}",
        "{count(e0)}",
        "{sum(e0.v)} {e0.first.v} {e0.prev.v}",
        "{max(e0.v)} {avg(e0.v)}",
        "{first(e0.v)} {last(e0.v)} {distinct(e0.v)}",
        "found",
    ]);
    if random.chance(15) {
        clauses.push("emit d { v: e0.v }".into());
    }
    clauses.push(format!("do log(\"{value}\")"));
    if within && random.chance(50) {
        clauses.push("on timeout do log(waiting)".into());
    }
    clauses
}

/// What is said of matches that are told together: how many they are, and what they come to.
fn told_together(random: &mut Random) -> Vec<String> {
    let element = random.below(3);
    let value = random.pick(&[
        "count(E)",
        "sum(E.v)",
        "avg(E.v)",
        "count(E.v)",
        "sum(E.v * 0.5)",
        "count(E where E.v > 1)",
        "sum(E.v where E.k is not null)",
        // Three of these are no int any more.
        "sum(E.v + 6_000_000_000_000_000_000)",
    ]);
    let value = value.replace('E', &format!("e{element}"));
    let mut clauses = vec![format!("do log(\"{{count()}} {{{value}}}\")")];
    if random.chance(20) {
        clauses.push("emit d { v: count() }".into());
    }
    clauses
}

fn event(random: &mut Random, place: usize, time: i64) -> Event {
    let key = random.weighted(&[(12, Some("p")), (7, Some("q")), (1, None)]);
    let value = random
        .weighted(&[(19, true), (1, false)])
        .then(|| random.below(4) as i64);
    Event {
        type_id: TypeId::new(random.weighted(&[(9, 0), (7, 1), (4, 2)])),
        time,
        source: "test".into(),
        id: Some(place.to_string().into()),
        subject: None,
        severity: None,
        values: vec![
            key.map_or(Value::Null, |key| Value::Text(key.into())),
            value.map_or(Value::Null, Value::Int),
        ],
    }
}

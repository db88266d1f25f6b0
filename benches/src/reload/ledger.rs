//! What has to come out, and what came.
//!
//! The oracle says what has to come of the rules that stay: it takes in the events of a key and judges them by rules that
//! nobody replaces. All keys have the same events, and so one key stands for all. Of the rule that changes there has to
//! be a match for each event, in order, of versions of which each begins to count anew.

use core::fmt::{self, Display, Formatter};
use std::collections::HashMap;

use trapjaw_data::plane::Found;
use trapjaw_event::{MatchKind, Value};
use trapjaw_tests::oracle::{self, Options};

use super::IDLE_TTL;
use super::traffic::history;
use crate::measure::checked;

/// The rules, by their places in the file.
const RULES: [&str; 10] = [
    "changed", "all", "turn", "sliding", "newest", "tumbling", "lasting", "silent", "limited",
    "plain",
];

/// What a match says: its kind, the number of its event, and what it counted and summed; 0 where it does not say it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Fact {
    kind: MatchKind,
    number: i64,
    count: i64,
    sum: i64,
}

impl Fact {
    /// Of a match, and the arguments of its first action.
    fn new(kind: MatchKind, arguments: Option<&[Value]>) -> Self {
        let argument = |place: usize| int(arguments.and_then(|arguments| arguments.get(place)));
        Self {
            kind,
            number: argument(0),
            count: argument(1),
            sum: argument(2),
        }
    }

    /// Of a match of the rule that changes: its number alone is known beforehand.
    fn numbered(number: i64) -> Self {
        Self::new(MatchKind::Matched, Some(&[Value::Int(number)]))
    }
}

/// A match of the rule that changes.
#[derive(Clone, Copy, Debug)]
struct Changed {
    number: i64,
    count: i64,
    generation: i64,
}

/// All matches of a run, by rule and key, in the order in which they came.
#[derive(Debug)]
pub struct Ledger {
    rounds: i64,
    /// What has to come for each key, by rule but the first.
    expected: Vec<Vec<Fact>>,
    /// By key.
    changed: Vec<Vec<Changed>>,
    /// By rule but the first, by key.
    kept: Vec<Vec<Vec<Fact>>>,
    /// The version of each generation of the rule that changes, as its matches tell it.
    versions: HashMap<i64, u128>,
    /// Matches whose version is not that of their generation.
    mislabelled: u64,
    matches: u64,
}

/// What the comparison says. All but the first is 0 where all is well.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Verdict {
    /// Matches that came.
    pub matches: u64,
    /// Generations of the rule that changes which judged an event.
    pub generations: u64,
    /// Matches that had to come and did not.
    pub missing: u64,
    /// Matches that came and had not to.
    pub phantom: u64,
    /// Matches that came again.
    pub duplicates: u64,
    /// Matches of the rule that changes which an older version found after a newer one, or in which a version began
    /// with another's state, or that say a version which is not theirs.
    pub mixed: u64,
}

impl Verdict {
    /// Was each event judged once by each rule, with the state that the rule had to have?
    pub fn is_clean(&self) -> bool {
        let Self {
            missing,
            phantom,
            duplicates,
            mixed,
            ..
        } = *self;
        missing + phantom + duplicates + mixed == 0
    }
}

impl Display for Verdict {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "matches     {}, of {} versions of the rule that changes",
            self.matches, self.generations
        )?;
        writeln!(f, "missing     {}", self.missing)?;
        writeln!(f, "phantom     {}", self.phantom)?;
        writeln!(f, "duplicates  {}", self.duplicates)?;
        writeln!(f, "mixed       {}", self.mixed)
    }
}

fn int(value: Option<&Value>) -> i64 {
    match value {
        Some(Value::Int(value)) => *value,
        _ => 0,
    }
}

impl Ledger {
    /// For so many keys, each with so many events and one two days later, and the text of the rules.
    pub fn new(keys: u32, rounds: u32, rules: &str) -> Self {
        let options = Options {
            idle_ttl: IDLE_TTL,
            ..Options::default()
        };
        let mut expected = vec![Vec::new(); RULES.len() - 1];
        for matched in oracle::run(&checked(rules), &history(0, rounds), options) {
            if let Some(place) = matched.rule.checked_sub(1) {
                let arguments = matched.actions.first().map(|(_, arguments)| &**arguments);
                expected[place].push(Fact::new(matched.kind, arguments));
            }
        }
        let keys = keys as usize;
        Self {
            rounds: i64::from(rounds),
            expected,
            changed: vec![Vec::new(); keys],
            kept: vec![vec![Vec::new(); keys]; RULES.len() - 1],
            versions: HashMap::new(),
            mislabelled: 0,
            matches: 0,
        }
    }

    /// Takes a step's matches.
    ///
    /// # Panics
    ///
    /// If a match is of no rule or key of the run.
    pub fn take(&mut self, found: &Found) {
        for matched in found.matches.iter() {
            let rule = &found.rules.rules[matched.rule.index()];
            let place = RULES.iter().position(|name| **name == *rule.name);
            let place = place.expect("a rule of the run");
            self.matches += 1;
            let key = int(matched.key.first()) as usize;
            let arguments = matched.actions.first().map(|call| &*call.args);
            let argument = |place: usize| int(arguments.and_then(|args| args.get(place)));
            if place == 0 {
                let changed = Changed {
                    number: argument(0),
                    count: argument(1),
                    generation: argument(2),
                };
                let version = *self
                    .versions
                    .entry(changed.generation)
                    .or_insert(rule.meaning);
                self.mislabelled += u64::from(version != rule.meaning);
                self.changed[key].push(changed);
            } else {
                self.kept[place - 1][key].push(Fact::new(matched.kind, arguments));
            }
        }
    }

    /// Compares.
    pub fn verdict(&self) -> Verdict {
        let mut verdict = Verdict {
            matches: self.matches,
            generations: self.versions.len() as u64,
            mixed: self.mislabelled,
            ..Verdict::default()
        };
        // Two generations that are told by one version are no two.
        let mut distinct: Vec<u128> = self.versions.values().copied().collect();
        distinct.sort_unstable();
        distinct.dedup();
        verdict.mixed += (self.versions.len() - distinct.len()) as u64;
        for of_key in &self.changed {
            self.judge_changed(of_key, &mut verdict);
        }
        for (expected, by_key) in self.expected.iter().zip(&self.kept) {
            for of_key in by_key {
                compare(expected, of_key, &mut verdict);
            }
        }
        verdict
    }

    /// One match for each event, in order; versions follow on each other, and each begins to count anew.
    fn judge_changed(&self, of_key: &[Changed], verdict: &mut Verdict) {
        let expected: Vec<Fact> = (1..=self.rounds + 1).map(Fact::numbered).collect();
        let facts: Vec<Fact> = of_key.iter().map(|it| Fact::numbered(it.number)).collect();
        compare(&expected, &facts, verdict);
        let (mut generation, mut count) = (-1, 0);
        for changed in of_key {
            if changed.generation < generation {
                verdict.mixed += 1;
                continue;
            }
            if changed.generation > generation {
                (generation, count) = (changed.generation, 0);
            }
            count += 1;
            verdict.mixed += u64::from(changed.count != count);
        }
    }
}

/// Counts what is missing, what is too much, what came again, and what came out of order as phantom.
fn compare(expected: &[Fact], came: &[Fact], verdict: &mut Verdict) {
    if expected == came {
        return;
    }
    let mut open: HashMap<Fact, i64> = HashMap::new();
    for fact in expected {
        *open.entry(*fact).or_default() += 1;
    }
    let mut is_exact = true;
    for fact in came {
        match open.get_mut(fact) {
            None => verdict.phantom += 1,
            Some(0) => verdict.duplicates += 1,
            Some(left) => {
                *left -= 1;
                continue;
            }
        }
        is_exact = false;
    }
    let missing: i64 = open.values().sum();
    verdict.missing += missing as u64;
    if is_exact && missing == 0 {
        // All came, but in another order.
        verdict.phantom += 1;
    }
}

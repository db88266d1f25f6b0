//! Patterns at scale: one random pattern over many random histories, the engine against the oracle; and over a longer
//! history, which the oracle would not come to the end of, the engine against itself.

use core::fmt::Write as _;
use std::collections::HashMap;

use trapjaw_event::{Match, MatchKind, Value};

use crate::differential::{CUTS, Failure, Subject, difference};
use crate::engine::{self, Cut, Reused};
use crate::generate::{Case, PatternCase};
use crate::oracle;

/// Events of the longer histories, at most.
const LONG: usize = 60;

/// One history of so many is cut in all ways, each by an engine of its own.
const ALL_CUTS_EACH: u64 = 64;

/// The place among [`CUTS`] of one that follows each run by itself.
const BY_RUN: usize = 6;

/// When the first history of a pattern begins, and from one to the next; far longer than anything is remembered.
const START: i64 = 1_767_225_600_000_000_000;
const PERIOD: i64 = 10 * 86_400_000_000_000;

/// What the comparison of a pattern has come to.
#[derive(Clone, Debug, Default)]
pub struct Compared {
    /// Events that engine and oracle have judged by a pattern.
    pub steps: u64,
    /// Events of longer histories, which the engine alone has judged.
    pub long_steps: u64,
    /// Histories, the longer ones among them.
    pub histories: u64,
    /// Matches that engine and oracle agree on.
    pub matches: u64,
    /// What differs, each as a smallest case.
    pub differences: Vec<String>,
}

impl Compared {
    /// What both have come to.
    pub fn add(&mut self, other: Self) {
        self.steps += other.steps;
        self.long_steps += other.long_steps;
        self.histories += other.histories;
        self.matches += other.matches;
        self.differences.extend(other.differences);
    }
}

/// Compares the pattern of a seed over so many histories of at most twelve events, and over a longer one.
///
/// # Panics
///
/// If the pattern does not compile, which it was made to do.
pub fn compare(seed: u64, histories: u64) -> Compared {
    let mut compared = Compared::default();
    let pattern = PatternCase::new(seed);
    let subject = match Subject::new(&pattern.case()) {
        Ok(subject) => subject,
        Err(failure) => panic!("pattern {seed}: {failure:?}"),
    };
    let mut engines = HashMap::new();
    for history in 0..histories {
        let start = START + history as i64 * PERIOD;
        let case = pattern.with_history(history).begun_at(start);
        compared.histories += 1;
        compared.steps += case.events().len() as u64;
        let found = if history % ALL_CUTS_EACH == 0 || !pattern.is_bounded() {
            let cuts = if history % ALL_CUTS_EACH == 0 {
                &CUTS[..]
            } else {
                &CUTS[BY_RUN..=BY_RUN]
            };
            subject.difference(case.events(), case.options(), cuts)
        } else {
            both_machines(&subject, &case, start + PERIOD - 1, &mut engines)
        };
        match found {
            Ok(matches) => compared.matches += matches as u64,
            Err(_) => {
                // The others would hardly tell more.
                compared.differences.push(smallest(case));
                return compared;
            }
        }
    }
    if !pattern.may_skip_what_fits() {
        let case = pattern.with_events(histories, LONG);
        compared.histories += 1;
        compared.long_steps += case.events().len() as u64;
        if let Err(what) = is_consistent(&subject, &case) {
            compared
                .differences
                .push(format!("{what}\n\n{}", case.case()));
        }
    }
    compared
}

/// Compares a history with what both machines find, that which moves starts together and that which follows each run by
/// itself, by engines that have taken in the histories before.
fn both_machines(
    subject: &Subject,
    case: &PatternCase,
    end: i64,
    engines: &mut HashMap<(bool, i64), Reused>,
) -> Result<usize, Failure> {
    let expected = oracle::run(&subject.checked, case.events(), case.options());
    let idle_ttl = case.options().idle_ttl;
    for run_by_run in [false, true] {
        let engine = engines.entry((run_by_run, idle_ttl)).or_insert_with(|| {
            let cut = Cut {
                run_by_run,
                batch: 7,
                ..CUTS[0]
            };
            Reused::new(&subject.program, idle_ttl, cut)
        });
        let found = engine.run(case.events(), case.options(), end);
        subject
            .same(&expected, &found)
            .map_err(Failure::Difference)?;
    }
    Ok(expected.len())
}

/// What differs in a case of which engine and oracle judge differently, made as small as it can be, as the corpus has it.
pub fn smallest(case: PatternCase) -> String {
    let differs = |case: &Case| matches!(difference(case), Err(Failure::Difference(_)));
    if !differs(&case.case()) {
        return format!(
            "differs only beside other histories:\n{}",
            in_corpus(&case.case())
        );
    }
    let small = case.shrink(differs).case();
    let Err(Failure::Difference(what)) = difference(&small) else {
        unreachable!("it differs still")
    };
    format!("{what}\n\n{}", in_corpus(&small))
}

/// What holds of any pattern: the same is found however the history is cut, and again; and what is found is among all
/// the matches that there are.
fn is_consistent(subject: &Subject, case: &PatternCase) -> Result<(), String> {
    let run =
        |subject: &Subject, cut| engine::run(&subject.program, case.events(), case.options(), cut);
    let found = run(subject, CUTS[0]);
    for cut in CUTS {
        if run(subject, cut) != found {
            return Err(format!("{cut:?}: not what {:?} finds", CUTS[0]));
        }
    }
    let all = Subject::new(&case.with_all_matches().case());
    let all = run(&all.map_err(|failure| format!("{failure:?}"))?, CUTS[0]);
    let chosen = |found: &&Match| found.kind == MatchKind::Matched && found.rule.index() == 0;
    if case.is_together() {
        let mut aggregates = subject.program.rules[0].aggregates.iter();
        let place = aggregates.position(|aggregate| &*aggregate.name == "count()");
        return are_counted(
            place.expect("such a rule counts its matches"),
            found.iter().filter(chosen),
            all.iter().filter(chosen),
            case.is_limited(),
        );
    }
    for matched in found.iter().filter(chosen) {
        let mut others = all.iter().filter(chosen);
        if !others.any(|other| {
            other.key == matched.key
                && other.time <= matched.time
                && other.events.len() == matched.events.len()
                && (other.events.iter().zip(&matched.events))
                    .all(|(a, b)| a.alias == b.alias && a.id == b.id)
        }) {
            return Err(format!(
                "with `skip none` there is no such match: {matched:?}"
            ));
        }
    }
    Ok(())
}

/// Matches that are told together are as many, at each time of each key, as there are when each is told by itself.
fn are_counted<'m>(
    place: usize,
    found: impl Iterator<Item = &'m Match>,
    all: impl Iterator<Item = &'m Match>,
    is_limited: bool,
) -> Result<(), String> {
    let mut counts: HashMap<String, (i64, i64)> = HashMap::new();
    let of = |matched: &Match| format!("{:?} at {}", matched.key, matched.time);
    for together in found {
        let Value::Int(count) = together.values[place] else {
            return Err(format!("no count: {together:?}"));
        };
        counts.entry(of(together)).or_default().0 += count;
    }
    for single in all {
        counts.entry(of(single)).or_default().1 += 1;
    }
    match counts
        .into_iter()
        .find(|(_, (told, there))| told != there && !(is_limited && told < there))
    {
        Some((when, (told, there))) => Err(format!("{when}: {told} of {there} matches counted")),
        None => Ok(()),
    }
}

/// A case as the files of `tests/corpus` have it. The matches are the oracle's, to be judged by the definition.
pub fn in_corpus(case: &Case) -> String {
    let second = |nanoseconds: i64| format!("{}s", nanoseconds / 1_000_000_000);
    let mut text = String::from("[[case]]\nname = \"\"\n");
    let declared = case.declarations.join("\n");
    let rules = case.rules.join("\n");
    let _ = writeln!(text, "prelude = '''\n{declared}\n'''");
    let _ = writeln!(text, "rules = '''\n{rules}\n'''");
    text += "start = \"1970-01-01T00:00:00Z\"\nevents = '''\n";
    let names: Vec<&str> = case
        .declarations
        .iter()
        .filter_map(|line| line.split(' ').nth(1))
        .collect();
    for event in &case.events {
        let _ = write!(
            text,
            "{} {}",
            second(event.time),
            names[event.type_id.index()]
        );
        for (field, value) in ["k", "v"].iter().zip(&event.values) {
            match value {
                Value::Text(value) => drop(write!(text, " {field}={value}")),
                Value::Int(value) => drop(write!(text, " {field}={value}")),
                _ => {}
            }
        }
        let _ = writeln!(text, " id={}", event.id.as_deref().unwrap_or("null"));
    }
    text += "'''\n";
    if let Some(until) = case.options.until {
        let _ = writeln!(text, "until = \"{}\"", second(until));
    }
    let _ = writeln!(text, "idle_ttl = \"{}\"", second(case.options.idle_ttl));
    text += "matches = '''\n";
    if let Ok(subject) = Subject::new(case) {
        for found in oracle::run(&subject.checked, &case.events, case.options) {
            let rule = &subject.checked.rules[found.rule].name;
            let _ = write!(
                text,
                "{} {rule} {}",
                second(found.time),
                found.kind.as_str()
            );
            for (alias, events) in &found.events {
                let ids: Vec<&str> = events
                    .iter()
                    .filter_map(|event| event.id.as_deref())
                    .collect();
                let _ = write!(text, " {alias}=[{}]", ids.join(","));
            }
            text.push('\n');
        }
    }
    text + "'''\n"
}

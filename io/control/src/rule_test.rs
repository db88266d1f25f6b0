//! Rule tests: events in virtual time, and whether what was expected of them came about.
//!
//! Each test runs alone, over all rules of its set, from [`START`] to the last of the times that it names. An
//! expectation without `no` takes one match, and the matches are given to expectations so that as many as possible are
//! met. A rule of which something is expected must do that and no more: a further match of an expected kind fails the
//! test.

use std::io;
use std::sync::Arc;

use trapjaw_dsl::hir::test::{Expectation, Given, Held, HeldAt, Test};
use trapjaw_event::{Event, Match, MatchKind, Registry, Value};
use trapjaw_program::{RuleSet, Verified};

use crate::replay::{Feed, Options};

/// When tests start: 2026-01-01T00:00:00Z, a Thursday. Nanoseconds since the Unix epoch.
pub const START: i64 = 1_767_225_600_000_000_000;

/// How far two floats may lie apart, of the greater one, and be the same to a test.
const FLOAT_TOLERANCE: f64 = 1e-9;

/// What became of a test.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// What happened and what did not, by time.
    pub timeline: Vec<Moment>,
    /// All matches up to the end of the test, in their order.
    pub matches: Vec<Match>,
}

impl Outcome {
    /// Did everything come about as expected?
    pub fn passed(&self) -> bool {
        !self.timeline.iter().any(|moment| moment.what.is_failure())
    }
}

/// A line of a timeline.
#[derive(Clone, Debug)]
pub struct Moment {
    /// Nanoseconds from the start of the test; `None`: at any time.
    pub at: Option<i64>,
    /// What it tells.
    pub what: What,
}

/// What a line of a timeline tells. Steps are told by their places in the test, matches by theirs in
/// [`Outcome::matches`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    /// An event arrives, perhaps for the first of several times.
    Given(usize),
    /// A match that was expected.
    Met(usize),
    /// A match of a rule of which nothing is said.
    Aside(usize),
    /// An expectation that no match meets.
    Missing(usize),
    /// A match that was expected not to be: of this expectation, this match.
    Refused(usize, usize),
    /// A further match of a rule of which others were expected.
    Unexpected(usize),
}

impl What {
    /// Does it fail the test?
    pub fn is_failure(self) -> bool {
        matches!(
            self,
            Self::Missing(_) | Self::Refused(..) | Self::Unexpected(_)
        )
    }
}

/// Runs a test of the rule set that it was checked with.
///
/// # Errors
///
/// An event that fits no batch: its texts are too long.
pub fn run(rules: &Arc<Verified<RuleSet>>, test: &Test) -> io::Result<Outcome> {
    let end = START.saturating_add(test.end());
    let mut matches = Vec::new();
    feed(rules, test, end, &mut |found: Match| {
        if found.time <= end {
            matches.push(found);
        }
        Ok(())
    })?;
    let timeline = judge(test, &matches, &rules.registry);
    Ok(Outcome { timeline, matches })
}

fn feed(
    rules: &Arc<Verified<RuleSet>>,
    test: &Test,
    end: i64,
    found: &mut impl FnMut(Match) -> io::Result<()>,
) -> io::Result<()> {
    let mut arrivals: Vec<(i64, &Event)> = test
        .given
        .iter()
        .flat_map(|given| given.times().map(move |time| (time, &given.event)))
        .collect();
    // Events of one time arrive as the text has them.
    arrivals.sort_by_key(|(time, _)| *time);
    let mut feed = Feed::new(rules, Options::default());
    feed.tick(START, found)?;
    for (time, event) in arrivals {
        let event = Event {
            time: START.saturating_add(time),
            ..event.clone()
        };
        feed.push(&event, found)?
            .map_err(|error| io::Error::new(io::ErrorKind::InvalidInput, error.to_string()))?;
    }
    feed.flush(found)?;
    feed.tick(end, found)?;
    // Events that wait for late ones are let go; what comes about after the end is left out.
    let lateness = rules.registry.iter().map(|(_, ty)| ty.lateness).max();
    match lateness {
        Some(lateness) if lateness > 0 => {
            feed.tick(end.saturating_add(lateness).saturating_add(1), found)
        }
        _ => Ok(()),
    }
}

fn judge(test: &Test, matches: &[Match], registry: &Registry) -> Vec<Moment> {
    let fits = |expected: &Expectation, found: &Match| meets(expected, found, registry);
    let wanted: Vec<usize> = (0..test.expected.len())
        .filter(|&place| !test.expected[place].negated)
        .collect();
    let candidates: Vec<Vec<usize>> = wanted
        .iter()
        .map(|&place| {
            let fitting = matches.iter().enumerate();
            fitting
                .filter(|(_, found)| fits(&test.expected[place], found))
                .map(|(number, _)| number)
                .collect()
        })
        .collect();
    let taken = assign(&candidates, matches.len());
    let mut timeline: Vec<Moment> = test
        .given
        .iter()
        .enumerate()
        .map(|(place, given)| Moment {
            at: Some(first(given)),
            what: What::Given(place),
        })
        .collect();
    for (number, found) in matches.iter().enumerate() {
        let refusing = test
            .expected
            .iter()
            .position(|expected| expected.negated && fits(expected, found));
        let is_watched = test.expected.iter().any(|expected| {
            !expected.negated
                && expected.rule == found.rule.index() as u32
                && of_kind(expected, found)
        });
        let what = if let Some(place) = refusing {
            What::Refused(place, number)
        } else if taken[number].is_some() {
            What::Met(number)
        } else if is_watched {
            What::Unexpected(number)
        } else {
            What::Aside(number)
        };
        timeline.push(Moment {
            at: Some(found.time - START),
            what,
        });
    }
    for (row, &place) in wanted.iter().enumerate() {
        if !taken.contains(&Some(row)) {
            timeline.push(Moment {
                at: test.expected[place].at,
                what: What::Missing(place),
            });
        }
    }
    // What is expected at any time stands at the end.
    timeline.sort_by_key(|moment| moment.at.unwrap_or(i64::MAX));
    timeline
}

fn first(given: &Given) -> i64 {
    given.event.time
}

/// Gives each match to an expectation at most, so that as many expectations as possible have one (augmenting paths, as
/// H. W. Kuhn's). The result tells, for each match, the expectation.
fn assign(candidates: &[Vec<usize>], matches: usize) -> Vec<Option<usize>> {
    let mut taken = vec![None; matches];
    for row in 0..candidates.len() {
        let mut seen = vec![false; matches];
        augment(row, candidates, &mut taken, &mut seen);
    }
    taken
}

/// Finds a match for an expectation, moving others to further ones of theirs where that helps. The path is kept by hand:
/// it may be as long as there are expectations.
fn augment(
    row: usize,
    candidates: &[Vec<usize>],
    taken: &mut [Option<usize>],
    seen: &mut [bool],
) -> bool {
    // Each step: an expectation, and how many of its candidates were tried.
    let mut path = vec![(row, 0)];
    while let Some((row, tried)) = path.last_mut() {
        let Some(&number) = candidates[*row].get(*tried) else {
            path.pop();
            continue;
        };
        *tried += 1;
        if std::mem::replace(&mut seen[number], true) {
            continue;
        }
        match taken[number] {
            Some(other) => path.push((other, 0)),
            None => {
                for (row, tried) in path {
                    taken[candidates[row][tried - 1]] = Some(row);
                }
                return true;
            }
        }
    }
    false
}

fn of_kind(expected: &Expectation, found: &Match) -> bool {
    match expected.kind {
        Some(kind) => found.kind == kind,
        None => matches!(found.kind, MatchKind::Matched | MatchKind::Raised),
    }
}

fn meets(expected: &Expectation, found: &Match, registry: &Registry) -> bool {
    expected.rule == found.rule.index() as u32
        && of_kind(expected, found)
        && expected.at.is_none_or(|at| found.time == START + at)
        && expected
            .held
            .iter()
            .all(|held| holds(found, held, registry))
}

fn holds(found: &Match, held: &Held, registry: &Registry) -> bool {
    match held.place {
        HeldAt::Key(part) => found
            .key
            .get(part as usize)
            .is_some_and(|value| same(value, &held.value)),
        HeldAt::Argument(action, argument) => found
            .actions
            .iter()
            .filter(|call| call.action == action)
            .filter_map(|call| call.args.get(argument as usize))
            .any(|value| same(value, &held.value)),
        HeldAt::Event => {
            let (alias, field) = match held.name.split_once('.') {
                Some((alias, field)) => (Some(alias), field),
                None => (None, &*held.name),
            };
            let mut events = found.events.iter().rev();
            let event = events.find(|event| alias.is_none_or(|alias| *event.alias == *alias));
            let value = event.and_then(|event| {
                let (id, _) = registry.get(event.type_id).field(field)?;
                let mut fields = event.fields.iter();
                fields
                    .find(|(known, _)| *known == id)
                    .map(|(_, value)| value)
            });
            // Nulls are left out of events.
            same(value.unwrap_or(&Value::Null), &held.value)
        }
    }
}

fn same(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Float(a), Value::Float(b)) => {
            (a - b).abs() <= FLOAT_TOLERANCE * a.abs().max(b.abs())
        }
        _ => a == b,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use trapjaw_dsl::source::SourceMap;

    const RULES: &str = "event cpu { host: text, load: float }
        rule hot { on c: cpu where c.load > 90% by c.host for 5m do page(text: \"{c.host} hot\") }
        rule any_cpu { on c: cpu do log(c.host) }\n";

    fn outcome(test: &str) -> Outcome {
        let mut sources = SourceMap::new();
        sources.add("rules.trap", format!("{RULES}test \"t\" {{ {test} }}"));
        let compiled = trapjaw_dsl::compile(&sources).expect("the test is right");
        run(&Arc::new(compiled.program), &compiled.hir.tests[0]).expect("its events fit")
    }

    fn failures(test: &str) -> Vec<What> {
        let outcome = outcome(test);
        let failures = outcome.timeline.iter().map(|moment| moment.what);
        failures.filter(|what| what.is_failure()).collect()
    }

    const HOT: &str = "at 0s cpu { host: \"a\", load: 95% } repeat every 10s until 6m";

    #[test]
    fn what_is_expected_is_met() {
        for expected in [
            "expect hot at 5m { host: \"a\" }",
            "expect hot",
            "expect hot { text: \"a hot\", kind: raised, load: 0.95 }",
            "expect no hot at 4m",
            "expect no hot { host: \"b\" }",
            "expect no hot { kind: cleared }",
        ] {
            assert_eq!(failures(&format!("{HOT} {expected}")), [], "{expected}");
        }
    }

    #[test]
    fn what_is_not_expected_fails() {
        assert_eq!(
            failures(&format!("{HOT} expect hot at 4m59s")),
            [What::Missing(0), What::Unexpected(30)]
        );
        assert!(matches!(
            failures(&format!("{HOT} expect no hot"))[..],
            [What::Refused(0, _)]
        ));
        assert_eq!(
            failures(&format!("{HOT} expect hot at 5m {{ host: \"b\" }}")).len(),
            2
        );
        assert_eq!(
            failures(&format!("{HOT} expect hot expect hot")),
            [What::Missing(1)]
        );
    }

    #[test]
    fn time_goes_on_to_the_last_time_that_is_named() {
        let cold = "at 0s cpu { host: \"a\", load: 95% } at 4m cpu { host: \"a\", load: 95% }";
        assert_eq!(failures(&format!("{cold} expect no hot at 9m")), []);
        let twice = "at 1s cpu { host: \"a\", load: 1% } at 1s cpu { host: \"a\", load: 2% }";
        assert_eq!(
            failures(&format!(
                "{twice} expect any_cpu at 1s {{ load: 2% }} expect any_cpu at 1s"
            )),
            []
        );
    }

    #[test]
    fn matches_are_given_so_that_most_expectations_are_met() {
        // The first would take what only the second can have.
        assert_eq!(assign(&[vec![0, 1], vec![0]], 2), [Some(1), Some(0)]);
        assert_eq!(assign(&[vec![0], vec![0]], 1), [Some(0)]);
        let all: Vec<Vec<usize>> = (0..300).map(|row| (0..=row).rev().collect()).collect();
        assert!(assign(&all, 300).iter().all(Option::is_some));
    }
}

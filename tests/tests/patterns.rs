//! Random patterns over random short histories: the engine against the oracle, and the oracle against what holds of any
//! pattern.
#![forbid(unsafe_code)]

use trapjaw_event::MatchKind;
use trapjaw_tests::comparison::{Compared, compare};
use trapjaw_tests::differential::{Failure, difference};
use trapjaw_tests::generate::{Case, PatternCase};
use trapjaw_tests::oracle::{self, Matched};

/// Cases of an ordinary run; `TRAPJAW_CASES` asks for more, `TRAPJAW_SEED` for others.
const CASES: u64 = 1_500;

fn setting(name: &str, default: u64) -> u64 {
    std::env::var(name)
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or(default)
}

fn seeds() -> std::ops::Range<u64> {
    let first = setting("TRAPJAW_SEED", 0);
    first..first + setting("TRAPJAW_CASES", CASES)
}

/// Half of the cases have events with nothing but fields and a time, which the engine keeps otherwise.
fn dressed(case: &Case, seed: u64) -> Case {
    let mut case = case.clone();
    if seed % 2 == 1 && !case.options.by_source {
        for event in &mut case.events {
            (event.id, event.source) = (None, "".into());
        }
    }
    case
}

#[test]
fn engine_and_oracle_agree_on_patterns() {
    let mut matches = 0;
    for seed in seeds() {
        let case = PatternCase::new(seed);
        let of = |case: &Case| dressed(case, seed);
        match difference(&of(&case.case())) {
            Ok(count) => matches += count,
            Err(Failure::Front(text)) => panic!("case {seed}:\n{text}\n{}", case.case()),
            Err(Failure::Difference(_)) => {
                let small = case
                    .shrink(|case| matches!(difference(&of(case)), Err(Failure::Difference(_))));
                let small = of(&small.case());
                let Err(Failure::Difference(text)) = difference(&small) else {
                    unreachable!("it fails still")
                };
                panic!("{text}\n\n{small}");
            }
        }
    }
    // Patterns that never match would agree on anything.
    assert!(matches > seeds().count() / 3, "{matches} matches");
}

/// What the oracle finds.
fn found(case: &PatternCase) -> Vec<Matched> {
    let case = case.case();
    let rules = trapjaw_dsl::check(&case.sources()).expect("cases are right");
    oracle::run(&rules, &case.events, case.options)
}

/// What a match has bound: places in the history by elements.
fn bound(matched: &Matched) -> Vec<(&str, Vec<&str>)> {
    let each = matched.events.iter().map(|(name, events)| {
        let ids = events
            .iter()
            .map(|event| event.id.as_deref().expect("events have ids"));
        (&**name, ids.collect())
    });
    each.collect()
}

#[test]
fn whatever_is_chosen_is_among_all_matches_and_times_never_go_back() {
    let (mut chosen, mut all_found) = (0, 0);
    for seed in seeds() {
        let case = PatternCase::new(seed);
        let (some, all) = (found(&case), found(&case.with_all_matches()));
        let told = some.windows(2).all(|pair| pair[0].time <= pair[1].time);
        assert!(told, "{}", case.case());
        for matched in some
            .iter()
            // Of all matches other events are derived, which a second rule finds.
            .filter(|matched| matched.kind == MatchKind::Matched && matched.rule == 0)
            // Of those that are told together no events are told.
            .filter(|_| !case.is_together())
        {
            let among = |other: &&Matched| {
                // With all of them asked for, a match is told when it is complete.
                other.kind == MatchKind::Matched
                    && other.rule == 0
                    && other.key == matched.key
                    && bound(other) == bound(matched)
                    && other.time <= matched.time
            };
            assert!(
                all.iter().any(|other| among(&other)),
                "{matched:?}\n{}",
                case.case()
            );
            chosen += 1;
        }
        all_found += all.len();
    }
    assert!(
        chosen > seeds().count() / 3 && all_found > chosen,
        "{chosen} of {all_found}"
    );
}

#[test]
fn a_rule_is_compared_over_many_histories() {
    let mut total = Compared::default();
    for seed in seeds().take(20) {
        total.add(compare(seed, 16));
    }
    assert_eq!(total.differences, Vec::<String>::new());
    assert!(total.steps > 1_000 && total.matches > 50, "{total:?}");
    assert!(total.long_steps > 100, "{total:?}");
}

//! The engine against the oracle, over random rules and random histories.

use trapjaw_tests::differential::{CUTS, Failure, difference};
use trapjaw_tests::generate::Case;

/// Cases of an ordinary run; `TRAPJAW_CASES` asks for more, `TRAPJAW_SEED` for others.
const CASES: u64 = 600;

fn setting(name: &str, default: u64) -> u64 {
    std::env::var(name)
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or(default)
}

#[test]
fn engine_and_oracle_agree_however_the_history_is_cut() {
    let first = setting("TRAPJAW_SEED", 0);
    let cases = setting("TRAPJAW_CASES", CASES);
    let (mut rules, mut events, mut matches) = (0, 0, 0);
    for seed in first..first + cases {
        let case = Case::new(seed);
        rules += case.rules.len();
        events += case.events.len();
        match difference(&case) {
            Ok(count) => matches += count,
            Err(Failure::Front(text)) => panic!("case {seed} does not compile:\n{text}\n{case}"),
            Err(Failure::Difference(_)) => {
                let small =
                    case.shrink(|case| matches!(difference(case), Err(Failure::Difference(_))));
                let Err(Failure::Difference(text)) = difference(&small) else {
                    unreachable!("it fails still")
                };
                panic!("{text}\n\n{small}");
            }
        }
    }
    println!(
        "{cases} cases, seeds {first} to {}: {rules} rules, {events} events, {matches} matches, {} ways to cut each",
        first + cases - 1,
        CUTS.len()
    );
    // Rules that never match would agree on anything.
    assert!(matches > 1_000, "only {matches} matches in all");
}

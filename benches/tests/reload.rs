//! Reloads under load, smaller than the figures of the page; and that the comparison finds what is wrong.

use std::time::Duration;

use trapjaw_benches::reload::{CONNECTIONS, Fault, Figures, KEYS, Options, run};
use trapjaw_data::driver::{Choice, select};

fn with(driver: Choice, fault: Option<Fault>) -> Figures {
    run(Options {
        driver,
        rounds: 120,
        rate: Some(200_000),
        pause: Duration::from_millis(5),
        fault,
    })
}

#[test]
fn nothing_is_lost_or_doubled_or_forgotten_by_reloads() {
    for driver in [Choice::Epoll, Choice::Uring] {
        if select(driver).is_err() {
            continue;
        }
        let figures = with(driver, None);
        println!("{figures}");
        assert!(figures.verdict.is_clean(), "{figures}");
        assert!(figures.reloads.len() >= 3, "{figures}");
        assert!(figures.verdict.generations >= 2, "{figures}");
        assert_eq!(figures.events, u64::from(CONNECTIONS * KEYS) * 120);
    }
}

#[test]
fn a_gap_is_found() {
    let verdict = with(Choice::Epoll, Some(Fault::Gap)).verdict;
    // At least the match of the rule that fires at each event, for each key.
    assert!(verdict.missing >= u64::from(KEYS), "{verdict:?}");
    assert!(!verdict.is_clean());
}

#[test]
fn an_event_that_counts_twice_is_found() {
    let verdict = with(Choice::Epoll, Some(Fault::Double)).verdict;
    assert!(verdict.duplicates >= u64::from(KEYS), "{verdict:?}");
    assert!(!verdict.is_clean());
}

#[test]
fn state_that_is_dropped_is_found() {
    let verdict = with(Choice::Epoll, Some(Fault::Forget)).verdict;
    assert!(verdict.missing >= u64::from(KEYS), "{verdict:?}");
    assert!(!verdict.is_clean());
}

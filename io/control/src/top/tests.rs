//! What the screen shows, without a terminal.

use ratatui::Terminal;
use ratatui::backend::TestBackend;

use super::*;
use crate::status::{Action, Count, Latencies, Shard};

const SECOND: u64 = 1_000_000_000;

fn count(name: &str, count: u64) -> Count {
    Count {
        name: name.to_owned(),
        count,
    }
}

/// A server that has run for so many seconds, at a steady pace.
fn status(seconds: u64) -> Status {
    let shard = |number: u64| Shard {
        events: seconds * 1_000 * (number + 1),
        forwarded: seconds * 10,
        keys: 12_345,
        state_bytes: 3 << 20,
        connections: 2,
        subscriptions: 1,
        mailbox: number,
        lived: seconds * SECOND,
        asleep: seconds * SECOND / 4,
        ..Shard::default()
    };
    Status {
        version: "0.0.0".to_owned(),
        driver: "epoll".to_owned(),
        at: 77 * SECOND + seconds * SECOND,
        uptime: seconds * SECOND,
        stopping: false,
        shards: vec![shard(0), shard(1)],
        types: vec![count("cpu", seconds * 2_900), count("login", seconds * 100)],
        rules: vec![
            count("quiet", 7),
            count("hot", seconds * 3),
            count("brute_force", seconds * 50),
        ],
        actions: vec![Action {
            name: "page".to_owned(),
            waiting: 4,
            ok: seconds * 52,
            failed: 1,
            dropped: 0,
        }],
        ingest_to_match: Latencies(vec![(50_000, seconds * 90), (2_000_000, seconds * 10)]),
        match_to_dispatch: Latencies::default(),
    }
}

fn screen(top: &Top, width: u16, height: u16) -> String {
    let mut terminal = Terminal::new(TestBackend::new(width, height)).expect("memory");
    terminal.draw(|frame| top.draw(frame)).expect("memory");
    terminal.backend().to_string()
}

#[test]
fn the_screen() {
    let mut top = Top::new("localhost:7171");
    insta::assert_snapshot!("before", screen(&top, 100, 4));
    top.take(Ok(status(60)));
    insta::assert_snapshot!("first", screen(&top, 100, 24));
    top.take(Ok(status(62)));
    insta::assert_snapshot!("second", screen(&top, 100, 24));
    top.take(Err("Connection refused (os error 111)".to_owned()));
    for key in [
        Key::Char('s'),
        Key::Char('/'),
        Key::Char('u'),
        Key::Char('t'),
    ] {
        assert!(top.press(key));
    }
    insta::assert_snapshot!("lost", screen(&top, 100, 20));
    assert!(top.press(Key::Enter) && top.press(Key::Escape));
    assert!(!top.press(Key::Char('q')));
}

#[test]
fn no_size_is_too_small() {
    let mut top = Top::new("localhost:7171");
    top.take(Ok(status(60)));
    for (width, height) in [(1, 1), (2, 3), (10, 2), (300, 5)] {
        assert_eq!(
            screen(&top, width, height).lines().count(),
            usize::from(height)
        );
    }
    for _ in 0..1_000 {
        top.press(Key::Char('j'));
    }
    assert!(
        screen(&top, 100, 8).contains("page"),
        "the last row stays in sight"
    );
}

#[test]
fn a_server_that_began_anew_has_no_rates_yet() {
    let mut top = Top::new("localhost:7171");
    top.take(Ok(status(60)));
    top.take(Ok(status(1)));
    let figures = top.figures().expect("it was seen").to_string();
    assert!(figures.starts_with("events -/s"), "{figures}");
}

#[test]
fn keys_while_a_filter_is_typed_are_its_letters() {
    let mut top = Top::new("localhost:7171");
    for key in [
        Key::Char('/'),
        Key::Char('q'),
        Key::Char('s'),
        Key::Backspace,
    ] {
        assert!(top.press(key));
    }
    assert_eq!((top.filter.as_str(), top.sort), ("q", Sort::Rate));
    assert!(top.press(Key::Escape) && top.filter.is_empty());
    assert!(top.press(Key::Char('s')) && top.sort == Sort::Total);
    assert!(!top.press(Key::Interrupt));
}

#[test]
fn the_same_look_twice_changes_nothing() {
    let mut top = Top::new("localhost:7171");
    for seconds in [60, 62, 62] {
        top.take(Ok(status(seconds)));
    }
    let figures = top.figures().expect("it was seen").to_string();
    assert!(figures.starts_with("events 3,000/s"), "{figures}");
}

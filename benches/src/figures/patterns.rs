//! Patterns over random logins: P1, P2, P3, and S1.

use super::{HOSTS, ROUNDS, ROWS};
use crate::figure::Figure;
use crate::load::{CPU, Cpu, Draws, Load, push};
use crate::measure::{Run, Timing, compile, stream};
use trapjaw_event::ValueRef;

/// The declaration of [`Login`].
pub(crate) const LOGIN: &str = "event login { user: text, ok: bool }\n";

/// Batches of a round.
const BATCHES: usize = 32;
/// The rules' `within 10s`.
const WITHIN: i64 = 10_000_000_000;

/// A login.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Login {
    user: u32,
    ok: bool,
    time: i64,
}

/// A pattern over logins, with its goal and what the best peer takes, in ns an event.
pub(crate) struct Case {
    pub(crate) id: &'static str,
    goal: f64,
    peer: f64,
    pub(crate) pattern: &'static str,
}

/// P1, P2 and P3.
pub(crate) const CASES: [Case; 3] = [
    Case {
        id: "P1",
        goal: 25.0,
        peer: 262.0,
        pattern: "a: login[not ok] => b: login[not ok] => c: login[ok] by user within 10s",
    },
    Case {
        id: "P2",
        goal: 40.0,
        peer: 657.0,
        pattern: P2,
    },
    Case {
        id: "P3",
        goal: 100.0,
        peer: 9_400.0,
        pattern: "a: login[not ok] -> b: login[ok] by user within 10s skip none",
    },
];

/// P2.
pub(crate) const P2: &str =
    "a: login[not ok] -> b: login[not ok] -> c: login[ok] by user within 10s";

/// S1.
pub(crate) const S1: &str = "a: cpu[load > 0.9]{5} strict by host within 10s";

/// Logins of which one of ten succeeds.
pub(crate) fn logins(count: usize) -> Load<Login> {
    let mut draws = Draws::new(4);
    let drawn = (0..count).map(|_| draw(&mut draws, HOSTS));
    load(drawn, HOSTS, ROWS)
}

/// One of so many users, and whether the login succeeds.
pub(crate) fn draw(draws: &mut Draws, users: u32) -> (u32, bool) {
    (draws.below(users.into()) as u32, draws.below(10) == 0)
}

/// Logins of these users, in batches of so many rows.
pub(crate) fn load(
    drawn: impl Iterator<Item = (u32, bool)>,
    users: u32,
    rows: usize,
) -> Load<Login> {
    let registry = &compile(LOGIN).registry;
    let type_id = registry.by_name("login").expect("it is declared");
    let names: Vec<String> = (0..users).map(|user| format!("user-{user}")).collect();
    let events = drawn.enumerate().map(|(number, (user, ok))| Login {
        user,
        ok,
        time: number as i64 * 1_000,
    });
    Load::new(registry, events.collect(), rows, |builder, event| {
        let values = [
            ValueRef::Text(&names[event.user as usize]),
            ValueRef::Bool(event.ok),
        ];
        push(builder, type_id, event.time, &values);
    })
}

/// Measures them.
///
/// # Panics
///
/// If the engine finds another number of matches.
pub fn measure(tell: &mut dyn FnMut(Figure)) {
    let count = ROUNDS * BATCHES * ROWS;
    assert!(count as i64 * 1_000 < WITHIN, "no window ends");
    let load = logins(count);
    for (case, expected) in CASES.into_iter().zip(expected(&load.events)) {
        let timing = time(LOGIN, case.pattern, &load);
        assert_eq!(timing.matches, expected, "{}", case.id);
        tell(Figure::of_timing(case.id, case.goal, &timing).with_peer(case.peer));
    }
    let load = Load::cpu(&compile(CPU).registry, 5, count as u64, ROWS, HOSTS);
    let timing = time(CPU, S1, &load);
    assert_eq!(timing.matches, fives(&load.events, 0.9), "S1");
    tell(Figure::of_timing("S1", 15.0, &timing).with_peer(245.0));
}

/// A rule of a pattern.
pub(crate) fn rule(types: &str, pattern: &str) -> String {
    format!("{types}rule p {{ match {pattern} do log(\"x\") }}")
}

fn time<E>(types: &str, pattern: &str, load: &Load<E>) -> Timing {
    let rules = compile(&rule(types, pattern));
    stream(&mut Run::new(&rules), load, (0, load.batches.len()), ROUNDS)
}

/// Matches of P1, P2 and P3: by user, how many failures there were in a row, since the last match, and since the last
/// success.
pub(crate) fn expected(logins: &[Login]) -> [u64; 3] {
    let last = logins.iter().map(|login| login.user).max();
    let mut users = vec![[0_u64; 3]; last.map_or(0, |last| last as usize + 1)];
    let mut expected = [0; 3];
    for login in logins {
        let failures = &mut users[login.user as usize];
        if !login.ok {
            for count in failures {
                *count += 1;
            }
            continue;
        }
        let [row, since_match, since_success] = failures;
        expected[0] += u64::from(core::mem::take(row) >= 2);
        if *since_match >= 2 {
            expected[1] += 1;
            *since_match = 0;
        }
        expected[2] += core::mem::take(since_success);
    }
    expected
}

/// How often five loads of a host in a row are above a bound.
pub(crate) fn fives(events: &[Cpu], bound: f64) -> u64 {
    let mut rows = vec![0; HOSTS as usize];
    let mut found = 0;
    for event in events {
        let row = &mut rows[event.host as usize];
        *row = if event.load > bound { *row + 1 } else { 0 };
        if *row == 5 {
            found += 1;
            *row = 0;
        }
    }
    found
}

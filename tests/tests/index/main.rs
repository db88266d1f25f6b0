//! Hundreds of rules on one type: found by the index, and computed one by one, they find the same.

mod generate;
mod reload;

use std::fmt::Write as _;
use std::sync::Arc;

use trapjaw_dsl::source::SourceMap;
use trapjaw_engine::{Config, How, Witnesses};
use trapjaw_tests::engine::{Cut, NEVER, run_counted};
use trapjaw_tests::oracle::{self, Options};

use generate::{Draws, TYPE, atom, condition, events};

fn rules(draws: &mut Draws, count: u64) -> String {
    let mut text = TYPE.to_owned();
    for rule in 0..count {
        let condition = condition(draws);
        let kind = match draws.below(12) {
            0 => format!("on e: e where {condition} by e.t for 2s do log(n: e.n)"),
            1 => format!(
                "on e: e where {condition} by e.n over 5s having count() >= 2 do log(c: count())"
            ),
            2 => format!("on e: e where {condition} by e.n over 3s tumbling do log(c: count())"),
            3 => format!("on e: e where {condition} by e.n absent 2s do log(n: e.n)"),
            4 => format!("on e: e where {condition} by e.t limit 2 per 3s do log(n: e.n)"),
            5 => format!("on e: e where {condition} emit out {{ n: e.n }}"),
            6 => format!(
                "match p: e[{}] -> q: e[{}] by n within 4s do log(n: p.n)",
                condition.replace("e.", "p."),
                atom(draws).replace("e.", "q.")
            ),
            _ => format!("on e: e where {condition} do log(n: e.n)"),
        };
        let _ = writeln!(text, "rule r{rule} {{ {kind} }}");
    }
    for rule in 0..30 {
        let _ = writeln!(
            text,
            "rule out{rule} {{ on o: out where o.n == {} and o.n >= 0 do log(n: o.n) }}",
            rule % 7
        );
    }
    text
}

#[test]
fn hundreds_of_rules_find_the_same_with_the_index_and_without() {
    let mut matches = 0;
    for seed in 0..12 {
        let mut draws = Draws(seed);
        let text = rules(&mut draws, 300);
        let mut sources = SourceMap::new();
        sources.add("rules.trap", &*text);
        let compiled = trapjaw_dsl::compile(&sources).unwrap_or_else(|diagnostics| {
            let style = trapjaw_dsl::diagnostic::Style::Plain;
            panic!(
                "{}",
                trapjaw_dsl::diagnostic::render(&diagnostics, &sources, style)
            )
        });
        let events = events(&mut draws, 150);
        let options = Options::default();
        let oracle = oracle::run_all(&compiled.hir, &events, options);
        let program = Arc::new(compiled.program);
        let run = |index_from, shards, batch| {
            let cut = Cut {
                shards,
                batch,
                index_from,
                run_by_run: false,
                share_windows: true,
            };
            run_counted(&program, &events, options, cut)
        };
        let without = run(NEVER, 1, 4_096);
        assert_eq!(without.matches.len(), oracle.matches.len(), "seed {seed}");
        for (index_from, shards, batch) in [
            (1, 1, 4_096),
            (24, 1, 4_096),
            (1, 1, 1),
            (8, 1, 13),
            (1, 3, 50),
        ] {
            let with = run(index_from, shards, batch);
            let part = without
                .matches
                .iter()
                .zip(&with.matches)
                .position(|(a, b)| a != b);
            assert_eq!(
                part.map(|at| (&without.matches[at], &with.matches[at])),
                None,
                "seed {seed}, from {index_from}"
            );
            assert_eq!(
                with.matches.len(),
                without.matches.len(),
                "seed {seed}, from {index_from}"
            );
            if shards == 1 {
                assert_eq!(
                    with.counters, without.counters,
                    "seed {seed}, from {index_from}"
                );
            }
        }
        matches += without.matches.len();
    }
    // Rules that never match would agree on anything.
    assert!(matches > 50_000, "only {matches} matches");
}

#[test]
fn a_plan_tells_what_rules_are_found_by() {
    let mut text = String::from("event e { host: text, ms: int, a: ip, line: text }\n");
    for rule in 0..30 {
        let conditions = [
            format!("e.host == \"h{rule}\" and e.ms > 5"),
            format!("e.ms between {} and {}", rule * 10, rule * 10 + 7),
            format!("e.a in 10.{rule}.0.0/16 and e.ms > 5"),
            format!("e.ms > 5 and e.line ~ /failed \\d+ of job-{rule}$/"),
            format!("not (e.ms > {rule})"),
        ];
        for (kind, condition) in conditions.iter().enumerate() {
            let _ = writeln!(
                text,
                "rule r{kind}_{rule} {{ on e: e where {condition} do log(\"x\") }}"
            );
        }
    }
    let mut sources = SourceMap::new();
    sources.add("rules.trap", text);
    let program = trapjaw_dsl::compile(&sources).expect("sound rules").program;
    let of = |config: &Config| {
        let witnesses = Witnesses::of(&program, config);
        let of_rule = |index: usize| {
            let source = &program.rules[index].sources[0];
            witnesses.get(source.type_id, source.condition?)
        };
        (0..5)
            .map(|index| of_rule(index).map(|it| (it.how, it.conditions)))
            .collect::<Vec<_>>()
    };
    let expected = [How::Equal, How::Range, How::Network, How::Part].map(|how| Some((how, 30)));
    assert_eq!(of(&Config::default()), [&expected[..], &[None]].concat());
    let never = Config {
        index_from: NEVER,
        ..Config::default()
    };
    assert_eq!(of(&never), [None; 5]);
}

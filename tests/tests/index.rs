//! Hundreds of rules on one type: found by the index, and computed one by one, they find the same.

use std::fmt::Write as _;
use std::sync::Arc;

use trapjaw_dsl::source::SourceMap;
use trapjaw_engine::{Config, How, Witnesses};
use trapjaw_event::{Event, Ip, TypeId, Value};
use trapjaw_tests::engine::{Cut, NEVER, run_counted};
use trapjaw_tests::oracle::{self, Options};

/// Random numbers (splitmix64).
struct Draws(u64);

impl Draws {
    fn below(&mut self, n: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % n
    }

    fn pick<'a>(&mut self, of: &[&'a str]) -> &'a str {
        of[self.below(of.len() as u64) as usize]
    }
}

const TYPE: &str = "event e { n: int, m: int?, x: float?, t: text, u: text?, a: ip?, b: bool?, \
                    k: enum(low, mid, high)?, w: time?, d: duration? }\n\
                    event out { n: int }\n";

const WORDS: [&str; 12] = [
    "",
    "a",
    "error",
    "no error",
    "Error",
    "timeout of x",
    "xab",
    "abx",
    "ab",
    "fatal: disk full",
    "disk",
    "straße",
];

/// One thing that a condition may say.
fn atom(draws: &mut Draws) -> String {
    let int = |draws: &mut Draws| match draws.below(12) {
        0 => "-9223372036854775807".to_owned(),
        1 => "9223372036854775807".to_owned(),
        _ => (draws.below(12) as i64 - 3).to_string(),
    };
    let field = |draws: &mut Draws| draws.pick(&["e.n", "e.m"]);
    let text = |draws: &mut Draws| draws.pick(&["e.t", "e.u", "e.source"]);
    let compare = |draws: &mut Draws| draws.pick(&["==", "!=", "<", "<=", ">", ">="]);
    match draws.below(22) {
        0 | 1 => format!("{} {} {}", field(draws), compare(draws), int(draws)),
        2 => format!("{} {} {}", int(draws), compare(draws), field(draws)),
        3 => format!("e.x {} {}.5", compare(draws), draws.below(5)),
        4 => format!("e.x {} 0.0", compare(draws)),
        5 => format!(
            "{} in [{}, {}, {}]",
            field(draws),
            draws.below(9),
            draws.below(9),
            draws.below(9)
        ),
        6 => format!("{} == \"{}\"", text(draws), draws.pick(&WORDS)),
        7 => format!(
            "{} in [\"{}\", \"{}\"]",
            text(draws),
            draws.pick(&WORDS),
            draws.pick(&WORDS)
        ),
        8 => format!("{} contains \"{}\"", text(draws), draws.pick(&WORDS[1..])),
        9 => format!(
            "{} starts_with \"{}\"",
            text(draws),
            draws.pick(&WORDS[1..])
        ),
        10 => format!("{} ends_with \"{}\"", text(draws), draws.pick(&WORDS[1..])),
        11 => format!("{} icontains \"{}\"", text(draws), draws.pick(&WORDS[1..])),
        12 => format!(
            "{} like \"{}\"",
            text(draws),
            draws.pick(&["*error*", "fatal*disk*", "*", "err?r", "ab*"])
        ),
        13 => format!(
            "{} ~ /{}/",
            text(draws),
            draws.pick(&[
                "error|fatal",
                "^ab",
                "(time)?out",
                "disk (full|gone)",
                "[a-c]+x"
            ])
        ),
        14 => format!(
            "{} ~ /{}/i",
            text(draws),
            draws.pick(&["error", "STRASSE|disk"])
        ),
        15 => format!(
            "e.a in {}",
            draws.pick(&[
                "10.0.0.0/8",
                "10.1.0.0/16",
                "0.0.0.0/0",
                "192.168.1.0/24",
                "[10.0.0.1, 10.1.2.3]"
            ])
        ),
        16 => format!("e.a == 10.0.0.{}", draws.below(4)),
        17 => format!(
            "e.k {} {}",
            compare(draws),
            draws.pick(&["low", "mid", "high"])
        ),
        18 => draws
            .pick(&[
                "e.b",
                "not e.b",
                "e.m is null",
                "e.m is not null",
                "e.u is not null",
                "e.b == true",
            ])
            .to_owned(),
        19 => format!("e.n between {} and {}", draws.below(5), draws.below(9)),
        20 => format!(
            "e.n * 4611686018427387904 {} {}",
            compare(draws),
            int(draws)
        ),
        _ => format!("(e.n + e.m) {} {}", compare(draws), draws.below(9)),
    }
}

fn condition(draws: &mut Draws) -> String {
    let mut text = atom(draws);
    for _ in 0..draws.below(4) {
        let next = match draws.below(8) {
            0 => format!("({} or {})", atom(draws), atom(draws)),
            1 => format!("not ({})", atom(draws)),
            _ => atom(draws),
        };
        text = format!("{text} and {next}");
    }
    text
}

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

fn events(draws: &mut Draws, count: i64) -> Vec<Event> {
    let mut event = |number: i64| {
        let optional = |draws: &mut Draws, value: Value| match draws.below(4) {
            0 => Value::Null,
            _ => value,
        };
        let int = match draws.below(20) {
            0 => i64::MAX,
            1 => i64::MIN,
            _ => draws.below(10) as i64 - 2,
        };
        let small = Value::Int(draws.below(8) as i64);
        let float = [-0.0, 0.0, 0.5, 1.5, 4.5, f64::INFINITY, -2.5][draws.below(7) as usize];
        let text = Value::Text(draws.pick(&WORDS).into());
        let last = draws.below(4) as u8;
        let ips = [
            [10, 0, 0, last],
            [10, 1, 2, 3],
            [192, 168, 1, last],
            [8, 8, 8, 8],
        ];
        let ip = ips[draws.below(4) as usize];
        let values = vec![
            Value::Int(int),
            optional(draws, small),
            optional(draws, Value::Float(float)),
            Value::Text(draws.pick(&WORDS).into()),
            optional(draws, text),
            optional(draws, Value::Ip(Ip::from(std::net::IpAddr::from(ip)))),
            optional(draws, Value::Bool(number % 2 == 0)),
            optional(draws, Value::Enum((number % 3) as u16)),
            Value::Null,
            Value::Null,
        ];
        Event {
            type_id: TypeId::new(0),
            time: number * 300_000_000,
            source: draws.pick(&["", "error", "ab"]).into(),
            id: None,
            subject: None,
            severity: None,
            values,
        }
    };
    (0..count).map(&mut event).collect()
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

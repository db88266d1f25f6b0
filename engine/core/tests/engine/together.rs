//! Rules that have the same windows, while rules come and go.

use trapjaw_engine::{Config, Input};
use trapjaw_event::{Event, Value};

use crate::rig::{Draws, EVENT, Rig, SECOND, event, of, program};

/// What the rules of a case ask for, and tell.
const ASKED: [&str; 7] = [
    "having sum(a.n) > 3 do log(\"{sum(a.n)}\")",
    "having sum(a.n) > 5 limit 1 per 4s do log(\"{sum(a.n)}\")",
    "having count() >= 2 and max(a.n) > 2 do log(\"{max(a.n)} {count()}\")",
    "having avg(a.n) > 1 limit 2 per 3s do log(\"{avg(a.n)} {min(a.n)}\")",
    "having max(10 / a.n) > 3 do log(\"{max(10 / a.n)}\")",
    "do log(\"{stddev(a.n)} {distinct(a.n)} {quantile(a.n, 50%)}\")",
    "having last(a.n) > first(a.n) do log(\"{min(a.n)}\")",
];

/// Their windows: and whether a rule may tell that `having` has ceased to hold.
const WINDOWS: [(&str, bool); 9] = [
    ("over 4s", true),
    ("over 2s each", true),
    ("over 3 events", true),
    ("over 1s", true),
    ("over all", true),
    ("over 3 events tumbling", false),
    ("over 3s tumbling", false),
    ("over 4s every 1s", false),
    ("over session 2s", false),
];

const DERIVED: &str = "event f { k: text, n: int }\n";

/// Derives what the others read, or something else.
const EMITTERS: [&str; 4] = [
    "rule em { on b: f by b.k over 1s tumbling emit e { k: b.k, n: count(), note: null } }",
    "rule em { on b: f by b.k absent 2s emit e { k: b.k, n: b.n, note: null } }",
    "rule em { on b: f where b.n > 2 emit e { k: b.k, n: b.n, note: null } }",
    "rule em { on b: f where b.n > 2 do log(\"{b.n}\") }",
];

/// Rules, some of them as in other sets, in some order.
fn rules(draws: &mut Draws, (event, frame): (&str, &str), clears: bool) -> String {
    let mut rules: Vec<String> = Vec::new();
    for (place, asked) in ASKED.iter().enumerate() {
        if draws.below(10) < 3 {
            continue;
        }
        let asked = match draws.below(8) {
            0 => asked.replace("do log(\"", "do log(\"other "),
            _ => (*asked).to_owned(),
        };
        let clear = if clears && place % 3 == 0 {
            " on clear do log(\"ok\")"
        } else {
            ""
        };
        let rule = format!("rule r{place} {{ {frame} {asked}{clear} }}");
        rules.insert(draws.below(rules.len() + 1), rule);
    }
    let Some(emitter) = EMITTERS.get(draws.below(3 * EMITTERS.len())) else {
        return format!("{event}{DERIVED}{}", rules.join("\n"));
    };
    rules.insert(draws.below(rules.len() + 1), (*emitter).to_owned());
    format!("{event}{DERIVED}{}", rules.join("\n"))
}

/// Events of both types, each some time after the last.
fn events(draws: &mut Draws, now: &mut i64) -> Vec<Event> {
    (0..draws.below(12))
        .map(|_| {
            *now += [0, SECOND / 4, SECOND, 3 * SECOND][draws.below(4)];
            let key = ["a", "b", "c"][draws.below(3)];
            let n = draws.below(5) as i64;
            if draws.below(5) == 0 {
                of(1, *now, vec![Value::Text(key.into()), Value::Int(n)])
            } else {
                event(key, *now, n)
            }
        })
        .collect()
}

#[test]
fn rules_come_and_go_as_if_each_had_windows_of_its_own() {
    let mut told = 0;
    for seed in 1..400_u64 {
        let mut draws = Draws(seed << 20 | 1);
        let (clause, clears) = WINDOWS[draws.below(WINDOWS.len())];
        let condition = ["", "where a.n > 0", "where a.n != 3"][draws.below(3)];
        let by = ["by a.k", "by a.k", "by a.k, a.n", ""][draws.below(4)];
        let frame = format!("on a: e {condition} {by} {clause}");
        // Of a late type, rows wait while rules come and go.
        let event = match draws.below(3) {
            0 => EVENT.replace('}', "} lateness 2s"),
            _ => EVENT.to_owned(),
        };
        let first = rules(&mut draws, (&event, &frame), clears);
        let mut arms = [true, false].map(|share_windows| {
            let config = Config {
                share_windows,
                ..Config::default()
            };
            Rig::new(&first, config)
        });
        let mut now = 0;
        for step in 0..6 {
            let events = events(&mut draws, &mut now);
            let reloaded = program(&rules(&mut draws, (&event, &frame), clears));
            for rig in &mut arms {
                rig.take(&events);
            }
            let [shared, own] = &mut arms;
            assert_eq!(shared.out.matches, own.out.matches, "{seed} {step}");
            assert_eq!(shared.shard.counters(), own.shard.counters(), "{seed}");
            told += shared.out.matches.len();
            for rig in &mut arms {
                rig.out.matches.clear();
                let reload = Input::Reload(reloaded.clone());
                rig.shard.step(reload, &mut rig.out);
            }
        }
        for rig in &mut arms {
            rig.tick(now + 60 * SECOND);
        }
        let [shared, own] = &arms;
        assert_eq!(shared.out.matches, own.out.matches, "{seed}, the end");
    }
    assert!(told > 2_000, "{told}");
}

/// Rules `name: asked` over the same windows.
fn set(rules: &[(&str, &str)]) -> String {
    let rule = |(name, asked): &(&str, &str)| {
        format!("rule {name} {{ on a: e by a.k over 1h each having {asked} > 0 do log(\"x\") }}\n")
    };
    EVENT.to_owned() + &rules.iter().map(rule).collect::<String>()
}

fn reload(rig: &mut Rig, rules: &[(&str, &str)]) {
    reload_text(rig, &set(rules));
}

fn reload_text(rig: &mut Rig, text: &str) {
    rig.shard.step(Input::Reload(program(text)), &mut rig.out);
}

fn bytes(rig: &Rig) -> Vec<bool> {
    rig.shard.bytes().map(|bytes| bytes > 0).collect()
}

#[test]
fn windows_outlive_the_rule_that_was_first() {
    let (sum, count, max) = (("s", "sum(a.n)"), ("c", "count()"), ("m", "max(a.n)"));
    let mut rig = Rig::new(&set(&[sum, count, max]), Config::default());
    rig.take(&[event("a", 0, 3), event("a", 1, 4)]);
    assert_eq!(bytes(&rig), [true, false, false], "there once");
    assert_eq!(rig.shard.keys().collect::<Vec<_>>(), [1, 1, 1]);
    let before = [
        "s matched 0 a 3",
        "c matched 0 a 1",
        "m matched 0 a 3",
        "s matched 1 a 7",
        "c matched 1 a 2",
        "m matched 1 a 4",
    ];
    assert_eq!(rig.found(), before);
    // The first is gone, the others change places, and one comes that asks for the same as the one that is gone.
    reload(&mut rig, &[max, ("new", "sum(a.n)"), count]);
    assert_eq!(
        bytes(&rig),
        [true, false, false],
        "the new one has seen none"
    );
    rig.take(&[event("a", 2, 1)]);
    let after = ["m matched 2 a 4", "new matched 2 a 1", "c matched 2 a 3"];
    assert_eq!(rig.found(), after);
    assert_eq!(bytes(&rig), [true, true, false]);
    // All but the last of them are gone.
    reload(&mut rig, &[count]);
    rig.take(&[event("a", 3, 9)]);
    assert_eq!(rig.found(), ["c matched 3 a 4"]);
    // Who comes back begins anew, also together with others.
    reload(&mut rig, &[sum, count, max]);
    rig.take(&[event("a", 4, 5)]);
    let again = ["s matched 4 a 5", "c matched 4 a 5", "m matched 4 a 5"];
    assert_eq!(rig.found(), again);
    assert_eq!(bytes(&rig), [true, true, false]);
}

#[test]
fn rules_have_the_room_of_all_of_them_and_keep_what_they_have() {
    let config = |share_windows| Config {
        max_state_bytes: 1 << 16,
        max_window_bytes: 1 << 16,
        share_windows,
        ..Config::default()
    };
    let names: Vec<String> = (0..8).map(|n| format!("r{n}")).collect();
    let asked = ["sum(a.n)", "count()", "max(a.n)", "min(a.n)"];
    let rules: Vec<(&str, &str)> = (names.iter().zip(asked.iter().cycle()))
        .map(|(name, asked)| (&**name, *asked))
        .collect();
    let keys: Vec<String> = (0..120).map(|key| format!("k{key}")).collect();
    let events: Vec<Event> = (0..2)
        .flat_map(|time| keys.iter().map(move |key| event(key, time, 1)))
        .collect();
    let mut shared = Rig::new(&set(&rules), config(true));
    let mut own = Rig::new(&set(&rules), config(false));
    shared.take(&events);
    own.take(&events);
    assert_eq!(
        own.shard.counters().evicted,
        0,
        "each has room for all keys"
    );
    assert_eq!(
        shared.shard.counters().evicted,
        0,
        "and so have all together"
    );
    // What is there stays when all but one are gone, and a key of it is known.
    reload(&mut shared, &rules[7..]);
    assert_eq!(shared.keys(), 120);
    shared.out.matches.clear();
    shared.take(&[event("k5", 9, 2)]);
    assert_eq!(shared.found(), ["r7 matched 9 k5 1"]);
    assert_eq!(shared.shard.counters().evicted, 0);
    // One rule can't come to have more than is there.
    let more: Vec<Event> = (0..9_000)
        .map(|number| event(&format!("m{number}"), 10, 1))
        .collect();
    let before = shared.bytes();
    shared.take(&more);
    assert!(shared.shard.counters().evicted > 0);
    assert!(shared.bytes() <= before.max(2 << 16), "{}", shared.bytes());
}

#[test]
fn rules_part_with_what_they_have_when_others_derive_what_they_read() {
    let rules = [("s", "sum(a.n)"), ("c", "count()")];
    let mut rig = Rig::new(&(set(&rules) + DERIVED), Config::default());
    rig.take(&[event("a", 0, 3)]);
    assert_eq!(rig.found(), ["s matched 0 a 3", "c matched 0 a 1"]);
    assert_eq!(bytes(&rig), [true, false]);
    // From here on an event may come by another rule's timer, before the turn of the one and behind that of the other.
    reload_text(&mut rig, &(set(&rules) + DERIVED + EMITTERS[0]));
    assert_eq!(bytes(&rig)[..2], [true, true], "each has its own");
    rig.take(&[event("a", 1, 4)]);
    assert_eq!(rig.found(), ["s matched 1 a 7", "c matched 1 a 2"]);
    let f = of(1, 2, vec![Value::Text("a".into()), Value::Int(0)]);
    rig.take(&[f]).tick(SECOND);
    assert_eq!(
        rig.found(),
        [
            "em matched 1000000000 a 1",
            "s matched 1000000000 a 8",
            "c matched 1000000000 a 3"
        ]
    );
    // Nobody derives it any more: what has parted does not come together again.
    reload_text(&mut rig, &(set(&rules) + DERIVED));
    rig.take(&[event("a", SECOND + 1, 2)]);
    assert_eq!(
        rig.found(),
        ["s matched 1000000001 a 10", "c matched 1000000001 a 4"]
    );
    assert_eq!(bytes(&rig), [true, true]);
}

/// An event that a timer brings comes behind the timers of the rules before its own, and before those of the rules behind
/// it: rules that are alike but for their place see another order.
#[test]
fn rules_on_both_sides_of_one_that_derives_by_timer_are_not_alike() {
    let alike = |name: &str| {
        format!(
            "rule {name} {{ on a: e by a.k over 1s having count() > 0 \
             do log(\"x\") on clear do log(\"ok\") }}\n"
        )
    };
    let text = [EVENT, DERIVED, &alike("a"), EMITTERS[0], &alike("b")].concat();
    for share_windows in [true, false] {
        let config = Config {
            share_windows,
            ..Config::default()
        };
        let mut rig = Rig::new(&text, config);
        let f = of(1, 0, vec![Value::Text("k".into()), Value::Int(0)]);
        rig.take(&[event("k", 0, 1), f]).tick(SECOND);
        assert_eq!(
            rig.found(),
            [
                "a matched 0 k 1",
                "b matched 0 k 1",
                "a cleared 1000000000 k 0",
                "em matched 1000000000 k 1",
                "a matched 1000000000 k 1",
            ]
        );
    }
}

/// The same the other way round: what a rule derives by timer comes at its own place, and not where one like it stands.
#[test]
fn a_rule_that_derives_by_timer_keeps_its_place() {
    let text = [
        EVENT,
        DERIVED,
        "rule same { on b: f by b.k over 1s tumbling do log(\"{b.k} {count()}\") }\n",
        "rule y { on a: e by a.k over 1s having count() > 0 do log(\"x\") on clear do log(\"ok\") }\n",
        EMITTERS[0],
    ]
    .concat();
    for share_windows in [true, false] {
        let config = Config {
            share_windows,
            ..Config::default()
        };
        let mut rig = Rig::new(&text, config);
        let f = of(1, 0, vec![Value::Text("k".into()), Value::Int(0)]);
        rig.take(&[event("k", 0, 1), f]).tick(SECOND);
        assert_eq!(
            rig.found(),
            [
                "y matched 0 k 1",
                "same matched 1000000000 k 1",
                "y cleared 1000000000 k 0",
                "em matched 1000000000 k 1",
                "y matched 1000000000 k 1",
            ]
        );
    }
}

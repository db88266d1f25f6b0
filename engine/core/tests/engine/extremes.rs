//! Times and durations near the ends of their range.

use trapjaw_engine::{Config, Input};
use trapjaw_event::Event;

use crate::rig::{CLAUSES, Draws, EVENT, Rig, SECOND, event};

const MAX: i64 = i64::MAX;
const MIN: i64 = i64::MIN;

/// What a rule finds over events at these times, batch by batch and in one, with the same outputs.
fn run(clause: &str, config: Config, events: &[Event], ticks: &[i64]) -> Vec<String> {
    let run = |cut: usize| {
        let mut rig = Rig::new(&format!("{EVENT}{clause}"), config);
        for part in events.chunks(cut) {
            rig.take(part);
        }
        for &tick in ticks {
            rig.tick(tick);
        }
        rig.found()
    };
    let whole = run(events.len().max(1));
    assert_eq!(run(1), whole, "{clause}");
    whole
}

fn ones(times: &[i64]) -> Vec<Event> {
    times.iter().map(|&time| event("a", time, 1)).collect()
}

#[test]
fn windows_at_the_beginning_of_time() {
    let config = Config::default();
    let sliding = "rule r { on a: e by a.k over 10ns each having count() > 0 do log(\"x\") }";
    assert_eq!(
        run(sliding, config, &ones(&[MIN, MIN, MIN + 9, MIN + 10]), &[]),
        [
            format!("r matched {MIN} a 1"),
            format!("r matched {MIN} a 2"),
            format!("r matched {} a 3", MIN + 9),
            format!("r matched {} a 2", MIN + 10),
        ]
    );
    // The first whole multiple of 10 ns lies 8 ns after the beginning of time.
    let tumbling = "rule r { on a: e by a.k over 10ns tumbling having count() > 0 do log(\"x\") }";
    assert_eq!(
        run(
            tumbling,
            config,
            &ones(&[MIN, MIN + 7, MIN + 8]),
            &[MIN + 20]
        ),
        [
            format!("r matched {} a 2", MIN + 8),
            format!("r matched {} a 1", MIN + 18),
        ]
    );
    let limited = "rule r { on a: e by a.k limit 1 per 10ns do log(\"x\") }";
    assert_eq!(
        run(limited, config, &ones(&[MIN, MIN, MIN + 9, MIN + 10]), &[]),
        [
            format!("r matched {MIN} a"),
            format!("r matched {} a", MIN + 10)
        ]
    );
}

#[test]
fn what_would_fall_due_after_the_end_of_time_never_does() {
    let config = Config::default();
    let times = ones(&[0, MAX - 5, MAX - 1, MAX, MAX]);
    let absent = "rule r { on a: e by a.k absent 10ns do log(\"x\") }";
    assert_eq!(
        run(absent, config, &times, &[MAX]),
        [
            "r raised 10 a".to_owned(),
            format!("r expired {} a", 86_400 * SECOND)
        ]
    );
    // The last multiple of 10 ns lies 7 ns before the end.
    let tumbling = "rule r { on a: e by a.k over 10ns tumbling having count() > 0 do log(\"x\") }";
    assert_eq!(run(tumbling, config, &times, &[MAX]), ["r matched 10 a 1"]);
    let sliding = "rule r { on a: e by a.k over 10ns each having count() > 0 do log(\"x\") on clear do log(\"x\") }";
    assert_eq!(
        run(sliding, config, &times, &[MAX]),
        [
            "r matched 0 a 1".to_owned(),
            "r cleared 10 a 0".to_owned(),
            format!("r matched {} a 1", MAX - 5),
            format!("r matched {} a 2", MAX - 1),
            format!("r matched {MAX} a 3"),
            format!("r matched {MAX} a 4"),
        ]
    );
    let held = "rule r { on a: e by a.k for 5ns gap 10ns do log(\"x\") }";
    assert_eq!(
        run(held, config, &times, &[MAX]),
        [format!("r raised {MAX} a")]
    );
}

#[test]
fn durations_near_the_end_of_their_range() {
    // The longest that a rule can name: 106,751 days are just below 2^63 ns.
    for idle_ttl in [1, MAX] {
        let config = Config {
            idle_ttl,
            ..Config::default()
        };
        for clause in [
            "rule r { on a: e by a.k over 106751d each having count() > 0 do log(\"x\") on clear do log(\"x\") }",
            "rule r { on a: e by a.k over 106751d tumbling having count() > 0 do log(\"x\") }",
            "rule r { on a: e by a.k over all having count() > 1 do log(\"x\") on clear do log(\"x\") }",
            "rule r { on a: e by a.k absent 106751d do log(\"x\") }",
            "rule r { on a: e where a.n > 0 by a.k for 106751d gap 106751d keep 106751d do log(\"x\") }",
            "rule r { on a: e by a.k limit 1 per 106751d do log(\"x\") }",
        ] {
            let times = ones(&[MIN, -1, 0, 1, MAX - 1, MAX]);
            let found = run(clause, config, &times, &[MAX, MIN, MAX]);
            assert!(found.len() <= 12, "{clause}");
            let late = run(clause, config, &times[3..], &[MIN, MAX]);
            assert!(late.len() <= 6, "{clause}");
        }
    }
    let all = "rule r { on a: e by a.k over 106751d each having count() > 0 do log(\"x\") }";
    let found = run(all, Config::default(), &ones(&[MIN, -5, 0, 5]), &[]);
    let counts: Vec<&str> = found
        .iter()
        .map(|line| line.rsplit(' ').next().unwrap())
        .collect();
    // 2^63 ns are a little more than the window.
    assert_eq!(counts, ["1", "1", "2", "3"]);
}

#[test]
fn random_leaps_over_the_whole_range() {
    let ends = [
        MIN,
        MIN + 1,
        -SECOND,
        -1,
        0,
        1,
        SECOND,
        MAX - SECOND,
        MAX - 1,
        MAX,
    ];
    let mut matches = 0;
    for clause in CLAUSES {
        for seed in 0..60 {
            let draws = &mut Draws(seed * 2 + 1);
            let mut time = ends[draws.below(6)];
            let mut events = Vec::new();
            for _ in 0..40 {
                time = match draws.below(12) {
                    0 => ends[draws.below(ends.len())],
                    1 => time.saturating_add(3_600 * SECOND * draws.below(100) as i64),
                    2 => time.saturating_sub(SECOND),
                    _ => time.saturating_add([0, 1, SECOND / 2, SECOND][draws.below(4)]),
                };
                events.push(event(
                    ["a", "b"][draws.below(2)],
                    time,
                    draws.below(3) as i64,
                ));
            }
            let config = Config {
                idle_ttl: [1, 7 * SECOND, MAX][draws.below(3)],
                ..Config::default()
            };
            matches += run(
                clause,
                config,
                &events,
                &[ends[draws.below(ends.len())], MAX],
            )
            .len();
        }
    }
    assert!(matches > 5_000, "{matches}");
}

#[test]
fn the_clock_never_goes_back() {
    let text = format!("{EVENT}rule r {{ on a: e by a.k absent 10ns do log(\"x\") }}");
    let mut rig = Rig::new(&text, Config::default());
    assert_eq!((rig.shard.clock(), rig.shard.next_deadline()), (MIN, None));
    rig.tick(MIN);
    rig.tick(50).tick(20);
    assert_eq!(rig.shard.clock(), 50);
    // An event from the past takes effect now.
    rig.take(&ones(&[7]));
    rig.tick(59);
    assert_eq!(rig.found(), [""; 0]);
    rig.tick(60).tick(MIN).tick(0);
    assert_eq!(rig.found(), ["r raised 60 a"]);
    assert_eq!(rig.shard.clock(), 60);
    // Nothing is a batch too.
    let empty = trapjaw_event::BatchBuilder::new(rig.shard.rules().registry.clone()).finish();
    rig.batch(&empty, Some(MIN));
    assert_eq!((rig.shard.clock(), rig.found()), (60, Vec::new()));
}

#[test]
fn an_event_too_far_ahead_takes_effect_at_the_walls_time() {
    let text = format!("{EVENT}rule r {{ on a: e by a.k do log(\"x\") }}");
    let config = Config {
        max_ahead: 10,
        ..Config::default()
    };
    let mut rig = Rig::new(&text, config);
    // Within, just within, beyond, and the past.
    rig.take_at(&ones(&[95, 110, 111, MAX, 50, MIN]), Some(100));
    let times = [95, 110, 110, 110, 110, 110].map(|time| format!("r matched {time} a"));
    assert_eq!(rig.found(), times);
    assert_eq!(rig.shard.counters().ahead, 2);
    // Where the clock is not yet as far as the wall.
    rig.take_at(&ones(&[200, 1_000, 150]), Some(300));
    let times = [200, 300, 300].map(|time| format!("r matched {time} a"));
    assert_eq!(rig.found(), times);
    // A wall near the ends of time.
    rig.take_at(&ones(&[MAX]), Some(MAX - 3));
    assert_eq!(rig.found(), [format!("r matched {MAX} a")]);
    assert_eq!(rig.shard.counters().ahead, 3);
    let mut rig = Rig::new(&text, config);
    rig.take_at(&ones(&[MIN, MIN + 11]), Some(MIN));
    assert_eq!(
        rig.found(),
        [format!("r matched {MIN} a"), format!("r matched {MIN} a")]
    );
}

#[test]
fn a_stream_may_count_to_its_end() {
    let text = format!("{EVENT}rule r {{ on a: e by a.k do log(\"x\") }}");
    let rules = crate::rig::program(&text);
    let mut shard = trapjaw_engine::Shard::new(rules, Config::default(), (0, 1));
    let mut builder = trapjaw_event::BatchBuilder::new(shard.rules().registry.clone());
    for event in ones(&[1, 2, 3]) {
        builder.push(&event).expect("it fits");
    }
    let bytes = builder.finish();
    let bindings = crate::rig::bindings(&shard.rules().registry);
    let mut out = crate::rig::Collector::default();
    shard.record();
    let input = Input::Batch {
        batch: trapjaw_event::check(&bytes, &bindings).expect("it is sound"),
        origin: trapjaw_engine::Origin {
            stream: 0,
            sequence: u64::MAX - 1,
        },
        ingest: 0,
        wall: None,
    };
    shard.step(input, &mut out);
    let mut ids: Vec<_> = out.matches.iter().map(|found| found.id).collect();
    ids.dedup();
    assert_eq!(ids.len(), 3);
    assert_eq!(shard.take_records().len(), 3);
}

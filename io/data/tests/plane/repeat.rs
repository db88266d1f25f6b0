//! A live run's recorded intake, repeated.

use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use trapjaw_data::plane::{PlaneConfig, Recorder};
use trapjaw_data::time::wall;
use trapjaw_engine::{Config, Record, repeat};
use trapjaw_event::{BatchBuilder, Match};

use crate::rig::{Rig, cpu, rules, with_each_driver};

const SHARDS: usize = 2;
const CONNECTIONS: u64 = 4;
const BATCHES: u64 = 30;
const HOSTS: u64 = 40;

/// Every kind of state, short enough that nothing is left to come some time after the last event.
const LIVE: &str = r#"
event cpu { host: text, load: float, core: int? }
rule each { on c: cpu where c.load > 0.9 do log("{c.host}") }
rule lasting { on c: cpu where c.load > 0.3 by c.host for 5ms gap 100ms keep 2ms do log("{c.host}") }
rule sliding { on c: cpu by c.host over 50ms having avg(c.load) > 0.6 and count() > 2 do log("{avg(c.load)}") on clear do log("{c.host}") }
rule tumbling { on c: cpu by c.host over 20ms tumbling having max(c.load) > 0.8 do log("{max(c.load)} {count()}") }
rule silent { on c: cpu by c.host absent 150ms do log("{c.host}") }
rule seldom { on c: cpu where c.load > 0.5 limit 3 per 40ms do log("{c.host}") }
"#;

/// The same where events may be late.
fn late() -> String {
    LIVE.replace("core: int? }", "core: int? } lateness 30ms")
}

/// Keeps what each shard tells.
struct Tape(Mutex<Vec<Vec<Record>>>);

impl Recorder for Tape {
    fn taken(&self, shard: usize, records: Vec<Record>) {
        self.0.lock().expect("nobody panics with it")[shard].extend(records);
    }
}

/// xorshift64: the same draws everywhere.
fn draw(state: &mut u64) -> u64 {
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    *state >> 11
}

/// Matches in an order that does not depend on how they were found.
fn sorted(matches: &[Match]) -> Vec<String> {
    let text = |found: &Match| {
        format!(
            "{:?}",
            Match {
                ingest: 0,
                ..found.clone()
            }
        )
    };
    let mut texts: Vec<String> = matches.iter().map(text).collect();
    texts.sort_unstable();
    texts
}

#[test]
fn random_connections_into_two_shards_are_repeated_on_one() {
    runs_are_repeated(LIVE, Config::default());
}

#[test]
fn rows_that_waited_for_the_watermark_are_repeated_on_one_shard() {
    let config = Config {
        idle: 100_000_000,
        ..Config::default()
    };
    runs_are_repeated(&late(), config);
}

fn runs_are_repeated(text: &str, engine: Config) {
    with_each_driver(|driver| {
        let tape = Arc::new(Tape(Mutex::new(vec![Vec::new(); SHARDS])));
        let recorder: Arc<dyn Recorder> = tape.clone();
        let config = PlaneConfig {
            driver,
            shards: SHARDS,
            recorder: Some(recorder),
            engine,
            ..PlaneConfig::default()
        };
        let rig = Rig::with(text, config);
        thread::scope(|scope| {
            for number in 0..CONNECTIONS {
                let (mut client, registry) = rig.client();
                scope.spawn(move || {
                    let state = &mut (number + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
                    let mut builder = BatchBuilder::new(Arc::clone(&registry));
                    for _ in 0..BATCHES {
                        for _ in 0..=draw(state) % 20 {
                            let host = format!("h{}", draw(state) % HOSTS);
                            let load = (draw(state) % 1_000) as f64 / 1_000.0;
                            // Some are behind the clock, as events are.
                            let time = wall() - (draw(state) % 3_000_000) as i64;
                            builder
                                .push(&cpu(&registry, &host, load, time))
                                .expect("a small batch");
                        }
                        client.send_rows(&mut builder).expect("there is credit");
                        thread::sleep(Duration::from_micros(draw(state) % 3_000));
                    }
                    client.close().expect("in good order");
                });
            }
        });
        // The last absences are raised 150 ms after the last event, on whichever shard.
        rig.wait_for("all keys to be silent", |reports| {
            let silent = rules(text)
                .rules
                .iter()
                .position(|rule| &*rule.name == "silent")
                .expect("there is such a rule");
            let raised: u64 = reports
                .iter()
                .map(|report| report.counters.matches[silent])
                .sum();
            raised >= HOSTS
        });
        let (report, matches) = rig.drain();
        assert!(report.is_complete);
        let records = tape.0.lock().expect("nobody panics with it");
        assert!(
            records
                .iter()
                .all(|shard| shard.iter().any(Record::is_forwarded)),
            "rows crossed both ways"
        );
        let again = repeat(&rules(text), engine, &records).expect("no rule derives events");
        assert!(matches.len() > 200, "{} matches", matches.len());
        assert_eq!(sorted(&matches), sorted(&again));
    });
}

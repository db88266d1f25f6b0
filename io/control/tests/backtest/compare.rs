//! Two rule sets over the same events.

use trapjaw_control::backtest::compare::{Compared, Side, compare};
use trapjaw_control::recorded::Recording;
use trapjaw_control::replay::Options;
use trapjaw_control::rules::Loaded;

use crate::rig::{Folder, RULES, loads, rules};

fn compared(old: &Loaded, new: &Loaded) -> (Compared, Vec<(Side, String)>) {
    let folder = Folder::new();
    let recording = Recording::new(&[folder.write("events", &loads(5_000))], None);
    let mut told = Vec::new();
    let compared = compare(
        &old.rules,
        &new.rules,
        recording.expect("it is there"),
        Options::default(),
        |difference| {
            told.push((difference.side, difference.json.clone()));
            Ok(())
        },
        |_, _, _| {},
    );
    (compared.expect("memory takes it"), told)
}

#[test]
fn what_does_not_change_matches_is_no_difference() {
    let old = rules(RULES);
    // Another meaning, other fields kept, another order of rules and types: the same matches.
    let new = rules(
        "rule average { on c: cpu by c.host over 300s having avg(c.load) > 0.6 do log(\"{avg(c.load):.2}\") }
        event other { x: int }
        event cpu { more: text?, host: text, load: float }
        rule hot { on c: cpu where c.load > 90% and not (c.more is not null) by c.host limit 1 per 1m }",
    );
    let (compared, told) = compared(&old, &new);
    assert!(told.is_empty(), "{told:?}");
    assert!(!compared.differs());
    assert!(compared.rules.values().all(|counts| counts.same > 100));
}

#[test]
fn matches_that_come_and_go_are_told() {
    let old = rules(
        "event cpu { host: text, load: float }
        rule hot { on c: cpu where c.load > 90% by c.host }
        rule average { on c: cpu by c.host over 1m tumbling }",
    );
    let new = rules(
        "event cpu { host: text, load: float }
        rule hot { on c: cpu where c.load > 95% by c.host }
        rule cold { on c: cpu where c.load < 2% }",
    );
    let (compared, told) = compared(&old, &new);
    assert!(compared.differs());
    assert_eq!(compared.rules.len(), 3);
    let (hot, cold) = (compared.rules["hot"], compared.rules["cold"]);
    let average = compared.rules["average"];
    assert!(hot.same > 0 && hot.removed > 0 && hot.added == 0, "{hot:?}");
    assert!(
        cold.added == 100 && cold.same + cold.removed == 0,
        "{cold:?}"
    );
    assert!(average.removed > 100 && average.same + average.added == 0);
    let count = |side: Side, rule: &str| {
        let name = format!("{{\"rule\":\"{rule}\"");
        let of = |told: &&(Side, String)| told.0 == side && told.1.starts_with(&name);
        told.iter().filter(of).count() as u64
    };
    assert_eq!(count(Side::Added, "cold"), cold.added);
    assert_eq!(count(Side::Removed, "hot"), hot.removed);
    assert_eq!(count(Side::Removed, "average"), average.removed);
}

//! New rules on a shard that runs.

use std::sync::Arc;

use trapjaw_dsl::{compile, source::SourceMap};
use trapjaw_engine::{Config, Input, Shard};
use trapjaw_event::Value;
use trapjaw_program::{RuleSet, Verified};

use crate::rig::{EVENT, Rig, event, of, program};

const SUM: &str = "on a: e by a.k over 1h each having sum(a.n) > 0 do log(\"{a.n}\")";
const ABSENT: &str = "on a: e by a.k absent 100ns do log(\"{a.n} {a.note}\")";

fn reload(rig: &mut Rig, text: &str) {
    let version = rig.shard.version();
    rig.shard.step(Input::Reload(program(text)), &mut rig.out);
    assert_eq!(rig.shard.version(), version + 1);
    assert!(rig.out.matches.is_empty());
}

fn with_table(text: &str, rows: &str) -> Arc<Verified<RuleSet>> {
    let mut sources = SourceMap::new();
    sources.add("test.trap", text);
    sources.add_table("t.csv", format!("k,team\n{rows}"));
    Arc::new(compile(&sources).expect("the rules are right").program)
}

#[test]
fn a_table_is_another_and_rules_keep_their_state() {
    let text = format!(
        "{EVENT}table t from \"t.csv\" key k {{ k: text, team: text }}\n\
         rule s {{ on a: e where a.k in t by a.k over 1h each do log(\"{{sum(a.n)}} {{t[a.k].team}}\") }}\n\
         rule q {{ on a: e by a.k absent 100ns of t do log(\"{{a.k}} {{t[a.k].team}} {{a.n}}\") }}"
    );
    let before = with_table(&text, "a,x\nb,y\n");
    let after = with_table(&text, "b,z\nc,z\n");
    assert_eq!(before.rules[0].meaning, after.rules[0].meaning);
    assert_eq!(before.rules[1].meaning, after.rules[1].meaning);
    let mut rig = Rig::of(Shard::new(before, Config::default(), (0, 1)));
    let said = |rig: &Rig| -> Vec<Value> {
        let calls = rig.out.matches.iter().flat_map(|found| &found.actions);
        calls.map(|call| call.args[0].clone()).collect()
    };
    rig.take(&[event("b", 0, 3), event("z", 50, 1)]);
    assert_eq!(said(&rig), [Value::Text("3 y".into())]);
    assert_eq!(rig.found(), ["s matched 0 b 3"]);
    rig.tick(100);
    let [never, since] = ["a x null", "b y 3"].map(|text| Value::Text(text.into()));
    assert_eq!(said(&rig), [never, since]);
    assert!(rig.out.matches[0].events.is_empty(), "none has come");
    assert_eq!(rig.found(), ["q raised 100 a", "q raised 100 b"]);
    rig.shard.step(Input::Reload(after), &mut rig.out);
    // What has left the table expires; what has come is expected from here on; the rest stays.
    rig.take(&[event("b", 150, 4), event("a", 160, 1)]);
    assert_eq!(
        rig.found(),
        ["q expired 100 a", "s matched 150 b 7", "q cleared 150 b"]
    );
    rig.tick(260);
    assert_eq!(rig.found(), ["q raised 200 c", "q raised 250 b"]);
}

#[test]
fn a_rule_whose_meaning_stays_keeps_its_state() {
    let mut rig = Rig::new(
        &format!("{EVENT}rule s {{ {SUM} }}\nrule q {{ {ABSENT} }}\nrule gone {{ {ABSENT} }}"),
        Config::default(),
    );
    rig.take(&[event("a", 0, 3), event("b", 5, 1)]);
    assert_eq!(rig.found(), ["s matched 0 a 3", "s matched 5 b 1"]);
    // Another place, other metadata, other rules beside it; one has another meaning, one is gone.
    reload(
        &mut rig,
        &format!(
            "{EVENT}rule new {{ {SUM} }}\nrule q {{ about \"q\" {ABSENT} }}\n\
             rule s {{ severity high {SUM} }}"
        ),
    );
    assert_eq!(rig.shard.clock(), 5);
    assert_eq!(rig.shard.counters().matches, [0, 0, 2]);
    assert_eq!(rig.shard.keys().collect::<Vec<_>>(), [0, 2, 2]);
    assert_eq!(rig.shard.next_deadline().map(|at| at <= 100), Some(true));
    rig.take(&[event("a", 7, 2)]);
    assert_eq!(rig.found(), ["new matched 7 a 2", "s matched 7 a 5"]);
    rig.tick(200);
    assert_eq!(rig.found(), ["q raised 105 b", "q raised 107 a"]);
    // Another meaning: what was remembered is gone, what was counted is not.
    reload(
        &mut rig,
        &format!("{EVENT}rule s {{ {} }}", SUM.replace("> 0", ">= 0")),
    );
    assert_eq!(rig.shard.counters().matches, [3]);
    rig.take(&[event("a", 300, 1)]);
    assert_eq!(rig.found(), ["s matched 300 a 1"]);
    // No rules at all, and rules again.
    reload(&mut rig, EVENT);
    rig.take(&[event("a", 400, 1)]).tick(500);
    assert!(rig.found().is_empty());
    assert_eq!((rig.shard.next_deadline(), rig.shard.clock()), (None, 500));
    reload(&mut rig, &format!("{EVENT}rule s {{ {SUM} }}"));
    rig.take(&[event("a", 0, 1)]);
    assert_eq!(rig.found(), ["s matched 500 a 1"]);
}

#[test]
fn state_outlives_a_change_of_types_that_its_rule_does_not_see() {
    let two = |first: &str, second: &str| {
        format!(
            "{first}\n{second}\nrule q {{ on a: x | y by a.k absent 100ns do log(\"{{a.note}} {{a.n}}\") }}"
        )
    };
    let x = "event x { k: text, n: int, note: text }";
    let y = "event y { n: int, note: text, k: text }";
    let mut rig = Rig::new(&two(x, y), Config::default());
    let text = |text: &str| Value::Text(text.into());
    rig.take(&[
        of(0, 0, vec![text("a"), Value::Int(1), text("of x")]),
        of(1, 0, vec![Value::Int(2), text("of y"), text("b")]),
    ]);
    // The types change places, one gains a field before the others, and there is a third.
    let y = "event z { a: int }\nevent y { more: float?, n: int, note: text, k: text }";
    reload(&mut rig, &two(y, x));
    rig.tick(100);
    let rules = Arc::clone(rig.shard.rules());
    let told: Vec<(String, String, Value)> = rig
        .out
        .matches
        .iter()
        .map(|found| {
            let event = &found.events[0];
            let ty = rules.registry.get(event.type_id);
            let fields = event.fields.iter();
            let fields =
                fields.map(|(field, value)| format!("{}={value:?}", ty.fields[field.index()].name));
            let fields = fields.collect::<Vec<_>>().join(" ");
            (
                ty.name.to_string(),
                fields,
                found.actions[0].args[0].clone(),
            )
        })
        .collect();
    let named = |ty: &str, fields: &str, arg: &str| (ty.to_owned(), fields.to_owned(), text(arg));
    assert_eq!(
        told,
        [
            named("x", "k=Text(\"a\") n=Int(1) note=Text(\"of x\")", "of x 1"),
            named("y", "n=Int(2) note=Text(\"of y\") k=Text(\"b\")", "of y 2"),
        ]
    );
    rig.out.matches.clear();
    // A field that the rule reads is of another type: another meaning.
    reload(
        &mut rig,
        &two(
            &x.replace("n: int", "n: float"),
            &y.replace("n: int", "n: float"),
        ),
    );
    assert_eq!(rig.keys(), 0);
}

#[test]
fn a_rule_of_any_event_does_not_mind_new_types() {
    const QUIET: &str = "rule quiet { on a: any where a.subject is null by a.source absent 100ns do log(\"{a.type}\") }";
    let x = "event x { k: text }";
    let y = "event y { n: int }";
    let set = |types: &[&str]| format!("{}\n{QUIET}", types.join("\n"));
    let mut rig = Rig::new(&set(&[x]), Config::default());
    rig.take(&[of(0, 0, vec![Value::Text("a".into())])]);
    let version = rig.shard.rules().rules[0].meaning;
    // A type before, one behind, and a field.
    reload(
        &mut rig,
        &set(&[y, "event x { m: int?, k: text }", "event z { k: text }"]),
    );
    assert_eq!(rig.shard.rules().rules[0].meaning, version);
    rig.take(&[of(0, 50, vec![Value::Int(1)])]).tick(149);
    assert!(rig.found().is_empty(), "the second event was in time");
    rig.tick(150);
    assert_eq!(
        rig.out.matches[0].actions[0].args[0],
        Value::Text("y".into())
    );
    rig.out.matches.clear();
    // An event that may be of a type that is gone can't be told any more.
    rig.take(&[of(1, 200, vec![Value::Null, Value::Text("a".into())])]);
    rig.out.matches.clear();
    reload(&mut rig, &set(&[y]));
    assert_eq!(rig.keys(), 0);
    rig.tick(500);
    assert!(rig.found().is_empty());
    // Its condition is part of its meaning.
    reload(&mut rig, &set(&[y]).replace("is null", "is not null"));
    assert_ne!(rig.shard.rules().rules[0].meaning, version);
}

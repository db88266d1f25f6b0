//! Each rule of verification over a rule set, broken once.

use std::sync::Arc;

use trapjaw_event::{FieldId, FieldType, RuleId, TypeId};
use trapjaw_program::limits::{
    MAX_ACTIONS, MAX_AGGREGATES, MAX_ARGUMENTS, MAX_DERIVATION_DEPTH, MAX_FIRINGS, MAX_KEY_PARTS,
    MAX_RULES, MAX_WINDOW_EVENTS, MIN_PERIOD,
};
use trapjaw_program::sample::tables;
use trapjaw_program::{
    AggregateFunction, Calendar, Catchup, Clause, Limit, Routing, RuleSet, TableId, TypeProgram,
    VerifyError, When, assemble, verify,
};

use crate::fixture::{CPU, HOT, PAGE, page, set};
use crate::pattern;
use crate::verify_code::codes_refused;

const EACH_SECOND: Clause = Clause::Every {
    period: 1_000_000_000,
    catchup: Catchup::All,
};

fn refused(set: RuleSet) -> VerifyError {
    verify(set).expect_err("it is broken")
}

#[test]
fn what_is_sound_is_accepted() {
    let set = verify(set()).unwrap();
    assert_eq!(set.rules.len(), 2);
    assert_eq!(set.conditions(CPU).outputs.len(), 1);
    assert_eq!(set.inputs(RuleId::new(0), 0).outputs.len(), 3);
    assert_eq!(set.having(RuleId::new(0)).unwrap().outputs.len(), 1);
    assert!(set.having(RuleId::new(1)).is_none());
    assert_eq!(set.emit(RuleId::new(0)).unwrap().outputs.len(), 2);
    assert!(set.emit(RuleId::new(1)).is_none());
    assert_eq!(set.action(RuleId::new(0), 1).outputs.len(), 1);
    assert_eq!(set.clone().into_inner().rules, set.rules);
}

type Case = (&'static str, fn(&mut RuleSet));

/// A code, and one way to earn it.
const CASES: &[Case] = &[
    ("limit", |s| s.rules = vec![page(); MAX_RULES + 1]),
    ("types", |s| s.types.truncate(1)),
    ("types", |s| s.types.push(TypeProgram::default())),
    ("output-type", |s| {
        s.types[0].code = assemble("r0 = load field 1 : float\n-> r0 : float").unwrap();
    }),
    ("input-unknown", |s| {
        s.types[0].code = assemble("r0 = load kept 0 : text\n-> true : bool").unwrap();
    }),
    ("name-empty", |s| s.rules[PAGE].name = "".into()),
    ("limit", |s| s.rules[PAGE].name = "n".repeat(257).into()),
    ("name-repeated", |s| s.rules[PAGE].name = "hot".into()),
    ("name-empty", |s| s.rules[PAGE].alias = "".into()),
    ("name-empty", |s| s.rules[HOT].kept[0].name = "".into()),
    ("name-empty", |s| s.rules[HOT].key[0].name = "".into()),
    ("name-repeated", |s| {
        s.rules[HOT].aggregates[1].name = s.rules[HOT].aggregates[0].name.clone();
    }),
    ("name-empty", |s| s.rules[HOT].actions[0].name = "".into()),
    ("name-repeated", |s| {
        s.rules[HOT].actions[0].arguments.push("text".into());
    }),
    ("limit", |s| {
        let part = s.rules[HOT].key[0].clone();
        s.rules[HOT].key = vec![part; MAX_KEY_PARTS + 1];
    }),
    ("limit", |s| {
        let aggregate = s.rules[HOT].aggregates[0].clone();
        s.rules[HOT].aggregates = vec![aggregate; MAX_AGGREGATES + 1];
    }),
    ("limit", |s| {
        let action = s.rules[HOT].actions[0].clone();
        s.rules[HOT].actions = vec![action; MAX_ACTIONS + 1];
    }),
    ("limit", |s| {
        let arguments = (0..=MAX_ARGUMENTS).map(|i| i.to_string().into());
        s.rules[HOT].actions[0].arguments = arguments.collect();
    }),
    ("limit", |s| {
        s.rules[HOT].limit.as_mut().unwrap().count = MAX_FIRINGS + 1;
    }),
    ("limit", |s| {
        let kept = s.rules[HOT].kept[0].clone();
        s.rules[HOT].kept = vec![kept; 257];
    }),
    ("source-missing", |s| s.rules[PAGE].sources.clear()),
    ("type-unknown", |s| {
        s.rules[PAGE].sources[0].type_id = TypeId::new(2);
    }),
    ("source-repeated", |s| {
        let source = s.rules[PAGE].sources[0].clone();
        s.rules[PAGE].sources.push(source);
    }),
    ("output-unknown", |s| {
        s.rules[PAGE].sources[0].condition = Some(1);
    }),
    ("input-unknown", |s| {
        s.rules[PAGE].sources[0].inputs = assemble("r0 = load aggregate 0 : int").unwrap();
    }),
    ("input-unknown", |s| {
        s.rules[PAGE].sources[0].inputs = assemble("r0 = load field 3 : int").unwrap();
    }),
    ("kept", |s| s.rules[HOT].sources[0].kept.clear()),
    ("kept", |s| {
        s.rules[HOT].sources[0].kept[0] = FieldId::new(1);
    }),
    ("kept", |s| {
        s.rules[HOT].sources[0].kept[0] = FieldId::new(9);
    }),
    ("key-float", |s| {
        s.rules[HOT].key[0].ty = FieldType::Float;
        s.rules[HOT].key[0].output = 1;
    }),
    ("output-unknown", |s| s.rules[HOT].key[0].output = 3),
    ("output-type", |s| s.rules[HOT].key[0].output = 2),
    ("output-unknown", |s| {
        s.rules[HOT].aggregates[0].argument = Some(3);
    }),
    ("output-type", |s| {
        s.rules[HOT].aggregates[0].argument = Some(0);
    }),
    ("output-unknown", |s| {
        s.rules[HOT].aggregates[1].filter = Some(3);
    }),
    ("output-type", |s| {
        s.rules[HOT].aggregates[1].filter = Some(1);
    }),
    ("aggregate", |s| s.rules[HOT].aggregates[0].argument = None),
    ("aggregate", |s| {
        s.rules[HOT].aggregates[0].argument = None;
        s.rules[HOT].aggregates[0].argument_ty = None;
    }),
    ("aggregate", |s| {
        s.rules[HOT].aggregates[1].function = AggregateFunction::Sum;
    }),
    ("aggregate", |s| {
        s.rules[HOT].aggregates[1].ty = FieldType::Float;
    }),
    ("duration", |s| {
        s.rules[HOT].clause = Clause::Tumbling { length: 0 };
    }),
    ("duration", |s| {
        s.rules[HOT].clause = Clause::Sliding {
            length: -1,
            each: true,
        };
    }),
    ("duration", |s| {
        s.rules[PAGE].clause = Clause::Absent {
            duration: 0,
            of: None,
        };
    }),
    ("duration", |s| {
        s.rules[PAGE].clause = Clause::Sustained {
            duration: 1,
            gap: Some(0),
            keep: 0,
        };
    }),
    ("duration", |s| {
        s.rules[PAGE].clause = Clause::Sustained {
            duration: 1,
            gap: None,
            keep: -1,
        };
    }),
    ("duration", |s| {
        s.rules[PAGE].limit = Some(Limit { count: 1, per: 0 });
    }),
    ("limit-count", |s| {
        s.rules[PAGE].limit = Some(Limit { count: 0, per: 1 });
    }),
    ("window", |s| {
        s.rules[HOT].clause = Clause::Absent {
            duration: 1,
            of: None,
        };
    }),
    ("window", |s| {
        s.rules[HOT].clause = Clause::Hopping {
            length: 1_001,
            every: 1,
        };
    }),
    ("window", |s| s.rules[HOT].zone = Some("UTC".into())),
    ("window", |s| {
        s.rules[HOT].clause = Clause::Tumbling { length: 1 };
        s.rules[HOT].zone = Some("Nowhere".into());
    }),
    ("window", |s| {
        let day_and_a_half = 36 * 3_600_000_000_000;
        s.rules[HOT].clause = Clause::Tumbling {
            length: day_and_a_half,
        };
        s.rules[HOT].zone = Some("UTC".into());
    }),
    ("duration", |s| {
        s.rules[HOT].clause = Clause::Counted {
            count: 0,
            each: false,
        };
    }),
    ("limit", |s| {
        s.rules[HOT].clause = Clause::Counted {
            count: MAX_WINDOW_EVENTS + 1,
            each: false,
        };
    }),
    ("clear", |s| {
        s.rules[HOT].clause = Clause::Session { gap: 1 };
    }),
    ("aggregate", |s| {
        s.rules[HOT].aggregates[0].function = AggregateFunction::Quantile;
    }),
    ("aggregate", |s| {
        s.rules[HOT].aggregates[0].fraction = Some(0.5);
    }),
    ("aggregate", |s| {
        s.rules[HOT].aggregates[0].function = AggregateFunction::Quantile;
        s.rules[HOT].aggregates[0].fraction = Some(1.5);
    }),
    ("window", |s| {
        s.rules[PAGE].having = Some(assemble("-> true : bool").unwrap());
    }),
    ("having", |s| {
        s.rules[HOT].having = Some(assemble("").unwrap());
    }),
    ("having", |s| {
        s.rules[HOT].having = Some(assemble("-> true : bool\n-> true : bool").unwrap());
    }),
    ("having", |s| {
        s.rules[HOT].having = Some(assemble("-> 1 : int").unwrap());
    }),
    ("input-unknown", |s| {
        s.rules[HOT].having = Some(assemble("r0 = load field 0 : text\n-> true : bool").unwrap());
    }),
    ("type-unknown", |s| {
        s.rules[HOT].emit.as_mut().unwrap().type_id = TypeId::new(2);
    }),
    ("emit-fields", |s| {
        s.rules[HOT].emit.as_mut().unwrap().fields.push(None);
    }),
    ("output-unknown", |s| {
        s.rules[HOT].emit.as_mut().unwrap().fields[2] = Some(2);
    }),
    ("output-type", |s| {
        s.rules[HOT].emit.as_mut().unwrap().fields[2] = Some(0);
    }),
    ("action-arguments", |s| {
        s.rules[HOT].actions[0].outputs.push(0);
    }),
    ("output-unknown", |s| s.rules[HOT].actions[0].outputs[0] = 1),
    ("input-unknown", |s| {
        s.rules[PAGE].actions[0].code = assemble("r0 = load kept 0 : text").unwrap();
    }),
    ("clear", |s| s.rules[PAGE].actions[0].when = When::Clear),
    ("clear", |s| s.rules[PAGE].reports_clear = true),
    ("clear", |s| s.rules[HOT].reports_clear = false),
    ("clear", |s| drop(s.rules[HOT].actions.pop())),
    ("table-unknown", |s| {
        s.rules[PAGE].clause = Clause::Absent {
            duration: 1,
            of: Some(TableId::new(3)),
        };
    }),
    ("table-key", |s| {
        s.tables = tables();
        s.rules[PAGE].clause = Clause::Absent {
            duration: 1,
            of: Some(TableId::new(1)),
        };
    }),
    ("name-repeated", |s| {
        s.tables = [tables(), tables()].concat();
    }),
    ("schedule", |s| {
        s.rules[PAGE].clause = EACH_SECOND;
        s.rules[PAGE].routing = Routing::Home(1);
    }),
    ("duration", |s| {
        s.rules[PAGE].clause = Clause::Every {
            period: MIN_PERIOD - 1,
            catchup: Catchup::All,
        };
    }),
    ("calendar", |s| {
        s.rules[PAGE].clause = Clause::At {
            calendar: Calendar {
                days: Some(1 << 30),
                months: 1 << 2,
                ..Calendar::ALWAYS
            },
            catchup: Catchup::All,
        };
    }),
    ("window", |s| {
        s.rules[PAGE].clause = Clause::At {
            calendar: Calendar::ALWAYS,
            catchup: Catchup::All,
        };
        s.rules[PAGE].zone = Some("Nowhere".into());
    }),
    ("clear", |s| {
        s.rules[PAGE].clause = EACH_SECOND;
        s.rules[PAGE].reports_clear = true;
    }),
    ("routing", |s| s.rules[PAGE].clause = EACH_SECOND),
    ("routing", |s| s.rules[HOT].routing = Routing::Local),
    ("routing", |s| s.rules[HOT].routing = Routing::Home(1)),
    ("routing", |s| s.rules[PAGE].routing = Routing::Keyed),
    ("routing", |s| {
        s.rules[PAGE].limit = Some(Limit { count: 1, per: 1 });
    }),
    ("readers", |s| s.types[0].readers.clear()),
    ("readers", |s| s.types[0].readers.push((RuleId::new(0), 0))),
    ("readers", |s| {
        s.types[0].readers[0] = (RuleId::new(0), 1);
    }),
    ("readers", |s| {
        s.types[1].readers[0] = (RuleId::new(7), 0);
    }),
    ("order", |s| s.order.truncate(1)),
    ("order", |s| s.order.push(RuleId::new(1))),
    ("order", |s| s.order[1] = RuleId::new(2)),
    ("order-emit", |s| s.order.reverse()),
    ("order-emit", |s| {
        // It reads what it derives.
        s.rules[PAGE].emit = s.rules[HOT].emit.clone();
        s.rules[PAGE].emit.as_mut().unwrap().code = assemble("").unwrap();
        s.rules[PAGE].emit.as_mut().unwrap().fields = vec![None; 3];
    }),
];

#[test]
fn each_rule_refuses() {
    for (index, (code, damage)) in CASES.iter().enumerate() {
        let mut set = set();
        damage(&mut set);
        let error = refused(set);
        assert_eq!(error.code(), *code, "case {index}: {error}");
    }
}

#[test]
fn every_code_has_a_case() {
    let mut earned: Vec<_> = CASES.iter().map(|(code, _)| *code).collect();
    earned.extend(codes_refused());
    earned.extend(pattern::codes_refused());
    earned.sort_unstable();
    earned.dedup();
    let mut codes = VerifyError::CODES.to_vec();
    codes.sort_unstable();
    assert_eq!(earned, codes);
}

#[test]
fn readers_stand_in_file_order() {
    let mut set = set();
    let mut third = set.rules[PAGE].clone();
    third.name = "third".into();
    set.rules.push(third);
    set.order.push(RuleId::new(2));
    set.types[1].readers.insert(0, (RuleId::new(2), 0));
    assert_eq!(refused(set.clone()).code(), "readers");
    set.types[1].readers.reverse();
    assert!(verify(set).is_ok());
}

#[test]
fn errors_say_where() {
    let mut s = set();
    s.rules[HOT].actions[1].code = assemble("r0 = load kept 0 : text\nr1 = not r0").unwrap();
    assert_eq!(
        refused(s).to_string(),
        "rule `hot`, action 1, instruction 1, first operand: r0 is text, not bool [operand-kind]"
    );
    let mut s = set();
    s.rules[HOT].sources[0].condition = Some(4);
    assert_eq!(
        refused(s).to_string(),
        "rule `hot`, source 0 (`cpu_usage`), condition: no output 4 [output-unknown]"
    );
}

/// A chain of rules, each reading what the one before derives.
fn chain(length: usize) -> RuleSet {
    use trapjaw_event::{EventType, Registry};
    use trapjaw_program::Emit;

    let mut set = set();
    let mut registry = Registry::new();
    for index in 0..=length {
        let ty = EventType::new(&format!("e{index}"), vec![]);
        assert!(registry.add(ty).is_ok());
    }
    let template = set.rules[PAGE].clone();
    set.rules = (0..length)
        .map(|index| {
            let mut rule = template.clone();
            rule.name = format!("rule{index}").into();
            rule.sources[0].type_id = TypeId::new(index as u32);
            rule.sources[0].condition = None;
            rule.emit = Some(Emit {
                type_id: TypeId::new(index as u32 + 1),
                code: assemble("").unwrap(),
                fields: vec![],
            });
            rule
        })
        .collect();
    set.order = (0..length as u32).map(RuleId::new).collect();
    set.types = (0..=length as u32)
        .map(|index| TypeProgram {
            code: assemble("").unwrap(),
            readers: (index < length as u32)
                .then_some((RuleId::new(index), 0))
                .into_iter()
                .collect(),
        })
        .collect();
    set.registry = Arc::new(registry);
    set
}

#[test]
fn chains_of_derivations_are_limited() {
    assert!(verify(chain(MAX_DERIVATION_DEPTH)).is_ok());
    assert_eq!(refused(chain(MAX_DERIVATION_DEPTH + 1)).code(), "limit");
}

#[test]
fn cycles_are_refused_in_every_order() {
    let mut set = chain(2);
    set.rules[1].emit.as_mut().unwrap().type_id = TypeId::new(0);
    for order in [[0, 1], [1, 0]] {
        set.order = order.map(RuleId::new).to_vec();
        assert_eq!(refused(set.clone()).code(), "order-emit");
    }
}

#[test]
fn aggregates_have_the_types_of_their_functions() {
    use AggregateFunction::{Avg, Count, Max, Min, Sum};
    use FieldType::{Bool, Duration, Float, Int, Ip, Text, Time};
    let level = crate::fixture::level();
    let results = |function: AggregateFunction| {
        [Bool, Int, Float, Text, Time, Duration, Ip, level.clone()]
            .map(|ty| function.result(Some(&ty)))
    };
    assert_eq!(results(Count), [(); 8].map(|()| Some(Int)));
    assert_eq!(Count.result(None), Some(Int));
    let sum = [
        None,
        Some(Int),
        Some(Float),
        None,
        None,
        Some(Duration),
        None,
        None,
    ];
    assert_eq!(results(Sum), sum);
    let avg = [
        None,
        Some(Float),
        Some(Float),
        None,
        None,
        Some(Duration),
        None,
        None,
    ];
    assert_eq!(results(Avg), avg);
    for function in [Min, Max] {
        let same = [
            None,
            Some(Int),
            Some(Float),
            None,
            Some(Time),
            Some(Duration),
            None,
            Some(level.clone()),
        ];
        assert_eq!(results(function), same);
    }
    for function in [Sum, Avg, Min, Max] {
        assert_eq!(function.result(None), None);
    }
}

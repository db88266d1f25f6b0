//! A rule's meaning changes with what it does, and with nothing else.

use trapjaw_event::{EventType, Field, FieldId, FieldType, Registry, Severity};
use trapjaw_program::{
    AggregateFunction, Aspect, Calendar, Catchup, Changes, Clause, Fate, Limit, Routing, Rule,
    RuleSet, TypeProgram, When, assemble,
};

use crate::fixture::{HOT, PAGE, hot, page, registry, set, types};

const HOURLY: Clause = Clause::At {
    calendar: Calendar {
        minutes: 1,
        ..Calendar::ALWAYS
    },
    catchup: Catchup::All,
};

fn of(rule: &Rule) -> Vec<u8> {
    rule.meaning_bytes(&registry(), &types(), &[])
}

#[test]
fn what_a_rule_says_of_itself_means_nothing() {
    let mut rule = hot();
    rule.name = "other".into();
    rule.meaning = 7;
    rule.metadata.about = Some("hot hosts".into());
    rule.metadata.labels.push(("team".into(), "sre".into()));
    rule.metadata.runbook = Some("https://example.com".into());
    rule.routing = Routing::Home(3);
    assert_eq!(of(&rule), of(&hot()));
    assert_eq!(
        rule.meaning_hash(&registry(), &types(), &[]),
        hot().meaning_hash(&registry(), &types(), &[])
    );
}

#[test]
fn what_a_rule_does_not_use_means_nothing() {
    let mut rule = hot();
    let source = &mut rule.sources[0].inputs;
    *source = assemble(
        "r0 = load field 1 : float
         r1 = load field 2 : int
         r2 = is_null r0
         r3 = load field 0 : text
         -> r1 : int
         -> r3 : text
         -> r2 : bool
         -> r0 : float",
    )
    .unwrap();
    rule.key[0].output = 1;
    rule.aggregates[0].argument = Some(3);
    assert_eq!(of(&rule), of(&hot()));
}

#[test]
fn other_rules_and_fields_mean_nothing() {
    // The type has gained fields before and behind, and another type stands first.
    let mut registry = Registry::new();
    let cpu = vec![
        Field::new("zone", FieldType::Text).optional(),
        Field::new("load", FieldType::Float),
        Field::new("host", FieldType::Text),
        Field::new("core", FieldType::Int).optional(),
    ];
    let incident = vec![
        Field::new("since", FieldType::Time).optional(),
        Field::new("level", crate::fixture::level()),
        Field::new("service", FieldType::Text),
        Field::new("note", FieldType::Text).optional(),
    ];
    let incident = registry.add(EventType::new("incident", incident)).unwrap();
    let cpu = registry.add(EventType::new("cpu_usage", cpu)).unwrap();
    let conditions = "r0 = load field 3 : int
        r1 = eq.int r0, 1
        r2 = load field 1 : float
        r3 = lt.float r2, 0.5
        r4 = gt.float r2, 0.1
        -> r1 : bool
        -> r3 : bool
        -> r4 : bool";
    let types = vec![
        TypeProgram::default(),
        TypeProgram {
            code: assemble(conditions).unwrap(),
            readers: vec![],
        },
    ];
    let mut rule = hot();
    let source = &mut rule.sources[0];
    source.type_id = cpu;
    source.condition = Some(2);
    source.kept = vec![FieldId::new(2)];
    let text = source.inputs.to_string().replace("field 0", "field 2");
    source.inputs = assemble(&text).unwrap();
    let emit = rule.emit.as_mut().unwrap();
    emit.type_id = incident;
    emit.fields = vec![None, Some(0), Some(1), None];
    assert_eq!(rule.meaning_bytes(&registry, &types, &[]), of(&hot()));
}

/// A change of the rule `hot`, and the side of it that it changes.
type Change = (&'static [Aspect], fn(&mut RuleSet));

const CHANGES: [Change; 41] = [
    (&[Aspect::Events], |s| s.rules[HOT].alias = "d".into()),
    (&[Aspect::Condition], |s| {
        s.rules[HOT].sources[0].condition = None;
    }),
    (&[Aspect::Condition], |s| {
        s.types[0].code = assemble(&s.types[0].code.to_string().replace("0.1", "0.2")).unwrap();
    }),
    (&[Aspect::Fields], |s| {
        s.rules[HOT].sources[0].kept[0] = FieldId::new(1);
    }),
    (&[Aspect::Emit, Aspect::Actions], |s| {
        s.rules[HOT].kept[0].name = "node".into();
    }),
    (&[Aspect::Key], |s| s.rules[HOT].key[0].name = "node".into()),
    (&[Aspect::Key], |s| s.rules[HOT].key.clear()),
    (&[Aspect::Clause], |s| {
        s.rules[HOT].clause = Clause::Sliding {
            length: 1,
            each: false,
        };
    }),
    (&[Aspect::Clause], |s| {
        s.rules[HOT].clause = Clause::Sliding {
            length: 60_000_000_000,
            each: true,
        };
    }),
    (&[Aspect::Clause], |s| {
        s.rules[HOT].clause = Clause::Tumbling {
            length: 60_000_000_000,
        };
    }),
    (&[Aspect::Clause], |s| {
        s.rules[HOT].clause = Clause::Absent {
            duration: 60_000_000_000,
            of: None,
        };
    }),
    (&[Aspect::Clause], |s| {
        s.rules[HOT].clause = Clause::All { each: false };
    }),
    (&[Aspect::Clause], |s| {
        s.rules[HOT].clause = Clause::Hopping {
            length: 60_000_000_000,
            every: 1,
        };
    }),
    (&[Aspect::Clause], |s| {
        s.rules[HOT].clause = Clause::Hopping {
            length: 60_000_000_000,
            every: 2,
        };
    }),
    (&[Aspect::Clause], |s| {
        s.rules[HOT].clause = Clause::Counted {
            count: 5,
            each: false,
        };
    }),
    (&[Aspect::Clause], |s| {
        s.rules[HOT].clause = Clause::Batched { count: 5 };
    }),
    (&[Aspect::Clause], |s| {
        s.rules[HOT].clause = Clause::Session { gap: 5 };
    }),
    (&[Aspect::Clause], |s| {
        s.rules[HOT].zone = Some("UTC".into());
    }),
    (&[Aspect::Aggregates], |s| {
        s.rules[HOT].aggregates[0].fraction = Some(0.5);
    }),
    (&[Aspect::Clause], |s| {
        s.rules[HOT].clause = Clause::Every {
            period: 5_000_000,
            catchup: Catchup::All,
        };
    }),
    (&[Aspect::Clause], |s| {
        s.rules[HOT].clause = Clause::Every {
            period: 5_000_000,
            catchup: Catchup::Skip,
        };
    }),
    (&[Aspect::Clause], |s| s.rules[HOT].clause = HOURLY),
    (&[Aspect::Clause], |s| {
        s.rules[HOT].clause = Clause::At {
            calendar: Calendar {
                minutes: 2,
                ..Calendar::ALWAYS
            },
            catchup: Catchup::All,
        };
    }),
    (&[Aspect::Clause], |s| {
        s.rules[HOT].clause = HOURLY;
        s.rules[HOT].zone = Some("Europe/Berlin".into());
    }),
    (&[Aspect::Clause], |s| s.rules[HOT].clause = Clause::Each),
    (&[Aspect::Clause], |s| {
        s.rules[HOT].clause = Clause::Sustained {
            duration: 1,
            gap: None,
            keep: 0,
        };
    }),
    (&[Aspect::Clause], |s| {
        s.rules[HOT].clause = Clause::Sustained {
            duration: 1,
            gap: Some(1),
            keep: 0,
        };
    }),
    (&[Aspect::Clause], |s| {
        s.rules[HOT].clause = Clause::Sustained {
            duration: 1,
            gap: None,
            keep: 1,
        };
    }),
    (&[Aspect::Aggregates], |s| {
        s.rules[HOT].aggregates[0].function = AggregateFunction::Max;
    }),
    (&[Aspect::Aggregates, Aspect::Having], |s| {
        s.rules[HOT].aggregates[0].name = "load".into();
    }),
    (&[Aspect::Aggregates], |s| {
        s.rules[HOT].aggregates[1].filter = None;
    }),
    (&[Aspect::Having], |s| s.rules[HOT].having = None),
    (&[Aspect::Having], |s| {
        let having = s.rules[HOT].having.as_ref().unwrap().to_string();
        s.rules[HOT].having = Some(assemble(&having.replace("and", "or")).unwrap());
    }),
    (&[Aspect::Limit], |s| s.rules[HOT].limit = None),
    (&[Aspect::Limit], |s| {
        s.rules[HOT].limit = Some(Limit {
            count: 2,
            per: 3_600_000_000_000,
        });
    }),
    (&[Aspect::Emit], |s| s.rules[HOT].emit = None),
    (&[Aspect::Emit], |s| {
        s.rules[HOT].emit.as_mut().unwrap().fields[2] = Some(1);
    }),
    (&[Aspect::Emit], |s| {
        s.rules[HOT].metadata.severity = Some(Severity::High);
    }),
    (&[Aspect::Actions], |s| {
        s.rules[HOT].actions[0].when = When::Clear;
    }),
    (&[Aspect::Actions], |s| {
        s.rules[HOT].actions[0].arguments[0] = "message".into();
    }),
    (&[Aspect::Actions], |s| s.rules[HOT].reports_clear = false),
];

#[test]
fn what_a_rule_does_is_its_meaning() {
    let mut meanings = vec![of(&hot())];
    for (_, change) in CHANGES {
        let mut set = set();
        change(&mut set);
        meanings.push(set.rules[HOT].meaning_bytes(&registry(), &set.types, &[]));
    }
    for (index, meaning) in meanings.iter().enumerate() {
        let first = meanings.iter().position(|other| other == meaning);
        assert_eq!(first, Some(index), "change {index} is the same as another");
    }
}

#[test]
fn severity_counts_only_where_an_event_takes_it() {
    let mut rule = hot();
    rule.emit = None;
    let before = of(&rule);
    rule.metadata.severity = Some(Severity::High);
    assert_eq!(of(&rule), before);
}

/// A set with the meanings of its rules.
fn meant(mut set: RuleSet) -> RuleSet {
    let (registry, types) = (set.registry.clone(), set.types.clone());
    for rule in &mut set.rules {
        rule.meaning = rule.meaning_hash(&registry, &types, &[]);
    }
    set
}

fn fates(old: &RuleSet, new: &RuleSet) -> Vec<(String, Fate)> {
    let changes = Changes::between(old, new).rules.into_iter();
    changes
        .map(|change| (change.name.into(), change.fate))
        .collect()
}

const KEPT: Fate = Fate::Kept {
    is_redescribed: false,
};

#[test]
fn a_change_is_told_by_the_side_of_the_rule_that_it_changes() {
    let before = meant(set());
    for (index, (aspects, change)) in CHANGES.into_iter().enumerate() {
        let mut after = set();
        change(&mut after);
        let after = meant(after);
        let aspects = aspects.to_vec();
        let expected = [
            ("hot".to_owned(), Fate::Replaced { aspects }),
            ("page".to_owned(), KEPT),
        ];
        assert_eq!(fates(&before, &after), expected, "change {index}");
        assert!(!Changes::between(&before, &after).is_empty());
    }
    assert!(Changes::between(&before, &meant(set())).is_empty());
}

#[test]
fn rules_come_and_go_and_take_other_names() {
    let before = meant(set());
    let mut after = set();
    after.rules[HOT].name = "warm".into();
    after.rules[PAGE].metadata.about = Some("pages".into());
    let mut other = page();
    other.name = "third".into();
    other.alias = "j".into();
    after.rules.push(other);
    let after = meant(after);
    let told = |name: &str, fate| (name.to_owned(), fate);
    let added = |formerly| Fate::Added { formerly };
    assert_eq!(
        fates(&before, &after),
        [
            told("warm", added(Some("hot".into()))),
            told(
                "page",
                Fate::Kept {
                    is_redescribed: true
                }
            ),
            told("third", added(None)),
            told("hot", Fate::Removed),
        ]
    );
}

#[test]
fn types_are_told_with_the_fields_that_differ() {
    use trapjaw_program::Change;
    let before = set();
    let mut registry = Registry::new();
    let cpu = vec![
        Field::new("load", FieldType::Float).optional(),
        Field::new("host", FieldType::Text),
        Field::new("zone", FieldType::Text).optional(),
    ];
    let mut cpu = EventType::new("cpu_usage", cpu);
    cpu.lateness = 5;
    registry.add(cpu).unwrap();
    registry.add(EventType::new("other", vec![])).unwrap();
    let after = RuleSet {
        registry: std::sync::Arc::new(registry),
        rules: vec![],
        ..set()
    };
    let changes = Changes::between(&before, &after).types;
    let names: Vec<&str> = changes.iter().map(|change| &*change.wire_name).collect();
    assert_eq!(names, ["cpu_usage", "incident", "other"]);
    assert_eq!(
        (&changes[1].change, &changes[2].change),
        (&Change::Removed, &Change::Added)
    );
    let Change::Changed { fields, lateness } = &changes[0].change else {
        panic!("{changes:?}");
    };
    assert_eq!(*lateness, Some((0, 5)));
    let fields: Vec<(&str, bool, bool)> = fields
        .iter()
        .map(|field| (&*field.name, field.before.is_some(), field.after.is_some()))
        .collect();
    assert_eq!(
        fields,
        [
            ("core", true, false),
            ("load", true, true),
            ("zone", false, true)
        ]
    );
}

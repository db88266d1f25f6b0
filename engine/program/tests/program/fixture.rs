//! A small rule set that verifies: a windowed rule that derives an event, and a rule that reads it.

use std::sync::Arc;

use trapjaw_event::{EventType, Field, FieldId, FieldType, Registry, RuleId, TypeId};
use trapjaw_program::{
    Action, Aggregate, AggregateFunction, Clause, Emit, Kept, KeyPart, Limit, Metadata, Routing,
    Rule, RuleSet, Source, TypeProgram, When, assemble,
};

pub(crate) const CPU: TypeId = TypeId::new(0);
pub(crate) const INCIDENT: TypeId = TypeId::new(1);
pub(crate) const HOT: usize = 0;
pub(crate) const PAGE: usize = 1;

pub(crate) fn level() -> FieldType {
    FieldType::Enum(["low".into(), "high".into()].into())
}

pub(crate) fn registry() -> Registry {
    let mut registry = Registry::new();
    let cpu = vec![
        Field::new("host", FieldType::Text),
        Field::new("load", FieldType::Float),
        Field::new("core", FieldType::Int).optional(),
    ];
    let incident = vec![
        Field::new("service", FieldType::Text),
        Field::new("level", level()),
        Field::new("note", FieldType::Text).optional(),
    ];
    assert_eq!(registry.add(EventType::new("cpu_usage", cpu)), Ok(CPU));
    assert_eq!(
        registry.add(EventType::new("incident", incident)),
        Ok(INCIDENT)
    );
    registry
}

pub(crate) fn types() -> Vec<TypeProgram> {
    let cpu = "r0 = load field 1 : float
        r1 = gt.float r0, 0.1
        -> r1 : bool";
    let incident = "r0 = load field 1 : int
        r1 = eq.int r0, 1
        r2 = load envelope severity : int
        -> r1 : bool";
    vec![
        TypeProgram {
            code: assemble(cpu).unwrap(),
            readers: vec![(RuleId::new(0), 0)],
        },
        TypeProgram {
            code: assemble(incident).unwrap(),
            readers: vec![(RuleId::new(1), 0)],
        },
    ]
}

/// `over 1m having avg(load) > 0.8 and count(..) >= 10 limit 1 per 1h emit incident do log on clear do log`.
pub(crate) fn hot() -> Rule {
    let inputs = "r0 = load field 0 : text
        r1 = load field 1 : float
        r2 = is_null r1
        -> r0 : text
        -> r1 : float
        -> r2 : bool";
    let having = "r0 = load aggregate 0 : float
        r1 = gt.float r0, 0.8
        r2 = load aggregate 1 : int
        r3 = ge.int r2, 10
        r4 = and r1, r3
        -> r4 : bool";
    let emit = "r0 = load kept 0 : text
        -> 1 : enum(\"low\", \"high\")
        -> r0 : text";
    let log = "r0 = load kept 0 : text
        r1 = concat r0, \" is hot\"
        -> r1 : text";
    let action = |when| Action {
        when,
        name: "log".into(),
        arguments: vec!["text".into()],
        outputs: vec![0],
        code: assemble(log).unwrap(),
    };
    Rule {
        name: "hot".into(),
        meaning: 0,
        metadata: Metadata::default(),
        alias: "c".into(),
        sources: vec![Source {
            type_id: CPU,
            condition: Some(0),
            inputs: assemble(inputs).unwrap(),
            kept: vec![FieldId::new(0)],
        }],
        any: false,
        kept: vec![Kept {
            name: "host".into(),
            ty: FieldType::Text,
        }],
        key: vec![KeyPart {
            name: "host".into(),
            ty: FieldType::Text,
            output: 0,
        }],
        pattern: None,
        clause: Clause::Sliding {
            length: 60_000_000_000,
            each: false,
        },
        zone: None,
        aggregates: vec![
            Aggregate {
                function: AggregateFunction::Avg,
                argument: Some(1),
                filter: None,
                ty: FieldType::Float,
                argument_ty: Some(FieldType::Float),
                fraction: None,
                name: "avg(c.load)".into(),
            },
            Aggregate {
                function: AggregateFunction::Count,
                argument: None,
                filter: Some(2),
                ty: FieldType::Int,
                argument_ty: None,
                fraction: None,
                name: "count(where c.load is null)".into(),
            },
        ],
        having: Some(assemble(having).unwrap()),
        limit: Some(Limit {
            count: 1,
            per: 3_600_000_000_000,
        }),
        emit: Some(Emit {
            type_id: INCIDENT,
            code: assemble(emit).unwrap(),
            fields: vec![Some(1), Some(0), None],
        }),
        actions: vec![action(When::Fire), action(When::Clear)],
        reports_clear: true,
        routing: Routing::Keyed,
    }
}

/// `on i: incident where level == high do page`.
pub(crate) fn page() -> Rule {
    Rule {
        name: "page".into(),
        meaning: 0,
        metadata: Metadata::default(),
        alias: "i".into(),
        sources: vec![Source {
            type_id: INCIDENT,
            condition: Some(0),
            inputs: assemble("").unwrap(),
            kept: vec![],
        }],
        any: false,
        kept: vec![],
        key: vec![],
        pattern: None,
        clause: Clause::Each,
        zone: None,
        aggregates: vec![],
        having: None,
        limit: None,
        emit: None,
        actions: vec![Action {
            when: When::Fire,
            name: "page".into(),
            arguments: vec![],
            outputs: vec![],
            code: assemble("r0 = load envelope time : int").unwrap(),
        }],
        reports_clear: false,
        routing: Routing::Local,
    }
}

pub(crate) fn set() -> RuleSet {
    RuleSet {
        tables: vec![],
        registry: Arc::new(registry()),
        types: types(),
        rules: vec![hot(), page()],
        order: vec![RuleId::new(0), RuleId::new(1)],
    }
}

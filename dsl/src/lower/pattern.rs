//! A rule with `match`.

use super::code::{Inputs, output};
use super::rule::{Codes, action, emit, metadata};
use crate::hir::pattern as checked;
use crate::hir::pattern::{ElementId, EventRef, Read as Reading};
use crate::hir::{self, Expr};
use std::cell::RefCell;
use trapjaw_event::{FieldId, FieldType, Registry, TypeId};
use trapjaw_program::pattern::{
    Contiguity, Element, Late, Node, Pattern, Pick, Read, Repeat, Silence, Skip, Test, What,
};
use trapjaw_program::{
    Aggregate, Clause, CodeBuilder, Const, KeyPart, Kind, Opcode, Operand, Routing, Rule, Source,
};
use xxhash_rust::xxh3::xxh3_64;

/// What a pattern's codes read beside the event under test, and which fields of events they mention.
pub(super) struct Bound<'a> {
    rule: &'a hir::Rule,
    pattern: &'a checked::Pattern,
    registry: &'a Registry,
    reads: RefCell<Vec<Read>>,
    /// By source.
    kept: RefCell<Vec<Vec<FieldId>>>,
}

impl<'a> Bound<'a> {
    fn new(rule: &'a hir::Rule, pattern: &'a checked::Pattern, registry: &'a Registry) -> Self {
        let kept = rule.types.iter().map(|ty| {
            if rule.keeps_all {
                all_fields(registry, *ty)
            } else {
                Vec::new()
            }
        });
        let kept = kept.collect();
        Self {
            rule,
            pattern,
            registry,
            reads: RefCell::default(),
            kept: RefCell::new(kept),
        }
    }

    /// The number of something that is read.
    pub(super) fn read(&self, reading: &Reading, ty: &FieldType) -> u16 {
        let (name, what) = match reading {
            Reading::Field(event, ids) => self.field(*event, ids),
            Reading::Envelope(event, envelope) => (
                format!("{}.{}", self.event(*event), envelope.name()),
                What::Envelope(pick(*event), *envelope),
            ),
            Reading::Key(part) => {
                let name = &self.pattern.key[*part as usize].name;
                (format!("key {name}"), What::Key(*part as u16))
            }
            Reading::Waiting => ("waiting".to_owned(), What::Waiting),
        };
        let mut reads = self.reads.borrow_mut();
        let known = reads
            .iter()
            .position(|read| *read.name == *name && read.what == what);
        let index = known.unwrap_or_else(|| {
            reads.push(Read {
                name: name.into(),
                ty: ty.clone(),
                what,
            });
            reads.len() - 1
        });
        index as u16
    }

    fn field(&self, event: EventRef, ids: &[FieldId]) -> (String, What) {
        let types: &[TypeId] = match event {
            EventRef::First(element) | EventRef::Last(element) | EventRef::Previous(element) => {
                &self.pattern.elements[element.index()].types
            }
            EventRef::Before => &self.rule.types,
        };
        let places = self.rule.types.iter().map(|ty| {
            let place = types.iter().position(|other| other == ty)?;
            Some(self.mention(*ty, ids[place]))
        });
        let what = What::Field(pick(event), places.collect());
        let name = &self.registry.get(types[0]).fields[ids[0].index()].name;
        (format!("{}.{name}", self.event(event)), what)
    }

    /// An event that is read, by name: its place tells elements without alias apart.
    fn event(&self, event: EventRef) -> String {
        let (element, which) = match event {
            EventRef::First(element) => (element, "first"),
            EventRef::Last(element) => (element, "last"),
            EventRef::Previous(element) => (element, "prev"),
            EventRef::Before => return "prev".to_owned(),
        };
        let name = &self.pattern.elements[element.index()].name;
        format!("{name}#{}.{which}", element.index())
    }

    /// The place of a field among those that are kept of events of its type.
    pub(super) fn mention(&self, ty: TypeId, field: FieldId) -> u16 {
        let source = self.rule.types.iter().position(|other| *other == ty);
        let mut kept = self.kept.borrow_mut();
        let Some(kept) = source.map(|source| &mut kept[source]) else {
            unreachable!("the rule has the types of its elements")
        };
        let place = kept.iter().position(|other| *other == field);
        place.unwrap_or_else(|| {
            kept.push(field);
            kept.len() - 1
        }) as u16
    }
}

/// Compiles a rule with a pattern. `types` are the predicates of all types; [`Rule::meaning`] is left for later.
pub(super) fn lower(
    rule: &hir::Rule,
    pattern: &checked::Pattern,
    registry: &Registry,
    mut types: impl FnMut(TypeId, &mut dyn FnMut(&mut CodeBuilder) -> u32) -> u32,
) -> Rule {
    let bound = Bound::new(rule, pattern, registry);
    let elements = pattern.elements.iter();
    let elements: Vec<Element> = elements
        .map(|element| lower_element(element, &bound, &mut types))
        .collect();
    let mut sources = Vec::new();
    let mut keys = Vec::new();
    for &type_id in &rule.types {
        let (inputs, sets) = inputs(&bound, type_id);
        keys.push(sets);
        sources.push(Source {
            type_id,
            condition: None,
            inputs,
            kept: Vec::new(),
        });
    }
    let codes = Codes::Pattern(&bound);
    let emit = rule.emit.as_ref().map(|derived| emit(derived, codes));
    let actions = rule
        .actions
        .iter()
        .map(|call| action(call, codes))
        .collect();
    let mut spans = Vec::new();
    let root = node(&pattern.root, &mut spans);
    let Bound { reads, kept, .. } = bound;
    for (source, kept) in sources.iter_mut().zip(kept.into_inner()) {
        source.kept = kept;
    }
    Rule {
        name: rule.name.clone(),
        meaning: 0,
        metadata: metadata(&rule.metadata),
        alias: rule.alias.clone(),
        sources,
        any: false,
        kept: Vec::new(),
        key: key(rule, pattern),
        clause: Clause::Match,
        zone: None,
        pattern: Some(Box::new(Pattern {
            elements,
            spans,
            root,
            within: pattern.within,
            skip: skip(pattern.skip),
            reads: reads.into_inner(),
            together: pattern.together,
            over: pattern
                .over
                .iter()
                .map(|element| element.map(number))
                .collect(),
            keys,
            reports_timeout: pattern.reports_timeout,
        })),
        aggregates: aggregates(rule),
        having: None,
        limit: rule.limit,
        emit,
        actions,
        reports_clear: false,
        routing: match *pattern.key {
            [] => Routing::Home(xxh3_64(rule.name.as_bytes())),
            _ => Routing::Keyed,
        },
    }
}

fn all_fields(registry: &Registry, ty: TypeId) -> Vec<FieldId> {
    let fields = 0..registry.get(ty).fields.len();
    fields.filter_map(FieldId::from_index).collect()
}

fn number(element: ElementId) -> u16 {
    element.index() as u16
}

fn set(elements: &[ElementId]) -> u64 {
    elements
        .iter()
        .fold(0, |set, element| set | 1 << element.index())
}

fn pick(event: EventRef) -> Pick {
    match event {
        EventRef::First(element) => Pick::First(number(element)),
        EventRef::Last(element) => Pick::Last(number(element)),
        EventRef::Previous(element) => Pick::BeforeLast(number(element)),
        EventRef::Before => Pick::Previous,
    }
}

fn lower_element(
    element: &checked::Element,
    bound: &Bound<'_>,
    types: &mut impl FnMut(TypeId, &mut dyn FnMut(&mut CodeBuilder) -> u32) -> u32,
) -> Element {
    let tests = bound.rule.types.iter().map(|&ty| {
        let place = element.types.iter().position(|other| *other == ty)?;
        let inputs = Inputs::Pattern(bound, Some((place, ty)));
        let (plain, late): (Vec<_>, Vec<_>) = element
            .conditions
            .iter()
            .partition(|part| matches!(part.reach, checked::Reach::Event));
        let condition = (!plain.is_empty()).then(|| {
            types(ty, &mut |code| {
                let parts = plain.iter().map(|part| operand(code, &part.expr, inputs));
                let parts: Vec<Operand> = parts.collect();
                let all = parts
                    .into_iter()
                    .reduce(|a, b| code.binary(Opcode::And, a, b));
                let Some(all) = all else {
                    unreachable!("there is a part")
                };
                code.output(all, FieldType::Bool)
            })
        });
        let late = late.into_iter().map(|part| {
            let mut code = CodeBuilder::new();
            output(&mut code, &part.expr, inputs);
            Late {
                awaits: set(&part.awaits),
                reads_previous: reads_previous(&part.reach),
                code: code.finish(),
            }
        });
        Some(Test {
            condition,
            late: late.collect(),
        })
    });
    Element {
        alias: element.name.clone(),
        binds: element.role == checked::Role::Binds,
        tests: tests.collect(),
    }
}

fn operand(code: &mut CodeBuilder, expr: &Expr, inputs: Inputs<'_>) -> Operand {
    super::code::operand(code, expr, inputs)
}

fn reads_previous(reach: &checked::Reach) -> bool {
    match reach {
        checked::Reach::Event => false,
        checked::Reach::Input => true,
        checked::Reach::Equality { of, .. } => *of == EventRef::Before,
        checked::Reach::Bindings { events, .. } => events.contains(&EventRef::Before),
    }
}

/// What is computed of the events of one type: two outputs an aggregate, then the keys, each of a set of elements.
fn inputs(bound: &Bound<'_>, ty: TypeId) -> (trapjaw_program::Code, Vec<u64>) {
    let Bound { rule, pattern, .. } = *bound;
    let mut code = CodeBuilder::new();
    let place_in = |element: ElementId| {
        let types = &pattern.elements[element.index()].types;
        types.iter().position(|other| *other == ty)
    };
    for (aggregate, over) in rule.aggregates.iter().zip(&pattern.over) {
        let place = over.and_then(place_in);
        let inputs = place.map(|place| Inputs::Pattern(bound, Some((place, ty))));
        let argument = aggregate.argument.as_ref();
        for (expr, otherwise) in [
            (
                argument,
                argument.map_or(FieldType::Bool, |it| it.ty.clone()),
            ),
            (aggregate.filter.as_ref(), FieldType::Bool),
        ] {
            let value = match (expr, inputs) {
                (Some(expr), Some(inputs)) => operand(&mut code, expr, inputs),
                // No event of the type is aggregated.
                _ => code.constant(nothing(&otherwise)),
            };
            code.append_output(value, otherwise);
        }
    }
    let mut sets: Vec<(Vec<Operand>, u64)> = Vec::new();
    for index in 0..pattern.elements.len() {
        let element = ElementId::new(index as u32);
        let Some(place) = place_in(element) else {
            continue;
        };
        let inputs = Inputs::Pattern(bound, Some((place, ty)));
        let key = pattern
            .key
            .iter()
            .map(|part| operand(&mut code, &part.of[index], inputs));
        let key: Vec<Operand> = key.collect();
        match sets.iter_mut().find(|(other, _)| *other == key) {
            Some((_, set)) => *set |= 1 << index,
            None => sets.push((key, 1 << index)),
        }
    }
    for (key, _) in &sets {
        for (operand, part) in key.iter().zip(&pattern.key) {
            code.append_output(*operand, part.ty.clone());
        }
    }
    (
        code.finish(),
        sets.into_iter().map(|(_, set)| set).collect(),
    )
}

/// Some value of a type.
fn nothing(ty: &FieldType) -> Const {
    match Kind::of(ty) {
        Kind::Bool => Const::Bool(false),
        Kind::Int => Const::Int(0),
        Kind::Float => Const::Float(0.0),
        Kind::Text => Const::Text("".into()),
        Kind::Ip => Const::Ip(trapjaw_event::Ip::from_octets([0; 16])),
    }
}

fn key(rule: &hir::Rule, pattern: &checked::Pattern) -> Vec<KeyPart> {
    let first = 2 * rule.aggregates.len() as u16;
    let parts = pattern.key.iter().zip(first..);
    parts
        .map(|(part, output)| KeyPart {
            name: part.name.clone(),
            ty: part.ty.clone(),
            output,
        })
        .collect()
}

fn aggregates(rule: &hir::Rule) -> Vec<Aggregate> {
    let lowered = rule
        .aggregates
        .iter()
        .zip(0..)
        .map(|(aggregate, index)| Aggregate {
            fraction: aggregate.fraction,
            function: aggregate.function,
            argument: aggregate.argument.as_ref().map(|_| 2 * index),
            filter: aggregate.filter.as_ref().map(|_| 2 * index + 1),
            ty: aggregate.ty.clone(),
            argument_ty: aggregate
                .argument
                .as_ref()
                .map(|argument| argument.ty.clone()),
            name: aggregate.name.clone(),
        });
    lowered.collect()
}

/// How the elements of a pattern are put together.
pub(crate) fn tree(root: &checked::Node) -> Node {
    node(root, &mut Vec::new())
}

fn node(part: &checked::Node, spans: &mut Vec<Silence>) -> Node {
    match part {
        checked::Node::Element(element) => Node::Element(number(*element)),
        checked::Node::Sequence(steps) => {
            let steps = steps.iter();
            let steps = steps.map(|step| (contiguity(step.contiguity), node(&step.node, spans)));
            Node::Sequence(steps.collect())
        }
        checked::Node::Or(parts) => {
            Node::Either(parts.iter().map(|part| node(part, spans)).collect())
        }
        checked::Node::And(parts) => {
            let mut without = 0;
            let mut operands = Vec::new();
            for part in parts {
                match part {
                    checked::Node::Not(not) if not.duration.is_none() => {
                        without |= set(&not.elements);
                    }
                    part => operands.push(node(part, spans)),
                }
            }
            Node::Both(operands, without)
        }
        checked::Node::Repeat(repeat) => Node::Repeat(Box::new(Repeat {
            node: node(&repeat.body, spans),
            min: repeat.min,
            max: repeat.max,
            reluctant: repeat.reluctant,
            contiguity: contiguity(repeat.contiguity),
            until: set(&repeat.until),
        })),
        checked::Node::Not(not) => match not.duration {
            None => Node::Not(set(&not.elements)),
            Some(duration) => {
                spans.push(Silence {
                    elements: set(&not.elements),
                    duration,
                });
                Node::Silence(spans.len() as u16 - 1)
            }
        },
    }
}

fn contiguity(contiguity: checked::Contiguity) -> Contiguity {
    match contiguity {
        checked::Contiguity::Relaxed => Contiguity::Relaxed,
        checked::Contiguity::Strict => Contiguity::Strict,
        checked::Contiguity::Any => Contiguity::Any,
    }
}

fn skip(skip: checked::Skip) -> Skip {
    match skip {
        checked::Skip::PastLast => Skip::PastLast,
        checked::Skip::ToNext => Skip::ToNext,
        checked::Skip::ToFirst(element) => Skip::ToFirst(number(element)),
        checked::Skip::ToLast(element) => Skip::ToLast(number(element)),
        checked::Skip::None => Skip::None,
    }
}

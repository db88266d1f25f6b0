//! One rule.

use super::code::{Inputs, Kept as Places, output};
use super::pattern::Bound;
use crate::hir::{self, Expr, ExprKind};
use trapjaw_event::{FieldId, Registry, TypeId};
use trapjaw_program::{
    Action, Aggregate, Clause, Code, CodeBuilder, Emit, Kept, KeyPart, Metadata, Routing, Rule,
    Source,
};
use xxhash_rust::xxh3::xxh3_64;

/// Compiles a rule. `condition` adds its condition to the predicates of one of its types, and gives the output.
/// [`Rule::meaning`] is left for when all conditions are compiled.
pub(super) fn lower(
    rule: &hir::Rule,
    registry: &Registry,
    mut condition: impl FnMut(usize, TypeId) -> Option<u32>,
) -> Rule {
    let fields = kept_fields(rule, registry);
    let mut sources = Vec::with_capacity(rule.types.len());
    let mut layout = Layout::default();
    for (place, &type_id) in rule.types.iter().enumerate() {
        let (inputs, its_layout) = inputs(rule, place);
        // Fields that are distinct in one type are distinct in all, so the outputs coincide alike.
        debug_assert!(place == 0 || its_layout == layout);
        layout = its_layout;
        let kept = fields.iter().map(|ids| ids[place]).collect();
        sources.push(Source {
            type_id,
            condition: condition(place, type_id),
            inputs,
            kept,
        });
    }
    let first = rule.types.first().map(|&first| registry.get(first));
    let first = first.map_or(&[][..], |first| &first.fields);
    let kept = fields.iter().map(|ids| &first[ids[0].index()]);
    let kept = kept
        .map(|field| Kept {
            name: field.name.clone(),
            ty: field.ty.clone(),
        })
        .collect();
    let places: Places = (0..)
        .zip(&fields)
        .map(|(place, ids)| (ids.clone(), place))
        .collect();
    let clause = clause(&rule.clause);
    Rule {
        name: rule.name.clone(),
        meaning: 0,
        metadata: metadata(&rule.metadata),
        alias: rule.alias.clone(),
        sources,
        any: rule.any,
        kept,
        key: key(rule, &layout),
        routing: routing(rule, clause),
        clause,
        pattern: None,
        zone: rule.zone.clone(),
        aggregates: aggregates(rule, &layout),
        having: rule
            .having
            .as_ref()
            .map(|having| code([having], Codes::Rule(&places)).0),
        limit: rule.limit,
        emit: rule
            .emit
            .as_ref()
            .map(|derived| emit(derived, Codes::Rule(&places))),
        actions: rule
            .actions
            .iter()
            .map(|call| action(call, Codes::Rule(&places)))
            .collect(),
        reports_clear: rule.reports_clear,
    }
}

/// Which outputs of a source hold what.
#[derive(Default, PartialEq, Debug)]
struct Layout {
    key: Vec<u16>,
    /// Argument and filter of each aggregate.
    aggregates: Vec<(Option<u16>, Option<u16>)>,
}

/// What a rule computes of the events of one of its types.
fn inputs(rule: &hir::Rule, place: usize) -> (Code, Layout) {
    let mut code = CodeBuilder::new();
    let mut add = |expr: &Expr| output(&mut code, expr, Inputs::Event(place)) as u16;
    let key = rule.key.iter().map(|part| add(&part.expr)).collect();
    let aggregates = rule.aggregates.iter();
    let aggregates = aggregates.map(|it| {
        (
            it.argument.as_ref().map(&mut add),
            it.filter.as_ref().map(&mut add),
        )
    });
    let layout = Layout {
        key,
        aggregates: aggregates.collect(),
    };
    (code.finish(), layout)
}

fn key(rule: &hir::Rule, layout: &Layout) -> Vec<KeyPart> {
    let parts = rule.key.iter().zip(&layout.key);
    parts
        .map(|(part, &output)| KeyPart {
            name: part.name.clone(),
            ty: part.expr.ty.clone(),
            output,
        })
        .collect()
}

fn aggregates(rule: &hir::Rule, layout: &Layout) -> Vec<Aggregate> {
    let aggregates = rule.aggregates.iter().zip(&layout.aggregates);
    aggregates
        .map(|(aggregate, &(argument, filter))| Aggregate {
            function: aggregate.function,
            argument,
            filter,
            ty: aggregate.ty.clone(),
            argument_ty: aggregate
                .argument
                .as_ref()
                .map(|argument| argument.ty.clone()),
            fraction: aggregate.fraction,
            name: aggregate.name.clone(),
        })
        .collect()
}

/// Over what the code runs that a rule's outputs are made with.
#[derive(Clone, Copy)]
pub(super) enum Codes<'a> {
    /// What the rule keeps.
    Rule(&'a Places),
    /// What its pattern has bound.
    Pattern(&'a Bound<'a>),
}

impl<'a> Codes<'a> {
    fn inputs(self) -> Inputs<'a> {
        match self {
            Self::Rule(places) => Inputs::Rule(places),
            Self::Pattern(bound) => Inputs::Pattern(bound, None),
        }
    }
}

/// Code over what the rule keeps, and the output of each expression.
fn code<'e>(exprs: impl IntoIterator<Item = &'e Expr>, codes: Codes<'_>) -> (Code, Vec<u32>) {
    let mut code = CodeBuilder::new();
    let outputs = exprs
        .into_iter()
        .map(|expr| output(&mut code, expr, codes.inputs()))
        .collect();
    (code.finish(), outputs)
}

pub(super) fn emit(emit: &hir::Emit, codes: Codes<'_>) -> Emit {
    let (code, outputs) = code(emit.fields.iter().flatten(), codes);
    let mut outputs = outputs.into_iter();
    let fields = emit
        .fields
        .iter()
        .map(|field| field.as_ref().and_then(|_| outputs.next()))
        .collect();
    Emit {
        type_id: emit.type_id,
        code,
        fields,
    }
}

pub(super) fn action(action: &hir::Action, codes: Codes<'_>) -> Action {
    let (code, outputs) = code(action.arguments.iter().map(|(_, value)| value), codes);
    Action {
        when: action.when,
        name: action.name.clone(),
        arguments: action
            .arguments
            .iter()
            .map(|(name, _)| name.clone())
            .collect(),
        outputs,
        code,
    }
}

pub(super) fn metadata(metadata: &hir::Metadata) -> Metadata {
    let hir::Metadata {
        about,
        severity,
        labels,
        runbook,
    } = metadata.clone();
    Metadata {
        about,
        severity,
        labels,
        runbook,
    }
}

fn clause(clause: &hir::Clause) -> Clause {
    match *clause {
        hir::Clause::Each => Clause::Each,
        hir::Clause::Sustained {
            duration,
            gap,
            keep,
        } => Clause::Sustained {
            duration,
            gap,
            keep,
        },
        hir::Clause::Sliding { length, each } => Clause::Sliding { length, each },
        hir::Clause::Tumbling { length } => Clause::Tumbling { length },
        hir::Clause::Hopping { length, every } => Clause::Hopping { length, every },
        hir::Clause::Counted { count, each } => Clause::Counted { count, each },
        hir::Clause::Batched { count } => Clause::Batched { count },
        hir::Clause::Session { gap } => Clause::Session { gap },
        hir::Clause::All { each } => Clause::All { each },
        hir::Clause::Absent { duration, of } => Clause::Absent { duration, of },
        hir::Clause::At {
            calendar, catchup, ..
        } => Clause::At { calendar, catchup },
        hir::Clause::Every { period, catchup } => Clause::Every { period, catchup },
    }
}

/// A rule without state is evaluated where its event comes in, one with a key where the key belongs, and any other in
/// one place that its name decides.
fn routing(rule: &hir::Rule, clause: Clause) -> Routing {
    if !clause.has_state() && rule.limit.is_none() {
        Routing::Local
    } else if rule.key.is_empty() {
        Routing::Home(xxh3_64(rule.name.as_bytes()))
    } else {
        Routing::Keyed
    }
}

/// What a match tells of an event that is no longer there: all fields of the alias that the rule mentions, in the
/// order in which its clauses come by them; with `keep *` behind them all others that it could mention. Each by its ids
/// in the rule's types.
fn kept_fields(rule: &hir::Rule, registry: &Registry) -> Vec<Box<[FieldId]>> {
    let mut fields = mentioned(rule);
    if rule.keeps_all && !rule.any {
        for field in shared_fields(&rule.types, registry) {
            if !fields.contains(&field) {
                fields.push(field);
            }
        }
    }
    fields
}

/// The fields that all of these types have, with the same type, in the order of the first one.
fn shared_fields(types: &[TypeId], registry: &Registry) -> Vec<Box<[FieldId]>> {
    let first = types.first().map(|&first| registry.get(first));
    let fields = first.iter().flat_map(|first| &first.fields);
    let ids = fields.filter_map(|field| {
        let ids = types.iter().map(|&ty| {
            let (id, found) = registry.get(ty).field(&field.name)?;
            (found.ty == field.ty).then_some(id)
        });
        ids.collect()
    });
    ids.collect()
}

fn mentioned(rule: &hir::Rule) -> Vec<Box<[FieldId]>> {
    let mut fields = Vec::new();
    let keys = rule.key.iter().map(|part| &part.expr);
    let aggregated = rule
        .aggregates
        .iter()
        .flat_map(|aggregate| aggregate.argument.iter().chain(&aggregate.filter));
    let emitted = rule
        .emit
        .iter()
        .flat_map(|emit| emit.fields.iter().flatten());
    let arguments = rule
        .actions
        .iter()
        .flat_map(|action| action.arguments.iter().map(|(_, value)| value));
    rule.condition
        .iter()
        .chain(keys)
        .chain(aggregated)
        .chain(&rule.having)
        .chain(emitted)
        .chain(arguments)
        .for_each(|expr| collect_fields(expr, &mut fields));
    fields
}

fn collect_fields(expr: &Expr, fields: &mut Vec<Box<[FieldId]>>) {
    match &expr.kind {
        ExprKind::Field(ids) => {
            if !fields.contains(ids) {
                fields.push(ids.clone());
            }
        }
        _ => {
            for operand in expr.operands() {
                collect_fields(operand, fields);
            }
        }
    }
}

//! What a rule takes from its events: conditions, kept fields, key, aggregates.

use std::collections::HashSet;
use std::sync::Arc;

use trapjaw_event::{EventType, FieldType};

use super::code::{Scope, check};
use super::error::{Fault, VerifyError, Within};
use super::rule::{known_type, output_of};
use crate::rule::{Aggregate, AggregateFunction, Rule, RuleSet, Source};
use crate::table::Table;

/// All sources of a rule, and what it asks of each.
pub(super) fn check_all(rule: &Rule, set: &RuleSet) -> Result<(), VerifyError> {
    if rule.clause.is_schedule() {
        return schedule(rule);
    }
    if rule.sources.is_empty() {
        return Err(VerifyError::new(
            Fault::SourceMissing,
            "reads no event type",
        ));
    }
    for part in &rule.key {
        if part.ty == FieldType::Float {
            return Err(VerifyError::new(
                Fault::KeyFloat,
                format!("`{}` is a float", part.name),
            ))
            .within(|| "key".into());
        }
    }
    for aggregate in &rule.aggregates {
        types(aggregate).within(|| format!("aggregate `{}`", aggregate.name))?;
    }
    let mut seen = HashSet::with_capacity(rule.sources.len());
    for (index, source) in rule.sources.iter().enumerate() {
        known_type(source.type_id, set).within(|| format!("source {index}"))?;
        let ty = set.registry.get(source.type_id);
        let place = || format!("source {index} (`{}`)", ty.name);
        if !seen.insert(source.type_id) {
            return Err(VerifyError::new(
                Fault::SourceRepeated,
                "reads this event type twice",
            ))
            .within(place);
        }
        if let Some(condition) = source.condition {
            let conditions = &set.types[source.type_id.index()].code;
            output_of(conditions, condition, Some(&FieldType::Bool))
                .within(|| "condition".into())
                .within(place)?;
        }
        check_one(source, ty, rule, &set.tables).within(place)?;
    }
    Ok(())
}

/// A schedule has no events, and nothing of them.
fn schedule(rule: &Rule) -> Result<(), VerifyError> {
    let reads = !rule.sources.is_empty() || rule.any || !rule.kept.is_empty();
    if reads || !rule.key.is_empty() || rule.limit.is_some() {
        return Err(VerifyError::new(
            Fault::Schedule,
            "a schedule with event types, kept fields, a key or a limit",
        ));
    }
    Ok(())
}

fn check_one(
    source: &Source,
    ty: &EventType,
    rule: &Rule,
    tables: &[Arc<Table>],
) -> Result<(), VerifyError> {
    check(&source.inputs, &Scope::Event(ty), tables)?;
    match rule.pattern {
        None => kept(source, ty, rule)?,
        Some(_) => bound(source, ty)?,
    }
    let has = |output: u16, ty: Option<&FieldType>| output_of(&source.inputs, output.into(), ty);
    for part in &rule.key {
        has(part.output, Some(&part.ty)).within(|| format!("key part `{}`", part.name))?;
    }
    for aggregate in &rule.aggregates {
        let place = || format!("aggregate `{}`", aggregate.name);
        if let Some(argument) = aggregate.argument {
            has(argument, aggregate.argument_ty.as_ref()).within(place)?;
        }
        if let Some(filter) = aggregate.filter {
            has(filter, Some(&FieldType::Bool)).within(place)?;
        }
    }
    Ok(())
}

fn kept(source: &Source, ty: &EventType, rule: &Rule) -> Result<(), VerifyError> {
    if source.kept.len() != rule.kept.len() {
        return Err(VerifyError::new(
            Fault::Kept,
            format!(
                "{} fields behind {} kept ones",
                source.kept.len(),
                rule.kept.len()
            ),
        ));
    }
    for (id, kept) in source.kept.iter().zip(&rule.kept) {
        if ty.fields.get(id.index()).map(|field| &field.ty) != Some(&kept.ty) {
            return Err(VerifyError::new(
                Fault::Kept,
                format!("field {id} is not the {} `{}`", kept.ty, kept.name),
            ));
        }
    }
    Ok(())
}

/// What a pattern's events are told with are distinct fields of their type.
fn bound(source: &Source, ty: &EventType) -> Result<(), VerifyError> {
    let mut seen = HashSet::with_capacity(source.kept.len());
    match (source.kept.iter()).find(|id| id.index() >= ty.fields.len() || !seen.insert(**id)) {
        None => Ok(()),
        Some(id) => Err(VerifyError::new(
            Fault::Kept,
            format!("field {id} again, or not of `{}`", ty.name),
        )),
    }
}

/// An aggregate's argument and value have the types of its function.
fn types(aggregate: &Aggregate) -> Result<(), VerifyError> {
    let argument = aggregate.argument_ty.as_ref();
    let fraction = match aggregate.function {
        AggregateFunction::Quantile => aggregate.fraction.is_some_and(|p| (0.0..=1.0).contains(&p)),
        _ => aggregate.fraction.is_none(),
    };
    if fraction
        && aggregate.argument.is_some() == argument.is_some()
        && aggregate.function.result(argument).as_ref() == Some(&aggregate.ty)
    {
        return Ok(());
    }
    Err(VerifyError::new(
        Fault::Aggregate,
        format!(
            "{} of {} is not {}",
            aggregate.function.name(),
            argument.map_or_else(|| "rows".into(), ToString::to_string),
            aggregate.ty
        ),
    ))
}

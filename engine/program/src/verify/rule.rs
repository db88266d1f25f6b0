//! One rule: names, clause, routing, and what it does when it fires.

use std::collections::HashSet;
use std::sync::Arc;

use trapjaw_event::limits::{MAX_FIELDS, MAX_NAME};
use trapjaw_event::{FieldType, TypeId};

use super::code::{Scope, check};
use super::error::{Fault, VerifyError, Within, limited};
use super::{pattern, source};
use crate::code::Code;
use crate::limits::{
    MAX_ACTIONS, MAX_AGGREGATES, MAX_ARGUMENTS, MAX_FIRINGS, MAX_KEY_PARTS, MAX_STEPS,
    MAX_WINDOW_EVENTS, MIN_PERIOD,
};
use crate::rule::{Action, Clause, Emit, Routing, Rule, RuleSet, When};
use crate::table::{Table, TableId};
use crate::zone::Zone;

/// Nanoseconds of a day without a change of the clock.
const DAY: i64 = 86_400_000_000_000;

/// Every rule by itself, and that their names are distinct.
pub(super) fn check_all(set: &RuleSet) -> Result<(), VerifyError> {
    let mut names = HashSet::with_capacity(set.rules.len());
    for (index, rule) in set.rules.iter().enumerate() {
        name(&rule.name).within(|| format!("rule {index}"))?;
        let place = || format!("rule `{}`", rule.name);
        if !names.insert(&rule.name) {
            return Err(VerifyError::new(
                Fault::NameRepeated,
                "another rule has this name",
            ))
            .within(place);
        }
        check_one(rule, set).within(place)?;
    }
    Ok(())
}

fn check_one(rule: &Rule, set: &RuleSet) -> Result<(), VerifyError> {
    limited("kept fields", rule.kept.len(), MAX_FIELDS)?;
    limited("parts of a key", rule.key.len(), MAX_KEY_PARTS)?;
    limited("aggregates", rule.aggregates.len(), MAX_AGGREGATES)?;
    limited("actions", rule.actions.len(), MAX_ACTIONS)?;
    if rule.pattern.is_none() {
        name(&rule.alias).within(|| "alias".into())?;
    }
    distinct(rule.kept.iter().map(|kept| &*kept.name)).within(|| "kept fields".into())?;
    distinct(rule.key.iter().map(|part| &*part.name)).within(|| "key".into())?;
    distinct(rule.aggregates.iter().map(|a| &*a.name)).within(|| "aggregates".into())?;
    clause(rule, &set.tables)?;
    routing(rule)?;
    source::check_all(rule, set)?;
    pattern::check(rule, set)?;
    let scope = match &rule.pattern {
        Some(pattern) => Scope::Pattern {
            event: None,
            reads: &pattern.reads,
            aggregates: &rule.aggregates,
        },
        None => Scope::Rule {
            kept: &rule.kept,
            aggregates: &rule.aggregates,
        },
    };
    if let Some(code) = &rule.having {
        having(code, &scope, &set.tables).within(|| "having".into())?;
    }
    if let Some(derived) = &rule.emit {
        emit(derived, set, &scope).within(|| "emit".into())?;
    }
    for (index, call) in rule.actions.iter().enumerate() {
        action(call, &scope, &set.tables).within(|| format!("action {index}"))?;
    }
    Ok(())
}

/// The keys of a table are keys of the rule.
fn expected(rule: &Rule, table: TableId, tables: &[Arc<Table>]) -> Result<(), VerifyError> {
    let Some(table) = tables.get(table.index()) else {
        return Err(VerifyError::new(
            Fault::TableUnknown,
            format!("no table {table}"),
        ));
    };
    match &rule.key[..] {
        [part] if part.ty == *table.key_type() => Ok(()),
        _ => Err(VerifyError::new(
            Fault::TableKey,
            format!("the key is not one {}", table.key_type()),
        )),
    }
}

fn clause(rule: &Rule, tables: &[Arc<Table>]) -> Result<(), VerifyError> {
    // `gap` may be left out, and `keep` be 0.
    let durations = match rule.clause {
        Clause::Each | Clause::All { .. } | Clause::Match => [1, 1],
        Clause::Sustained {
            duration,
            gap,
            keep,
        } => {
            positive(keep.saturating_add(1)).within(|| "keep".into())?;
            [duration, gap.unwrap_or(1)]
        }
        Clause::Sliding { length, .. } | Clause::Tumbling { length } => [length, 1],
        Clause::At { calendar, .. } => {
            if let Some(fault) = calendar.fault() {
                return Err(VerifyError::new(Fault::Calendar, fault));
            }
            [1, 1]
        }
        Clause::Every { period, .. } => [period.saturating_sub(MIN_PERIOD - 1), 1],
        Clause::Hopping { length, every } => [length, every],
        Clause::Counted { count, .. } | Clause::Batched { count } => {
            limited(
                "events of a window",
                count as usize,
                MAX_WINDOW_EVENTS as usize,
            )?;
            [count.into(), 1]
        }
        Clause::Session { gap } => [gap, 1],
        Clause::Absent { duration, of } => {
            of.map_or(Ok(()), |table| expected(rule, table, tables))
                .within(|| "clause".into())?;
            [duration, 1]
        }
    };
    (durations.into_iter())
        .try_for_each(positive)
        .within(|| "clause".into())?;
    window(rule)?;
    if let Some(limit) = rule.limit {
        positive(limit.per).within(|| "limit".into())?;
        if limit.count == 0 {
            return Err(VerifyError::new(Fault::LimitCount, "lets nothing through"))
                .within(|| "limit".into());
        }
        limited(
            "firings of a limit",
            limit.count as usize,
            MAX_FIRINGS as usize,
        )?;
    }
    let aggregates = rule.clause.is_window() || rule.clause == Clause::Match;
    if !rule.clause.is_window() && rule.having.is_some()
        || !aggregates && !rule.aggregates.is_empty()
    {
        return Err(VerifyError::new(
            Fault::Window,
            "aggregates or `having` without a window",
        ));
    }
    let acts_on_clear = rule.actions.iter().any(|call| call.when == When::Clear);
    let clears = match rule.clause {
        Clause::Each | Clause::Match | Clause::Every { .. } | Clause::At { .. } => {
            !acts_on_clear && !rule.reports_clear
        }
        // A window's clear is reported exactly if something acts on it.
        _ if rule.clause.slides() => acts_on_clear == rule.reports_clear,
        _ if rule.clause.is_window() => !acts_on_clear && !rule.reports_clear,
        _ => true,
    };
    if clears {
        return Ok(());
    }
    Err(VerifyError::new(
        Fault::Clear,
        "a clear is reported that nothing acts on, or acted on but never reported",
    ))
}

/// Steps and zones of windows, and of calendars.
fn window(rule: &Rule) -> Result<(), VerifyError> {
    let refused = |reason| Err(VerifyError::new(Fault::Window, reason));
    let step = match rule.clause {
        Clause::Hopping { length, every } if length / every > MAX_STEPS => {
            return refused("too many steps within a window's length");
        }
        Clause::Hopping { every, .. } => Some(every),
        Clause::Tumbling { length } => Some(length),
        Clause::At { .. } => Some(1),
        _ => None,
    };
    match (&rule.zone, step) {
        (None, _) => Ok(()),
        (Some(_), None) => refused("a time zone without starts to align"),
        (Some(_), Some(step)) if step > DAY && step % DAY != 0 => {
            refused("starts in a time zone that are neither within a day nor whole days apart")
        }
        (Some(zone), Some(_)) if Zone::by_name(zone).is_none() => {
            refused("a time zone that is not known")
        }
        (Some(_), Some(_)) => Ok(()),
    }
}

fn routing(rule: &Rule) -> Result<(), VerifyError> {
    let refused = |reason| Err(VerifyError::new(Fault::Routing, reason));
    match rule.routing {
        Routing::Local if rule.clause.has_state() || rule.limit.is_some() => {
            refused("state on each shard that takes an event in")
        }
        Routing::Keyed if rule.key.is_empty() => refused("by key, and there is none"),
        Routing::Home(_) if !rule.key.is_empty() => refused("all keys on one shard"),
        Routing::Local | Routing::Keyed | Routing::Home(_) => Ok(()),
    }
}

fn having(code: &Code, scope: &Scope<'_>, tables: &[Arc<Table>]) -> Result<(), VerifyError> {
    check(code, scope, tables)?;
    match &code.outputs[..] {
        [output] if output.ty == FieldType::Bool => Ok(()),
        outputs => Err(VerifyError::new(
            Fault::Having,
            format!("{} outputs, not one bool", outputs.len()),
        )),
    }
}

fn emit(emit: &Emit, set: &RuleSet, scope: &Scope<'_>) -> Result<(), VerifyError> {
    known_type(emit.type_id, set)?;
    check(&emit.code, scope, &set.tables)?;
    let ty = set.registry.get(emit.type_id);
    if emit.fields.len() != ty.fields.len() {
        return Err(VerifyError::new(
            Fault::EmitFields,
            format!(
                "{} entries for the {} fields of `{}`",
                emit.fields.len(),
                ty.fields.len(),
                ty.name
            ),
        ));
    }
    for (field, output) in ty.fields.iter().zip(&emit.fields) {
        if let Some(output) = output {
            output_of(&emit.code, *output, Some(&field.ty))
                .within(|| format!("field `{}`", field.name))?;
        }
    }
    Ok(())
}

fn action(action: &Action, scope: &Scope<'_>, tables: &[Arc<Table>]) -> Result<(), VerifyError> {
    name(&action.name)?;
    limited("arguments", action.arguments.len(), MAX_ARGUMENTS)?;
    distinct(action.arguments.iter().map(|argument| &**argument)).within(|| "arguments".into())?;
    if action.arguments.len() != action.outputs.len() {
        return Err(VerifyError::new(
            Fault::ActionArguments,
            format!(
                "{} outputs for {} arguments",
                action.outputs.len(),
                action.arguments.len()
            ),
        ));
    }
    check(&action.code, scope, tables)?;
    for (argument, output) in action.arguments.iter().zip(&action.outputs) {
        output_of(&action.code, *output, None).within(|| format!("argument `{argument}`"))?;
    }
    Ok(())
}

/// The output with this index is there, and of this type if one is asked for.
pub(super) fn output_of(
    code: &Code,
    index: u32,
    wanted: Option<&FieldType>,
) -> Result<(), VerifyError> {
    let Some(output) = code.outputs.get(index as usize) else {
        return Err(VerifyError::new(
            Fault::OutputUnknown,
            format!("no output {index}"),
        ));
    };
    match wanted {
        Some(ty) if output.ty != *ty => Err(VerifyError::new(
            Fault::OutputType,
            format!("output {index} is {}, not {ty}", output.ty),
        )),
        _ => Ok(()),
    }
}

pub(super) fn known_type(id: TypeId, set: &RuleSet) -> Result<(), VerifyError> {
    if id.index() < set.registry.len() {
        return Ok(());
    }
    Err(VerifyError::new(
        Fault::TypeUnknown,
        format!("no event type {id}"),
    ))
}

pub(super) fn positive(nanoseconds: i64) -> Result<(), VerifyError> {
    if nanoseconds > 0 {
        return Ok(());
    }
    Err(VerifyError::new(
        Fault::Duration,
        format!("a duration of {nanoseconds} ns"),
    ))
}

pub(super) fn name(name: &str) -> Result<(), VerifyError> {
    if name.is_empty() {
        return Err(VerifyError::new(Fault::NameEmpty, "an empty name"));
    }
    limited("bytes in a name", name.len(), MAX_NAME)
}

pub(super) fn distinct<'a>(names: impl Iterator<Item = &'a str>) -> Result<(), VerifyError> {
    let mut seen = HashSet::new();
    for name in names {
        if name.is_empty() {
            return Err(VerifyError::new(Fault::NameEmpty, "an empty name"));
        }
        if !seen.insert(name) {
            return Err(VerifyError::new(
                Fault::NameRepeated,
                format!("`{name}` again"),
            ));
        }
    }
    Ok(())
}

//! Checked rules to program.
//!
//! The conditions of all rules on an event type go into one code, in which what is said twice is computed once. What
//! else a rule computes is code of its own: key and aggregates over the events that it selects, and `having`, derived
//! event and actions over what it keeps of them.

mod code;
mod order;
mod pattern;
mod rule;

pub(crate) use pattern::tree;

use crate::hir;
use trapjaw_event::{RuleId, TypeId};
use trapjaw_program::{CodeBuilder, RuleSet, TypeProgram};

/// The predicates over one event type, while rules are added.
#[derive(Default)]
struct Predicates {
    code: CodeBuilder,
    readers: Vec<(RuleId, u16)>,
}

/// Compiles checked rules. What comes out always verifies, but for the limits on the size of a program.
pub(crate) fn lower(set: &hir::RuleSet) -> RuleSet {
    let mut predicates: Vec<Predicates> =
        set.registry.iter().map(|_| Predicates::default()).collect();
    let mut rules = Vec::with_capacity(set.rules.len());
    for (index, checked) in set.rules.iter().enumerate() {
        let id = RuleId::new(index as u32);
        for (place, ty) in checked.types.iter().enumerate() {
            predicates[ty.index()].readers.push((id, place as u16));
        }
        if let Some(pattern) = &checked.pattern {
            let types = |ty: TypeId, add: &mut dyn FnMut(&mut CodeBuilder) -> u32| {
                add(&mut predicates[ty.index()].code)
            };
            rules.push(pattern::lower(checked, pattern, &set.registry, types));
            continue;
        }
        let condition = |place: usize, ty: TypeId| {
            let condition = checked.condition.as_ref()?;
            Some(code::condition(
                &mut predicates[ty.index()].code,
                condition,
                place,
            ))
        };
        rules.push(rule::lower(checked, &set.registry, condition));
    }
    let types: Vec<TypeProgram> = predicates
        .into_iter()
        .map(|Predicates { code, readers }| TypeProgram {
            code: code.finish(),
            readers,
        })
        .collect();
    for rule in &mut rules {
        rule.meaning = rule.meaning_hash(&set.registry, &types, &set.tables);
    }
    let order = order::producers_first(&rules, types.len());
    RuleSet {
        registry: set.registry.clone(),
        types,
        tables: set.tables.clone(),
        rules,
        order,
    }
}

//! The verifier: the only way to a [`Verified`] rule set.

mod code;
mod constant;
mod error;
mod order;
mod pattern;
mod rule;
mod source;

use core::ops::Deref;
use std::sync::Arc;

use trapjaw_event::{RuleId, TypeId};

pub use code::Scope;
pub use error::VerifyError;

use crate::code::{Code, Kind};
use crate::limits::{MAX_RULES, MAX_TABLES};
use crate::rule::{RuleSet, TypeProgram};
use crate::table::Table;
use error::{Fault, Within, limited};

/// What verification has proven sound. Only [`verify`] and [`verify_code`] make one, and it can't be changed.
///
/// Of each code in it this holds:
///
/// - every operand exists, a register before its use, and is of the kind that the op table asks for;
/// - every input exists where the code runs, is of the stated kind, and is listed once;
/// - each instruction but `load` has a register among its operands: none is of constants alone but for look-ups in
///   tables, a single operand is always a register, and a set, names, digits, a table or a field of one are always a
///   constant, and those of tables exist;
/// - sets are in strictly rising order, float constants are neither NaN nor -0.0, texts keep their limit;
/// - every output's operand is of its type's kind. It may be a constant.
///
/// And of a rule set: whatever refers to an output, a field, a type or a rule refers to one that exists and has the
/// right type; limits hold; producers of derived events stand before their consumers.
///
/// Left to evaluation, because only values decide it: an int register that stands for an enum's code may hold a number
/// that is no variant. It is formatted as `null`, and is null in an output of an enum type.
#[derive(Clone, Copy, Debug)]
pub struct Verified<T>(T);

impl<T> Verified<T> {
    /// The thing itself, no longer known to be sound once it is changed.
    pub fn into_inner(self) -> T {
        self.0
    }
}

impl<T> Deref for Verified<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

/// The codes of a verified set, each as verified as the set.
impl Verified<RuleSet> {
    /// The conditions over an event type.
    ///
    /// # Panics
    ///
    /// If the type is not of the set's registry.
    pub fn conditions(&self, ty: TypeId) -> Verified<&Code> {
        Verified(&self.0.types[ty.index()].code)
    }

    /// What a rule computes of the events of one of its sources: [`Source::inputs`](crate::Source::inputs).
    ///
    /// # Panics
    ///
    /// If there is no such rule or source.
    pub fn inputs(&self, rule: RuleId, source: usize) -> Verified<&Code> {
        Verified(&self.0.rules[rule.index()].sources[source].inputs)
    }

    /// A rule's `having`.
    ///
    /// # Panics
    ///
    /// If there is no such rule.
    pub fn having(&self, rule: RuleId) -> Option<Verified<&Code>> {
        self.0.rules[rule.index()].having.as_ref().map(Verified)
    }

    /// The code of the event that a rule derives.
    ///
    /// # Panics
    ///
    /// If there is no such rule.
    pub fn emit(&self, rule: RuleId) -> Option<Verified<&Code>> {
        let emit = self.0.rules[rule.index()].emit.as_ref()?;
        Some(Verified(&emit.code))
    }

    /// The code of the arguments of one of a rule's actions.
    ///
    /// # Panics
    ///
    /// If there is no such rule or action.
    pub fn action(&self, rule: RuleId, action: usize) -> Verified<&Code> {
        Verified(&self.0.rules[rule.index()].actions[action].code)
    }
}

/// Proves a rule set sound; [`Verified`] says what that means.
///
/// # Errors
///
/// The first fault found, in the order: types, rules, readers, order.
pub fn verify(set: RuleSet) -> Result<Verified<RuleSet>, VerifyError> {
    limited("rules", set.rules.len(), MAX_RULES)?;
    limited("tables", set.tables.len(), MAX_TABLES)?;
    rule::distinct(set.tables.iter().map(|table| table.name())).within(|| "tables".into())?;
    if set.types.len() != set.registry.len() {
        return Err(VerifyError::new(
            Fault::Types,
            format!(
                "{} predicate programs for {} event types",
                set.types.len(),
                set.registry.len()
            ),
        ));
    }
    for ((_, ty), program) in set.registry.iter().zip(&set.types) {
        conditions(program, &Scope::Event(ty), &set.tables)
            .within(|| format!("event type `{}`", ty.name))?;
    }
    rule::check_all(&set)?;
    order::readers(&set)?;
    order::producers_first(&set)?;
    Ok(Verified(set))
}

/// Proves one code sound, run where `scope` says.
///
/// # Errors
///
/// The first fault found.
pub fn verify_code<'a>(
    code: &'a Code,
    scope: &Scope<'_>,
) -> Result<Verified<&'a Code>, VerifyError> {
    verify_code_with(code, scope, &[])
}

/// As [`verify_code`], of code that looks things up in these tables.
///
/// # Errors
///
/// The first fault found.
pub fn verify_code_with<'a>(
    code: &'a Code,
    scope: &Scope<'_>,
    tables: &[Arc<Table>],
) -> Result<Verified<&'a Code>, VerifyError> {
    code::check(code, scope, tables)?;
    Ok(Verified(code))
}

fn conditions(
    program: &TypeProgram,
    scope: &Scope<'_>,
    tables: &[Arc<Table>],
) -> Result<(), VerifyError> {
    code::check(&program.code, scope, tables)?;
    let outputs = &program.code.outputs;
    match outputs.iter().position(|o| Kind::of(&o.ty) != Kind::Bool) {
        None => Ok(()),
        Some(index) => Err(VerifyError::new(
            Fault::OutputType,
            format!("a condition is {}, not bool", outputs[index].ty),
        ))
        .within(|| format!("output {index}")),
    }
}

//! What holds between rules: who reads which type, and who derives whose events.

use trapjaw_event::RuleId;

use super::error::{Fault, VerifyError, Within, limited};
use crate::limits::MAX_DERIVATION_DEPTH;
use crate::rule::{Rule, RuleSet};

/// Each type's readers are exactly the sources on it, in file order. The sources' types are known to exist.
pub(super) fn readers(set: &RuleSet) -> Result<(), VerifyError> {
    let mut expected = vec![Vec::new(); set.types.len()];
    for (rule, id) in set.rules.iter().zip(0..) {
        for (source, place) in rule.sources.iter().zip(0..) {
            expected[source.type_id.index()].push((RuleId::new(id), place));
        }
    }
    for (((_, ty), program), expected) in set.registry.iter().zip(&set.types).zip(expected) {
        if program.readers != expected {
            return Err(VerifyError::new(
                Fault::Readers,
                "its readers are not the sources on it, in file order",
            ))
            .within(|| format!("event type `{}`", ty.name));
        }
    }
    Ok(())
}

/// The order holds each rule once, behind all that emit an event it reads, and chains of derived events keep their
/// limit.
pub(super) fn producers_first(set: &RuleSet) -> Result<(), VerifyError> {
    let mut emitters = vec![0_usize; set.types.len()];
    for emit in set.rules.iter().filter_map(|rule| rule.emit.as_ref()) {
        emitters[emit.type_id.index()] += 1;
    }
    // How many derivations lie behind an event of each type, as far as the order has come.
    let mut depths = vec![0_usize; set.types.len()];
    let mut seen = vec![false; set.rules.len()];
    for id in &set.order {
        let rule = (set.rules.get(id.index()))
            .filter(|_| !core::mem::replace(&mut seen[id.index()], true))
            .ok_or_else(|| VerifyError::new(Fault::Order, format!("rule {id} twice or unknown")))?;
        derive(rule, &mut emitters, &mut depths).within(|| format!("rule `{}`", rule.name))?;
    }
    match seen.iter().position(|seen| !seen) {
        None => Ok(()),
        Some(index) => Err(VerifyError::new(
            Fault::Order,
            format!("`{}` is not in it", set.rules[index].name),
        )),
    }
    .within(|| "order".into())
}

/// Takes the next rule of the order. `emitters` counts those still to come for each type.
fn derive(rule: &Rule, emitters: &mut [usize], depths: &mut [usize]) -> Result<(), VerifyError> {
    let types = || rule.sources.iter().map(|source| source.type_id.index());
    if types().any(|ty| emitters[ty] > 0) {
        return Err(VerifyError::new(
            Fault::OrderEmit,
            "stands before a rule that emits an event it reads, or emits one itself",
        ));
    }
    let Some(emit) = &rule.emit else {
        return Ok(());
    };
    let depth = 1 + types().map(|ty| depths[ty]).max().unwrap_or(0);
    limited("derivations in a chain", depth, MAX_DERIVATION_DEPTH)?;
    let ty = emit.type_id.index();
    emitters[ty] -= 1;
    depths[ty] = depths[ty].max(depth);
    Ok(())
}

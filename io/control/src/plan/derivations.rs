//! Which events rules make of which.

use std::collections::BTreeMap;

use serde::Serialize;
use trapjaw_event::TypeId;
use trapjaw_program::RuleSet;

/// A rule that derives events.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Derivation {
    pub rule: Box<str>,
    pub from: Vec<Box<str>>,
    pub to: Box<str>,
    /// Rules that read what it derives.
    pub readers: Vec<Box<str>>,
    /// Derivations that may stand one after the other up to this one, with it.
    pub depth: usize,
}

/// All derivations, those before which none stands first.
pub(super) fn of(set: &RuleSet) -> Vec<Derivation> {
    let name = |ty: TypeId| set.registry.get(ty).name.clone();
    // By type: how many derivations may have led to it.
    let mut depths: BTreeMap<TypeId, usize> = BTreeMap::new();
    let mut found = Vec::new();
    // Whoever derives an event stands before whoever reads it.
    for id in &set.order {
        let rule = &set.rules[id.index()];
        let Some(emit) = &rule.emit else { continue };
        let types = || rule.sources.iter().map(|source| source.type_id);
        let before = types().filter_map(|ty| depths.get(&ty)).max();
        let depth = before.copied().unwrap_or_default() + 1;
        let reached = depths.entry(emit.type_id).or_default();
        *reached = depth.max(*reached);
        let readers = &set.types[emit.type_id.index()].readers;
        found.push(Derivation {
            rule: rule.name.clone(),
            from: types().map(name).collect(),
            to: name(emit.type_id),
            readers: readers
                .iter()
                .map(|(reader, _)| set.rules[reader.index()].name.clone())
                .collect(),
            depth,
        });
    }
    found.sort_by_key(|derivation| derivation.depth);
    found
}

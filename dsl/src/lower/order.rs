//! The order in which rules are evaluated: who emits an event before who reads it.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use trapjaw_event::RuleId;
use trapjaw_program::Rule;

/// The rules in file order, but for those that read what a later one emits: they come behind it (Kahn's algorithm,
/// the first of the ready rules next). Without cycles, which the checker has refused, all are in it.
pub(super) fn producers_first(rules: &[Rule], types: usize) -> Vec<RuleId> {
    // How many rules still to come emit events of a type, and who waits for them.
    let mut emitters = vec![0_usize; types];
    let mut waiting: Vec<Vec<usize>> = vec![Vec::new(); types];
    for emit in rules.iter().filter_map(|rule| rule.emit.as_ref()) {
        emitters[emit.type_id.index()] += 1;
    }
    let mut awaited = vec![0_usize; rules.len()];
    let mut ready = BinaryHeap::new();
    for (index, rule) in rules.iter().enumerate() {
        for ty in rule.sources.iter().map(|source| source.type_id.index()) {
            if emitters[ty] > 0 {
                waiting[ty].push(index);
                awaited[index] += 1;
            }
        }
        if awaited[index] == 0 {
            ready.push(Reverse(index));
        }
    }
    let mut order = Vec::with_capacity(rules.len());
    while let Some(Reverse(index)) = ready.pop() {
        order.push(RuleId::new(index as u32));
        let Some(emit) = &rules[index].emit else {
            continue;
        };
        let ty = emit.type_id.index();
        emitters[ty] -= 1;
        if emitters[ty] > 0 {
            continue;
        }
        for &reader in &waiting[ty] {
            awaited[reader] -= 1;
            if awaited[reader] == 0 {
                ready.push(Reverse(reader));
            }
        }
    }
    order
}

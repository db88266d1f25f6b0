//! Which events lead to which: no event leads back to its own type, and chains end.

use crate::diagnostic::{
    Diagnostic,
    codes::{bounds, rules as codes},
};
use crate::hir::Rule;
use crate::source::Span;
use std::cmp::Reverse;
use std::collections::BTreeSet;
use trapjaw_event::{Registry, TypeId};
use trapjaw_program::limits::MAX_DERIVATION_DEPTH;

/// For each event type, the types of the events that rules derive from it, each with the first rule that does.
struct Derivations<'r> {
    rules: &'r [Rule],
    /// Where the names of the rules stand.
    names: &'r [Span],
    to: Vec<Vec<(usize, usize)>>,
}

/// How far a walk over the types has come with one of them.
#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    New,
    /// On the path that is being walked.
    Open,
    /// All that follows from it is known; so many derivations at most.
    Done(usize),
}

/// Refuses rules that derive events in a circle, and chains of derived events that are too long.
pub(super) fn refuse_cycles(
    rules: &[Rule],
    names: &[Span],
    registry: &Registry,
    findings: &mut Vec<Diagnostic>,
) {
    let derivations = Derivations::of(rules, names, registry.len());
    let mut states = vec![State::New; registry.len()];
    let mut refused = BTreeSet::new();
    for start in 0..registry.len() {
        derivations.walk(start, &mut states, |cycle| {
            // A rule that is part of several circles is told of one.
            if cycle.iter().all(|rule| refused.insert(*rule)) {
                findings.push(derivations.cycle(cycle, registry));
            }
        });
    }
    if refused.is_empty() {
        let depth = |ty: usize| {
            if let State::Done(depth) = states[ty] {
                depth
            } else {
                0
            }
        };
        let too_deep = (0..registry.len()).find(|&ty| depth(ty) > MAX_DERIVATION_DEPTH);
        if let Some(first) = too_deep {
            findings.push(derivations.too_deep(first, depth));
        }
    }
}

impl<'r> Derivations<'r> {
    fn of(rules: &'r [Rule], names: &'r [Span], types: usize) -> Derivations<'r> {
        let mut to: Vec<Vec<(usize, usize)>> = vec![Vec::new(); types];
        let mut known = BTreeSet::new();
        for (index, rule) in rules.iter().enumerate() {
            let Some(emit) = &rule.emit else { continue };
            for from in &rule.types {
                if known.insert((*from, emit.type_id)) {
                    to[from.index()].push((index, emit.type_id.index()));
                }
            }
        }
        Derivations { rules, names, to }
    }

    /// Walks all that follows from a type, depth first, and tells each circle by its rules.
    fn walk(&self, start: usize, states: &mut [State], mut found: impl FnMut(&[usize])) {
        if states[start] != State::New {
            return;
        }
        states[start] = State::Open;
        // The types on the path: the rule that led there, and how many of its successors are behind us.
        let mut path = vec![(start, usize::MAX, 0)];
        while let Some(&mut (ty, _, ref mut next)) = path.last_mut() {
            let Some(&(rule, to)) = self.to[ty].get(*next) else {
                let depths = self.to[ty].iter().map(|&(_, to)| match states[to] {
                    State::Done(depth) => depth + 1,
                    State::New | State::Open => 0,
                });
                states[ty] = State::Done(depths.max().unwrap_or(0));
                path.pop();
                continue;
            };
            *next += 1;
            match states[to] {
                State::New => {
                    states[to] = State::Open;
                    path.push((to, rule, 0));
                }
                State::Open => {
                    let from = path
                        .iter()
                        .position(|&(on_path, ..)| on_path == to)
                        .unwrap_or(0);
                    let mut cycle: Vec<usize> =
                        path[from + 1..].iter().map(|&(_, rule, _)| rule).collect();
                    cycle.push(rule);
                    found(&cycle);
                }
                State::Done(_) => {}
            }
        }
    }

    /// The longest way from a type on, which is longer than a way may be.
    fn too_deep(&self, first: usize, depth: impl Fn(usize) -> usize) -> Diagnostic {
        let mut way = Vec::new();
        let mut ty = first;
        while way.len() <= MAX_DERIVATION_DEPTH {
            let longest = self.to[ty].iter().max_by_key(|&&(rule, to)| {
                // Of equal ones the rule that comes first.
                (depth(to), Reverse(rule))
            });
            let Some(&(rule, to)) = longest else { break };
            way.push(rule);
            ty = to;
        }
        let [begins, .., exceeds] = &*way else {
            unreachable!("a way that is too long has more than one rule")
        };
        let message =
            format!("more than {MAX_DERIVATION_DEPTH} derived events follow from one another");
        let steps = |rules: &[usize]| {
            let names = rules.iter().map(|&rule| &*self.rules[rule].name);
            names.collect::<Vec<_>>().join(" -> ")
        };
        let shown = way.len() - 3;
        Diagnostic::error(bounds::BEYOND_LIMIT, self.names[*begins], message)
            .with_primary_label("the chain begins here")
            .with_label(
                self.names[*exceeds],
                format!("derivation {} of it", way.len()),
            )
            .with_note(format!(
                "the chain is {} -> ... -> {}",
                steps(&way[..3]),
                steps(&way[shown..])
            ))
    }

    fn cycle(&self, cycle: &[usize], registry: &Registry) -> Diagnostic {
        let emitted = |rule: &Rule| {
            rule.emit
                .as_ref()
                .map_or("?", |emit| type_name(registry, emit.type_id))
        };
        let rules: Vec<&Rule> = cycle.iter().map(|&rule| &self.rules[rule]).collect();
        let last = rules[rules.len() - 1];
        let steps: Vec<String> = rules
            .iter()
            .map(|rule| format!("{} -> {}", rule.name, emitted(rule)))
            .collect();
        let message = format!(
            "events go in a circle: {} -> {}",
            emitted(last),
            steps.join(" -> ")
        );
        let mut places = cycle.iter().zip(&rules);
        let (first, rule) = places.next().expect("a circle has a rule");
        let mut error = Diagnostic::error(codes::EMIT_CYCLE, self.names[*first], message)
            .with_primary_label(format!("emits `{}`", emitted(rule)));
        for (place, rule) in places {
            error = error.with_label(self.names[*place], format!("emits `{}`", emitted(rule)));
        }
        error
    }
}

fn type_name(registry: &Registry, id: TypeId) -> &str {
    &registry.get(id).name
}

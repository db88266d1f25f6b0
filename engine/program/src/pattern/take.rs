//! A run that waits in a node takes an event, skips it, or passes a deadline.

use super::enter::{Before, Out, begin_all, closed, go_on, go_round, put};
use super::rest::Rest;
use super::{Contiguity, Node};

pub(super) struct TakenHere {
    pub(super) element: u16,
    pub(super) must: bool,
    pub(super) outs: Vec<Out>,
    pub(super) back: u64,
    pub(super) back_spans: u64,
}

impl TakenHere {
    fn map(self, outs: impl FnOnce(Vec<Out>) -> Vec<Out>) -> Self {
        Self {
            outs: outs(self.outs),
            ..self
        }
    }
}

/// The ways in which an event can be taken.
pub(super) fn take(node: &Node, rest: &Rest, fits: u64) -> Vec<TakenHere> {
    match (node, rest) {
        (
            Node::Element(element),
            Rest::Element {
                contiguity,
                back,
                back_spans,
                ..
            },
        ) => {
            let taken = TakenHere {
                element: *element,
                must: *contiguity != Contiguity::Any,
                outs: vec![Out::through(Before::behind(Contiguity::Relaxed, 0))],
                back: *back,
                back_spans: *back_spans,
            };
            (fits >> element & 1 == 1)
                .then_some(taken)
                .into_iter()
                .collect()
        }
        (Node::Sequence(parts), Rest::Sequence(part, rest)) => {
            let taken = take(&parts[usize::from(*part)].1, rest, fits).into_iter();
            taken
                .map(|taken| taken.map(|outs| go_on(parts, *part, outs, true)))
                .collect()
        }
        (Node::Either(nodes), Rest::Either(chosen, rest)) => {
            let wrap = |out: Out| out.wrapped(|rest| Rest::Either(*chosen, rest.into()));
            let taken = take(&nodes[usize::from(*chosen)], rest, fits).into_iter();
            let taken = taken.map(|taken| taken.map(|outs| outs.into_iter().map(wrap).collect()));
            taken.collect()
        }
        (
            Node::Both(nodes, without),
            Rest::Both {
                before,
                rests,
                forbids,
            },
        ) => {
            let mut all = Vec::new();
            let may_skip = matches!(before, Some((Contiguity::Any, _)));
            for (index, node) in nodes.iter().enumerate() {
                // For the others it is skipped, though it may fit.
                let others = nodes.iter().zip(rests).enumerate();
                let mut others = others.filter(|(other, _)| *other != index);
                if !others.all(|(_, (node, rest))| can_skip(node, rest, 0, None)) {
                    continue;
                }
                let run = Out::waiting(
                    Rest::Both {
                        before: None,
                        rests: rests.clone(),
                        forbids: *forbids,
                    },
                    Before::behind(Contiguity::Relaxed, 0),
                );
                let taken = take(node, &rests[index], fits).into_iter();
                all.extend(taken.map(|mut taken| {
                    taken.must &= !may_skip;
                    taken.map(|outs| {
                        let runs = outs.into_iter().flat_map(|out| {
                            begin_all(nodes, put(run.clone(), nodes, index, out)).into_iter()
                        });
                        runs.map(|run| closed(run, nodes, *without)).collect()
                    })
                }));
            }
            all
        }
        (Node::Repeat(repeat), Rest::Repeat(completed, rest)) => {
            let taken = take(&repeat.node, rest, fits).into_iter();
            taken
                .map(|taken| taken.map(|outs| go_round(repeat, *completed, outs)))
                .collect()
        }
        _ => Vec::new(),
    }
}

/// Can a run go on without an event? `before` is the arrow before the `and`s around, none of which has taken an event.
pub(super) fn can_skip(node: &Node, rest: &Rest, fits: u64, before: Option<Contiguity>) -> bool {
    match (node, rest) {
        (Node::Element(element), Rest::Element { contiguity, .. }) => {
            match both(before, *contiguity) {
                Contiguity::Strict => false,
                Contiguity::Any => true,
                Contiguity::Relaxed => fits >> element & 1 == 0,
            }
        }
        (Node::Sequence(parts), Rest::Sequence(part, rest)) => {
            can_skip(&parts[usize::from(*part)].1, rest, fits, before)
        }
        (Node::Either(nodes), Rest::Either(chosen, rest)) => {
            can_skip(&nodes[usize::from(*chosen)], rest, fits, before)
        }
        (
            Node::Both(nodes, _),
            Rest::Both {
                before: own, rests, ..
            },
        ) => {
            let before = own.map(|(contiguity, _)| both(before, contiguity));
            let mut operands = nodes.iter().zip(rests);
            operands.all(|(node, rest)| can_skip(node, rest, fits, before))
        }
        (Node::Repeat(repeat), Rest::Repeat(_, rest)) => can_skip(&repeat.node, rest, fits, before),
        _ => true,
    }
}

/// What may be skipped where two arrows count: behind `=>` nothing, behind `~>` also what fits.
fn both(before: Option<Contiguity>, own: Contiguity) -> Contiguity {
    match (before, own) {
        (Some(Contiguity::Strict), _) | (_, Contiguity::Strict) => Contiguity::Strict,
        (Some(Contiguity::Any), _) | (_, Contiguity::Any) => Contiguity::Any,
        _ => Contiguity::Relaxed,
    }
}

/// Where a run comes to when silences have passed: it stands in a node that has one of them, or not.
pub(super) fn pass(node: &Node, rest: &Rest, due: u64) -> Vec<Out> {
    let carry = Before::behind(Contiguity::Relaxed, 0);
    match (node, rest) {
        (Node::Silence(span), Rest::Silence(forbids)) if due >> span & 1 == 1 => {
            vec![Out::through(Before::behind(Contiguity::Relaxed, *forbids))]
        }
        (Node::Sequence(parts), Rest::Sequence(part, rest)) => {
            let outs = pass(&parts[usize::from(*part)].1, rest, due);
            go_on(parts, *part, outs, true)
        }
        (Node::Either(nodes), Rest::Either(chosen, rest)) => {
            let outs = pass(&nodes[usize::from(*chosen)], rest, due).into_iter();
            let wrap = |out: Out| out.wrapped(|rest| Rest::Either(*chosen, rest.into()));
            outs.map(wrap).collect()
        }
        (Node::Both(nodes, without), Rest::Both { rests, .. }) => {
            let mut runs = vec![Out::waiting(rest.clone(), carry)];
            for (index, (node, rest)) in nodes.iter().zip(rests).enumerate() {
                if *rest == Rest::Done {
                    continue;
                }
                let outs = pass(node, rest, due);
                runs = runs
                    .into_iter()
                    .flat_map(|run| {
                        let outs = outs.iter().cloned();
                        outs.map(move |out| put(run.clone(), nodes, index, out))
                            .collect::<Vec<_>>()
                    })
                    .collect();
            }
            runs.into_iter()
                .map(|run| closed(run, nodes, *without))
                .collect()
        }
        (Node::Repeat(repeat), Rest::Repeat(completed, rest)) => {
            go_round(repeat, *completed, pass(&repeat.node, rest, due))
        }
        _ => vec![Out::waiting(rest.clone(), carry)],
    }
}

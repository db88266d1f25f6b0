//! A run comes to a node: where it may wait in it, or that it is through with it.

use super::rest::{Choice, Rest};
use super::{Contiguity, Node, Repeat};

/// What comes with a run to a node.
#[derive(Clone, Copy)]
pub(super) struct Before {
    pub(super) contiguity: Contiguity,
    pub(super) forbids: u64,
    /// Has the run begun?
    pub(super) begun: bool,
    pub(super) back: u64,
    pub(super) back_spans: u64,
    /// Has a `not` been passed in the node since the run came to it? Then the groups around that have begun.
    pub(super) passed: bool,
}

impl Before {
    pub(super) fn behind(contiguity: Contiguity, forbids: u64) -> Self {
        Self {
            contiguity,
            forbids,
            begun: true,
            back: 0,
            back_spans: 0,
            passed: false,
        }
    }
}

/// A run in a node: waiting there, or through with it.
#[derive(Clone)]
pub(super) struct Out {
    /// `Done`: through.
    pub(super) rest: Rest,
    /// With what it comes to what is behind.
    pub(super) carry: Before,
    pub(super) path: Vec<Choice>,
    pub(super) starts: u64,
    pub(super) closes: Vec<u64>,
}

impl Out {
    pub(super) fn through(carry: Before) -> Self {
        Self::waiting(Rest::Done, carry)
    }

    pub(super) fn waiting(rest: Rest, carry: Before) -> Self {
        Self {
            rest,
            carry,
            path: Vec::new(),
            starts: 0,
            closes: Vec::new(),
        }
    }

    pub(super) fn is_through(&self) -> bool {
        self.rest == Rest::Done
    }

    pub(super) fn wrapped(mut self, wrap: impl FnOnce(Rest) -> Rest) -> Self {
        if !self.is_through() {
            self.rest = wrap(self.rest);
        }
        self
    }

    /// What follows this one, which came to `next`.
    pub(super) fn then(self, next: Self) -> Self {
        let mut path = self.path;
        path.extend(next.path.iter().copied());
        let mut closes = self.closes;
        closes.extend(next.closes.iter().copied());
        Self {
            path,
            starts: self.starts | next.starts,
            closes,
            ..next
        }
    }
}

/// The runs of one that comes to a node.
pub(super) fn enter(node: &Node, before: Before) -> Vec<Out> {
    match node {
        Node::Element(_) => {
            let rest = Rest::Element {
                contiguity: before.contiguity,
                forbids: before.forbids,
                back: before.back,
                back_spans: before.back_spans,
            };
            vec![Out::waiting(rest, before)]
        }
        Node::Not(elements) => {
            let (mut forbids, mut back) = (before.forbids, before.back);
            *(if before.begun {
                &mut forbids
            } else {
                &mut back
            }) |= elements;
            vec![Out::through(Before {
                forbids,
                back,
                passed: true,
                ..before
            })]
        }
        Node::Silence(span) if before.begun => vec![silent(*span, before)],
        Node::Silence(span) => vec![Out::through(Before {
            back_spans: before.back_spans | 1 << span,
            passed: true,
            ..before
        })],
        Node::Sequence(parts) => {
            let before = Before {
                passed: false,
                ..before
            };
            go_on(parts, 0, enter(&parts[0].1, before), false)
        }
        Node::Either(nodes) => {
            let alternatives = nodes.iter().zip(0..).flat_map(|(node, index)| {
                enter(node, before).into_iter().map(move |out| {
                    let mut out = out.wrapped(|rest| Rest::Either(index, rest.into()));
                    out.path.insert(0, choice(index, true));
                    out
                })
            });
            alternatives.collect()
        }
        Node::Both(nodes, _) => enter_both(nodes, before),
        Node::Repeat(repeat) => rounds(repeat, 0, before),
    }
}

pub(super) fn silent(span: u16, before: Before) -> Out {
    Out {
        starts: 1 << span,
        ..Out::waiting(Rest::Silence(before.forbids), before)
    }
}

/// Runs that are in or through a part of a sequence go on as far as they get.
pub(super) fn go_on(
    parts: &[(Contiguity, Node)],
    part: u16,
    outs: Vec<Out>,
    begun: bool,
) -> Vec<Out> {
    let mut all = Vec::new();
    for mut out in outs {
        out.carry.passed |= begun;
        let begun = out.carry.passed;
        let next = parts.get(usize::from(part) + 1);
        match next {
            Some((contiguity, node)) if out.is_through() => {
                let contiguity = if begun {
                    *contiguity
                } else {
                    out.carry.contiguity
                };
                let before = Before {
                    contiguity,
                    passed: false,
                    ..out.carry
                };
                let next = enter(node, before)
                    .into_iter()
                    .map(|next| out.clone().then(next));
                all.extend(go_on(parts, part + 1, next.collect(), begun));
            }
            _ => all.push(out.wrapped(|rest| Rest::Sequence(part, rest.into()))),
        }
    }
    all
}

pub(super) fn enter_both(nodes: &[Node], before: Before) -> Vec<Out> {
    if !before.begun {
        // One operand takes the first event; the others begin then.
        let operands = nodes.iter().enumerate();
        let operands = operands.filter(|(_, node)| !matches!(node, Node::Silence(_)));
        let each = operands.flat_map(|(index, node)| {
            enter(node, before).into_iter().map(move |out| {
                let mut rests = vec![Rest::Fresh; nodes.len()].into_boxed_slice();
                out.wrapped(|rest| {
                    rests[index] = rest;
                    Rest::Both {
                        before: Some((before.contiguity, before.forbids)),
                        rests,
                        forbids: 0,
                    }
                })
            })
        });
        return each.collect();
    }
    let inside = Before::behind(Contiguity::Relaxed, 0);
    let first = Rest::Both {
        before: Some((before.contiguity, before.forbids)),
        rests: vec![Rest::Fresh; nodes.len()].into(),
        forbids: 0,
    };
    begin_all(nodes, Out::waiting(first, inside))
}

/// Lets all operands begin that have not.
pub(super) fn begin_all(nodes: &[Node], run: Out) -> Vec<Out> {
    let mut runs = vec![run];
    for (index, node) in nodes.iter().enumerate() {
        let is_fresh = |run: &Out| matches!(&run.rest, Rest::Both { rests, .. } if rests[index] == Rest::Fresh);
        runs = runs
            .into_iter()
            .flat_map(|run| {
                if !is_fresh(&run) {
                    return vec![run];
                }
                let inside = Before::behind(Contiguity::Relaxed, 0);
                let entered = enter(node, inside).into_iter();
                entered
                    .map(|out| put(run.clone(), nodes, index, out))
                    .collect()
            })
            .collect();
    }
    runs
}

/// A run of an `and` in which an operand has come to `out`.
pub(super) fn put(run: Out, nodes: &[Node], index: usize, mut out: Out) -> Out {
    let Rest::Both {
        before,
        mut rests,
        forbids,
    } = run.rest.clone()
    else {
        unreachable!("a run of an `and`")
    };
    let carried = if out.is_through() {
        out.carry.forbids
    } else {
        0
    };
    rests[index] = out.rest.clone();
    let rest = Rest::Both {
        before,
        rests,
        forbids: forbids | carried,
    };
    for choice in &mut out.path {
        if (choice.elements, choice.spans) == (0, 0) {
            (choice.elements, choice.spans) = (elements(&nodes[index]), silences(&nodes[index]));
        }
    }
    let carry = run.carry;
    run.then(Out { rest, carry, ..out })
}

/// A run of an `and`, through with it if all operands are done.
pub(super) fn closed(out: Out, nodes: &[Node], without: u64) -> Out {
    match &out.rest {
        Rest::Both { rests, forbids, .. } if rests.iter().all(|rest| *rest == Rest::Done) => {
            let mut closes = out.closes;
            closes.push(nodes.iter().fold(0, |all, node| all | elements(node)));
            Out {
                carry: Before::behind(Contiguity::Relaxed, forbids | without),
                rest: Rest::Done,
                closes,
                ..out
            }
        }
        _ => out,
    }
}

/// The elements that take events in a node.
pub(super) fn elements(node: &Node) -> u64 {
    match node {
        Node::Element(element) => 1 << element,
        Node::Not(_) | Node::Silence(_) => 0,
        Node::Sequence(parts) => parts.iter().fold(0, |all, (_, node)| all | elements(node)),
        Node::Either(nodes) | Node::Both(nodes, _) => {
            nodes.iter().fold(0, |all, node| all | elements(node))
        }
        Node::Repeat(repeat) => elements(&repeat.node),
    }
}

/// The ways of a repetition.
const STAY: u16 = 0;
const LEAVE: u16 = 1;

/// A choice; in which operand it is made, those around it say.
fn choice(way: u16, competes: bool) -> Choice {
    Choice {
        way,
        competes,
        elements: 0,
        spans: 0,
    }
}

/// The silences that pass in a node.
fn silences(node: &Node) -> u64 {
    match node {
        Node::Element(_) | Node::Not(_) => 0,
        Node::Silence(span) => 1 << span,
        Node::Sequence(parts) => parts.iter().fold(0, |all, (_, node)| all | silences(node)),
        Node::Either(nodes) | Node::Both(nodes, _) => {
            nodes.iter().fold(0, |all, node| all | silences(node))
        }
        Node::Repeat(repeat) => silences(&repeat.node),
    }
}

/// The runs of one that has done so many rounds.
pub(super) fn rounds(repeat: &Repeat, completed: u32, before: Before) -> Vec<Out> {
    let stays = repeat.max.is_none_or(|max| completed < max);
    let leaves = completed >= repeat.min;
    let branch = |mut out: Out, way: u16| {
        if stays && leaves {
            out.path.insert(0, choice(way, way == STAY));
        }
        out
    };
    let counted = repeat.max.map_or(completed.min(repeat.min), |_| completed);
    let mut all = Vec::new();
    if stays {
        let inside = enter(&repeat.node, before).into_iter();
        let inside = inside.map(|out| out.wrapped(|rest| Rest::Repeat(counted, rest.into())));
        all.extend(inside.map(|out| branch(out, STAY)));
    }
    if leaves {
        let left = branch(Out::through(before), LEAVE);
        let at = if repeat.reluctant { 0 } else { all.len() };
        all.insert(at, left);
    }
    all
}

/// Runs in a round go on where the round is done.
pub(super) fn go_round(repeat: &Repeat, completed: u32, outs: Vec<Out>) -> Vec<Out> {
    let go = |out: Out| {
        if !out.is_through() {
            return vec![out.wrapped(|rest| Rest::Repeat(completed, rest.into()))];
        }
        let before = Before::behind(repeat.contiguity, out.carry.forbids);
        let next = rounds(repeat, completed + 1, before).into_iter();
        next.map(|next| out.clone().then(next)).collect()
    };
    outs.into_iter().flat_map(go).collect()
}

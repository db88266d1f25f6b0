//! In how many ways a run goes on from one moment.
//!
//! Choices that follow one another add up, those of an `and`'s operands multiply: a short text may have more ways than
//! any evaluator can try. So they are counted, without walking them, before anything does.

use super::{Node, Repeat};

/// Ways that lead to a part, or on from one of its events: no fewer than there are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Ways {
    /// That wait in it.
    waits: u64,
    /// That are through with it.
    through: u64,
}

impl Ways {
    const WAITS: Self = Self {
        waits: 1,
        through: 0,
    };
    const THROUGH: Self = Self {
        waits: 0,
        through: 1,
    };

    fn total(self) -> u64 {
        self.waits.saturating_add(self.through)
    }

    /// Those of which each that is through comes to what is behind.
    fn then(self, next: Self) -> Self {
        Self {
            waits: self
                .waits
                .saturating_add(self.through.saturating_mul(next.waits)),
            through: self.through.saturating_mul(next.through),
        }
    }

    fn or(self, other: Self) -> Self {
        Self {
            waits: self.waits.saturating_add(other.waits),
            through: self.through.saturating_add(other.through),
        }
    }

    /// At least as many as either.
    fn most(self, other: Self) -> Self {
        Self {
            waits: self.waits.max(other.waits),
            through: self.through.max(other.through),
        }
    }
}

/// What happens at a moment.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Moment {
    Event,
    /// Silences pass, any number of them.
    Deadline,
}

impl Node {
    /// No fewer than the ways in which a match of this pattern may begin, or a run may go on from one event or deadline.
    /// [`verify`](crate::verify) holds it to [`MAX_WAYS`](crate::limits::MAX_WAYS).
    pub fn ways(&self) -> u64 {
        let begins = enter(self, false).total();
        let goes_on = |moment| after(self, moment).total();
        begins
            .max(goes_on(Moment::Event))
            .max(goes_on(Moment::Deadline))
    }
}

/// Of a run that comes to a part, and has begun or not.
fn enter(node: &Node, begun: bool) -> Ways {
    match node {
        Node::Element(_) => Ways::WAITS,
        Node::Not(_) => Ways::THROUGH,
        Node::Silence(_) if begun => Ways::WAITS,
        Node::Silence(_) => Ways::THROUGH,
        Node::Sequence(parts) => {
            let parts = parts.iter().map(|(_, part)| enter(part, begun));
            parts.fold(Ways::THROUGH, Ways::then)
        }
        Node::Either(nodes) => {
            let nodes = nodes.iter().map(|node| enter(node, begun));
            nodes.fold(Ways::default(), Ways::or)
        }
        // One operand takes the first event.
        Node::Both(nodes, _) if !begun => {
            let nodes = nodes.iter().map(|node| enter(node, false));
            nodes.fold(Ways::default(), Ways::or)
        }
        Node::Both(nodes, _) => Ways {
            waits: product(nodes.iter().map(|node| enter(node, true).total())),
            through: 0,
        },
        Node::Repeat(repeat) => {
            let stays = enter(&repeat.node, begun);
            if repeat.min == 0 {
                stays.or(Ways::THROUGH)
            } else {
                stays
            }
        }
    }
}

/// Of a run that waits in a part, wherever in it, from a moment on.
fn after(node: &Node, moment: Moment) -> Ways {
    match node {
        Node::Element(_) if moment == Moment::Event => Ways::THROUGH,
        Node::Silence(_) if moment == Moment::Deadline => Ways::THROUGH,
        // It waits on.
        Node::Element(_) | Node::Silence(_) => Ways::WAITS,
        Node::Not(_) => Ways::default(),
        Node::Sequence(parts) => {
            let (mut most, mut behind) = (Ways::default(), Ways::THROUGH);
            for (_, part) in parts.iter().rev() {
                most = most.most(after(part, moment).then(behind));
                behind = enter(part, true).then(behind);
            }
            most
        }
        Node::Either(nodes) => {
            let nodes = nodes.iter().map(|node| after(node, moment));
            nodes.fold(Ways::default(), Ways::most)
        }
        Node::Both(nodes, _) => both(nodes, moment),
        Node::Repeat(repeat) => after(&repeat.node, moment).then(round(repeat)),
    }
}

/// Of a run that has done a round.
fn round(repeat: &Repeat) -> Ways {
    enter(&repeat.node, true).or(Ways::THROUGH)
}

fn both(nodes: &[Node], moment: Moment) -> Ways {
    let each = nodes.iter().map(|node| after(node, moment));
    match moment {
        // It comes to all operands at once.
        Moment::Deadline => Ways {
            waits: product(each.clone().map(|ways| ways.total().max(1))),
            through: product(each.map(|ways| ways.through.max(1))),
        },
        // One operand takes it: the last, or where it is the match's first event, and the others begin.
        Moment::Event => {
            let all = each.clone().zip(0..).map(|(ways, index)| {
                let others = nodes.iter().zip(0..).filter(|(_, other)| *other != index);
                let begin = others.map(|(node, _)| enter(node, true).total());
                ways.total().saturating_mul(product(begin))
            });
            Ways {
                waits: all.fold(0, u64::saturating_add),
                through: each.fold(0, |most, ways| most.max(ways.through)),
            }
        }
    }
}

fn product(factors: impl Iterator<Item = u64>) -> u64 {
    factors.fold(1, u64::saturating_mul)
}

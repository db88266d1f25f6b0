//! What runs have bound: lists that share their beginnings, newest event first.

use super::events::{EventId, Events, SPARE};

/// A list.
pub(super) type ListId = u32;

/// The list without an event.
pub(super) const EMPTY: ListId = u32::MAX;

#[derive(Clone, Copy, Debug)]
struct Node {
    event: EventId,
    before: ListId,
    holders: u32,
    element: u16,
}

/// The lists of one rule.
#[derive(Debug, Default)]
pub(super) struct Bindings {
    nodes: Vec<Node>,
    free: Vec<ListId>,
}

impl Bindings {
    /// A list with one more event, for one holder; the one before is held by it.
    pub(super) fn push(
        &mut self,
        events: &mut Events,
        before: ListId,
        (element, event): (u16, EventId),
    ) -> ListId {
        events.hold(event);
        self.hold(before);
        let node = Node {
            event,
            before,
            holders: 1,
            element,
        };
        match self.free.pop() {
            Some(id) => {
                self.nodes[id as usize] = node;
                id
            }
            None => {
                self.nodes.push(node);
                self.nodes.len() as ListId - 1
            }
        }
    }

    pub(super) fn hold(&mut self, id: ListId) {
        if id != EMPTY {
            self.nodes[id as usize].holders += 1;
        }
    }

    /// One holder less; what nobody holds any more is given up.
    pub(super) fn release(&mut self, events: &mut Events, mut id: ListId) {
        while id != EMPTY {
            let node = &mut self.nodes[id as usize];
            node.holders -= 1;
            if node.holders > 0 {
                return;
            }
            events.release(node.event);
            self.free.push(id);
            id = node.before;
        }
        if self.free.len() == self.nodes.len() && self.nodes.len() > SPARE {
            // What grew in a flood is given back.
            *self = Self::default();
        }
    }

    /// Element and event of each binding, the newest first.
    pub(super) fn iter(&self, mut id: ListId) -> impl Iterator<Item = (u16, EventId)> + '_ {
        core::iter::from_fn(move || {
            let node = self.nodes.get(id as usize)?;
            id = node.before;
            Some((node.element, node.event))
        })
    }

    /// Have two lists the same events in the same places?
    pub(super) fn are_equal(&self, mut a: ListId, mut b: ListId) -> bool {
        while a != b {
            let (Some(x), Some(y)) = (self.nodes.get(a as usize), self.nodes.get(b as usize))
            else {
                return false;
            };
            if (x.element, x.event) != (y.element, y.event) {
                return false;
            }
            (a, b) = (x.before, y.before);
        }
        true
    }

    pub(super) fn bytes(&self) -> usize {
        (self.nodes.len() - self.free.len()) * (size_of::<Node>() + size_of::<ListId>())
    }
}

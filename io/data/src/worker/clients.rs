//! The connections of one shard, and the lists in which they stand.

use std::collections::VecDeque;

use super::connection::{Connection, Waits};
use super::frames::{Buffers, Received};
use super::subscribers::Wanted;
use crate::driver::ConnId;

/// See the module's description.
pub(super) struct Clients {
    /// By the index of their ids.
    table: Vec<Option<Box<Connection>>>,
    count: usize,
    pub(super) buffers: Buffers,
    /// Those that wait, in order.
    held: VecDeque<ConnId>,
    /// Those that an ACK is due to.
    pub(super) acks: Vec<ConnId>,
    /// Those with subscriptions.
    pub(super) subscribers: Vec<ConnId>,
    /// Bytes of declared types, over all.
    pub(super) declared: usize,
    /// Some connection has a deadline: it has not introduced itself, or is amid a frame.
    pub(super) some_have_deadlines: bool,
}

impl Clients {
    /// For a driver with so many places.
    pub(super) fn new(capacity: usize) -> Self {
        Self {
            table: (0..capacity).map(|_| None).collect(),
            count: 0,
            buffers: Buffers::default(),
            held: VecDeque::new(),
            acks: Vec::new(),
            subscribers: Vec::new(),
            declared: 0,
            some_have_deadlines: false,
        }
    }

    pub(super) fn len(&self) -> usize {
        self.count
    }

    pub(super) fn insert(&mut self, id: ConnId, now: u64) {
        self.table[id.index()] = Some(Box::new(Connection::new(id, now)));
        self.count += 1;
        self.some_have_deadlines = true;
    }

    /// The connection, unless it is over.
    pub(super) fn get(&mut self, id: ConnId) -> Option<&mut Connection> {
        self.any(id).filter(|connection| !connection.is_over)
    }

    fn any(&mut self, id: ConnId) -> Option<&mut Connection> {
        self.table[id.index()]
            .as_deref_mut()
            .filter(|connection| connection.id == id)
    }

    /// All connections that are not over.
    pub(super) fn iter(&mut self) -> impl Iterator<Item = &mut Connection> {
        self.table
            .iter_mut()
            .flatten()
            .map(|connection| &mut **connection)
            .filter(|c| !c.is_over)
    }

    /// Ends a connection's part here: what it holds is given back. `None` if that was done before. What is returned
    /// still has its stream and its subscriptions.
    pub(super) fn retire(&mut self, id: ConnId) -> Option<&mut Connection> {
        let Self {
            table,
            buffers,
            declared,
            subscribers,
            ..
        } = self;
        let connection = table[id.index()]
            .as_deref_mut()
            .filter(|connection| connection.id == id && !connection.is_over)?;
        connection.is_over = true;
        for received in connection.inbox.drain(..) {
            if let Received::Frame(buffer, _) = received {
                buffers.give_back(buffer);
            }
        }
        connection.head.clear();
        *declared -= core::mem::take(&mut connection.declared_bytes);
        connection.declared.clear();
        connection.bindings.clear();
        if !connection.subscriptions.is_empty() {
            subscribers.retain(|&other| other != id);
        }
        Some(connection)
    }

    /// The driver has let go of a connection.
    pub(super) fn remove(&mut self, id: ConnId) {
        if let Some(filling) = self.any(id).and_then(|connection| connection.filling) {
            self.buffers.lost(filling.buffer);
        }
        if self.any(id).is_some() {
            self.table[id.index()] = None;
            self.count -= 1;
        }
    }

    /// The driver has filled a connection's frame buffer: how long the frame is.
    pub(super) fn filled(&mut self, id: ConnId) -> Option<usize> {
        let filling = self.any(id)?.filling.take()?;
        Some(filling.frame)
    }

    /// From here on the connection waits. Returns whether it did not before. It does not stand in the list: it is new
    /// there, or was just released.
    pub(super) fn hold(&mut self, id: ConnId, waits: Waits) -> bool {
        let Some(connection) = self.get(id) else {
            return false;
        };
        let is_new = connection.waits.replace(waits).is_none();
        self.held.push_back(id);
        is_new
    }

    /// Takes those out that waited for something that has come, to be tried again; they still count as waiting.
    pub(super) fn released(&mut self, is_intake_open: bool) -> Vec<ConnId> {
        let has_buffers = self.buffers.can_lend();
        let mut released = Vec::new();
        let mut held = core::mem::take(&mut self.held);
        held.retain(
            |&id| match self.get(id).and_then(|connection| connection.waits) {
                Some(Waits::ForIntake) if !is_intake_open => true,
                Some(Waits::ForBuffer) if !has_buffers => true,
                waits => {
                    released.extend(waits.map(|_| id));
                    false
                }
            },
        );
        self.held = held;
        released
    }

    /// Would [`Clients::released`] find any?
    pub(super) fn any_released(&mut self, is_intake_open: bool) -> bool {
        if self.held.is_empty() {
            return false;
        }
        let has_buffers = self.buffers.can_lend();
        let table = &self.table;
        self.held.iter().any(|id| {
            let connection = table[id.index()]
                .as_deref()
                .filter(|c| c.id == *id && !c.is_over);
            match connection.and_then(|connection| connection.waits) {
                Some(Waits::ForIntake) => is_intake_open,
                Some(Waits::ForBuffer) => has_buffers,
                None => true,
            }
        })
    }

    pub(super) fn held(&self) -> usize {
        self.held.len()
    }

    /// Subscriptions of all connections.
    pub(super) fn subscriptions(&mut self) -> usize {
        self.iter()
            .map(|connection| connection.subscriptions.len())
            .sum()
    }

    /// What the subscribers want.
    pub(super) fn wanted(&mut self) -> Wanted {
        let mut wanted = Wanted::default();
        for id in self.subscribers.clone() {
            for subscription in self.get(id).into_iter().flat_map(|c| &c.subscriptions) {
                subscription.add_to(&mut wanted);
            }
        }
        wanted
    }
}

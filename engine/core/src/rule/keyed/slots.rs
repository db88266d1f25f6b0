//! Keys, timers and limits, by slot.

use super::NEVER;
use crate::key::Keys;
use crate::rule::context::Context;
use crate::rule::limit::Logs;
use crate::rule::resting::Resting;
use crate::rule::room::Room;
use crate::timer::Wheel;

/// Keys, timers and limits of one rule on one shard.
#[derive(Clone, Debug)]
pub(crate) struct Core {
    pub(crate) keys: Keys,
    pub(super) wheel: Wheel,
    /// When each slot's timer stands; `NEVER` for none.
    pub(super) armed: Vec<i64>,
    /// What the limit of each of its rules counts.
    pub(super) logs: Vec<Option<Logs>>,
    pub(super) resting: Resting,
    pub(super) room: Room,
    /// Counts, from 1 on and within a step, what may change which keys have which slots, were seen lately, and
    /// [join](Machine::joins) stretches.
    pub(crate) changes: u32,
    /// Had the last stretch room for all that it might bring?
    pub(super) is_roomy: bool,
}

impl Core {
    /// What was sure of keys is so no more.
    pub(super) fn change(&mut self) {
        self.changes = self.changes.saturating_add(1);
    }

    /// What is sure is so until there is another change: up to which. 0, where nobody could tell the next one.
    #[inline]
    pub(crate) fn sure(&self) -> u32 {
        if self.changes == u32::MAX {
            0
        } else {
            self.changes
        }
    }

    /// Does the rule have a limit?
    pub(crate) fn is_limited(&self, cx: &Context<'_>) -> bool {
        self.logs.get(cx.member).is_some_and(Option::is_some)
    }

    /// May the key fire now? Counts what the rule's limit holds back.
    #[inline]
    pub(crate) fn admit(&mut self, cx: &mut Context<'_>, slot: u32, now: i64) -> bool {
        let logs = self.logs.get_mut(cx.member).and_then(Option::as_mut);
        let admitted = logs.is_none_or(|logs| logs.admit(slot, now));
        cx.counters.held_back += u64::from(!admitted);
        admitted
    }

    /// Sets a slot's timer if it stands later than `deadline`, or not at all.
    pub(crate) fn arm(&mut self, slot: u32, deadline: i64) {
        let armed = &mut self.armed[slot as usize];
        if deadline < *armed {
            *armed = deadline;
            self.wheel.arm(slot, deadline);
        }
    }

    /// Is there room for another key?
    pub(crate) fn has_room(&self) -> bool {
        self.keys.len() < self.room.keys
    }

    /// A machine has ended a key by itself: frees its slot unless the limit remembers it.
    pub(crate) fn release(&mut self, slot: u32, now: i64) {
        match self.remembered_until(slot, now) {
            Some(forgotten) => self.arm(slot, forgotten),
            None => self.remove(slot),
        }
    }

    /// Until when a limit remembers the key's firings, if beyond `now`.
    pub(super) fn remembered_until(&self, slot: u32, now: i64) -> Option<i64> {
        let logs = self.logs.iter().flatten();
        logs.filter_map(|logs| logs.forgotten_at(slot))
            .max()
            // Past the end of time nothing is forgotten.
            .filter(|&forgotten| forgotten > now || forgotten == i64::MAX)
    }

    /// Do slots, long keys and firings, together with `kept` bytes of events, take more than there is room for?
    pub(super) fn is_over(&self, kept: usize) -> bool {
        self.bytes() + kept > self.room.bytes
    }

    /// Bytes of slots, long keys and firings.
    pub(super) fn bytes(&self) -> usize {
        let logs: usize = self.logs.iter().flatten().map(Logs::bytes).sum();
        self.keys.slots() * self.room.slot_bytes + self.keys.bytes() + logs
    }

    /// Gives a key that has none a slot; there is room for it.
    pub(crate) fn insert(&mut self, encoded: &[u8]) -> u32 {
        let slot = self.keys.insert(encoded);
        if self.armed.len() <= slot as usize {
            self.armed.resize(slot as usize + 1, NEVER);
        }
        slot
    }

    pub(super) fn remove(&mut self, slot: u32) {
        self.change();
        self.keys.remove(slot);
        self.disarm(slot);
        for logs in self.logs.iter_mut().flatten() {
            logs.clear(slot);
        }
    }

    pub(super) fn disarm(&mut self, slot: u32) {
        if core::mem::replace(&mut self.armed[slot as usize], NEVER) != NEVER {
            self.wheel.disarm(slot);
        }
    }
}

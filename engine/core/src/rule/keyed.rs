//! The part that all rules with state share: keys, slots, timers, limits, eviction.
//!
//! A rule's own part is a [`Machine`]: what one key remembers, how a row changes it, and at which instant
//! it changes by itself. Timers are armed lazily: a slot's timer never stands later than the slot's
//! deadline, but may stand earlier, and is then set anew when it goes off. So a deadline that moves with
//! every event costs nothing an event.

use trapjaw_program::Rule;

use super::context::Context;
use super::feed::{At, Home, KeyReader, merged};
use super::limit::Logs;
use crate::config::Config;
use crate::key::{Keys, SlotId};
use crate::timer::Wheel;

/// No room for another row: keys have to go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Full;

/// What a rule remembers of each key, by slot, and how that changes.
pub(crate) trait Machine {
    /// Does a row give a key that has no slot one?
    fn opens(&self, cx: &Context<'_>, at: At) -> bool;

    /// Begins a key.
    fn open(&mut self, slot: u32);

    /// Ends a key, whatever it remembers.
    fn close(&mut self, slot: u32);

    /// Takes in a row. Refused for want of room, it has changed nothing but what time alone changes.
    fn take(
        &mut self,
        cx: &mut Context<'_>,
        core: &mut Core,
        slot: u32,
        at: At,
        now: i64,
    ) -> Result<(), Full>;

    /// When the key changes by itself; `None` where it has nothing to remember.
    fn deadline(&self, cx: &Context<'_>, slot: u32) -> Option<i64>;

    /// The key's deadline has come.
    fn expire(&mut self, cx: &mut Context<'_>, core: &mut Core, slot: u32, deadline: i64);

    /// Catches up with what was put off to be done for many rows at once. Called before anything that
    /// could see the difference: the end of a feed's run of rows, an eviction.
    fn flush(&mut self, _cx: &mut Context<'_>, _core: &mut Core) {}

    /// Must `flush` come before this key's deadline is handled?
    fn is_behind(&self, _slot: u32) -> bool {
        false
    }

    /// The end of the step: copies what has to outlive the batch.
    fn settle(&mut self, _cx: &Context<'_>) {}

    /// Does the key wait for the common deadline?
    fn waits(&self, _slot: u32) -> bool {
        false
    }

    /// An instant at which all keys change at once.
    fn common_deadline(&self) -> Option<i64> {
        None
    }

    /// The common deadline has come.
    fn expire_all(&mut self, _cx: &mut Context<'_>, _core: &mut Core, _deadline: i64) {}
}

/// Keys, timers and limits of one rule on one shard.
#[derive(Debug)]
pub(crate) struct Core {
    pub(crate) keys: Keys,
    wheel: Wheel,
    /// When each slot's timer stands; `NEVER` for none.
    armed: Vec<i64>,
    logs: Option<Logs>,
}

const NEVER: i64 = i64::MAX;

impl Core {
    /// May the key fire now? Counts what the rule's limit holds back.
    pub(crate) fn admit(&mut self, cx: &mut Context<'_>, slot: u32, now: i64) -> bool {
        let admitted = self.logs.as_mut().is_none_or(|logs| logs.admit(slot, now));
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

    /// A machine has ended a key by itself: frees its slot unless the limit remembers it.
    pub(crate) fn release(&mut self, slot: u32, now: i64) {
        match self.remembered_until(slot, now) {
            Some(forgotten) => self.arm(slot, forgotten),
            None => self.remove(slot),
        }
    }

    /// Until when the limit remembers the key's firings, if beyond `now`.
    fn remembered_until(&self, slot: u32, now: i64) -> Option<i64> {
        self.logs
            .as_ref()?
            .forgotten_at(slot)
            .filter(|&forgotten| forgotten > now)
    }

    fn insert(&mut self, hash: u64, encoded: &[u8]) -> SlotId {
        let id = self.keys.insert(hash, encoded);
        if self.armed.len() <= id.slot as usize {
            self.armed.resize(id.slot as usize + 1, NEVER);
        }
        id
    }

    fn remove(&mut self, slot: u32) {
        self.keys.remove(slot);
        self.disarm(slot);
        if let Some(logs) = &mut self.logs {
            logs.clear(slot);
        }
    }

    fn disarm(&mut self, slot: u32) {
        if core::mem::replace(&mut self.armed[slot as usize], NEVER) != NEVER {
            self.wheel.disarm(slot);
        }
    }
}

/// A rule with state.
#[derive(Debug)]
pub(crate) struct Keyed<M> {
    machine: M,
    core: Core,
}

impl<M: Machine> Keyed<M> {
    pub(crate) fn new(rule: &Rule, machine: M, config: &Config) -> Self {
        let core = Core {
            keys: Keys::default(),
            wheel: Wheel::new(u32::try_from(config.max_keys).unwrap_or(u32::MAX).max(1)),
            armed: Vec::new(),
            logs: rule.limit.map(Logs::new),
        };
        Self { machine, core }
    }

    /// Number of live keys.
    pub(crate) fn keys(&self) -> usize {
        self.core.keys.len()
    }

    /// A lower bound of the next instant at which something happens by itself.
    pub(crate) fn next_deadline(&self) -> Option<i64> {
        match (self.core.wheel.next_bound(), self.machine.common_deadline()) {
            (Some(a), Some(b)) => Some(a.min(b)),
            (a, b) => a.or(b),
        }
    }

    /// Takes in all feeds and lets time pass up to `now`.
    pub(crate) fn advance(&mut self, cx: &mut Context<'_>, now: i64) {
        let mut readers: Vec<_> = cx.feeds.iter().map(|feed| feed.keys(cx.rule)).collect();
        if let [reader] = &mut *readers {
            for index in 0..cx.feeds[0].rows.len() as u32 {
                self.row(cx, reader, At { feed: 0, index });
            }
        } else {
            let mut current = None;
            for at in merged(cx.feeds) {
                if current.replace(at.feed).is_some_and(|feed| feed != at.feed) {
                    self.machine.flush(cx, &mut self.core);
                }
                self.row(cx, &mut readers[at.feed as usize], at);
            }
        }
        self.machine.flush(cx, &mut self.core);
        self.pass(cx, now);
        self.machine.settle(cx);
    }

    fn row(&mut self, cx: &mut Context<'_>, reader: &mut KeyReader<'_>, at: At) {
        let now = cx.effect(at);
        self.pass(cx, cx.timers_before(at, now));
        let slot = match reader.home(at.index, &mut self.core.keys, cx.shard) {
            Home::Nowhere => {
                cx.counters.null_keys += 1;
                return;
            }
            Home::Shard(destination) => {
                cx.stray(at, destination);
                return;
            }
            Home::Slot(id) => id.slot,
            Home::New(_) if !self.machine.opens(cx, at) => return,
            Home::New(hash) => {
                if self.core.keys.len() >= cx.config.max_keys {
                    self.evict(cx);
                }
                let id = self.core.insert(hash, reader.encoded());
                self.machine.open(id.slot);
                reader.remember(at.index, id);
                id.slot
            }
        };
        while self
            .machine
            .take(cx, &mut self.core, slot, at, now)
            .is_err()
        {
            let victim = self.evict(cx);
            if victim.is_none_or(|victim| victim == slot) {
                // Not even this key's own rows made room.
                return;
            }
        }
        match self.machine.deadline(cx, slot) {
            Some(deadline) => self.core.arm(slot, deadline),
            None if self.machine.waits(slot) => {}
            None => self.rest(slot, now),
        }
    }

    fn rest(&mut self, slot: u32, now: i64) {
        if self.core.logs.is_some() {
            self.rest_at(slot, now);
        } else {
            self.free(slot);
        }
    }

    fn free(&mut self, slot: u32) {
        self.machine.close(slot);
        self.core.remove(slot);
    }

    fn evict(&mut self, cx: &mut Context<'_>) -> Option<u32> {
        self.machine.flush(cx, &mut self.core);
        let victim = self.core.keys.oldest()?;
        self.free(victim);
        cx.counters.evicted += 1;
        Some(victim)
    }

    /// Lets time pass: every deadline up to `now`, in order.
    fn pass(&mut self, cx: &mut Context<'_>, now: i64) {
        while self.next_deadline().is_some_and(|next| next <= now) {
            let common = self
                .machine
                .common_deadline()
                .filter(|&deadline| deadline <= now);
            let until = common.unwrap_or(now);
            match self.core.wheel.pop_due(until) {
                Some((at, slot)) => self.timer(cx, at, slot),
                None => match common {
                    Some(deadline) => {
                        self.machine.flush(cx, &mut self.core);
                        self.machine.expire_all(cx, &mut self.core, deadline);
                    }
                    None => return,
                },
            }
        }
    }

    fn timer(&mut self, cx: &mut Context<'_>, at: i64, slot: u32) {
        self.core.armed[slot as usize] = NEVER;
        match self.machine.deadline(cx, slot) {
            Some(deadline) if deadline <= at => {
                if self.machine.is_behind(slot) {
                    self.machine.flush(cx, &mut self.core);
                }
                self.machine.expire(cx, &mut self.core, slot, deadline);
                match self.machine.deadline(cx, slot) {
                    Some(deadline) => self.core.arm(slot, deadline),
                    None => self.rest_at(slot, at),
                }
            }
            Some(deadline) => self.core.arm(slot, deadline),
            None if self.machine.waits(slot) => {}
            None => self.rest_at(slot, at),
        }
    }

    /// Frees a slot that has nothing to remember, or lets its limit's memory keep it.
    fn rest_at(&mut self, slot: u32, now: i64) {
        match self.core.remembered_until(slot, now) {
            Some(forgotten) => self.core.arm(slot, forgotten),
            None => self.free(slot),
        }
    }
}

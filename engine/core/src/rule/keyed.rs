//! The part that all rules with state share: keys, slots, timers, limits, eviction.
//!
//! A rule's own part is a [`Machine`]: what one key remembers, how a row changes it, and at which instant
//! it changes by itself. Timers are armed lazily: a slot's timer never stands later than the slot's
//! deadline, but may stand earlier, and is then set anew when it goes off. So a deadline that moves with
//! every event costs nothing an event.
//!
//! # Memory
//!
//! Three limits hold, all of [`Config`]: on the number of keys, on the bytes of window rows, and on the bytes
//! of everything else. Where one is reached, keys are given up by second chance ([`Keys::oldest`]) until it
//! holds again; the key at hand comes last. A key that is given up is as if it had never been seen: nothing
//! is reported of it, and its next event begins it anew.

mod slots;

use trapjaw_program::Rule;

pub(crate) use self::slots::Core;
use super::context::Context;
use super::feed::{At, merged};
use super::limit::Logs;
pub(crate) use super::machine::{Full, Machine};
use super::reader::{Home, KeyReader};
use super::resting::Resting;
use super::room::Room;
use super::stretch::{self, Stretch};
use crate::bound::{Bound, Growth, Most, Pool};
use crate::config::Config;
use crate::key::{self, Keys};
use crate::limits::MAX_KEY;
use crate::timer::Wheel;

/// So many rows make no long stretch, for which there would have to be room.
const FEW: usize = 16;

/// No instant.
const NEVER: i64 = i64::MAX;

/// A rule with state.
#[derive(Clone, Debug)]
pub(crate) struct Keyed<M> {
    machine: M,
    core: Core,
}

impl<M: Machine> Keyed<M> {
    pub(crate) fn new(rule: &Rule, machine: M, config: &Config) -> Self {
        Self::of(&[rule], machine, config)
    }

    /// What several rules with the same windows remember.
    pub(crate) fn of(rules: &[&Rule], machine: M, config: &Config) -> Self {
        let logs: Vec<_> = (rules.iter())
            .map(|rule| rule.limit.map(Logs::new))
            .collect();
        let room = Room::new(config, rules.len(), Self::slot_bytes(&machine, &logs));
        let core = Core {
            keys: Keys::default(),
            wheel: Wheel::new(room.keys as u32),
            armed: Vec::new(),
            logs,
            resting: Resting::default(),
            room,
            changes: 1,
            is_roomy: false,
        };
        Self { machine, core }
    }

    /// Bytes of each slot.
    fn slot_bytes(machine: &M, logs: &[Option<Logs>]) -> usize {
        Keys::SLOT_BYTES
            + size_of::<i64>()
            + Wheel::SLOT_BYTES
            + logs.iter().flatten().count() * Logs::SLOT_BYTES
            + machine.slot_bytes()
            + if M::RESTS { Resting::SLOT_BYTES } else { 0 }
    }

    /// Number of live keys.
    pub(crate) fn keys(&self) -> usize {
        self.core.keys.len() - self.core.resting.len()
    }

    /// Bytes of all that it remembers.
    pub(crate) fn bytes(&self) -> usize {
        self.core.bytes() + self.machine.kept_bytes() + self.machine.window_bytes()
    }

    /// What it may come to remember.
    pub(crate) fn bound(&self, rule: &Rule) -> Bound {
        let mut growth = self.machine.growth(rule);
        if key::may_be_long(&rule.key) {
            growth.push(Growth {
                what: "rest of a key of more than 22 bytes",
                bytes: 0,
                text_bytes: MAX_KEY,
                most: Most::Count(1),
                pool: Pool::State,
            });
        }
        growth.extend(rule.limit.map(Logs::growth));
        let (key_timers, common_timers) = self.machine.timers();
        Bound {
            key_bytes: self.core.room.slot_bytes,
            growth,
            // What a limit remembers is forgotten by timer.
            key_timers: key_timers.max(usize::from(rule.limit.is_some())),
            common_timers,
            stands: self.machine.stands(),
            keys: if rule.key.is_empty() {
                1
            } else {
                self.core.room.keys
            },
        }
    }

    /// What the rule remembers of its keys.
    pub(crate) fn machine(&mut self) -> &mut M {
        &mut self.machine
    }

    /// The rule's sources have come to stand in another order: `places` says where each stands now.
    pub(crate) fn reorder_sources(&mut self, places: &[u16]) {
        self.machine.reorder_sources(places);
    }

    /// Only these of the rules with the same windows are left, in their order.
    pub(crate) fn keep_members(&mut self, members: &[usize]) {
        let rules = members.len();
        self.machine
            .keep_members(members, self.core.room.window_bytes(rules));
        let logs = &mut self.core.logs;
        *logs = members.iter().map(|&member| logs[member].take()).collect();
        self.core.room.slot_bytes = Self::slot_bytes(&self.machine, &self.core.logs);
        let in_use = self.core.bytes() + self.machine.kept_bytes();
        self.core.room.keep(rules, self.core.keys.len(), in_use);
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
        self.core.changes = 1;
        match cx.feeds {
            [feed] if !feed.has_sets(cx.rule) => {
                self.only_feed(cx, &mut feed.keys(cx.rule, cx.shard));
            }
            _ => self.merge(cx),
        }
        self.machine.flush(cx, &mut self.core);
        self.pass(cx, now);
        while let Some(slot) = self.machine.settle_one(cx) {
            self.make_room(cx, Some(slot));
        }
    }

    /// All rows of several feeds, or of one whose rows are seen under several keys, one by one.
    fn merge(&mut self, cx: &mut Context<'_>) {
        let mut readers: Vec<_> = (cx.feeds.iter())
            .map(|feed| feed.keys(cx.rule, cx.shard))
            .collect();
        let mut sets: Vec<_> = (cx.feeds.iter())
            .map(|feed| feed.sets(cx.rule, cx.shard))
            .collect();
        if sets.iter().any(|sets| !sets.is_empty()) {
            for at in merged(cx.feeds) {
                match &mut *sets[at.feed as usize] {
                    [] => self.row(cx, &mut readers[at.feed as usize], at),
                    sets => self.row_of_sets(cx, sets, at),
                }
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
    }

    /// All rows of the only feed, in stretches where that can be.
    fn only_feed(&mut self, cx: &mut Context<'_>, reader: &mut KeyReader<'_>) {
        let feed = cx.feed(At { feed: 0, index: 0 });
        let has_causes = feed.segment.has_causes();
        let (mut few, mut many);
        let slots: &mut [u32] = if feed.effects.len() <= FEW {
            few = [0; FEW];
            &mut few
        } else {
            many = [0; stretch::LONGEST];
            &mut many
        };
        // Rows before `singly` are taken one by one.
        let (mut index, mut singly) = (0, 0);
        let at = |index: usize| At {
            feed: 0,
            index: index as u32,
        };
        while let Some(&now) = feed.effects.get(index) {
            if M::RESTS && !has_causes {
                // Where many rows concern no match, this is all that is done about them.
                let next = self.next_deadline().unwrap_or(NEVER);
                let rows = (index as u32, &feed.effects[index..], next);
                let is_roomy = self.has_room_for(cx, at(index), feed.effects.len() - index);
                let (machine, changes) = (&mut self.machine, self.core.changes);
                let absorbs =
                    |slot, row, now| machine.absorbs(cx, slot, at(row as usize), (now, is_roomy));
                let (passed, home) = reader.pass_over(rows, changes, absorbs);
                index += passed;
                if let Some(slot) = home {
                    let now = feed.effects[index];
                    self.take_in(cx, reader, slot, at(index), now);
                    index += 1;
                }
                if passed > 0 || home.is_some() {
                    continue;
                }
            }
            let at = at(index);
            let until = if has_causes {
                cx.timers_before(at, now)
            } else {
                now
            };
            self.pass(cx, until);
            if M::JOINS && !has_causes && index >= singly {
                let effects = &feed.effects[index..];
                let (joined, ended_by) = self.collect(cx, reader, (at.index, effects), slots);
                if let Some(home) = ended_by.filter(|_| joined == 0) {
                    self.take_home(cx, reader, at, (home, now));
                    index += 1;
                    continue;
                }
                let stretch = Stretch::new(at, &slots[..joined], effects);
                let taken = self.machine.take_stretch(cx, &mut self.core, &stretch);
                // Where there is no room for a row, keys have to go.
                singly = index + joined;
                index += taken;
                if taken > 0 {
                    continue;
                }
            }
            self.place(cx, reader, at, now);
            index += 1;
        }
    }

    /// The slots of the rows from one on that make a stretch: how many, and where the key is of the row that doesn't join it.
    fn collect(
        &mut self,
        cx: &Context<'_>,
        reader: &mut KeyReader<'_>,
        (first, effects): (u32, &[i64]),
        slots: &mut [u32],
    ) -> (usize, Option<Home>) {
        let at = At {
            feed: 0,
            index: first,
        };
        let effects = &effects[..effects.len().min(slots.len())];
        let is_roomy = self.has_room_for(cx, at, effects.len());
        if core::mem::replace(&mut self.core.is_roomy, is_roomy) != is_roomy {
            self.core.change();
        }
        // What falls due at the end of time does not fall due.
        let next = self.next_deadline().unwrap_or(NEVER);
        let joins = Self::joining(&self.machine, is_roomy);
        reader.collect((first, effects, next), &mut self.core, &joins, slots)
    }

    /// Is it sure that there is room for what so many rows from one on bring?
    #[inline]
    fn has_room_for(&self, cx: &Context<'_>, at: At, rows: usize) -> bool {
        let growth = self.machine.most_growth(cx, at, rows);
        growth.is_some_and(|growth| !self.core.is_over(self.machine.kept_bytes() + growth))
    }

    /// Does the key of a slot join stretches, if there are any?
    fn joining(machine: &M, is_roomy: bool) -> impl Fn(u32) -> bool {
        move |slot| !M::JOINS || machine.joins(slot, is_roomy)
    }

    fn row(&mut self, cx: &mut Context<'_>, reader: &mut KeyReader<'_>, at: At) {
        let now = cx.effect(at);
        self.pass(cx, cx.timers_before(at, now));
        self.place(cx, reader, at, now);
    }

    /// A row under each of the keys under which a pattern's elements see it.
    fn row_of_sets(&mut self, cx: &mut Context<'_>, sets: &mut [(u64, KeyReader<'_>)], at: At) {
        let now = cx.effect(at);
        self.pass(cx, cx.timers_before(at, now));
        let elements: Vec<u64> = sets.iter().map(|(set, _)| *set).collect();
        let mut keys = Vec::with_capacity(sets.len());
        let mut refused = None;
        for (_, reader) in &mut *sets {
            let encoded = reader.encode(at.index).map(|()| reader.encoded().to_vec());
            keys.push(encoded.map_err(|why| refused = Some(why)).ok());
        }
        if let Some(why) = refused.filter(|_| keys.iter().all(Option::is_none)) {
            return cx.skip(why);
        }
        let mut sent = Vec::new();
        for (number, (_, reader)) in sets.iter_mut().enumerate() {
            let Some(key) = keys[number].as_ref() else {
                continue;
            };
            if keys[..number].contains(&keys[number]) {
                continue;
            }
            let (shard, shards) = cx.shard;
            let owner = key::owner(key::hash(key), shards);
            if shards > 1 && !cx.rule.key.is_empty() && owner != shard {
                // A row that came from another shard came for the keys that are at home here.
                if cx.feed(at).segment.targets().is_none() && !sent.contains(&owner) {
                    sent.push(owner);
                    cx.stray(at, owner);
                }
                continue;
            }
            let same = keys
                .iter()
                .zip(&elements)
                .filter(|(other, _)| other.as_ref() == Some(key));
            cx.sees = same.fold(0, |sees, (_, set)| sees | set);
            self.place(cx, reader, at, now);
        }
        cx.sees = u64::MAX;
    }

    #[inline]
    fn place(&mut self, cx: &mut Context<'_>, reader: &mut KeyReader<'_>, at: At, now: i64) {
        let is_roomy = self.core.is_roomy;
        let home = reader.home(
            at.index,
            &mut self.core,
            &Self::joining(&self.machine, is_roomy),
        );
        if let Home::Slot(slot) = home
            && self.machine.absorbs(cx, slot, at, (now, false))
        {
            return;
        }
        self.take_home(cx, reader, at, (home, now));
    }

    fn take_home(
        &mut self,
        cx: &mut Context<'_>,
        reader: &mut KeyReader<'_>,
        at: At,
        (home, now): (Home, i64),
    ) {
        let slot = match home {
            Home::Nowhere(why) => return cx.skip(why),
            Home::Shard(destination) => return cx.stray(at, destination),
            Home::Slot(slot) => slot,
            Home::New if !self.machine.opens(cx, at) => return,
            Home::New if reader.encode(at.index).is_err() => return,
            Home::New if !self.machine.admits(cx, reader.encoded()) => return,
            Home::New => self.begin(cx, reader, at.index),
        };
        self.take_in(cx, reader, slot, at, now);
    }

    /// Takes a row into its key's slot, and sees to when it changes next by itself.
    #[inline]
    fn take_in(
        &mut self,
        cx: &mut Context<'_>,
        reader: &mut KeyReader<'_>,
        slot: u32,
        at: At,
        now: i64,
    ) {
        let Some(slot) = self.take(cx, reader, slot, at, now) else {
            return;
        };
        match self.machine.deadline(cx, slot) {
            Some(deadline) => {
                self.core.arm(slot, deadline);
                self.wake(slot);
            }
            None if self.machine.waits(slot) => self.wake(slot),
            None => self.rest(slot, now),
        }
    }

    #[inline]
    fn wake(&mut self, slot: u32) {
        if M::RESTS {
            self.core.resting.wake(slot);
        }
    }

    /// Takes a row into its key's slot, and gives the slot where it then is; `None` where there is no room for
    /// it even alone.
    fn take(
        &mut self,
        cx: &mut Context<'_>,
        reader: &mut KeyReader<'_>,
        mut slot: u32,
        at: At,
        now: i64,
    ) -> Option<u32> {
        let mut is_fresh = false;
        while (self.machine.take(cx, &mut self.core, slot, at, now)).is_err() {
            if self.evict(cx, Some(slot)) == Some(slot) {
                if is_fresh || reader.encode(at.index).is_err() {
                    return None;
                }
                // Its own rows have used all room up: the key begins anew, with this row.
                slot = self.begin(cx, reader, at.index);
                is_fresh = true;
            }
        }
        self.make_room(cx, Some(slot)).then_some(slot)
    }

    /// Gives the key that the reader has just encoded a slot.
    fn begin(&mut self, cx: &mut Context<'_>, reader: &mut KeyReader<'_>, index: u32) -> u32 {
        if self.core.keys.len() >= self.core.room.keys {
            self.evict(cx, None);
        }
        let slot = self.core.insert(reader.encoded());
        self.machine.open(slot);
        reader.remember(index, slot);
        slot
    }

    /// Gives keys up until the rest has room, `spared` last. Is that one still there?
    #[inline]
    fn make_room(&mut self, cx: &mut Context<'_>, spared: Option<u32>) -> bool {
        !self.core.is_over(self.machine.kept_bytes()) || self.give_keys_up(cx, spared)
    }

    #[cold]
    fn give_keys_up(&mut self, cx: &mut Context<'_>, spared: Option<u32>) -> bool {
        while self.core.is_over(self.machine.kept_bytes()) {
            let victim = self.evict(cx, spared);
            if victim.is_none() || victim == spared {
                return false;
            }
        }
        true
    }

    fn rest(&mut self, slot: u32, now: i64) {
        if self.core.logs.iter().any(Option::is_some) {
            self.rest_at(slot, now);
        } else {
            self.lay(slot);
        }
    }

    /// A key has nothing to remember: frees its slot, now or later.
    fn lay(&mut self, slot: u32) {
        if !M::RESTS {
            self.free(slot);
        } else if let Some(longest) = self.core.resting.lay(slot) {
            self.free(longest);
        }
    }

    fn free(&mut self, slot: u32) {
        self.machine.close(slot);
        self.wake(slot);
        self.core.remove(slot);
    }

    fn evict(&mut self, cx: &mut Context<'_>, spared: Option<u32>) -> Option<u32> {
        self.machine.flush(cx, &mut self.core);
        // Whoever rests has nothing to lose.
        if M::RESTS
            && let Some(resting) = self.core.resting.pop(spared)
        {
            self.free(resting);
            return Some(resting);
        }
        let victim = self.core.keys.oldest(spared)?;
        self.free(victim);
        cx.counters.evicted += cx.members() as u64;
        Some(victim)
    }

    /// Lets time pass: every deadline up to `now`, in order.
    #[inline]
    fn pass(&mut self, cx: &mut Context<'_>, now: i64) {
        if self.next_deadline().is_some_and(|next| next <= now) {
            self.pass_due(cx, now);
        }
    }

    fn pass_due(&mut self, cx: &mut Context<'_>, now: i64) {
        while self.next_deadline().is_some_and(|next| next <= now) {
            let common = self
                .machine
                .common_deadline()
                .filter(|&deadline| deadline <= now);
            let until = common.unwrap_or(now);
            match self.core.wheel.pop_due(until) {
                Some((at, slot)) => {
                    self.timer(cx, at, slot);
                    self.make_room(cx, None);
                }
                None => match common {
                    Some(deadline) => {
                        self.machine.flush(cx, &mut self.core);
                        self.core.change();
                        self.machine.expire_all(cx, &mut self.core, deadline);
                        self.make_room(cx, None);
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
                self.core.change();
                self.machine.expire(cx, &mut self.core, slot, deadline);
                match self.machine.deadline(cx, slot) {
                    Some(deadline) => self.core.arm(slot, deadline),
                    None if self.machine.waits(slot) => {}
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
            None => self.lay(slot),
        }
    }
}

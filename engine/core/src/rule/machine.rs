//! A rule's own part of its state: what one key remembers, how a row changes it, and at which instant it changes by
//! itself.

use trapjaw_program::Rule;

use super::context::Context;
use super::feed::At;
use super::keyed::Core;
use super::stretch::Stretch;
use crate::bound::Growth;

/// No room for another row: keys have to go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Full;

/// What a rule remembers of each key, by slot, and how that changes.
pub(crate) trait Machine {
    /// Do keys that have nothing to remember keep their slots for a while? It pays where they often begin anew.
    const RESTS: bool = false;

    /// Does it take stretches?
    const JOINS: bool = false;

    /// Does a row give a key that has no slot one?
    fn opens(&self, cx: &Context<'_>, at: At) -> bool;

    /// May this key, encoded, have a slot?
    fn admits(&self, _cx: &Context<'_>, _key: &[u8]) -> bool {
        true
    }

    /// Begins a key.
    fn open(&mut self, slot: u32);

    /// Ends a key, whatever it remembers.
    fn close(&mut self, slot: u32);

    /// Takes in a row of which nobody else is concerned: nothing is found, no more memory is needed, and the key goes on
    /// to wait, or not to, and changes by itself no sooner. Refused, it has changed nothing, and the row is
    /// [taken](Self::take). Where it `is_roomy`, there is room for what [`most_growth`](Self::most_growth) tells of, and it may
    /// need as much.
    fn absorbs(
        &mut self,
        _cx: &Context<'_>,
        _slot: u32,
        _at: At,
        (_now, _is_roomy): (i64, bool),
    ) -> bool {
        false
    }

    /// Takes in a row. Refused for want of room, it has changed nothing but what time alone changes.
    fn take(
        &mut self,
        cx: &mut Context<'_>,
        core: &mut Core,
        slot: u32,
        at: At,
        now: i64,
    ) -> Result<(), Full>;

    /// May rows of this key be part of a stretch? Only if it has a deadline, or waits, and taking a row in brings none
    /// nearer, and no memory that counts against [`Config::max_state_bytes`](crate::Config::max_state_bytes) but what
    /// [`most_growth`](Self::most_growth) tells of, for which there is room if it `is_roomy`.
    fn joins(&self, _slot: u32, _is_roomy: bool) -> bool {
        false
    }

    /// Bytes that so many rows from one on may add to [`kept_bytes`](Self::kept_bytes) at most; `None` where that can't be
    /// told.
    fn most_growth(&self, _cx: &Context<'_>, _at: At, _rows: usize) -> Option<usize> {
        None
    }

    /// Takes in a stretch whose keys all join, row by row as far as anybody can tell; gives how many of the rows, from
    /// the first on, there was room for.
    fn take_stretch(
        &mut self,
        _cx: &mut Context<'_>,
        _core: &mut Core,
        _stretch: &Stretch<'_>,
    ) -> usize {
        0
    }

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

    /// The end of the step: copies what of one key has to outlive the batch, and tells its slot; `None` when
    /// all is copied.
    fn settle_one(&mut self, _cx: &Context<'_>) -> Option<u32> {
        None
    }

    /// Bytes that each slot takes.
    fn slot_bytes(&self) -> usize;

    /// What a key's events bring besides: see [`Bound`](crate::Bound).
    fn growth(&self, rule: &Rule) -> Vec<Growth>;

    /// See [`Bound::stands`](crate::Bound::stands).
    fn stands(&self) -> Option<usize> {
        None
    }

    /// Timers of each key, and those that all keys share.
    fn timers(&self) -> (usize, usize) {
        (1, 0)
    }

    /// Bytes of events that are kept.
    fn kept_bytes(&self) -> usize {
        0
    }

    /// Bytes of window rows.
    fn window_bytes(&self) -> usize {
        0
    }

    /// The rule's sources have come to stand in another order: `places` says where each stands now.
    fn reorder_sources(&mut self, _places: &[u16]) {}

    /// Only these of the rules with the same windows are left. From now on window rows may take so many bytes, or as many
    /// as they do take where that is more.
    fn keep_members(&mut self, _members: &[usize], _window_bytes: usize) {}

    /// Does the key, without a deadline of its own, wait for the common one, or for an event?
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

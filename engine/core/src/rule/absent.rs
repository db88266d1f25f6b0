//! `absent D [of TABLE]`: an event that does not come.
//!
//! With a table its keys are expected, and no others: from the clock's first value on, and after a reload from the
//! instant of the reload. What is to be expected anew is the machine's common deadline, until it has come.

use std::collections::BTreeSet;
use std::sync::Arc;

use trapjaw_event::{MatchKind, ValueRef};
use trapjaw_program::{Clause, Rule, Table, TableId};

use super::context::{Context, Trigger};
use super::feed::At;
use super::keyed::{Core, Full, Machine};
use super::latest::LatestEvents;
use crate::bound::Growth;
use crate::key;
use crate::limits::MAX_KEY;
use crate::output::{Alias, Identity};

#[derive(Clone, Copy, Debug)]
struct Watch {
    last: i64,
    raised: bool,
    reported: bool,
}

/// When each key was last seen.
#[derive(Debug)]
pub(crate) struct Absent {
    duration: i64,
    watches: Vec<Option<Watch>>,
    latest: LatestEvents,
    expected: Option<Expected>,
}

/// Encodes a key of one part; false if it is none.
fn encode(part: ValueRef<'_>, encoded: &mut Vec<u8>) -> bool {
    encoded.clear();
    key::encode(part, true, encoded).is_some() && encoded.len() <= MAX_KEY
}

/// Does the key belong to this shard?
fn owns(encoded: &[u8], (shard, shards): (u32, u32)) -> bool {
    key::owner(key::hash(encoded), shards) == shard
}

/// The keys of a table.
#[derive(Debug)]
struct Expected {
    /// From when on the keys of the rule's table are expected, where they are not yet; `i64::MIN`: from the clock's first
    /// value.
    since: Option<i64>,
    /// The table whose keys are expected.
    table: Option<Arc<Table>>,
    /// The shards whose keys are: one, but where the records of several are repeated.
    begun: BTreeSet<u32>,
}

impl Absent {
    pub(crate) fn new(duration: i64, of: Option<TableId>) -> Self {
        Self {
            duration,
            expected: of.map(|_| Expected {
                since: Some(i64::MIN),
                table: None,
                begun: BTreeSet::new(),
            }),
            watches: Vec::new(),
            latest: LatestEvents::default(),
        }
    }

    /// From this instant on the keys of another table may be expected.
    pub(crate) fn reload(&mut self, clock: i64) {
        if let Some(expected) = &mut self.expected {
            // What nothing has begun yet begins now, too.
            let since = expected.since.unwrap_or(clock);
            expected.since = Some(if since == i64::MIN { clock } else { since });
        }
    }

    /// Goes on as another shard does, whose keys are expected from its own first instant on.
    pub(crate) fn act_as(&mut self, shard: u32) {
        if let Some(expected) = &mut self.expected {
            expected.since = (!expected.begun.contains(&shard)).then_some(i64::MIN);
        }
    }

    /// Is the key one that may be missed?
    fn is_expected(&self, cx: &Context<'_>, key: &[u8]) -> bool {
        let table = self.expected.as_ref().map(|expected| &expected.table);
        match table {
            None => true,
            Some(None) => false,
            Some(Some(table)) => {
                let values = key::decode(&cx.rule.key, key);
                (values.first()).is_some_and(|value| table.row_of(value.as_ref()).is_some())
            }
        }
    }

    /// The event of a match: the newest, or, of a key that was never seen, none but the key.
    fn alias(&self, cx: &mut Context<'_>, core: &Core, slot: u32) -> Option<Alias> {
        match self.latest.alias(cx, slot) {
            None if self.expected.is_some() => Some(cx.unseen(core.keys.key(slot))),
            alias => alias,
        }
    }

    /// A key is no longer expected: what was raised has expired.
    fn dismiss(&mut self, cx: &mut Context<'_>, core: &mut Core, slot: u32, at: i64) {
        let watch = self.watches[slot as usize].take();
        if watch.is_some_and(|watch| watch.reported)
            && let Some(alias) = self.alias(cx, core, slot)
        {
            let about = (alias, Identity::Instant(at));
            cx.fire(
                core.keys.key(slot),
                MatchKind::Expired,
                Trigger::Deadline(at),
                about,
                [],
            );
        }
        self.latest.clear(slot);
        core.release(slot, at);
    }

    /// How long a key without events is remembered: in any case longer than it takes to raise.
    fn ttl(&self, idle_ttl: i64) -> i64 {
        if idle_ttl > self.duration {
            idle_ttl
        } else {
            self.duration.saturating_add(idle_ttl)
        }
    }
}

impl Machine for Absent {
    fn opens(&self, _cx: &Context<'_>, _at: At) -> bool {
        true
    }

    fn open(&mut self, slot: u32) {
        if self.watches.len() <= slot as usize {
            self.watches.resize(slot as usize + 1, None);
        }
        self.watches[slot as usize] = None;
    }

    fn close(&mut self, slot: u32) {
        self.watches[slot as usize] = None;
        self.latest.clear(slot);
    }

    fn take(
        &mut self,
        cx: &mut Context<'_>,
        core: &mut Core,
        slot: u32,
        at: At,
        now: i64,
    ) -> Result<(), Full> {
        let watch = Watch {
            last: now,
            raised: false,
            reported: false,
        };
        if self.watches[slot as usize].is_none() && !self.is_expected(cx, core.keys.key(slot)) {
            return Ok(());
        }
        let before = self.watches[slot as usize].replace(watch);
        if before.is_some_and(|watch| watch.reported) {
            let about = (cx.alias(at, true), Identity::Alias);
            cx.fire(
                core.keys.key(slot),
                MatchKind::Cleared,
                Trigger::Row(at),
                about,
                [],
            );
        }
        self.latest.see(slot, at);
        Ok(())
    }

    fn deadline(&self, cx: &Context<'_>, slot: u32) -> Option<i64> {
        let watch = self.watches[slot as usize].as_ref()?;
        if watch.raised && self.expected.is_some() {
            // It stays so until the event comes, or the key leaves the table.
            return Some(i64::MAX);
        }
        let after = if watch.raised {
            self.ttl(cx.config.idle_ttl)
        } else {
            self.duration
        };
        Some(watch.last.saturating_add(after))
    }

    fn expire(&mut self, cx: &mut Context<'_>, core: &mut Core, slot: u32, deadline: i64) {
        let Some(watch) = &mut self.watches[slot as usize] else {
            return;
        };
        let kind = if watch.raised {
            let reported = watch.reported;
            self.watches[slot as usize] = None;
            reported.then_some(MatchKind::Expired)
        } else {
            watch.raised = true;
            watch.reported = core.admit(cx, slot, deadline);
            watch.reported.then_some(MatchKind::Raised)
        };
        if let Some(kind) = kind
            && let Some(alias) = self.alias(cx, core, slot)
        {
            let about = (alias, Identity::Instant(deadline));
            cx.fire(
                core.keys.key(slot),
                kind,
                Trigger::Deadline(deadline),
                about,
                [],
            );
        }
        if self.watches[slot as usize].is_none() {
            self.latest.clear(slot);
        }
    }

    fn admits(&self, cx: &Context<'_>, key: &[u8]) -> bool {
        self.is_expected(cx, key)
    }

    fn common_deadline(&self) -> Option<i64> {
        self.expected.as_ref()?.since
    }

    fn expire_all(&mut self, cx: &mut Context<'_>, core: &mut Core, deadline: i64) {
        let Clause::Absent { of: Some(of), .. } = cx.rule.clause else {
            return;
        };
        let Some(expected) = &mut self.expected else {
            return;
        };
        let since = if deadline == i64::MIN {
            cx.start
        } else {
            deadline
        };
        expected.since = None;
        let is_first = expected.begun.insert(cx.shard.0);
        let table = Arc::clone(&cx.tables[of.index()]);
        let before = expected.table.replace(Arc::clone(&table));
        let mut encoded = Vec::new();
        for key in before.iter().flat_map(|before| before.keys()) {
            if table.row_of(key).is_none()
                && encode(key, &mut encoded)
                && let Some(slot) = core.keys.find(&encoded)
            {
                self.dismiss(cx, core, slot, since);
            }
        }
        for key in table.keys() {
            let is_old =
                !is_first && (before.as_ref()).is_some_and(|before| before.row_of(key).is_some());
            if is_old || !encode(key, &mut encoded) || !owns(&encoded, cx.shard) {
                continue;
            }
            let slot = match core.keys.find(&encoded) {
                Some(slot) => slot,
                None if core.has_room() => {
                    let slot = core.insert(&encoded);
                    self.open(slot);
                    slot
                }
                None => {
                    cx.counters.evicted += 1;
                    continue;
                }
            };
            self.watches[slot as usize] = Some(Watch {
                last: since,
                raised: false,
                reported: false,
            });
            core.arm(slot, since.saturating_add(self.duration));
        }
    }

    fn settle_one(&mut self, cx: &Context<'_>) -> Option<u32> {
        self.latest.settle_one(cx)
    }

    fn slot_bytes(&self) -> usize {
        size_of::<Option<Watch>>() + LatestEvents::SLOT_BYTES
    }

    fn growth(&self, rule: &Rule) -> Vec<Growth> {
        vec![LatestEvents::growth(rule, 1)]
    }

    fn kept_bytes(&self) -> usize {
        self.latest.bytes()
    }

    fn reorder_sources(&mut self, places: &[u16]) {
        self.latest.reorder_sources(places);
    }
}

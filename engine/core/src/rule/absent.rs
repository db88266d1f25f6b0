//! `absent D`: an event that does not come.

use trapjaw_event::MatchKind;
use trapjaw_program::Rule;

use super::context::{Context, Trigger};
use super::feed::At;
use super::keyed::{Core, Full, Machine};
use super::latest::LatestEvents;
use crate::bound::Growth;
use crate::output::Identity;

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
}

impl Absent {
    pub(crate) fn new(duration: i64) -> Self {
        Self {
            duration,
            watches: Vec::new(),
            latest: LatestEvents::default(),
        }
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
            && let Some(alias) = self.latest.alias(cx, slot)
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

//! `for D gap G keep K`: a condition that holds for some time.

use trapjaw_event::MatchKind;
use trapjaw_program::Rule;

use super::context::{Context, Trigger};
use super::feed::At;
use super::keyed::{Core, Full, Machine};
use super::latest::LatestEvents;
use crate::bound::Growth;
use crate::output::Identity;

/// A key's run of satisfying events.
#[derive(Clone, Copy, Debug)]
struct Run {
    start: i64,
    /// Identity of its first event: that of all its matches.
    first: u128,
    /// Newest satisfying event.
    last: i64,
    raised: bool,
    /// The raise was reported, so its end will be.
    reported: bool,
    /// When it was broken, if it is kept.
    broken: Option<i64>,
}

/// The runs of all keys.
#[derive(Debug)]
pub(crate) struct Sustained {
    duration: i64,
    gap: Option<i64>,
    keep: i64,
    runs: Vec<Option<Run>>,
    /// For an expiry: the newest satisfying event; while broken: the event that broke the run.
    latest: LatestEvents,
}

impl Sustained {
    pub(crate) fn new(duration: i64, gap: Option<i64>, keep: i64) -> Self {
        Self {
            duration,
            gap,
            keep,
            runs: Vec::new(),
            latest: LatestEvents::default(),
        }
    }

    fn satisfy(&mut self, cx: &mut Context<'_>, core: &mut Core, slot: u32, at: At, now: i64) {
        let run = self.runs[slot as usize].get_or_insert_with(|| {
            let feed = cx.feed(at);
            let first = feed.segment.identity(feed.rows.get(at.index));
            Run {
                start: now,
                first,
                last: now,
                raised: false,
                reported: false,
                broken: None,
            }
        });
        run.last = now;
        run.broken = None;
        self.latest.see(slot, at);
        if !run.raised && now.saturating_sub(run.start) >= self.duration {
            run.raised = true;
            run.reported = core.admit(cx, slot, now);
            if run.reported {
                let about = (cx.alias(at, true), Identity::Event(run.first));
                cx.fire(
                    core.keys.key(slot),
                    MatchKind::Raised,
                    Trigger::Row(at),
                    about,
                    [],
                );
            }
        }
    }

    fn break_off(&mut self, cx: &mut Context<'_>, core: &mut Core, slot: u32, at: At, now: i64) {
        let Some(run) = &mut self.runs[slot as usize] else {
            return;
        };
        if run.raised && self.keep > 0 {
            if run.broken.is_none() {
                run.broken = Some(now);
                self.latest.see(slot, at);
            }
            return;
        }
        if run.raised && run.reported {
            let about = (cx.alias(at, true), Identity::Event(run.first));
            cx.fire(
                core.keys.key(slot),
                MatchKind::Cleared,
                Trigger::Row(at),
                about,
                [],
            );
        }
        self.runs[slot as usize] = None;
        self.latest.clear(slot);
    }
}

impl Machine for Sustained {
    fn opens(&self, cx: &Context<'_>, at: At) -> bool {
        cx.feed(at).is_satisfied(at.index)
    }

    fn open(&mut self, slot: u32) {
        if self.runs.len() <= slot as usize {
            self.runs.resize(slot as usize + 1, None);
        }
        self.runs[slot as usize] = None;
    }

    fn close(&mut self, slot: u32) {
        self.runs[slot as usize] = None;
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
        if cx.feed(at).is_satisfied(at.index) {
            self.satisfy(cx, core, slot, at, now);
        } else {
            self.break_off(cx, core, slot, at, now);
        }
        Ok(())
    }

    fn deadline(&self, cx: &Context<'_>, slot: u32) -> Option<i64> {
        let run = self.runs[slot as usize].as_ref()?;
        Some(match run.broken {
            Some(broken) => broken.saturating_add(self.keep),
            None => run
                .last
                .saturating_add(self.gap.unwrap_or(i64::MAX).min(cx.config.idle_ttl)),
        })
    }

    fn expire(&mut self, cx: &mut Context<'_>, core: &mut Core, slot: u32, deadline: i64) {
        let Some(run) = self.runs[slot as usize].take() else {
            return;
        };
        if run.raised && run.reported {
            let kind = if run.broken.is_some() {
                MatchKind::Cleared
            } else {
                MatchKind::Expired
            };
            if let Some(alias) = self.latest.alias(cx, slot) {
                let about = (alias, Identity::Event(run.first));
                cx.fire(
                    core.keys.key(slot),
                    kind,
                    Trigger::Deadline(deadline),
                    about,
                    [],
                );
            }
        }
        self.latest.clear(slot);
    }

    fn settle_one(&mut self, cx: &Context<'_>) -> Option<u32> {
        self.latest.settle_one(cx)
    }

    fn slot_bytes(&self) -> usize {
        size_of::<Option<Run>>() + LatestEvents::SLOT_BYTES
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

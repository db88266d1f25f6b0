//! No state clause: each event is a match. Only a limit is remembered.

use trapjaw_event::MatchKind;
use trapjaw_program::Rule;

use super::context::{Context, Trigger};
use super::feed::At;
use super::keyed::{Core, Full, Machine};
use crate::bound::Growth;
use crate::output::Identity;

/// Remembers nothing by itself.
#[derive(Debug, Default)]
pub(crate) struct Each;

impl Machine for Each {
    fn opens(&self, _cx: &Context<'_>, _at: At) -> bool {
        true
    }

    fn open(&mut self, _slot: u32) {}

    fn close(&mut self, _slot: u32) {}

    fn take(
        &mut self,
        cx: &mut Context<'_>,
        core: &mut Core,
        slot: u32,
        at: At,
        now: i64,
    ) -> Result<(), Full> {
        if core.admit(cx, slot, now) {
            let about = (cx.alias(at, true), Identity::Alias);
            cx.fire(
                core.keys.key(slot),
                MatchKind::Matched,
                Trigger::Row(at),
                about,
                [],
            );
        }
        Ok(())
    }

    fn deadline(&self, _cx: &Context<'_>, _slot: u32) -> Option<i64> {
        None
    }

    fn expire(&mut self, _cx: &mut Context<'_>, _core: &mut Core, _slot: u32, _deadline: i64) {}

    fn slot_bytes(&self) -> usize {
        0
    }

    fn growth(&self, _rule: &Rule) -> Vec<Growth> {
        Vec::new()
    }

    fn timers(&self) -> (usize, usize) {
        (0, 0)
    }
}

//! The turns of `having`: how the rules that look at windows stand to each of them.

/// How a rule stands to a key's window.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Stand {
    /// `having` held at the last evaluation.
    pub(super) holds: bool,
    /// A firing was reported since it last did not hold.
    pub(super) reported: bool,
}

/// A rule that looks at the windows.
#[derive(Clone, Debug)]
pub(super) struct Judge {
    /// Fires at every event for which `having` holds.
    pub(super) each: bool,
    pub(super) by_slot: Vec<Stand>,
    /// Windows whose `having` holds.
    pub(super) holding: usize,
}

impl Judge {
    /// What `having` says of an evaluation, after what it said at the last one.
    pub(super) fn turn(&mut self, slot: u32, now: bool) -> bool {
        let stand = &mut self.by_slot[slot as usize];
        let before = core::mem::replace(&mut stand.holds, now);
        self.holding = self.holding + usize::from(now) - usize::from(before);
        before
    }

    /// Was a firing reported? It is forgotten.
    pub(super) fn take_reported(&mut self, slot: u32) -> bool {
        core::mem::take(&mut self.by_slot[slot as usize].reported)
    }

    pub(super) fn forget(&mut self, slot: u32) {
        let stand = core::mem::take(&mut self.by_slot[slot as usize]);
        self.holding -= usize::from(stand.holds);
    }
}

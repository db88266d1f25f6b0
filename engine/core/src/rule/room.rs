//! What the keys of a rule may take, or those of several rules with the same windows.
//!
//! Rules that have their windows together have the room of all of them: what each of them may hold by itself, they may hold
//! together, for it is less. So none of them loses a key for having others beside it.

use crate::config::Config;

/// Bounds of one table of keys.
#[derive(Clone, Debug)]
pub(super) struct Room {
    /// Most live keys; at least one.
    pub(super) keys: usize,
    /// Bytes of each slot.
    pub(super) slot_bytes: usize,
    /// Bytes of the slots and all that hangs on them.
    pub(super) bytes: usize,
    /// What one rule may take: of that, and of window rows.
    of_one: (usize, usize),
}

/// Slots are numbered by `u32`, of which the last stands for none.
const MAX_SLOTS: usize = u32::MAX as usize - 1;

impl Room {
    /// For so many rules.
    pub(super) fn new(config: &Config, rules: usize, slot_bytes: usize) -> Self {
        let bytes = config.max_state_bytes.saturating_mul(rules);
        let tables = bytes / 2 / slot_bytes;
        Self {
            keys: config.max_keys.min(tables).clamp(1, MAX_SLOTS),
            slot_bytes,
            bytes,
            of_one: (config.max_state_bytes, config.max_window_bytes),
        }
    }

    /// Bytes of window rows of so many rules.
    pub(super) fn window_bytes(&self, rules: usize) -> usize {
        self.of_one.1.saturating_mul(rules)
    }

    /// So many of the rules are left. What is there stays, though it be more than these may have: they have lost nothing,
    /// but take no more.
    pub(super) fn keep(&mut self, rules: usize, live: usize, in_use: usize) {
        self.bytes = self.of_one.0.saturating_mul(rules).max(in_use);
        let tables = self.bytes / 2 / self.slot_bytes;
        self.keys = self.keys.min(tables.max(live).max(1));
    }
}

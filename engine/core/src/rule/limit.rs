//! `limit N per D`: when each key last fired.

use std::collections::VecDeque;

use trapjaw_program::Limit;

use crate::bound::{Growth, Most, Pool};

/// The firings of each key that count against a rule's limit: at most N times a key.
#[derive(Clone, Debug)]
pub(crate) struct Logs {
    limit: Limit,
    by_slot: Vec<VecDeque<i64>>,
    bytes: usize,
}

/// Room for this many firings is kept, however few are left.
const SPARE: usize = 16;

impl Logs {
    /// Bytes that each slot takes, whatever its key has fired.
    pub(crate) const SLOT_BYTES: usize = size_of::<VecDeque<i64>>();

    /// What a key's firings add.
    pub(crate) fn growth(limit: Limit) -> Growth {
        Growth {
            what: "firing that its limit counts",
            // A log that has grown has room for twice as many at most.
            bytes: 2 * size_of::<i64>(),
            text_bytes: 0,
            most: Most::Count(u64::from(limit.count)),
            pool: Pool::State,
        }
    }

    pub(crate) fn new(limit: Limit) -> Self {
        Self {
            limit,
            by_slot: Vec::new(),
            bytes: 0,
        }
    }

    /// Bytes beyond those of the slots.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    /// May the key fire at `now`? If so, it has.
    pub(crate) fn admit(&mut self, slot: u32, now: i64) -> bool {
        if self.by_slot.len() <= slot as usize {
            self.by_slot.resize_with(slot as usize + 1, VecDeque::new);
        }
        let log = &mut self.by_slot[slot as usize];
        let before = bytes_of(log);
        // A firing at t counts in (now - per, now]; all do where time has not been going on for that long.
        if let Some(past) = now.checked_sub(self.limit.per) {
            while log.front().is_some_and(|&t| t <= past) {
                log.pop_front();
            }
        }
        let admitted = log.len() < self.limit.count as usize;
        if admitted {
            log.push_back(now);
        }
        if log.capacity() > SPARE.max(4 * log.len()) {
            log.shrink_to(2 * log.len());
        }
        self.bytes = self.bytes - before + bytes_of(log);
        admitted
    }

    /// From when on the key's firings no longer count; `None` where none does.
    pub(crate) fn forgotten_at(&self, slot: u32) -> Option<i64> {
        let newest = self.by_slot.get(slot as usize)?.back()?;
        Some(newest.saturating_add(self.limit.per))
    }

    /// Forgets a key.
    pub(crate) fn clear(&mut self, slot: u32) {
        if let Some(log) = self.by_slot.get_mut(slot as usize) {
            self.bytes -= bytes_of(log);
            *log = VecDeque::new();
        }
    }
}

fn bytes_of(log: &VecDeque<i64>) -> usize {
    log.capacity() * size_of::<i64>()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn at_most_n_in_any_half_open_span() {
        let mut logs = Logs::new(Limit { count: 2, per: 10 });
        let admitted: Vec<bool> = [0, 5, 9, 10, 14, 15, 30]
            .into_iter()
            .map(|t| logs.admit(0, t))
            .collect();
        assert_eq!(admitted, [true, true, false, true, false, true, true]);
        assert_eq!(logs.forgotten_at(0), Some(40));
        assert!(logs.admit(1, 0), "each key has its own");
        logs.clear(0);
        assert_eq!(logs.forgotten_at(0), None);
    }

    #[test]
    fn memory_is_counted_and_given_back() {
        let mut logs = Logs::new(Limit {
            count: u32::MAX,
            per: 1_000,
        });
        assert!((0..1_000).all(|t| logs.admit(0, t) && logs.admit(1, t)));
        assert!(logs.bytes() >= 2 * 1_000 * size_of::<i64>());
        // Nearly all have been forgotten.
        assert!(logs.admit(0, 1_998));
        logs.clear(1);
        assert!((1..=SPARE * size_of::<i64>()).contains(&logs.bytes()));
        logs.clear(0);
        assert_eq!(logs.bytes(), 0);
    }
}

//! `limit N per D`: when each key last fired.

use std::collections::VecDeque;

use trapjaw_program::Limit;

/// The firings of each key that count against a rule's limit: at most N times a key.
#[derive(Debug)]
pub(crate) struct Logs {
    limit: Limit,
    by_slot: Vec<VecDeque<i64>>,
}

impl Logs {
    pub(crate) fn new(limit: Limit) -> Self {
        Self {
            limit,
            by_slot: Vec::new(),
        }
    }

    /// May the key fire at `now`? If so, it has.
    pub(crate) fn admit(&mut self, slot: u32, now: i64) -> bool {
        if self.by_slot.len() <= slot as usize {
            self.by_slot.resize_with(slot as usize + 1, VecDeque::new);
        }
        let log = &mut self.by_slot[slot as usize];
        // A firing at t counts in (now - per, now].
        while log
            .front()
            .is_some_and(|&t| t <= now.saturating_sub(self.limit.per))
        {
            log.pop_front();
        }
        let admitted = log.len() < self.limit.count as usize;
        if admitted {
            log.push_back(now);
        }
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
            *log = VecDeque::new();
        }
    }
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
}

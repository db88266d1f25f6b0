//! The log against a plain list of rows, of which each knows its window.

use std::collections::VecDeque;

use proptest::prelude::*;

use super::*;

/// Slots of windows.
const SLOTS: u32 = 5;

/// What is done to the log.
#[derive(Clone, Debug)]
enum Step {
    /// Rows of these slots come.
    Come(Vec<u32>),
    /// So many of the oldest leave, as far as they lie together.
    Go(usize),
    /// The window under a slot is given up, and another one begins.
    Renew(u32),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        3 => proptest::collection::vec(0..SLOTS, 1..60).prop_map(Step::Come),
        2 => (1_usize..80).prop_map(Step::Go),
        1 => (0..SLOTS).prop_map(Step::Renew),
    ];
    proptest::collection::vec(step, 1..120)
}

/// A log, and the rows that have to be in it.
struct Pair {
    log: Log,
    /// Slot, time, and two words that tell the row.
    rows: VecDeque<(u32, [u64; 3])>,
    time: u64,
}

impl Pair {
    fn new(limit: usize) -> Self {
        let mut log = Log::new(3, limit);
        (0..SLOTS).for_each(|slot| log.open(slot));
        Self {
            log,
            rows: VecDeque::new(),
            time: 0,
        }
    }

    /// Appends rows as far as there is room; gives how many.
    fn come(&mut self, slots: &[u32]) -> usize {
        let mut taken = 0;
        while taken < slots.len() {
            if self.log.room() == 0 && self.log.begin().is_err() {
                break;
            }
            let part = &slots[taken..];
            let part = &part[..part.len().min(self.log.room())];
            let mut appended = self.log.append(part);
            for column in 0..3 {
                for (word, place) in appended.column(column).iter_mut().zip(0..) {
                    *word = self.time + place + 1_000_000 * column as u64;
                }
            }
            for &slot in part {
                let words = [0, 1, 2].map(|column| self.time + 1_000_000 * column);
                self.rows.push_back((slot, words));
                self.time += 1;
            }
            taken += part.len();
        }
        taken
    }

    /// Up to so many rows leave: those that are still in a window are the oldest that have to be.
    fn go(&mut self, rows: usize) -> Result<(), TestCaseError> {
        let rows = rows.min(self.log.times().len());
        let times = self.log.times()[..rows].to_vec();
        let leaving = self.log.leaving(rows);
        prop_assert_eq!(leaving.slots().len(), rows);
        prop_assert_eq!(leaving.column(0), &*times);
        for (row, &slot) in leaving.slots().iter().enumerate() {
            if slot != NOBODY {
                let words = [0, 1, 2].map(|column| leaving.column(column)[row]);
                prop_assert_eq!(self.rows.pop_front(), Some((slot, words)));
            }
        }
        self.log.drop_front(rows);
        Ok(())
    }

    fn renew(&mut self, slot: u32) {
        self.log.close(slot);
        self.log.open(slot);
        self.rows.retain(|(of, _)| *of != slot);
    }

    fn check(&self) -> Result<(), TestCaseError> {
        let log = &self.log;
        prop_assert_eq!(log.rows - log.stale, self.rows.len());
        prop_assert!(log.reserved_bytes() <= log.limit);
        let places: usize = log.chunks.iter().chain(&log.spare).map(Chunk::places).sum();
        prop_assert_eq!(log.reserved, places);
        let held: usize = log.chunks.iter().map(|chunk| chunk.len).sum();
        prop_assert_eq!(log.rows, held - log.front);
        for slot in 0..SLOTS {
            let rows = self.rows.iter().filter(|(of, _)| *of == slot).count();
            prop_assert_eq!(log.held[slot as usize] as usize, rows);
        }
        Ok(())
    }
}

proptest! {
    #[test]
    fn rows_leave_as_they_came_and_those_of_windows_that_are_gone_do_not(
        steps in steps(),
        limit in prop_oneof![Just(1 << 20), 0_usize..12_000],
    ) {
        let mut pair = Pair::new(limit);
        for step in steps {
            match step {
                Step::Come(slots) => {
                    let taken = pair.come(&slots);
                    // Where there is no room, next to nothing has been left behind.
                    let log = &pair.log;
                    prop_assert!(taken == slots.len() || log.stale <= log.rows / WORTH_ROOM);
                }
                Step::Go(rows) => pair.go(rows)?,
                Step::Renew(slot) => pair.renew(slot),
            }
            pair.check()?;
        }
        while !pair.log.times().is_empty() {
            pair.go(usize::MAX)?;
        }
        prop_assert!(pair.rows.is_empty());
        pair.check()?;
    }
}

#[test]
fn a_row_takes_its_words_and_little_else() {
    let mut pair = Pair::new(1 << 30);
    for _ in 0..1_000 {
        assert_eq!(pair.come(&[0, 1, 2, 3, 4].repeat(100)), 500);
    }
    let least = 500_000 * pair.log.row_bytes();
    assert!((least..least + least / 50).contains(&pair.log.reserved_bytes()));
    // As rows come and go, chunks are used again.
    let before = pair.log.reserved_bytes();
    for _ in 0..1_000 {
        pair.come(&[0; 500]);
        while pair.rows.len() > 500_000 {
            pair.go(pair.rows.len() - 500_000)
                .expect("they are in order");
        }
    }
    let most = before + 2 * MOST_PLACES * pair.log.row_bytes();
    assert!((least..=most).contains(&pair.log.reserved_bytes()));
}

#[test]
fn who_is_given_up_makes_room_for_who_comes() {
    let mut pair = Pair::new(100_000);
    let mut given_up = 0;
    // Always the same two come and go, between rows that stay.
    for round in 0..2_000 {
        while pair.come(&[0, 1, 0, 1, 4]) < 5 {
            pair.renew(round % 2);
            given_up += 1;
            assert!(given_up < 10_000);
        }
        if pair.rows.iter().filter(|(of, _)| *of == 4).count() > 1_000 {
            pair.renew(4);
        }
    }
    assert!(pair.log.reserved_bytes() <= 100_000);
    assert!(given_up > 2);
}

#[test]
fn what_is_left_behind_is_swept_before_there_is_too_much_of_it() {
    let mut pair = Pair::new(1 << 30);
    let mut most = 0;
    for round in 0..400 {
        // One window that stays, and one that is given up again and again.
        pair.come(&[0, 1, 1, 1, 1, 1, 1, 1, 1, 1].repeat(100));
        pair.renew(1);
        let staying = 100 * (round + 1);
        most = most.max(pair.log.rows / staying);
    }
    assert_eq!(pair.rows.len(), 40_000);
    assert!(pair.log.rows < 4 * 40_000, "{}", pair.log.rows);
    assert!(most < 11, "{most}");
}

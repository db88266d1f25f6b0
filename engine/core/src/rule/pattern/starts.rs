//! The starts of a key, filed under what their runs wait for: a moment comes to those alone that it concerns.
//!
//! An event costs what the starts cost that ask for one of the elements which it fits, and those whose runs each event of
//! the input ends (`=>`); an instant costs what those cost for which time is up. The others are not looked at, however
//! many there are.

use core::mem;
use std::collections::VecDeque;

use super::runs::{Run, Start};

/// What is asked for by a run that each event of the pattern's input concerns.
pub(super) const EVERYTHING: u64 = u64::MAX;

/// What a start is filed under.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Filed {
    /// The elements that its runs take or that end them, or [`EVERYTHING`]; none where no run is open.
    pub(super) asks: u64,
    /// When time does something to one of its runs.
    pub(super) due: Option<i64>,
    /// How many runs it has.
    pub(super) runs: usize,
}

impl Filed {
    /// Of a start that no moment concerns.
    pub(super) const NOWHERE: Self = Self {
        asks: 0,
        due: None,
        runs: 0,
    };
}

/// Does an event that fits these elements concern who asks for those?
fn is_asked(asks: u64, fits: u64) -> bool {
    asks & fits != 0 || asks == EVERYTHING
}

/// What is put in at the end and taken out at the begin, nearly always.
#[derive(Debug)]
struct Sorted<T>(VecDeque<T>);

impl<T> Default for Sorted<T> {
    fn default() -> Self {
        Self(VecDeque::new())
    }
}

impl<T: Copy + Ord> Sorted<T> {
    fn insert(&mut self, item: T) {
        if self.0.back().is_none_or(|last| *last < item) {
            self.0.push_back(item);
        } else if let Err(place) = self.0.binary_search(&item) {
            self.0.insert(place, item);
        }
    }

    fn remove(&mut self, item: T) {
        if let Ok(place) = self.0.binary_search(&item) {
            self.0.remove(place);
        }
    }
}

/// The starts of a key, oldest first.
#[derive(Debug, Default)]
pub(super) struct Starts {
    all: VecDeque<Start>,
    /// By what is asked for: the numbers of the starts.
    waiting: Vec<(u64, Sorted<u64>)>,
    /// Instants, and the numbers of the starts.
    due: Sorted<(i64, u64)>,
    runs: usize,
}

impl Starts {
    /// Bytes of a start and of the places in which it is filed.
    pub(super) const START_BYTES: usize =
        size_of::<Start>() + size_of::<u64>() + size_of::<(i64, u64)>();

    pub(super) fn len(&self) -> usize {
        self.all.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    /// Runs of all starts.
    pub(super) fn runs(&self) -> usize {
        self.runs
    }

    /// The oldest one.
    pub(super) fn first(&self) -> Option<&Start> {
        self.all.front()
    }

    /// The oldest first.
    pub(super) fn iter(&self) -> impl Iterator<Item = &Start> {
        self.all.iter()
    }

    /// All runs, to be moved from one number of their place to another.
    pub(super) fn runs_mut(&mut self) -> impl Iterator<Item = &mut Run> {
        self.all.iter_mut().flat_map(|start| &mut start.runs)
    }

    pub(super) fn get(&self, number: u64) -> Option<&Start> {
        Some(&self.all[self.place(number)?])
    }

    /// To be [filed](Self::file) when something has happened to its runs.
    pub(super) fn get_mut(&mut self, number: u64) -> Option<&mut Start> {
        let place = self.place(number)?;
        Some(&mut self.all[place])
    }

    fn place(&self, number: u64) -> Option<usize> {
        self.all
            .binary_search_by_key(&number, |start| start.number)
            .ok()
    }

    /// The newest one comes, and is filed nowhere.
    pub(super) fn push(&mut self, start: Start) {
        self.all.push_back(start);
    }

    /// The oldest one goes.
    pub(super) fn pop(&mut self) -> Option<Start> {
        self.take_out(self.first()?.number)
    }

    /// One goes.
    pub(super) fn take_out(&mut self, number: u64) -> Option<Start> {
        self.file(number, Filed::NOWHERE);
        let place = self.place(number)?;
        self.all.remove(place)
    }

    /// Files a start under what it has come to.
    pub(super) fn file(&mut self, number: u64, now: Filed) {
        let Some(start) = self.get_mut(number) else {
            return;
        };
        let before = mem::replace(&mut start.filed, now);
        self.runs = self.runs - before.runs + now.runs;
        if before.asks != now.asks {
            self.wait_no_more(number, before.asks);
            self.wait(number, now.asks);
        }
        if before.due != now.due {
            if let Some(due) = before.due {
                self.due.remove((due, number));
            }
            if let Some(due) = now.due {
                self.due.insert((due, number));
            }
        }
    }

    fn wait(&mut self, number: u64, asks: u64) {
        if asks == 0 {
            return;
        }
        let known = self.waiting.iter().position(|(known, _)| *known == asks);
        let place = known.unwrap_or_else(|| {
            self.waiting.push((asks, Sorted::default()));
            self.waiting.len() - 1
        });
        self.waiting[place].1.insert(number);
    }

    fn wait_no_more(&mut self, number: u64, asks: u64) {
        if let Some(place) = self.waiting.iter().position(|(known, _)| *known == asks) {
            let starts = &mut self.waiting[place].1;
            starts.remove(number);
            if starts.0.is_empty() {
                self.waiting.swap_remove(place);
            }
        }
    }

    /// Adds the starts that an event concerns which fits these elements, the oldest first.
    pub(super) fn concerned_by(&self, fits: u64, concerned: &mut Vec<u64>) {
        let begin = concerned.len();
        for (asks, starts) in &self.waiting {
            if is_asked(*asks, fits) {
                concerned.extend(&starts.0);
            }
        }
        concerned[begin..].sort_unstable();
    }

    /// Does an event that fits these elements concern any of them?
    #[inline]
    pub(super) fn are_concerned_by(&self, fits: u64) -> bool {
        self.waiting.iter().any(|(asks, _)| is_asked(*asks, fits))
    }

    /// Adds those for which time is up at an instant, the oldest first.
    pub(super) fn due_at(&self, now: i64, concerned: &mut Vec<u64>) {
        let begin = concerned.len();
        let due = self.due.0.iter().take_while(|(due, _)| *due <= now);
        concerned.extend(due.map(|(_, number)| number));
        concerned[begin..].sort_unstable();
    }

    /// When time is up for the first of them.
    pub(super) fn next_due(&self) -> Option<i64> {
        self.due.0.front().map(|(due, _)| *due)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn starts(filed: &[(u64, Filed)]) -> Starts {
        let mut starts = Starts::default();
        for &(number, filed) in filed {
            starts.push(Start {
                number,
                ..Start::new((0, number), 0)
            });
            starts.file(number, filed);
        }
        starts
    }

    fn concerned(starts: &Starts, fits: u64) -> Vec<u64> {
        let mut concerned = Vec::new();
        starts.concerned_by(fits, &mut concerned);
        assert_eq!(starts.are_concerned_by(fits), !concerned.is_empty());
        concerned
    }

    fn due(starts: &Starts, now: i64) -> Vec<u64> {
        let mut due = Vec::new();
        starts.due_at(now, &mut due);
        due
    }

    fn filed(asks: u64, due: impl Into<Option<i64>>) -> Filed {
        Filed {
            asks,
            due: due.into(),
            runs: 1,
        }
    }

    #[test]
    fn a_moment_finds_whom_it_concerns_oldest_first() {
        let mut starts = starts(&[
            (1, filed(0b01, 10)),
            (2, filed(0b10, 30)),
            (4, filed(EVERYTHING, None)),
            (7, filed(0b01, 20)),
            (9, Filed::NOWHERE),
        ]);
        assert_eq!(concerned(&starts, 0b01), [1, 4, 7]);
        assert_eq!(concerned(&starts, 0b11), [1, 2, 4, 7]);
        assert_eq!(concerned(&starts, 0), [4]);
        assert_eq!((due(&starts, 9), due(&starts, 20)), (vec![], vec![1, 7]));
        assert_eq!((starts.next_due(), starts.runs()), (Some(10), 4));

        // An older one begins to wait for what newer ones wait for.
        starts.file(2, filed(0b01, 20));
        starts.file(4, filed(0b10, 5));
        assert_eq!(concerned(&starts, 0b01), [1, 2, 7]);
        assert_eq!(due(&starts, 20), [1, 2, 4, 7]);

        let number = |start: Option<Start>| start.map(|start| start.number);
        assert_eq!(number(starts.take_out(4)), Some(4));
        assert_eq!(number(starts.pop()), Some(1));
        assert_eq!(number(starts.take_out(4)), None);
        assert_eq!(concerned(&starts, 0b11), [2, 7]);
        assert_eq!((starts.next_due(), starts.runs()), (Some(20), 2));
        assert_eq!((starts.len(), starts.waiting.len()), (3, 1));
    }
}

//! Rows of many windows of one length, in the order in which they came: one bounded log for all of them.
//!
//! Windows of which nobody asks for rows, only what each adds and takes back, need not have theirs by themselves. As all are equally
//! long, rows leave in the order in which they came, whichever window they are in: the log is written at its end and read at
//! its front, and both go through memory in order. (With rows of each window by themselves, [`Chunks`](super::chunks), each event
//! touches two places that are anywhere.)
//!
//! # Layout
//!
//! A row is the slot of its window and a fixed number of 64-bit words, the first of which is its time. Rows lie in chunks, column by
//! column. A chunk has from 8 to 2,048 places, a sixteenth of what is there, so that what the first and the last leave empty
//! stays in proportion. The chunk that was emptied last is kept for the next one that begins.
//!
//! # Windows that are given up
//!
//! A window that is closed while rows of it are here leaves them behind. They are told from those of the next window under its slot
//! by their numbers: rows are numbered as they come, and a window has none from before it was opened. Where half of the rows have been
//! left behind, or a sixteenth and there is no room, the log is swept: some chunks at a time, what is in windows is put together. So a
//! window that is given up makes room, but not at once.
//!
//! # Bounds
//!
//! The log never takes more than the limit that it was made with. A row is visited when it comes and when it goes, and a sweep visits as
//! many as [`SWEPT_AT_ONCE`] chunks hold. Where there is no room, it goes on until there is: then at most over all rows twice, for a
//! sixteenth of which there is room afterwards.

use std::collections::VecDeque;

use super::chunks::{Full, MAX_WIDTH};

/// Row places of the smallest chunk.
const LEAST_PLACES: usize = 8;

/// Row places of the largest chunk.
const MOST_PLACES: usize = 2_048;

/// So many times the places of a chunk that begins are in use, or it is one of the smallest.
const PART: usize = 16;

/// Chunks that are swept together; more than one, so that each time some of them are done.
const SWEPT_AT_ONCE: usize = 8;

/// Where one row in so many has been left behind, making room is worth a sweep.
const WORTH_ROOM: usize = 16;

const _: () = assert!(SWEPT_AT_ONCE > 1);

/// When a window was opened that is not open.
const NEVER: u64 = u64::MAX;

/// The slot of a row that has been left behind.
const NOBODY: u32 = u32::MAX;

/// Rows that follow each other.
#[derive(Clone, Debug, Default)]
struct Chunk {
    slots: Box<[u32]>,
    /// Column by column.
    words: Box<[u64]>,
    len: usize,
    /// How many of its rows, the first ones, were in windows when it was swept, before row number `before` came.
    swept: usize,
    before: u64,
    /// Number of the first row after those.
    base: u64,
}

impl Chunk {
    fn new(places: usize, width: usize) -> Self {
        Self {
            slots: vec![0; places].into(),
            words: vec![0; places * width].into(),
            ..Self::default()
        }
    }

    fn places(&self) -> usize {
        self.slots.len()
    }

    /// Has so many rows, all of them swept before the row with this number came.
    fn settle(&mut self, len: usize, next: u64) {
        self.len = len;
        self.swept = len;
        self.before = next;
        self.base = next;
    }

    /// Is a row one of the window under its slot, which was opened before the row with number `begun` came?
    #[inline]
    fn is_current(&self, row: usize, begun: u64) -> bool {
        match row.checked_sub(self.swept) {
            Some(after) => begun <= self.base + after as u64,
            None => begun < self.before,
        }
    }
}

/// The rows of all windows; see the [module](self).
///
/// ```
/// # use trapjaw_engine::window::log::Log;
/// let mut log = Log::new(2, 1 << 20);
/// log.open(0);
/// log.open(1);
/// log.begin()?;
/// let mut rows = log.append(&[0, 1, 0]);
/// rows.column(0).copy_from_slice(&[10, 11, 12]);
/// rows.column(1).copy_from_slice(&[7, 8, 9]);
/// log.close(1);
/// assert_eq!(log.times(), [10, 11, 12]);
/// let leaving = log.leaving(2);
/// assert_eq!(leaving.slots(), [0, u32::MAX]);
/// assert_eq!(leaving.column(1), [7, 8]);
/// log.drop_front(2);
/// assert_eq!(log.rows(), 1);
/// # Ok::<(), trapjaw_engine::window::chunks::Full>(())
/// ```
#[derive(Clone, Debug)]
pub struct Log {
    /// Words of a row.
    width: usize,
    chunks: VecDeque<Chunk>,
    /// How many rows of the first chunk have left.
    front: usize,
    rows: usize,
    /// How many of them are in no window.
    stale: usize,
    /// Number of the next row.
    next: u64,
    /// The chunk that was emptied last.
    spare: Option<Chunk>,
    /// Places of all chunks, the spare one's too.
    reserved: usize,
    limit: usize,
    /// The chunk with which the next sweep begins.
    swept: usize,
    /// By slot: how many rows the window has.
    held: Vec<u32>,
    /// By slot: the number of the next row when the window was opened.
    begun: Vec<u64>,
}

impl Log {
    /// Bytes that each slot takes.
    pub const SLOT_BYTES: usize = size_of::<u32>() + size_of::<u64>();

    /// A log of rows of `width` words that never takes more than `limit` bytes for them.
    ///
    /// # Panics
    ///
    /// If `width` is zero or above [`MAX_WIDTH`].
    pub fn new(width: usize, limit: usize) -> Self {
        assert!(
            (1..=MAX_WIDTH).contains(&width),
            "a row has 1 to {MAX_WIDTH} words, not {width}"
        );
        Self {
            width,
            chunks: VecDeque::new(),
            front: 0,
            rows: 0,
            stale: 0,
            next: 0,
            spare: None,
            reserved: 0,
            limit,
            swept: 0,
            held: Vec::new(),
            begun: Vec::new(),
        }
    }

    /// Bytes that a row takes.
    pub fn row_bytes(&self) -> usize {
        size_of::<u32>() + self.width * size_of::<u64>()
    }

    /// Bytes of all places, those without rows included. Never above the limit.
    pub fn reserved_bytes(&self) -> usize {
        self.reserved * self.row_bytes()
    }

    /// From now on the log takes at most so many bytes, or as many as it does where that is more.
    pub(crate) fn limit_to(&mut self, bytes: usize) {
        self.limit = bytes.max(self.reserved_bytes());
    }

    /// Number of rows, those of windows that were closed included.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Opens a window, which has no rows.
    pub fn open(&mut self, slot: u32) {
        let slot = slot as usize;
        if self.begun.len() <= slot {
            self.begun.resize(slot + 1, NEVER);
            self.held.resize(slot + 1, 0);
        }
        debug_assert!(self.begun[slot] == NEVER, "a window is opened once");
        self.begun[slot] = self.next;
    }

    /// Closes a window. What it has of rows is left behind.
    pub fn close(&mut self, slot: u32) {
        self.begun[slot as usize] = NEVER;
        self.stale += core::mem::take(&mut self.held[slot as usize]) as usize;
    }

    /// The times of the oldest rows, as many as lie together: none only if there are no rows.
    #[inline]
    pub fn times(&self) -> &[u64] {
        (self.chunks.front()).map_or(&[], |chunk| &chunk.words[self.front..chunk.len])
    }

    /// The oldest rows, so many of those of which [`times`](Self::times) tells: their windows have them no longer. They are
    /// [dropped](Self::drop_front) next.
    #[inline]
    pub fn leaving(&mut self, rows: usize) -> Leaving<'_> {
        let Some(chunk) = self.chunks.front_mut().filter(|_| rows > 0) else {
            return Leaving::default();
        };
        let places = self.front..self.front + rows;
        let slots = &mut chunk.slots[places.clone()];
        if self.stale == 0 {
            for &slot in &*slots {
                self.held[slot as usize] -= 1;
            }
        } else {
            for row in places.clone() {
                let slot = chunk.slots[row] as usize;
                if chunk.is_current(row, self.begun[slot]) {
                    self.held[slot] -= 1;
                } else {
                    chunk.slots[row] = NOBODY;
                    self.stale -= 1;
                }
            }
        }
        Leaving {
            slots: &chunk.slots[places.clone()],
            words: &chunk.words,
            places: chunk.slots.len(),
            first: places.start,
        }
    }

    /// Drops the oldest rows, which have [left](Self::leaving).
    pub fn drop_front(&mut self, rows: usize) {
        self.front += rows;
        self.rows -= rows;
        let is_only = self.chunks.len() == 1;
        match self.chunks.front_mut() {
            Some(chunk) if chunk.len == self.front => {
                self.front = 0;
                if is_only {
                    chunk.settle(0, self.next);
                } else {
                    self.swept = self.swept.saturating_sub(1);
                    let chunk = self.chunks.pop_front();
                    self.put_by(chunk);
                }
            }
            _ => {}
        }
    }

    /// How many rows may be [appended](Self::append) before another chunk has to [begin](Self::begin).
    #[inline]
    pub fn room(&self) -> usize {
        (self.chunks.back()).map_or(0, |chunk| chunk.places() - chunk.len)
    }

    /// Makes room for at least one row.
    pub fn begin(&mut self) -> Result<(), Full> {
        if self.stale * 2 > self.rows {
            self.sweep();
        }
        while self.room() == 0 {
            if let Some(mut chunk) = self.allocate() {
                chunk.settle(0, self.next);
                self.chunks.push_back(chunk);
            } else if !self.reclaim() {
                return Err(Full { limit: self.limit });
            }
        }
        Ok(())
    }

    /// Appends a row of each of these windows, which are open, to be filled; there must be [room](Self::room).
    ///
    /// All words must be written: they hold what former rows left there.
    #[inline]
    pub fn append(&mut self, slots: &[u32]) -> Appended<'_> {
        for &slot in slots {
            self.held[slot as usize] += 1;
        }
        self.rows += slots.len();
        self.next += slots.len() as u64;
        let Some(chunk) = self.chunks.back_mut() else {
            return Appended::default();
        };
        let first = chunk.len;
        chunk.len += slots.len();
        chunk.slots[first..chunk.len].copy_from_slice(slots);
        Appended {
            places: chunk.slots.len(),
            words: &mut chunk.words,
            first,
            rows: slots.len(),
        }
    }

    /// A chunk for as many rows as is in proportion, or as there is room for; `None` where there is none.
    fn allocate(&mut self) -> Option<Chunk> {
        let wanted = (self.rows / PART).clamp(LEAST_PLACES, MOST_PLACES);
        let wanted = wanted.next_power_of_two();
        let fits = |spare: &Chunk| (wanted..=wanted * 2).contains(&spare.places());
        if let Some(spare) = self.spare.take() {
            if fits(&spare) {
                return Some(spare);
            }
            self.reserved -= spare.places();
        }
        let left = (self.limit / self.row_bytes()).saturating_sub(self.reserved);
        // Windows count their rows by `u32`.
        let countable = (u32::MAX as usize).saturating_sub(self.reserved);
        let places = wanted.min(left).min(countable);
        (places > 0).then(|| {
            self.reserved += places;
            Chunk::new(places, self.width)
        })
    }

    /// A chunk has been emptied.
    fn put_by(&mut self, chunk: Option<Chunk>) {
        let given_up = core::mem::replace(&mut self.spare, chunk);
        self.reserved -= given_up.map_or(0, |chunk| chunk.places());
    }

    /// Sweeps until another chunk may begin, or the last one has room. Is it so?
    fn reclaim(&mut self) -> bool {
        if self.stale == 0 || self.stale < self.rows / WORTH_ROOM {
            return false;
        }
        // On from where the last sweep ended, and once from the first chunk on.
        let mut passes = 0;
        while passes < 2 {
            self.sweep();
            if self.spare.is_some() || self.room() > 0 {
                return true;
            }
            passes += usize::from(self.swept == 0);
        }
        false
    }

    /// Puts together those rows of some chunks that are in windows.
    fn sweep(&mut self) {
        if self.swept >= self.chunks.len() {
            self.swept = 0;
        }
        let from = self.swept;
        let until = (from + SWEPT_AT_ONCE).min(self.chunks.len());
        let (mut to, mut place) = (from, 0);
        for of in from..until {
            let first = if of == 0 {
                core::mem::take(&mut self.front)
            } else {
                0
            };
            for row in first..self.chunks[of].len {
                let chunk = &self.chunks[of];
                let slot = chunk.slots[row];
                if !chunk.is_current(row, self.begun[slot as usize]) {
                    self.rows -= 1;
                    self.stale -= 1;
                    continue;
                }
                // What is written has been read: no chunk gets more rows than it had.
                if place == self.chunks[to].places() {
                    self.chunks[to].settle(place, self.next);
                    (to, place) = (to + 1, 0);
                }
                self.move_row((of, row), (to, place));
                place += 1;
            }
        }
        if to < until {
            self.chunks[to].settle(place, self.next);
        }
        self.swept = if until == self.chunks.len() { 0 } else { to };
        // An empty one at the end may be the last, to which the next row is appended.
        let kept = to + usize::from(place > 0);
        let emptied: Vec<Chunk> = self.chunks.drain(kept.min(until)..until).collect();
        for chunk in emptied {
            self.put_by(Some(chunk));
        }
    }

    fn move_row(&mut self, (of, row): (usize, usize), (to, place): (usize, usize)) {
        if (of, row) == (to, place) {
            return;
        }
        self.chunks[to].slots[place] = self.chunks[of].slots[row];
        let (from_places, to_places) = (self.chunks[of].places(), self.chunks[to].places());
        for column in 0..self.width {
            self.chunks[to].words[column * to_places + place] =
                self.chunks[of].words[column * from_places + row];
        }
    }
}

/// Rows that leave their windows.
#[derive(Clone, Copy, Debug, Default)]
pub struct Leaving<'a> {
    slots: &'a [u32],
    words: &'a [u64],
    places: usize,
    first: usize,
}

impl<'a> Leaving<'a> {
    /// The slot of each row's window; `u32::MAX` where that was closed since.
    #[inline]
    pub fn slots(&self) -> &'a [u32] {
        self.slots
    }

    /// A word of each row.
    #[inline]
    pub fn column(&self, column: usize) -> &'a [u64] {
        let start = column * self.places + self.first;
        &self.words[start..start + self.slots.len()]
    }
}

/// Rows that have just come.
#[derive(Debug, Default)]
pub struct Appended<'a> {
    words: &'a mut [u64],
    places: usize,
    first: usize,
    rows: usize,
}

impl Appended<'_> {
    /// A word of each row, to be written.
    #[inline]
    pub fn column(&mut self, column: usize) -> &mut [u64] {
        let start = column * self.places + self.first;
        &mut self.words[start..start + self.rows]
    }
}

#[cfg(test)]
mod tests;

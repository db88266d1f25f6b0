//! Rows of many first-in-first-out windows, in chunks from one bounded pool.
//!
//! Each key of a windowed rule holds a [`Fifo`], a 20-byte handle; its rows are in chunks that [`Chunks`]
//! hands out and takes back. A window grows by linking another chunk, never by moving rows, so that no push
//! is dearer than the first allocation of one segment. A row is a fixed number of 64-bit words, chosen for
//! the whole pool: usually the time, then one word for each aggregate's input, floats and integers as their
//! bits.
//!
//! # Layout
//!
//! Chunks come in four classes of 8, 32, 128 and 512 row places. The first place holds the links to the
//! chunks before and after, the others hold rows, so a long window spends 1/512 on links. A window starts
//! with the smallest class and takes larger ones as it grows, so that what its first and last chunk leave
//! empty stays in proportion. Chunks are cut from segments of up to 4,096 places, which are kept until the
//! pool is dropped. A free chunk is reused by its class; when a class has run out, a larger one is split.
//! Free chunks are not joined again: a window that finds only smaller ones takes those, so that the pool
//! refuses a row only when nothing is free.
//!
//! # Bounds
//!
//! The pool never holds more than the limit that it was made with. Every operation takes constant time,
//! except for [`Chunks::rows`], which visits what it is asked for.

use std::fmt;

use trapjaw_program::limits::MAX_AGGREGATES;

/// Row places of the smallest chunk, and the unit in which segments are cut.
const UNIT_PLACES: usize = 8;

/// Number of chunk classes; each is four times as large as the one before.
const CLASSES: usize = 4;

/// Bits that a chunk's class takes in its reference.
const CLASS_BITS: u32 = 2;

/// Units of a full segment, as a power of two: 512 units, 4,096 row places, 64 KiB of rows of two words.
const SEGMENT_BITS: u32 = 9;

/// Units of the first segment. Each further one has twice as many, up to a full one.
const FIRST_SEGMENT_UNITS: usize = 16;

/// Chunks of cleared windows that one allocation sorts into the free lists.
const SORTED_AT_ONCE: usize = 4;

/// Largest number of words of a row: a time, up to two words for each of a rule's aggregates, and one that says
/// which of these are present. A full segment then takes 4 MiB.
pub const MAX_WIDTH: usize = 2 + 2 * MAX_AGGREGATES;

const _: () = assert!(CLASSES == 1 << CLASS_BITS);
const _: () = assert!(units(CLASSES - 1) <= 1 << SEGMENT_BITS);
const _: () = assert!(FIRST_SEGMENT_UNITS <= 1 << SEGMENT_BITS);

/// Reference to no chunk. The last unit would be the start of a chunk of the largest class, which has no
/// room there.
const NONE: u32 = u32::MAX;

const fn units(class: usize) -> usize {
    1 << (CLASS_BITS as usize * class)
}

#[inline]
fn class_of(chunk: u32) -> usize {
    (chunk as usize) & (CLASSES - 1)
}

/// Place of the last row of a chunk; rows start at place 1.
#[inline]
fn last_place(chunk: u32) -> u16 {
    (UNIT_PLACES * units(class_of(chunk)) - 1) as u16
}

/// The pool is at its limit and has no free chunk: the row was not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Full {
    /// The pool's limit, in bytes.
    pub limit: usize,
}

impl fmt::Display for Full {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "window rows have reached their limit of {} bytes",
            self.limit
        )
    }
}

impl std::error::Error for Full {}

/// The rows of one key's window, oldest first: where they start and end in their pool.
///
/// A handle belongs to the pool that filled it. It is plain data; a copy is out of date as soon as the
/// original has moved on. Before a handle is dropped, its rows go back with [`Chunks::clear`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fifo {
    head: u32,
    tail: u32,
    len: u32,
    units: u32,
    /// Place of the oldest row in the head chunk.
    head_place: u16,
    /// Place after the newest row in the tail chunk.
    tail_place: u16,
}

impl Default for Fifo {
    fn default() -> Self {
        Self {
            head: NONE,
            tail: NONE,
            len: 0,
            units: 0,
            head_place: 1,
            tail_place: 1,
        }
    }
}

impl Fifo {
    /// Number of rows.
    #[inline]
    pub fn len(&self) -> u32 {
        self.len
    }

    /// Whether there is no row.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The place of the oldest row, if there is one.
    #[inline]
    pub fn front(&self) -> Cursor {
        Cursor {
            chunk: self.head,
            place: self.head_place,
        }
    }

    /// The place after the newest row: where [`Chunks::backward`] starts.
    #[inline]
    pub fn end(&self) -> Cursor {
        Cursor {
            chunk: self.tail,
            place: self.tail_place,
        }
    }
}

/// The place of a row, which stays the same for as long as the row is in its window.
///
/// A cursor to a row that has left reads whatever is there now: unwanted, but no danger to memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cursor {
    chunk: u32,
    place: u16,
}

impl Cursor {
    /// The cursor as a word of a row.
    pub(crate) fn to_word(self) -> u64 {
        u64::from(self.chunk) << 16 | u64::from(self.place)
    }

    /// The cursor that a word stands for.
    pub(crate) fn from_word(word: u64) -> Self {
        Self {
            chunk: (word >> 16) as u32,
            place: word as u16,
        }
    }
}

impl Default for Cursor {
    /// A cursor to no row.
    fn default() -> Self {
        Self {
            chunk: NONE,
            place: 1,
        }
    }
}

/// A bounded pool of window rows; see the [module](self).
///
/// ```
/// # use trapjaw_engine::window::chunks::{Chunks, Fifo};
/// let mut chunks = Chunks::new(2, 1 << 20);
/// let mut window = Fifo::default();
/// for time in 0..100u64 {
///     chunks.push(&mut window)?.copy_from_slice(&[time, 0.5f64.to_bits()]);
///     while chunks.front(&window).is_some_and(|row| row[0] + 10 <= time) {
///         chunks.pop_front(&mut window);
///     }
/// }
/// assert_eq!(window.len(), 10);
/// # Ok::<(), trapjaw_engine::window::chunks::Full>(())
/// ```
#[derive(Clone, Debug)]
pub struct Chunks {
    segments: Vec<Box<[u64]>>,
    /// Words of a row.
    width: usize,
    /// First free chunk of each class, linked through their headers.
    free: [u32; CLASSES],
    /// Chunks of cleared windows, of any class, linked as they were.
    unsorted: u32,
    /// Units of the newest segment that were never handed out: from `fresh` up to `fresh_end`.
    fresh: usize,
    fresh_end: usize,
    limit: usize,
    reserved_units: usize,
    used_units: usize,
}

impl Chunks {
    /// A pool of rows of `width` words that never takes more than `limit` bytes for them.
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
            segments: Vec::new(),
            width,
            free: [NONE; CLASSES],
            unsorted: NONE,
            fresh: 0,
            fresh_end: 0,
            limit,
            reserved_units: 0,
            used_units: 0,
        }
    }

    /// Words of a row.
    pub fn width(&self) -> usize {
        self.width
    }

    /// Bytes that a row of a long window takes: its words, and its part of the links between chunks.
    pub fn row_bytes(&self) -> usize {
        self.unit_bytes().div_ceil(UNIT_PLACES - 1)
    }

    /// Bytes that a window takes from its first row on: the smallest chunk.
    pub fn least_bytes(&self) -> usize {
        self.unit_bytes()
    }

    /// Most bytes that the pool takes.
    pub fn limit(&self) -> usize {
        self.limit
    }

    /// From now on the pool takes at most so many bytes, or as many as it does where that is more.
    pub(crate) fn limit_to(&mut self, bytes: usize) {
        self.limit = bytes.max(self.reserved_bytes());
    }

    /// Bytes of the chunks that windows hold.
    pub fn used_bytes(&self) -> usize {
        self.used_units * self.unit_bytes()
    }

    /// Bytes of all segments, those in free chunks included. Never above [`limit`](Self::limit).
    pub fn reserved_bytes(&self) -> usize {
        self.reserved_units * self.unit_bytes()
    }

    /// Bytes of the chunks that a window holds.
    pub fn fifo_bytes(&self, fifo: &Fifo) -> usize {
        fifo.units as usize * self.unit_bytes()
    }

    /// Appends a row to a window, and gives its words to be filled.
    ///
    /// All words must be written: they hold what a former row left there.
    #[inline]
    pub fn push(&mut self, fifo: &mut Fifo) -> Result<&mut [u64], Full> {
        if fifo.tail == NONE || fifo.tail_place > last_place(fifo.tail) {
            self.extend(fifo)?;
        }
        let cursor = fifo.end();
        fifo.tail_place += 1;
        fifo.len += 1;
        Ok(self.row_mut(cursor))
    }

    /// The words of a window's oldest row.
    #[inline]
    pub fn front(&self, fifo: &Fifo) -> Option<&[u64]> {
        (fifo.len > 0).then(|| self.row(fifo.front()))
    }

    /// The words of a window's newest row.
    #[inline]
    pub fn back(&self, fifo: &Fifo) -> Option<&[u64]> {
        (fifo.len > 0).then(|| self.row(self.backward(fifo.end())))
    }

    /// Removes a window's oldest row; without one, does nothing.
    #[inline]
    pub fn pop_front(&mut self, fifo: &mut Fifo) {
        if fifo.len <= 1 {
            self.clear(fifo);
            return;
        }
        fifo.len -= 1;
        fifo.head_place += 1;
        if fifo.head_place > last_place(fifo.head) {
            self.drop_head(fifo);
        }
    }

    /// Removes all rows of a window, in constant time.
    pub fn clear(&mut self, fifo: &mut Fifo) {
        if fifo.head == NONE {
            return;
        }
        self.used_units -= fifo.units as usize;
        if fifo.head == fifo.tail {
            self.release(fifo.head);
        } else {
            self.set_links(fifo.tail, NONE, self.unsorted);
            self.unsorted = fifo.head;
        }
        *fifo = Fifo::default();
    }

    /// A window's rows, oldest first.
    pub fn rows(&self, fifo: &Fifo) -> Rows<'_> {
        Rows {
            chunks: self,
            next: fifo.front(),
            left: fifo.len,
        }
    }

    /// The words of the row at `cursor`, which must be in a window.
    #[inline]
    pub fn row(&self, cursor: Cursor) -> &[u64] {
        let (segment, start) = self.locate(cursor);
        &self.segments[segment][start..start + self.width]
    }

    /// The words of the row at `cursor`, which must be in a window.
    #[inline]
    pub fn row_mut(&mut self, cursor: Cursor) -> &mut [u64] {
        let (segment, start) = self.locate(cursor);
        &mut self.segments[segment][start..start + self.width]
    }

    /// The place after a row's: the next row's, or for the newest row the [end](Fifo::end).
    #[inline]
    pub fn forward(&self, cursor: Cursor) -> Cursor {
        let place = cursor.place + 1;
        if place > last_place(cursor.chunk) {
            let (_, next) = self.links(cursor.chunk);
            if next != NONE {
                return Cursor {
                    chunk: next,
                    place: 1,
                };
            }
        }
        Cursor {
            chunk: cursor.chunk,
            place,
        }
    }

    /// The place before a row's, or the newest row's before the [end](Fifo::end). There must be such a row.
    #[inline]
    pub fn backward(&self, cursor: Cursor) -> Cursor {
        if cursor.place > 1 {
            return Cursor {
                chunk: cursor.chunk,
                place: cursor.place - 1,
            };
        }
        let (previous, _) = self.links(cursor.chunk);
        Cursor {
            chunk: previous,
            place: last_place(previous),
        }
    }

    fn unit_bytes(&self) -> usize {
        UNIT_PLACES * self.width * size_of::<u64>()
    }

    /// Segment of a place, and where in it the place starts.
    #[inline]
    fn locate(&self, cursor: Cursor) -> (usize, usize) {
        let unit = (cursor.chunk >> CLASS_BITS) as usize;
        let place = (unit & ((1 << SEGMENT_BITS) - 1)) * UNIT_PLACES + usize::from(cursor.place);
        (unit >> SEGMENT_BITS, place * self.width)
    }

    /// The chunks before and after a chunk.
    #[inline]
    fn links(&self, chunk: u32) -> (u32, u32) {
        let (segment, start) = self.locate(Cursor { chunk, place: 0 });
        let word = self.segments[segment][start];
        ((word >> 32) as u32, word as u32)
    }

    #[inline]
    fn set_links(&mut self, chunk: u32, previous: u32, next: u32) {
        let (segment, start) = self.locate(Cursor { chunk, place: 0 });
        self.segments[segment][start] = u64::from(previous) << 32 | u64::from(next);
    }

    /// Links another chunk to the end of a window.
    #[cold]
    #[inline(never)]
    fn extend(&mut self, fifo: &mut Fifo) -> Result<(), Full> {
        let full = Full { limit: self.limit };
        if fifo.len > u32::MAX - (UNIT_PLACES * units(CLASSES - 1)) as u32 {
            return Err(full);
        }
        // The largest class that the window at hand would fill.
        let wanted = (1..CLASSES)
            .rev()
            .find(|&class| fifo.len as usize >= UNIT_PLACES * units(class))
            .unwrap_or(0);
        let chunk = self.allocate(wanted).ok_or(full)?;
        self.used_units += units(class_of(chunk));
        fifo.units += units(class_of(chunk)) as u32;
        self.set_links(chunk, fifo.tail, NONE);
        if fifo.tail == NONE {
            fifo.head = chunk;
            fifo.head_place = 1;
        } else {
            let (previous, _) = self.links(fifo.tail);
            self.set_links(fifo.tail, previous, chunk);
        }
        fifo.tail = chunk;
        fifo.tail_place = 1;
        Ok(())
    }

    /// Gives a window's first chunk back; there is another one.
    #[cold]
    #[inline(never)]
    fn drop_head(&mut self, fifo: &mut Fifo) {
        let (_, next) = self.links(fifo.head);
        let freed = units(class_of(fifo.head));
        self.used_units -= freed;
        fifo.units -= freed as u32;
        self.release(fifo.head);
        fifo.head = next;
        fifo.head_place = 1;
    }

    /// Puts a chunk on its free list.
    fn release(&mut self, chunk: u32) {
        let class = class_of(chunk);
        self.set_links(chunk, NONE, self.free[class]);
        self.free[class] = chunk;
    }

    fn reuse(&mut self, class: usize) -> Option<u32> {
        let chunk = self.free[class];
        (chunk != NONE).then(|| {
            self.free[class] = self.links(chunk).1;
            chunk
        })
    }

    /// A chunk of the wanted class, or near the limit of a smaller one.
    fn allocate(&mut self, wanted: usize) -> Option<u32> {
        if let Some(chunk) = self.reuse(wanted) {
            return Some(chunk);
        }
        for _ in 0..SORTED_AT_ONCE {
            if self.unsorted == NONE {
                break;
            }
            let chunk = self.unsorted;
            self.unsorted = self.links(chunk).1;
            self.release(chunk);
        }
        for class in wanted..CLASSES {
            if let Some(chunk) = self.reuse(class) {
                return Some(self.split(chunk, wanted));
            }
        }
        if self.fresh_end - self.fresh < units(wanted) {
            self.release_fresh();
            self.reserve(units(wanted));
        }
        if self.fresh_end - self.fresh >= units(wanted) {
            return Some(self.cut(wanted));
        }
        self.release_fresh();
        (0..wanted).rev().find_map(|class| self.reuse(class))
    }

    /// The first part of a chunk, as one of the wanted class; the rest goes to the free lists.
    fn split(&mut self, chunk: u32, wanted: usize) -> u32 {
        let start = chunk >> CLASS_BITS;
        for class in (wanted..class_of(chunk)).rev() {
            for part in 1..units(1) {
                let unit = start + (part * units(class)) as u32;
                self.release(unit << CLASS_BITS | class as u32);
            }
        }
        start << CLASS_BITS | wanted as u32
    }

    /// The next chunk of the newest segment, which has the room.
    fn cut(&mut self, class: usize) -> u32 {
        let chunk = (self.fresh as u32) << CLASS_BITS | class as u32;
        self.fresh += units(class);
        chunk
    }

    /// Cuts what is left of the newest segment into free chunks: fewer than the largest class would take.
    fn release_fresh(&mut self) {
        for class in (0..CLASSES).rev() {
            while self.fresh_end - self.fresh >= units(class) {
                let chunk = self.cut(class);
                self.release(chunk);
            }
        }
    }

    /// Adds a segment of at least `wanted` units, or as many as the limit leaves.
    fn reserve(&mut self, wanted: usize) {
        const UNIT_REFERENCES: usize = 1 << (u32::BITS - CLASS_BITS);
        let number = self.segments.len();
        let growing = FIRST_SEGMENT_UNITS << number.min(SEGMENT_BITS as usize);
        let left = (self.limit / self.unit_bytes()).saturating_sub(self.reserved_units);
        let start = number << SEGMENT_BITS;
        let addressable = UNIT_REFERENCES.saturating_sub(start);
        let size = growing
            .clamp(wanted, 1 << SEGMENT_BITS)
            .min(left)
            .min(addressable);
        if size == 0 {
            return;
        }
        self.segments
            .push(vec![0; size * UNIT_PLACES * self.width].into_boxed_slice());
        self.reserved_units += size;
        self.fresh = start;
        self.fresh_end = start + size;
    }
}

/// The rows of a window, oldest first; made by [`Chunks::rows`].
#[derive(Clone, Debug)]
pub struct Rows<'a> {
    chunks: &'a Chunks,
    next: Cursor,
    left: u32,
}

impl<'a> Iterator for Rows<'a> {
    type Item = &'a [u64];

    #[inline]
    fn next(&mut self) -> Option<&'a [u64]> {
        self.left = self.left.checked_sub(1)?;
        let row = self.chunks.row(self.next);
        self.next = self.chunks.forward(self.next);
        Some(row)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.left as usize, Some(self.left as usize))
    }
}

impl ExactSizeIterator for Rows<'_> {}

#[cfg(test)]
mod tests;

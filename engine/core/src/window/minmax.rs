//! Minimum and maximum of a first-in-first-out window, in constant time an event.
//!
//! A minimum cannot be taken back when its row leaves. [`Daba`] is DABA Lite, from Tangwongsan, Hirzel and
//! Schneider, *In-order sliding-window aggregation in worst-case constant time*, VLDB Journal 30 (2021): it
//! needs an associative [`Combine`] and nothing else, neither an inverse nor commutativity, and no step
//! ever runs over the window as the flip of a two-stack queue does.
//!
//! # How it works
//!
//! The window is a front part and a back part. `back` is the aggregate of the back part; each row of the
//! front part ends up with the aggregate of itself and all later front rows, so the answer is the oldest
//! row's aggregate combined with `back`. When the back part has grown as long as the front part, it joins
//! the front, and the aggregates that are now too short are brought up to date two rows a step, soon enough
//! before they are needed. From oldest to newest, the front part is then
//!
//! | rows | hold the aggregate of |
//! |---|---|
//! | done | the row up to the end of the front |
//! | left (`half` rows) | the row up to the end of left |
//! | right (`half` rows) | the row alone |
//! | accumulated | the row up to the end of the front |
//!
//! Each step lengthens the left's first row to the end of the front with the aggregate of right and
//! accumulated, and adds right's last row to accumulated. When left and right have run out, accumulated
//! turns into done, row by row.
//!
//! # Storage
//!
//! The aggregates live in one word of the window's rows in [`Chunks`], in place of the value, so a minimum
//! costs 8 bytes a row and 56 bytes a key. A push combines at most [`PUSH_COMBINES`] times, an eviction at
//! most [`EVICT_COMBINES`] times, a query at most once.

use super::chunks::{Chunks, Cursor, Fifo};

/// Most combinations of one push.
pub const PUSH_COMBINES: u32 = 3;

/// Most combinations of one eviction.
pub const EVICT_COMBINES: u32 = 2;

/// An associative way to join the aggregates of neighbouring rows, with a neutral element.
pub trait Combine {
    /// An aggregate, of one word.
    type Value: Copy;

    /// The aggregate of no rows.
    const IDENTITY: Self::Value;

    /// The aggregate of two neighbouring stretches of rows, `older` before `newer`.
    fn combine(&mut self, older: Self::Value, newer: Self::Value) -> Self::Value;

    /// The word that stands for an aggregate in a row.
    fn to_word(value: Self::Value) -> u64;

    /// The aggregate that a word stands for.
    fn from_word(word: u64) -> Self::Value;
}

/// The smallest float. NaN is null: it is ignored, and it is the answer where there is nothing else.
#[derive(Clone, Copy, Debug, Default)]
pub struct MinFloat;

/// The largest float. NaN is null: it is ignored, and it is the answer where there is nothing else.
#[derive(Clone, Copy, Debug, Default)]
pub struct MaxFloat;

/// The smallest integer. A null row holds [`IDENTITY`](Combine::IDENTITY), `i64::MAX`, which is also the
/// answer where there is nothing else; as it is an ordinary value too, the caller's count of values tells
/// the two apart.
#[derive(Clone, Copy, Debug, Default)]
pub struct MinInt;

/// The largest integer. A null row holds [`IDENTITY`](Combine::IDENTITY), `i64::MIN`, which is also the
/// answer where there is nothing else; as it is an ordinary value too, the caller's count of values tells
/// the two apart.
#[derive(Clone, Copy, Debug, Default)]
pub struct MaxInt;

impl Combine for MinFloat {
    type Value = f64;
    const IDENTITY: f64 = f64::NAN;

    #[inline]
    fn combine(&mut self, older: f64, newer: f64) -> f64 {
        if newer < older || older.is_nan() {
            newer
        } else {
            older
        }
    }

    #[inline]
    fn to_word(value: f64) -> u64 {
        value.to_bits()
    }

    #[inline]
    fn from_word(word: u64) -> f64 {
        f64::from_bits(word)
    }
}

impl Combine for MaxFloat {
    type Value = f64;
    const IDENTITY: f64 = f64::NAN;

    #[inline]
    fn combine(&mut self, older: f64, newer: f64) -> f64 {
        if newer > older || older.is_nan() {
            newer
        } else {
            older
        }
    }

    #[inline]
    fn to_word(value: f64) -> u64 {
        value.to_bits()
    }

    #[inline]
    fn from_word(word: u64) -> f64 {
        f64::from_bits(word)
    }
}

impl Combine for MinInt {
    type Value = i64;
    const IDENTITY: i64 = i64::MAX;

    #[inline]
    fn combine(&mut self, older: i64, newer: i64) -> i64 {
        older.min(newer)
    }

    #[inline]
    fn to_word(value: i64) -> u64 {
        value.cast_unsigned()
    }

    #[inline]
    fn from_word(word: u64) -> i64 {
        word.cast_signed()
    }
}

impl Combine for MaxInt {
    type Value = i64;
    const IDENTITY: i64 = i64::MIN;

    #[inline]
    fn combine(&mut self, older: i64, newer: i64) -> i64 {
        older.max(newer)
    }

    #[inline]
    fn to_word(value: i64) -> u64 {
        value.cast_unsigned()
    }

    #[inline]
    fn from_word(word: u64) -> i64 {
        word.cast_signed()
    }
}

/// The running aggregate of one window over one word of its rows; see the [module](self).
///
/// It must be told of each row of its [`Fifo`] right after the row was pushed, and of each right after it
/// was popped.
///
/// ```
/// # use trapjaw_engine::window::chunks::{Chunks, Fifo};
/// # use trapjaw_engine::window::minmax::{Combine, Daba, MaxFloat};
/// let mut chunks = Chunks::new(1, 1 << 20);
/// let (mut window, mut max) = (Fifo::default(), Daba::<MaxFloat>::new(0));
/// for value in [3.0, f64::NAN, 2.0] {
///     chunks.push(&mut window)?[0] = MaxFloat::to_word(value);
///     max.pushed(&mut MaxFloat, value, &mut chunks, &window);
/// }
/// assert_eq!(max.value(&mut MaxFloat, &chunks, &window), 3.0);
/// chunks.pop_front(&mut window);
/// max.popped(&mut MaxFloat, &mut chunks, &window);
/// assert_eq!(max.value(&mut MaxFloat, &chunks, &window), 2.0);
/// # Ok::<(), trapjaw_engine::window::chunks::Full>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Daba<C: Combine> {
    /// First row of left; once left has run out, of accumulated.
    left: Cursor,
    /// First row of accumulated, while right is not empty.
    accumulated: Cursor,
    /// Rows of the front part.
    front_len: u32,
    /// Rows of left, and of right.
    half: u32,
    /// Rows of accumulated.
    accumulated_len: u32,
    /// The word of a row that holds the aggregate.
    column: u32,
    /// Aggregate of the back part.
    back: C::Value,
    /// Aggregate of right and accumulated.
    right: C::Value,
    /// Aggregate of accumulated.
    newest: C::Value,
}

impl<C: Combine> Daba<C> {
    /// The aggregate of an empty window, over the word `column` of its rows.
    pub fn new(column: u32) -> Self {
        Self {
            left: Cursor::default(),
            accumulated: Cursor::default(),
            front_len: 0,
            half: 0,
            accumulated_len: 0,
            column,
            back: C::IDENTITY,
            right: C::IDENTITY,
            newest: C::IDENTITY,
        }
    }

    /// Takes in the newest row of `fifo`, which was pushed since, with the word of `value` in the column.
    #[inline]
    pub fn pushed(&mut self, op: &mut C, value: C::Value, chunks: &mut Chunks, fifo: &Fifo) {
        self.back = op.combine(self.back, value);
        self.step(op, chunks, fifo);
    }

    /// Gives up the oldest row of `fifo`, which was popped since.
    #[inline]
    pub fn popped(&mut self, op: &mut C, chunks: &mut Chunks, fifo: &Fifo) {
        debug_assert!(self.front_len > 0, "popped from an empty window");
        self.front_len -= 1;
        self.step(op, chunks, fifo);
    }

    /// The aggregate of all rows; [`Combine::IDENTITY`] for an empty window.
    #[inline]
    pub fn value(&self, op: &mut C, chunks: &Chunks, fifo: &Fifo) -> C::Value {
        if self.front_len == 0 {
            return self.back;
        }
        op.combine(self.read(chunks, fifo.front()), self.back)
    }

    /// Follows a window whose rows were all removed at once.
    pub fn cleared(&mut self) {
        *self = Self::new(self.column);
    }

    #[inline]
    fn read(&self, chunks: &Chunks, cursor: Cursor) -> C::Value {
        C::from_word(chunks.row(cursor)[self.column as usize])
    }

    #[inline]
    fn update(
        &self,
        chunks: &mut Chunks,
        cursor: Cursor,
        change: impl FnOnce(C::Value) -> C::Value,
    ) -> C::Value {
        let word = &mut chunks.row_mut(cursor)[self.column as usize];
        let value = change(C::from_word(*word));
        *word = C::to_word(value);
        value
    }

    /// The work that is due after each push and pop. Afterwards done has a row, unless the window is empty.
    #[inline]
    fn step(&mut self, op: &mut C, chunks: &mut Chunks, fifo: &Fifo) {
        if self.front_len == 0 {
            // No row is left, or one, which is its own aggregate.
            debug_assert!(fifo.len() <= 1);
            self.front_len = fifo.len();
            self.back = C::IDENTITY;
            return;
        }
        if self.half == 0 && self.accumulated_len == 0 {
            debug_assert_eq!(self.front_len, fifo.len() - self.front_len);
            self.left = fifo.front();
            self.half = self.front_len;
            self.accumulated = fifo.end();
            self.front_len = fifo.len();
            self.right = self.back;
            self.newest = C::IDENTITY;
            self.back = C::IDENTITY;
        }
        if self.half == 0 {
            self.accumulated_len -= 1;
        } else {
            let right = self.right;
            self.update(chunks, self.left, |value| op.combine(value, right));
            self.accumulated = chunks.backward(self.accumulated);
            let newest = self.newest;
            self.newest = self.update(chunks, self.accumulated, |value| op.combine(value, newest));
            self.half -= 1;
            self.accumulated_len += 1;
        }
        // Done now, not when the place is next used: by then the chunk behind it may be gone.
        self.left = chunks.forward(self.left);
    }
}

#[cfg(test)]
mod tests;

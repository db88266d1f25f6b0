//! The memory that a kernel writes into: the pool of receive buffers, leases of them, and frame buffers.
//!
//! A buffer of the pool is in exactly one place: free, with the kernel, or held by one [`Lease`]. The place is
//! recorded, and every move checks it, so that no bytes are readable while they may still be written.

use crate::limits::{ALIGNMENT, FRAME_BUFFER};
use std::alloc::{Layout, alloc_zeroed, dealloc, handle_alloc_error};
use std::cell::RefCell;
use std::fmt;
use std::ops::{Deref, DerefMut};
use std::ptr::NonNull;
use std::rc::Rc;

/// A zeroed block on the heap with a chosen alignment. It hands out raw pointers only, so that moving its owner
/// claims nothing about the bytes, which a kernel may be writing.
pub(super) struct Block {
    start: NonNull<u8>,
    layout: Layout,
}

// SAFETY: a block owns its memory alone, like a `Vec<u8>`; nothing in it is bound to a thread.
unsafe impl Send for Block {}

impl Block {
    /// A block of `len` zero bytes; `len` is not 0 and `alignment` is a power of two.
    pub(super) fn new(len: usize, alignment: usize) -> Block {
        assert!(len > 0, "a block has at least one byte");
        let layout = Layout::from_size_align(len, alignment)
            .expect("a block's size and alignment are bounded");
        // SAFETY: the layout's size is not 0, as asserted.
        let start = unsafe { alloc_zeroed(layout) };
        let Some(start) = NonNull::new(start) else {
            handle_alloc_error(layout)
        };
        Block { start, layout }
    }

    /// The first byte.
    pub(super) fn start(&self) -> *mut u8 {
        self.start.as_ptr()
    }

    /// Length in bytes.
    pub(super) fn len(&self) -> usize {
        self.layout.size()
    }
}

impl Drop for Block {
    fn drop(&mut self) {
        // SAFETY: allocated in `new` with the same layout, and freed only here.
        unsafe { dealloc(self.start.as_ptr(), self.layout) }
    }
}

/// Bytes of one large frame, aligned to 64, of a fixed length chosen at its making; they start as zeros.
///
/// A connection receives the rest of a frame straight into it
/// ([`Driver::receive_into`](super::Driver::receive_into)), so that the frame is read where the kernel put it.
/// It may be used again for the next frame.
pub struct FrameBuffer {
    block: Block,
}

impl FrameBuffer {
    /// A buffer of `len` zero bytes. Panics unless `1 <= len <= FRAME_BUFFER`: a length that a peer announced is
    /// checked before memory is taken for it.
    pub fn new(len: usize) -> FrameBuffer {
        assert!(
            len <= FRAME_BUFFER,
            "a frame buffer of {len} bytes is above the limit of {FRAME_BUFFER}"
        );
        FrameBuffer {
            block: Block::new(len, ALIGNMENT),
        }
    }

    /// The first byte, for a ring that owns this buffer while the kernel writes into it.
    pub(super) fn start(&self) -> *mut u8 {
        self.block.start()
    }

    /// Length in bytes, without claiming the bytes themselves.
    pub(super) fn capacity(&self) -> usize {
        self.block.len()
    }
}

impl Deref for FrameBuffer {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        // SAFETY: the block is initialised (zeroed) over its whole length and lives as long as `self`. While a
        // kernel writes into it, the value lies untouched in the ring's table of operations in flight, so no
        // reference exists then.
        unsafe { std::slice::from_raw_parts(self.block.start(), self.block.len()) }
    }
}

impl DerefMut for FrameBuffer {
    fn deref_mut(&mut self) -> &mut [u8] {
        // SAFETY: as in `deref`; `&mut self` makes this the only reference.
        unsafe { std::slice::from_raw_parts_mut(self.block.start(), self.block.len()) }
    }
}

impl fmt::Debug for FrameBuffer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "FrameBuffer({} bytes)", self.capacity())
    }
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Place {
    Free,
    Kernel,
    Held,
}

struct Places {
    place: Vec<Place>,
    free: Vec<u16>,
    kernel: usize,
}

/// A fixed number of equally long, aligned receive buffers, shared by the ring and the leases of one shard.
pub(super) struct Pool {
    block: Block,
    buffer: usize,
    places: RefCell<Places>,
}

impl Pool {
    /// `count` free buffers of `len` bytes each; `len` is a multiple of the alignment.
    pub(super) fn new(count: u16, len: usize) -> Rc<Pool> {
        assert!(
            count > 0 && len > 0 && len.is_multiple_of(ALIGNMENT),
            "receive buffers are aligned"
        );
        Rc::new(Pool {
            block: Block::new(usize::from(count) * len, ALIGNMENT),
            buffer: len,
            places: RefCell::new(Places {
                place: vec![Place::Free; usize::from(count)],
                free: (0..count).rev().collect(),
                kernel: 0,
            }),
        })
    }

    /// Bytes in one buffer.
    pub(super) fn buffer_len(&self) -> usize {
        self.buffer
    }

    /// Buffers that bytes may still be received into: the free ones and those with the kernel.
    pub(super) fn available(&self) -> usize {
        let places = self.places.borrow();
        places.free.len() + places.kernel
    }

    /// Takes a free buffer to write into.
    pub(super) fn take(self: &Rc<Pool>) -> Option<Blank> {
        let id = self.leave_free(Place::Held)?;
        Some(Blank {
            held: Held {
                pool: Rc::clone(self),
                id,
            },
        })
    }

    /// Moves a free buffer to the kernel: its number and its first byte. The kernel may write `buffer_len` bytes
    /// there until the number comes back through [`Pool::reclaim`].
    pub(super) fn offer(&self) -> Option<(u16, *mut u8)> {
        let id = self.leave_free(Place::Kernel)?;
        Some((id, self.start_of(id)))
    }

    /// Takes buffer `id`, which now holds `len` bytes, back from the kernel.
    ///
    /// # Safety
    ///
    /// The kernel has completed the receive that chose this buffer, and will not write into it before it is
    /// offered again.
    pub(super) unsafe fn reclaim(self: &Rc<Pool>, id: u16, len: usize) -> Lease {
        assert!(
            len <= self.buffer,
            "the kernel reports {len} bytes in a buffer of {}",
            self.buffer
        );
        {
            let mut places = self.places.borrow_mut();
            let place = &mut places.place[usize::from(id)];
            assert_eq!(
                *place,
                Place::Kernel,
                "receive buffer {id} was not with the kernel"
            );
            *place = Place::Held;
            places.kernel -= 1;
        }
        Lease {
            backing: Backing::Pool(Held {
                pool: Rc::clone(self),
                id,
            }),
            start: 0,
            end: len,
        }
    }

    fn leave_free(&self, to: Place) -> Option<u16> {
        let mut places = self.places.borrow_mut();
        let id = places.free.pop()?;
        places.place[usize::from(id)] = to;
        places.kernel += usize::from(to == Place::Kernel);
        Some(id)
    }

    fn start_of(&self, id: u16) -> *mut u8 {
        let offset = usize::from(id) * self.buffer;
        debug_assert!(offset + self.buffer <= self.block.len());
        // SAFETY: ids are below the count with which the block was made, so the offset lies inside it.
        unsafe { self.block.start().add(offset) }
    }
}

/// Sole right to one buffer of the pool; gives it back when dropped.
struct Held {
    pool: Rc<Pool>,
    id: u16,
}

impl Held {
    fn bytes(&self) -> &[u8] {
        // SAFETY: the buffer lies inside the pool's block, which is initialised and kept alive by `pool`. Its place
        // is `Held` and this is its only holder, so neither the kernel nor anyone else writes into it.
        unsafe { std::slice::from_raw_parts(self.pool.start_of(self.id), self.pool.buffer) }
    }

    fn bytes_mut(&mut self) -> &mut [u8] {
        // SAFETY: as in `bytes`; `&mut self` makes this the only reference.
        unsafe { std::slice::from_raw_parts_mut(self.pool.start_of(self.id), self.pool.buffer) }
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        let mut places = self.pool.places.borrow_mut();
        debug_assert_eq!(places.place[usize::from(self.id)], Place::Held);
        places.place[usize::from(self.id)] = Place::Free;
        places.free.push(self.id);
    }
}

/// A buffer of the pool that is being written by this thread.
pub(super) struct Blank {
    held: Held,
}

impl Blank {
    /// The first `len` bytes, now written, as a lease.
    pub(super) fn written(self, len: usize) -> Lease {
        assert!(
            len <= self.held.pool.buffer,
            "more bytes written than the buffer has"
        );
        Lease {
            backing: Backing::Pool(self.held),
            start: 0,
            end: len,
        }
    }
}

impl Deref for Blank {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        self.held.bytes()
    }
}

impl DerefMut for Blank {
    fn deref_mut(&mut self) -> &mut [u8] {
        self.held.bytes_mut()
    }
}

enum Backing {
    Pool(Held),
    Own(FrameBuffer),
}

/// Received bytes, read in place. They start on a 64-byte boundary when they come from the driver.
///
/// The receive buffer goes back to the ring when the lease is dropped: a shard that keeps leases takes receive
/// buffers from its connections. Bound to the thread of its driver.
pub struct Lease {
    backing: Backing,
    start: usize,
    end: usize,
}

impl Lease {
    /// Drops the first `count` bytes, which have been read. Panics if there are fewer.
    pub fn advance(&mut self, count: usize) {
        assert!(
            count <= self.end - self.start,
            "a lease can't advance past its end"
        );
        self.start += count;
    }

    /// Copies the bytes into memory of their own and gives the receive buffer back; nothing to do the second time.
    pub fn detach(&mut self) {
        if matches!(self.backing, Backing::Pool(_)) {
            let mut own = FrameBuffer::new(self.len().max(1));
            own[..self.len()].copy_from_slice(self);
            *self = Lease {
                end: self.len(),
                start: 0,
                backing: Backing::Own(own),
            };
        }
    }

    /// Whether the bytes lie in a receive buffer of the ring.
    pub fn is_pooled(&self) -> bool {
        matches!(self.backing, Backing::Pool(_))
    }
}

impl Deref for Lease {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        match &self.backing {
            Backing::Pool(held) => &held.bytes()[self.start..self.end],
            Backing::Own(own) => &own[self.start..self.end],
        }
    }
}

impl fmt::Debug for Lease {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "Lease({} bytes{})",
            self.len(),
            if self.is_pooled() { "" } else { ", detached" }
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_buffer_is_in_one_place_at_a_time() {
        let pool = Pool::new(2, 128);
        let mut blank = pool.take().expect("two are free");
        blank[..3].copy_from_slice(b"abc");
        let lease = blank.written(3);
        let (id, start) = pool.offer().expect("one is free");
        assert!(pool.take().is_none());
        assert!(pool.offer().is_none());
        assert_eq!(pool.available(), 1);
        assert_eq!(start as usize % ALIGNMENT, 0);
        // SAFETY: no kernel is at work here.
        let other = unsafe { pool.reclaim(id, 128) };
        assert_eq!((&*lease, other.len()), (&b"abc"[..], 128));
        assert_eq!(pool.available(), 0);
        drop((lease, other));
        assert_eq!(pool.available(), 2);
    }

    #[test]
    #[should_panic(expected = "was not with the kernel")]
    fn a_buffer_that_was_not_offered_is_refused() {
        let pool = Pool::new(2, 64);
        // SAFETY: no kernel is at work here; the call must refuse by itself.
        drop(unsafe { pool.reclaim(0, 1) });
    }

    #[test]
    fn a_detached_lease_frees_its_buffer_and_keeps_its_bytes() {
        let pool = Pool::new(1, 64);
        let mut blank = pool.take().expect("one is free");
        blank[..5].copy_from_slice(b"hello");
        let mut lease = blank.written(5);
        lease.advance(1);
        assert!(lease.is_pooled());
        lease.detach();
        assert!(!lease.is_pooled());
        assert_eq!(pool.available(), 1);
        assert_eq!(&*lease, b"ello");
        lease.advance(4);
        assert!(lease.is_empty());
    }

    #[test]
    fn a_lease_outlives_the_ring() {
        let pool = Pool::new(1, 64);
        let mut blank = pool.take().expect("one is free");
        blank[0] = 7;
        let lease = blank.written(1);
        drop(pool);
        assert_eq!(&*lease, [7]);
    }

    #[test]
    fn frame_buffers_are_aligned_and_zeroed() {
        for len in [1, 63, 64, 65, FRAME_BUFFER] {
            let buffer = FrameBuffer::new(len);
            assert_eq!(
                (buffer.as_ptr() as usize % ALIGNMENT, buffer.len()),
                (0, len)
            );
            assert!(buffer.iter().all(|&byte| byte == 0));
        }
    }
}

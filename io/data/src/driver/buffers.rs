//! The memory that a kernel writes into: the pool of receive buffers, leases of them, and frame buffers.
//!
//! A buffer of the pool is free, or with the kernel, or read through [`Lease`]s, of which one may reach over several
//! buffers. A buffer that the kernel fills in parts is both with the kernel and read, but no byte of it is. Where each
//! buffer is, and from which byte on it is the kernel's, is recorded, and every move checks it, so that no bytes are
//! readable while they may still be written.

use super::vacant::Vacant;
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

/// Where a buffer of the pool is; free if it is nowhere.
#[derive(Clone, Copy, Debug)]
struct Place {
    /// With the kernel, which may write from this byte on.
    kernel: Option<usize>,
    /// Leases that read parts of it, all of them before what the kernel may write.
    leases: u32,
}

struct Places {
    place: Vec<Place>,
    vacant: Vacant,
    kernel: usize,
    /// Where to look for the next buffer that goes to the kernel: behind the last one.
    next: u16,
}

impl Places {
    fn kernel(&mut self, id: u16) -> &mut Option<usize> {
        &mut self.place[usize::from(id)].kernel
    }
}

/// A fixed number of equally long, aligned receive buffers, shared by the ring and the leases of one shard. They lie one
/// behind the other in memory.
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
        let nowhere = Place {
            kernel: None,
            leases: 0,
        };
        Rc::new(Pool {
            block: Block::new(usize::from(count) * len, ALIGNMENT),
            buffer: len,
            places: RefCell::new(Places {
                place: vec![nowhere; usize::from(count)],
                vacant: Vacant::all(count),
                kernel: 0,
                next: 0,
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
        places.vacant.count() + places.kernel
    }

    /// Takes a free buffer to write into.
    pub(super) fn take(self: &Rc<Pool>) -> Option<Blank> {
        let mut places = self.places.borrow_mut();
        let id = places.vacant.take_lowest()?;
        places.place[usize::from(id)].leases = 1;
        Some(Blank {
            held: Held {
                pool: Rc::clone(self),
                first: id,
                end: id + 1,
            },
        })
    }

    /// Moves a free buffer to the kernel, if there is one the next in memory: its number and its first byte. The kernel
    /// may write `buffer_len` bytes there until they have come back through [`Pool::reclaim`].
    pub(super) fn offer(&self) -> Option<(u16, *mut u8)> {
        let mut places = self.places.borrow_mut();
        let next = places.next;
        let id = places.vacant.take_from(next)?;
        *places.kernel(id) = Some(0);
        places.kernel += 1;
        places.next = id + 1;
        Some((id, self.start_of(id)))
    }

    /// Whether the kernel may write into a buffer.
    pub(super) fn is_with_kernel(&self, id: u16) -> bool {
        self.places.borrow_mut().kernel(id).is_some()
    }

    /// Bytes that the kernel may still write into a buffer that it has; at least one.
    pub(super) fn room(&self, id: u16) -> usize {
        let at = *self.places.borrow_mut().kernel(id);
        self.buffer - at.unwrap_or_else(|| panic!("receive buffer {id} was not with the kernel"))
    }

    /// Takes the next `len` bytes of buffer `id` from the kernel, which has written them. With `last`, and when the
    /// buffer is full, it is no longer the kernel's.
    ///
    /// # Safety
    ///
    /// The kernel has completed the receive that wrote these bytes, and will not write into them again; with `last`,
    /// not into the bytes behind them either, before the buffer is offered again.
    pub(super) unsafe fn reclaim(self: &Rc<Pool>, id: u16, len: usize, last: bool) -> Lease {
        let room = self.room(id);
        assert!(
            len <= room,
            "the kernel reports {len} bytes in a buffer with room for {room}"
        );
        let first = usize::from(id) * self.buffer;
        let start = self.buffer - room;
        let mut places = self.places.borrow_mut();
        let place = &mut places.place[usize::from(id)];
        place.leases += 1;
        place.kernel = Some(start + len).filter(|&at| !last && at < self.buffer);
        if place.kernel.is_none() {
            places.kernel -= 1;
        }
        Lease {
            backing: Backing::Pool(Held {
                pool: Rc::clone(self),
                first: id,
                end: id + 1,
            }),
            start: first + start,
            end: first + start + len,
        }
    }

    /// Does what a kernel does that receives `bytes` into a buffer.
    #[cfg(test)]
    pub(super) fn pretend(self: &Rc<Pool>, id: u16, bytes: &[u8], last: bool) -> Lease {
        let room = self.room(id);
        let count = bytes.len().min(room);
        // SAFETY: tests that call this have no kernel at work on this pool, so that the bytes behind those received are
        // nobody's: inside the buffer, read by no lease and written by nothing else. More than there is room for is refused.
        unsafe {
            let start = self.start_of(id).add(self.buffer - room);
            start.copy_from_nonoverlapping(bytes.as_ptr(), count);
            self.reclaim(id, bytes.len(), last)
        }
    }

    /// One lease less reads a buffer.
    fn release(&self, id: u16) {
        let mut places = self.places.borrow_mut();
        let place = &mut places.place[usize::from(id)];
        place.leases -= 1;
        if place.leases == 0 && place.kernel.is_none() {
            places.vacant.put(id);
        }
    }

    fn start_of(&self, id: u16) -> *mut u8 {
        let offset = usize::from(id) * self.buffer;
        debug_assert!(offset + self.buffer <= self.block.len());
        // SAFETY: ids are below the count with which the block was made, so the offset lies inside it.
        unsafe { self.block.start().add(offset) }
    }
}

/// The right to read what was received into some neighbouring buffers of the pool; gives it back when dropped.
struct Held {
    pool: Rc<Pool>,
    first: u16,
    end: u16,
}

impl Held {
    /// Bytes of the pool, counted from its beginning.
    fn bytes(&self, start: usize, end: usize) -> &[u8] {
        let buffer = self.pool.buffer;
        debug_assert!(
            usize::from(self.first) * buffer <= start && end <= usize::from(self.end) * buffer
        );
        // SAFETY: the bytes lie inside the pool's block, which is initialised and kept alive by `pool`, and in buffers
        // that this value has its count on. Of those, only such bytes are asked for as the kernel has given back
        // (`Pool::reclaim`) or this thread has written (`Blank`); nobody writes into them before the last count is gone.
        unsafe { std::slice::from_raw_parts(self.pool.block.start().add(start), end - start) }
    }

    /// Gives the buffers back that lie before that byte of the pool, all but the last one.
    fn release_before(&mut self, at: usize) {
        while self.first + 1 < self.end && usize::from(self.first + 1) * self.pool.buffer <= at {
            self.pool.release(self.first);
            self.first += 1;
        }
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        for id in self.first..self.end {
            self.pool.release(id);
        }
    }
}

/// A buffer of the pool that is being written by this thread.
pub(super) struct Blank {
    held: Held,
}

impl Blank {
    /// The first `len` bytes, now written, as a lease.
    pub(super) fn written(self, len: usize) -> Lease {
        let buffer = self.held.pool.buffer;
        assert!(len <= buffer, "more bytes written than the buffer has");
        let start = usize::from(self.held.first) * buffer;
        Lease {
            backing: Backing::Pool(self.held),
            start,
            end: start + len,
        }
    }
}

impl Deref for Blank {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        let buffer = self.held.pool.buffer;
        let start = usize::from(self.held.first) * buffer;
        self.held.bytes(start, start + buffer)
    }
}

impl DerefMut for Blank {
    fn deref_mut(&mut self) -> &mut [u8] {
        let pool = &self.held.pool;
        // SAFETY: the buffer lies inside the pool's block, which is initialised and kept alive by `pool`. It was free when
        // this value took it, so that there is no other count on it and the kernel does not have it; `&mut self` makes
        // this the only reference.
        unsafe { std::slice::from_raw_parts_mut(pool.start_of(self.held.first), pool.buffer) }
    }
}

enum Backing {
    Pool(Held),
    Own(FrameBuffer),
}

/// Received bytes, read in place. They start on a 64-byte boundary when they come from the driver, unless the bytes before
/// them came in the same buffer and did not end on one.
///
/// The receive buffer goes back to the ring when the last lease of its bytes is dropped: a shard that keeps leases takes
/// receive buffers from its connections. Bound to the thread of its driver.
pub struct Lease {
    backing: Backing,
    /// Counted from the beginning of what is behind it: the pool or the buffer of its own.
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
        if let Backing::Pool(held) = &mut self.backing {
            held.release_before(self.start);
        }
    }

    /// Takes the bytes of `next` over, which become readable behind those of this lease in one piece; gives them back
    /// unless they lie there in memory, and both together have at most `longest` bytes.
    pub(super) fn join(&mut self, next: Lease, longest: usize) -> Result<(), Lease> {
        match (&mut self.backing, next) {
            (
                Backing::Pool(held),
                Lease {
                    backing: Backing::Pool(mut other),
                    start,
                    end,
                },
            ) if self.end == start
                && end - self.start <= longest
                && Rc::ptr_eq(&held.pool, &other.pool) =>
            {
                // Where both have a count on the same buffer, one is enough: the other goes with what is dropped here.
                let behind = other.first.max(held.end);
                debug_assert!(
                    behind == held.end,
                    "bytes of one piece lie in neighbouring buffers"
                );
                held.end = other.end;
                other.end = behind;
                self.end = end;
                Ok(())
            }
            (_, next) => Err(next),
        }
    }

    /// Copies the bytes into memory of their own and gives the receive buffer back; nothing to do the second time.
    pub fn detach(&mut self) {
        if self.is_pooled() {
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
            Backing::Pool(held) => held.bytes(self.start, self.end),
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

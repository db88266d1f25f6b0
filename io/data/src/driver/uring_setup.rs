//! Making an `io_uring`: what is asked of the kernel, whether it grants it, and the ring of provided buffers.

use super::buffers::{Block, Pool};
use super::delivery::Delivery;
use super::order::Order;
use crate::limits::{COMPLETION_QUEUE, SUBMISSION_QUEUE};
use io_uring::types::BufRingEntry;
use io_uring::{IoUring, Probe, opcode};
use std::fmt;
use std::io;
use std::sync::atomic::{AtomicU16, Ordering};

/// The only group of provided buffers.
pub(super) const BUFFER_GROUP: u16 = 0;

/// The registration's flag for buffers that are filled in parts (`IOU_PBUF_RING_INC`).
const FILLED_IN_PARTS: u16 = 2;

/// Page size that the kernel wants the buffer ring aligned to; larger pages would only need larger alignment.
const PAGE: usize = 4096;

/// Why `io_uring` can't be used here.
#[derive(Debug)]
pub(super) enum Refusal {
    /// The kernel does not grant a ring, or not with what is needed.
    Denied(io::Error),
    /// An operation is unknown to the kernel.
    Missing(&'static str),
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Refusal::Denied(error) => match error.raw_os_error() {
                Some(libc::EPERM) => f.write_str("refused (EPERM)"),
                Some(libc::EACCES) => f.write_str("refused (EACCES)"),
                Some(libc::ENOSYS) => f.write_str("not in this kernel (ENOSYS)"),
                Some(libc::EINVAL) => f.write_str("without a needed feature (EINVAL)"),
                _ => write!(f, "not available ({error})"),
            },
            Refusal::Missing(operation) => write!(f, "without the operation {operation}"),
        }
    }
}

/// Asks the kernel for a small ring with everything that a driver needs, and drops it again.
/// Returns what else the kernel says that it grants: a flag tells of bundles, and the registration of a ring of buffers
/// that are filled in parts is refused where they are unknown.
pub(super) fn probe() -> Result<Delivery, Refusal> {
    let ring = build(8, 16).map_err(Refusal::Denied)?;
    let mut probe = Probe::new();
    ring.submitter()
        .register_probe(&mut probe)
        .map_err(Refusal::Denied)?;
    for (code, name) in [
        (opcode::AcceptMulti::CODE, "accept"),
        (opcode::RecvMulti::CODE, "receive"),
        (opcode::Send::CODE, "send"),
        (opcode::AsyncCancel2::CODE, "cancel"),
        (opcode::Read::CODE, "read"),
    ] {
        if !probe.is_supported(code) {
            return Err(Refusal::Missing(name));
        }
    }
    ring.submitter()
        .register_files_sparse(1)
        .map_err(Refusal::Denied)?;
    let register = |delivery| Provided::register(&ring, 1, delivery)?.unregister(&ring);
    register(Delivery::WHOLE).map_err(Refusal::Denied)?;
    Ok(Delivery {
        bundles: ring.params().is_feature_recvsend_bundle(),
        parts: register(Delivery::ALL).is_ok(),
    })
}

/// A ring of the driver's size for the calling thread.
pub(super) fn open() -> io::Result<IoUring> {
    build(SUBMISSION_QUEUE, COMPLETION_QUEUE)
}

/// One submitter (the building thread); completions are processed only when that thread enters the kernel, and a
/// flag in shared memory says when that is needed, so that polling an idle ring costs no system call.
fn build(submissions: u32, completions: u32) -> io::Result<IoUring> {
    IoUring::builder()
        .dontfork()
        .setup_single_issuer()
        .setup_defer_taskrun()
        .setup_coop_taskrun()
        .setup_taskrun_flag()
        .setup_submit_all()
        .setup_clamp()
        .setup_cqsize(completions)
        .build(submissions)
}

/// The ring through which free receive buffers go to the kernel.
///
/// The memory is shared with the kernel, which reads it until the group is unregistered or the `io_uring` is closed: its
/// owner drops it after that, or not at all.
pub(super) struct Provided {
    memory: Block,
    order: Order,
}

impl Provided {
    /// Registers an empty ring for `entries` buffers, a power of two.
    pub(super) fn register(
        ring: &IoUring,
        entries: u16,
        delivery: Delivery,
    ) -> io::Result<Provided> {
        let order = Order::new(entries);
        let memory = Block::new(usize::from(entries) * size_of::<BufRingEntry>(), PAGE);
        // SAFETY: the block has room for `entries` entries and is aligned to a page. It lives as long as the
        // registration, as the type's documentation asks of its owner; if the call fails, nothing is registered.
        unsafe {
            ring.submitter().register_buf_ring_with_flags(
                memory.start() as u64,
                entries,
                BUFFER_GROUP,
                if delivery.parts { FILLED_IN_PARTS } else { 0 },
            )?;
        }
        Ok(Provided { memory, order })
    }

    /// Ends the registration.
    pub(super) fn unregister(self, ring: &IoUring) -> io::Result<()> {
        let ended = ring.submitter().unregister_buf_ring(BUFFER_GROUP);
        if ended.is_err() {
            // The kernel may still read it.
            std::mem::forget(self);
        }
        ended
    }

    /// The order in which buffers were given to the kernel.
    pub(super) fn order(&self) -> &Order {
        &self.order
    }

    /// Gives every free buffer of the pool to the kernel. The pool has at most as many as the ring has entries.
    pub(super) fn offer(&mut self, pool: &Pool) {
        let entries: *mut BufRingEntry = self.memory.start().cast();
        let before = self.order.tail();
        loop {
            // A buffer that is still with the kernel is the oldest one, given a whole round ago: with as many buffers as
            // places there is at most one of those, while completions of later ones were seen before its own.
            let taken = self.order.in_next_place();
            if taken.is_some_and(|id| pool.is_with_kernel(id)) {
                break;
            }
            let Some((id, start)) = pool.offer() else {
                break;
            };
            let index = self.order.give(id);
            // SAFETY: the index is below the number of entries, and entries fit the block by its making (aligned to a
            // page, zeroed, so initialised). The kernel uses entries from its head to the published tail only, and this one
            // is free: the buffer that stood in it is no longer with the kernel, as looked up, so the head has passed it.
            let entry = unsafe { &mut *entries.add(index) };
            entry.set_addr(start as u64);
            entry.set_len(pool.buffer_len() as u32);
            entry.set_bid(id);
        }
        if self.order.tail() != before {
            // SAFETY: the block begins with an initialised entry, in which the tail's place is aligned for a `u16`
            // and is only written here; the reference ends at once.
            let tail = unsafe {
                let place = BufRingEntry::tail(entries);
                AtomicU16::from_ptr(place.cast_mut())
            };
            // Publishes the entries: pairs with the kernel's acquire load of the tail.
            tail.store(self.order.tail(), Ordering::Release);
        }
    }
}

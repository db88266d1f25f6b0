//! The ring on `io_uring`.
//!
//! A descriptor's slot is its place in the kernel's table of registered files, and with the operation's kind it is
//! also the operation's name (user data): at most one of a kind is in flight on a slot, and the submission queue is
//! first in, first out, so that a late cancellation never meets the slot's next user.

use super::buffers::{FrameBuffer, Pool};
use super::delivery::Delivery;
use super::ring::{Completion, Direction, Op, Outcome, Ring, Slot, Wait};
use super::uring_setup::{BUFFER_GROUP, Provided, open};
use super::wait::Waker;
use crate::limits::{COMPLETIONS, DRAIN_MILLIS};
use io_uring::types::{CancelBuilder, Fd, Fixed, SubmitArgs, Timespec};
use io_uring::{IoUring, cqueue, opcode, squeue};
use rustix::io::Errno;
use std::collections::VecDeque;
use std::io;
use std::mem::ManuallyDrop;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::rc::Rc;
use std::time::{Duration, Instant};

const ACCEPT: u64 = 0;
const RECEIVE: u64 = 1;
const RECEIVE_INTO: u64 = 2;
const SEND: u64 = 3;
const WAKE: u64 = 4;
const CANCEL: u64 = 5;

fn user_data(kind: u64, slot: Slot) -> u64 {
    (kind << 32) | u64::from(slot)
}

/// What is in flight towards this side, with the memory it writes into.
enum In {
    Nothing,
    Accept,
    Receive,
    ReceiveInto(FrameBuffer),
}

/// A slot: its descriptor and the memory of its operations in flight.
struct Place {
    fd: Option<OwnedFd>,
    incoming: In,
    outgoing: Option<Vec<u8>>,
}

/// Everything that the kernel may read or write while operations are in flight.
struct Shared {
    places: Vec<Place>,
    pool: Rc<Pool>,
    provided: Option<Provided>,
    /// Where a read of the waker's counter goes.
    wakeups: Box<[u8; 8]>,
    waker: Waker,
}

/// An `io_uring` with what is in flight on it.
pub(super) struct Uring {
    ring: IoUring,
    /// Dropped by `Drop` alone, and only when nothing is in flight.
    shared: ManuallyDrop<Shared>,
    /// Operations queued or in flight, cancellations included.
    in_flight: usize,
    /// What did not fit the submission queue; bounded, since operations in flight are.
    backlog: VecDeque<squeue::Entry>,
    /// How received bytes are handed over.
    delivery: Delivery,
}

impl Uring {
    /// A ring that hands received bytes over in a way that the kernel grants.
    pub(super) fn new(
        slots: usize,
        buffers: u16,
        buffer_len: usize,
        delivery: Delivery,
    ) -> io::Result<Uring> {
        let ring = open()?;
        ring.submitter().register_files_sparse(slots as u32)?;
        let shared = Shared {
            places: (0..slots)
                .map(|_| Place {
                    fd: None,
                    incoming: In::Nothing,
                    outgoing: None,
                })
                .collect(),
            pool: Pool::new(buffers, buffer_len),
            provided: None,
            wakeups: Box::new([0; 8]),
            waker: Waker::new()?,
        };
        let mut uring = Uring {
            ring,
            shared: ManuallyDrop::new(shared),
            in_flight: 0,
            backlog: VecDeque::new(),
            delivery,
        };
        // Last, so that from here on `Drop` takes care of the order.
        uring.shared.provided = Some(Provided::register(&uring.ring, buffers, delivery)?);
        Ok(uring)
    }

    fn queue(&mut self, entry: squeue::Entry) {
        self.in_flight += 1;
        self.backlog.push_back(entry);
        self.fill_submission_queue();
    }

    /// Moves as much of the backlog as fits into the submission queue, and submits when it is full.
    fn fill_submission_queue(&mut self) {
        while let Some(entry) = self.backlog.front() {
            // SAFETY: the entry's memory is owned by `shared` until the operation completes: a place holds the buffer
            // of its operation, `Drop` frees nothing before all is complete, and neither buffer moves its bytes when
            // its owner moves (both are pointers to the heap, and no reference to the bytes is made meanwhile).
            let pushed = unsafe { self.ring.submission().push(entry) };
            if pushed.is_ok() {
                self.backlog.pop_front();
            } else if !matches!(self.ring.submit(), Ok(submitted) if submitted > 0) {
                // The completion queue has to be emptied first; the next turn goes on.
                return;
            }
        }
    }

    /// Submits and waits; what a signal or the clock ends is no error.
    fn submit(&mut self, wait: Wait) -> io::Result<()> {
        self.fill_submission_queue();
        let (submitter, submission, completion) = self.ring.split();
        let quiet = submission.is_empty() && !submission.taskrun() && !submission.cq_overflow();
        let waiting = completion.is_empty() && wait != Wait::Poll;
        drop((submission, completion));
        let submitted = match wait {
            _ if !waiting && quiet => return Ok(()),
            _ if !waiting => submitter.submit(),
            Wait::For(time) => {
                let time = Timespec::from(time);
                submitter.submit_with_args(1, &SubmitArgs::new().timespec(&time))
            }
            Wait::Forever | Wait::Poll => submitter.submit_and_wait(1),
        };
        match submitted {
            Ok(_) => Ok(()),
            // EBUSY and EAGAIN: completions have to be taken first, which is what comes next.
            Err(error)
                if matches!(
                    error.raw_os_error(),
                    Some(libc::ETIME | libc::EINTR | libc::EBUSY | libc::EAGAIN)
                ) =>
            {
                Ok(())
            }
            Err(error) => Err(error),
        }
    }

    /// Appends what a completion says; nothing for those that nobody waits for.
    fn translate(&mut self, entry: &cqueue::Entry, completions: &mut VecDeque<Completion>) {
        let (kind, slot) = (entry.user_data() >> 32, entry.user_data() as Slot);
        let more = cqueue::more(entry.flags());
        if !more {
            self.in_flight -= 1;
        }
        let result =
            usize::try_from(entry.result()).map_err(|_| Errno::from_raw_os_error(-entry.result()));
        let outcome = match kind {
            ACCEPT => {
                if !more {
                    self.shared.places[slot as usize].incoming = In::Nothing;
                }
                match result {
                    // SAFETY: a successful accept without a fixed-file index makes a new descriptor of this process,
                    // which nobody else knows.
                    Ok(fd) => Outcome::Accepted(unsafe { OwnedFd::from_raw_fd(fd as i32) }),
                    Err(errno) => Outcome::AcceptEnded(errno),
                }
            }
            RECEIVE => {
                if !more {
                    self.shared.places[slot as usize].incoming = In::Nothing;
                }
                let len = *result.as_ref().unwrap_or(&0);
                // Without a byte received, only whole buffers are used up; of others the kernel still has the one it names.
                if let Some(first) = cqueue::buffer_select(entry.flags())
                    && (len > 0 || self.delivery == Delivery::WHOLE)
                {
                    self.received((slot, more), first, len, completions);
                }
                if len > 0 {
                    return;
                }
                Outcome::ReceiveEnded(result.map(drop))
            }
            RECEIVE_INTO => {
                let place = &mut self.shared.places[slot as usize];
                let In::ReceiveInto(buffer) = std::mem::replace(&mut place.incoming, In::Nothing)
                else {
                    unreachable!("the place keeps the buffer until this completion");
                };
                Outcome::Filled(buffer, result)
            }
            SEND => {
                let bytes = self.shared.places[slot as usize].outgoing.take();
                Outcome::Sent(
                    bytes.expect("the place keeps the bytes until this completion"),
                    result,
                )
            }
            WAKE => Outcome::Woken,
            _ => return,
        };
        completions.push_back(Completion {
            slot,
            more,
            outcome,
        });
    }

    /// Appends `len` bytes that were received into buffer `first`, and with bundles into those behind it.
    fn received(
        &self,
        (slot, more): (Slot, bool),
        first: u16,
        len: usize,
        completions: &mut VecDeque<Completion>,
    ) {
        let Shared { pool, provided, .. } = &*self.shared;
        let provided = provided.as_ref().expect("registered while the ring lives");
        let (mut left, mut receives) = (len, 1);
        let parts = provided.order().parts(first, len, |id| pool.room(id));
        for (id, part) in parts.chain((len == 0).then_some((first, 0))) {
            left -= part;
            assert!(
                left == 0 || self.delivery.bundles,
                "the kernel reports {len} bytes in one buffer"
            );
            // SAFETY: the receive that this completion tells of has written these bytes. A whole buffer is used up with
            // its receive; one that is filled in parts when its last byte is written, which `reclaim` finds by itself.
            let bytes = unsafe { pool.reclaim(id, part, !self.delivery.parts) };
            if part > 0 {
                Completion::received(completions, (slot, more || left > 0), bytes, receives);
            }
            receives = 0;
        }
    }

    fn reap(&mut self, completions: &mut VecDeque<Completion>) {
        while completions.len() < COMPLETIONS {
            let Some(entry) = self.ring.completion().next() else {
                return;
            };
            self.translate(&entry, completions);
        }
    }

    /// Cancels everything and waits for it; whether all came back in time.
    fn drain(&mut self) -> bool {
        let deadline = Instant::now() + Duration::from_millis(DRAIN_MILLIS);
        let cancel = opcode::AsyncCancel2::new(CancelBuilder::any()).build();
        self.queue(cancel.user_data(user_data(CANCEL, 0)));
        while self.in_flight > 0 {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() || self.submit(Wait::For(left)).is_err() {
                return false;
            }
            let mut completions = VecDeque::new();
            self.reap(&mut completions);
        }
        true
    }
}

impl Ring for Uring {
    fn attach(
        &mut self,
        slot: Slot,
        fd: OwnedFd,
        _listener: bool,
    ) -> Result<(), (OwnedFd, io::Error)> {
        let place = &mut self.shared.places[slot as usize];
        assert!(place.fd.is_none(), "slot {slot} is taken");
        // On a non-blocking descriptor operations would fail at once instead of waiting.
        if let Err(errno) = rustix::io::ioctl_fionbio(&fd, false) {
            return Err((fd, errno.into()));
        }
        if let Err(error) = self
            .ring
            .submitter()
            .register_files_update(slot, &[fd.as_raw_fd()])
        {
            return Err((fd, error));
        }
        place.fd = Some(fd);
        Ok(())
    }

    fn detach(&mut self, slot: Slot) {
        let place = &mut self.shared.places[slot as usize];
        assert!(
            matches!(place.incoming, In::Nothing) && place.outgoing.is_none(),
            "slot {slot} is in use"
        );
        // Emptying a slot of a table that exists does not fail; if it did, the next attach would replace it.
        let _ = self.ring.submitter().register_files_update(slot, &[-1]);
        place.fd = None;
    }

    fn shutdown(&mut self, slot: Slot) {
        if let Some(fd) = &self.shared.places[slot as usize].fd {
            // It fails when the peer is gone already, which the receiving side reports.
            let _ = rustix::net::shutdown(fd, rustix::net::Shutdown::Write);
        }
    }

    fn push(&mut self, op: Op) {
        let entry = match op {
            Op::Accept(slot) => {
                let place = &mut self.shared.places[slot as usize];
                assert!(
                    matches!(place.incoming, In::Nothing),
                    "one operation a direction"
                );
                place.incoming = In::Accept;
                let accept = opcode::AcceptMulti::new(Fixed(slot)).flags(libc::SOCK_CLOEXEC);
                accept.build().user_data(user_data(ACCEPT, slot))
            }
            Op::Receive { slot, once } => {
                let place = &mut self.shared.places[slot as usize];
                assert!(
                    matches!(place.incoming, In::Nothing),
                    "one operation a direction"
                );
                place.incoming = In::Receive;
                let receive = if once {
                    // The kernel chooses the buffer, and its length counts.
                    let receive = opcode::Recv::new(Fixed(slot), std::ptr::null_mut(), 0)
                        .buf_group(BUFFER_GROUP);
                    receive.build().flags(squeue::Flags::BUFFER_SELECT)
                } else if self.delivery.bundles {
                    opcode::RecvMultiBundle::new(Fixed(slot), BUFFER_GROUP).build()
                } else {
                    opcode::RecvMulti::new(Fixed(slot), BUFFER_GROUP).build()
                };
                receive.user_data(user_data(RECEIVE, slot))
            }
            Op::ReceiveInto {
                slot,
                buffer,
                from,
                to,
            } => {
                assert!(
                    from < to && to <= buffer.capacity(),
                    "the bytes to fill lie in the buffer"
                );
                let place = &mut self.shared.places[slot as usize];
                assert!(
                    matches!(place.incoming, In::Nothing),
                    "one operation a direction"
                );
                let start = buffer.start().wrapping_add(from);
                place.incoming = In::ReceiveInto(buffer);
                let receive = opcode::Recv::new(Fixed(slot), start, (to - from) as u32)
                    .flags(libc::MSG_WAITALL);
                receive.build().user_data(user_data(RECEIVE_INTO, slot))
            }
            Op::Send { slot, bytes, from } => {
                let start = bytes[from..].as_ptr();
                let len = bytes.len() - from;
                let place = &mut self.shared.places[slot as usize];
                assert!(place.outgoing.is_none(), "one operation a direction");
                place.outgoing = Some(bytes);
                let send = opcode::Send::new(Fixed(slot), start, len as u32);
                // Waits for room for all bytes, which saves a turn for each part.
                send.flags(libc::MSG_NOSIGNAL | libc::MSG_WAITALL)
                    .build()
                    .user_data(user_data(SEND, slot))
            }
            Op::Cancel(slot, direction) => {
                let place = &self.shared.places[slot as usize];
                let kind = match (direction, &place.incoming) {
                    (Direction::Out, _) => SEND,
                    (Direction::In, In::Accept) => ACCEPT,
                    (Direction::In, In::Receive) => RECEIVE,
                    (Direction::In, In::ReceiveInto(_)) => RECEIVE_INTO,
                    // It has completed; the driver has not looked yet.
                    (Direction::In, In::Nothing) => return,
                };
                let cancel =
                    opcode::AsyncCancel2::new(CancelBuilder::user_data(user_data(kind, slot)));
                cancel.build().user_data(user_data(CANCEL, slot))
            }
            Op::Wake => {
                let fd = Fd(self.shared.waker.fd().as_raw_fd());
                let read = opcode::Read::new(fd, self.shared.wakeups.as_mut_ptr(), 8);
                read.build().user_data(user_data(WAKE, 0))
            }
        };
        self.queue(entry);
    }

    fn enter(&mut self, wait: Wait, completions: &mut VecDeque<Completion>) -> io::Result<()> {
        let Shared { pool, provided, .. } = &mut *self.shared;
        provided
            .as_mut()
            .expect("registered while the ring lives")
            .offer(pool);
        self.submit(wait)?;
        self.reap(completions);
        Ok(())
    }

    fn pool(&self) -> &Rc<Pool> {
        &self.shared.pool
    }

    fn waker(&self) -> Waker {
        self.shared.waker.clone()
    }

    fn now(&self) -> Instant {
        Instant::now()
    }
}

impl Drop for Uring {
    fn drop(&mut self) {
        if !self.drain() {
            // The kernel may still write: the memory stays allocated for good. (The ring itself is closed.)
            return;
        }
        if let Some(provided) = self.shared.provided.take() {
            // With nothing in flight it can't be in use; if it fails all the same, its memory is leaked.
            let _ = provided.unregister(&self.ring);
        }
        // SAFETY: dropped once, here, and not used after. Nothing is in flight, so the kernel uses none of it.
        unsafe { ManuallyDrop::drop(&mut self.shared) }
    }
}

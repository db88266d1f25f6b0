//! A ring without a kernel: sockets are queues of bytes, time is virtual, and a seed decides everything that a kernel
//! is free to decide.
//!
//! It does what kernels do and tests on a quiet machine never see: short reads and sends, multishot operations that end
//! by themselves, a pool that is said to be empty, errors that pass, cancellations that come too late or after a last
//! delivery, completions in any order between operations.

use crate::driver::buffers::{FrameBuffer, Pool};
use crate::driver::delivery::Delivery;
use crate::driver::order::Order;
use crate::driver::ring::{Completion, Direction, Op, Outcome, Ring, Slot, Wait};
use crate::driver::wait::Waker;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use std::cell::RefCell;
use std::collections::{BTreeMap, VecDeque};
use std::io;
use std::os::fd::{AsRawFd, OwnedFd, RawFd};
use std::rc::Rc;
use std::time::{Duration, Instant};

/// Bytes that wait in one direction of a simulated socket before its writer has to wait.
pub(super) const WINDOW: usize = 64 * 1024;

/// Random numbers by seed (xorshift64*, S. Vigna 2016).
#[derive(Clone)]
pub(super) struct Random(u64);

impl Random {
    pub(super) fn new(seed: u64) -> Random {
        Random(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    pub(super) fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D)
    }

    /// A number below `limit`, which is not 0.
    pub(super) fn below(&mut self, limit: usize) -> usize {
        ((self.next() >> 33) as usize) % limit
    }

    /// True in `percent` of 100 cases.
    pub(super) fn chance(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }
}

/// The other side of a descriptor.
#[derive(Default)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "facts that hold or not, each by itself"
)]
pub(super) struct Socket {
    /// Written by the peer, not yet received.
    pub(super) inbox: VecDeque<u8>,
    /// The peer has written its last byte.
    pub(super) finished: bool,
    /// The peer is gone.
    pub(super) reset: bool,
    /// Sent to the peer, not yet read by it.
    pub(super) outbox: VecDeque<u8>,
    /// The driver has sent its last byte.
    pub(super) shut: bool,
    /// The driver has closed its descriptor.
    pub(super) closed: bool,
}

/// What the ring and its test share.
pub(super) struct World {
    pub(super) random: Random,
    /// In percent, how often each fault happens.
    pub(super) faults: usize,
    pub(super) now: Instant,
    pub(super) sockets: BTreeMap<RawFd, Socket>,
    /// Connections that wait to be accepted.
    pub(super) backlog: VecDeque<OwnedFd>,
    /// The next accept fails with it.
    pub(super) accept_error: Option<Errno>,
    /// What the driver closed, kept so that no number is used twice.
    closed: Vec<OwnedFd>,
}

impl World {
    pub(super) fn new(seed: u64, faults: usize) -> Rc<RefCell<World>> {
        Rc::new(RefCell::new(World {
            random: Random::new(seed),
            faults,
            now: Instant::now(),
            sockets: BTreeMap::new(),
            backlog: VecDeque::new(),
            accept_error: None,
            closed: Vec::new(),
        }))
    }

    /// A new socket; the descriptor stands for the driver's side.
    pub(super) fn connect(&mut self) -> (RawFd, OwnedFd) {
        let fd = OwnedFd::from(std::fs::File::open("/dev/null").expect("every system has it"));
        self.sockets.insert(fd.as_raw_fd(), Socket::default());
        (fd.as_raw_fd(), fd)
    }

    fn close(&mut self, fd: OwnedFd) {
        if let Some(socket) = self.sockets.get_mut(&fd.as_raw_fd()) {
            socket.closed = true;
        }
        self.closed.push(fd);
    }

    fn fault(&mut self) -> bool {
        let faults = self.faults;
        self.random.chance(faults)
    }

    /// A part of `count`, at least 1, often all of it.
    fn part(&mut self, count: usize) -> usize {
        if self.random.chance(50) {
            count
        } else {
            1 + self.random.below(count)
        }
    }
}

enum In {
    Accept,
    Receive {
        once: bool,
    },
    ReceiveInto {
        buffer: FrameBuffer,
        from: usize,
        to: usize,
    },
}

/// The ring of a [`World`].
pub(super) struct Simulated {
    world: Rc<RefCell<World>>,
    pool: Rc<Pool>,
    order: Order,
    /// Buffers that the kernel has, in order.
    provided: VecDeque<u16>,
    delivery: Delivery,
    waker: Waker,
    wake_asked: bool,
    attached: BTreeMap<Slot, OwnedFd>,
    submitted: VecDeque<Op>,
    incoming: BTreeMap<Slot, In>,
    outgoing: BTreeMap<Slot, (Vec<u8>, usize)>,
    done: VecDeque<Completion>,
}

impl Simulated {
    pub(super) fn new(
        world: &Rc<RefCell<World>>,
        buffers: u16,
        buffer_len: usize,
        delivery: Delivery,
    ) -> Simulated {
        Simulated {
            world: Rc::clone(world),
            pool: Pool::new(buffers, buffer_len),
            order: Order::new(buffers),
            provided: VecDeque::new(),
            delivery,
            waker: Waker::new().expect("a descriptor is free"),
            wake_asked: false,
            attached: BTreeMap::new(),
            submitted: VecDeque::new(),
            incoming: BTreeMap::new(),
            outgoing: BTreeMap::new(),
            done: VecDeque::new(),
        }
    }

    fn complete(&mut self, slot: Slot, more: bool, outcome: Outcome) {
        self.done.push_back(Completion {
            slot,
            more,
            outcome,
        });
    }

    fn accept_submitted(&mut self) {
        while let Some(op) = self.submitted.pop_front() {
            match op {
                Op::Accept(slot) => drop(self.incoming.insert(slot, In::Accept)),
                Op::Receive { slot, once } => {
                    drop(self.incoming.insert(slot, In::Receive { once }));
                }
                Op::ReceiveInto {
                    slot,
                    buffer,
                    from,
                    to,
                } => {
                    self.incoming
                        .insert(slot, In::ReceiveInto { buffer, from, to });
                }
                Op::Send { slot, bytes, from } => drop(self.outgoing.insert(slot, (bytes, from))),
                Op::Wake => self.wake_asked = true,
                Op::Cancel(slot, Direction::In) => self.cancel_incoming(slot),
                Op::Cancel(slot, Direction::Out) => {
                    if self.world.borrow_mut().fault() {
                        self.send(slot);
                    }
                    if let Some((bytes, _)) = self.outgoing.remove(&slot) {
                        self.complete(slot, false, Outcome::Sent(bytes, Err(Errno::CANCELED)));
                    }
                }
            }
        }
    }

    fn cancel_incoming(&mut self, slot: Slot) {
        // A last delivery, or even the operation's own end, may come before the cancellation.
        if self.world.borrow_mut().fault() {
            self.come_in(slot);
        }
        match self.incoming.remove(&slot) {
            None => {}
            Some(In::Accept) => self.complete(slot, false, Outcome::AcceptEnded(Errno::CANCELED)),
            Some(In::Receive { .. }) => {
                self.complete(slot, false, Outcome::ReceiveEnded(Err(Errno::CANCELED)));
            }
            Some(In::ReceiveInto { buffer, .. }) => {
                self.complete(slot, false, Outcome::Filled(buffer, Err(Errno::CANCELED)));
            }
        }
    }

    fn come_in(&mut self, slot: Slot) {
        match self.incoming.remove(&slot) {
            None => {}
            Some(In::Accept) => self.accept(slot),
            Some(In::Receive { once }) => self.receive(slot, once),
            Some(In::ReceiveInto { buffer, from, to }) => self.receive_into(slot, buffer, from, to),
        }
    }

    fn accept(&mut self, slot: Slot) {
        let mut world = self.world.borrow_mut();
        if let Some(errno) = world.accept_error.take() {
            drop(world);
            return self.complete(slot, false, Outcome::AcceptEnded(errno));
        }
        let Some(fd) = world.backlog.pop_front() else {
            drop(world);
            self.incoming.insert(slot, In::Accept);
            return;
        };
        let more = !world.fault();
        drop(world);
        self.complete(slot, more, Outcome::Accepted(fd));
        if more {
            self.incoming.insert(slot, In::Accept);
        }
    }

    fn receive(&mut self, slot: Slot, once: bool) {
        let fd = self.attached[&slot].as_raw_fd();
        let mut world = self.world.borrow_mut();
        let spurious = world.fault();
        let choice = world.random.below(3);
        let socket = &world.sockets[&fd];
        let waiting = socket.inbox.len();
        let ended = if spurious && choice == 0 {
            Err(Errno::AGAIN)
        } else if spurious && choice == 1 {
            Err(Errno::NOBUFS)
        } else if socket.inbox.is_empty() && socket.reset {
            Err(Errno::CONNRESET)
        } else if socket.inbox.is_empty() && socket.finished {
            Ok(())
        } else if socket.inbox.is_empty() {
            drop(world);
            self.incoming.insert(slot, In::Receive { once });
            return;
        } else if self.provided.is_empty() {
            Err(Errno::NOBUFS)
        } else {
            let bundled = if self.delivery.bundles && !once {
                1 + world.random.below(self.provided.len())
            } else {
                1
            };
            let room: usize = (self.provided.iter().take(bundled))
                .map(|&id| self.pool.room(id))
                .sum();
            let count = world.part(waiting.min(room));
            let socket = world.sockets.get_mut(&fd).expect("attached");
            let bytes: Vec<u8> = socket.inbox.drain(..count).collect();
            drop(world);
            let more = !spurious && !once;
            self.deliver(slot, more, &bytes);
            if more {
                self.incoming.insert(slot, In::Receive { once });
            }
            return;
        };
        drop(world);
        self.complete(slot, false, Outcome::ReceiveEnded(ended));
    }

    /// One completion, for bytes in the next buffers of the ring.
    fn deliver(&mut self, slot: Slot, more: bool, bytes: &[u8]) {
        let (mut at, mut receives) = (0, 1);
        let parts = (self.order).parts(self.provided[0], bytes.len(), |id| self.pool.room(id));
        for (id, len) in parts {
            let lease = self
                .pool
                .pretend(id, &bytes[at..at + len], !self.delivery.parts);
            at += len;
            Completion::received(
                &mut self.done,
                (slot, more || at < bytes.len()),
                lease,
                std::mem::take(&mut receives),
            );
            if !self.pool.is_with_kernel(id) {
                assert_eq!(self.provided.pop_front(), Some(id), "in the ring's order");
            }
        }
    }

    fn offer(&mut self) {
        loop {
            let taken = self.order.in_next_place();
            let taken = taken.is_some_and(|id| self.pool.is_with_kernel(id));
            let Some((id, _)) = self.pool.offer() else {
                break;
            };
            // Here completions are seen in the order of the ring.
            assert!(!taken, "a place of the ring is used twice");
            self.order.give(id);
            self.provided.push_back(id);
        }
    }

    fn receive_into(&mut self, slot: Slot, mut buffer: FrameBuffer, from: usize, to: usize) {
        let fd = self.attached[&slot].as_raw_fd();
        let mut world = self.world.borrow_mut();
        let spurious = world.fault();
        let socket = world.sockets.get_mut(&fd).expect("attached");
        let result = if spurious && socket.inbox.len().is_multiple_of(2) {
            Err(Errno::INTR)
        } else if !socket.inbox.is_empty() {
            let count = socket.inbox.len().min(to - from);
            let count = world.part(count);
            let socket = world.sockets.get_mut(&fd).expect("attached");
            for (byte, received) in buffer[from..].iter_mut().zip(socket.inbox.drain(..count)) {
                *byte = received;
            }
            Ok(count)
        } else if socket.reset {
            Err(Errno::CONNRESET)
        } else if socket.finished {
            Ok(0)
        } else {
            drop(world);
            self.incoming
                .insert(slot, In::ReceiveInto { buffer, from, to });
            return;
        };
        drop(world);
        self.complete(slot, false, Outcome::Filled(buffer, result));
    }

    fn send(&mut self, slot: Slot) {
        let Some((bytes, from)) = self.outgoing.remove(&slot) else {
            return;
        };
        let fd = self.attached[&slot].as_raw_fd();
        let mut world = self.world.borrow_mut();
        let spurious = world.fault();
        let socket = world.sockets.get_mut(&fd).expect("attached");
        let room = WINDOW - socket.outbox.len();
        let result = if socket.reset {
            Err(Errno::PIPE)
        } else if room == 0 {
            drop(world);
            self.outgoing.insert(slot, (bytes, from));
            return;
        } else if spurious {
            Err(Errno::AGAIN)
        } else {
            let count = world.part(room.min(bytes.len() - from));
            let socket = world.sockets.get_mut(&fd).expect("attached");
            socket.outbox.extend(&bytes[from..from + count]);
            Ok(count)
        };
        drop(world);
        self.complete(slot, false, Outcome::Sent(bytes, result));
    }

    fn wake(&mut self) {
        let now = Timespec {
            tv_sec: 0,
            tv_nsec: 0,
        };
        let ready = {
            let mut watched = [PollFd::from_borrowed_fd(self.waker.fd(), PollFlags::IN)];
            poll(&mut watched, Some(&now)).expect("one descriptor can be polled") == 1
        };
        if self.wake_asked && ready {
            rustix::io::read(self.waker.fd(), &mut [0_u8; 8][..]).expect("it is readable");
            self.wake_asked = false;
            self.complete(0, false, Outcome::Woken);
        }
    }

    /// Lets operations in flight go on, in any order, each perhaps several times or not at all.
    fn go_on(&mut self) {
        let incoming: Vec<Slot> = self.incoming.keys().copied().collect();
        let outgoing: Vec<Slot> = self.outgoing.keys().copied().collect();
        let mut candidates: Vec<(Slot, Direction)> = incoming
            .into_iter()
            .map(|slot| (slot, Direction::In))
            .collect();
        candidates.extend(outgoing.into_iter().map(|slot| (slot, Direction::Out)));
        for _ in 0..2 * candidates.len() {
            let chosen = self.world.borrow_mut().random.below(candidates.len());
            match candidates[chosen] {
                (slot, Direction::In) => self.come_in(slot),
                (slot, Direction::Out) => self.send(slot),
            }
        }
    }
}

impl Ring for Simulated {
    fn attach(
        &mut self,
        slot: Slot,
        fd: OwnedFd,
        _listener: bool,
    ) -> Result<(), (OwnedFd, io::Error)> {
        assert!(
            self.attached.insert(slot, fd).is_none(),
            "slot {slot} is taken"
        );
        Ok(())
    }

    fn detach(&mut self, slot: Slot) {
        assert!(
            !self.incoming.contains_key(&slot) && !self.outgoing.contains_key(&slot),
            "slot {slot} is in use"
        );
        assert!(
            self.done.iter().all(|completion| completion.slot != slot),
            "slot {slot} has completions to come"
        );
        let fd = self.attached.remove(&slot).expect("attached before");
        self.world.borrow_mut().close(fd);
    }

    fn shutdown(&mut self, slot: Slot) {
        let fd = self.attached[&slot].as_raw_fd();
        self.world
            .borrow_mut()
            .sockets
            .get_mut(&fd)
            .expect("attached")
            .shut = true;
    }

    fn push(&mut self, op: Op) {
        let taken = match &op {
            Op::Accept(slot) | Op::Receive { slot, .. } | Op::ReceiveInto { slot, .. } => {
                self.incoming.contains_key(slot)
            }
            Op::Send { slot, .. } => self.outgoing.contains_key(slot),
            Op::Wake => self.wake_asked,
            Op::Cancel(..) => false,
        };
        assert!(!taken, "one operation a direction: {op:?}");
        self.submitted.push_back(op);
    }

    fn enter(&mut self, wait: Wait, completions: &mut VecDeque<Completion>) -> io::Result<()> {
        self.offer();
        self.accept_submitted();
        self.go_on();
        self.wake();
        if let (true, Wait::For(time)) = (self.done.is_empty(), wait) {
            self.world.borrow_mut().now += time;
        }
        // Not always all of them: some are only seen in the next turn.
        let some = if wait == Wait::Poll && self.world.borrow_mut().fault() {
            self.done.len() / 2
        } else {
            self.done.len()
        };
        completions.extend(self.done.drain(..some));
        Ok(())
    }

    fn pool(&self) -> &Rc<Pool> {
        &self.pool
    }

    fn waker(&self) -> Waker {
        self.waker.clone()
    }

    fn now(&self) -> Instant {
        self.world.borrow().now
    }
}

impl Drop for Simulated {
    fn drop(&mut self) {
        let mut world = self.world.borrow_mut();
        for fd in std::mem::take(&mut self.attached).into_values() {
            world.close(fd);
        }
    }
}

/// A waiting time that never matters in virtual time, and is short in real time.
pub(super) const MOMENT: Duration = Duration::from_millis(1);

//! The ring on epoll: an operation is kept until its descriptor is ready, and then performed by this thread.
//!
//! Descriptors are watched edge-triggered in both directions from the start, so that the kernel is told of a
//! descriptor once; what it last said about readiness is remembered until a call finds it untrue. A wait ends
//! on a whole millisecond, rounded up.

use super::buffers::Pool;
use super::ring::{Completion, Op, Outcome, Ring, Slot, Wait};
use super::wait::Waker;
use super::watched::{In, Watched};
use crate::limits::{COMPLETIONS, READY_DESCRIPTORS};
use rustix::buffer::spare_capacity;
use rustix::event::{Timespec, epoll};
use rustix::io::Errno;
use std::collections::VecDeque;
use std::io;
use std::os::fd::OwnedFd;
use std::rc::Rc;
use std::time::Instant;

/// Names the waker among the watched descriptors.
const WAKER: u64 = u64::MAX;

/// An epoll instance with the operations that wait for it.
pub(super) struct Epoll {
    instance: OwnedFd,
    watched: Vec<Option<Watched>>,
    ready: VecDeque<Slot>,
    pool: Rc<Pool>,
    waker: Waker,
    /// The waker was used, and nobody was told yet.
    woken: bool,
    wake_asked: bool,
    /// Completions without a system call: cancellations.
    done: VecDeque<Completion>,
    events: Vec<epoll::Event>,
}

impl Epoll {
    pub(super) fn new(slots: usize, buffers: u16, buffer_len: usize) -> io::Result<Epoll> {
        let instance = epoll::create(epoll::CreateFlags::CLOEXEC)?;
        let waker = Waker::new()?;
        epoll::add(
            &instance,
            waker.fd(),
            epoll::EventData::new_u64(WAKER),
            epoll::EventFlags::IN,
        )?;
        Ok(Epoll {
            instance,
            watched: (0..slots).map(|_| None).collect(),
            ready: VecDeque::new(),
            pool: Pool::new(buffers, buffer_len),
            waker,
            woken: false,
            wake_asked: false,
            done: VecDeque::new(),
            events: Vec::with_capacity(READY_DESCRIPTORS),
        })
    }

    fn watched(&mut self, slot: Slot) -> &mut Watched {
        self.watched[slot as usize]
            .as_mut()
            .expect("operations are asked for on attached slots")
    }

    fn queue(&mut self, slot: Slot) {
        let watched = self.watched(slot);
        if !watched.queued {
            watched.queued = true;
            self.ready.push_back(slot);
        }
    }

    /// Tries every queued descriptor once.
    fn perform(&mut self, completions: &mut VecDeque<Completion>) {
        for _ in 0..self.ready.len() {
            if completions.len() >= COMPLETIONS {
                return;
            }
            let slot = self.ready.pop_front().expect("counted");
            // A slot that was emptied since, and perhaps filled anew, is only tried in vain.
            let Some(watched) = &mut self.watched[slot as usize] else {
                continue;
            };
            watched.queued = false;
            watched.send(slot, completions);
            let again = match watched.incoming {
                In::Nothing => false,
                In::Accept => watched.accept(slot, completions),
                In::Receive { once } => watched.receive(slot, once, &self.pool, completions),
                In::ReceiveInto { .. } => {
                    watched.receive_into(slot, completions);
                    false
                }
            };
            if again {
                self.queue(slot);
            }
        }
    }

    /// Learns which descriptors are ready.
    fn learn(&mut self, wait: Wait) -> io::Result<()> {
        let timeout = match wait {
            Wait::Poll => Some(Timespec {
                tv_sec: 0,
                tv_nsec: 0,
            }),
            // A time too long to be said is as good as forever.
            Wait::For(time) => Timespec::try_from(time).ok(),
            Wait::Forever => None,
        };
        self.events.clear();
        match epoll::wait(
            &self.instance,
            spare_capacity(&mut self.events),
            timeout.as_ref(),
        ) {
            Ok(_) | Err(Errno::INTR) => {}
            Err(errno) => return Err(errno.into()),
        }
        let mut events = std::mem::take(&mut self.events);
        for event in events.drain(..) {
            let (data, flags) = (event.data.u64(), event.flags);
            if data == WAKER {
                // Ready, so that the read does not block: nobody else reads it.
                let mut count = [0_u8; 8];
                self.woken |= rustix::io::read(self.waker.fd(), &mut count[..]).is_ok();
                continue;
            }
            let slot = data as Slot;
            let Some(watched) = &mut self.watched[slot as usize] else {
                continue;
            };
            let gone = flags.intersects(epoll::EventFlags::ERR | epoll::EventFlags::HUP);
            watched.hung_up |= gone || flags.contains(epoll::EventFlags::RDHUP);
            watched.readable |= watched.hung_up || flags.contains(epoll::EventFlags::IN);
            watched.writable |= gone || flags.contains(epoll::EventFlags::OUT);
            self.queue(slot);
        }
        self.events = events;
        Ok(())
    }

    fn tell(&mut self, completions: &mut VecDeque<Completion>) {
        while completions.len() < COMPLETIONS
            && let Some(completion) = self.done.pop_front()
        {
            completions.push_back(completion);
        }
        if self.woken && self.wake_asked && completions.len() < COMPLETIONS {
            (self.woken, self.wake_asked) = (false, false);
            completions.push_back(Completion {
                slot: 0,
                more: false,
                outcome: Outcome::Woken,
            });
        }
    }
}

impl Ring for Epoll {
    fn attach(
        &mut self,
        slot: Slot,
        fd: OwnedFd,
        listener: bool,
    ) -> Result<(), (OwnedFd, io::Error)> {
        assert!(
            self.watched[slot as usize].is_none(),
            "slot {slot} is taken"
        );
        let flags = epoll::EventFlags::IN | epoll::EventFlags::RDHUP | epoll::EventFlags::ET;
        let flags = if listener {
            flags
        } else {
            flags | epoll::EventFlags::OUT
        };
        // Accepting knows no flag for a single call; receiving and sending do.
        let watching = rustix::io::ioctl_fionbio(&fd, listener).and_then(|()| {
            epoll::add(
                &self.instance,
                &fd,
                epoll::EventData::new_u64(u64::from(slot)),
                flags,
            )
        });
        if let Err(errno) = watching {
            return Err((fd, errno.into()));
        }
        self.watched[slot as usize] = Some(Watched {
            fd,
            // The kernel reports at once what is already there.
            readable: false,
            writable: true,
            hung_up: false,
            incoming: In::Nothing,
            outgoing: None,
            queued: false,
        });
        Ok(())
    }

    fn detach(&mut self, slot: Slot) {
        let Some(watched) = self.watched[slot as usize].take() else {
            return;
        };
        assert!(
            matches!(watched.incoming, In::Nothing) && watched.outgoing.is_none(),
            "slot {slot} is in use"
        );
        if watched.queued {
            self.ready.retain(|&queued| queued != slot);
        }
        // Closing the last descriptor of a socket would do; this also holds where it has a duplicate.
        let _ = epoll::delete(&self.instance, &watched.fd);
    }

    fn shutdown(&mut self, slot: Slot) {
        // It fails when the peer is gone already, which the receiving side reports.
        let _ = rustix::net::shutdown(&self.watched(slot).fd, rustix::net::Shutdown::Write);
    }

    fn push(&mut self, op: Op) {
        let slot = match op {
            Op::Wake => {
                self.wake_asked = true;
                return;
            }
            Op::Cancel(slot, direction) => {
                if let Some(outcome) = self.watched(slot).cancel(direction) {
                    self.done.push_back(Completion {
                        slot,
                        more: false,
                        outcome,
                    });
                }
                return;
            }
            Op::Accept(slot)
            | Op::Receive { slot, .. }
            | Op::ReceiveInto { slot, .. }
            | Op::Send { slot, .. } => slot,
        };
        let watched = self.watched(slot);
        if let Op::Send { bytes, from, .. } = op {
            assert!(watched.outgoing.is_none(), "one operation a direction");
            watched.outgoing = Some((bytes, from, from));
        } else {
            assert!(
                matches!(watched.incoming, In::Nothing),
                "one operation a direction"
            );
            watched.incoming = match op {
                Op::Receive { once, .. } => In::Receive { once },
                Op::ReceiveInto {
                    buffer, from, to, ..
                } => In::ReceiveInto {
                    buffer,
                    from,
                    at: from,
                    to,
                },
                _ => In::Accept,
            };
        }
        self.queue(slot);
    }

    fn enter(&mut self, wait: Wait, completions: &mut VecDeque<Completion>) -> io::Result<()> {
        self.perform(completions);
        self.tell(completions);
        let idle = completions.is_empty() && self.ready.is_empty();
        self.learn(if idle { wait } else { Wait::Poll })?;
        self.perform(completions);
        self.tell(completions);
        Ok(())
    }

    fn pool(&self) -> &Rc<Pool> {
        &self.pool
    }

    fn waker(&self) -> Waker {
        self.waker.clone()
    }

    fn now(&self) -> Instant {
        Instant::now()
    }
}

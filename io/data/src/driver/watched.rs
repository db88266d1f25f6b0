//! One descriptor that epoll watches, with the operations that wait for it to be ready.

use super::buffers::{FrameBuffer, Pool};
use super::ring::{Completion, Direction, Outcome, Slot};
use crate::limits::{ACCEPT_BURST, RECEIVE_BURST};
use rustix::io::Errno;
use rustix::net::{RecvFlags, SendFlags, SocketFlags};
use std::collections::VecDeque;
use std::os::fd::OwnedFd;
use std::rc::Rc;

/// The operation that waits for bytes or connections.
pub(super) enum In {
    Nothing,
    Accept,
    Receive {
        once: bool,
    },
    ReceiveInto {
        buffer: FrameBuffer,
        from: usize,
        at: usize,
        to: usize,
    },
}

/// A watched descriptor with its operations.
#[expect(
    clippy::struct_excessive_bools,
    reason = "facts that hold or not, each by itself"
)]
pub(super) struct Watched {
    pub(super) fd: OwnedFd,
    pub(super) readable: bool,
    pub(super) writable: bool,
    /// The peer has hung up: there is an end to be read, whether or not a read came up short.
    pub(super) hung_up: bool,
    pub(super) incoming: In,
    /// Bytes to send: all, where this operation began, and how far it has come.
    pub(super) outgoing: Option<(Vec<u8>, usize, usize)>,
    /// Stands in the queue of descriptors to be tried.
    pub(super) queued: bool,
}

impl Watched {
    /// Accepts what waits; whether there may be more.
    pub(super) fn accept(&mut self, slot: Slot, completions: &mut VecDeque<Completion>) -> bool {
        for _ in 0..ACCEPT_BURST {
            if !self.readable {
                return false;
            }
            match rustix::net::accept_with(&self.fd, SocketFlags::CLOEXEC) {
                Ok(fd) => completions.push_back(Completion {
                    slot,
                    more: true,
                    outcome: Outcome::Accepted(fd),
                }),
                Err(Errno::AGAIN) => self.readable = false,
                Err(Errno::INTR) => {}
                Err(errno) => {
                    self.incoming = In::Nothing;
                    completions.push_back(Completion {
                        slot,
                        more: false,
                        outcome: Outcome::AcceptEnded(errno),
                    });
                    return false;
                }
            }
        }
        self.readable
    }

    /// Receives what is there into buffers of the pool; whether there may be more.
    pub(super) fn receive(
        &mut self,
        slot: Slot,
        once: bool,
        pool: &Rc<Pool>,
        completions: &mut VecDeque<Completion>,
    ) -> bool {
        for _ in 0..RECEIVE_BURST {
            if !self.readable {
                return false;
            }
            let ended = match pool.take() {
                None => Err(Errno::NOBUFS),
                Some(mut blank) => {
                    match rustix::net::recv(&self.fd, &mut blank[..], RecvFlags::DONTWAIT) {
                        Ok((0, _)) => Ok(()),
                        Ok((count, _)) => {
                            self.readable = self.hung_up || count == blank.len();
                            let bytes = blank.written(count);
                            Completion::received(completions, (slot, !once), bytes, 1);
                            if once {
                                self.incoming = In::Nothing;
                                return false;
                            }
                            continue;
                        }
                        Err(Errno::AGAIN) => {
                            self.readable = false;
                            return false;
                        }
                        Err(Errno::INTR) => continue,
                        Err(errno) => Err(errno),
                    }
                }
            };
            self.incoming = In::Nothing;
            completions.push_back(Completion {
                slot,
                more: false,
                outcome: Outcome::ReceiveEnded(ended),
            });
            return false;
        }
        self.readable
    }

    /// Receives into the frame buffer until it is full or nothing is there.
    pub(super) fn receive_into(&mut self, slot: Slot, completions: &mut VecDeque<Completion>) {
        let In::ReceiveInto {
            mut buffer,
            from,
            mut at,
            to,
        } = std::mem::replace(&mut self.incoming, In::Nothing)
        else {
            return;
        };
        let result = loop {
            if at == to {
                break Ok(to - from);
            }
            if !self.readable {
                self.incoming = In::ReceiveInto {
                    buffer,
                    from,
                    at,
                    to,
                };
                return;
            }
            match rustix::net::recv(&self.fd, &mut buffer[at..to], RecvFlags::DONTWAIT) {
                Ok((0, _)) => break Ok(at - from),
                Ok((count, _)) => {
                    self.readable = self.hung_up || at + count == to;
                    at += count;
                }
                Err(Errno::AGAIN) => self.readable = false,
                Err(Errno::INTR) => {}
                // What came before counts; the error comes again with the next operation.
                Err(_) if at > from => break Ok(at - from),
                Err(errno) => break Err(errno),
            }
        };
        completions.push_back(Completion {
            slot,
            more: false,
            outcome: Outcome::Filled(buffer, result),
        });
    }

    /// Sends until all is gone or there is no room.
    pub(super) fn send(&mut self, slot: Slot, completions: &mut VecDeque<Completion>) {
        let Some((bytes, from, mut at)) = self.outgoing.take() else {
            return;
        };
        let result = loop {
            if at == bytes.len() {
                break Ok(at - from);
            }
            if !self.writable {
                self.outgoing = Some((bytes, from, at));
                return;
            }
            match rustix::net::send(
                &self.fd,
                &bytes[at..],
                SendFlags::DONTWAIT | SendFlags::NOSIGNAL,
            ) {
                Ok(count) => {
                    at += count;
                    self.writable = at == bytes.len();
                }
                Err(Errno::AGAIN) => self.writable = false,
                Err(Errno::INTR) => {}
                Err(_) if at > from => break Ok(at - from),
                Err(errno) => break Err(errno),
            }
        };
        completions.push_back(Completion {
            slot,
            more: false,
            outcome: Outcome::Sent(bytes, result),
        });
    }

    /// Ends the operation in a direction, as one that was cancelled in a kernel ends.
    pub(super) fn cancel(&mut self, direction: Direction) -> Option<Outcome> {
        match direction {
            Direction::In => match std::mem::replace(&mut self.incoming, In::Nothing) {
                In::Nothing => None,
                In::Accept => Some(Outcome::AcceptEnded(Errno::CANCELED)),
                In::Receive { .. } => Some(Outcome::ReceiveEnded(Err(Errno::CANCELED))),
                In::ReceiveInto {
                    buffer, from, at, ..
                } if at > from => Some(Outcome::Filled(buffer, Ok(at - from))),
                In::ReceiveInto { buffer, .. } => {
                    Some(Outcome::Filled(buffer, Err(Errno::CANCELED)))
                }
            },
            Direction::Out => self.outgoing.take().map(|(bytes, from, at)| {
                Outcome::Sent(
                    bytes,
                    if at > from {
                        Ok(at - from)
                    } else {
                        Err(Errno::CANCELED)
                    },
                )
            }),
        }
    }
}

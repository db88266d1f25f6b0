//! Whether a kernel hands over received bytes as it says that it does, tried once at the start.

use super::delivery::Delivery;
use super::ring::{Op, Outcome, Ring, Wait};
use super::uring::Uring;
use rustix::net::{AddressFamily, SocketFlags, SocketType, socketpair};
use std::collections::VecDeque;
use std::io;
use std::time::Duration;

/// Buffers of the trial, and their length.
const BUFFERS: u16 = 4;
const BUFFER_LEN: usize = 64;

/// Bytes sent in one trial: more than one buffer holds, and less than all of them.
const BYTES: usize = 150;

/// Turns in which they have to come.
const TURNS: usize = 8;

/// How long each may wait.
const PATIENCE: Duration = Duration::from_millis(20);

/// Receives some bytes over a pair of sockets, and compares them with what was sent.
pub(super) fn holds(delivery: Delivery) -> bool {
    receive(delivery).is_ok_and(|got| got == sent())
}

fn sent() -> Vec<u8> {
    (0..BYTES as u8).collect()
}

fn receive(delivery: Delivery) -> io::Result<Vec<u8>> {
    let mut ring = Uring::new(1, BUFFERS, BUFFER_LEN, delivery)?;
    let stream = SocketType::STREAM;
    let (near, far) = socketpair(AddressFamily::UNIX, stream, SocketFlags::CLOEXEC, None)?;
    if let Err((_, error)) = ring.attach(0, near, false) {
        return Err(error);
    }
    let sent = sent();
    let mut got = Vec::new();
    // In two portions, so that a buffer that is filled in parts is.
    for portion in sent.chunks(BYTES - 10) {
        rustix::net::send(&far, portion, rustix::net::SendFlags::DONTWAIT)?;
        if got.is_empty() {
            ring.push(Op::Receive {
                slot: 0,
                once: false,
            });
        }
        let expected = got.len() + portion.len();
        for _ in 0..TURNS {
            let mut completions = VecDeque::new();
            ring.enter(Wait::For(PATIENCE), &mut completions)?;
            for completion in completions {
                match completion.outcome {
                    Outcome::Received { bytes, .. } => got.extend_from_slice(&bytes),
                    Outcome::ReceiveEnded(Err(errno)) => return Err(errno.into()),
                    other => return Err(io::Error::other(format!("{other:?}"))),
                }
                if !completion.more && got.len() < BYTES {
                    ring.push(Op::Receive {
                        slot: 0,
                        once: false,
                    });
                }
            }
            if got.len() >= expected {
                break;
            }
        }
    }
    Ok(got)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::driver::{Choice, select};

    #[test]
    fn what_is_granted_holds() {
        match select(Choice::Uring) {
            Ok(selection) => {
                let levels: Vec<Delivery> = selection.levels().collect();
                println!("{levels:?}");
                assert!(levels.contains(&Delivery::WHOLE));
                for level in levels {
                    assert_eq!(receive(level).expect("granted"), sent(), "{level}");
                }
            }
            Err(refused) => {
                println!("{refused}");
                assert!(!holds(Delivery::WHOLE), "refused, and yet it works");
            }
        }
    }
}

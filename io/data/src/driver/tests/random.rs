//! A random worker and random peers on a random, faulty ring: whatever happens, bytes arrive once and in order, each
//! connection ends once, and everything comes back.

use super::rig::{Peer, Read, Rig, SimulatedPeer, Simulation};
use super::simulated::Random;
use crate::driver::{CloseReason, ConnId, Event, FrameBuffer, Lease};
use crate::limits::OUTGOING;
use std::collections::BTreeMap;

/// Seeds a test run.
const SEEDS: u64 = 600;

/// Turns in which worker and peers do as they like, before all is brought to an end.
const TURNS: usize = 150;

/// What is known of one connection.
#[derive(Debug)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "facts that hold or not, each by itself"
)]
struct Expected {
    peer: Option<SimulatedPeer>,
    /// Salt of the bytes in both directions.
    salt: usize,
    written: usize,
    received: usize,
    sent: usize,
    read: usize,
    paused: bool,
    filling: bool,
    finishing: bool,
    peer_finished: bool,
    peer_reset: bool,
    ended: bool,
}

fn byte(salt: usize, at: usize) -> u8 {
    (salt.wrapping_mul(131) ^ at.wrapping_mul(17) ^ (at >> 7)) as u8
}

fn bytes(salt: usize, at: usize, len: usize) -> Vec<u8> {
    (at..at + len).map(|at| byte(salt, at)).collect()
}

impl Expected {
    fn came(&mut self, bytes: &[u8]) {
        assert!(
            !self.paused && !self.finishing && !self.ended,
            "bytes came at the wrong time"
        );
        for &got in bytes {
            assert_eq!(
                got,
                byte(self.salt, self.received),
                "byte {}",
                self.received
            );
            self.received += 1;
        }
        assert!(self.received <= self.written);
    }

    fn peer_reads(&mut self) -> bool {
        let Some(peer) = &mut self.peer else {
            return false;
        };
        match peer.read() {
            Read::Bytes(got) => {
                for got in got {
                    assert_eq!(
                        got,
                        byte(self.salt + 1, self.read),
                        "byte {} to the peer",
                        self.read
                    );
                    self.read += 1;
                }
                assert!(self.read <= self.sent);
                true
            }
            _ => false,
        }
    }
}

struct Run {
    rig: Simulation,
    random: Random,
    known: BTreeMap<ConnId, Expected>,
    connecting: Vec<SimulatedPeer>,
    kept: Vec<Lease>,
    closed: usize,
    opened: usize,
    buffers: usize,
    /// All is being brought to an end: nothing new is begun.
    ending: bool,
}

impl Run {
    fn new(seed: u64) -> Run {
        let mut random = Random::new(seed ^ 0xABCD);
        let faults = [0, 5, 20, 50][random.below(4)];
        let buffers = [1_u16, 2, 4, 8][random.below(4)];
        Run {
            rig: Simulation::new(seed, faults, 5, buffers, 128),
            random,
            known: BTreeMap::new(),
            connecting: Vec::new(),
            kept: Vec::new(),
            closed: 0,
            opened: 0,
            buffers: usize::from(buffers),
            ending: false,
        }
    }

    fn on(&mut self, event: Event) {
        match event {
            Event::Accepted { socket, .. } => {
                // The backlog is first in, first out.
                let peer = self.connecting.remove(0);
                match self.rig.driver.add(socket) {
                    Ok(conn) => {
                        self.opened += 1;
                        let expected = Expected {
                            peer: Some(peer),
                            salt: 2 * self.opened,
                            written: 0,
                            received: 0,
                            sent: 0,
                            read: 0,
                            paused: false,
                            filling: false,
                            finishing: false,
                            peer_finished: false,
                            peer_reset: false,
                            ended: false,
                        };
                        assert!(self.known.insert(conn, expected).is_none(), "{conn} twice");
                    }
                    Err(_) => assert_eq!(self.rig.driver.connections(), self.rig.driver.capacity()),
                }
            }
            Event::Received { conn, bytes } => {
                let expected = self.known.get_mut(&conn).expect("a known connection");
                assert!(!expected.filling, "bytes are missing in the frame buffer");
                assert!(!bytes.is_empty());
                expected.came(&bytes);
                if self.random.chance(20) {
                    self.kept.push(bytes);
                }
                self.decide(conn);
            }
            Event::Filled { conn, buffer } => {
                let expected = self.known.get_mut(&conn).expect("a known connection");
                assert!(std::mem::take(&mut expected.filling), "no buffer was given");
                expected.came(&buffer[1..buffer.len() - 1]);
                assert_eq!(
                    (buffer[0], buffer[buffer.len() - 1]),
                    (0xEE, 0xEE),
                    "bytes beside the place"
                );
                self.decide(conn);
            }
            Event::Finished { conn } => {
                let expected = self.known.get_mut(&conn).expect("a known connection");
                assert!(!expected.paused && !expected.ended && expected.peer_finished);
                // What is missing lies in a frame buffer that is not full.
                assert!(expected.filling || expected.received == expected.written);
                expected.ended = true;
                self.decide(conn);
            }
            Event::Closed { conn, reason } => {
                let mut expected = self.known.remove(&conn).expect("closed once");
                self.closed += 1;
                match reason {
                    CloseReason::Reset => assert!(expected.peer_reset),
                    CloseReason::Local | CloseReason::Lingered => assert!(expected.finishing),
                    CloseReason::Failed(errno) => panic!("errno {errno} from nowhere"),
                }
                while expected.peer_reads() {}
                if reason == CloseReason::Local && !expected.peer_reset && expected.peer.is_some() {
                    assert_eq!(
                        expected.read, expected.sent,
                        "finished without having flushed"
                    );
                }
            }
            Event::Sent { .. } | Event::Woken | Event::AcceptFailed { .. } => {}
        }
    }

    /// What the worker does with a connection, between two events.
    fn decide(&mut self, conn: ConnId) {
        let Some(expected) = self.known.get_mut(&conn).filter(|_| !self.ending) else {
            return;
        };
        let driver = &mut self.rig.driver;
        match self.random.below(12) {
            0 => {
                driver.pause(conn);
                expected.paused = true;
            }
            1 | 2 => {
                driver.resume(conn);
                expected.paused = false;
            }
            3 | 4 if !expected.filling && !expected.finishing => {
                let len = 1 + self.random.below(1000);
                let mut buffer = FrameBuffer::new(len + 2);
                (buffer[0], buffer[len + 1]) = (0xEE, 0xEE);
                driver.receive_into(conn, buffer, 1, len + 1);
                expected.filling = true;
            }
            5..=8 => {
                let len = 1 + self.random.below(2000);
                if driver
                    .send(conn, &bytes(expected.salt + 1, expected.sent, len))
                    .is_ok()
                {
                    expected.sent += len;
                    assert!(!expected.finishing);
                }
                assert!(driver.outgoing(conn) <= OUTGOING);
            }
            9 if self.random.chance(10) => {
                driver.finish(conn);
                expected.finishing = true;
            }
            10 if self.random.chance(10) => {
                driver.close(conn);
                expected.finishing = true;
                // What was queued is gone.
                expected.peer = None;
            }
            _ => {}
        }
    }

    fn peers(&mut self) {
        if self.random.chance(10) && self.connecting.len() < 3 {
            let peer = self.rig.connect();
            self.connecting.push(peer);
        }
        for expected in self.known.values_mut() {
            if self.random.chance(50) {
                expected.peer_reads();
            }
            let Some(peer) = &mut expected.peer else {
                continue;
            };
            if expected.peer_reset || expected.peer_finished {
                continue;
            }
            match self.random.below(20) {
                0..=9 => {
                    let len = 1 + self.random.below(1500);
                    expected.written += peer.write(&bytes(expected.salt, expected.written, len));
                }
                10 if self.random.chance(10) => {
                    peer.finish();
                    expected.peer_finished = true;
                }
                11 if self.random.chance(5) => {
                    let world = std::rc::Rc::clone(&peer.world);
                    SimulatedPeer { fd: peer.fd, world }.reset();
                    expected.peer_reset = true;
                }
                _ => {}
            }
        }
    }

    fn turn(&mut self) {
        self.rig.driver.poll().expect("a turn works");
        while let Some(event) = self.rig.driver.next_event() {
            self.on(event);
            if self.random.chance(30) {
                self.decide_any();
            }
        }
    }

    fn decide_any(&mut self) {
        if !self.known.is_empty() {
            let nth = self.random.below(self.known.len());
            let conn = *self.known.keys().nth(nth).expect("counted");
            self.decide(conn);
        }
    }

    /// All of it, and what must hold at the end.
    fn check(mut self) -> (usize, usize) {
        for _ in 0..TURNS {
            self.peers();
            self.decide_any();
            self.turn();
            if self.random.chance(30) {
                self.kept.clear();
            }
        }
        // To the end: all that the peers wrote arrives, and all that was sent.
        self.ending = true;
        self.kept.clear();
        let mut bytes = 0;
        for turn in 0.. {
            let Some((&conn, expected)) = self.known.iter_mut().next() else {
                break;
            };
            assert!(turn < 20_000, "{conn} never comes to an end: {expected:?}");
            if expected.paused {
                self.rig.driver.resume(conn);
                expected.paused = false;
            }
            while expected.peer_reads() {}
            let done = expected.ended || expected.filling || expected.received == expected.written;
            if expected.finishing {
                if let Some(peer) = &mut expected.peer
                    && !expected.peer_reset
                {
                    peer.finish();
                    expected.peer_finished = true;
                }
            } else if done && !expected.peer_reset {
                bytes += expected.received + expected.sent;
                self.rig.driver.finish(conn);
                expected.finishing = true;
            }
            self.rig
                .driver
                .wait(Some(super::simulated::MOMENT))
                .expect("a turn works");
            while let Some(event) = self.rig.driver.next_event() {
                if !matches!(event, Event::Accepted { .. }) {
                    self.on(event);
                }
            }
            self.kept.clear();
        }
        assert_eq!(
            (self.opened, self.rig.driver.connections()),
            (self.closed, 0)
        );
        assert_eq!(
            self.rig.driver.ring.pool().available(),
            self.buffers,
            "every receive buffer is back"
        );
        let world = std::rc::Rc::clone(&self.rig.world);
        drop(self.rig);
        let closed = world
            .borrow()
            .sockets
            .values()
            .filter(|socket| socket.closed)
            .count();
        assert_eq!(
            closed, self.opened,
            "descriptors that the driver took and closed"
        );
        (self.closed, bytes)
    }
}

#[test]
fn bytes_arrive_once_and_in_order_and_everything_comes_back() {
    let (mut connections, mut bytes) = (0, 0);
    for seed in 0..SEEDS {
        let (closed, moved) = Run::new(seed).check();
        connections += closed;
        bytes += moved;
    }
    // The test is worth something: it saw many connections and many bytes.
    assert!(
        connections > 3 * SEEDS as usize,
        "{connections} connections"
    );
    assert!(bytes > 2_000 * SEEDS as usize, "{bytes} bytes");
}

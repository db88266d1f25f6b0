//! A driver with peers to talk to, over real sockets or simulated ones.

use super::simulated::{MOMENT, Simulated, WINDOW, World};
use crate::driver::{Backend, Choice, ConnId, Delivery, Driver, Event, ListenerId, select};
use crate::limits::LISTENERS;
use crate::net;
use rustix::io::Errno;
use rustix::net::sockopt::set_socket_linger;
use std::cell::RefCell;
use std::io::ErrorKind;
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::os::fd::RawFd;
use std::rc::Rc;
use std::time::{Duration, Instant};

/// Turns after which a test that waits for something gives up.
const TURNS: usize = 20_000;

/// Time after which a test over real sockets gives up.
const PATIENCE: Duration = Duration::from_secs(20);

/// What a peer finds when it reads.
#[derive(PartialEq, Eq, Debug)]
pub(super) enum Read {
    Bytes(Vec<u8>),
    Nothing,
    End,
    Reset,
}

/// The other end of a connection; nothing it does waits.
pub(super) trait Peer {
    /// Writes what fits now and returns how much that was.
    fn write(&mut self, bytes: &[u8]) -> usize;
    /// Reads what is there.
    fn read(&mut self) -> Read;
    /// Says that it will write nothing more.
    fn finish(&mut self);
    /// Goes away without a word.
    fn reset(self);
}

/// A driver that accepts connections, with a way to make some.
pub(super) trait Rig {
    type Peer: Peer;

    /// A rig whose driver has so many receive buffers of such a length.
    fn with_buffers(buffers: u16, buffer_len: usize) -> Self;

    fn driver(&mut self) -> &mut Driver;
    fn listener(&self) -> ListenerId;

    /// How received bytes are handed over; nothing to choose with epoll.
    fn delivery(&self) -> Option<Delivery>;

    /// A new connection to the listener.
    fn connect(&mut self) -> Self::Peer;

    /// A new connection to the listener, if one listens.
    fn is_refused(&mut self) -> bool;

    /// Connections that the system lets a test have at a time.
    fn many(&self) -> usize;

    /// Takes turns and gives events to `step`, which also sees each turn without events, until it says `true`.
    fn run(&mut self, what: &str, mut step: impl FnMut(&mut Driver, Option<Event>) -> bool) {
        let start = Instant::now();
        for turn in 0.. {
            assert!(
                turn < TURNS || start.elapsed() < PATIENCE,
                "waited in vain for {what}"
            );
            self.driver().wait(Some(MOMENT)).expect("a turn works");
            loop {
                let event = self.driver().next_event();
                let last = event.is_none();
                if step(self.driver(), event) {
                    return;
                }
                if last {
                    break;
                }
            }
        }
    }

    /// Connects and accepts.
    fn pair(&mut self) -> (Self::Peer, ConnId) {
        let peer = self.connect();
        let mut conn = None;
        self.run("a connection", |driver, event| {
            if let Some(Event::Accepted { socket, .. }) = event {
                conn = Some(driver.add(socket).expect("there is room"));
            }
            conn.is_some()
        });
        (peer, conn.expect("accepted"))
    }
}

/// Real sockets over loopback, on epoll or on `io_uring` with as much of these as the kernel grants.
pub(super) struct Sockets<const URING: bool, const BUNDLES: bool, const PARTS: bool> {
    backend: Backend,
    driver: Driver,
    listener: ListenerId,
    address: SocketAddr,
}

pub(super) type UringSockets = Sockets<true, false, false>;
pub(super) type BundleSockets = Sockets<true, true, false>;
pub(super) type PartSockets = Sockets<true, false, true>;
pub(super) type BundledPartSockets = Sockets<true, true, true>;
pub(super) type EpollSockets = Sockets<false, false, false>;

impl<const URING: bool, const BUNDLES: bool, const PARTS: bool> Rig
    for Sockets<URING, BUNDLES, PARTS>
{
    type Peer = TcpStream;

    fn with_buffers(buffers: u16, buffer_len: usize) -> Self {
        let wanted = Delivery {
            bundles: BUNDLES,
            parts: PARTS,
        };
        let choice = if URING {
            Choice::UringWith(wanted)
        } else {
            Choice::Epoll
        };
        let backend = match select(choice) {
            Ok(selection) => {
                if URING && selection.backend() != Backend::Uring(wanted) {
                    println!("{selection}; {wanted} are not to be had");
                }
                selection.backend()
            }
            Err(refused) => {
                // Where io_uring is refused, what is checked is that the driver then runs on epoll.
                println!("{refused}; these tests run on epoll");
                let auto = select(Choice::Auto).expect("auto always finds one");
                assert_eq!(auto.backend(), Backend::Epoll);
                auto.backend()
            }
        };
        let mut driver =
            Driver::with_buffers(backend, buffers, buffer_len).expect("the backend was granted");
        let listener = net::listen(SocketAddr::from(([127, 0, 0, 1], 0)), 1)
            .expect("loopback is there")
            .remove(0);
        let address = listener.address();
        let listener = driver.listen(listener).expect("there is room");
        Sockets {
            backend,
            driver,
            listener,
            address,
        }
    }

    fn driver(&mut self) -> &mut Driver {
        &mut self.driver
    }

    fn listener(&self) -> ListenerId {
        self.listener
    }

    fn delivery(&self) -> Option<Delivery> {
        match self.backend {
            Backend::Uring(delivery) => Some(delivery),
            Backend::Epoll => None,
        }
    }

    fn connect(&mut self) -> TcpStream {
        let stream = TcpStream::connect(self.address).expect("the listener's queue is long enough");
        stream.set_nonblocking(true).expect("a socket");
        stream
    }

    fn is_refused(&mut self) -> bool {
        TcpStream::connect(self.address)
            .is_err_and(|error| error.kind() == ErrorKind::ConnectionRefused)
    }

    fn many(&self) -> usize {
        // Two descriptors a connection, and other tests run beside.
        (crate::driver::choice::descriptors() / 8).min(1000)
    }
}

impl Peer for TcpStream {
    fn write(&mut self, bytes: &[u8]) -> usize {
        match std::io::Write::write(self, bytes) {
            Ok(count) => count,
            Err(error) if error.kind() == ErrorKind::WouldBlock => 0,
            Err(error) => panic!("the peer can't write: {error}"),
        }
    }

    fn read(&mut self) -> Read {
        let mut bytes = vec![0; 256 * 1024];
        match std::io::Read::read(self, &mut bytes) {
            Ok(0) => Read::End,
            Ok(count) => {
                bytes.truncate(count);
                Read::Bytes(bytes)
            }
            Err(error) if error.kind() == ErrorKind::WouldBlock => Read::Nothing,
            Err(error) if error.kind() == ErrorKind::ConnectionReset => Read::Reset,
            Err(error) => panic!("the peer can't read: {error}"),
        }
    }

    fn finish(&mut self) {
        self.shutdown(Shutdown::Write).expect("connected");
    }

    fn reset(self) {
        set_socket_linger(&self, Some(Duration::ZERO)).expect("a socket");
    }
}

/// The simulated ring.
pub(super) struct Simulation {
    delivery: Delivery,
    pub(super) driver: Driver,
    pub(super) world: Rc<RefCell<World>>,
    listener: ListenerId,
}

impl Simulation {
    /// A driver with room for so many connections on a ring with so many faults in 100 operations. The seed also says in
    /// which way the ring hands received bytes over.
    pub(super) fn new(
        seed: u64,
        faults: usize,
        connections: usize,
        buffers: u16,
        buffer_len: usize,
    ) -> Simulation {
        let delivery = Delivery {
            bundles: seed % 2 == 1,
            parts: seed / 2 % 2 == 1,
        };
        let world = World::new(seed, faults);
        let ring = Box::new(Simulated::new(&world, buffers, buffer_len, delivery));
        let mut driver = Driver::on(ring, LISTENERS + connections);
        // The simulation knows descriptors by number only; this one is never used.
        let listener = net::listen(SocketAddr::from(([127, 0, 0, 1], 0)), 1)
            .expect("loopback is there")
            .remove(0);
        let listener = driver.listen(listener).expect("there is room");
        Simulation {
            delivery,
            driver,
            world,
            listener,
        }
    }

    /// The next accept fails.
    pub(super) fn fail_accept(&mut self, errno: Errno) {
        self.world.borrow_mut().accept_error = Some(errno);
    }
}

impl Rig for Simulation {
    type Peer = SimulatedPeer;

    fn with_buffers(buffers: u16, buffer_len: usize) -> Self {
        Simulation::new(3, 10, 1000, buffers, buffer_len)
    }

    fn driver(&mut self) -> &mut Driver {
        &mut self.driver
    }

    fn listener(&self) -> ListenerId {
        self.listener
    }

    fn delivery(&self) -> Option<Delivery> {
        Some(self.delivery)
    }

    fn connect(&mut self) -> SimulatedPeer {
        let mut world = self.world.borrow_mut();
        let (fd, socket) = world.connect();
        world.backlog.push_back(socket);
        SimulatedPeer {
            fd,
            world: Rc::clone(&self.world),
        }
    }

    fn is_refused(&mut self) -> bool {
        // A connection that nobody accepts.
        let fd = self.connect().fd;
        for _ in 0..100 {
            self.driver.wait(Some(MOMENT)).expect("a turn works");
            assert!(!matches!(
                self.driver.next_event(),
                Some(Event::Accepted { .. })
            ));
        }
        let waiting = self.world.borrow_mut().backlog.pop_back();
        waiting.is_some_and(|socket| std::os::fd::AsRawFd::as_raw_fd(&socket) == fd)
    }

    fn many(&self) -> usize {
        self.driver
            .capacity()
            .min(crate::driver::choice::descriptors() / 8)
    }
}

impl std::fmt::Debug for SimulatedPeer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "SimulatedPeer({})", self.fd)
    }
}

/// The other end of a simulated connection.
pub(super) struct SimulatedPeer {
    pub(super) fd: RawFd,
    pub(super) world: Rc<RefCell<World>>,
}

impl Peer for SimulatedPeer {
    fn write(&mut self, bytes: &[u8]) -> usize {
        let mut world = self.world.borrow_mut();
        let socket = world.sockets.get_mut(&self.fd).expect("connected");
        assert!(
            !socket.finished && !socket.reset,
            "the peer has written its last"
        );
        let count = if socket.closed {
            bytes.len()
        } else {
            bytes.len().min(WINDOW - socket.inbox.len())
        };
        socket.inbox.extend(&bytes[..count]);
        count
    }

    fn read(&mut self) -> Read {
        let mut world = self.world.borrow_mut();
        let socket = world.sockets.get_mut(&self.fd).expect("connected");
        if !socket.outbox.is_empty() {
            Read::Bytes(socket.outbox.drain(..).collect())
        } else if socket.shut || (socket.closed && socket.inbox.is_empty()) {
            Read::End
        } else if socket.closed {
            // Closing with unread bytes resets.
            Read::Reset
        } else {
            Read::Nothing
        }
    }

    fn finish(&mut self) {
        self.world
            .borrow_mut()
            .sockets
            .get_mut(&self.fd)
            .expect("connected")
            .finished = true;
    }

    fn reset(self) {
        self.world
            .borrow_mut()
            .sockets
            .get_mut(&self.fd)
            .expect("connected")
            .reset = true;
    }
}

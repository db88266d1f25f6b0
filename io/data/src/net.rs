//! Listeners: one a shard, on the same port, between which the kernel spreads connections (`SO_REUSEPORT`).

use crate::limits::{ACCEPT_BACKLOG, SHARDS};
use rustix::io::Errno;
use rustix::net::{AddressFamily, SocketFlags, SocketType, ipproto, sockopt};
use std::io;
use std::net::SocketAddr;
use std::os::fd::{AsFd, OwnedFd};
use std::thread;
use std::time::{Duration, Instant};

/// How long a port that is taken is waited for.
const TAKEN: Duration = Duration::from_secs(1);

/// A listening TCP socket. What it accepts has `TCP_NODELAY` set: frames are written whole, and waiting for more only
/// adds latency.
#[derive(Debug)]
pub struct Listener {
    fd: OwnedFd,
    address: SocketAddr,
}

impl Listener {
    /// The address it is bound to, with the port that was chosen if 0 was asked for.
    pub fn address(&self) -> SocketAddr {
        self.address
    }
}

impl From<Listener> for OwnedFd {
    fn from(listener: Listener) -> OwnedFd {
        listener.fd
    }
}

/// Opens `count` listeners on one address, one for each shard. With port 0 the first is given a port by the system,
/// and the others share it.
///
/// The first is bound as if it were alone, so that a second process on the same address fails
/// ([`io::ErrorKind::AddrInUse`]) instead of silently taking part of the connections. Panics unless
/// `1 <= count <= SHARDS`.
pub fn listen(address: SocketAddr, count: usize) -> io::Result<Vec<Listener>> {
    assert!((1..=SHARDS).contains(&count), "one listener a shard");
    let first = socket(address)?;
    bind_when_free(&first, address)?;
    let bound = SocketAddr::try_from(rustix::net::getsockname(&first)?)?;
    // Sharing is allowed from here on; a port that was free at the first bind is then shared only with our own.
    sockopt::set_socket_reuseport(&first, true)?;
    let mut listeners = vec![Listener {
        fd: first,
        address: bound,
    }];
    for _ in 1..count {
        let fd = socket(address)?;
        sockopt::set_socket_reuseport(&fd, true)?;
        rustix::net::bind(&fd, &bound)?;
        listeners.push(Listener { fd, address: bound });
    }
    // Connections are spread over those that listen: begin when all are bound.
    for listener in &listeners {
        rustix::net::listen(&listener.fd, ACCEPT_BACKLOG)?;
    }
    Ok(listeners)
}

fn socket(address: SocketAddr) -> io::Result<OwnedFd> {
    let family = if address.is_ipv4() {
        AddressFamily::INET
    } else {
        AddressFamily::INET6
    };
    let fd = rustix::net::socket_with(
        family,
        SocketType::STREAM,
        SocketFlags::CLOEXEC,
        Some(ipproto::TCP),
    )?;
    // A restart needn't wait for the last run's connections to time out.
    sockopt::set_socket_reuseaddr(&fd, true)?;
    // Accepted sockets inherit it.
    sockopt::set_tcp_nodelay(&fd, true)?;
    Ok(fd)
}

/// Binds, and waits a little for a port that is still taken: when a process that used `io_uring` has ended, the kernel
/// closes its sockets only some time later, and a restart must not fail for that.
fn bind_when_free(socket: &OwnedFd, address: SocketAddr) -> io::Result<()> {
    let until = Instant::now() + TAKEN;
    loop {
        match rustix::net::bind(socket, &address) {
            Err(Errno::ADDRINUSE) if Instant::now() < until => thread::sleep(TAKEN / 50),
            bound => return Ok(bound?),
        }
    }
}

/// Takes a connection's sending out of the hands of what paces it by the rate of the path (BBR does), if both ends are on this machine:
/// there is no path, and a pace that was learnt from a quiet while holds back what comes behind it, for milliseconds. `reno` is in each
/// kernel and open to everybody.
pub fn unpace_loopback(socket: &impl AsFd) {
    if peer(socket).is_ok_and(|peer| peer.ip().to_canonical().is_loopback()) {
        // It is a matter of speed alone.
        let _ = sockopt::set_tcp_congestion(socket, "reno");
    }
}

/// The address of a connection's other end.
pub fn peer(socket: &impl AsFd) -> io::Result<SocketAddr> {
    let address = rustix::net::getpeername(socket)?.ok_or(io::ErrorKind::NotConnected)?;
    Ok(SocketAddr::try_from(address)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::{TcpListener, TcpStream};

    fn loopback() -> SocketAddr {
        SocketAddr::from(([127, 0, 0, 1], 0))
    }

    #[test]
    fn listeners_share_a_port_and_the_connections() {
        let listeners = listen(loopback(), 2).expect("loopback is there");
        let address = listeners[0].address();
        assert_ne!(address.port(), 0);
        assert!(
            listeners
                .iter()
                .all(|listener| listener.address() == address)
        );
        let connections: Vec<TcpStream> = (0..64)
            .map(|_| TcpStream::connect(address).expect("both listen"))
            .collect();
        let accepted: Vec<usize> = listeners
            .into_iter()
            .map(|listener| {
                let listener = TcpListener::from(OwnedFd::from(listener));
                listener.set_nonblocking(true).expect("a socket");
                std::iter::from_fn(|| listener.accept().ok()).count()
            })
            .collect();
        assert_eq!(accepted.iter().sum::<usize>(), connections.len());
        // All 64 on one side of a fair coin: once in 2^63 runs.
        assert!(accepted.iter().all(|&count| count > 0), "{accepted:?}");
    }

    #[test]
    fn an_address_in_use_is_refused() {
        let ours = listen(loopback(), 2).expect("loopback is there");
        for count in [1, 2] {
            let error = listen(ours[0].address(), count).expect_err("it is taken");
            assert_eq!(error.kind(), io::ErrorKind::AddrInUse);
        }
    }

    #[test]
    fn accepted_sockets_send_at_once_and_know_their_peer() {
        let listener = listen(loopback(), 1).expect("loopback is there").remove(0);
        let client = TcpStream::connect(listener.address()).expect("it listens");
        let (accepted, _) = TcpListener::from(OwnedFd::from(listener))
            .accept()
            .expect("one waits");
        assert!(accepted.nodelay().expect("a socket"));
        unpace_loopback(&accepted);
        assert_eq!(
            sockopt::tcp_congestion(&accepted).expect("a socket"),
            "reno"
        );
        assert_eq!(
            peer(&accepted).expect("connected"),
            client.local_addr().expect("connected")
        );
    }
}

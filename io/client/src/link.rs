//! The socket: frames out, bytes in.

use std::io::{self, IoSlice, Read, Write};
use std::net::{Shutdown, TcpStream, ToSocketAddrs};
use std::time::{Duration, Instant};

use rustix::net::{RecvFlags, recv, sockopt};
use trapjaw_wire::frame::{Decoder, Events, Message};
use trapjaw_wire::limits::HEADER;

use crate::limits::{CORKED, READ_BUFFER};
use crate::{Error, Options};

/// A connected socket, with what was read from it and not yet used.
pub(crate) struct Link {
    socket: TcpStream,
    decoder: Decoder,
    buffer: Box<[u8]>,
    /// The part of the buffer that is still to be decoded.
    unread: core::ops::Range<usize>,
    /// The read timeout that the socket has; it is set only when another is wanted.
    timeout: Option<Duration>,
    checksum: bool,
    /// Frames that wait to be written together; `None`: each is written by itself.
    corked: Option<Vec<u8>>,
}

/// How long to wait for bytes.
#[derive(Clone, Copy)]
pub(crate) enum Patience {
    /// Not at all.
    None,
    /// Until then; `None`: for ever.
    Until(Option<Instant>),
}

impl Link {
    /// Connects to the first of the addresses that answers.
    pub(crate) fn connect(address: impl ToSocketAddrs, options: &Options) -> Result<Self, Error> {
        let socket = connect(address, options.timeout)?;
        socket.set_nodelay(true)?;
        if socket.peer_addr()?.ip().to_canonical().is_loopback() {
            // What paces by the rate of a path (BBR) only holds back where there is none. It is a matter of speed alone.
            let _ = sockopt::set_tcp_congestion(&socket, "reno");
        }
        socket.set_read_timeout(None)?;
        Ok(Self {
            socket,
            decoder: Decoder::new(),
            buffer: vec![0; READ_BUFFER].into(),
            unread: 0..0,
            timeout: None,
            checksum: options.checksum,
            corked: None,
        })
    }

    /// Sends a frame that is already put together.
    pub(crate) fn send(&mut self, frame: &[u8]) -> Result<(), Error> {
        if let Some(corked) = &mut self.corked {
            corked.extend_from_slice(frame);
            return self.write_much();
        }
        self.socket.write_all(frame).map_err(Error::Io)
    }

    /// From here on frames wait to be written together.
    pub(crate) fn cork(&mut self) {
        self.corked.get_or_insert_default();
    }

    /// Writes what waits, and from here on each frame by itself.
    pub(crate) fn uncork(&mut self) -> Result<(), Error> {
        let written = self.write_corked();
        self.corked = None;
        written
    }

    fn write_corked(&mut self) -> Result<(), Error> {
        let Some(corked) = &mut self.corked else {
            return Ok(());
        };
        let written = self.socket.write_all(corked).map_err(Error::Io);
        corked.clear();
        written
    }

    /// Writes what waits if it is as much as one write should take.
    fn write_much(&mut self) -> Result<(), Error> {
        match &self.corked {
            Some(corked) if corked.len() >= CORKED => self.write_corked(),
            _ => Ok(()),
        }
    }

    /// Sends a batch from where it lies.
    pub(crate) fn send_events(&mut self, events: &Events<'_>) -> Result<(), Error> {
        const PADDING: [u8; HEADER] = [0; HEADER];
        if let Some(corked) = &mut self.corked {
            events.encode(corked, self.checksum)?;
            return self.write_much();
        }
        let header = events.header(self.checksum)?;
        let padding = header.total() - HEADER - events.batch.len();
        let header = header.encode();
        let mut slices = [
            IoSlice::new(&header),
            IoSlice::new(events.batch),
            IoSlice::new(&PADDING[..padding]),
        ];
        let mut rest = &mut slices[..];
        while !rest.is_empty() {
            match self.socket.write_vectored(rest) {
                Ok(0) => return Err(Error::Io(io::ErrorKind::WriteZero.into())),
                Ok(written) => IoSlice::advance_slices(&mut rest, written),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(Error::Io(error)),
            }
        }
        Ok(())
    }

    /// Reads a frame and gives what it says to `take`. `Ok(None)`: none came in time.
    pub(crate) fn receive<T>(
        &mut self,
        patience: Patience,
        take: impl FnOnce(Message<'_>) -> Result<T, Error>,
    ) -> Result<Option<T>, Error> {
        loop {
            let mut input = &self.buffer[self.unread.clone()];
            let frame = self.decoder.next(&mut input)?;
            self.unread.start = self.unread.end - input.len();
            if let Some(frame) = frame {
                return take(frame.message()?).map(Some);
            }
            // The decoder has taken all bytes of the frame that is not whole: the buffer is free.
            if !self.fill(patience)? {
                return Ok(None);
            }
        }
    }

    /// Reads bytes; `false`: none came in time.
    fn fill(&mut self, patience: Patience) -> Result<bool, Error> {
        if let Patience::Until(_) = patience {
            // The answer may be to what has not been said.
            self.write_corked()?;
        }
        loop {
            let read = match patience {
                Patience::None => {
                    let read = recv(&self.socket, &mut self.buffer[..], RecvFlags::DONTWAIT);
                    read.map(|(count, _)| count).map_err(io::Error::from)
                }
                Patience::Until(until) => {
                    let left = until.map(|until| until.saturating_duration_since(Instant::now()));
                    if left == Some(Duration::ZERO) {
                        return Ok(false);
                    }
                    if self.timeout != left {
                        self.socket.set_read_timeout(left)?;
                        self.timeout = left;
                    }
                    self.socket.read(&mut self.buffer)
                }
            };
            match read {
                Ok(0) => return Err(Error::Ended),
                Ok(count) => {
                    self.unread = 0..count;
                    return Ok(true);
                }
                Err(error) => match error.kind() {
                    io::ErrorKind::Interrupted => {}
                    io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut => return Ok(false),
                    _ => return Err(Error::Io(error)),
                },
            }
        }
    }

    /// Says that nothing more will be sent.
    pub(crate) fn finish(&mut self) -> Result<(), Error> {
        self.socket.shutdown(Shutdown::Write).map_err(Error::Io)
    }
}

/// Connects to the first of the addresses that answers.
fn connect(address: impl ToSocketAddrs, timeout: Option<Duration>) -> Result<TcpStream, Error> {
    let mut last = std::io::Error::from(std::io::ErrorKind::AddrNotAvailable);
    for address in address.to_socket_addrs().map_err(Error::Io)? {
        let connected = match timeout {
            Some(timeout) => TcpStream::connect_timeout(&address, timeout),
            None => TcpStream::connect(address),
        };
        match connected {
            Ok(socket) => return Ok(socket),
            Err(error) => last = error,
        }
    }
    Err(last.into())
}

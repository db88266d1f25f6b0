//! A bare echo over the driver, measured on both backends: what the wire costs before anything is done with it.
//!
//! ```text
//! cargo run --release -p trapjaw-data --example echo
//! ```
//!
//! One shard thread echoes; this thread is the peer. Latency: one frame at a time, there and back, with a pause
//! between them or without. Throughput: many bytes are pushed one way, and the shard only looks at their length.

use std::error::Error;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};
use trapjaw_data::driver::{
    Backend, Choice, Driver, Event, FrameBuffer, Idle, Spin, Waker, select,
};
use trapjaw_data::net;
use trapjaw_data::wake::Wake;

/// Bytes of a small frame: a batch of one event.
const SMALL: usize = 256;

/// Bytes of a large frame.
const LARGE: usize = 1 << 20;

/// First byte of a connection that wants no echo; the rest of its frames is large and goes into a buffer of its own.
const SINK: u8 = b's';

fn main() -> Result<(), Box<dyn Error>> {
    println!("auto: {}", select(Choice::Auto)?);
    for round in 1..=3 {
        for choice in [Choice::Uring, Choice::Epoll] {
            match select(choice) {
                Ok(selection) => measure(round, selection.backend())?,
                Err(refused) => println!("{refused}"),
            }
        }
    }
    Ok(())
}

/// A shard on a thread of its own; its address, and what ends it.
struct Shard {
    address: SocketAddr,
    stop: Arc<AtomicBool>,
    waker: Waker,
    thread: thread::JoinHandle<()>,
}

impl Shard {
    fn start(backend: Backend, spin: Spin) -> Result<Shard, Box<dyn Error>> {
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = Arc::clone(&stop);
        let (started, start) = std::sync::mpsc::channel();
        let thread = thread::spawn(move || {
            let mut driver = Driver::new(backend).expect("the backend was granted");
            let loopback = SocketAddr::from(([127, 0, 0, 1], 0));
            let listener = net::listen(loopback, 1)
                .expect("loopback is there")
                .remove(0);
            let address = listener.address();
            driver.listen(listener).expect("there is room");
            started.send((address, driver.waker())).expect("it waits");
            serve(&mut driver, spin, &stopped);
        });
        let (address, waker) = start.recv()?;
        Ok(Shard {
            address,
            stop,
            waker,
            thread,
        })
    }

    fn stop(self) {
        self.stop.store(true, Ordering::Release);
        self.waker.wake();
        self.thread.join().expect("the shard doesn't panic");
    }
}

fn serve(driver: &mut Driver, mut spin: Spin, stop: &AtomicBool) {
    let mut sinks = vec![false; driver.capacity()];
    // What the connection that echoes (there is one at a time) could not send.
    let mut waiting = None;
    while !stop.load(Ordering::Acquire) {
        driver.poll().expect("a turn works");
        let mut busy = false;
        while let Some(event) = driver.next_event() {
            busy = true;
            match event {
                Event::Accepted { socket, .. } => {
                    let conn = driver.add(socket).expect("there is room");
                    sinks[conn.index()] = false;
                }
                Event::Received { conn, bytes } if sinks[conn.index()] || bytes[0] == SINK => {
                    sinks[conn.index()] = true;
                    // As a worker does that finds a large frame's header: its rest goes into a buffer of its own.
                    let rest = bytes.len() % LARGE;
                    driver.receive_into(conn, FrameBuffer::new(LARGE), rest, LARGE);
                }
                Event::Filled { conn, buffer } => {
                    driver.receive_into(conn, buffer, 0, LARGE);
                }
                Event::Received { conn, bytes } if driver.send(conn, &bytes).is_err() => {
                    // Its peer reads slower than it writes: it has to wait.
                    driver.pause(conn);
                    waiting = Some(bytes);
                }
                Event::Sent { conn, .. } => {
                    if let Some(bytes) = waiting.take() {
                        if driver.send(conn, &bytes).is_ok() {
                            driver.resume(conn);
                        } else {
                            waiting = Some(bytes);
                        }
                    }
                }
                Event::Finished { conn } => driver.finish(conn),
                _ => {}
            }
        }
        if busy {
            if spin.is_idle() {
                spin.busy(Instant::now());
            }
        } else if spin.idle(Instant::now()) == Idle::Sleep {
            driver.wait(None).expect("a turn works");
        }
    }
}

fn measure(round: usize, backend: Backend) -> Result<(), Box<dyn Error>> {
    for (name, spin) in [("sleeps", Spin::off()), ("spins", Spin::new(1, 2))] {
        let shard = Shard::start(backend, spin)?;
        let mut stream = TcpStream::connect(shard.address)?;
        stream.set_nodelay(true)?;
        let closed = latency(&mut stream, 20_000, Duration::ZERO)?;
        let paced = latency(&mut stream, 2_000, Duration::from_millis(1))?;
        drop(stream);
        println!(
            "{round} {backend:8} {name:6} echo of {SMALL} B: back to back {closed}; each millisecond {paced}"
        );
        shard.stop();
    }
    let shard = Shard::start(backend, Spin::new(1, 2))?;
    let rate = throughput(shard.address, b'e')?;
    let sink = throughput(shard.address, SINK)?;
    println!(
        "{round} {backend:8} echo {rate:.2} GB/s each way; {LARGE} B frames one way {sink:.2} GB/s"
    );
    shard.stop();
    Ok(())
}

/// Percentiles of the time there and back.
fn latency(
    stream: &mut TcpStream,
    count: usize,
    pause: Duration,
) -> Result<String, Box<dyn Error>> {
    let mut frame = [b'e'; SMALL];
    let mut times = Vec::with_capacity(count);
    for _ in 0..count {
        thread::sleep(pause);
        let start = Instant::now();
        stream.write_all(&frame)?;
        stream.read_exact(&mut frame)?;
        times.push(start.elapsed());
    }
    times.sort_unstable();
    let at = |part: f64| times[((count - 1) as f64 * part) as usize].as_secs_f64() * 1e6;
    Ok(format!(
        "p50 {:.1} p99 {:.1} p99.9 {:.1} us",
        at(0.5),
        at(0.99),
        at(0.999)
    ))
}

/// Gigabytes a second, one way.
fn throughput(address: SocketAddr, kind: u8) -> Result<f64, Box<dyn Error>> {
    const TOTAL: usize = 2 << 30;
    let mut stream = TcpStream::connect(address)?;
    stream.set_nodelay(true)?;
    let mut reader = stream.try_clone()?;
    let start = Instant::now();
    if kind == SINK {
        let frame = vec![kind; LARGE];
        for _ in 0..TOTAL / LARGE {
            stream.write_all(&frame)?;
        }
        stream.shutdown(std::net::Shutdown::Write)?;
        // The shard closes when it has read all.
        reader.read_to_end(&mut Vec::new())?;
    } else {
        let writing = thread::spawn(move || {
            let part = vec![kind; 64 * 1024];
            for _ in 0..TOTAL / part.len() {
                stream.write_all(&part).expect("the shard reads");
            }
        });
        let mut part = vec![0; 256 * 1024];
        let mut got = 0;
        while got < TOTAL {
            got += reader.read(&mut part)?;
        }
        writing.join().expect("writing doesn't panic");
    }
    Ok(TOTAL as f64 / start.elapsed().as_secs_f64() / 1e9)
}

//! The driver on its three rings.
//!
//! `conformance` states what a worker may rely on, once, and runs over real sockets with `io_uring` and with epoll, and
//! over the simulated ring. `random` runs a random worker against a random, faulty ring by seed, and `streams` over real
//! sockets. `buffers` is about the memory alone.

mod buffers;
mod conformance;
mod random;
mod rig;
mod simulated;
mod streams;

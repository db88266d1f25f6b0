//! The data plane: one thread per core, `io_uring` or epoll, connections, exchange between shards.
//!
//! From the ground up:
//!
//! - [`net`] opens listeners, one a shard on the same port;
//! - [`driver`] moves bytes between sockets and buffers, with `io_uring` where the system allows it and epoll elsewhere;
//! - [`wake`] lets a thread sleep until another has something for it, without a system call while it is awake;
//! - [`queue`] holds the bounded queues between threads: rings between shards, the mailbox into a shard, the outbox
//!   out of it;
//! - the workers, one a shard, speak the binary protocol with clients and drive the engine;
//! - [`plane`] is all of it together: what starts, what the control plane asks for, what comes out;
//! - [`affinity`] pins a shard's thread to a core;
//! - [`limits`] has every bound, in one place.

#![deny(unsafe_code)]

pub mod affinity;
pub mod driver;
pub mod limits;
pub mod names;
pub mod net;
pub mod plane;
pub mod queue;
pub mod time;
pub mod wake;
mod worker;

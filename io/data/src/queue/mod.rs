//! Bounded queues between threads, each with the [`Signal`](crate::wake::Signal) that wakes its consumer.
//!
//! | queue | from | to | made by |
//! |---|---|---|---|
//! | exchange | each shard | each other shard | [`mesh`] |
//! | outbox | one shard | the control plane | [`ring`] |
//! | mailbox | anyone in the control plane | one shard | [`mailbox`](fn@mailbox) |
//!
//! None of them waits: a full queue gives the value back, and what to do then is the producer's decision (a shard stops
//! reading its sockets). A shard has one signal for all that it consumes.

mod mailbox;
mod mesh;
mod spsc;

pub use mailbox::{Receiver, Sender, mailbox};
pub use mesh::{Port, mesh};
pub use spsc::{Consumer, Producer, ring};

use std::fmt;

/// A value that was not taken, given back.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum PushError<T> {
    /// The queue is full.
    Full(T),
    /// The consumer is gone.
    Closed(T),
}

impl<T> PushError<T> {
    /// The value.
    pub fn into_inner(self) -> T {
        match self {
            PushError::Full(value) | PushError::Closed(value) => value,
        }
    }
}

impl<T> fmt::Debug for PushError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            PushError::Full(_) => "Full(_)",
            PushError::Closed(_) => "Closed(_)",
        })
    }
}

impl<T> fmt::Display for PushError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            PushError::Full(_) => "the queue is full",
            PushError::Closed(_) => "the queue's consumer is gone",
        })
    }
}

impl<T> std::error::Error for PushError<T> {}

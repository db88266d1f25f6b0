//! Sleeping until another thread has something to say, without a system call while awake.
//!
//! A [`Signal`] belongs to one consumer and any number of producers. A consumer that finds its queues empty announces
//! that it sleeps, looks once more, and only then parks; a producer publishes, and wakes the consumer only if it
//! announced. Whoever comes first, one of both sees the other: between a side's write and its look at the other's stands
//! a sequentially consistent fence, so that not both looks can miss both writes (Dekker's argument). The wake-up itself
//! must not be lost when it comes before the park: an `eventfd`'s counter, or tokio's `Notify`.
//!
//! The protocol is checked over all interleavings by loom:
//!
//! ```text
//! RUSTFLAGS="--cfg loom" CARGO_TARGET_DIR=target/loom cargo test -p trapjaw-data --test loom
//! ```

#[cfg(loom)]
use loom::sync::atomic::{AtomicBool, Ordering, fence};
#[cfg(not(loom))]
use std::sync::atomic::{AtomicBool, Ordering, fence};

/// Ends a park of the consumer, or the next one if there is none. Called from any thread.
pub trait Wake {
    /// Ends the park.
    fn wake(&self);
}

impl<F: Fn()> Wake for F {
    fn wake(&self) {
        self();
    }
}

/// Whether a consumer sleeps, and how to wake it. `W` is a [`Waker`](crate::driver::Waker) for a shard, and a closure
/// for a consumer of another kind (`move || notify.notify_one()`).
#[derive(Debug)]
pub struct Signal<W> {
    asleep: AtomicBool,
    wake: W,
}

impl<W: Wake> Signal<W> {
    /// A consumer that is awake.
    pub fn new(wake: W) -> Signal<W> {
        Signal {
            asleep: AtomicBool::new(false),
            wake,
        }
    }

    /// The producer's part, after it has published something: wakes the consumer if it sleeps. Of several producers
    /// one wakes it.
    pub fn notify(&self) {
        // Before: what was published. After: the look at the announcement.
        fence(Ordering::SeqCst);
        if self.asleep.load(Ordering::Relaxed) && self.asleep.swap(false, Ordering::Relaxed) {
            self.wake.wake();
        }
    }

    /// The consumer's first part: from here on producers wake it. It must look at its queues once more before it
    /// parks; [`Signal::sleep`] does all in order.
    pub fn announce(&self) {
        // An exchange and no mere store: it has a place in one order with the producers' exchanges.
        self.asleep.swap(true, Ordering::Relaxed);
        // Before: the announcement. After: the look at the queues.
        fence(Ordering::SeqCst);
    }

    /// The consumer's last part: it is awake. A wake-up that was already on its way ends its next park early.
    pub fn retract(&self) {
        self.asleep.swap(false, Ordering::Relaxed);
    }

    /// The consumer's whole part: announces, and calls `park` if then `is_empty` says that there is still nothing to do.
    /// Returns whether it parked. A park may end for any reason: look again.
    pub fn sleep(&self, is_empty: impl FnOnce() -> bool, park: impl FnOnce()) -> bool {
        self.announce();
        let parks = is_empty();
        if parks {
            park();
        }
        self.retract();
        parks
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;
    use std::cell::Cell;

    #[test]
    fn only_an_announced_consumer_is_woken_and_only_once() {
        let wakes = Cell::new(0);
        let signal = Signal::new(|| wakes.set(wakes.get() + 1));
        signal.notify();
        assert_eq!(wakes.get(), 0);
        signal.announce();
        signal.notify();
        signal.notify();
        assert_eq!(wakes.get(), 1);
        signal.announce();
        signal.retract();
        signal.notify();
        assert_eq!(wakes.get(), 1);
    }

    #[test]
    fn it_parks_only_if_nothing_came_after_the_announcement() {
        let signal = Signal::new(|| {});
        assert!(!signal.sleep(|| false, || panic!("there is something to do")));
        let parked = Cell::new(false);
        assert!(signal.sleep(|| true, || parked.set(true)));
        assert!(parked.get());
    }
}

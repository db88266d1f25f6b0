//! The wake-up protocol and the mailbox over all interleavings.
//!
//! ```text
//! RUSTFLAGS="--cfg loom" CARGO_TARGET_DIR=target/loom cargo test -p trapjaw-data --test loom
//! ```
//!
//! loom runs each model once for every order of the threads' atomic operations that the memory model allows (within a
//! bound, see `model`), and fails it when an assertion fails or when all threads wait: a lost wake-up is a deadlock.
#![cfg(loom)]

use loom::sync::atomic::{AtomicUsize, Ordering};
use loom::sync::{Condvar, Mutex};
use loom::thread;
use std::sync::Arc;
use trapjaw_data::queue::{PushError, mailbox};
use trapjaw_data::wake::{Signal, Wake};

/// Runs a model over all orders in which no thread is interrupted more than three times: most errors need no more
/// (M. Musuvathi and S. Qadeer, PLDI 2007), and without a bound the larger models don't come to an end.
fn model(run: impl Fn() + Sync + Send + 'static) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = Some(3);
    builder.check(run);
}

/// A park that remembers one wake-up, as an `eventfd` does.
#[derive(Default)]
struct Park {
    woken: Mutex<bool>,
    changed: Condvar,
}

impl Park {
    fn park(&self) {
        let mut woken = self.woken.lock().expect("nobody panics with it");
        while !*woken {
            woken = self.changed.wait(woken).expect("nobody panics with it");
        }
        *woken = false;
    }
}

/// Producers have only this half of it.
struct Unpark(Arc<Park>);

impl Wake for Unpark {
    fn wake(&self) {
        *self.0.woken.lock().expect("nobody panics with it") = true;
        self.0.changed.notify_one();
    }
}

fn consumer() -> (Arc<Park>, Arc<Signal<Unpark>>) {
    let park = Arc::new(Park::default());
    let signal = Arc::new(Signal::new(Unpark(Arc::clone(&park))));
    (park, signal)
}

/// A queue reduced to what the protocol needs of it: its length, with the orderings of a ring's indices.
fn produce(queue: &AtomicUsize, signal: &Signal<Unpark>) {
    queue.fetch_add(1, Ordering::Release);
    signal.notify();
}

#[test]
fn no_wake_up_of_one_producer_is_lost() {
    model(|| {
        let (park, signal) = consumer();
        let queue = Arc::new(AtomicUsize::new(0));
        let producer = thread::spawn({
            let (queue, signal) = (Arc::clone(&queue), Arc::clone(&signal));
            move || {
                produce(&queue, &signal);
                produce(&queue, &signal);
            }
        });
        let mut seen = 0;
        while seen < 2 {
            let there = queue.load(Ordering::Acquire);
            if there > seen {
                seen = there;
            } else {
                signal.sleep(|| queue.load(Ordering::Acquire) == seen, || park.park());
            }
        }
        producer.join().expect("producers don't panic");
    });
}

#[test]
fn no_wake_up_of_two_producers_is_lost() {
    model(|| {
        let (park, signal) = consumer();
        // Two queues and one signal, as a shard has a ring for each peer.
        let queues = [(); 2].map(|()| Arc::new(AtomicUsize::new(0)));
        let producers = queues.clone().map(|queue| {
            let signal = Arc::clone(&signal);
            thread::spawn(move || produce(&queue, &signal))
        });
        let there = || {
            queues
                .iter()
                .map(|queue| queue.load(Ordering::Acquire))
                .sum::<usize>()
        };
        let mut seen = 0;
        while seen < 2 {
            let now = there();
            if now > seen {
                seen = now;
            } else {
                signal.sleep(|| there() == seen, || park.park());
            }
        }
        for producer in producers {
            producer.join().expect("producers don't panic");
        }
    });
}

/// The model finds what it looks for: a consumer that doesn't look again after its announcement sleeps for ever.
#[test]
#[should_panic(expected = "deadlock")]
fn without_the_second_look_a_wake_up_is_lost() {
    model(|| {
        let (park, signal) = consumer();
        let queue = Arc::new(AtomicUsize::new(0));
        let producer = thread::spawn({
            let (queue, signal) = (Arc::clone(&queue), Arc::clone(&signal));
            move || produce(&queue, &signal)
        });
        while queue.load(Ordering::Acquire) == 0 {
            signal.sleep(|| true, || park.park());
        }
        producer.join().expect("producers don't panic");
    });
}

#[test]
fn a_mailbox_loses_nothing_between_two_producers() {
    model(|| {
        let (park, signal) = consumer();
        let (sender, mut receiver) = mailbox(2, Arc::clone(&signal));
        let producers = [1_u32, 2].map(|value| {
            let sender = sender.clone();
            thread::spawn(move || assert_eq!(sender.send(value), Ok(())))
        });
        let mut sum = 0;
        while sum < 3 {
            match receiver.receive() {
                Some(value) => sum += value,
                None => drop(signal.sleep(|| receiver.is_empty(), || park.park())),
            }
        }
        assert_eq!(receiver.receive(), None);
        for producer in producers {
            producer.join().expect("producers don't panic");
        }
    });
}

#[test]
fn a_mailbox_keeps_a_producers_order_around_its_end() {
    model(|| {
        let (_park, signal) = consumer();
        let (sender, mut receiver) = mailbox(2, signal);
        sender.send(0_u32).expect("there is room");
        let producer = thread::spawn(move || {
            // The second may find the mailbox full; nothing comes in its place then.
            [1, 2].map(|value| match sender.send(value) {
                Ok(()) => true,
                Err(error) => {
                    assert!(matches!(error, PushError::Full(2)));
                    false
                }
            })
        });
        let mut got = Vec::new();
        for _ in 0..2 {
            got.extend(receiver.receive());
        }
        let [first, second] = producer.join().expect("producers don't panic");
        got.extend(std::iter::from_fn(|| receiver.receive()));
        assert!(first, "one cell was free");
        assert_eq!(got, if second { vec![0, 1, 2] } else { vec![0, 1] });
    });
}

#[test]
fn a_mailbox_that_goes_keeps_nothing() {
    model(|| {
        let (_park, signal) = consumer();
        let (sender, receiver) = mailbox(2, signal);
        let value = Arc::new(());
        let producer = thread::spawn({
            let value = Arc::clone(&value);
            move || match sender.send(value) {
                Ok(()) => {}
                Err(error) => assert!(matches!(error, PushError::Closed(_))),
            }
        });
        drop(receiver);
        producer.join().expect("producers don't panic");
        assert_eq!(Arc::strong_count(&value), 1);
    });
}

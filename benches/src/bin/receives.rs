//! Ways in which `io_uring` hands received bytes over, and epoll, in turns: what each takes for a stream of batches, and for
//! many connections with small frames.
//!
//! `receives [ROUNDS]`: 5 rounds untold. Each arm has a server of one shard of its own, without rules and with those of
//! H1000, or a bare driver.
#![forbid(unsafe_code)]

use std::process::ExitCode;

use trapjaw_benches::receives::{frames, streams};
use trapjaw_data::driver::{Choice, select};

// As in the binary.
#[global_allocator]
static ALLOCATOR: trapjaw_heap::Heap = trapjaw_heap::Heap;

fn main() -> ExitCode {
    let rounds = match std::env::args().nth(1).map(|text| text.parse()) {
        None => 5,
        Some(Ok(rounds @ 1..)) => rounds,
        Some(_) => {
            eprintln!("the number of rounds is a number from 1 on");
            return ExitCode::from(3);
        }
    };
    let mut choices = vec![Choice::Epoll];
    match select(Choice::Uring) {
        Ok(selection) => {
            println!("auto: {selection}");
            choices.extend(selection.levels().map(Choice::UringWith));
        }
        Err(refused) => println!("{refused}"),
    }
    for (clients, rows) in [(1, 64), (1, 1024), (1, 4096), (4, 1024), (4, 4096)] {
        streams(&choices, clients, rows, rounds);
    }
    for size in [128, 1024] {
        frames(&choices, 256, size, rounds);
    }
    ExitCode::SUCCESS
}

//! `workload NAME [SECONDS]`: one figure's work over and over, for ten seconds untold, to be looked at by a profiler.
//! `benches/flames` does that.
#![forbid(unsafe_code)]

use std::process::ExitCode;
use std::time::Duration;

use trapjaw_benches::workload::{NAMES, work};

// As in the binary.
#[global_allocator]
static ALLOCATOR: trapjaw_heap::Heap = trapjaw_heap::Heap;

fn main() -> ExitCode {
    let mut given = std::env::args().skip(1);
    let name = given.next().unwrap_or_default();
    let seconds = given.next().map_or(Ok(10), |seconds| seconds.parse());
    let worked = seconds
        .ok()
        .and_then(|seconds| work(&name, Duration::from_secs(seconds)));
    let Some(nanoseconds) = worked else {
        eprintln!("usage: workload {} [SECONDS]", NAMES.join("|"));
        return ExitCode::from(2);
    };
    println!("{name} {nanoseconds:.2} ns/event");
    ExitCode::SUCCESS
}

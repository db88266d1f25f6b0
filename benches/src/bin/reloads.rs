//! Reloads under load: prints the figures, and fails where an event was lost, judged twice, or met the wrong state.
//!
//! `reloads [SECONDS [EVENTS_PER_SECOND [gap|double|forget]]]`: 3 seconds of 200,000 events a second untold. The last
//! one puts a fault in, which has to be found.
#![forbid(unsafe_code)]

use std::process::ExitCode;
use std::time::Duration;

use trapjaw_benches::reload::{CONNECTIONS, Fault, KEYS, Options, run};
use trapjaw_data::driver::Choice;

// As in the binary.
#[global_allocator]
static ALLOCATOR: trapjaw_heap::Heap = trapjaw_heap::Heap;

fn main() -> ExitCode {
    let mut args = std::env::args().skip(1);
    let mut number = |untold: u32| {
        let given = args.next().map(|text| text.parse());
        given.transpose().map(|given| given.unwrap_or(untold))
    };
    let (Ok(seconds), Ok(rate)) = (number(3), number(200_000)) else {
        eprintln!("seconds and events a second are numbers");
        return ExitCode::from(3);
    };
    let fault = match args.next().as_deref() {
        None => None,
        Some("gap") => Some(Fault::Gap),
        Some("double") => Some(Fault::Double),
        Some("forget") => Some(Fault::Forget),
        Some(other) => {
            eprintln!("there is no fault `{other}`: gap, double, forget");
            return ExitCode::from(3);
        }
    };
    let options = Options {
        driver: Choice::Auto,
        rounds: (seconds * rate / (CONNECTIONS * KEYS)).max(100),
        rate: Some(rate),
        pause: Duration::from_millis(20),
        fault,
    };
    let figures = run(options);
    print!("{figures}");
    if figures.verdict.is_clean() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

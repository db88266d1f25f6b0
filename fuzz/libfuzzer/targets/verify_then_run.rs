//! `trapjaw_fuzz::verify_then_run` under libFuzzer.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    trapjaw_fuzz::verify_then_run(data);
});

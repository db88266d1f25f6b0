//! `trapjaw_fuzz::json_event` under libFuzzer.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    trapjaw_fuzz::json_event(data);
});

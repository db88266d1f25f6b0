//! `trapjaw_fuzz::patterns` under libFuzzer.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    trapjaw_fuzz::patterns(data);
});

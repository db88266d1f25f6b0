//! Instructions of each layer that an event passes, counted by callgrind: `.ci/run instructions`.
//!
//! The allocator is the C library's, and not the binary's, so that no C compiler has a say in the counts.
#![allow(
    missing_docs,
    reason = "gungraun's macros make functions that nobody calls by name"
)]

use gungraun::{
    Callgrind, LibraryBenchmarkConfig, library_benchmark, library_benchmark_group, main,
};
use trapjaw_benches::layers::{Ready, by_name};

fn ready(name: &str) -> Ready {
    by_name(name).load().ready()
}

// What is returned is dropped outside of what is counted.
#[library_benchmark(setup = ready)]
#[bench::build("build")]
#[bench::decode("decode")]
#[bench::predicates_one("predicates_one")]
#[bench::predicates_ten("predicates_ten")]
#[bench::index_equal("index_equal")]
#[bench::index_mixed("index_mixed")]
#[bench::window_all("window_all")]
#[bench::window_sliding("window_sliding")]
#[bench::window_tumbling("window_tumbling")]
#[bench::window_hopping("window_hopping")]
#[bench::window_distinct("window_distinct")]
#[bench::pattern_strict("pattern_strict")]
#[bench::pattern_relaxed("pattern_relaxed")]
#[bench::pattern_all("pattern_all")]
#[bench::pattern_repeated("pattern_repeated")]
#[bench::exchange("exchange")]
#[bench::outbox("outbox")]
fn layer(mut ready: Ready) -> Ready {
    ready.run();
    ready
}

library_benchmark_group!(name = layers; benchmarks = layer);
main!(
    config = LibraryBenchmarkConfig::default()
        .tool(Callgrind::with_args(["--cache-sim=no"]));
    library_benchmark_groups = layers
);

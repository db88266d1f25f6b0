//! Nanoseconds of each layer that an event passes: `cargo bench -p trapjaw-benches`, with a name for only some.
#![forbid(unsafe_code)]
#![allow(
    missing_docs,
    reason = "criterion's macros make functions that nobody calls by name"
)]

use std::time::Duration;

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use trapjaw_benches::layers::{EVENTS, LAYERS, Ready};

// As in the binary.
#[global_allocator]
static ALLOCATOR: trapjaw_heap::Heap = trapjaw_heap::Heap;

fn layers(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("layers");
    group
        .sample_size(20)
        .warm_up_time(Duration::from_millis(500))
        .measurement_time(Duration::from_secs(2))
        .throughput(Throughput::Elements(EVENTS));
    for layer in &LAYERS {
        let loaded = layer.load();
        // A time counts only where the result is right.
        loaded.ready().run();
        group.bench_function(layer.name, |bencher| {
            bencher.iter_batched_ref(|| loaded.ready(), Ready::run, BatchSize::PerIteration);
        });
    }
    group.finish();
}

criterion_group!(benches, layers);
criterion_main!(benches);

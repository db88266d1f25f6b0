//! What a backtest holds does not grow with its file. A program of its own: it counts what is allocated.
#![forbid(unsafe_code)]

use std::alloc::System;
use std::io::{BufWriter, Write};
use std::path::Path;

use cap::Cap;
use flate2::Compression;
use flate2::write::GzEncoder;
use tempfile::TempDir;
use trapjaw_control::backtest::backtest;
use trapjaw_control::recorded::Recording;
use trapjaw_control::replay::Options;
use trapjaw_control::rules::compile_only;
use trapjaw_dsl::source::SourceMap;

#[global_allocator]
static HEAP: Cap<System> = Cap::new(System, usize::MAX);

/// More than a backtest may take beyond what is there before it, in bytes: blocks ahead of the engine as lines and as
/// batches, and the buffers of a file.
const ALLOWED: usize = 32 << 20;

fn judged(path: &Path) -> (u64, u64) {
    let mut sources = SourceMap::new();
    sources.add(
        "rules.trap",
        "event cpu { host: text, load: float } rule hot { on c: cpu where c.load > 99% by c.host for 10s }",
    );
    let rules = compile_only(sources)
        .unwrap_or_else(|error| panic!("{error}"))
        .rules;
    let recording = Recording::new(&[path.to_owned()], None).expect("it is there");
    let ended = backtest(
        &rules,
        recording,
        Options::default(),
        |_| Ok(()),
        None,
        |_, _, _| {},
    );
    let ended = ended.expect("nothing fails");
    assert!(ended.input.is_none(), "{:?}", ended.input);
    (ended.summary.events, ended.summary.refused)
}

#[test]
fn what_is_held_is_bounded() {
    let folder = TempDir::new().expect("a folder");
    let path = folder.path().join("events.gz");
    let gzip = |write: &dyn Fn(&mut dyn Write)| {
        let file = std::fs::File::create(&path).expect("a file");
        let mut out = GzEncoder::new(BufWriter::new(file), Compression::best());
        write(&mut out);
        out.finish().expect("it is written");
    };
    // 40 MB of lines.
    gzip(&|out| {
        for number in 0..500_000_u64 {
            let time = 1_767_225_600_000_000_000 + number * 1_000_000;
            writeln!(
                out,
                "{{\"type\":\"cpu\",\"time\":{time},\"host\":\"h\",\"load\":0.5}}"
            )
            .expect("it is written");
        }
    });
    HEAP.set_limit(HEAP.allocated() + ALLOWED)
        .expect("it is less than there is");
    assert_eq!(judged(&path), (500_000, 0));
    HEAP.set_limit(usize::MAX).expect("no limit");
    // One line of 256 MiB without an end, out of a file of some hundred kilobytes.
    gzip(&|out| {
        let part = vec![b'x'; 1 << 20];
        for _ in 0..256 {
            out.write_all(&part).expect("it is written");
        }
    });
    HEAP.set_limit(HEAP.allocated() + ALLOWED)
        .expect("it is less than there is");
    assert_eq!(judged(&path), (0, 1));
    HEAP.set_limit(usize::MAX).expect("no limit");
}

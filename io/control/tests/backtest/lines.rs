//! Lines, as they are and compressed.

use std::fmt::Write as _;

use crate::rig::{Folder, RULES, gzip, loads, plainly, rules, told, zstd};

#[test]
fn every_kind_of_file_gives_the_same_bytes() {
    let rules = rules(RULES);
    let lines = loads(20_000);
    let (expected, summary) = plainly(&rules, &lines);
    assert!(summary.counters.matches.iter().all(|count| *count > 100));
    let half = lines.len() / 2;
    let members = [gzip(&lines[..half]), gzip(&lines[half..])].concat();
    let frames = [zstd(&lines[..half]), zstd(&lines[half..])].concat();
    // A frame that readers skip, of 3 bytes.
    let skipped = [b"\x50\x2a\x4d\x18\x03\0\0\0abc", &*zstd(&lines)].concat();
    let marked = [b"\xef\xbb\xbf", &*lines].concat();
    let folder = Folder::new();
    for (name, bytes) in [
        ("plain", &*lines),
        ("unended", lines.trim_ascii_end()),
        ("marked", &*marked),
        ("gzip", &*gzip(&lines)),
        ("members", &*members),
        ("zstd", &*zstd(&lines)),
        ("frames", &*frames),
        ("skipped", &*skipped),
    ] {
        let found = told(&rules, &[folder.write(name, bytes)]);
        assert!(found.input.is_none(), "{name}: {:?}", found.input);
        assert_eq!(found.matches, expected, "{name}");
        assert_eq!(found.summary.events, 20_000, "{name}");
    }
}

#[test]
fn files_are_read_in_their_order() {
    let rules = rules(RULES);
    let lines = loads(9_000);
    let cut = lines.iter().position(|byte| *byte == b'\n').expect("lines") + 1;
    let folder = Folder::new();
    let files = [
        folder.write("b", &gzip(&lines[..cut])),
        folder.write("a", &lines[cut..]),
    ];
    let found = told(&rules, &files);
    assert_eq!(found.matches, plainly(&rules, &lines).0);
}

#[test]
fn refused_lines_have_the_numbers_of_their_files() {
    let rules = rules(RULES);
    let good = loads(1);
    let long = [&b"{\"x\":\""[..], &vec![b'x'; 3 << 20], b"\"}\n"].concat();
    // Some blocks of lines in between: numbers go on over them.
    let many = loads(10_000);
    let first = [&good[..], b"\n", &long, b"{}\n", &many, b"[1]"].concat();
    let folder = Folder::new();
    let files = [
        folder.write("first", &zstd(&first)),
        folder.write("second", &[b"nothing\n", &*good].concat()),
    ];
    let found = told(&rules, &files);
    assert_eq!(
        found.refused,
        [
            "first: 3: a line of 3145736 bytes, at most 1048576 are allowed [E_JSON_LENGTH]",
            "first: 4: `type` is missing [E_JSON_TYPE]",
            "first: 10005: an event is an object, not an array [E_JSON_SHAPE]",
            "second: 1: expected ident at column 2 [E_JSON_SYNTAX]",
        ]
    );
    assert_eq!((found.summary.events, found.summary.refused), (10_002, 4));
}

#[test]
fn events_without_a_time_happen_at_the_newest_one_before() {
    let rules = rules("event e { n: int }\nrule each { on e: e do log(\"{e.n}\") }");
    let mut lines = String::new();
    for number in 0..20_000 {
        let time = match number % 3 {
            0 => String::new(),
            1 => format!(r#","time":{}"#, number * 1_000),
            _ => format!(r#","time":{}"#, number * 500),
        };
        writeln!(lines, "{{\"type\":\"e\",\"n\":{number}{time}}}").expect("memory takes it");
    }
    let folder = Folder::new();
    let found = told(&rules, &[folder.write("lines", lines.as_bytes())]);
    let (expected, _) = plainly(&rules, lines.as_bytes());
    assert_eq!(expected.lines().count(), 20_000);
    assert!(expected.starts_with(r#"{"rule":"each""#) && expected.contains(r#""time":0,"#));
    assert_eq!(found.matches, expected);
}

//! Files that are cut off, damaged, or of another kind.

use trapjaw_control::recorded::{InputCode, Recording};

use crate::rig::{Folder, RULES, gzip, loads, plainly, rules, told, zstd};

#[test]
fn what_came_before_the_end_of_a_cut_file_is_judged() {
    let rules = rules(RULES);
    let lines = loads(30_000);
    let folder = Folder::new();
    for (name, packed) in [("gzip", gzip(&lines)), ("zstd", zstd(&lines))] {
        let mut shortest = u64::MAX;
        for part in [1, 3, 9] {
            let cut = packed.len() * part / 10;
            let found = told(&rules, &[folder.write(name, &packed[..cut])]);
            let error = found.input.expect("it is cut off");
            assert_eq!(error.code(), InputCode::Truncated, "{error}");
            assert_eq!(error.byte(), cut as u64, "{error}");
            assert_eq!(error.whole(), found.summary.events, "{error}");
            let whole: Vec<u8> = lines
                .split_inclusive(|byte| *byte == b'\n')
                .take(found.summary.events as usize)
                .flatten()
                .copied()
                .collect();
            assert_eq!(found.matches, plainly(&rules, &whole).0);
            assert!(found.refused.is_empty(), "a line that was cut is no line");
            shortest = shortest.min(found.summary.events);
        }
        assert!(shortest < 30_000);
    }
}

#[test]
fn damage_is_told_with_its_place_and_ends_the_reading() {
    let rules = rules(RULES);
    let folder = Folder::new();
    let mut packed = gzip(&loads(30_000));
    let middle = packed.len() / 2;
    packed[middle..middle + 64].fill(0xff);
    let files = [folder.write("a", &packed), folder.write("b", &loads(10))];
    let found = told(&rules, &files);
    let error = found.input.expect("it is damaged");
    assert_eq!(error.code(), InputCode::Corrupt);
    let text = error.to_string();
    let events = found.summary.events;
    assert!(
        text.contains("/a: is damaged: ") && text.ends_with("[E_INPUT_CORRUPT]"),
        "{text}"
    );
    assert!(
        text.contains(&format!("behind line {events} at byte ")),
        "{text}"
    );
    assert!(events < 30_000, "{text}");
}

#[test]
fn no_change_of_a_byte_does_more_than_end_the_reading() {
    let rules = rules(RULES);
    let folder = Folder::new();
    let lines = loads(60);
    for packed in [gzip(&lines), zstd(&lines)] {
        for place in 0..packed.len() {
            let mut damaged = packed.clone();
            damaged[place] ^= 0x55;
            let found = told(&rules, &[folder.write("damaged", &damaged)]);
            assert!(found.summary.events <= 60);
        }
    }
}

#[test]
fn other_kinds_are_named() {
    let rules = rules(RULES);
    let folder = Folder::new();
    for (bytes, name) in [
        (&b"BZh91AY&SY"[..], "is bzip2;"),
        (b"\xfd7zXZ\0\0", "is xz;"),
        (b"PK\x03\x04....", "is a zip archive;"),
        (b"\xff\xfe{\0", "is UTF-16;"),
        (&gzip(&gzip(b"{}")), "is compressed twice"),
        (&gzip(b"PAR1...."), "is Parquet in another compression"),
    ] {
        let found = told(&rules, &[folder.write("other", bytes)]);
        let error = found.input.expect("it is not read");
        assert_eq!(error.code(), InputCode::Format, "{error}");
        assert!(error.to_string().contains(name), "{error}");
    }
    let missing = Recording::new(&[folder.path("none")], None).expect_err("it is not there");
    assert_eq!(missing.code(), InputCode::Unreadable);
    let is_folder = Recording::new(&[folder.path(".")], None).expect_err("it is a folder");
    assert!(is_folder.to_string().contains("is a folder"), "{is_folder}");
    let empty = told(&rules, &[folder.write("empty", b"")]);
    assert!(empty.input.is_none() && empty.summary.events == 0);
}

#[test]
fn a_window_that_is_too_large_is_refused() {
    // A frame whose window is 2^31 bytes: RFC 8878, 3.1.1.1.2.
    let frame = b"\x28\xb5\x2f\xfd\x00\xa8\x01\x00\x00";
    let folder = Folder::new();
    let found = told(&rules(RULES), &[folder.write("wide", frame)]);
    let error = found.input.expect("it is refused");
    assert_eq!(error.code(), InputCode::Corrupt, "{error}");
    assert!(error.to_string().contains("too much memory"), "{error}");
}

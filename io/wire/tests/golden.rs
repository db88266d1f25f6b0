//! The bytes of each kind of frame, held fast: a change of the protocol changes these files, and nothing else does.
//!
//! With `TRAPJAW_REWRITE_GOLDEN=1` the files are written instead of read.

use std::fmt::Write;
use std::path::PathBuf;
use std::{env, fs};

use trapjaw_wire::frame::{Decoder, FrameError};

mod samples;

fn file(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("tests/golden")
        .join(name)
}

/// Sixteen bytes a line, as a person can compare them with the protocol's tables.
fn hex(bytes: &[u8]) -> String {
    let mut text = String::new();
    for (index, line) in bytes.chunks(16).enumerate() {
        write!(text, "{:04x} ", index * 16).unwrap();
        for byte in line {
            write!(text, " {byte:02x}").unwrap();
        }
        text.push('\n');
    }
    text
}

fn unhex(text: &str) -> Vec<u8> {
    let bytes = text
        .lines()
        .flat_map(|line| line.split_whitespace().skip(1));
    bytes
        .map(|byte| u8::from_str_radix(byte, 16).unwrap())
        .collect()
}

#[test]
fn each_kind_of_frame_has_its_bytes() {
    let rewrite = env::var_os("TRAPJAW_REWRITE_GOLDEN").is_some();
    for (name, message) in samples::messages() {
        let path = file(&format!("{name}.hex"));
        let mut bytes = Vec::new();
        message.encode(&mut bytes).unwrap();
        if rewrite {
            fs::write(&path, hex(&bytes)).unwrap();
        }
        let golden = fs::read_to_string(&path).unwrap();
        assert_eq!(hex(&bytes), golden, "{name} is written as other bytes");
        let golden = unhex(&golden);
        let mut decoder = Decoder::new();
        let frame = decoder.next(&mut &golden[..]).unwrap().unwrap();
        assert_eq!(
            frame.message().unwrap(),
            message,
            "{name} is read as something else"
        );
    }
}

#[test]
fn every_golden_file_is_checked() {
    let frames = samples::messages()
        .into_iter()
        .map(|(name, _)| format!("{name}.hex"));
    let names: Vec<String> = frames.chain(["matches.ndjson".into()]).collect();
    for entry in fs::read_dir(file("")).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        assert!(names.contains(&name), "{name} belongs to no test");
    }
}

#[test]
fn a_changed_byte_is_refused() {
    for (name, message) in samples::messages() {
        let mut bytes = Vec::new();
        message.encode(&mut bytes).unwrap();
        for at in 0..bytes.len() {
            bytes[at] ^= 0x40;
            let refused = Decoder::new().next(&mut &bytes[..]).map(|_| ());
            assert!(
                matches!(
                    refused,
                    Err(FrameError::Magic
                        | FrameError::HeaderCrc
                        | FrameError::PayloadCrc
                        | FrameError::Padding)
                ),
                "{name}, byte {at}: {refused:?}"
            );
            bytes[at] ^= 0x40;
        }
    }
}

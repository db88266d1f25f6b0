//! What a file is, by its first bytes.

use std::io::{self, BufRead, Cursor, Read};

use flate2::bufread::MultiGzDecoder;

use super::{InputCode, InputError};
use crate::limits::{READ_BUFFER, ZSTD_WINDOW_LOG};

/// Input whose kind is known or told.
pub(super) type Input = Box<dyn BufRead + Send>;

/// What a file holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Format {
    /// Lines of JSON.
    Lines,
    /// Lines of JSON in gzip, of one member or several (RFC 1952).
    Gzip,
    /// Lines of JSON in zstd, of one frame or several (RFC 8878).
    Zstd,
    /// Parquet.
    Rows,
}

/// Bytes that are looked at.
const LOOK: usize = 6;

/// What others begin with, and are called.
const OTHERS: [(&[u8], &str); 8] = [
    (b"PARE", "encrypted Parquet"),
    (b"BZh", "bzip2"),
    (b"\xfd7zXZ\0", "xz"),
    (b"\x04\x22\x4d\x18", "lz4"),
    (b"PK\x03\x04", "a zip archive"),
    (b"Obj\x01", "Avro"),
    (b"\xff\xfe", "UTF-16"),
    (b"\xfe\xff", "UTF-16"),
];

impl Format {
    fn of(begin: &[u8]) -> Result<Self, InputError> {
        // Frames that zstd skips (RFC 8878, 3.1.2) may stand in front.
        let skipped =
            begin.len() >= 4 && begin[0] & 0xf0 == 0x50 && begin[1..4] == *b"\x2a\x4d\x18";
        if begin.starts_with(b"\x28\xb5\x2f\xfd") || skipped {
            return Ok(Self::Zstd);
        }
        if begin.starts_with(b"\x1f\x8b") {
            return Ok(Self::Gzip);
        }
        if begin.starts_with(b"PAR1") {
            return Ok(Self::Rows);
        }
        match OTHERS.iter().find(|(magic, _)| begin.starts_with(magic)) {
            Some((_, name)) => Err(InputError::new(
                InputCode::Format,
                format!("is {name}; NDJSON is read, as it is or in gzip or zstd, and Parquet"),
            )),
            None => Ok(Self::Lines),
        }
    }
}

/// What the input is, and the input from its beginning.
pub(super) fn told(
    mut input: impl BufRead + Send + 'static,
) -> Result<(Format, Input), InputError> {
    let mut begin = Vec::with_capacity(LOOK);
    (&mut input)
        .take(LOOK as u64)
        .read_to_end(&mut begin)
        .map_err(|error| InputError::reading(&error).behind("line", 0))?;
    let format = Format::of(&begin)?;
    if begin.starts_with(b"\xef\xbb\xbf") {
        // A mark of UTF-8 is no part of the first line.
        begin.drain(..3);
    }
    Ok((format, Box::new(Cursor::new(begin).chain(input))))
}

/// The lines within.
pub(super) fn unpacked(format: Format, input: Input) -> Result<Input, InputError> {
    let expanded: Input = match format {
        Format::Lines | Format::Rows => return Ok(input),
        Format::Gzip => buffered(MultiGzDecoder::new(input)),
        Format::Zstd => {
            let mut decoder =
                zstd::Decoder::with_buffer(input).map_err(|error| InputError::reading(&error))?;
            decoder
                .window_log_max(ZSTD_WINDOW_LOG)
                .map_err(|error| InputError::reading(&error))?;
            buffered(decoder)
        }
    };
    match told(expanded)? {
        (Format::Lines, lines) => Ok(lines),
        (Format::Rows, _) => Err(InputError::new(
            InputCode::Format,
            "is Parquet in another compression, which has its own: take the outer one off",
        )),
        _ => Err(InputError::new(
            InputCode::Format,
            "is compressed twice: take the outer compression off",
        )),
    }
}

fn buffered(input: impl Read + Send + 'static) -> Input {
    Box::new(io::BufReader::with_capacity(READ_BUFFER, input))
}

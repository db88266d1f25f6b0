//! Files of events.

use std::fs::File;
use std::io::{BufRead, BufReader, stdin};
use std::path::Path;

use trapjaw_control::rules::why_unreadable;

use crate::failure::Unreadable;

/// Bytes that are read at one time.
const BUFFER: usize = 1 << 20;

/// What events are read from.
pub(crate) struct Input {
    pub(crate) reader: Box<dyn BufRead + Send>,
    /// Bytes, where that is known.
    pub(crate) length: Option<u64>,
}

/// Opens a file, or standard input for `-`.
pub(crate) fn open(path: &Path) -> Result<Input, Unreadable> {
    if path.as_os_str() == "-" {
        return Ok(Input {
            reader: Box::new(BufReader::new(stdin())),
            length: None,
        });
    }
    let unreadable = |error| Unreadable::new(path, &why_unreadable(path, &error));
    let file = File::open(path).map_err(unreadable)?;
    let metadata = file.metadata().map_err(unreadable)?;
    if metadata.is_dir() {
        return Err(Unreadable::new(path, &"is a folder, a file is needed"));
    }
    Ok(Input {
        reader: Box::new(BufReader::with_capacity(BUFFER, file)),
        length: metadata.is_file().then_some(metadata.len()),
    })
}

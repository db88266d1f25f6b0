//! Recorded events: files of NDJSON, as they are or compressed with gzip or zstd, and of Parquet.
//!
//! What a file is, its first bytes say, and not its name. Files are read in their order, one block of lines or rows
//! after the other; nothing of a file is kept but the blocks at hand, so that a file may be larger than memory. What is
//! compressed is expanded as it is read, and a line's limit holds for what comes out: a file that would expand to
//! nothing but one endless line is read to its end, in the room of one line.
//!
//! A file that is cut off or damaged is an [`InputError`], with the place. What came before stands, and is judged.

mod ahead;
mod block;
mod cell;
mod columns;
mod error;
mod format;
mod layout;
mod lines;

use std::collections::VecDeque;
use std::io::{self, BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use trapjaw_event::Registry;

pub(crate) use ahead::read_ahead;
pub use block::Refusal;
pub(crate) use block::{Block, Parsed, Target};
use columns::Columns;
pub use error::{InputCode, InputError};
use format::Format;
use lines::Lines;

use crate::limits::READ_BUFFER;
use crate::rules::why_unreadable;

/// The name of standard input on a command line.
pub const STANDARD_INPUT: &str = "-";

/// How far a recording is, for a bar.
#[derive(Clone, Debug, Default)]
pub struct Position(Arc<Places>);

#[derive(Debug, Default)]
struct Places {
    bytes: AtomicU64,
    events: AtomicU64,
}

impl Position {
    /// Bytes that were read so far, as they stand in the files.
    pub fn bytes(&self) -> u64 {
        self.0.bytes.load(Ordering::Relaxed)
    }

    /// Events that were judged so far.
    pub fn events(&self) -> u64 {
        self.0.events.load(Ordering::Relaxed)
    }

    fn advance(&self, bytes: u64) {
        self.0.bytes.fetch_add(bytes, Ordering::Relaxed);
    }

    fn judged(&self, events: u64) {
        self.0.events.fetch_add(events, Ordering::Relaxed);
    }
}

/// Files of events, read one after the other.
pub struct Recording {
    files: VecDeque<PathBuf>,
    /// How many files there are: where they are more than one, refusals name theirs.
    count: usize,
    length: Option<u64>,
    position: Position,
    /// The types that rows are read as, one list a rule set.
    registries: Vec<Arc<Registry>>,
    /// The type of rows that name none.
    type_name: Option<Box<str>>,
    open: Option<Open>,
}

/// The file at hand.
struct Open {
    name: Arc<str>,
    /// [`Position::bytes`] at its beginning.
    start: u64,
    body: Body,
}

enum Body {
    Lines(Lines),
    Rows(Box<Columns>),
}

impl Recording {
    /// These files in their order; [`STANDARD_INPUT`] is standard input. Rows of Parquet that name no type are of the
    /// type `type_name`.
    ///
    /// # Errors
    ///
    /// A file that is not there, or is a folder. What is in it is not looked at yet.
    pub fn new(files: &[PathBuf], type_name: Option<&str>) -> Result<Self, InputError> {
        let mut length = Some(0);
        for path in files {
            length = match (length, size(path)?) {
                (Some(length), Some(size)) => Some(length + size),
                _ => None,
            };
        }
        Ok(Self {
            count: files.len(),
            files: files.iter().cloned().collect(),
            length,
            position: Position::default(),
            registries: Vec::new(),
            type_name: type_name.map(Into::into),
            open: None,
        })
    }

    /// Bytes of all files together, where that is known.
    pub fn length(&self) -> Option<u64> {
        self.length
    }

    /// How far it was read, wherever it has gone.
    pub fn position(&self) -> Position {
        self.position.clone()
    }

    /// For whom rows are read.
    pub(crate) fn set_registries(&mut self, registries: Vec<Arc<Registry>>) {
        self.registries = registries;
    }

    /// The next lines or rows; `None` behind the last file.
    pub(crate) fn next_block(&mut self) -> Result<Option<Block>, InputError> {
        loop {
            let open = match &mut self.open {
                Some(open) => open,
                None => {
                    let Some(path) = self.files.pop_front() else {
                        return Ok(None);
                    };
                    let open = self.open_file(&path)?;
                    self.open.insert(open)
                }
            };
            let block = match &mut open.body {
                Body::Lines(lines) => lines.next_block().map(|block| block.map(Block::Lines)),
                Body::Rows(columns) => columns
                    .next_block(&self.position)
                    .map(|block| block.map(Block::Rows)),
            };
            let failed = match block {
                Ok(Some(block)) => return Ok(Some(block)),
                Ok(None) => None,
                Err(error) => Some(
                    error.in_file(&open.name, self.position.bytes().saturating_sub(open.start)),
                ),
            };
            self.open = None;
            if let Some(error) = failed {
                // Nobody asked for the files behind one that can't be read.
                self.files.clear();
                return Err(error);
            }
        }
    }

    /// The file at hand, where it has to be told from others.
    pub(crate) fn file(&self) -> Option<Arc<str>> {
        let open = self.open.as_ref().filter(|_| self.count > 1)?;
        Some(Arc::clone(&open.name))
    }

    fn open_file(&self, path: &Path) -> Result<Open, InputError> {
        let name: Arc<str> = path.display().to_string().into();
        let start = self.position.bytes();
        let at = |error: InputError| error.in_file(&name, self.position.bytes() - start);
        let raw: Box<dyn Read + Send> = if path.as_os_str() == STANDARD_INPUT {
            Box::new(io::stdin())
        } else {
            Box::new(std::fs::File::open(path).map_err(|error| at(InputError::unreadable(&error)))?)
        };
        let input = Counted {
            input: BufReader::with_capacity(READ_BUFFER, raw),
            position: self.position.clone(),
        };
        let (format, input) = format::told(input).map_err(at)?;
        let body = match format {
            Format::Rows if path.as_os_str() == STANDARD_INPUT => {
                return Err(at(InputError::new(
                    InputCode::Format,
                    "Parquet is read from its end, which standard input does not allow: name the file",
                )));
            }
            Format::Rows => {
                let columns = Columns::open(path, &self.registries, self.type_name.as_deref());
                Body::Rows(Box::new(columns.map_err(at)?))
            }
            packed => Body::Lines(Lines::new(format::unpacked(packed, input).map_err(at)?)),
        };
        Ok(Open { name, start, body })
    }
}

impl core::fmt::Debug for Recording {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Recording")
            .field("files", &self.files)
            .field("position", &self.position.bytes())
            .finish_non_exhaustive()
    }
}

/// The bytes of a file, where it has a length.
fn size(path: &Path) -> Result<Option<u64>, InputError> {
    if path.as_os_str() == STANDARD_INPUT {
        return Ok(None);
    }
    let name = path.display().to_string();
    let at = |error: InputError| error.in_file(&name, 0);
    let metadata = std::fs::metadata(path).map_err(|error| {
        let why = why_unreadable(path, &error);
        at(InputError::new(InputCode::Unreadable, why))
    })?;
    if metadata.is_dir() {
        return Err(at(InputError::new(
            InputCode::Unreadable,
            "is a folder, a file is needed",
        )));
    }
    Ok(metadata.is_file().then_some(metadata.len()))
}

/// Counts what is taken, byte for byte: what was only read ahead is not there yet.
struct Counted<R> {
    input: BufReader<R>,
    position: Position,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let read = self.input.read(into)?;
        self.position.advance(read as u64);
        Ok(read)
    }
}

impl<R: Read> BufRead for Counted<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        self.input.fill_buf()
    }

    fn consume(&mut self, bytes: usize) {
        self.input.consume(bytes);
        self.position.advance(bytes as u64);
    }
}

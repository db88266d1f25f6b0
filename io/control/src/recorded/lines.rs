//! Lines, cut into blocks at their ends.

use std::io;

use memchr::{memchr, memrchr};
use trapjaw_wire::limits::MAX_LINE;

use super::InputError;
use super::block::LineBlock;
use super::format::Input;
use crate::limits::BLOCK_BYTES;

/// Cuts an input into blocks of whole lines.
pub(super) struct Lines {
    input: Input,
    /// What was read of a line whose end was not.
    rest: Vec<u8>,
    /// Lines of the blocks before.
    count: u64,
    ended: bool,
    failed: Option<io::Error>,
}

impl Lines {
    pub(super) fn new(input: Input) -> Self {
        Self {
            input,
            rest: Vec::new(),
            count: 0,
            ended: false,
            failed: None,
        }
    }

    /// The next lines. An error of the input comes behind the lines that were whole before it.
    pub(super) fn next_block(&mut self) -> Result<Option<LineBlock>, InputError> {
        if let Some(error) = self.failed.take() {
            return Err(InputError::reading(&error).behind("line", self.count));
        }
        if self.ended {
            return Ok(None);
        }
        let mut bytes = Vec::with_capacity(BLOCK_BYTES);
        bytes.append(&mut self.rest);
        let mut too_long = None;
        let whole = loop {
            self.fill(&mut bytes);
            if self.ended {
                // A line that broke off with the input is none.
                break if self.failed.is_some() {
                    memrchr(b'\n', &bytes).map_or(0, |end| end + 1)
                } else {
                    bytes.len()
                };
            }
            match memrchr(b'\n', &bytes) {
                Some(end) => break end + 1,
                None if bytes.len() > MAX_LINE => {
                    too_long = Some(self.skip_line(bytes.len() as u64));
                    bytes.clear();
                    break 0;
                }
                None => {}
            }
        };
        self.rest.extend_from_slice(&bytes[whole..]);
        bytes.truncate(whole);
        if self.failed.is_some() {
            self.rest.clear();
        }
        if bytes.is_empty() && too_long.is_none() {
            return self.next_block();
        }
        let ends = memchr::memchr_iter(b'\n', &bytes).count() as u64;
        let first = self.count;
        let unended = !bytes.is_empty() && bytes.last() != Some(&b'\n');
        self.count += ends + u64::from(unended) + u64::from(too_long.is_some());
        Ok(Some(LineBlock {
            first,
            bytes,
            too_long,
        }))
    }

    /// Reads until there are [`BLOCK_BYTES`] more, or no more.
    fn fill(&mut self, bytes: &mut Vec<u8>) {
        let enough = bytes.len() + BLOCK_BYTES;
        while bytes.len() < enough {
            let buffer = match self.input.fill_buf() {
                Ok(buffer) => buffer,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => {
                    self.failed = Some(error);
                    self.ended = true;
                    return;
                }
            };
            if buffer.is_empty() {
                self.ended = true;
                return;
            }
            let taken = buffer.len().min(enough - bytes.len());
            bytes.extend_from_slice(&buffer[..taken]);
            self.input.consume(taken);
        }
    }

    /// Reads on to the end of a line of which so many bytes were read, and keeps nothing of it. Its length.
    fn skip_line(&mut self, mut length: u64) -> u64 {
        loop {
            let buffer = match self.input.fill_buf() {
                Ok(buffer) => buffer,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => {
                    self.failed = Some(error);
                    self.ended = true;
                    return length;
                }
            };
            if buffer.is_empty() {
                self.ended = true;
                return length;
            }
            let end = memchr(b'\n', buffer);
            length += end.unwrap_or(buffer.len()) as u64;
            let taken = end.map_or(buffer.len(), |end| end + 1);
            self.input.consume(taken);
            if end.is_some() {
                return length;
            }
        }
    }
}

//! Events from newline-delimited JSON.

use std::io::{self, BufRead};

use memchr::memchr;
use trapjaw_event::Event;

use super::{EventReader, JsonError};
use crate::limits::MAX_LINE;

/// Reads one event a line, and counts the lines.
///
/// It iterates over pairs of line number, from 1, and event or reason why the line is none. A bad line does not end the
/// iteration; an error of the input does. Blank lines are counted and skipped. A line that lies whole in the input's
/// buffer is read there without a copy; a longer one is put together, up to [`MAX_LINE`] bytes, and beyond that skipped
/// to its end without being kept.
///
/// ```
/// # use std::sync::Arc;
/// # use trapjaw_event::{EventType, Field, FieldType, Registry};
/// # use trapjaw_wire::json::{EventReader, NdjsonReader};
/// let mut registry = Registry::new();
/// registry.add(EventType::new("beat", vec![Field::new("host", FieldType::Text)]))?;
/// let events = EventReader::new(Arc::new(registry));
/// let input = "{\"type\":\"beat\",\"host\":\"a\"}\n\n{\"type\":\"boot\"}\n";
/// let mut good = 0;
/// for line in NdjsonReader::new(input.as_bytes(), events, 0) {
///     match line? {
///         (_, Ok(_)) => good += 1,
///         (number, Err(error)) => assert_eq!((number, error.code().name()), (3, "E_JSON_TYPE")),
///     }
/// }
/// assert_eq!(good, 1);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct NdjsonReader<R> {
    input: R,
    events: EventReader,
    now: i64,
    /// The number of the line that was read last.
    number: u64,
    /// The front of a line whose end is not in the input's buffer yet.
    partial: Vec<u8>,
    ended: bool,
}

impl<R: BufRead> NdjsonReader<R> {
    /// Reads lines from `input`. Events without a time get `now`, nanoseconds since the epoch.
    pub fn new(input: R, events: EventReader, now: i64) -> Self {
        Self {
            input,
            events,
            now,
            number: 0,
            partial: Vec::new(),
            ended: false,
        }
    }

    /// The time of events without one, from the next line on.
    pub fn set_now(&mut self, now: i64) {
        self.now = now;
    }

    /// How many lines were read, blank ones among them.
    pub fn lines(&self) -> u64 {
        self.number
    }

    /// How many members of objects were skipped; see [`EventReader::ignored`].
    pub fn ignored(&self) -> u64 {
        self.events.ignored()
    }

    fn line(&mut self) -> io::Result<Line> {
        let mut length: u64 = 0;
        loop {
            let buffer = match self.input.fill_buf() {
                Ok(buffer) => buffer,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(error),
            };
            if buffer.is_empty() && length == 0 {
                return Ok(Line::End);
            }
            let end = memchr(b'\n', buffer);
            let part = &buffer[..end.unwrap_or(buffer.len())];
            let ends = end.is_some() || buffer.is_empty();
            length += part.len() as u64;
            let fits = length <= MAX_LINE as u64;
            if ends && length == part.len() as u64 && fits {
                let line = read(&mut self.events, part, self.now);
                let used = part.len() + usize::from(end.is_some());
                self.input.consume(used);
                return Ok(line);
            }
            if fits {
                self.partial.extend_from_slice(part);
            }
            let used = part.len() + usize::from(end.is_some());
            self.input.consume(used);
            if ends {
                let line = if fits {
                    read(&mut self.events, &self.partial, self.now)
                } else {
                    Line::Event(Err(JsonError::line_too_long(length)))
                };
                self.partial.clear();
                return Ok(line);
            }
        }
    }
}

impl<R: BufRead> Iterator for NdjsonReader<R> {
    type Item = io::Result<(u64, Result<Event, JsonError>)>;

    fn next(&mut self) -> Option<Self::Item> {
        while !self.ended {
            match self.line() {
                Ok(Line::Event(event)) => {
                    self.number += 1;
                    return Some(Ok((self.number, event)));
                }
                Ok(Line::Blank) => self.number += 1,
                Ok(Line::End) => self.ended = true,
                Err(error) => {
                    self.ended = true;
                    return Some(Err(error));
                }
            }
        }
        None
    }
}

/// What a line is.
enum Line {
    /// The input ended before it.
    End,
    Blank,
    Event(Result<Event, JsonError>),
}

fn read(events: &mut EventReader, line: &[u8], now: i64) -> Line {
    if line.iter().all(u8::is_ascii_whitespace) {
        Line::Blank
    } else {
        Line::Event(events.event(line, now))
    }
}

//! Frames: a head of lines with `Content-Length`, an empty line, and so many bytes.
//!
//! The libraries that read these frames take whatever length the head says, and end at the first head that is wrong.
//! Here a length is bounded before it is allocated, and what is wrong is told once and passed over.

use crate::limits::{MAX_HEADER, MAX_MESSAGE};
use std::io::{self, BufRead, Read, Write};

/// What was read.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Frame {
    /// A message's bytes.
    Body(Vec<u8>),
    /// What is no frame, and why. The next one may be right.
    Malformed(String),
    /// Nothing more comes.
    End,
}

/// Reads the next frame.
pub(crate) fn read(input: &mut impl BufRead) -> io::Result<Frame> {
    let length = match head(input)? {
        Head::Length(length) => length,
        Head::Malformed(why) => return Ok(Frame::Malformed(why)),
        Head::End => return Ok(Frame::End),
    };
    if length > MAX_MESSAGE as u64 {
        io::copy(&mut input.take(length), &mut io::sink())?;
        return Ok(Frame::Malformed(format!(
            "a message of {length} bytes; at most {MAX_MESSAGE} are read"
        )));
    }
    let mut body = Vec::new();
    input.take(length).read_to_end(&mut body)?;
    if (body.len() as u64) < length {
        return Ok(Frame::End);
    }
    Ok(Frame::Body(body))
}

enum Head {
    Length(u64),
    Malformed(String),
    End,
}

fn head(input: &mut impl BufRead) -> io::Result<Head> {
    let mut length = None;
    let mut wrong = None;
    let mut taken = 0;
    loop {
        let mut line = Vec::new();
        let most = (MAX_HEADER - taken) as u64;
        taken += input.take(most).read_until(b'\n', &mut line)?;
        if line.is_empty() && taken < MAX_HEADER {
            return Ok(Head::End);
        }
        if !line.ends_with(b"\n") {
            if taken < MAX_HEADER {
                return Ok(Head::End);
            }
            skip_line(input)?;
            return Ok(Head::Malformed(format!(
                "a message's head is longer than {MAX_HEADER} bytes"
            )));
        }
        let line = String::from_utf8_lossy(&line);
        let line = line.trim_end();
        if line.is_empty() {
            return Ok(match (wrong, length) {
                (Some(why), _) => Head::Malformed(why),
                (None, Some(length)) => Head::Length(length),
                (None, None) => Head::Malformed("a message without `Content-Length`".into()),
            });
        }
        let Some((name, value)) = line.split_once(':') else {
            wrong.get_or_insert(format!("`{}` is no line of a head", shown(line)));
            continue;
        };
        if name.trim().eq_ignore_ascii_case("content-length") {
            match value.trim().parse() {
                Ok(value) => length = Some(value),
                Err(_) => {
                    wrong.get_or_insert(format!("`{}` is no length", shown(value.trim())));
                }
            }
        }
    }
}

/// Passes over the rest of a line, however long.
fn skip_line(input: &mut impl BufRead) -> io::Result<()> {
    loop {
        let buffer = input.fill_buf()?;
        let (used, done) = match buffer.iter().position(|byte| *byte == b'\n') {
            Some(at) => (at + 1, true),
            None => (buffer.len(), buffer.is_empty()),
        };
        input.consume(used);
        if done {
            return Ok(());
        }
    }
}

fn shown(text: &str) -> String {
    text.chars().take(60).collect()
}

/// Writes a message as one frame.
pub(crate) fn write(output: &mut dyn Write, body: &str) -> io::Result<()> {
    write!(output, "Content-Length: {}\r\n\r\n{body}", body.len())?;
    output.flush()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frames(bytes: &[u8]) -> Vec<Frame> {
        let mut input = bytes;
        let mut frames = Vec::new();
        loop {
            let frame = read(&mut input).expect("memory can be read");
            if frame == Frame::End {
                return frames;
            }
            frames.push(frame);
            assert!(frames.len() < 20, "it does not end");
        }
    }

    fn body(text: &str) -> Frame {
        Frame::Body(text.into())
    }

    #[test]
    fn what_is_written_is_read() {
        let mut bytes = Vec::new();
        write(&mut bytes, "{}").expect("memory can be written");
        write(&mut bytes, "é").expect("memory can be written");
        assert_eq!(frames(&bytes), [body("{}"), body("é")]);
        for end in 1..bytes.len() {
            assert!(frames(&bytes[..end]).len() < 2, "cut at {end}");
        }
    }

    #[test]
    fn heads_are_read_generously() {
        let text = "content-length:2\nContent-Type: x\n\n{}";
        assert_eq!(frames(text.as_bytes()), [body("{}")]);
    }

    #[test]
    fn what_is_malformed_is_passed_over() {
        let good = "Content-Length: 2\r\n\r\n{}";
        for wrong in [
            "nonsense\r\n\r\n",
            "Content-Length: x\r\n\r\n",
            "Content-Length: -1\r\n\r\n",
            "Content-Length: 99999999999999999999999\r\n\r\n",
            "Content-Type: y\r\n\r\n",
            "\r\n",
        ] {
            let found = frames(format!("{wrong}{good}").as_bytes());
            assert!(
                matches!(&found[..], [Frame::Malformed(_), Frame::Body(_)]),
                "{wrong:?}: {found:?}"
            );
        }
    }

    #[test]
    fn lengths_are_bounded() {
        let long = format!("Content-Length: {}\r\n\r\n", MAX_MESSAGE + 1);
        assert_eq!(
            frames(long.as_bytes()).len(),
            1,
            "the body that never comes"
        );
        let line = format!(
            "{}\nContent-Length: 2\r\n\r\n{{}}",
            "x".repeat(3 * MAX_HEADER)
        );
        let found = frames(line.as_bytes());
        assert!(
            matches!(&found[..], [Frame::Malformed(_), Frame::Body(_)]),
            "{found:?}"
        );
    }
}

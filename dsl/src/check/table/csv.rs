//! Comma-separated values as of RFC 4180, each cell with its place in the file.
//!
//! Beyond the RFC: lines may end in a line feed alone, empty lines and a byte order mark are passed over.

use std::borrow::Cow;
use std::ops::Range;

/// One value of a record.
#[derive(Debug, PartialEq)]
pub(super) struct Cell<'t> {
    pub(super) text: Cow<'t, str>,
    /// Where it stands, quotes included.
    pub(super) place: Range<usize>,
    /// Whether it stands in quotes: then nothing in it is an empty text, and not nothing at all.
    pub(super) is_quoted: bool,
}

/// Why there is no record: where, and what is wrong there.
#[derive(Debug, PartialEq)]
pub(super) struct Malformed {
    pub(super) place: Range<usize>,
    pub(super) reason: &'static str,
}

/// The records of a file, in order.
pub(super) struct Records<'t> {
    text: &'t str,
    at: usize,
}

impl<'t> Records<'t> {
    pub(super) fn new(text: &'t str) -> Self {
        let at = if text.starts_with('\u{feff}') { 3 } else { 0 };
        Self { text, at }
    }

    fn rest(&self) -> &'t str {
        &self.text[self.at..]
    }

    /// Bytes of the line's end that comes next; none if none does.
    fn line_end(&self) -> Option<usize> {
        match self.rest().as_bytes() {
            [b'\r', b'\n', ..] => Some(2),
            [b'\n', ..] => Some(1),
            [b'\r'] => Some(1),
            [] => Some(0),
            _ => None,
        }
    }

    /// The cell that begins here.
    fn cell(&mut self) -> Result<Cell<'t>, Malformed> {
        let start = self.at;
        if !self.rest().starts_with('"') {
            let rest = self.rest();
            let line = rest.find('\n').map_or(rest, |end| &rest[..end]);
            let line = line.strip_suffix('\r').unwrap_or(line);
            let text = line.find(',').map_or(line, |end| &line[..end]);
            self.at += text.len();
            return Ok(Cell {
                text: Cow::Borrowed(text),
                place: start..self.at,
                is_quoted: false,
            });
        }
        self.at += 1;
        let mut text = Cow::Borrowed("");
        loop {
            let rest = self.rest();
            let Some(end) = rest.find('"') else {
                self.at = self.text.len();
                let reason = "this quote is not closed";
                let place = start..start + 1;
                return Err(Malformed { place, reason });
            };
            if text.is_empty() {
                text = Cow::Borrowed(&rest[..end]);
            } else {
                text.to_mut().push_str(&rest[..end]);
            }
            self.at += end + 1;
            if !self.rest().starts_with('"') {
                break;
            }
            // Two quotes stand for one.
            text.to_mut().push('"');
            self.at += 1;
        }
        if self.rest().starts_with(',') || self.line_end().is_some() {
            return Ok(Cell {
                text,
                place: start..self.at,
                is_quoted: true,
            });
        }
        let behind = self.at;
        self.at += self.rest().find('\n').unwrap_or(self.rest().len());
        Err(Malformed {
            place: behind..self.at,
            reason: "text behind a closing quote",
        })
    }
}

impl<'t> Iterator for Records<'t> {
    type Item = Result<Vec<Cell<'t>>, Malformed>;

    fn next(&mut self) -> Option<Self::Item> {
        while let Some(bytes) = self.line_end() {
            self.at += bytes;
            if self.rest().is_empty() {
                return None;
            }
        }
        let mut cells = Vec::new();
        loop {
            match self.cell() {
                Ok(cell) => cells.push(cell),
                Err(malformed) => return Some(Err(malformed)),
            }
            if let Some(bytes) = self.line_end() {
                self.at += bytes;
                return Some(Ok(cells));
            }
            // A cell ends where its line does, or at a comma.
            self.at += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(text: &str) -> Vec<Result<Vec<String>, (&str, &'static str)>> {
        Records::new(text)
            .map(|record| {
                let texts =
                    |cells: Vec<Cell<'_>>| cells.into_iter().map(|c| c.text.into()).collect();
                record
                    .map(texts)
                    .map_err(|wrong| (&text[wrong.place], wrong.reason))
            })
            .collect()
    }

    fn cells(texts: &[&str]) -> Vec<String> {
        texts.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn records_are_read_as_the_rfc_has_them() {
        let text = "\u{feff}a,b\r\n\n\"x,\"\"y\"\"\",\r\n\"two\nlines\",\"\"\n1,2";
        assert_eq!(
            read(text),
            [
                Ok(cells(&["a", "b"])),
                Ok(cells(&["x,\"y\"", ""])),
                Ok(cells(&["two\nlines", ""])),
                Ok(cells(&["1", "2"])),
            ]
        );
        assert_eq!(read("a,"), [Ok(cells(&["a", ""]))]);
        assert_eq!(read("\"\""), [Ok(cells(&[""]))]);
        assert_eq!(read(""), []);
        assert_eq!(read("\u{feff}\r\n\r\n"), []);
    }

    #[test]
    fn places_hold_the_quotes() {
        let text = "a,\"b\"";
        let cells = Records::new(text).next().unwrap().unwrap();
        assert_eq!((cells[0].place.clone(), cells[0].is_quoted), (0..1, false));
        assert_eq!((cells[1].place.clone(), cells[1].is_quoted), (2..5, true));
    }

    #[test]
    fn what_is_wrong_costs_its_line() {
        assert_eq!(
            read("\"a\"b,c\nd,e"),
            [
                Err(("b,c", "text behind a closing quote")),
                Ok(cells(&["d", "e"])),
            ]
        );
        let unclosed = [Ok(cells(&["a"])), Err(("\"", "this quote is not closed"))];
        assert_eq!(read("a\n\"b\nc"), unclosed);
    }

    proptest! {
        #[test]
        fn anything_ends_and_places_lie_in_it(text in "[a,\"\r\n\u{e9}]{0,40}") {
            for record in Records::new(&text) {
                match record {
                    Ok(cells) => {
                        prop_assert!(!cells.is_empty());
                        for cell in cells {
                            prop_assert!(text.get(cell.place).is_some());
                        }
                    }
                    Err(wrong) => prop_assert!(text.get(wrong.place).is_some()),
                }
            }
        }

        #[test]
        fn what_is_written_comes_back(
            records in proptest::collection::vec(
                proptest::collection::vec("[a,\"\r\n é]{0,5}", 2..4), 0..5)
        ) {
            let quoted = |cell: &String| format!("\"{}\"", cell.replace('"', "\"\""));
            let lines = records.iter().map(|cells| {
                cells.iter().map(quoted).collect::<Vec<_>>().join(",")
            });
            let text = lines.collect::<Vec<_>>().join("\r\n");
            let expected: Vec<_> = records.into_iter().map(Ok).collect();
            prop_assert_eq!(read(&text), expected);
        }
    }
}

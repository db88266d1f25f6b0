//! Rule files as text, and places in them.

use rowan::TextRange;
use std::collections::BTreeMap;
use std::path::Path;

/// Names one file of a [`SourceMap`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SourceId(u32);

/// A range of bytes in one file: what a diagnostic points at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Span {
    /// The file.
    pub source: SourceId,
    /// Offset of the first byte.
    pub start: u32,
    /// Offset after the last byte.
    pub end: u32,
}

impl Span {
    /// The place of a range that was read from a tree of the file.
    pub fn new(source: SourceId, range: TextRange) -> Span {
        Span {
            source,
            start: range.start().into(),
            end: range.end().into(),
        }
    }

    /// The bytes, for slicing the file's text.
    pub fn range(self) -> std::ops::Range<usize> {
        self.start as usize..self.end as usize
    }
}

/// One file: what it is called, and what it holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    name: String,
    text: String,
    /// Offset of each line's first byte.
    lines: Vec<u32>,
}

/// A place as people count it. Both count from 1; columns count characters, not bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct LineColumn {
    /// The line.
    pub line: u32,
    /// The character in the line.
    pub column: u32,
}

/// A place as editors and machines count it: both count from 0, columns count UTF-16 code units.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Utf16Position {
    /// The line.
    pub line: u32,
    /// The code unit in the line.
    pub column: u32,
}

impl Source {
    /// A file of this name and text.
    pub fn new(name: String, text: String) -> Source {
        let starts = text
            .bytes()
            .enumerate()
            .filter(|&(_, byte)| byte == b'\n')
            .map(|(at, _)| at as u32 + 1);
        let lines = std::iter::once(0).chain(starts).collect();
        Source { name, text, lines }
    }

    /// The file's name, as it is shown.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The file's text.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Line and column of a byte. What lies beyond the text counts as its end, and what lies inside a character as
    /// that character.
    pub fn line_column(&self, offset: u32) -> LineColumn {
        let offset = offset.min(self.text.len() as u32);
        let line = self.lines.partition_point(|&start| start <= offset) - 1;
        let start = self.lines[line];
        let before = self.text[start as usize..].char_indices();
        let column = before
            .take_while(|&(at, c)| start as usize + at + c.len_utf8() <= offset as usize)
            .count();
        LineColumn {
            line: line as u32 + 1,
            column: column as u32 + 1,
        }
    }
}

impl Source {
    /// Line and column of a byte in UTF-16. What lies beyond the text counts as its end, and what lies inside a
    /// character as that character.
    pub fn utf16(&self, offset: u32) -> Utf16Position {
        let offset = offset.min(self.text.len() as u32);
        let line = self.lines.partition_point(|&start| start <= offset) - 1;
        let start = self.lines[line] as usize;
        let before = self.text[start..].char_indices();
        let before = before.take_while(|&(at, c)| start + at + c.len_utf8() <= offset as usize);
        Utf16Position {
            line: line as u32,
            column: before.map(|(_, c)| c.len_utf16() as u32).sum(),
        }
    }

    /// The byte at a place in UTF-16. A column beyond the line counts as the line's end, a line beyond the text as the
    /// text's end, and the inside of a surrogate pair as its character.
    pub fn offset(&self, position: Utf16Position) -> u32 {
        let line = position.line as usize;
        let Some(&start) = self.lines.get(line) else {
            return self.text.len() as u32;
        };
        let end = self.lines.get(line + 1);
        let text = &self.text[start as usize..end.map_or(self.text.len(), |&end| end as usize)];
        let text = text.strip_suffix('\n').unwrap_or(text);
        let text = text.strip_suffix('\r').unwrap_or(text);
        let mut column = 0;
        for (at, c) in text.char_indices() {
            column += c.len_utf16() as u32;
            if column > position.column {
                return start + at as u32;
            }
        }
        start + text.len() as u32
    }
}

/// Why the file of a table is not there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Missing {
    /// In words that go behind a colon.
    pub reason: String,
}

/// The path of a table's file that is named in the rule file of the first name: relative to its folder.
pub fn beside(rule_file: &str, named: &str) -> String {
    let folder = Path::new(rule_file).parent().unwrap_or(Path::new(""));
    folder.join(named).display().to_string()
}

/// The files of one rule set: rule files, and those of the tables that they name.
///
/// The compiler reads no files. Whoever has rule files asks [`table_files`](crate::table_files) which others they need.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SourceMap {
    sources: Vec<Source>,
    /// By their paths.
    tables: BTreeMap<String, Result<SourceId, Missing>>,
}

impl SourceMap {
    /// No files.
    pub fn new() -> SourceMap {
        SourceMap::default()
    }

    /// Takes a rule file in. Names need not differ.
    pub fn add(&mut self, name: impl Into<String>, text: impl Into<String>) -> SourceId {
        let id = SourceId(self.sources.len() as u32);
        self.sources.push(Source::new(name.into(), text.into()));
        id
    }

    /// The same files under the same numbers, with other texts where `change` gives one.
    #[must_use]
    pub fn with_texts(
        &self,
        mut change: impl FnMut(SourceId, &str) -> Option<String>,
    ) -> SourceMap {
        let mut changed = self.clone();
        for (at, source) in changed.sources.iter_mut().enumerate() {
            if let Some(text) = change(SourceId(at as u32), source.text()) {
                *source = Source::new(std::mem::take(&mut source.name), text);
            }
        }
        changed
    }

    /// Takes the file of a table in, under its path as [`beside`] gives it.
    pub fn add_table(&mut self, path: impl Into<String>, text: impl Into<String>) -> SourceId {
        let path = path.into();
        let id = self.add(path.clone(), text);
        self.tables.insert(path, Ok(id));
        id
    }

    /// Says why the file of a table is not there.
    pub fn lack_table(&mut self, path: impl Into<String>, reason: impl Into<String>) {
        let reason = reason.into();
        self.tables.insert(path.into(), Err(Missing { reason }));
    }

    /// The file of a table, by its path; `None` where nobody has looked for it.
    pub fn table(&self, path: &str) -> Option<Result<SourceId, &Missing>> {
        self.tables.get(path).map(|found| found.as_ref().copied())
    }

    /// The file of that number.
    ///
    /// # Panics
    /// When the number was given out by another map that holds more files.
    pub fn get(&self, id: SourceId) -> &Source {
        &self.sources[id.0 as usize]
    }

    /// The rule files with their numbers, in the order in which they came.
    pub fn iter(&self) -> impl Iterator<Item = (SourceId, &Source)> {
        self.sources
            .iter()
            .enumerate()
            .map(|(at, source)| (SourceId(at as u32), source))
            .filter(|(id, source)| self.tables.get(source.name()) != Some(&Ok(*id)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_and_columns_count_characters_from_one() {
        let source = Source::new("x".into(), "ab\nä€c\n".into());
        let at = |offset| {
            let place = source.line_column(offset);
            (place.line, place.column)
        };
        assert_eq!(at(0), (1, 1));
        assert_eq!(at(2), (1, 3));
        assert_eq!(at(3), (2, 1));
        assert_eq!(at(4), (2, 1), "inside a character");
        assert_eq!(at(5), (2, 2));
        assert_eq!(at(8), (2, 3));
        assert_eq!(at(10), (3, 1));
        assert_eq!(at(99), (3, 1), "beyond the end");
    }

    #[test]
    fn editors_count_utf16() {
        let source = Source::new("x".into(), "a🐜é\r\nb\n".into());
        let at = |offset| {
            let place = source.utf16(offset);
            (place.line, place.column)
        };
        assert_eq!(
            [at(0), at(1), at(5), at(7)],
            [(0, 0), (0, 1), (0, 3), (0, 4)]
        );
        assert_eq!(at(3), (0, 1), "inside of a character");
        assert_eq!([at(9), at(10), at(99)], [(1, 0), (1, 1), (2, 0)]);
        let back = |line, column| source.offset(Utf16Position { line, column });
        for offset in [0, 1, 5, 7, 9, 10, 11] {
            let (line, column) = at(offset);
            assert_eq!(back(line, column), offset);
        }
        assert_eq!(back(0, 2), 1, "inside of a surrogate pair");
        assert_eq!(back(0, 99), 7, "behind the line, before its end");
        assert_eq!(back(9, 0), 11, "behind the text");
    }

    #[test]
    fn files_of_tables_are_no_rule_files() {
        let mut map = SourceMap::new();
        let rules = map.add("rules/a.trap", "");
        let path = beside("rules/a.trap", "../owners.csv");
        let table = map.add_table(&path, "host");
        map.lack_table("x.csv", "no such file");
        assert_eq!(map.iter().map(|(id, _)| id).collect::<Vec<_>>(), [rules]);
        assert_eq!(map.table("rules/../owners.csv"), Some(Ok(table)));
        assert_eq!(map.get(table).text(), "host");
        let missing = map.table("x.csv").unwrap().unwrap_err();
        assert_eq!(missing.reason, "no such file");
        assert_eq!(map.table("y.csv"), None);
        assert_eq!(beside("a.trap", "t.csv"), "t.csv");
        assert_eq!(beside("rules/a.trap", "/srv/t.csv"), "/srv/t.csv");
    }

    #[test]
    fn files_keep_their_numbers() {
        let mut map = SourceMap::new();
        let first = map.add("a.trap", "1");
        let second = map.add("a.trap", "2");
        assert_eq!(map.get(first).text(), "1");
        assert_eq!(map.get(second).text(), "2");
        assert_eq!(
            map.iter().map(|(id, _)| id).collect::<Vec<_>>(),
            [first, second]
        );
    }
}

//! Open texts, as the editor tells of them.

use crate::limits::MAX_DOCUMENT;
use gen_lsp_types::{Position, TextDocumentContentChangeEvent};
use trapjaw_dsl::source::{Source, Utf16Position};

/// An open text.
#[derive(Clone, Debug)]
pub(crate) struct Document {
    /// The editor's number of this state.
    pub(crate) version: i32,
    text: Source,
    /// It has grown beyond the limit, so that what it holds is not known any more.
    lost: bool,
}

impl Document {
    pub(crate) fn new(version: i32, text: String) -> Document {
        let lost = text.len() > MAX_DOCUMENT;
        Document {
            version,
            text: Source::new(String::new(), if lost { String::new() } else { text }),
            lost,
        }
    }

    /// The text; `None` where it is too long to be followed.
    pub(crate) fn text(&self) -> Option<&str> {
        (!self.lost).then(|| self.text.text())
    }

    /// Takes changes in, one after the other.
    pub(crate) fn change(&mut self, version: i32, changes: Vec<TextDocumentContentChangeEvent>) {
        self.version = version;
        for change in changes {
            self.apply(change);
        }
    }

    fn apply(&mut self, change: TextDocumentContentChangeEvent) {
        match change {
            TextDocumentContentChangeEvent::TextDocumentContentChangeWholeDocument(whole) => {
                *self = Document::new(self.version, whole.text);
            }
            // Of what is lost no part can be changed.
            TextDocumentContentChangeEvent::TextDocumentContentChangePartial(_) if self.lost => {}
            TextDocumentContentChangeEvent::TextDocumentContentChangePartial(part) => {
                let start = self.offset(part.range.start);
                let end = self.offset(part.range.end);
                let (start, end) = (start.min(end), start.max(end));
                let old = self.text.text();
                let length = old.len() - (end - start) + part.text.len();
                if length > MAX_DOCUMENT {
                    self.lost = true;
                    return;
                }
                let mut text = String::with_capacity(length);
                text.push_str(&old[..start]);
                text.push_str(&part.text);
                text.push_str(&old[end..]);
                self.text = Source::new(String::new(), text);
            }
        }
    }

    fn offset(&self, position: Position) -> usize {
        let position = Utf16Position {
            line: position.line,
            column: position.character,
        };
        self.text.offset(position) as usize
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use gen_lsp_types::{
        Range, TextDocumentContentChangePartial, TextDocumentContentChangeWholeDocument,
    };

    fn part(from: (u32, u32), to: (u32, u32), text: &str) -> TextDocumentContentChangeEvent {
        let position = |(line, character)| Position { line, character };
        let range = Range {
            start: position(from),
            end: position(to),
        };
        TextDocumentContentChangePartial::new(range, None, text.into()).into()
    }

    fn whole(text: &str) -> TextDocumentContentChangeEvent {
        TextDocumentContentChangeWholeDocument::new(text.into()).into()
    }

    #[test]
    fn parts_are_counted_in_utf16_and_applied_in_order() {
        let mut document = Document::new(1, "a🐜b\néc\n".into());
        // Behind the ant, which is two units; then on what came of that.
        document.change(
            2,
            vec![part((0, 3), (0, 4), "B"), part((1, 0), (1, 1), "e")],
        );
        assert_eq!(document.text(), Some("a🐜B\nec\n"));
        assert_eq!(document.version, 2);
        document.change(
            3,
            vec![part((0, 1), (1, 1), ""), part((9, 9), (9, 9), "end")],
        );
        assert_eq!(document.text(), Some("ac\nend"));
        document.change(4, vec![part((0, 2), (0, 0), "x")]);
        assert_eq!(
            document.text(),
            Some("x\nend"),
            "a range that is the wrong way round"
        );
        document.change(5, vec![whole("new"), part((0, 0), (0, 0), "a ")]);
        assert_eq!(document.text(), Some("a new"));
    }

    #[test]
    fn a_text_that_is_too_long_is_let_go_until_it_comes_anew() {
        let long = "x".repeat(MAX_DOCUMENT);
        let mut document = Document::new(1, long);
        assert!(document.text().is_some());
        document.change(2, vec![part((0, 0), (0, 0), "y")]);
        assert_eq!(document.text(), None);
        document.change(3, vec![part((0, 0), (9, 9), "")]);
        assert_eq!(document.text(), None);
        document.change(4, vec![whole("short")]);
        assert_eq!(document.text(), Some("short"));
        assert_eq!(Document::new(1, "x".repeat(MAX_DOCUMENT + 1)).text(), None);
    }
}

//! Building a text column: as a dictionary while texts repeat, else plain.

mod table;

use core::ops::Range;

use crate::batch::{Dictionary, Text, Texts};
use crate::limits::MAX_ROWS;
use table::{Code, Key, Last, Table};

/// Below this many distinct texts a column is not given up as a dictionary before its batch is whole: texts that
/// repeat seldom may still repeat often enough by its end.
const TRIAL: usize = 2_048;

/// After a batch that turned out plain, so many are built plain without a trial.
const PLAIN_BATCHES: u8 = 15;

/// A batch below this many rows says nothing about the next ones.
const TELLING_ROWS: usize = 256;

/// Stands for the code of a row without a text, until the column is finished.
const ABSENT: u16 = u16::MAX;

const _: () = assert!(MAX_ROWS < ABSENT as usize);

/// A text column under construction. It keeps its memory from batch to batch.
#[derive(Debug)]
pub(super) struct TextBuilder {
    form: Form,
    /// As a dictionary: each row's code.
    codes: Vec<u16>,
    /// As a dictionary: the distinct texts. Plain: each row's.
    texts: Texts,
    /// Where a dictionary that was not worth it is written out plain.
    written_out: Texts,
    table: Table,
    /// None, where it is no dictionary.
    last: Last,
    /// Batches that are still built plain without a trial.
    plain_batches: u8,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    Dict,
    Plain,
    /// Plain, by nature of the column.
    AlwaysPlain,
}

impl TextBuilder {
    /// A builder that finds out by itself.
    pub(super) fn new() -> Self {
        Self::of_form(Form::Dict)
    }

    /// A builder for texts of which no two are equal, as a rule.
    pub(super) fn plain() -> Self {
        Self::of_form(Form::AlwaysPlain)
    }

    fn of_form(form: Form) -> Self {
        Self {
            form,
            codes: Vec::new(),
            texts: Texts {
                offsets: vec![0],
                bytes: String::new(),
            },
            written_out: Texts::default(),
            table: Table::default(),
            last: Last::default(),
            plain_batches: 0,
        }
    }

    /// Adds a row with this text.
    #[inline]
    pub(super) fn push(&mut self, text: &str) {
        let key = Key::new(text);
        match self.last.code_of(key, &self.texts) {
            Some(code) => self.codes.push(code),
            None => self.push_other(text, key),
        }
    }

    /// Adds a row with a text that is not the last one's.
    #[inline(never)]
    fn push_other(&mut self, text: &str, key: Key<'_>) {
        if self.form == Form::Dict {
            if let Some(code) = self.code_of(text, key) {
                self.last = Last::new(key, code);
                self.codes.push(code);
                return;
            }
            self.give_up();
        }
        append(&mut self.texts, text);
    }

    /// Adds a row without a text.
    pub(super) fn push_absent(&mut self) {
        if self.form == Form::Dict {
            self.codes.push(ABSENT);
        } else {
            append(&mut self.texts, "");
        }
    }

    /// The finished column; afterwards [`reclaim`](Self::reclaim) has to follow.
    pub(super) fn finish(&mut self) -> Text {
        if self.form != Form::Dict {
            return Text::Plain(core::mem::take(&mut self.texts));
        }
        let distinct = self.table.len();
        let worth_it = distinct > 0 && distinct * 2 <= self.codes.len();
        if !worth_it {
            self.plain_batches = if self.codes.len() < TELLING_ROWS {
                0
            } else {
                PLAIN_BATCHES
            };
            write_out(&self.codes, &self.texts, &mut self.written_out);
            return Text::Plain(core::mem::take(&mut self.written_out));
        }
        for code in &mut self.codes {
            *code = if *code == ABSENT { 0 } else { *code };
        }
        Text::Dict(Dictionary {
            codes: core::mem::take(&mut self.codes),
            values: core::mem::take(&mut self.texts),
        })
    }

    /// Takes the memory of the column back that [`finish`](Self::finish) gave, and begins the next batch.
    pub(super) fn reclaim(&mut self, column: Text) {
        match (column, self.form) {
            (Text::Plain(texts), Form::Dict) => self.written_out = texts,
            (Text::Plain(texts), _) => self.texts = texts,
            (Text::Dict(Dictionary { codes, values }), _) => {
                (self.codes, self.texts) = (codes, values);
            }
        }
        self.codes.clear();
        clear(&mut self.texts);
        self.table.clear();
        self.last = Last::default();
        if self.form != Form::AlwaysPlain {
            self.form = if self.plain_batches > 0 {
                Form::Plain
            } else {
                Form::Dict
            };
            self.plain_batches = self.plain_batches.saturating_sub(1);
        }
    }

    /// The text's code, new or old; `None` where the column is no dictionary.
    #[inline]
    fn code_of(&mut self, text: &str, key: Key<'_>) -> Option<u16> {
        match self.table.code_of(key, &self.texts)? {
            Code::Old(code) => Some(code),
            Code::New(code) => self.add(code, text),
        }
    }

    /// Adds the text of a new code; `None` where there are too many of them by now.
    fn add(&mut self, code: u16, text: &str) -> Option<u16> {
        append(&mut self.texts, text);
        // The new text stands in the table already, so that giving up sees a consistent whole.
        let too_many = self.table.len() > TRIAL && self.table.len() * 2 > self.codes.len() + 1;
        if too_many {
            self.plain_batches = PLAIN_BATCHES;
        }
        (!too_many).then_some(code)
    }

    /// Goes on plain, with the rows so far written out.
    fn give_up(&mut self) {
        write_out(&self.codes, &self.texts, &mut self.written_out);
        core::mem::swap(&mut self.texts, &mut self.written_out);
        self.codes.clear();
        self.last = Last::default();
        self.form = Form::Plain;
    }
}

/// Where a text's bytes are.
fn range(texts: &Texts, code: u16) -> Range<usize> {
    let at = usize::from(code);
    texts.offsets[at] as usize..texts.offsets[at + 1] as usize
}

/// The text's bytes: offsets that this module wrote need no look at character boundaries.
fn text_at(texts: &Texts, code: u16) -> &[u8] {
    &texts.bytes.as_bytes()[range(texts, code)]
}

fn append(texts: &mut Texts, text: &str) {
    texts.bytes.push_str(text);
    texts.offsets.push(texts.bytes.len() as u32);
}

fn clear(texts: &mut Texts) {
    texts.bytes.clear();
    texts.offsets.clear();
    texts.offsets.push(0);
}

fn write_out(codes: &[u16], values: &Texts, plain: &mut Texts) {
    clear(plain);
    plain.offsets.reserve(codes.len());
    for code in codes {
        let text = match *code {
            ABSENT => "",
            code => &values.bytes[range(values, code)],
        };
        append(plain, text);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn build(builder: &mut TextBuilder, rows: &[Option<String>]) -> Text {
        for row in rows {
            match row {
                Some(text) => builder.push(text),
                None => builder.push_absent(),
            }
        }
        let column = builder.finish();
        builder.reclaim(column.clone());
        column
    }

    fn read(column: &Text) -> Vec<&str> {
        let text_at = |texts, code| core::str::from_utf8(text_at(texts, code)).unwrap();
        match column {
            Text::Plain(texts) => (0..texts.offsets.len() as u16 - 1)
                .map(|row| text_at(texts, row))
                .collect(),
            Text::Dict(Dictionary { codes, values }) => {
                codes.iter().map(|code| text_at(values, *code)).collect()
            }
        }
    }

    fn rows(count: usize, distinct: usize) -> Vec<Option<String>> {
        (0..count)
            .map(|row| Some(format!("text-{}", row % distinct)))
            .collect()
    }

    #[test]
    fn texts_that_repeat_become_a_dictionary() {
        for (count, distinct, dict) in [
            (1, 1, false),
            (2, 1, true),
            (9, 5, false),
            (10, 5, true),
            (9_000, 2_000, true),
        ] {
            let rows = rows(count, distinct);
            let column = build(&mut TextBuilder::new(), &rows);
            assert_eq!(
                matches!(column, Text::Dict(_)),
                dict,
                "{distinct} distinct in {count}"
            );
            assert!(read(&column).into_iter().eq(rows.iter().flatten()));
        }
    }

    #[test]
    fn a_trial_is_given_up_and_then_left_out() {
        let mut builder = TextBuilder::new();
        let all_new = rows(5_000, 5_000);
        for _ in 0..=PLAIN_BATCHES {
            let column = build(&mut builder, &all_new);
            assert!(matches!(column, Text::Plain(_)));
            assert!(read(&column).into_iter().eq(all_new.iter().flatten()));
        }
        assert_eq!(builder.form, Form::Dict, "time for another trial");
        assert!(matches!(build(&mut builder, &rows(100, 3)), Text::Dict(_)));
    }

    #[test]
    fn absent_texts_are_empty_or_any_code() {
        let mut builder = TextBuilder::new();
        assert_eq!(read(&build(&mut builder, &[None, None])), ["", ""]);
        let texts = |pattern: &[&str]| {
            pattern
                .iter()
                .map(|text| Some(text.to_string()))
                .collect::<Vec<_>>()
        };
        let mut rows = texts(&["a", "a", "b", "a"]);
        rows.insert(0, None);
        assert_eq!(
            build(&mut builder, &rows),
            Text::Dict(Dictionary {
                codes: vec![0, 0, 0, 1, 0],
                values: Texts {
                    offsets: vec![0, 1, 2],
                    bytes: "ab".into()
                }
            })
        );
        let mut rows = texts(&["a", "b"]);
        rows.insert(1, None);
        assert_eq!(read(&build(&mut builder, &rows)), ["a", "", "b"]);
    }

    #[test]
    fn unique_texts_are_not_tried() {
        let mut builder = TextBuilder::plain();
        for _ in 0..2 {
            assert!(matches!(build(&mut builder, &rows(10, 1)), Text::Plain(_)));
        }
    }
}

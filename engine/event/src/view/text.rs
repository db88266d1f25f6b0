//! Text columns in place.

use crate::batch::{ArchivedText, ArchivedTexts};
use crate::view::raw::native;

/// Texts end to end, one a row. See [`batch::Texts`](crate::batch::Texts).
#[derive(Clone, Copy, Debug)]
pub struct PlainText<'a> {
    /// Text `i` is `text[offsets[i]..offsets[i + 1]]`: one offset more than texts.
    pub offsets: &'a [u32],
    /// All texts.
    pub text: &'a str,
}

impl<'a> PlainText<'a> {
    /// The text at this place.
    ///
    /// # Panics
    ///
    /// If there are not as many.
    #[inline]
    pub fn get(self, index: usize) -> &'a str {
        &self.text[self.offsets[index] as usize..self.offsets[index + 1] as usize]
    }

    /// How many texts there are.
    #[inline]
    pub fn len(self) -> usize {
        self.offsets.len().saturating_sub(1)
    }

    /// Are there no texts?
    #[inline]
    pub fn is_empty(self) -> bool {
        self.len() == 0
    }

    /// The texts in order.
    pub fn iter(self) -> impl ExactSizeIterator<Item = &'a str> {
        self.offsets
            .windows(2)
            .map(move |ends| &self.text[ends[0] as usize..ends[1] as usize])
    }

    pub(crate) fn of(texts: &'a ArchivedTexts) -> Self {
        Self {
            offsets: native(&texts.offsets),
            text: texts.bytes.as_str(),
        }
    }
}

/// For each row a number of a text. A text that many rows have stands here once; it may be there more often, so that
/// different codes don't prove different texts.
#[derive(Clone, Copy, Debug)]
pub struct DictText<'a> {
    /// For each row the place of its text in `values`.
    pub codes: &'a [u16],
    /// The texts.
    pub values: PlainText<'a>,
}

impl<'a> DictText<'a> {
    /// The row's text.
    ///
    /// # Panics
    ///
    /// If there is no such row.
    #[inline]
    pub fn get(self, row: usize) -> &'a str {
        self.values.get(usize::from(self.codes[row]))
    }

    /// How many rows there are.
    #[inline]
    pub fn len(self) -> usize {
        self.codes.len()
    }

    /// Are there no rows?
    #[inline]
    pub fn is_empty(self) -> bool {
        self.codes.is_empty()
    }
}

/// A text column in either form.
#[derive(Clone, Copy, Debug)]
pub enum TextView<'a> {
    /// Each row's own text.
    Plain(PlainText<'a>),
    /// For each row a number of a text.
    Dict(DictText<'a>),
}

impl<'a> TextView<'a> {
    /// The row's text.
    ///
    /// # Panics
    ///
    /// If there is no such row.
    #[inline]
    pub fn get(self, row: usize) -> &'a str {
        match self {
            Self::Plain(text) => text.get(row),
            Self::Dict(text) => text.get(row),
        }
    }

    /// How many rows there are.
    #[inline]
    pub fn len(self) -> usize {
        match self {
            Self::Plain(text) => text.len(),
            Self::Dict(text) => text.len(),
        }
    }

    /// Are there no rows?
    #[inline]
    pub fn is_empty(self) -> bool {
        self.len() == 0
    }

    pub(crate) fn of(text: &'a ArchivedText) -> Self {
        match text {
            ArchivedText::Plain(texts) => Self::Plain(PlainText::of(texts)),
            ArchivedText::Dict(dictionary) => Self::Dict(DictText {
                codes: native(&dictionary.codes),
                values: PlainText::of(&dictionary.values),
            }),
        }
    }
}

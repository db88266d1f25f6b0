//! Reading a table of a configuration: typed, with the place of everything that is wrong, all of it at once.

use core::cell::RefCell;
use core::fmt::Display;
use core::ops::RangeInclusive;
use core::str::FromStr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use toml::Spanned;
use toml::de::{DeTable, DeValue};
use trapjaw_dsl::diagnostic::did_you_mean;

use super::error::{ConfigFinding, Place};
use super::secret::Environment;
use crate::duration;
use crate::limits::MAX_CONFIG;

/// The file that is read, and what was found wrong with it so far.
pub(super) struct Input<'a> {
    /// As it was named.
    pub file: &'a str,
    pub text: &'a str,
    /// Where relative paths begin.
    pub folder: &'a Path,
    pub environment: &'a Environment<'a>,
    pub findings: RefCell<Vec<ConfigFinding>>,
}

impl Input<'_> {
    /// Notes what is wrong with a value.
    pub(super) fn refuse(&self, value: &Spanned<DeValue<'_>>, finding: ConfigFinding) {
        self.refuse_at(value.span(), finding);
    }

    /// Notes what is wrong with a value that may hold a secret: the line is not shown.
    pub(super) fn refuse_hidden(&self, value: &Spanned<DeValue<'_>>, finding: ConfigFinding) {
        let mut place = Place::new(self.file, self.text, value.span());
        place.text.clear();
        let place = Some(Box::new(place));
        self.findings
            .borrow_mut()
            .push(ConfigFinding { place, ..finding });
    }

    /// Notes what is wrong at a place of the text.
    pub(super) fn refuse_at(&self, span: core::ops::Range<usize>, finding: ConfigFinding) {
        let place = Some(Box::new(Place::new(self.file, self.text, span)));
        self.findings
            .borrow_mut()
            .push(ConfigFinding { place, ..finding });
    }

    /// A path of the file, relative to the file's folder.
    pub(super) fn path(&self, path: &str) -> PathBuf {
        self.folder.join(path)
    }
}

/// A table whose values are taken out one by one; what was not asked for is refused in the end.
pub(super) struct Section<'a> {
    pub input: &'a Input<'a>,
    table: &'a DeTable<'a>,
    /// How the table is called in messages.
    name: String,
    known: Vec<&'static str>,
}

impl<'a> Section<'a> {
    pub(super) fn new(input: &'a Input<'a>, table: &'a DeTable<'a>, name: String) -> Self {
        Self {
            input,
            table,
            name,
            known: Vec::new(),
        }
    }

    /// The value of a key, whatever it is.
    pub(super) fn value(&mut self, key: &'static str) -> Option<&'a Spanned<DeValue<'a>>> {
        self.known.push(key);
        self.table.get(key)
    }

    /// The value of a key, which stays unknown if it was not asked for otherwise.
    pub(super) fn peek(&self, key: &str) -> Option<&'a Spanned<DeValue<'a>>> {
        self.table.get(key)
    }

    /// Notes that a value is not what its key takes.
    fn mismatch(&self, key: &str, value: &Spanned<DeValue<'_>>, expected: impl Display) {
        let message = format!("`{key}` is {expected}, not {}", described(value.get_ref()));
        self.input
            .refuse(value, ConfigFinding::new("E_CONFIG_VALUE", message));
    }

    pub(super) fn text(&mut self, key: &'static str) -> Option<&'a str> {
        let value = self.value(key)?;
        let text = value.get_ref().as_str();
        if text.is_none() {
            self.mismatch(key, value, "a text");
        }
        text
    }

    pub(super) fn bool(&mut self, key: &'static str) -> Option<bool> {
        let value = self.value(key)?;
        let bool = value.get_ref().as_bool();
        if bool.is_none() {
            self.mismatch(key, value, "true or false");
        }
        bool
    }

    pub(super) fn number(&mut self, key: &'static str, range: RangeInclusive<u64>) -> Option<u64> {
        let value = self.value(key)?;
        let number = value
            .get_ref()
            .as_integer()
            .and_then(|digits| u64::from_str_radix(digits.as_str(), digits.radix()).ok())
            .filter(|number| range.contains(number));
        if number.is_none() {
            let expected = format!("a whole number from {} to {}", range.start(), range.end());
            self.mismatch(key, value, expected);
        }
        number
    }

    pub(super) fn duration(
        &mut self,
        key: &'static str,
        range: RangeInclusive<Duration>,
    ) -> Option<Duration> {
        let value = self.value(key)?;
        let read = value
            .get_ref()
            .as_str()
            .and_then(duration::parse)
            .filter(|duration| range.contains(duration));
        if read.is_none() {
            let shown = |duration: &Duration| duration::shown(duration.as_nanos() as i64);
            let expected = format!(
                "a duration such as \"1m30s\" from {} to {}",
                shown(range.start()),
                shown(range.end())
            );
            self.mismatch(key, value, expected);
        }
        read
    }

    /// A text of which something is made.
    pub(super) fn parsed<T: FromStr>(
        &mut self,
        key: &'static str,
        expected: &'static str,
    ) -> Option<T> {
        let value = self.value(key)?;
        let parsed = value.get_ref().as_str().and_then(|text| text.parse().ok());
        if parsed.is_none() {
            self.mismatch(key, value, expected);
        }
        parsed
    }

    /// One of some words.
    pub(super) fn word<T: Copy>(
        &mut self,
        key: &'static str,
        words: &[(&'static str, T)],
    ) -> Option<T> {
        let value = self.value(key)?;
        let text = value.get_ref().as_str();
        if let Some((_, meant)) = words.iter().find(|(word, _)| Some(*word) == text) {
            return Some(*meant);
        }
        let listed: Vec<String> = words
            .iter()
            .map(|(word, _)| format!("\"{word}\""))
            .collect();
        let expected = listed.join(" or ");
        let message = format!("`{key}` is {expected}, not {}", described(value.get_ref()));
        let mut finding = ConfigFinding::new("E_CONFIG_VALUE", message);
        finding.help = text
            .and_then(|text| did_you_mean(text, words.iter().map(|(word, _)| *word)))
            .map(|word| format!("did you mean \"{word}\"?"));
        self.input.refuse(value, finding);
        None
    }

    pub(super) fn texts(&mut self, key: &'static str) -> Option<Vec<&'a str>> {
        let value = self.value(key)?;
        let texts = value
            .get_ref()
            .as_array()
            .and_then(|items| items.iter().map(|item| item.get_ref().as_str()).collect());
        if texts.is_none() {
            self.mismatch(key, value, "a list of texts");
        }
        texts
    }

    /// A table inside this one.
    pub(super) fn table(&mut self, key: &'static str) -> Option<&'a DeTable<'a>> {
        let value = self.value(key)?;
        let table = value.get_ref().as_table();
        if table.is_none() {
            self.mismatch(key, value, "a table");
        }
        table
    }

    /// Refuses what nobody asked for.
    pub(super) fn finish(self) {
        for (key, _) in self.table {
            let name = key.get_ref().as_ref();
            if self.known.contains(&name) {
                continue;
            }
            let message = format!("unknown key `{name}` in {}", self.name);
            let mut finding = ConfigFinding::new("E_CONFIG_KEY", message);
            finding.help = Some(match did_you_mean(name, self.known.iter().copied()) {
                Some(known) => format!("did you mean `{known}`?"),
                None => format!("known keys: {}", self.known.join(", ")),
            });
            self.input.refuse_at(key.span(), finding);
        }
    }
}

/// What a value is, for people. Texts are not quoted: one that stands in the wrong place could be a secret.
pub(super) fn described(value: &DeValue<'_>) -> String {
    match value {
        DeValue::String(_) => "this text".into(),
        DeValue::Integer(number) => format!("{number}"),
        DeValue::Float(number) => format!("{number}"),
        DeValue::Boolean(bool) => format!("{bool}"),
        DeValue::Datetime(_) => "a date".into(),
        DeValue::Array(_) => "a list".into(),
        DeValue::Table(_) => "a table".into(),
    }
}

const _: () = assert!(MAX_CONFIG <= u32::MAX as usize);

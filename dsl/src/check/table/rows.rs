//! The rows of a table's file, and what is wrong with them.

use super::super::declare::beyond_limit;
use super::super::limits::{MAX_TABLE_FILE, MAX_TABLE_FINDINGS};
use super::super::{Outcome, Reported};
use super::{Column, Declaration, cell, csv, json};
use crate::diagnostic::{Diagnostic, codes::tables as codes, did_you_mean};
use crate::source::{SourceId, SourceMap, Span};
use std::collections::HashMap;
use std::ffi::OsStr;
use std::ops::Range;
use std::path::Path;
use trapjaw_event::{FieldType, Value};
use trapjaw_program::limits::MAX_TABLE_ROWS;

/// Reads the rows of a table's file; none where something is wrong with one.
pub(super) fn read(
    declaration: &Declaration,
    (named, source): (&str, SourceId),
    sources: &SourceMap,
    findings: &mut Vec<Diagnostic>,
) -> Vec<Vec<Value>> {
    let text = sources.get(source).text();
    if text.len() > MAX_TABLE_FILE {
        let error = beyond_limit(declaration.file, "bytes in a table's file", MAX_TABLE_FILE);
        findings.push(error);
        return Vec::new();
    }
    let mut reader = Reader {
        declaration,
        source,
        found: 0,
        findings,
        rows: Vec::new(),
        keys: Vec::new(),
    };
    let extension = Path::new(named).extension().and_then(OsStr::to_str);
    let extension = extension.map(str::to_ascii_lowercase);
    if extension.as_deref() == Some("csv") {
        reader.csv(text);
    } else if matches!(extension.as_deref(), Some("ndjson" | "jsonl")) {
        reader.json(text);
    } else {
        let message = "a table's file ends in `.csv`, `.ndjson` or `.jsonl`";
        let error = Diagnostic::error(codes::FILE, declaration.file, message);
        reader.findings.push(error);
        return Vec::new();
    }
    reader.repeated();
    if reader.found > 0 {
        return Vec::new();
    }
    reader.rows
}

/// Reads the rows of one file.
struct Reader<'r> {
    declaration: &'r Declaration,
    source: SourceId,
    /// Errors so far.
    found: usize,
    findings: &'r mut Vec<Diagnostic>,
    rows: Vec<Vec<Value>>,
    /// Where the key of each row stands.
    keys: Vec<Span>,
}

impl Reader<'_> {
    fn span(&self, place: Range<usize>) -> Span {
        Span {
            source: self.source,
            start: place.start as u32,
            end: place.end as u32,
        }
    }

    /// Reports an error; beyond a limit the rest is not told.
    fn error(&mut self, error: Diagnostic) {
        self.found += 1;
        match self.found.cmp(&MAX_TABLE_FINDINGS) {
            std::cmp::Ordering::Less => self.findings.push(error),
            std::cmp::Ordering::Equal => {
                let note = "what else is wrong with the table is not shown";
                self.findings.push(error.with_note(note));
            }
            std::cmp::Ordering::Greater => {}
        }
    }

    fn is_full(&self) -> bool {
        self.found >= MAX_TABLE_FINDINGS
    }

    fn misfit(&mut self, name: &str, misfit: cell::Misfit, place: Range<usize>) {
        let message = format!("{} (field `{name}`)", misfit.message);
        let mut error = Diagnostic::error(codes::CELL, self.span(place), message);
        if let Some(help) = misfit.help {
            error = error.with_help(help);
        }
        self.error(error);
    }

    /// What a field that must have a value lacks.
    fn missing(&mut self, column: usize, place: Range<usize>) {
        let Column { field, .. } = &self.declaration.columns[column];
        let is_key = column == self.declaration.key;
        let message = if is_key {
            format!("this row has no key: `{}` is empty", field.name)
        } else {
            format!("the field `{}` has no value", field.name)
        };
        let mut error = Diagnostic::error(codes::NO_VALUE, self.span(place), message);
        if !is_key {
            let help = format!(
                "if it may be empty, declare `{}: {}?`",
                field.name, field.ty
            );
            error = error.with_help(help);
        }
        self.error(error);
    }

    /// Takes a row in; false if there is no room for more.
    fn push(&mut self, row: Vec<Value>, key: Range<usize>) -> bool {
        let key = self.span(key);
        if self.rows.len() == MAX_TABLE_ROWS {
            self.error(beyond_limit(key, "rows in a table", MAX_TABLE_ROWS));
            return false;
        }
        self.rows.push(row);
        self.keys.push(key);
        true
    }

    fn csv(&mut self, text: &str) {
        let mut records = csv::Records::new(text);
        let header = match records.next() {
            None => {
                let message = "the file is empty: its first line names the fields";
                return self.error(Diagnostic::error(
                    codes::HEADER,
                    self.span(0..text.len().min(1)),
                    message,
                ));
            }
            Some(Err(malformed)) => return self.malformed(&malformed),
            Some(Ok(header)) => header,
        };
        let Ok(places) = self.header(&header) else {
            return;
        };
        for record in records {
            if self.is_full() {
                return;
            }
            match record {
                Err(malformed) => self.malformed(&malformed),
                Ok(cells) if cells.len() != header.len() => {
                    let (first, last) = (&cells[0], &cells[cells.len() - 1]);
                    let message = format!(
                        "this row has {} cells, and the header {}",
                        cells.len(),
                        header.len()
                    );
                    let span = self.span(first.place.start..last.place.end);
                    self.error(Diagnostic::error(codes::FORM, span, message));
                }
                Ok(cells) => {
                    let key = cells[places[self.declaration.key]].place.clone();
                    if let Ok(row) = self.record(&cells, &places)
                        && !self.push(row, key)
                    {
                        return;
                    }
                }
            }
        }
    }

    fn malformed(&mut self, malformed: &csv::Malformed) {
        let span = self.span(malformed.place.clone());
        let error = Diagnostic::error(codes::FORM, span, malformed.reason);
        self.error(error.with_help("a quote in a quoted cell is doubled: `\"say \"\"hi\"\"\"`"));
    }

    /// Where each declared field stands in a record.
    fn header(&mut self, header: &[csv::Cell<'_>]) -> Outcome<Vec<usize>> {
        let before = self.found;
        let mut known: HashMap<&str, usize> = HashMap::new();
        for (place, cell) in header.iter().enumerate() {
            if let Some(&first) = known.get(&*cell.text) {
                let message = format!("the header names `{}` twice", cell.text);
                let first = self.span(header[first].place.clone());
                let span = self.span(cell.place.clone());
                let error = Diagnostic::error(codes::HEADER, span, message);
                self.error(error.with_label(first, "named here"));
            } else {
                known.insert(&cell.text, place);
            }
        }
        let line = header[0].place.start..header[header.len() - 1].place.end;
        let declaration = self.declaration;
        let mut places = Vec::new();
        for Column { header: name, .. } in &declaration.columns {
            match known.remove(&**name) {
                Some(place) => places.push(place),
                None => {
                    let message = format!("the header has no `{name}`");
                    let span = self.span(line.clone());
                    let error = Diagnostic::error(codes::HEADER, span, message);
                    let error = match did_you_mean(name, header.iter().map(|cell| &*cell.text)) {
                        Some(meant) => error.with_help(format!(
                            "is it `{meant}`? a field `{name}: text = \"{meant}\"` says so"
                        )),
                        None => error,
                    };
                    self.error(error);
                }
            }
        }
        if self.found > before {
            return Err(Reported);
        }
        let mut others: Vec<usize> = known.into_values().collect();
        others.sort_unstable();
        if let Some(&first) = others.first() {
            let names: Vec<_> = others.iter().map(|&place| &*header[place].text).collect();
            let message = format!("fields of the file that are not read: {}", names.join(", "));
            let span = self.span(header[first].place.clone());
            self.findings
                .push(Diagnostic::warning(codes::UNKNOWN_HEADER, span, message));
        }
        Ok(places)
    }

    fn record(&mut self, cells: &[csv::Cell<'_>], places: &[usize]) -> Outcome<Vec<Value>> {
        let declaration = self.declaration;
        let mut row = Vec::with_capacity(places.len());
        for (column, &place) in places.iter().enumerate() {
            let Column { field, .. } = &declaration.columns[column];
            let cell = &cells[place];
            // An empty text that is asked for stands in quotes, or where a text has to be.
            let is_text = field.ty == FieldType::Text;
            let is_empty = cell.text.is_empty() && !(is_text && cell.is_quoted);
            if is_empty && field.optional {
                row.push(Value::Null);
            } else if is_empty && (!is_text || column == declaration.key) {
                self.missing(column, cell.place.clone());
            } else {
                match cell::text(&cell.text, &field.ty, self.source) {
                    Ok(value) => row.push(value),
                    Err(misfit) => self.misfit(&field.name, misfit, cell.place.clone()),
                }
            }
        }
        if row.len() == places.len() {
            Ok(row)
        } else {
            Err(Reported)
        }
    }

    fn json(&mut self, text: &str) {
        for line in text.trim_start_matches('\u{feff}').lines() {
            if self.is_full() {
                return;
            }
            if line.trim().is_empty() {
                continue;
            }
            let place = json::place_in(text, line);
            match json::Object::read(line) {
                Err(error) => {
                    let at = place.start + error.column().saturating_sub(1).min(line.len());
                    let at = text.floor_char_boundary(at);
                    // Where it is, the place says.
                    let reason = error.to_string();
                    let reason = reason.split(" at line ").next().unwrap_or_default();
                    let message = format!("this line is no JSON object: {reason}");
                    let span = self.span(at..place.end.max(at));
                    self.error(Diagnostic::error(codes::FORM, span, message));
                }
                Ok(object) => {
                    if let Ok((row, key)) = self.object(text, place, &object)
                        && !self.push(row, key)
                    {
                        return;
                    }
                }
            }
        }
    }

    fn object(
        &mut self,
        text: &str,
        line: Range<usize>,
        object: &json::Object<'_>,
    ) -> Outcome<(Vec<Value>, Range<usize>)> {
        let declaration = self.declaration;
        let mut row = Vec::with_capacity(declaration.columns.len());
        let mut key = line.clone();
        for (column, Column { field, header }) in declaration.columns.iter().enumerate() {
            let (place, value) = match object.member(header) {
                Err(second) => {
                    let span = self.span(json::place_in(text, second.get()));
                    let message = format!("the object has `{header}` twice");
                    self.error(Diagnostic::error(codes::FORM, span, message));
                    continue;
                }
                Ok(None) => (line.clone(), Ok(Value::Null)),
                Ok(Some(raw)) => (
                    json::place_in(text, raw.get()),
                    cell::json(raw, &field.ty, self.source),
                ),
            };
            if column == declaration.key {
                key = place.clone();
            }
            match value {
                Ok(Value::Null) if !field.optional => self.missing(column, place),
                Ok(value) => row.push(value),
                Err(misfit) => self.misfit(&field.name, misfit, place),
            }
        }
        if row.len() == declaration.columns.len() {
            Ok((row, key))
        } else {
            Err(Reported)
        }
    }

    /// Reports keys that more than one row has.
    fn repeated(&mut self) {
        let key = self.declaration.key;
        let mut first: HashMap<Key<'_>, usize> = HashMap::new();
        let rows = std::mem::take(&mut self.rows);
        for (place, row) in rows.iter().enumerate() {
            let Some(&before) = first.get(&Key::of(&row[key])) else {
                first.insert(Key::of(&row[key]), place);
                continue;
            };
            let error = Diagnostic::error(
                codes::DUPLICATE_KEY,
                self.keys[place],
                "another row has this key",
            );
            let before = self.keys[before];
            self.error(error.with_label(before, "this one"));
        }
        drop(first);
        self.rows = rows;
    }
}

/// A key's value, for finding it.
#[derive(PartialEq, Eq, Hash)]
enum Key<'v> {
    Int(i64),
    Text(&'v str),
    Ip([u8; 16]),
}

impl<'v> Key<'v> {
    /// Values of one type, which is none of floats and bools.
    fn of(value: &'v Value) -> Self {
        match value {
            Value::Text(text) => Self::Text(text),
            Value::Ip(address) => Self::Ip(address.octets()),
            Value::Int(value) | Value::Time(value) | Value::Duration(value) => Self::Int(*value),
            Value::Enum(code) => Self::Int((*code).into()),
            Value::Null | Value::Bool(_) | Value::Float(_) => {
                unreachable!("a key is never null, a bool or a float")
            }
        }
    }
}

//! Tables: declarations and files to reference data.

mod cell;
mod csv;
mod json;
mod rows;

use super::declare::{Declared, beyond_limit};
use super::event::{Fields, VariantPlace};
use super::names::{Names, TableName};
use super::{Outcome, Reported, SourceItem};
use crate::diagnostic::{Diagnostic, codes::tables as codes, did_you_mean};
use crate::resolve::Target;
use crate::source::{Missing, SourceMap, Span, beside};
use crate::syntax::ast::{Name, TableItem};
use std::collections::HashMap;
use std::sync::Arc;
use trapjaw_event::Value;
use trapjaw_event::limits::MAX_NAME;
use trapjaw_program::limits::MAX_TABLES;
use trapjaw_program::{Table, TableError, TableField, TableId};

/// A declared field with what it is called in the file.
struct Column {
    field: TableField,
    header: String,
}

/// What the declaration of a table says.
struct Declaration {
    name: String,
    columns: Vec<Column>,
    /// Place of the key among the columns.
    key: usize,
    /// Where the file is named.
    file: Span,
}

/// Where the parts of a table's declaration stand.
#[derive(Default)]
struct Parts {
    fields: HashMap<String, Span>,
    variants: Vec<VariantPlace>,
    key: Option<Span>,
}

impl Parts {
    /// Notes what the names of a declaration stand for.
    fn note(self, id: TableId, name: Span, table: &Table, names: &Names) {
        names.declare(name, Target::Table(id));
        for (place, field) in table.fields().iter().enumerate() {
            if let Some(&named) = self.fields.get(&*field.name) {
                names.declare(named, Target::Column(id, place as u16));
            }
        }
        for (ty, code, place) in self.variants {
            names.declare(place, Target::Variant(ty, code));
        }
        if let Some(key) = self.key {
            names.refer(key, Target::Column(id, table.key() as u16));
        }
    }
}

/// Declares a table, whose name is new or not, and reads its rows.
pub(super) fn declare(
    item: &TableItem,
    place: &SourceItem,
    sources: &SourceMap,
    names: &mut Names,
    declared: &mut Declared,
    findings: &mut Vec<Diagnostic>,
) {
    let Some(name) = item.name() else { return };
    let text = name.text();
    let is_first = declared.declare(&text, place.span(&name), findings);
    let mut parts = Parts::default();
    let table = if place.sound && text.len() <= MAX_NAME {
        read(item, &name, (place, sources), &mut parts, findings)
    } else {
        Err(Reported)
    };
    if !is_first {
        return;
    }
    if names.tables_in_order.len() == MAX_TABLES {
        findings.push(beyond_limit(
            place.span(&name),
            "tables in a set",
            MAX_TABLES,
        ));
        names.tables.insert(text, TableName::Lost);
        return;
    }
    let known = match table {
        Ok(table) => {
            let id = TableId::new(names.tables_in_order.len() as u16);
            parts.note(id, place.span(&name), &table, names);
            names.tables_in_order.push(Arc::new(table));
            TableName::Known(id)
        }
        Err(Reported) => TableName::Lost,
    };
    names.tables.insert(text, known);
}

/// The table; without rows where something is wrong with these, so that what looks things up in it is checked.
fn read(
    item: &TableItem,
    name: &Name,
    (place, sources): (&SourceItem, &SourceMap),
    parts: &mut Parts,
    findings: &mut Vec<Diagnostic>,
) -> Outcome<Table> {
    let columns = columns(item, place, parts, findings)?;
    parts.key = item.key().map(|key| place.span(&key));
    let key = key(item, place, &columns, findings)?;
    let file = item.file().ok_or(Reported)?;
    let named = file.plain_text().ok_or(Reported)?;
    let declaration = Declaration {
        name: name.text(),
        columns,
        key,
        file: place.span(&file),
    };
    let path = beside(sources.get(place.source).name(), &named);
    let rows = match sources.table(&path) {
        Some(Ok(id)) => rows::read(&declaration, (&named, id), sources, findings),
        missing => {
            let reason = match missing {
                Some(Err(Missing { reason })) => reason,
                _ => "the file is not at hand",
            };
            let message = format!("the table `{path}` can't be read: {reason}");
            let error = Diagnostic::error(codes::FILE, declaration.file, message);
            let help = "the path is relative to the file that the rule stands in";
            findings.push(error.with_help(help));
            Vec::new()
        }
    };
    table(&declaration, rows, findings)
}

fn table(
    declaration: &Declaration,
    rows: Vec<Vec<Value>>,
    findings: &mut Vec<Diagnostic>,
) -> Outcome<Table> {
    let fields = || {
        declaration
            .columns
            .iter()
            .map(|column| column.field.clone())
    };
    let table = Table::new(&declaration.name, fields().collect(), declaration.key, rows);
    table.map_err(|error| {
        let error = match error {
            TableError::Limit(what, limit) => beyond_limit(declaration.file, what, limit),
            other => Diagnostic::error(codes::FORM, declaration.file, other.to_string()),
        };
        findings.push(error);
        Reported
    })
}

fn columns(
    item: &TableItem,
    place: &SourceItem,
    parts: &mut Parts,
    findings: &mut Vec<Diagnostic>,
) -> Outcome<Vec<Column>> {
    let mut columns: Vec<Column> = Vec::new();
    let mut sound = true;
    let mut fields = Fields::new(place.source, findings);
    for field in item.fields() {
        let Some(path) = field.path() else { continue };
        let name = path.text();
        let span = place.span(&path);
        let Ok((ty, optional)) = fields.typed(&name, span, field.ty()) else {
            sound = false;
            continue;
        };
        let header = field.place().and_then(|header| header.plain_text());
        columns.push(Column {
            header: header.unwrap_or_else(|| name.clone()),
            field: TableField {
                name: name.into(),
                ty,
                optional,
            },
        });
    }
    (parts.fields, parts.variants) = fields.places();
    if sound { Ok(columns) } else { Err(Reported) }
}

/// The place of the key among the columns.
fn key(
    item: &TableItem,
    place: &SourceItem,
    columns: &[Column],
    findings: &mut Vec<Diagnostic>,
) -> Outcome<usize> {
    let name = item.key().ok_or(Reported)?;
    let (text, span) = (name.text(), place.span(&name));
    let found = columns
        .iter()
        .position(|column| *column.field.name == *text);
    let mut refuse = |error: Diagnostic| {
        findings.push(error);
        Err(Reported)
    };
    let Some(key) = found else {
        let message = format!("the table has no field `{text}`");
        let mut error = Diagnostic::error(codes::KEY_FIELD, span, message);
        let known = columns.iter().map(|column| &*column.field.name);
        if let Some(meant) = did_you_mean(&text, known) {
            error = error.with_suggestion(span, meant, format!("did you mean `{meant}`?"));
        }
        return refuse(error);
    };
    let TableField { ty, optional, .. } = &columns[key].field;
    if !Table::takes_key(ty) {
        let message = format!("a table's key can't be a {ty}");
        return refuse(Diagnostic::error(codes::KEY_FIELD, span, message));
    }
    if *optional {
        let message = format!("the key `{text}` can't be optional");
        let error = Diagnostic::error(codes::KEY_FIELD, span, message);
        return refuse(error.with_help("each row has a key: leave out the `?`"));
    }
    Ok(key)
}

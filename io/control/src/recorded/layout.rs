//! Which column each field of each event type is read from.

use core::fmt;
use std::collections::BTreeMap;
use std::sync::Arc;

use parquet::schema::types::SchemaDescriptor;
use trapjaw_dsl::diagnostic::did_you_mean;
use trapjaw_event::limits::MAX_TEXT;
use trapjaw_event::{ENVELOPE, Event, EventType, Field, FieldType, Registry, TypeId, Value};
use trapjaw_wire::json::{Scalar, read_scalar};

use super::cell::{Cell, Kind};
use super::{InputCode, InputError};

/// Columns that are listed where one is missing.
const LISTED: usize = 20;

/// A column that is read.
#[derive(Clone, Debug)]
pub(super) struct Wanted {
    /// Its place in the file.
    pub(super) leaf: usize,
    pub(super) kind: Kind,
}

/// How rows are read as the events of one rule set.
#[derive(Debug)]
pub(crate) struct Layout {
    registry: Arc<Registry>,
    /// The type of rows that name none.
    type_id: Option<TypeId>,
    envelope: Envelope,
    /// By type: the column of each field, by its place among those that are read.
    types: Vec<Vec<Option<usize>>>,
}

/// Columns of the envelope, by place among those that are read.
#[derive(Clone, Debug, Default)]
struct Envelope {
    ty: Option<usize>,
    source: Option<usize>,
    id: Option<usize>,
    subject: Option<usize>,
    time: Option<usize>,
    severity: Option<usize>,
}

/// Why a row is no event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RowError {
    code: &'static str,
    reason: String,
}

impl RowError {
    fn new(code: &'static str, reason: impl Into<String>) -> Self {
        Self {
            code,
            reason: reason.into(),
        }
    }

    /// The stable code: `E_ROW_TYPE`, `E_ROW_MISSING`, `E_ROW_VALUE` or `E_ROW_ENVELOPE`.
    pub fn code(&self) -> &'static str {
        self.code
    }
}

impl fmt::Display for RowError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} [{}]", self.reason, self.code)
    }
}

/// Finds the columns, and keeps those that are asked for.
pub(super) struct Finder<'s> {
    schema: &'s SchemaDescriptor,
    /// By path, its steps joined by dots: so that a column whose name has dots is found as well.
    by_path: BTreeMap<String, usize>,
    pub(super) wanted: Vec<Wanted>,
}

impl<'s> Finder<'s> {
    pub(super) fn new(schema: &'s SchemaDescriptor) -> Self {
        let columns = schema.columns().iter().enumerate();
        Self {
            schema,
            by_path: columns
                .map(|(leaf, column)| (column.path().parts().join("."), leaf))
                .collect(),
            wanted: Vec::new(),
        }
    }

    /// The columns for one rule set. `type_name` is that of rows which name no type.
    pub(super) fn layout(
        &mut self,
        registry: &Arc<Registry>,
        type_name: Option<&str>,
    ) -> Result<Layout, InputError> {
        let type_id = match type_name {
            None => None,
            Some(name) => Some(type_of(registry, name).ok_or_else(|| {
                let names = registry.iter().map(|(_, ty)| &*ty.name);
                let help = did_you_mean(name, names);
                let help =
                    help.map_or_else(String::new, |like| format!("; did you mean `{like}`?"));
                column(format!("no event type is named `{name}`{help}"))
            })?),
        };
        let envelope = Envelope {
            ty: self.text("type")?,
            source: self.text("source")?,
            id: self.text("id")?,
            subject: self.text("subject")?,
            time: self.envelope("time", &FieldType::Time)?,
            severity: self.text("severity")?,
        };
        if envelope.ty.is_none() && type_id.is_none() {
            return Err(column(
                "has no column `type`, and no type is given for its rows: name it with --type",
            ));
        }
        let mut types = Vec::with_capacity(registry.len());
        for (id, ty) in registry.iter() {
            let only = envelope.ty.is_none();
            if only && type_id != Some(id) {
                types.push(vec![None; ty.fields.len()]);
                continue;
            }
            types.push(self.fields(ty, only)?);
        }
        Ok(Layout {
            registry: Arc::clone(registry),
            type_id,
            envelope,
            types,
        })
    }

    /// The columns of a type's fields. Where all rows are of the type, those that are required have to be there.
    fn fields(&mut self, ty: &EventType, only: bool) -> Result<Vec<Option<usize>>, InputError> {
        let mut places = Vec::with_capacity(ty.fields.len());
        for field in &ty.fields {
            let Some(leaf) = self.leaf(field) else {
                if only && !field.optional {
                    return Err(self.missing(ty, field));
                }
                places.push(None);
                continue;
            };
            let what = format!("field `{}` of `{}`", field.name, ty.name);
            places.push(Some(self.take(leaf, &field.ty, &what)?));
        }
        Ok(places)
    }

    /// Where a field stands: at its path, which may begin at `data`, as in events that are JSON.
    fn leaf(&self, field: &Field) -> Option<usize> {
        let path = match &field.path {
            Some(path) => path.join("."),
            None => field.name.to_string(),
        };
        let within = path.strip_prefix("data.");
        let mut places = [Some(&*path), within].into_iter().flatten();
        places.find_map(|path| self.by_path.get(path)).copied()
    }

    fn text(&mut self, name: &str) -> Result<Option<usize>, InputError> {
        self.envelope(name, &FieldType::Text)
    }

    fn envelope(&mut self, name: &str, ty: &FieldType) -> Result<Option<usize>, InputError> {
        debug_assert!(ENVELOPE.contains(&name));
        let Some(&leaf) = self.by_path.get(name) else {
            return Ok(None);
        };
        self.take(leaf, ty, &format!("`{name}` of the event"))
            .map(Some)
    }

    /// Reads this column for something of this type.
    fn take(&mut self, leaf: usize, ty: &FieldType, what: &str) -> Result<usize, InputError> {
        let found = self.schema.column(leaf);
        let name = found.path().string();
        let kind = Kind::of(&found).map_err(|is| {
            column(format!(
                "column `{name}` is {is}, which no field is read from"
            ))
        })?;
        if !kind.fits(ty) {
            return Err(column(format!(
                "column `{name}` holds {}, and {what} is {}",
                kind.name(),
                with_article(ty)
            )));
        }
        if let Some(place) = self.wanted.iter().position(|wanted| wanted.leaf == leaf) {
            return Ok(place);
        }
        self.wanted.push(Wanted { leaf, kind });
        Ok(self.wanted.len() - 1)
    }

    fn missing(&self, ty: &EventType, field: &Field) -> InputError {
        let names = || self.by_path.keys().map(|name| &**name);
        let mut listed: Vec<&str> = names().take(LISTED).collect();
        if self.by_path.len() > LISTED {
            listed.push("...");
        }
        let help = match did_you_mean(&field.name, names()) {
            Some(like) => format!(
                "; if `{like}` is it, declare `{}: {} = \"{like}\"`",
                field.name, field.ty
            ),
            None => String::new(),
        };
        column(format!(
            "has no column for field `{}` of `{}`, which is required; there are {}{help}",
            field.name,
            ty.name,
            listed.join(", ")
        ))
    }
}

impl Layout {
    /// The event in a row. `now` is its time if it has none.
    pub(super) fn event(
        &self,
        cells: &[Vec<Cell>],
        row: usize,
        now: i64,
    ) -> Result<Event, RowError> {
        let at = |place: Option<usize>| place.map_or(&Cell::Null, |place| &cells[place][row]);
        let envelope = &self.envelope;
        let type_id = self.type_id(at(envelope.ty))?;
        let text = |name: &str, place| text(name, at(place));
        let mut event = Event {
            type_id,
            time: time(at(envelope.time), now)?,
            source: text("source", envelope.source)?.unwrap_or_default(),
            id: text("id", envelope.id)?,
            subject: text("subject", envelope.subject)?,
            severity: match text("severity", envelope.severity)? {
                None => None,
                Some(name) => Some(name.parse().map_err(|error| {
                    RowError::new("E_ROW_ENVELOPE", format!("`severity`: {error}"))
                })?),
            },
            values: Vec::new(),
        };
        let ty = self.registry.get(type_id);
        event.values.reserve_exact(ty.fields.len());
        for (field, place) in ty.fields.iter().zip(&self.types[type_id.index()]) {
            let value = match at(*place).scalar() {
                Ok(Scalar::Null) => Value::Null,
                Ok(scalar) => {
                    read_scalar(&field.ty, scalar).map_err(|instead| value(field, &instead))?
                }
                Err(instead) => return Err(value(field, instead)),
            };
            if value.is_null() && !field.optional {
                return Err(RowError::new(
                    "E_ROW_MISSING",
                    format!("field `{}` is required, and missing or null", field.name),
                ));
            }
            event.values.push(value);
        }
        Ok(event)
    }

    fn type_id(&self, cell: &Cell) -> Result<TypeId, RowError> {
        match cell {
            Cell::Null => self
                .type_id
                .ok_or_else(|| RowError::new("E_ROW_TYPE", "`type` is null")),
            Cell::Text(name) => type_of(&self.registry, name).ok_or_else(|| {
                let cut = &name[..name.floor_char_boundary(64)];
                let reason = format!("no event type is named `{}`", cut.escape_debug());
                RowError::new("E_ROW_TYPE", reason)
            }),
            _ => Err(RowError::new("E_ROW_TYPE", "`type` is not a text")),
        }
    }
}

fn value(field: &Field, instead: &str) -> RowError {
    RowError::new("E_ROW_VALUE", format!("field `{}` {instead}", field.name))
}

fn time(cell: &Cell, now: i64) -> Result<i64, RowError> {
    let wrong = |instead: &str| RowError::new("E_ROW_ENVELOPE", format!("`time` {instead}"));
    let scalar = cell.scalar().map_err(wrong)?;
    match read_scalar(&FieldType::Time, scalar).map_err(|instead| wrong(&instead))? {
        Value::Time(time) => Ok(time),
        _ => Ok(now),
    }
}

fn text(name: &str, cell: &Cell) -> Result<Option<Box<str>>, RowError> {
    match cell {
        Cell::Null => Ok(None),
        Cell::Text(text) if text.len() <= MAX_TEXT => Ok(Some(text.clone())),
        Cell::Unfit(what) => Err(RowError::new("E_ROW_ENVELOPE", format!("`{name}` {what}"))),
        _ => Err(RowError::new(
            "E_ROW_ENVELOPE",
            format!("`{name}` is not a text"),
        )),
    }
}

fn type_of(registry: &Registry, name: &str) -> Option<TypeId> {
    registry
        .by_wire_name(name)
        .or_else(|| registry.by_name(name))
}

fn with_article(ty: &FieldType) -> String {
    match ty {
        FieldType::Int | FieldType::Ip | FieldType::Enum(_) => format!("an {ty}"),
        _ => format!("a {ty}"),
    }
}

fn column(reason: impl Into<Box<str>>) -> InputError {
    InputError::new(InputCode::Column, reason)
}

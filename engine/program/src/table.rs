//! Reference data: rows that rules look up by a key.
//!
//! A table is data and no part of what a rule means: another table of the same name and types may take its place
//! while rules keep their state.

use core::fmt;
use std::collections::HashMap;

use trapjaw_event::limits::{MAX_FIELDS, MAX_NAME, MAX_TEXT};
use trapjaw_event::{FieldType, Ip, Value, ValueRef};

use crate::code::Kind;
use crate::limits::{MAX_TABLE_BYTES, MAX_TABLE_ROWS};

/// A table's place in its rule set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TableId(u16);

impl TableId {
    /// The table with this number.
    pub const fn new(number: u16) -> Self {
        Self(number)
    }

    /// Its number.
    pub const fn get(self) -> u16 {
        self.0
    }

    /// The number as an index into the rule set's tables.
    pub const fn index(self) -> usize {
        self.0 as usize
    }
}

impl fmt::Display for TableId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A declared field of a table.
#[derive(Clone, Debug, PartialEq)]
pub struct TableField {
    /// Its name, unique in the table.
    pub name: Box<str>,
    /// Of what type its cells are.
    pub ty: FieldType,
    /// Whether cells may be null.
    pub optional: bool,
}

/// One field's cells, by row; `None` is null. Times, durations and enum codes are `Int`.
#[derive(Clone, Debug, PartialEq)]
#[allow(missing_docs, reason = "the kinds' own names")]
pub enum Cells {
    Bool(Box<[Option<bool>]>),
    Int(Box<[Option<i64>]>),
    Float(Box<[Option<f64>]>),
    Text(Box<[Option<Box<str>>]>),
    Ip(Box<[Option<Ip>]>),
}

/// Rows in the order of their keys, each key once. What it says of itself holds: [`Table::new`] has checked it.
#[derive(Clone, PartialEq)]
pub struct Table {
    name: Box<str>,
    fields: Box<[TableField]>,
    key: u16,
    rows: u32,
    columns: Box<[Cells]>,
    index: Index,
}

/// The row of each key.
#[derive(Clone, PartialEq)]
enum Index {
    Int(HashMap<i64, u32>),
    Text(HashMap<Box<str>, u32>),
    Ip(HashMap<Ip, u32>),
}

impl Table {
    /// May a table have keys of this type? Not floats, which may differ and look the same, nor bools.
    pub fn takes_key(ty: &FieldType) -> bool {
        !matches!(ty, FieldType::Float | FieldType::Bool)
    }

    /// A table of these rows, each with one value a field. `key` is the place of the field by which they are found.
    ///
    /// # Errors
    ///
    /// If a limit is exceeded, a field or a value has no place in a table, or a key is there twice.
    pub fn new(
        name: &str,
        fields: Vec<TableField>,
        key: usize,
        mut rows: Vec<Vec<Value>>,
    ) -> Result<Self, TableError> {
        declared(name, &fields, key)?;
        if rows.len() > MAX_TABLE_ROWS {
            return Err(TableError::Limit("rows", MAX_TABLE_ROWS));
        }
        let mut bytes = 0;
        for row in &rows {
            bytes += row_bytes(row);
            let fits = row.len() == fields.len()
                && (fields.iter().zip(row)).all(|(field, value)| fits(field, value));
            if !fits || row[key].is_null() {
                return Err(TableError::Value);
            }
        }
        if bytes > MAX_TABLE_BYTES {
            return Err(TableError::Limit("bytes", MAX_TABLE_BYTES));
        }
        rows.sort_by(|a, b| order(&a[key], &b[key]));
        if let Some(pair) = (rows.windows(2)).find(|pair| pair[0][key] == pair[1][key]) {
            return Err(TableError::Repeated(pair[0][key].clone()));
        }
        let index = Index::new(&rows, key);
        let count = rows.len() as u32;
        let mut columns: Vec<Vec<Value>> = fields.iter().map(|_| Vec::new()).collect();
        for row in rows {
            for (column, value) in columns.iter_mut().zip(row) {
                column.push(value);
            }
        }
        let cells = fields.iter().zip(columns);
        Ok(Self {
            columns: cells
                .map(|(field, column)| Cells::new(&field.ty, column))
                .collect(),
            name: name.into(),
            fields: fields.into(),
            key: key as u16,
            rows: count,
            index,
        })
    }

    /// Its name in rules.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its fields, in the order in which they were declared.
    pub fn fields(&self) -> &[TableField] {
        &self.fields
    }

    /// The place of the field by which rows are found.
    pub fn key(&self) -> usize {
        usize::from(self.key)
    }

    /// The type of its keys.
    pub fn key_type(&self) -> &FieldType {
        &self.fields[self.key()].ty
    }

    /// Number of rows.
    pub fn rows(&self) -> usize {
        self.rows as usize
    }

    /// A field's cells, by row.
    ///
    /// # Panics
    ///
    /// If there is no such field.
    pub fn cells(&self, field: usize) -> &Cells {
        &self.columns[field]
    }

    /// A cell's value.
    ///
    /// # Panics
    ///
    /// If there is no such row or field.
    pub fn value(&self, row: usize, field: usize) -> ValueRef<'_> {
        let int = |value: i64| match &self.fields[field].ty {
            FieldType::Time => ValueRef::Time(value),
            FieldType::Duration => ValueRef::Duration(value),
            FieldType::Enum(_) => ValueRef::Enum(value as u16),
            _ => ValueRef::Int(value),
        };
        match &self.columns[field] {
            Cells::Bool(cells) => cells[row].map_or(ValueRef::Null, ValueRef::Bool),
            Cells::Int(cells) => cells[row].map_or(ValueRef::Null, int),
            Cells::Float(cells) => cells[row].map_or(ValueRef::Null, ValueRef::Float),
            Cells::Text(cells) => (cells[row].as_deref()).map_or(ValueRef::Null, ValueRef::Text),
            Cells::Ip(cells) => cells[row].map_or(ValueRef::Null, ValueRef::Ip),
        }
    }

    /// All keys, in order.
    pub fn keys(&self) -> impl Iterator<Item = ValueRef<'_>> {
        (0..self.rows()).map(|row| self.value(row, self.key()))
    }

    /// The row with this key, of a table whose keys are ints, times, durations or enum codes.
    pub fn row_of_int(&self, key: i64) -> Option<u32> {
        match &self.index {
            Index::Int(index) => index.get(&key).copied(),
            Index::Text(_) | Index::Ip(_) => None,
        }
    }

    /// The row with this key, of a table whose keys are texts.
    pub fn row_of_text(&self, key: &str) -> Option<u32> {
        match &self.index {
            Index::Text(index) => index.get(key).copied(),
            Index::Int(_) | Index::Ip(_) => None,
        }
    }

    /// The row with this key, of a table whose keys are addresses.
    pub fn row_of_ip(&self, key: Ip) -> Option<u32> {
        match &self.index {
            Index::Ip(index) => index.get(&key).copied(),
            Index::Int(_) | Index::Text(_) => None,
        }
    }

    /// The row with this key.
    pub fn row_of(&self, key: ValueRef<'_>) -> Option<u32> {
        if !self.key_type().admits(key) {
            return None;
        }
        match key {
            ValueRef::Int(key) | ValueRef::Time(key) | ValueRef::Duration(key) => {
                self.row_of_int(key)
            }
            ValueRef::Enum(code) => self.row_of_int(code.into()),
            ValueRef::Text(key) => self.row_of_text(key),
            ValueRef::Ip(key) => self.row_of_ip(key),
            ValueRef::Null | ValueRef::Bool(_) | ValueRef::Float(_) => None,
        }
    }
}

/// Of its rows only the number: they may be many.
impl fmt::Debug for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Table")
            .field("name", &self.name)
            .field("fields", &self.fields)
            .field("key", &self.key)
            .field("rows", &self.rows)
            .finish_non_exhaustive()
    }
}

impl Cells {
    /// Values that are of this type, or null.
    fn new(ty: &FieldType, values: Vec<Value>) -> Self {
        let values = values.into_iter();
        match Kind::of(ty) {
            Kind::Bool => Self::Bool(
                values
                    .map(|value| match value {
                        Value::Bool(value) => Some(value),
                        _ => None,
                    })
                    .collect(),
            ),
            Kind::Int => Self::Int(values.map(|value| int(&value)).collect()),
            Kind::Float => Self::Float(
                values
                    .map(|value| match value {
                        Value::Float(value) => Some(value + 0.0),
                        _ => None,
                    })
                    .collect(),
            ),
            Kind::Text => Self::Text(
                values
                    .map(|value| match value {
                        Value::Text(value) => Some(value),
                        _ => None,
                    })
                    .collect(),
            ),
            Kind::Ip => Self::Ip(
                values
                    .map(|value| match value {
                        Value::Ip(value) => Some(value),
                        _ => None,
                    })
                    .collect(),
            ),
        }
    }
}

impl Index {
    fn new(rows: &[Vec<Value>], key: usize) -> Self {
        let keys = || rows.iter().map(|row| &row[key]).zip(0_u32..);
        match rows.first().map(|row| &row[key]) {
            Some(Value::Text(_)) => Self::Text(
                keys()
                    .filter_map(|(key, row)| match key {
                        Value::Text(key) => Some((key.clone(), row)),
                        _ => None,
                    })
                    .collect(),
            ),
            Some(Value::Ip(_)) => Self::Ip(
                keys()
                    .filter_map(|(key, row)| match key {
                        Value::Ip(key) => Some((*key, row)),
                        _ => None,
                    })
                    .collect(),
            ),
            _ => Self::Int(
                keys()
                    .filter_map(|(key, row)| Some((int(key)?, row)))
                    .collect(),
            ),
        }
    }
}

fn int(value: &Value) -> Option<i64> {
    match value {
        Value::Int(value) | Value::Time(value) | Value::Duration(value) => Some(*value),
        Value::Enum(code) => Some((*code).into()),
        _ => None,
    }
}

fn declared(name: &str, fields: &[TableField], key: usize) -> Result<(), TableError> {
    if fields.len() > MAX_FIELDS {
        return Err(TableError::Limit("fields", MAX_FIELDS));
    }
    let names = fields.iter().map(|field| &*field.name).chain([name]);
    if names.clone().any(|name| name.len() > MAX_NAME) {
        return Err(TableError::Limit("bytes in a name", MAX_NAME));
    }
    if names.clone().any(str::is_empty) {
        return Err(TableError::Field);
    }
    let repeated = |(at, field): (usize, &TableField)| {
        fields[..at].iter().any(|before| before.name == field.name)
    };
    let sound = fields
        .get(key)
        .is_some_and(|key| Table::takes_key(&key.ty) && !key.optional);
    if !sound || fields.iter().enumerate().any(repeated) {
        return Err(TableError::Field);
    }
    Ok(())
}

fn fits(field: &TableField, value: &Value) -> bool {
    let odd = match value {
        Value::Null => return field.optional,
        Value::Float(value) => value.is_nan(),
        Value::Text(text) => text.len() > MAX_TEXT,
        _ => false,
    };
    field.ty.admits(value.as_ref()) && !odd
}

/// Bytes that a row takes, without its part of the index.
fn row_bytes(row: &[Value]) -> usize {
    let text = |value: &Value| match value {
        Value::Text(text) => text.len(),
        _ => 0,
    };
    row.iter()
        .map(|value| size_of::<Value>() + text(value))
        .sum()
}

/// Keys of one type.
fn order(a: &Value, b: &Value) -> core::cmp::Ordering {
    match (a, b) {
        (Value::Text(a), Value::Text(b)) => a.cmp(b),
        (Value::Ip(a), Value::Ip(b)) => a.cmp(b),
        (a, b) => int(a).cmp(&int(b)),
    }
}

/// Why rows make no table.
#[derive(Clone, Debug, PartialEq)]
pub enum TableError {
    /// There is more of something than its limit allows: "rows", and the limit.
    Limit(&'static str, usize),
    /// A name is empty or there twice, or the key is no field that keys can be of.
    Field,
    /// A row has another number of values than there are fields, or a value that is not of its field's type.
    Value,
    /// Two rows have this key.
    Repeated(Value),
}

impl fmt::Display for TableError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Limit(what, limit) => write!(f, "a table has at most {limit} {what}"),
            Self::Field => f.write_str("a field or the key is not sound"),
            Self::Value => f.write_str("a value is not of its field's type"),
            Self::Repeated(key) => write!(f, "two rows have the key {key:?}"),
        }
    }
}

impl core::error::Error for TableError {}

#[cfg(test)]
mod tests {
    use super::*;

    fn field(name: &str, ty: FieldType, optional: bool) -> TableField {
        TableField {
            name: name.into(),
            ty,
            optional,
        }
    }

    fn owners(rows: Vec<Vec<Value>>) -> Result<Table, TableError> {
        let fields = vec![
            field("team", FieldType::Text, true),
            field("host", FieldType::Text, false),
        ];
        Table::new("owners", fields, 1, rows)
    }

    fn row(team: Option<&str>, host: &str) -> Vec<Value> {
        let team = team.map_or(Value::Null, |team| Value::Text(team.into()));
        vec![team, Value::Text(host.into())]
    }

    #[test]
    fn rows_stand_in_the_order_of_their_keys_and_are_found() {
        let table = owners(vec![row(Some("sre"), "b"), row(None, "a")]).unwrap();
        let keys: Vec<_> = table.keys().map(ValueRef::to_value).collect();
        assert_eq!(keys, [Value::Text("a".into()), Value::Text("b".into())]);
        assert_eq!(table.row_of_text("b"), Some(1));
        assert_eq!(table.row_of(ValueRef::Text("c")), None);
        assert_eq!(table.row_of(ValueRef::Int(0)), None);
        assert_eq!(table.value(1, 0), ValueRef::Text("sre"));
        assert_eq!(table.value(0, 0), ValueRef::Null);
    }

    #[test]
    fn what_is_no_table_is_refused() {
        let twice = owners(vec![row(None, "a"), row(None, "a")]);
        assert_eq!(twice, Err(TableError::Repeated(Value::Text("a".into()))));
        let odd = owners(vec![vec![Value::Int(1), Value::Text("a".into())]]);
        assert_eq!(odd, Err(TableError::Value));
        let keyless = owners(vec![vec![Value::Text("x".into()), Value::Null]]);
        assert_eq!(keyless, Err(TableError::Value));
        let float = vec![field("load", FieldType::Float, false)];
        assert_eq!(Table::new("t", float, 0, vec![]), Err(TableError::Field));
        let many = vec![row(None, "a"); MAX_TABLE_ROWS + 1];
        assert_eq!(owners(many), Err(TableError::Limit("rows", MAX_TABLE_ROWS)));
    }

    #[test]
    fn every_kind_of_key_finds_its_row() {
        let keyed = |ty: FieldType, keys: Vec<Value>| {
            let rows = keys.into_iter().map(|key| vec![key]).collect();
            Table::new("t", vec![field("key", ty, false)], 0, rows).unwrap()
        };
        let ips: Vec<Ip> = ["10.0.0.2", "10.0.0.1"]
            .map(|ip| ip.parse().unwrap())
            .into();
        let by_ip = keyed(FieldType::Ip, ips.iter().map(|ip| Value::Ip(*ip)).collect());
        assert_eq!(by_ip.row_of_ip(ips[0]), Some(1));
        let phases: FieldType = FieldType::Enum(["up", "down"].map(Box::from).into());
        let by_phase = keyed(phases, vec![Value::Enum(1)]);
        assert_eq!(by_phase.row_of(ValueRef::Enum(1)), Some(0));
        assert_eq!(by_phase.row_of(ValueRef::Enum(0)), None);
        let by_time = keyed(FieldType::Time, vec![Value::Time(5), Value::Time(-5)]);
        assert_eq!(by_time.row_of_int(5), Some(1));
        assert_eq!(by_time.row_of(ValueRef::Int(5)), None, "an int is no time");
        assert_eq!(by_time.row_of_text("5"), None);
    }
}

//! Tables, with keys that events have and keys that they don't.

use trapjaw_event::{Value, format};

use super::random::Random;
use super::schema::{Schema, Ty};

/// A table of a case.
#[derive(Clone, Debug)]
pub(super) struct TableDef {
    pub(super) name: String,
    pub(super) key: Ty,
    /// The fields beside the key, which may be null.
    pub(super) fields: Vec<(String, Ty)>,
    rows: Vec<Vec<String>>,
}

/// Texts that are keys often: hosts, and one that no event has.
const KEYS: [&str; 5] = ["a", "b", "c", "s1", "never seen"];

impl TableDef {
    pub(super) fn new(random: &mut Random, name: String, schema: &Schema) -> Self {
        let key = random.weighted(&[
            (8, Ty::Text),
            (3, Ty::Int),
            (1, Ty::Ip),
            (1, Ty::Level),
            (1, Ty::Duration),
            (1, Ty::Time),
        ]);
        let fields: Vec<(String, Ty)> = (0..random.between(0, 4))
            .map(|place| (format!("cell{place}"), random.pick(&Ty::ALL)))
            .collect();
        let mut rows: Vec<Vec<String>> = Vec::new();
        for _ in 0..random.between(0, 5) {
            let id = if key == Ty::Text && random.chance(80) {
                format!("\"{}\"", random.pick(&KEYS))
            } else {
                cell(&schema.value(random, key), key)
            };
            if rows.iter().any(|row| row[0] == id) {
                continue;
            }
            let mut row = vec![id];
            for (_, ty) in &fields {
                row.push(if random.chance(15) {
                    String::new()
                } else {
                    cell(&schema.value(random, *ty), *ty)
                });
            }
            rows.push(row);
        }
        Self {
            name,
            key,
            fields,
            rows,
        }
    }

    pub(super) fn declaration(&self) -> String {
        let fields = self.fields.iter();
        let fields = fields.map(|(name, ty)| format!(", {name}: {}?", ty.declaration()));
        let (name, key) = (&self.name, self.key.declaration());
        let fields: String = fields.collect();
        format!("table {name} from \"{name}.csv\" key row {{ row: {key}{fields} }}")
    }

    /// The path, and what the file holds.
    pub(super) fn file(&self) -> (String, String) {
        let fields = self.fields.iter().map(|(name, _)| &**name);
        let header: Vec<&str> = std::iter::once("row").chain(fields).collect();
        let mut text = header.join(",");
        for row in &self.rows {
            text.push('\n');
            text.push_str(&row.join(","));
        }
        (format!("{}.csv", self.name), text)
    }
}

/// A value as a cell holds it.
fn cell(value: &Value, ty: Ty) -> String {
    match value {
        Value::Bool(value) => value.to_string(),
        Value::Int(value) => value.to_string(),
        // An infinity is no cell.
        Value::Float(value) if value.is_finite() => value.to_string(),
        Value::Text(text) => format!("\"{text}\""),
        Value::Time(time) if !matches!(*time, i64::MIN | i64::MAX) => {
            format::Time(*time).to_string()
        }
        Value::Duration(span) if !matches!(*span, i64::MIN | i64::MAX) => {
            format::Duration(*span).to_string()
        }
        Value::Ip(address) => address.to_string(),
        Value::Enum(code) => ty.variants()[usize::from(*code)].into(),
        Value::Time(_) => format::Time(0).to_string(),
        Value::Duration(_) | Value::Float(_) | Value::Null => match ty {
            Ty::Duration => "0s".into(),
            _ => "0".into(),
        },
    }
}

//! The events of a case.

use trapjaw_event::{Event, Registry, Severity, Value};

use super::notation::{Part, Word, instant, parts};

/// The events of the lines, in their order. A line is `TIME TYPE field=value ...`; `#` begins a comment.
///
/// An event that does not say its `id` is named by its number among the events, from 1 on: so matches can tell what
/// they bind.
pub(super) fn history(text: &str, registry: &Registry, start: i64) -> Result<Vec<Event>, String> {
    let mut events = Vec::new();
    for line in lines(text) {
        let event = event(line, events.len() + 1, registry, start);
        events.push(event.map_err(|why| format!("event `{line}`: {why}"))?);
    }
    Ok(events)
}

/// The lines that say something.
pub(super) fn lines(text: &str) -> impl Iterator<Item = &str> {
    let lines = text.lines().map(str::trim);
    lines.filter(|line| !line.is_empty() && !line.starts_with('#'))
}

fn event(line: &str, number: usize, registry: &Registry, start: i64) -> Result<Event, String> {
    let mut parts = parts(line)?.into_iter();
    let (Some(Part::Word(time)), Some(Part::Word(name))) = (parts.next(), parts.next()) else {
        return Err("it begins with a time and a type".into());
    };
    let type_id = registry
        .by_name(&name)
        .ok_or_else(|| format!("there is no type `{name}`"))?;
    let ty = registry.get(type_id);
    let mut event = Event {
        type_id,
        time: instant(&time, start)?,
        source: "".into(),
        id: Some(number.to_string().into()),
        subject: None,
        severity: None,
        values: vec![Value::Null; ty.fields.len()],
    };
    for part in parts {
        let Part::Item(name, word) = part else {
            return Err("behind the type stand `field=value`".into());
        };
        match (&*name, ty.field(&name)) {
            ("source", _) => event.source = word.text()?.into(),
            ("id", _) => event.id = text(&word)?,
            ("subject", _) => event.subject = text(&word)?,
            ("severity", _) => {
                let severity = text(&word)?.map(|name| name.parse::<Severity>());
                event.severity = severity.transpose().map_err(|error| error.to_string())?;
            }
            (_, Some((field, declared))) => {
                event.values[field.index()] = word.read(&declared.ty, start)?;
            }
            _ => return Err(format!("`{}` has no field `{name}`", ty.name)),
        }
    }
    let fields = ty.fields.iter().zip(&event.values);
    let mut missing = fields.filter(|(field, value)| !field.optional && value.is_null());
    match missing.next() {
        Some((field, _)) => Err(format!("the field `{}` is required", field.name)),
        None => Ok(event),
    }
}

/// A text, or none.
fn text(word: &Word) -> Result<Option<Box<str>>, String> {
    Ok(if word.is_null() {
        None
    } else {
        Some(word.text()?.into())
    })
}

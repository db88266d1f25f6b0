//! The events of a case.

use trapjaw_event::{Event, Registry, Severity, Value};

use super::notation::{Part, Word, duration, instant, parts};

/// The events of the lines, in their order. A line is `TIME TYPE field=value ...`; `#` begins a comment. With `repeat
/// every D until T` behind it, the event comes again each D, up to and with T.
///
/// An event that does not say its `id` is named by its number among the events, from 1 on: so matches can tell what
/// they bind.
pub(super) fn history(text: &str, registry: &Registry, start: i64) -> Result<Vec<Event>, String> {
    let mut events = Vec::new();
    for line in lines(text) {
        let wrong = |why: String| format!("event `{line}`: {why}");
        let parts = parts(line).map_err(wrong)?;
        let words = parts
            .iter()
            .rposition(|part| matches!(part, Part::Item(..)));
        let (once, again) = parts.split_at(words.map_or(2.min(parts.len()), |last| last + 1));
        let mut event = event(once, registry, start).map_err(wrong)?;
        let named = once
            .iter()
            .any(|part| matches!(part, Part::Item(name, _) if name == "id"));
        let mut push = |event: &Event| {
            let number = (events.len() + 1).to_string();
            let id = if named {
                event.id.clone()
            } else {
                Some(number.into())
            };
            events.push(Event {
                id,
                ..event.clone()
            });
        };
        push(&event);
        let Some((every, until)) = repetition(again, start).map_err(wrong)? else {
            continue;
        };
        while until - event.time >= every {
            event.time += every;
            push(&event);
        }
    }
    Ok(events)
}

/// The lines that say something.
pub(super) fn lines(text: &str) -> impl Iterator<Item = &str> {
    let lines = text.lines().map(str::trim);
    lines.filter(|line| !line.is_empty() && !line.starts_with('#'))
}

/// How often an event comes again, and until when.
fn repetition(parts: &[Part], start: i64) -> Result<Option<(i64, i64)>, String> {
    let words = parts.iter().map(|part| match part {
        Part::Word(word) => word,
        Part::Item(name, _) => name,
        Part::Text(text) => text,
    });
    let words: Vec<&str> = words.map(String::as_str).collect();
    match *words {
        [] => Ok(None),
        ["repeat", "every", every, "until", until] => match duration(every)? {
            every @ 1.. => Ok(Some((every, instant(until, start)?))),
            _ => Err("it is repeated without end".into()),
        },
        _ => Err("behind the fields stands `repeat every D until T`, or nothing".into()),
    }
}

fn event(parts: &[Part], registry: &Registry, start: i64) -> Result<Event, String> {
    let [Part::Word(time), Part::Word(name), items @ ..] = parts else {
        return Err("it begins with a time and a type".into());
    };
    let type_id = registry
        .by_name(name)
        .ok_or_else(|| format!("there is no type `{name}`"))?;
    let ty = registry.get(type_id);
    let mut event = Event {
        type_id,
        time: instant(time, start)?,
        source: "".into(),
        id: None,
        subject: None,
        severity: None,
        values: vec![Value::Null; ty.fields.len()],
    };
    for part in items {
        let Part::Item(name, word) = part else {
            return Err("behind the type stand `field=value`".into());
        };
        match (&**name, ty.field(name)) {
            ("source", _) => event.source = word.text()?.into(),
            ("id", _) => event.id = text(word)?,
            ("subject", _) => event.subject = text(word)?,
            ("severity", _) => {
                let severity = text(word)?.map(|name| name.parse::<Severity>());
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

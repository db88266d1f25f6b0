//! One event from one JSON object.

use std::sync::Arc;

use trapjaw_event::limits::MAX_TEXT;
use trapjaw_event::{Event, EventType, Registry, Severity, TypeId, Value};

use super::JsonError;
use super::convert;
use super::error::quoted;
use super::node::{self, Members, Node};
use super::places::{Places, Tree};
use crate::Code;
use crate::limits::MAX_LINE;

/// Reads events from JSON; see the [module](crate::json) for what is read.
///
/// It is made once for a registry, and cheap to clone: clones share what was worked out, and count on their own.
#[derive(Clone, Debug)]
pub struct EventReader {
    registry: Arc<Registry>,
    /// By type.
    places: Arc<[Places]>,
    /// Members that nothing read.
    ignored: u64,
    /// The places of the event at hand whose member was met; kept for its memory.
    met: Vec<bool>,
}

/// Which of the two forms an event has to have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// `CloudEvents` if it has `specversion`, else the short form.
    Either,
    /// `CloudEvents`.
    Cloud,
}

impl EventReader {
    /// A reader of the registered types.
    pub fn new(registry: Arc<Registry>) -> Self {
        let places = registry.iter().map(|(_, ty)| Places::of(ty)).collect();
        Self {
            registry,
            places,
            ignored: 0,
            met: Vec::new(),
        }
    }

    /// The registry that the events' types are of.
    pub fn registry(&self) -> &Arc<Registry> {
        &self.registry
    }

    /// How many members of objects were skipped so far because no field is read from them.
    pub fn ignored(&self) -> u64 {
        self.ignored
    }

    /// The event that this text is, in either form. `now` (nanoseconds since the epoch) is its time if it has none.
    ///
    /// # Errors
    ///
    /// See [`JsonError`]; no part of a refused event is kept.
    pub fn event(&mut self, text: &[u8], now: i64) -> Result<Event, JsonError> {
        let text = node::utf8(limited(text)?)?;
        self.read(&node::parse(text)?, Form::Either, now)
    }

    /// The event that a parsed value is.
    pub(super) fn read(
        &mut self,
        node: &Node<'_>,
        form: Form,
        now: i64,
    ) -> Result<Event, JsonError> {
        let Node::Object(members) = node else {
            let reason = format!("an event is an object, not {}", node.describe());
            return Err(JsonError::new(Code::JsonShape, reason));
        };
        let envelope = Envelope::of(members)?;
        let cloud = envelope.specversion.is_some();
        if cloud || form == Form::Cloud {
            envelope.check_cloud()?;
        }
        let type_id = self.type_of(&envelope)?;
        let mut event = Event {
            type_id,
            time: envelope.time(now)?,
            source: text("source", envelope.source)?.unwrap_or_default(),
            id: text("id", envelope.id)?,
            subject: text("subject", envelope.subject)?,
            severity: envelope.severity()?,
            values: Vec::new(),
        };
        let registry = Arc::clone(&self.registry);
        let places = Arc::clone(&self.places);
        let (ty, places) = (registry.get(type_id), &places[type_id.index()]);
        event.values = vec![Value::Null; ty.fields.len()];
        let tree = if cloud {
            &places.cloud
        } else if matches!(envelope.data, Some(Node::Object(_))) {
            &places.nested
        } else {
            &places.flat
        };
        self.met.clear();
        self.met.resize(tree.len(), false);
        let mut walk = Walk {
            ty,
            tree,
            values: &mut event.values,
            met: &mut self.met,
            ignored: &mut self.ignored,
        };
        if cloud {
            if let Some(data) = envelope.data {
                walk.data(data)?;
            }
        } else {
            walk.members(0, members, true)?;
        }
        required(ty, &event.values)?;
        Ok(event)
    }

    fn type_of(&self, envelope: &Envelope<'_>) -> Result<TypeId, JsonError> {
        let name = match envelope.ty {
            Some(Node::Text(name)) => name,
            Some(Node::Null) | None => {
                return Err(JsonError::new(Code::JsonType, "`type` is missing"));
            }
            Some(other) => {
                let reason = format!("`type` is {}, not a text", other.describe());
                return Err(JsonError::new(Code::JsonType, reason));
            }
        };
        self.registry
            .by_wire_name(name)
            .or_else(|| self.registry.by_name(name))
            .ok_or_else(|| {
                JsonError::new(
                    Code::JsonType,
                    format!("no event type is named {}", quoted(name)),
                )
            })
    }
}

/// The text, if it is no longer than an event may be.
pub(super) fn limited(text: &[u8]) -> Result<&[u8], JsonError> {
    if text.len() > MAX_LINE {
        let reason = format!("{} bytes, at most {MAX_LINE} are allowed", text.len());
        return Err(JsonError::new(Code::JsonLength, reason));
    }
    Ok(text)
}

fn required(ty: &EventType, values: &[Value]) -> Result<(), JsonError> {
    for (field, value) in ty.fields.iter().zip(values) {
        if value.is_null() && !field.optional {
            let reason = format!("field `{}` is required, and missing or null", field.name);
            return Err(JsonError::new(Code::JsonMissing, reason));
        }
    }
    Ok(())
}

/// The members that are the same for all types, as they stand in the object.
#[derive(Default)]
struct Envelope<'n> {
    specversion: Option<&'n Node<'n>>,
    ty: Option<&'n Node<'n>>,
    source: Option<&'n Node<'n>>,
    id: Option<&'n Node<'n>>,
    subject: Option<&'n Node<'n>>,
    time: Option<&'n Node<'n>>,
    severity: Option<&'n Node<'n>>,
    data: Option<&'n Node<'n>>,
    data_base64: bool,
}

impl<'n> Envelope<'n> {
    fn of(members: &'n Members<'n>) -> Result<Self, JsonError> {
        let mut envelope = Self::default();
        for (name, node) in members {
            let slot = match &**name {
                "specversion" => &mut envelope.specversion,
                "type" => &mut envelope.ty,
                "source" => &mut envelope.source,
                "id" => &mut envelope.id,
                "subject" => &mut envelope.subject,
                "time" => &mut envelope.time,
                "severity" => &mut envelope.severity,
                "data" => &mut envelope.data,
                "data_base64" => {
                    envelope.data_base64 = true;
                    continue;
                }
                _ => continue,
            };
            if slot.replace(node).is_some() {
                return Err(duplicate(name));
            }
        }
        Ok(envelope)
    }

    /// What `CloudEvents` ask for beyond what the short form does.
    fn check_cloud(&self) -> Result<(), JsonError> {
        let refused = |reason: &str| Err(JsonError::new(Code::JsonEnvelope, reason));
        match self.specversion {
            Some(Node::Text(version)) if version == "1.0" => {}
            Some(_) => return refused("`specversion` is not \"1.0\""),
            None => return refused("`specversion` is missing"),
        }
        for (name, member) in [("source", self.source), ("id", self.id)] {
            match member {
                None | Some(Node::Null) => return refused(&format!("`{name}` is missing")),
                Some(Node::Text(text)) if text.is_empty() => {
                    return refused(&format!("`{name}` is empty"));
                }
                Some(_) => {}
            }
        }
        if self.data_base64 {
            return Err(JsonError::new(
                Code::JsonData,
                "`data_base64` is not read: data are JSON",
            ));
        }
        Ok(())
    }

    fn time(&self, now: i64) -> Result<i64, JsonError> {
        match self.time {
            None | Some(Node::Null) => Ok(now),
            Some(node) => convert::time(node).ok_or_else(|| {
                let reason = "`time` is not a time of RFC 3339 between the years 1678 and 2261, nor whole nanoseconds";
                JsonError::new(Code::JsonEnvelope, reason)
            }),
        }
    }

    fn severity(&self) -> Result<Option<Severity>, JsonError> {
        match self.severity {
            None | Some(Node::Null) => Ok(None),
            Some(Node::Text(name)) if let Ok(severity) = name.parse() => Ok(Some(severity)),
            Some(_) => {
                let reason = format!("`severity` is not one of {}", Severity::NAMES.join(", "));
                Err(JsonError::new(Code::JsonEnvelope, reason))
            }
        }
    }
}

/// A text of the envelope.
fn text(name: &str, member: Option<&Node<'_>>) -> Result<Option<Box<str>>, JsonError> {
    let reason = match member {
        None | Some(Node::Null) => return Ok(None),
        Some(Node::Text(text)) if text.len() <= MAX_TEXT => return Ok(Some((&**text).into())),
        Some(Node::Text(text)) => {
            format!(
                "`{name}` has {} bytes, at most {MAX_TEXT} are allowed",
                text.len()
            )
        }
        Some(other) => format!("`{name}` is {}, not a text", other.describe()),
    };
    Err(JsonError::new(Code::JsonEnvelope, reason))
}

/// The way over an event's members to its fields' values.
struct Walk<'w> {
    ty: &'w EventType,
    tree: &'w Tree,
    values: &'w mut [Value],
    met: &'w mut [bool],
    ignored: &'w mut u64,
}

impl Walk<'_> {
    /// The value of `data`, from the root.
    fn data(&mut self, data: &Node<'_>) -> Result<(), JsonError> {
        let root = self.tree.place(0);
        match data {
            Node::Object(members) => {
                self.fill(0, data)?;
                self.members(0, members, false)
            }
            Node::Null => Ok(()),
            _ if !root.fields.is_empty() => self.fill(0, data),
            _ if root.leads_on() => {
                let reason = format!("`data` is {}, not an object", data.describe());
                Err(JsonError::new(Code::JsonData, reason))
            }
            _ => {
                *self.ignored += 1;
                Ok(())
            }
        }
    }

    /// An object's members. Those of the envelope are no fields.
    fn members(
        &mut self,
        at: usize,
        members: &Members<'_>,
        envelope: bool,
    ) -> Result<(), JsonError> {
        for (name, node) in members {
            let Some(next) = self.tree.place(at).step(name) else {
                if !(envelope && is_envelope(name)) {
                    *self.ignored += 1;
                }
                continue;
            };
            if core::mem::replace(&mut self.met[next], true) {
                return Err(duplicate(name));
            }
            self.fill(next, node)?;
            if let Node::Object(members) = node {
                self.members(next, members, false)?;
            }
        }
        Ok(())
    }

    /// The fields that are read from this place.
    fn fill(&mut self, at: usize, node: &Node<'_>) -> Result<(), JsonError> {
        for id in &self.tree.place(at).fields {
            let field = &self.ty.fields[id.index()];
            self.values[id.index()] = convert::value(&field.ty, node).map_err(|instead| {
                JsonError::new(Code::JsonValue, format!("field `{}` {instead}", field.name))
            })?;
        }
        Ok(())
    }
}

fn is_envelope(name: &str) -> bool {
    trapjaw_event::ENVELOPE.contains(&name)
}

fn duplicate(name: &str) -> JsonError {
    JsonError::new(
        Code::JsonDuplicate,
        format!("member {} stands twice in its object", quoted(name)),
    )
}

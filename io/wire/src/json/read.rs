//! One event from one JSON object.

use std::sync::Arc;

use trapjaw_event::{Event, EventType, Registry, TypeId, Value};

use super::JsonError;
use super::convert;
use super::envelope::{Envelope, duplicate, is_envelope, text};
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
        let ty = self.registry.get(type_id);
        let places = &self.places[type_id.index()];
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

//! The members that are the same for all types of events.

use trapjaw_event::limits::MAX_TEXT;
use trapjaw_event::{ENVELOPE, Severity};

use super::JsonError;
use super::convert;
use super::error::quoted;
use super::node::{Members, Node};
use crate::Code;

/// The members that are the same for all types, as they stand in the object.
#[derive(Default)]
pub(super) struct Envelope<'n> {
    pub(super) specversion: Option<&'n Node<'n>>,
    pub(super) ty: Option<&'n Node<'n>>,
    pub(super) source: Option<&'n Node<'n>>,
    pub(super) id: Option<&'n Node<'n>>,
    pub(super) subject: Option<&'n Node<'n>>,
    pub(super) time: Option<&'n Node<'n>>,
    pub(super) severity: Option<&'n Node<'n>>,
    pub(super) data: Option<&'n Node<'n>>,
    data_base64: bool,
}

impl<'n> Envelope<'n> {
    pub(super) fn of(members: &'n Members<'n>) -> Result<Self, JsonError> {
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
                    envelope.data_base64 |= *node != Node::Null;
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
    pub(super) fn check_cloud(&self) -> Result<(), JsonError> {
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

    pub(super) fn time(&self, now: i64) -> Result<i64, JsonError> {
        match self.time {
            None | Some(Node::Null) => Ok(now),
            Some(node) => convert::time(node).ok_or_else(|| {
                let reason = "`time` is not a time of RFC 3339 between the years 1678 and 2261, nor whole nanoseconds";
                JsonError::new(Code::JsonEnvelope, reason)
            }),
        }
    }

    pub(super) fn severity(&self) -> Result<Option<Severity>, JsonError> {
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
pub(super) fn text(name: &str, member: Option<&Node<'_>>) -> Result<Option<Box<str>>, JsonError> {
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

/// Is this the name of one of the members that the short form has beside its fields?
pub(super) fn is_envelope(name: &str) -> bool {
    ENVELOPE.contains(&name)
}

/// The refusal of a member that stands twice.
pub(super) fn duplicate(name: &str) -> JsonError {
    JsonError::new(
        Code::JsonDuplicate,
        format!("member {} stands twice in its object", quoted(name)),
    )
}

//! SCHEMA: which event types a connection sends, and which the server knows.

use std::sync::Arc;

use trapjaw_event::limits::{MAX_FIELDS, MAX_NAME, MAX_PATH, MAX_TYPES, MAX_VARIANTS};
use trapjaw_event::{DeclaredField, DeclaredType, EventType, Field, FieldType, Registry};

use super::payload::{Reader, Writer, append_frame};
use super::{FrameError, Header, Kind, Malformed};
use crate::limits::MAX_DECLARED;

const DECLARE: u8 = 1;
const ASK: u8 = 2;
const ANSWER: u8 = 3;

const BOOL: u8 = 1;
const INT: u8 = 2;
const FLOAT: u8 = 3;
const TEXT: u8 = 4;
const TIME: u8 = 5;
const DURATION: u8 = 6;
const IP: u8 = 7;
const ENUM: u8 = 8;

/// Event types are declared, asked for, or told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Schema {
    /// A client says what the columns of a type's sections are.
    Declare {
        /// The number that stands in sections of this type on this connection.
        number: u16,
        /// The type.
        declared: DeclaredType,
    },
    /// A client asks for the server's event types.
    Ask,
    /// Some of the server's event types, all of what they are, so that a client can read JSON as the server would.
    Answer {
        /// Is this the last of the frames that answer?
        last: bool,
        /// The types, in the registry's order.
        types: Vec<EventType>,
    },
}

impl Schema {
    /// Appends the frame to `out`.
    pub fn encode(&self, out: &mut Vec<u8>) -> Result<(), FrameError> {
        append_frame(out, Header::new(Kind::Schema, 0), |payload| match self {
            Self::Declare { number, declared } => put_declare(payload, *number, declared),
            Self::Ask => {
                payload.u8(ASK);
                payload.zeros(3);
                Ok(())
            }
            Self::Answer { last, types } => {
                put_answer_head(payload, *last);
                payload.count("types", types.len(), MAX_TYPES)?;
                types.iter().try_for_each(|ty| put_type(payload, ty))
            }
        })
    }

    pub(super) fn decode(payload: &mut Reader<'_>) -> Result<Self, FrameError> {
        match payload.u8("form")? {
            DECLARE => {
                payload.zeros(1)?;
                let number = payload.u16("number")?;
                if usize::from(number) >= MAX_DECLARED {
                    return Err(payload.error("number", Malformed::TooLong));
                }
                let wire_name = payload.name("wire name", MAX_NAME)?.into();
                let count = payload.count("columns", MAX_FIELDS)?;
                let fields = (0..count)
                    .map(|_| column(payload))
                    .collect::<Result<_, _>>()?;
                payload.end("columns")?;
                let declared = DeclaredType { wire_name, fields };
                Ok(Self::Declare { number, declared })
            }
            ASK => {
                payload.zeros(3)?;
                payload.end("form")?;
                Ok(Self::Ask)
            }
            ANSWER => {
                let last = payload.flag("last")?;
                payload.zeros(2)?;
                let count = payload.count("types", MAX_TYPES)?;
                let types = (0..count)
                    .map(|_| event_type(payload))
                    .collect::<Result<_, _>>()?;
                payload.end("types")?;
                Ok(Self::Answer { last, types })
            }
            _ => Err(payload.error("form", Malformed::Unknown)),
        }
    }
}

/// Appends the frames that answer ASK with all of a registry's types, in as many frames as they need.
///
/// Returns how many types were left out because one alone is larger than a frame: no one could declare them either.
pub fn answer_with(registry: &Registry, out: &mut Vec<u8>) -> Result<usize, FrameError> {
    /// Where the count of types stands in the payload, and the flag of the last frame.
    const COUNT_AT: usize = 4;
    const LAST_AT: usize = 1;

    let mut types = registry.iter().map(|(_, ty)| ty).peekable();
    let mut left_out = 0;
    let mut last = false;
    while !last {
        append_frame(out, Header::new(Kind::Schema, 0), |payload| {
            put_answer_head(payload, false);
            payload.count("types", 0, MAX_TYPES)?;
            let mut count = 0;
            while let Some(ty) = types.peek() {
                let before = payload.written();
                match put_type(payload, ty) {
                    Ok(()) => count += 1,
                    Err(FrameError::Length(_)) => {
                        payload.rewind(before);
                        if count > 0 {
                            break;
                        }
                        left_out += 1;
                    }
                    Err(error) => return Err(error),
                }
                types.next();
            }
            last = types.peek().is_none();
            payload.patch_u32(COUNT_AT, count);
            payload.patch_u8(LAST_AT, u8::from(last));
            Ok(())
        })?;
    }
    Ok(left_out)
}

fn put_declare(
    payload: &mut Writer<'_>,
    number: u16,
    declared: &DeclaredType,
) -> Result<(), FrameError> {
    if usize::from(number) >= MAX_DECLARED {
        return Err(payload.error("number", Malformed::TooLong));
    }
    payload.u8(DECLARE);
    payload.zeros(1);
    payload.u16(number);
    payload.name("wire name", &declared.wire_name, MAX_NAME)?;
    payload.count("columns", declared.fields.len(), MAX_FIELDS)?;
    declared
        .fields
        .iter()
        .try_for_each(|column| put_column(payload, &column.name, column.optional, &column.ty))
}

fn put_answer_head(payload: &mut Writer<'_>, last: bool) {
    payload.u8(ANSWER);
    payload.u8(u8::from(last));
    payload.zeros(2);
}

fn put_type(payload: &mut Writer<'_>, ty: &EventType) -> Result<(), FrameError> {
    payload.name("name", &ty.name, MAX_NAME)?;
    payload.name("wire name", &ty.wire_name, MAX_NAME)?;
    let lateness =
        u64::try_from(ty.lateness).map_err(|_| payload.error("lateness", Malformed::Unknown))?;
    payload.u64(lateness);
    payload.count("fields", ty.fields.len(), MAX_FIELDS)?;
    for field in &ty.fields {
        put_column(payload, &field.name, field.optional, &field.ty)?;
        let path = field.path.as_deref().unwrap_or_default();
        payload.count("path", path.len(), MAX_PATH)?;
        path.iter()
            .try_for_each(|step| payload.name("path", step, MAX_NAME))?;
    }
    // The next count would tell as well; this way a type is either whole or refused.
    payload.checked()
}

fn put_column(
    payload: &mut Writer<'_>,
    name: &str,
    optional: bool,
    ty: &FieldType,
) -> Result<(), FrameError> {
    payload.name("name", name, MAX_NAME)?;
    payload.u8(u8::from(optional));
    payload.u8(match ty {
        FieldType::Bool => BOOL,
        FieldType::Int => INT,
        FieldType::Float => FLOAT,
        FieldType::Text => TEXT,
        FieldType::Time => TIME,
        FieldType::Duration => DURATION,
        FieldType::Ip => IP,
        FieldType::Enum(_) => ENUM,
    });
    if let FieldType::Enum(variants) = ty {
        if variants.is_empty() {
            return Err(payload.error("variants", Malformed::Empty));
        }
        payload.count("variants", variants.len(), MAX_VARIANTS)?;
        variants
            .iter()
            .try_for_each(|variant| payload.name("variants", variant, MAX_NAME))?;
    }
    Ok(())
}

fn event_type(payload: &mut Reader<'_>) -> Result<EventType, FrameError> {
    let name = payload.name("name", MAX_NAME)?.into();
    let wire_name = payload.name("wire name", MAX_NAME)?.into();
    let lateness = payload.u64("lateness")?;
    let lateness =
        i64::try_from(lateness).map_err(|_| payload.error("lateness", Malformed::TooLong))?;
    let count = payload.count("fields", MAX_FIELDS)?;
    let fields = (0..count)
        .map(|_| field(payload))
        .collect::<Result<_, _>>()?;
    Ok(EventType {
        name,
        wire_name,
        fields,
        lateness,
    })
}

fn field(payload: &mut Reader<'_>) -> Result<Field, FrameError> {
    let DeclaredField { name, ty, optional } = column(payload)?;
    let path = names(payload, "path", MAX_PATH)?;
    Ok(Field {
        name,
        ty,
        optional,
        path: (!path.is_empty()).then(|| path.into()),
    })
}

fn column(payload: &mut Reader<'_>) -> Result<DeclaredField, FrameError> {
    let name = payload.name("name", MAX_NAME)?.into();
    let optional = payload.flag("optional")?;
    let ty = match payload.u8("field type")? {
        BOOL => FieldType::Bool,
        INT => FieldType::Int,
        FLOAT => FieldType::Float,
        TEXT => FieldType::Text,
        TIME => FieldType::Time,
        DURATION => FieldType::Duration,
        IP => FieldType::Ip,
        ENUM => {
            let variants: Arc<[Box<str>]> = names(payload, "variants", MAX_VARIANTS)?.into();
            if variants.is_empty() {
                return Err(payload.error("variants", Malformed::Empty));
            }
            FieldType::Enum(variants)
        }
        _ => return Err(payload.error("field type", Malformed::Unknown)),
    };
    Ok(DeclaredField { name, ty, optional })
}

fn names(
    payload: &mut Reader<'_>,
    field: &'static str,
    most: usize,
) -> Result<Vec<Box<str>>, FrameError> {
    let count = payload.count(field, most)?;
    (0..count)
        .map(|_| payload.name(field, MAX_NAME).map(Into::into))
        .collect()
}

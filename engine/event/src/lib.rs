//! The data model: ids, values, schemas, the columnar batch, views over it, and matches.

#![deny(unsafe_code)]

pub mod limits;

mod binding;
mod event;
mod id;
mod matched;
mod registry;
mod schema;
mod severity;
mod value;

pub use binding::{BindError, Binding, DeclaredField, DeclaredType, bind};
pub use event::Event;
pub use id::{FieldId, RuleId, TypeId};
pub use matched::{ActionCall, BoundEvent, Match, MatchId, MatchKind};
pub use registry::{Registry, RegistryError};
pub use schema::{ENVELOPE, EventType, Field};
pub use severity::{Severity, UnknownSeverity};
pub use value::{FieldType, Ip, Value, ValueRef};

//! The data model: ids, values, schemas, the columnar batch, views over it, and matches.

#![deny(unsafe_code)]

pub mod batch;
pub mod format;
pub mod limits;

mod binding;
mod builder;
mod check;
mod event;
mod id;
mod matched;
mod registry;
mod schema;
mod severity;
mod value;
mod view;

pub use batch::{BatchBytes, layout};
pub use binding::{BindError, Binding, DeclaredField, DeclaredType, bind};
pub use builder::{BatchBuilder, BuildError, Row};
pub use check::{BatchError, BatchErrorKind, check};
pub use event::Event;
pub use id::{FieldId, RuleId, TypeId};
pub use matched::{ActionCall, BoundEvent, Match, MatchId, MatchKind};
pub use registry::{Registry, RegistryError};
pub use schema::{ENVELOPE, EventType, Field};
pub use severity::{Severity, UnknownSeverity};
pub use value::{FieldType, Ip, Value, ValueRef};
pub use view::{
    BatchView, ColumnData, ColumnView, DictText, PlainText, RowsInOrder, SectionView, TextView,
};

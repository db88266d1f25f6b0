//! The data model: ids, values, schemas, the columnar batch, views over it, and matches.
//!
//! An event has an envelope (`CloudEvents` 1.0 plus a severity) and the fields that its [`EventType`] declares in a
//! [`Registry`]. Events travel in **batches**: for each event type a section, for each field a column. A
//! [`BatchBuilder`] makes a batch from rows; [`check()`] looks at a batch's bytes once, at the door, and gives a
//! [`BatchView`] that reads the columns in place. What leaves the engine is a [`Match`].
//!
//! A peer declares its types before it sends, and [`bind`] maps what it declared to the registry by name. So peers with
//! an older or newer notion of a type keep working, and a batch says nothing about names.
//!
//! ```
//! use std::sync::Arc;
//! use trapjaw_event::{BatchBuilder, Binding, Event, EventType, Field, FieldId, FieldType, Registry, Value, check};
//! use trapjaw_event::ColumnData;
//!
//! let mut registry = Registry::new();
//! let fields = vec![Field::new("host", FieldType::Text), Field::new("load", FieldType::Float).optional()];
//! let cpu = registry.add(EventType::new("cpu_usage", fields))?;
//! let bindings = [Some(Arc::new(Binding::identity(&registry, cpu)))];
//!
//! let mut builder = BatchBuilder::new(Arc::new(registry));
//! for load in [Value::Float(0.5), Value::Null, Value::Float(0.97)] {
//!     builder.push(&Event {
//!         type_id: cpu,
//!         time: 1_767_225_600_000_000_000,
//!         source: "/rack/7".into(),
//!         id: None,
//!         subject: None,
//!         severity: None,
//!         values: vec![Value::Text("a".into()), load],
//!     })?;
//! }
//!
//! let bytes = builder.finish();
//! let batch = check(&bytes, &bindings)?;
//! let load = batch.section(0).column(FieldId::new(1)).expect("the builder's sections have all columns");
//! assert_eq!(load.validity, Some(&[0b101][..]));
//! assert!(matches!(load.data, ColumnData::Float([_, _, last]) if *last == 0.97));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! What is not here: rules, sockets, clocks. Frames around batches, and JSON, belong to the wire.
//!
//! Everything that a peer can make larger has its limit in [`limits`]. The only unsafe code is one cast, from archived
//! little-endian numbers to native ones, in `view::raw`.

#![deny(unsafe_code)]

pub mod batch;
pub mod format;
pub mod limits;

mod binding;
mod builder;
mod check;
mod duration;
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
pub use duration::parse_duration;
pub use event::Event;
pub use id::{FieldId, RuleId, TypeId};
pub use matched::{
    ActionCall, Both, BoundEvent, IntoMatches, Match, MatchId, MatchKind, Matches, Part, PartSink,
};
pub use registry::{Registry, RegistryError};
pub use schema::{ENVELOPE, EventType, Field};
pub use severity::{Severity, UnknownSeverity};
pub use value::{FieldType, Ip, Value, ValueRef};
pub use view::{
    BatchView, ColumnData, ColumnView, DictText, PlainText, RowsInOrder, SectionView, TextView,
};

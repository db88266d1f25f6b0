//! What the names of a rule set stand for.

use super::declare::Declared;
use crate::resolve::{self, Resolutions, Target};
use crate::source::Span;
use std::cell::{Cell, RefCell};
use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use trapjaw_event::{FieldId, FieldType, Ip, Registry, TypeId, Value};
use trapjaw_program::{Form, Pattern, Table, TableId};

/// Everything that the items of a rule set declare.
pub(super) struct Names {
    /// The event types that are right enough to be used.
    pub(super) registry: Registry,
    /// Types some of whose fields could not be declared: that another field is unknown is no news.
    pub(super) partial: HashSet<TypeId>,
    /// Names of event types that could not be declared.
    pub(super) lost_types: HashSet<String>,
    /// The tables.
    pub(super) tables: HashMap<String, TableName>,
    /// The tables that are declared well enough to be used, in order.
    pub(super) tables_in_order: Vec<Arc<Table>>,
    /// The constants declared so far.
    pub(super) constants: HashMap<String, Constant>,
    /// Where all constants are declared.
    pub(super) constant_places: Declared,
    /// Whether all files could be read: if not, a name that is missing may be declared by what could not.
    pub(super) complete: bool,
    /// Bytes of constant texts and lists so far; beyond the limit once that is reported.
    pub(super) text_bytes: Cell<usize>,
    /// The patterns so far, by how they are written.
    pub(super) patterns: RefCell<HashMap<Written, Pattern>>,
    /// Bytes of the compiled patterns so far.
    pub(super) pattern_bytes: Cell<usize>,
    /// What names were found to stand for.
    pub(super) resolutions: RefCell<Resolutions>,
}

/// A pattern as it is written: how, whether ignoring case, and its text.
type Written = (Form, bool, Box<str>);

/// A constant.
#[derive(Clone, Debug)]
pub(super) enum Constant {
    /// Its value, not null, and its type.
    Known(Value, FieldType),
    /// A list, or a network alone: it stands after `in`.
    List(Arc<[Member]>),
    /// Its declaration is wrong.
    Lost,
}

/// An element of a list.
#[derive(Clone, Debug)]
pub(super) enum Member {
    /// A value with its type.
    Value(Value, FieldType),
    /// A network, by its first and last address.
    Network(Ip, Ip),
}

/// What a table's name stands for.
#[derive(Clone, Copy)]
pub(super) enum TableName {
    /// This table.
    Known(TableId),
    /// A table whose declaration is wrong.
    Lost,
}

/// What an event type's name stands for.
pub(super) enum TypeName {
    /// This type.
    Known(TypeId),
    /// A type whose declaration is wrong, or may be in what could not be read.
    Lost,
    /// Nothing.
    Unknown,
}

impl Names {
    pub(super) fn new(complete: bool) -> Names {
        Names {
            registry: Registry::new(),
            partial: HashSet::new(),
            lost_types: HashSet::new(),
            tables: HashMap::new(),
            tables_in_order: Vec::new(),
            constants: HashMap::new(),
            constant_places: Declared::new("constant"),
            complete,
            text_bytes: Cell::new(0),
            patterns: RefCell::default(),
            pattern_bytes: Cell::new(0),
            resolutions: RefCell::default(),
        }
    }

    /// Notes what the name at a place declares.
    pub(super) fn declare(&self, place: Span, target: Target) {
        self.resolutions.borrow_mut().declare(place, target);
    }

    /// Notes what the name at a place refers to.
    pub(super) fn refer(&self, place: Span, target: Target) {
        self.resolutions.borrow_mut().refer(place, target);
    }

    /// Notes that the name at a place is a field of each of these types.
    pub(super) fn refer_to_fields(&self, place: Span, types: &[TypeId], fields: &[FieldId]) {
        let mut resolutions = self.resolutions.borrow_mut();
        for (ty, field) in types.iter().zip(fields) {
            resolutions.refer(place, Target::Field(*ty, *field));
        }
    }

    /// Everything that was noted, and what it is about.
    pub(super) fn resolved(&self) -> Resolutions {
        let mut resolutions = self.resolutions.take();
        resolutions.finish();
        resolutions.registry = Arc::new(self.registry.clone());
        resolutions.tables.clone_from(&self.tables_in_order);
        let constants = self.constants.iter().map(|(name, constant)| {
            let value = match constant {
                Constant::Known(value, ty) => resolve::Constant::Value(value.clone(), ty.clone()),
                Constant::List(_) => resolve::Constant::List,
                Constant::Lost => resolve::Constant::Unknown,
            };
            (name.as_str().into(), value)
        });
        resolutions.constants = constants.collect();
        resolutions
    }

    pub(super) fn event_type(&self, name: &str) -> TypeName {
        match self.registry.by_name(name) {
            Some(id) => TypeName::Known(id),
            None if self.lost_types.contains(name) || !self.complete => TypeName::Lost,
            None => TypeName::Unknown,
        }
    }

    /// A table that is declared well enough to be used.
    pub(super) fn table(&self, id: TableId) -> &Table {
        &self.tables_in_order[id.index()]
    }

    /// The names of the event types, for suggestions.
    pub(super) fn type_names(&self) -> impl Iterator<Item = &str> {
        self.registry.iter().map(|(_, ty)| &*ty.name)
    }

    /// Where a constant is declared whose value is not known yet.
    pub(super) fn later_constant(&self, name: &str) -> Option<Span> {
        self.constant_places.place(name)
    }
}

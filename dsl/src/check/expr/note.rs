//! What is noted for editors of the names in expressions.

use super::{Binding, Checker, Subject};
use crate::hir::ExprKind;
use crate::hir::pattern::Read;
use crate::resolve::{Aliased, Target};
use crate::source::Span;
use crate::syntax::ast::Name;
use trapjaw_event::{FieldId, FieldType, TypeId};

impl Checker<'_> {
    /// Notes what an event is called.
    pub(in crate::check) fn note_alias(&self, binding: &Binding) {
        let Some(place) = binding.named else { return };
        let mut resolutions = self.names.resolutions.borrow_mut();
        resolutions.declare(place, Target::Alias(place));
        let aliased = Aliased {
            types: binding.types.clone(),
            any: binding.any,
        };
        resolutions.aliases.insert(place, aliased);
    }

    /// Notes a use of an event's name.
    pub(in crate::check) fn note_event(&self, place: Span, binding: &Binding) {
        if let Some(named) = binding.named {
            self.names.refer(place, Target::Alias(named));
        }
    }

    /// Notes what was read as a field of an event of these types.
    pub(in crate::check) fn note_field(&self, place: Span, kind: &ExprKind, types: &[TypeId]) {
        match kind {
            ExprKind::Field(fields) => self.names.refer_to_fields(place, types, fields),
            ExprKind::Envelope(field) => self.names.refer(place, Target::Envelope(*field)),
            _ => {}
        }
    }

    /// Notes a bare name that was read so.
    pub(super) fn note_bare(&self, place: Span, name: &str, kind: &ExprKind) {
        match (&self.subject, kind) {
            (Subject::Event(binding), _) => self.note_field(place, kind, &binding.types),
            (Subject::Clock, _) => self.names.refer(place, Target::Now),
            (Subject::Bound, ExprKind::Pattern(Read::Waiting)) => {
                self.names.refer(place, Target::Waiting);
            }
            (Subject::Bound, ExprKind::Pattern(Read::Key(part))) => {
                let keys = self.bound.as_ref().map(|bound| &bound.keys[*part as usize]);
                self.note_key(place, name, keys.map_or(&[], |key| &key.fields));
            }
            _ => {}
        }
    }

    /// Notes a part of a pattern's key: the fields that give it its name.
    pub(in crate::check) fn note_key(&self, place: Span, name: &str, fields: &[(TypeId, FieldId)]) {
        for &(ty, field) in fields {
            let declared = &self.names.registry.get(ty).fields[field.index()];
            if *declared.name == *name {
                self.names.refer(place, Target::Field(ty, field));
            }
        }
    }

    /// Notes a value of an enum.
    pub(super) fn note_variant(&self, place: Span, ty: &FieldType, code: u16) {
        self.names.refer(place, Target::Variant(ty.clone(), code));
    }

    /// The place of a path: from its first name to its last.
    pub(in crate::check) fn path_span(&self, names: &[Name], otherwise: Span) -> Span {
        match names {
            [] => otherwise,
            [first, .., last] => Span {
                end: self.span(last).end,
                ..self.span(first)
            },
            [only] => self.span(only),
        }
    }
}

//! What names the values of an expected match, noted for editors.

use super::test::TestChecker;
use crate::hir::test::HeldAt;
use crate::hir::{Expr, ExprKind, Rule};
use crate::resolve::Target;
use crate::source::Span;
use crate::syntax::ast::{FieldPath, Name};
use trapjaw_event::{FieldId, TypeId};

impl TestChecker<'_> {
    /// Notes what the name of a value of an expected match is, where rule files declare it.
    pub(super) fn note_held(&self, path: &FieldPath, rule: &Rule, place: HeldAt) {
        let whole = self.exprs.span(path);
        match place {
            HeldAt::Key(part) => self.note_key_part(whole, &path.text(), rule, part as usize),
            // The name of an argument is the action's.
            HeldAt::Argument(..) => {}
            HeldAt::Event => self.note_event_field(path, rule),
        }
    }

    fn note_key_part(&self, place: Span, name: &str, rule: &Rule, part: usize) {
        let fields = match &rule.pattern {
            None => fields_of(&rule.key[part].expr, &rule.types),
            Some(pattern) => {
                let of = pattern.key[part].of.iter().zip(&pattern.elements);
                of.flat_map(|(expr, element)| fields_of(expr, &element.types))
                    .collect()
            }
        };
        self.exprs.note_key(place, name, &fields);
    }

    fn note_event_field(&self, path: &FieldPath, rule: &Rule) {
        let whole = path.text();
        let segments: Vec<Name> = path.segments().collect();
        let Some(first) = segments.first() else {
            return;
        };
        let registry = &self.exprs.names.registry;
        let named = match &rule.pattern {
            None => vec![(&*rule.alias, &rule.types)],
            Some(pattern) => {
                let elements = pattern.elements.iter().filter(|element| element.named);
                elements
                    .map(|element| (&*element.name, &element.types))
                    .collect()
            }
        };
        let at = named.iter().position(|(alias, _)| *alias == first.text());
        let at = at.filter(|_| segments.len() > 1);
        let (names, types, field) = match at {
            Some(at) => {
                let (alias, types) = named[at];
                // Aliases were noted in the order of the text, as elements are.
                let resolutions = self.exprs.names.resolutions.borrow();
                let inside = Span {
                    end: rule.span.start,
                    ..rule.span
                }..Span {
                    start: rule.span.end,
                    ..rule.span
                };
                let declared = resolutions
                    .aliases
                    .range(inside)
                    .nth(at)
                    .map(|(place, _)| *place);
                drop(resolutions);
                if let Some(declared) = declared {
                    self.exprs
                        .names
                        .refer(self.exprs.span(first), Target::Alias(declared));
                }
                (&segments[1..], types, whole[alias.len() + 1..].to_owned())
            }
            None => (&segments[..], &rule.types, whole),
        };
        let place = self.exprs.path_span(names, self.exprs.span(path));
        let found = types
            .iter()
            .filter_map(|&ty| Some((ty, registry.get(ty).field(&field)?.0)));
        let (types, fields): (Vec<TypeId>, Vec<FieldId>) = found.unzip();
        self.exprs.names.refer_to_fields(place, &types, &fields);
    }
}

/// The fields that an expression over events of these types is, where it is no more than a field.
fn fields_of(expr: &Expr, types: &[TypeId]) -> Vec<(TypeId, FieldId)> {
    match &expr.kind {
        ExprKind::Field(ids) => types.iter().copied().zip(ids.iter().copied()).collect(),
        _ => Vec::new(),
    }
}

//! Constants: declarations to values.

use super::SourceItem;
use super::expr::{Checker, Place, Subject};
use super::names::{Constant, Names};
use crate::diagnostic::{Diagnostic, codes::types as codes};
use crate::hir::ExprKind;
use crate::resolve::Target;
use crate::syntax::ast::{ConstItem, Item};

/// Declares the constants of all files, each with those before it.
pub(super) fn declare_all(
    places: &[SourceItem],
    names: &mut Names,
    findings: &mut Vec<Diagnostic>,
) {
    let mut items: Vec<(&SourceItem, &ConstItem, String)> = Vec::new();
    for place in places {
        let Item::Const(item) = &place.item else {
            continue;
        };
        let Some(name) = item.name() else { continue };
        if names
            .constant_places
            .declare(&name.text(), place.span(&name), findings)
        {
            names.declare(place.span(&name), Target::Constant(name.text().into()));
            items.push((place, item, name.text()));
        }
    }
    for (place, item, name) in items {
        let value = if place.sound {
            value(item, place, names, findings)
        } else {
            None
        };
        names
            .constants
            .insert(name, value.unwrap_or(Constant::Lost));
    }
}

fn value(
    item: &ConstItem,
    place: &SourceItem,
    names: &Names,
    findings: &mut Vec<Diagnostic>,
) -> Option<Constant> {
    let expr = item.value()?;
    let mut checker = Checker::new(names, place.source, Subject::None, findings);
    checker.place = Place::Constant;
    if let Some(members) = checker.listed(&expr) {
        return members.ok().map(|members| Constant::List(members.into()));
    }
    let checked = checker.expr(&expr, None).ok()?;
    match checked.kind {
        ExprKind::Const(value) => Some(Constant::Known(value, checked.ty)),
        // Without an event there is nothing that could vary.
        _ => {
            findings.push(Diagnostic::error(
                codes::NOT_CONSTANT,
                place.span(&expr),
                "this is no constant",
            ));
            None
        }
    }
}

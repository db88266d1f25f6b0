//! What can be named at a place, told from the tree around it: rules that are being written are not checked yet.

use crate::resolve::{Constant, Resolutions};
use crate::syntax::ast::{
    self, AstNode, ElementPattern, EmitClause, Expr, FieldExpr, Name, OnClause, OnTimeoutClause,
    OverClause, Record, RecordField, RuleItem,
};
use crate::syntax::{SyntaxKind, SyntaxNode};
use trapjaw_event::{EventType, Field, FieldType, TypeId};

/// What an event is called, and what it may be.
pub(super) struct Event {
    pub(super) alias: String,
    pub(super) types: Vec<TypeId>,
}

/// What starts a rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Start {
    /// Each event of some types.
    Event,
    /// Several events.
    Pattern,
    /// The clock.
    Clock,
}

/// The names around a place.
pub(super) struct Scope<'n> {
    pub(super) names: &'n Resolutions,
    /// The events of the rule.
    pub(super) events: Vec<Event>,
    /// The event whose fields need no alias: its place in `events`.
    own: Option<usize>,
    /// What starts the rule.
    pub(super) start: Start,
    /// Whether aggregates can stand here.
    pub(super) aggregates: bool,
    /// Whether what a timeout waited for can be named.
    pub(super) timeout: bool,
}

impl<'n> Scope<'n> {
    /// The names around a node.
    pub(super) fn of(node: &SyntaxNode, names: &'n Resolutions) -> Scope<'n> {
        let mut scope = Scope {
            names,
            events: Vec::new(),
            own: None,
            start: Start::Event,
            aggregates: false,
            timeout: false,
        };
        let Some(rule) = node.ancestors().find_map(RuleItem::cast) else {
            return scope;
        };
        let output = node.ancestors().any(|node| {
            matches!(
                node.kind(),
                SyntaxKind::HavingClause
                    | SyntaxKind::EmitClause
                    | SyntaxKind::DoClause
                    | SyntaxKind::OnClearClause
                    | SyntaxKind::OnTimeoutClause
            )
        });
        scope.timeout = node
            .ancestors()
            .any(|node| OnTimeoutClause::can_cast(node.kind()));
        let clock = |clause| matches!(clause, ast::Clause::Every(_) | ast::Clause::At(_));
        if rule.clauses().any(clock) {
            scope.start = Start::Clock;
        }
        if let Some(on) = rule.clause::<OnClause>() {
            let alias = on.alias().map_or_else(String::new, |alias| alias.text());
            let types = types(on.types(), names);
            scope.events.push(Event { alias, types });
            scope.own = Some(0);
            scope.aggregates = output && rule.clause::<OverClause>().is_some();
            return scope;
        }
        let within = node.ancestors().find_map(ElementPattern::cast);
        for element in rule.syntax().descendants().filter_map(ElementPattern::cast) {
            if within.as_ref() == Some(&element) {
                scope.own = Some(scope.events.len());
            }
            let alias = element
                .alias()
                .map_or_else(String::new, |alias| alias.text());
            let types = types(element.types(), names);
            scope.events.push(Event { alias, types });
            scope.start = Start::Pattern;
            scope.aggregates = true;
        }
        scope
    }

    /// The fields that need no alias.
    pub(super) fn bare_fields(&self) -> Vec<&'n Field> {
        let own = self.own.map(|own| &self.events[own]);
        own.map_or_else(Vec::new, |event| shared(&event.types, self.names))
    }

    /// The types of a name's event, also of `prev`.
    pub(super) fn event(&self, alias: &str) -> Option<Vec<TypeId>> {
        let named = self.events.iter().find(|event| event.alias == alias);
        if let Some(event) = named.filter(|_| !alias.is_empty()) {
            return Some(event.types.clone());
        }
        let before = self.start == Start::Pattern && alias == "prev";
        before.then(|| {
            let all = self
                .events
                .iter()
                .flat_map(|event| event.types.iter().copied());
            all.collect()
        })
    }

    /// What stands before a dot: the event's types, whether `last` and the like may follow, and the path behind the
    /// alias so far.
    pub(super) fn before_dot(&self, base: &Expr) -> Option<(Vec<TypeId>, bool, String)> {
        match base {
            Expr::Name(name) => {
                let types = self.event(&name.text())?;
                Some((
                    types,
                    self.start == Start::Pattern && name.text() != "prev",
                    String::new(),
                ))
            }
            Expr::Field(field) => {
                let (types, word, path) = self.before_dot(&field.base()?)?;
                let name = field.field()?.text();
                if word && ["last", "first", "prev"].contains(&&*name) {
                    return Some((types, false, String::new()));
                }
                Some((types, false, format!("{path}{name}.")))
            }
            _ => None,
        }
    }

    /// The type of a plain expression: a field, a constant, a parenthesis around one.
    pub(super) fn type_of(&self, expr: &Expr) -> Option<FieldType> {
        match expr {
            Expr::Paren(paren) => self.type_of(&paren.inner()?),
            Expr::Name(name) => {
                let text = name.text();
                let mut fields = self.bare_fields().into_iter();
                if let Some(field) = fields.find(|field| *field.name == *text) {
                    return Some(field.ty.clone());
                }
                match self.names.constants.get(&*text)? {
                    Constant::Value(_, ty) => Some(ty.clone()),
                    Constant::List | Constant::Unknown => None,
                }
            }
            Expr::Field(field) => self.type_of_field(field),
            _ => None,
        }
    }

    fn type_of_field(&self, expr: &FieldExpr) -> Option<FieldType> {
        let name = expr.field()?.text();
        if let Expr::Index(index) = expr.base()? {
            let Expr::Name(table) = index.base()? else {
                return None;
            };
            let mut tables = self.names.tables.iter();
            let table = tables.find(|known| *known.name() == *table.text())?;
            let mut fields = table.fields().iter();
            return Some(fields.find(|field| *field.name == *name)?.ty.clone());
        }
        let (types, _, path) = self.before_dot(&expr.base()?)?;
        let whole = format!("{path}{name}");
        let mut fields = shared(&types, self.names).into_iter();
        Some(fields.find(|field| *field.name == *whole)?.ty.clone())
    }

    /// The type that is expected of the expression at a node.
    pub(super) fn expected(&self, node: &SyntaxNode) -> Option<FieldType> {
        let mut child = node.clone();
        for parent in node.ancestors().skip(1) {
            match parent.kind() {
                SyntaxKind::ListExpr | SyntaxKind::ParenExpr => {}
                SyntaxKind::BinaryExpr | SyntaxKind::BetweenExpr => {
                    let others = parent.children().filter(|other| *other != child);
                    return others
                        .filter_map(Expr::cast)
                        .find_map(|other| self.type_of(&other));
                }
                SyntaxKind::RecordField => {
                    let field = RecordField::cast(parent.clone())?;
                    let ty = self.record_type(&Record::cast(parent.parent()?)?)?;
                    let name = field.path()?.text();
                    return Some(ty.field(&name)?.1.ty.clone());
                }
                _ => return None,
            }
            child = parent;
        }
        None
    }

    /// The event type whose fields a record gives.
    pub(super) fn record_type(&self, record: &Record) -> Option<&'n EventType> {
        let owner = record.syntax().parent()?;
        let name = match owner.kind() {
            SyntaxKind::EmitClause => EmitClause::cast(owner)?.event()?,
            SyntaxKind::AtStep => ast::AtStep::cast(owner)?.event()?,
            _ => return None,
        };
        let id = self.names.registry.by_name(&name.text())?;
        Some(self.names.registry.get(id))
    }
}

/// The event types of those names, as far as there are such.
fn types(named: impl Iterator<Item = Name>, names: &Resolutions) -> Vec<TypeId> {
    named
        .filter_map(|name| names.registry.by_name(&name.text()))
        .collect()
}

/// The fields that all types have, with the same type.
pub(super) fn shared<'n>(types: &[TypeId], names: &'n Resolutions) -> Vec<&'n Field> {
    let Some((first, others)) = types.split_first() else {
        return Vec::new();
    };
    let in_all = |field: &&Field| {
        others.iter().all(|&other| {
            let other = names.registry.get(other).field(&field.name);
            other.is_some_and(|(_, other)| other.ty == field.ty)
        })
    };
    names
        .registry
        .get(*first)
        .fields
        .iter()
        .filter(in_all)
        .collect()
}

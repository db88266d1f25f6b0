//! What expressions say of the events that a pattern has bound.

use super::super::{Outcome, Reported};
use super::field::FieldReading;
use super::{Binding, Checker, Subject};
use crate::diagnostic::{Diagnostic, codes::patterns as codes, did_you_mean};
use crate::format::one_line;
use crate::hir::pattern::{ElementId, EventRef, Read};
use crate::hir::{AggregateFunction, Expr, ExprKind};
use crate::source::Span;
use crate::syntax::ast::{self, AstNode, CallExpr, FieldExpr, Name, NameExpr};
use trapjaw_event::{FieldId, FieldType, TypeId};

/// What a pattern binds, for expressions that may speak of it.
pub(in crate::check) struct Bound {
    /// The elements, by their ids.
    pub(in crate::check) elements: Vec<Bindable>,
    /// The parts of the key.
    pub(in crate::check) keys: Vec<BoundKey>,
    /// The types of all elements: those of the event before.
    pub(in crate::check) types: Vec<TypeId>,
    /// Where the expression stands.
    pub(in crate::check) here: Here,
    /// Outputs tell of all matches of a moment at once.
    pub(in crate::check) together: bool,
    /// For each aggregate of the rule, over the events of which element it is taken; `None`: of the matches.
    pub(in crate::check) over: Vec<Option<ElementId>>,
}

/// A part of the key, as expressions see it.
pub(in crate::check) struct BoundKey {
    pub(in crate::check) name: Box<str>,
    pub(in crate::check) ty: FieldType,
    /// The fields that it is taken from, where it is no more than that.
    pub(in crate::check) fields: Vec<(TypeId, FieldId)>,
}

/// An element, as other expressions see it.
pub(in crate::check) struct Bindable {
    /// Its alias, empty where it has none, and its types.
    pub(in crate::check) binding: Binding,
    /// What each element may make of it: by their ids.
    pub(in crate::check) readings: Vec<Reading>,
    /// Whether its events are bound: it is in no `not`, and bounds no repetition.
    pub(in crate::check) binds: bool,
    /// Where it stands.
    pub(in crate::check) span: Span,
}

/// What the condition of one element may make of another element.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::check) enum Reading {
    /// It stands before, or an earlier round bound it.
    Bound,
    /// It stands in another operand of an `and`: the condition is judged when it is bound.
    Awaited,
    /// It stands behind.
    Later,
    /// It stands in another alternative.
    Alternative,
    /// It stands in another operand of an `and`, and one of the two may be there more than once or never.
    Unsettled,
}

/// Where an expression of a pattern stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::check) enum Here {
    /// In the brackets of this element.
    Element(ElementId),
    /// Inside of an aggregate over this element.
    Aggregate(ElementId),
    /// In `emit` or an action.
    Output {
        /// Of an action on a timeout.
        timeout: bool,
    },
}

/// What an aggregate is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Over {
    /// The rows of a window: there is no pattern to speak of.
    Window,
    /// The events that an element has bound.
    Element(ElementId),
    /// The matches that are told together.
    Matches,
}

/// What was around an aggregate.
pub(super) struct Outside {
    subject: Subject,
    here: Here,
}

impl Checker<'_> {
    /// The names of elements whose events are bound.
    pub(super) fn aliases(&self) -> Vec<&str> {
        let elements = self.bound.iter().flat_map(|bound| &bound.elements);
        let bound = elements.filter(|element| element.binds);
        let aliases = bound.map(|element| element.binding.alias.as_str());
        aliases.filter(|alias| !alias.is_empty()).collect()
    }

    /// Whether a name's bare use in a pattern's output would be a field of some element: then that element.
    pub(super) fn owner_of(&self, field: &str) -> Option<&str> {
        let bound = self.bound.as_ref()?;
        let has = |element: &&Bindable| {
            let types = &element.binding.types;
            let registry = &self.names.registry;
            element.binds
                && types
                    .iter()
                    .all(|&id| registry.get(id).field(field).is_some())
        };
        let owner = bound.elements.iter().find(has)?;
        Some(&*owner.binding.alias).filter(|alias| !alias.is_empty())
    }

    /// A part of the key, or what a timeout waited for: what a bare name means where there is no event.
    pub(super) fn key_reading(&self, name: &str) -> FieldReading {
        let Some(bound) = &self.bound else {
            return FieldReading::None;
        };
        if let Some(place) = bound.keys.iter().position(|key| *key.name == *name) {
            let read = ExprKind::Pattern(Read::Key(place as u32));
            return FieldReading::Known(read, bound.keys[place].ty.clone());
        }
        if name == "waiting" && bound.here == (Here::Output { timeout: true }) {
            return FieldReading::Known(ExprKind::Pattern(Read::Waiting), FieldType::Text);
        }
        FieldReading::None
    }

    /// `a.f`, `a.last.f`, `prev.f` and the like; `None` if it is no field of something bound.
    pub(super) fn bound_field(&mut self, expr: &FieldExpr) -> Option<Outcome<Expr>> {
        let bound = self.bound.as_ref()?;
        let (first, names) = segments(expr)?;
        let word = names
            .first()
            .filter(|name| names.len() > 1 && !name.is_quoted())
            .map(Name::text);
        let (event, skipped) = if let Some(element) = bound.named(&first.text()) {
            let own = bound.here == Here::Element(element);
            match word.as_deref() {
                _ if bound.here == Here::Aggregate(element) => return None,
                Some("last") => (EventRef::Last(element), 1),
                Some("first") => (EventRef::First(element), 1),
                Some("prev") if own => (EventRef::Last(element), 1),
                Some("prev") => (EventRef::Previous(element), 1),
                _ if own => return None,
                _ => (EventRef::Last(element), 0),
            }
        } else {
            let prev = first.text() == "prev" && !first.name()?.is_quoted();
            if !prev || !matches!(bound.here, Here::Element(_)) {
                return None;
            }
            (EventRef::Before, 0)
        };
        if let EventRef::First(element) | EventRef::Last(element) | EventRef::Previous(element) =
            event
        {
            let binding = &bound.elements[element.index()].binding;
            self.note_event(self.span(&first), binding);
            if bound.is_told_together() {
                return Some(self.refuse_one_event(expr, &names));
            }
        }
        Some(self.read(event, expr, &names[skipped..]))
    }

    /// Refuses to read a field of one event where many matches are told as one.
    fn refuse_one_event<T>(&mut self, expr: &FieldExpr, path: &[Name]) -> Outcome<T> {
        let text = one_line(expr.syntax());
        let message = format!("`{text}` is of one event, and many matches are told as one");
        let error = Diagnostic::error(codes::TOGETHER_EVENT, self.span(expr), message);
        let keys = self.bound.iter().flat_map(|bound| &bound.keys);
        let field = path.last().map(Name::text).unwrap_or_default();
        let is_key = keys.into_iter().any(|key| *key.name == *field);
        self.refuse(if is_key {
            error.with_help(format!("a part of the key is called by its name: `{field}`"))
        } else {
            error.with_note("`together` tells how many matches there are, and counts and sums over what they have bound")
                .with_help(format!("a sum over all of them is `sum({text})`"))
        })
    }

    fn read(&mut self, event: EventRef, expr: &FieldExpr, path: &[Name]) -> Outcome<Expr> {
        let span = self.span(expr);
        let bound = self.bound.as_ref().ok_or(Reported)?;
        let binding = match event {
            EventRef::Before => Binding {
                alias: "prev".into(),
                named: None,
                types: bound.types.clone(),
                any: false,
            },
            EventRef::First(element) | EventRef::Last(element) | EventRef::Previous(element) => {
                self.may_read(element, span)?;
                self.bound.as_ref().ok_or(Reported)?.elements[element.index()]
                    .binding
                    .clone()
            }
        };
        let last = path.last().map_or(span, |name| self.span(name));
        let place = self.path_span(path, span);
        let path: Vec<String> = path.iter().map(Name::text).collect();
        let path = path.join(".");
        let types = binding.types.clone();
        let outside = std::mem::replace(&mut self.subject, Subject::Event(binding));
        let reading = self.field_reading(&path);
        if let FieldReading::Known(kind, _) = &reading {
            self.note_field(place, kind, &types);
        }
        let read = match reading {
            FieldReading::Known(ExprKind::Field(ids), ty) => Ok((Read::Field(event, ids), ty)),
            FieldReading::Known(ExprKind::Envelope(field), ty) => {
                Ok((Read::Envelope(event, field), ty))
            }
            FieldReading::Known(..) | FieldReading::Lost => Err(Reported),
            FieldReading::NotShared(why) => self.not_shared(&path, why, span),
            FieldReading::None => self.unknown_field(&path, last),
        };
        self.subject = outside;
        let (read, ty) = read?;
        let kind = ExprKind::Pattern(read);
        Ok(Expr { kind, ty, span })
    }

    /// Refuses to speak of an element that can't be bound where the expression stands.
    fn may_read(&mut self, element: ElementId, span: Span) -> Outcome<()> {
        let bound = self.bound.as_ref().ok_or(Reported)?;
        let named = &bound.elements[element.index()];
        let alias = &named.binding.alias;
        let place = named.span;
        let error = |message: String| {
            Diagnostic::error(codes::NOT_BOUND, span, message).with_label(place, "here")
        };
        if !named.binds {
            let message = format!(
                "`{alias}` is never bound: it is there to not occur, or to end a repetition"
            );
            return self.refuse(error(message));
        }
        let reading = match bound.here {
            Here::Element(own) => named.readings[own.index()],
            Here::Aggregate(_) => {
                let message = format!("an aggregate is over one element, and `{alias}` is another");
                return self.refuse(Diagnostic::error(codes::AGGREGATE_OVER, span, message));
            }
            Here::Output { .. } => Reading::Bound,
        };
        match reading {
            Reading::Bound | Reading::Awaited => Ok(()),
            Reading::Later => {
                let message = format!("`{alias}` is not bound yet: it comes later");
                let help =
                    "a condition that compares the two can stand in the brackets of the later one";
                self.refuse(error(message).with_help(help))
            }
            Reading::Alternative => {
                let message =
                    format!("`{alias}` is not bound here: it stands in another alternative");
                self.refuse(error(message))
            }
            Reading::Unsettled => {
                let message = format!("whether `{alias}` is bound is not settled here");
                let note = "across an `and`, only single events can be compared, and none in `not` or `until`";
                self.refuse(error(message).with_note(note))
            }
        }
    }

    /// What an aggregate is over.
    pub(super) fn bound_aggregate(
        &mut self,
        function: AggregateFunction,
        call: &CallExpr,
        span: Span,
    ) -> Outcome<Over> {
        let Some(bound) = &self.bound else {
            return Ok(Over::Window);
        };
        if matches!(bound.here, Here::Aggregate(_)) {
            return Ok(Over::Window);
        }
        if bound.is_told_together() {
            self.refuse_of_many(function, span)?;
            let args = call.args();
            let is_bare =
                |args: &ast::ArgList| args.args().next().is_none() && args.filter().is_none();
            if function == AggregateFunction::Count && args.as_ref().is_some_and(is_bare) {
                return Ok(Over::Matches);
            }
        }
        let Some(bound) = &self.bound else {
            return Err(Reported);
        };
        let names = call.args().into_iter();
        let names = names.flat_map(|args| args.syntax().descendants().filter_map(NameExpr::cast));
        let mut named: Vec<ElementId> =
            names.filter_map(|name| bound.named(&name.text())).collect();
        named.sort_unstable();
        named.dedup();
        let name = function.name();
        match named[..] {
            [element] => {
                self.may_read(element, span)?;
                Ok(Over::Element(element))
            }
            [] => {
                let message = format!("`{name}` needs an element, over whose events it is taken");
                let error = Diagnostic::error(codes::AGGREGATE_OVER, span, message);
                let example = match (self.aliases().first(), function) {
                    (None, _) => {
                        return self.refuse(error.with_help("give the element a name: `a: TYPE`"));
                    }
                    (Some(alias), AggregateFunction::Count) => format!("`count({alias})`"),
                    (Some(alias), _) => format!("`{name}({alias}.FIELD)`"),
                };
                self.refuse(error.with_help(format!("say which: {example}")))
            }
            _ => {
                let message = format!("`{name}` is over one element, and this names several");
                self.refuse(Diagnostic::error(codes::AGGREGATE_OVER, span, message))
            }
        }
    }

    /// Refuses an aggregate that can't be told of many matches at once.
    fn refuse_of_many(&mut self, function: AggregateFunction, span: Span) -> Outcome<()> {
        if function.is_of_many() {
            return Ok(());
        }
        let message = format!(
            "there is no `{}` of matches that are told together",
            function.name()
        );
        let error = Diagnostic::error(codes::TOGETHER_AGGREGATE, span, message);
        self.refuse(
            error
                .with_note("there are `count`, `sum` and `avg`: these are known without going through the matches")
                .with_help("`skip none` without `together` tells each match by itself"),
        )
    }

    /// Goes inside of an aggregate over an element: its event is the one under test.
    pub(super) fn enter(&mut self, over: ElementId) -> Outside {
        let bound = self.bound.as_mut().expect("there is an element to be over");
        let subject = Subject::Event(bound.elements[over.index()].binding.clone());
        Outside {
            here: std::mem::replace(&mut bound.here, Here::Aggregate(over)),
            subject: std::mem::replace(&mut self.subject, subject),
        }
    }

    pub(super) fn leave(&mut self, outside: Outside) {
        self.subject = outside.subject;
        if let Some(bound) = &mut self.bound {
            bound.here = outside.here;
        }
    }

    /// Remembers over what the aggregate is taken that comes next among the rule's.
    pub(super) fn note_aggregate(&mut self, over: Over) {
        if let Some(bound) = &mut self.bound {
            bound.over.push(match over {
                Over::Element(element) => Some(element),
                Over::Window | Over::Matches => None,
            });
        }
    }

    /// Whether this is the name of the events that an aggregate is over.
    pub(super) fn is_event(&self, expr: Option<ast::Expr>) -> bool {
        let Some(bound) = &self.bound else {
            return false;
        };
        let (Here::Aggregate(over), Some(ast::Expr::Name(name))) = (bound.here, expr) else {
            return false;
        };
        let is_event = bound.named(&name.text()) == Some(over);
        if is_event {
            self.note_event(self.span(&name), &bound.elements[over.index()].binding);
        }
        is_event
    }

    /// The alias that is meant by one that there is not.
    pub(super) fn meant_alias(&self, name: &str) -> Option<String> {
        did_you_mean(name, self.aliases()).map(ToString::to_string)
    }
}

impl Bound {
    /// Whether the expression stands where many matches are told as one.
    fn is_told_together(&self) -> bool {
        self.together && matches!(self.here, Here::Output { .. })
    }

    fn named(&self, alias: &str) -> Option<ElementId> {
        let mut elements = self.elements.iter();
        let place = elements.position(|element| element.binding.alias == alias)?;
        (!alias.is_empty()).then(|| ElementId::new(place as u32))
    }
}

/// What stands at the beginning of `a.b.c`, if it is a name, and the names behind it.
fn segments(expr: &FieldExpr) -> Option<(NameExpr, Vec<Name>)> {
    let mut names = vec![expr.field()?];
    let mut base = expr.base()?;
    while let ast::Expr::Field(inner) = &base {
        names.push(inner.field()?);
        base = inner.base()?;
    }
    names.reverse();
    match base {
        ast::Expr::Name(first) => Some((first, names)),
        _ => None,
    }
}

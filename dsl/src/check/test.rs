//! Rule tests: the events that they give, and what they expect.

use super::expr::{Checker, Place, Subject};
use super::limits::MAX_TEST_EVENTS;
use super::names::Names;
use super::rule::event_type;
use super::{Outcome, Reported, SourceItem};
use crate::diagnostic::{
    Diagnostic,
    codes::{names as names_codes, rules as rules_codes, testing as codes},
    did_you_mean,
};
use crate::hir::test::{Expectation, Given, Held, HeldAt, Test};
use crate::hir::{Action, Rule, When};
use crate::resolve::Target;
use crate::source::Span;
use crate::syntax::ast::{
    self, AtStep, ExpectStep, Item, LiteralValue, Record, RecordField, TestItem, TestStep,
};
use trapjaw_event::{ENVELOPE, Event, EventType, FieldType, MatchKind, Severity, Value};

/// Kinds of match, as `kind` names them.
const KINDS: [MatchKind; 5] = [
    MatchKind::Matched,
    MatchKind::Raised,
    MatchKind::Cleared,
    MatchKind::Expired,
    MatchKind::Timeout,
];

/// What a test's events are from, unless they say otherwise.
const SOURCE: &str = "test";

/// Checks the tests of all files. `rules` are those that are right, and `lost` says whether others are not.
pub(super) fn check_all(
    places: &[SourceItem],
    names: &Names,
    rules: &[Rule],
    findings: &mut Vec<Diagnostic>,
) -> Vec<Test> {
    let declared: Vec<String> = places
        .iter()
        .filter_map(|place| match &place.item {
            Item::Rule(rule) => rule.name().map(|name| name.text()),
            _ => None,
        })
        .collect();
    let mut tests = Vec::new();
    for place in places.iter().filter(|place| place.sound) {
        let Item::Test(item) = &place.item else {
            continue;
        };
        let mut exprs = Checker::new(names, place.source, Subject::None, findings);
        exprs.place = Place::Constant;
        let mut checker = TestChecker {
            exprs,
            rules,
            declared: &declared,
            events: 0,
        };
        tests.extend(checker.test(item));
    }
    tests
}

/// Checks one test.
pub(super) struct TestChecker<'a> {
    pub(super) exprs: Checker<'a>,
    rules: &'a [Rule],
    /// The names of all rules, also of those that are wrong.
    declared: &'a [String],
    /// Events so far.
    events: i64,
}

impl TestChecker<'_> {
    fn test(&mut self, item: &TestItem) -> Option<Test> {
        let title = item.title()?;
        let (mut given, mut expected) = (Vec::new(), Vec::new());
        let mut sound = true;
        for step in item.steps() {
            let checked = match &step {
                TestStep::At(step) => self.given(step).map(|step| given.push(step)),
                TestStep::Expect(step) => self.expected(step).map(|step| expected.push(step)),
            };
            sound &= checked.is_ok();
        }
        if sound && expected.is_empty() {
            let span = self.exprs.span(&title);
            let warning =
                Diagnostic::warning(codes::NOTHING_EXPECTED, span, "this test can't fail");
            self.exprs
                .findings
                .push(warning.with_help("say what it expects: `expect RULE at 5m`"));
        }
        sound.then(|| Test {
            title: title.plain_text().unwrap_or_default().into(),
            given,
            expected,
            span: self.exprs.span(item),
        })
    }

    /// A time from the start of the test.
    fn time(&mut self, expr: Option<ast::Expr>, what: &str) -> Outcome<(i64, Span)> {
        let expr = expr.ok_or(Reported)?;
        let span = self.exprs.span(&expr);
        let value = self.exprs.constant(&expr, &FieldType::Duration, what)?;
        match value {
            Value::Duration(time) if time >= 0 => Ok((time, span)),
            _ => {
                let message = format!("{what} lies before the start of the test");
                self.exprs
                    .refuse(Diagnostic::error(codes::TEST_TIME, span, message))
            }
        }
    }

    fn given(&mut self, step: &AtStep) -> Outcome<Given> {
        let at = self.time(step.time(), "`at`");
        let repeat = match step.repeat() {
            None => Ok(None),
            Some(repeat) => {
                let every = self.time(repeat.every(), "`every`");
                let until = self.time(repeat.until(), "`until`");
                every.and_then(|every| Ok(Some((every, until?))))
            }
        };
        let event = self.event(step);
        let ((at, _), repeat) = (at?, repeat?);
        if let Some(((every, every_span), (until, until_span))) = repeat {
            let wrong = if every == 0 {
                Some((every_span, "the time between two events is positive"))
            } else if until < at {
                Some((until_span, "this is before the first event"))
            } else {
                None
            };
            if let Some((span, message)) = wrong {
                let error = Diagnostic::error(codes::TEST_TIME, span, message);
                return self.exprs.refuse(error);
            }
        }
        let mut event = event?;
        event.time = at;
        let given = Given {
            event,
            repeat: repeat.map(|((every, _), (until, _))| (every, until)),
            span: self.exprs.span(step),
        };
        let count = given
            .repeat
            .map_or(1, |(every, until)| (until - at) / every + 1);
        self.events = self.events.saturating_add(count);
        if self.events > MAX_TEST_EVENTS {
            let message = format!("a test has at most {MAX_TEST_EVENTS} events");
            let error = Diagnostic::error(codes::TEST_TIME, given.span, message);
            return self.exprs.refuse(error);
        }
        Ok(given)
    }

    fn event(&mut self, step: &AtStep) -> Outcome<Event> {
        let name = step.event().ok_or(Reported)?;
        let type_id = event_type(&name, &mut self.exprs).ok_or(Reported)?;
        let names = self.exprs.names;
        let ty = names.registry.get(type_id);
        let mut event = Event {
            type_id,
            time: 0,
            source: SOURCE.into(),
            id: None,
            subject: None,
            severity: None,
            values: vec![Value::Null; ty.fields.len()],
        };
        let mut set: Vec<(String, Span)> = Vec::new();
        let mut sound = true;
        for field in step.record().iter().flat_map(Record::fields) {
            sound &= self.field(&field, ty, &mut event, &mut set).is_ok();
        }
        let values = ty.fields.iter().zip(&event.values);
        let missing: Vec<String> = values
            .filter(|(field, value)| !field.optional && value.is_null())
            .map(|(field, _)| format!("`{}`", field.name))
            .collect();
        if sound && !missing.is_empty() && !names.partial.contains(&type_id) {
            let message = format!("`{}` needs {}", ty.name, missing.join(", "));
            let span = self.exprs.span(&name);
            let error = Diagnostic::error(rules_codes::MISSING_FIELD, span, message);
            return self
                .exprs
                .refuse(error.with_note("fields that may be null are declared with `?`"));
        }
        if sound { Ok(event) } else { Err(Reported) }
    }

    fn field(
        &mut self,
        field: &RecordField,
        ty: &EventType,
        event: &mut Event,
        set: &mut Vec<(String, Span)>,
    ) -> Outcome<()> {
        let path = field.path().ok_or(Reported)?;
        let value = field.value().ok_or(Reported)?;
        let (name, span) = (path.text(), self.exprs.span(&path));
        self.refuse_second(&name, span, set)?;
        if let Some((id, declared)) = ty.field(&name) {
            let names = self.exprs.names;
            names.refer_to_fields(span, &[event.type_id], &[id]);
            if declared.optional && is_null(&value) {
                return Ok(());
            }
            let what = format!("`{name}`");
            event.values[id.index()] = self.exprs.constant(&value, &declared.ty, &what)?;
            return Ok(());
        }
        let text =
            |checker: &mut Self| match checker.exprs.constant(&value, &FieldType::Text, &name)? {
                Value::Text(text) => Ok(text),
                _ => Err(Reported),
            };
        match &*name {
            "source" => event.source = text(self)?,
            "id" => event.id = Some(text(self)?),
            "subject" => event.subject = Some(text(self)?),
            "severity" => {
                let severities = FieldType::Enum(
                    Severity::ALL
                        .iter()
                        .map(|severity| severity.as_str().into())
                        .collect(),
                );
                if let Value::Enum(place) =
                    self.exprs.constant(&value, &severities, "`severity`")?
                {
                    event.severity = Severity::ALL.get(usize::from(place)).copied();
                }
            }
            _ => return self.unknown_field(&name, ty, span),
        }
        Ok(())
    }

    fn unknown_field<T>(&mut self, name: &str, ty: &EventType, span: Span) -> Outcome<T> {
        let message = format!("`{}` has no field `{name}`", ty.name);
        let mut error = Diagnostic::error(names_codes::UNKNOWN_FIELD, span, message);
        if name == "time" {
            error = error.with_note("the event's time is what stands behind `at`");
        } else if ENVELOPE.contains(&name) {
            error = error.with_note("the event's type stands before the braces");
        } else if let Some(meant) = did_you_mean(name, ty.fields.iter().map(|field| &*field.name)) {
            error = error.with_suggestion(span, meant, format!("did you mean `{meant}`?"));
        }
        self.exprs.refuse(error)
    }

    fn refuse_second(
        &mut self,
        name: &str,
        span: Span,
        set: &mut Vec<(String, Span)>,
    ) -> Outcome<()> {
        if let Some((_, first)) = set.iter().find(|(known, _)| known == name) {
            let message = format!("`{name}` is given already");
            let error = Diagnostic::error(names_codes::DUPLICATE_FIELD, span, message);
            let first = *first;
            return self.exprs.refuse(error.with_label(first, "here"));
        }
        set.push((name.to_owned(), span));
        Ok(())
    }

    fn expected(&mut self, step: &ExpectStep) -> Outcome<Expectation> {
        let at = match step.time() {
            None => Ok(None),
            time => self.time(time, "`at`").map(|(at, _)| Some(at)),
        };
        let name = step.rule().ok_or(Reported)?;
        let text = name.text();
        let Some(place) = self.rules.iter().position(|rule| *rule.name == *text) else {
            // Of a rule that is wrong nothing can be said.
            if self.declared.contains(&text) {
                return Err(Reported);
            }
            let span = self.exprs.span(&name);
            let message = format!("there is no rule `{text}`");
            let mut error = Diagnostic::error(codes::UNKNOWN_RULE, span, message);
            if let Some(meant) = did_you_mean(&text, self.declared.iter().map(|name| &**name)) {
                error = error.with_suggestion(span, meant, format!("did you mean `{meant}`?"));
            }
            return self.exprs.refuse(error);
        };
        let called = self.exprs.span(&name);
        self.exprs.names.refer(called, Target::Rule(text.into()));
        let rules = self.rules;
        let mut expectation = Expectation {
            rule: place as u32,
            negated: step.is_negated(),
            at: None,
            kind: None,
            held: Vec::new(),
            span: self.exprs.span(step),
        };
        let mut set = Vec::new();
        let mut sound = true;
        // The kind decides whose arguments are meant.
        let fields = || step.record().into_iter().flat_map(|record| record.fields());
        let is_kind = |field: &RecordField| {
            let named = field.path().is_some_and(|path| path.text() == "kind");
            named && key_part(&rules[place], "kind").is_none()
        };
        for field in fields().filter(is_kind) {
            match self.kind(&field) {
                Ok(kind) => expectation.kind = kind,
                Err(Reported) => sound = false,
            }
        }
        for field in fields().filter(|field| !is_kind(field)) {
            match self.held(&field, &rules[place], expectation.kind, &mut set) {
                Ok(held) => expectation.held.push(held),
                Err(Reported) => sound = false,
            }
        }
        expectation.at = at?;
        if sound {
            Ok(expectation)
        } else {
            Err(Reported)
        }
    }

    /// `kind: cleared`.
    fn kind(&mut self, field: &RecordField) -> Outcome<Option<MatchKind>> {
        let value = field.value().ok_or(Reported)?;
        let kinds = KINDS.iter().map(|kind| kind.as_str().into()).collect();
        let wanted = self
            .exprs
            .constant(&value, &FieldType::Enum(kinds), "`kind`")?;
        match wanted {
            Value::Enum(place) => Ok(KINDS.get(usize::from(place)).copied()),
            _ => Err(Reported),
        }
    }

    /// One value of an expected match.
    fn held(
        &mut self,
        field: &RecordField,
        rule: &Rule,
        kind: Option<MatchKind>,
        set: &mut Vec<(String, Span)>,
    ) -> Outcome<Held> {
        let path = field.path().ok_or(Reported)?;
        let value = field.value().ok_or(Reported)?;
        let (name, span) = (path.text(), self.exprs.span(&path));
        self.refuse_second(&name, span, set)?;
        let Some((place, ty)) = self.place(&name, rule, kind) else {
            return self.unknown_expected(&name, rule, span);
        };
        self.note_held(&path, rule, place);
        let value = if is_null(&value) {
            Value::Null
        } else {
            self.exprs.constant(&value, &ty, &format!("`{name}`"))?
        };
        Ok(Held {
            name: name.into(),
            place,
            value,
        })
    }

    /// Where a match of the rule holds what has this name, and its type.
    fn place(
        &self,
        name: &str,
        rule: &Rule,
        kind: Option<MatchKind>,
    ) -> Option<(HeldAt, FieldType)> {
        if let Some((part, ty)) = key_part(rule, name) {
            return Some((HeldAt::Key(part as u32), ty));
        }
        let when = match kind {
            None | Some(MatchKind::Matched | MatchKind::Raised) => When::Fire,
            Some(MatchKind::Cleared | MatchKind::Expired) => When::Clear,
            Some(MatchKind::Timeout) => When::Timeout,
        };
        let argument = |(place, action): (usize, &Action)| {
            let mut arguments = action.arguments.iter();
            let argument = arguments.position(|(argument, _)| **argument == *name)?;
            let ty = action.arguments[argument].1.ty.clone();
            Some((HeldAt::Argument(place as u32, argument as u32), ty))
        };
        let mut actions = rule.actions.iter().enumerate();
        let mut actions = actions.by_ref().filter(|(_, action)| action.when == when);
        actions.find_map(argument).or_else(|| {
            let ty = self.event_field(name, rule)?;
            Some((HeldAt::Event, ty))
        })
    }

    /// The type of a field of the rule's event, or of `alias.field`.
    fn event_field(&self, name: &str, rule: &Rule) -> Option<FieldType> {
        let registry = &self.exprs.names.registry;
        let of = |types: &[trapjaw_event::TypeId], field: &str| {
            let first = registry.get(*types.first()?).field(field)?.1;
            Some(first.ty.clone())
        };
        match &rule.pattern {
            None => {
                let field = name
                    .strip_prefix(&format!("{}.", rule.alias))
                    .unwrap_or(name);
                of(&rule.types, field)
            }
            Some(pattern) => {
                let (alias, field) = name.split_once('.')?;
                let mut elements = pattern.elements.iter();
                let element = elements.find(|element| *element.name == *alias)?;
                of(&element.types, field)
            }
        }
    }

    fn unknown_expected<T>(&mut self, name: &str, rule: &Rule, span: Span) -> Outcome<T> {
        let message = format!("a match of `{}` holds no `{name}`", rule.name);
        let mut error = Diagnostic::error(codes::UNKNOWN_EXPECTED, span, message);
        let keys = rule.key.iter().map(|part| &*part.name);
        let arguments = rule.actions.iter().flat_map(|action| &action.arguments);
        let registry = &self.exprs.names.registry;
        let fields = rule.types.iter().flat_map(|id| &registry.get(*id).fields);
        let known: Vec<&str> = keys
            .chain(arguments.map(|(name, _)| &**name))
            .chain(fields.map(|field| &*field.name))
            .collect();
        if let Some(meant) = did_you_mean(name, known) {
            error = error.with_suggestion(span, meant, format!("did you mean `{meant}`?"));
        } else {
            error = error.with_help(
                "it holds its key, the arguments of its actions, the fields of its events, and `kind`",
            );
        }
        self.exprs.refuse(error)
    }
}

fn key_part(rule: &Rule, name: &str) -> Option<(usize, FieldType)> {
    match &rule.pattern {
        None => {
            let part = rule.key.iter().position(|part| *part.name == *name)?;
            Some((part, rule.key[part].expr.ty.clone()))
        }
        Some(pattern) => {
            let part = pattern.key.iter().position(|part| *part.name == *name)?;
            Some((part, pattern.key[part].ty.clone()))
        }
    }
}

fn is_null(value: &ast::Expr) -> bool {
    matches!(value, ast::Expr::Literal(literal) if matches!(literal.value(), Ok(LiteralValue::Null)))
}

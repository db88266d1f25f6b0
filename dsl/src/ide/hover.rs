//! What is told of a name.

use super::words::{AGGREGATES, ENVELOPE};
use super::{Analysis, At};
use crate::format::one_line;
use crate::resolve::{Constant, Reference, Target};
use crate::source::Span;
use crate::syntax::ast::{AstNode, ConstItem, EventItem, Item, RuleItem, TableItem};
use std::fmt::Write;
use trapjaw_event::format::{Duration, Float, Time};
use trapjaw_event::{EventType, Field, FieldType, TypeId, Value};
use trapjaw_program::function::{self, Function, Signature};
use trapjaw_program::{AggregateFunction, Envelope};

/// What is told of the name at a place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hover {
    /// The name.
    pub place: Span,
    /// What it stands for, as rules would declare it.
    pub code: String,
    /// What is to be said about it, in Markdown; may be empty.
    pub text: String,
    /// The rule that it names, of which a plan tells more.
    pub rule: Option<Box<str>>,
}

/// Event types that are told of in one place, at most; the rest is counted.
const SHOWN_TYPES: usize = 8;

impl Analysis {
    /// What is told of the name at a place.
    pub fn hover(&self, at: At) -> Option<Hover> {
        let found = self.at(at);
        let first = *found.first()?;
        let mut code = Vec::new();
        let mut text = String::new();
        for reference in &found {
            let (declared, about) = self.told(reference);
            if !code.contains(&declared) {
                code.push(declared);
            }
            if text.is_empty() {
                text = about;
            }
        }
        if code.len() > SHOWN_TYPES {
            let more = code.len() - SHOWN_TYPES;
            code.truncate(SHOWN_TYPES);
            code.push(format!("... and {more} more"));
        }
        Some(Hover {
            place: first.place,
            code: code.join("\n"),
            text,
            rule: match &first.target {
                Target::Rule(name) => Some(name.clone()),
                _ => None,
            },
        })
    }

    /// What is declared, and what is said about it.
    fn told(&self, reference: &Reference) -> (String, String) {
        let names = self.names();
        let registry = &names.registry;
        match &reference.target {
            Target::EventType(id) => {
                let ty = registry.get(*id);
                (event_type(ty), self.about_type(&reference.target, ty))
            }
            Target::Field(id, field) => {
                let ty = registry.get(*id);
                let field = &ty.fields[field.index()];
                let code = format!("{}.{}", ty.name, self::field(field));
                (code, place_in_data(field))
            }
            Target::Variant(ty, code) => variant(ty, *code),
            Target::Table(id) => {
                let table = &names.tables[id.index()];
                let rows = table.rows();
                let item = self.declaring::<TableItem>(&reference.target);
                let code = item.map_or_else(|| table.name().to_owned(), |item| one_line(item.syntax()));
                (code, format!("{rows} rows. `{}[key].field` looks a field up; `key in {0}` asks whether there is a row.", table.name()))
            }
            Target::Column(id, column) => {
                let table = &names.tables[id.index()];
                let field = &table.fields()[usize::from(*column)];
                let optional = if field.optional { "?" } else { "" };
                let code = format!("{}.{}: {}{optional}", table.name(), field.name, field.ty);
                let is_key = table.key() == usize::from(*column);
                (code, if is_key { "The key.".into() } else { String::new() })
            }
            Target::Constant(name) => self.told_constant(&reference.target, name),
            Target::Rule(name) => {
                let item = self.declaring::<RuleItem>(&reference.target);
                let about = item.and_then(|item| {
                    let clause = item.clause::<crate::syntax::ast::AboutClause>()?;
                    clause.text()?.plain_text()
                });
                (format!("rule {name}"), about.unwrap_or_default())
            }
            Target::Alias(place) => (self.alias(*place), String::new()),
            Target::Envelope(field) => envelope(*field),
            Target::Aggregate(function) => aggregate(*function),
            Target::Function(name) => {
                function::by_name(name).map_or_else(Default::default, scalar)
            }
            Target::Action(name) => (
                format!("do {name}(...)"),
                "An action: the configuration says what it does. The argument without a name is `text`.".into(),
            ),
            Target::Now => (
                "now: time".into(),
                "The instant at which the clock starts the rule.".into(),
            ),
            Target::Waiting => (
                "waiting: text".into(),
                "What the pattern waited for when it ran out of time.".into(),
            ),
        }
    }

    fn about_type(&self, target: &Target, ty: &EventType) -> String {
        let mut about = Vec::new();
        if ty.wire_name != ty.name {
            about.push(format!("On the wire it is called `{}`.", ty.wire_name));
        }
        if ty.lateness > 0 {
            about.push(format!("Events may be {} late.", Duration(ty.lateness)));
        }
        about.extend(self.comment_above::<EventItem>(target));
        about.join("\n\n")
    }

    fn told_constant(&self, target: &Target, name: &str) -> (String, String) {
        let item = self.declaring::<ConstItem>(target);
        let written = item.and_then(|item| Some(one_line(item.value()?.syntax())));
        let written = written.unwrap_or_default();
        let comment = self.comment_above::<ConstItem>(target).unwrap_or_default();
        match self.names().constants.get(name) {
            Some(Constant::Value(value, ty)) => {
                let value = shown(value, ty);
                let code = format!("const {name}: {ty} = {value}");
                let about = if written == value {
                    String::new()
                } else {
                    format!("Written `{written}`.")
                };
                let about = [about, comment];
                let about = about.into_iter().filter(|part| !part.is_empty());
                (code, about.collect::<Vec<_>>().join("\n\n"))
            }
            Some(Constant::List) => (format!("const {name} = {written}"), comment),
            Some(Constant::Unknown) | None => (format!("const {name}"), comment),
        }
    }

    /// What an alias stands for: `c: cpu_usage`.
    pub(super) fn alias(&self, place: Span) -> String {
        let name = self.text(place);
        let names = self.names();
        match names.aliases.get(&place) {
            Some(aliased) if aliased.any => format!("{name}: any"),
            Some(aliased) => {
                let name_of = |id: &TypeId| &*names.registry.get(*id).name;
                let types: Vec<&str> = aliased.types.iter().map(name_of).collect();
                format!("{name}: {}", types.join(" | "))
            }
            None => name.to_owned(),
        }
    }

    /// The item that declares it.
    fn declaring<T: AstNode<Language = crate::syntax::Trapjaw>>(
        &self,
        target: &Target,
    ) -> Option<T> {
        let place = self.names().declared(target).next()?;
        let parse = self.parse_of(place.source)?;
        let root = parse.syntax();
        let token = root.token_at_offset(place.start.into()).right_biased()?;
        token.parent_ancestors().find_map(T::cast)
    }

    /// The comment that stands directly above an item.
    fn comment_above<T: AstNode<Language = crate::syntax::Trapjaw>>(
        &self,
        target: &Target,
    ) -> Option<String> {
        let item = self.declaring::<T>(target)?;
        let place = self.names().declared(target).next()?;
        let text = self.sources().get(place.source).text();
        let before = &text[..usize::from(item.syntax().text_range().start())];
        let mut lines: Vec<&str> = Vec::new();
        for line in before.lines().rev() {
            let line = line.trim();
            let comment = line.strip_prefix("//").or_else(|| line.strip_prefix('#'));
            let Some(comment) = comment else { break };
            lines.push(comment.trim());
        }
        lines.reverse();
        (!lines.is_empty()).then(|| lines.join("\n"))
    }

    /// What an item is, for outlines: `event login { user: text }`.
    pub(super) fn head(item: &Item) -> String {
        match item {
            Item::Event(_) => "event".into(),
            Item::Const(item) => item
                .value()
                .map_or_else(String::new, |value| one_line(value.syntax())),
            Item::Table(_) => "table".into(),
            Item::Rule(item) => {
                let about = item.clause::<crate::syntax::ast::AboutClause>();
                let about = about.and_then(|clause| clause.text()?.plain_text());
                about.unwrap_or_default()
            }
            Item::Test(_) => "test".into(),
        }
    }
}

/// `event login { user: text, ok: bool }`; one field a line where it is long.
fn event_type(ty: &EventType) -> String {
    let fields: Vec<String> = ty.fields.iter().map(field).collect();
    let line = format!("event {} {{ {} }}", ty.name, fields.join(", "));
    if line.len() <= crate::format::WIDTH {
        return line;
    }
    let mut text = format!("event {} {{\n", ty.name);
    for field in &fields {
        let _ = writeln!(text, "    {field}");
    }
    text.push('}');
    text
}

/// `host: text?`.
pub(super) fn field(field: &Field) -> String {
    let optional = if field.optional { "?" } else { "" };
    format!("{}: {}{optional}", field.name, field.ty)
}

fn variant(ty: &FieldType, code: u16) -> (String, String) {
    let FieldType::Enum(variants) = ty else {
        return Default::default();
    };
    let name = variants.get(usize::from(code)).map_or("", |name| &**name);
    let about = format!("Value {} of {}, lowest first.", code + 1, variants.len());
    (format!("{name}: {ty}"), about)
}

fn place_in_data(field: &Field) -> String {
    match &field.path {
        Some(path) => {
            let path = path.join(".");
            let path = path.strip_prefix("data.").unwrap_or(&path);
            format!("In JSON it stands at `data.{path}`.")
        }
        None => String::new(),
    }
}

fn envelope(field: Envelope) -> (String, String) {
    let known = ENVELOPE.iter().find(|(name, ..)| *name == field.name());
    let (name, ty, about) = known.copied().unwrap_or_default();
    (
        format!("{name}: {ty}"),
        format!("A field of every event's envelope. {about}"),
    )
}

fn aggregate(function: AggregateFunction) -> (String, String) {
    let known = AGGREGATES
        .iter()
        .find(|(name, ..)| *name == function.name());
    let (name, code, about) = known.copied().unwrap_or_default();
    let about = format!(
        "{about}\n\nAn aggregate over the events of a window, or of a pattern's repetition. Nulls don't count; \
         a condition stands inside: `{name}(... where ...)`."
    );
    (code.to_owned(), about)
}

/// The signatures of a function, a line each, and its words with an example.
pub(super) fn scalar(function: &Function) -> (String, String) {
    let signatures = function.signatures.iter();
    let signatures: Vec<String> = signatures
        .map(|signature| self::signature(function, signature))
        .collect();
    let mut about = function.about.to_owned();
    for (expression, value) in function.examples {
        let _ = write!(about, "\n- `{expression}` is `{value}`");
    }
    (signatures.join("\n"), about.replacen("\n- ", "\n\n- ", 1))
}

/// `clamp(x: int, low: int, high: int) -> int`.
pub(super) fn signature(function: &Function, signature: &Signature) -> String {
    let parameters = signature.parameters.iter();
    let parameters: Vec<String> = parameters
        .map(|(name, ty)| format!("{name}: {ty}"))
        .collect();
    let more = if function.folds { ", ..." } else { "" };
    let name = function.name;
    format!(
        "{name}({}{more}) -> {}",
        parameters.join(", "),
        signature.result
    )
}

/// A value as the language writes it.
fn shown(value: &Value, ty: &FieldType) -> String {
    match (value, ty) {
        (Value::Bool(value), _) => value.to_string(),
        (Value::Int(value), _) => value.to_string(),
        (Value::Float(value), _) => Float(*value).to_string(),
        (Value::Text(text), _) => format!("{text:?}"),
        (Value::Time(time), _) => Time(*time).to_string(),
        (Value::Duration(duration), _) => Duration(*duration).to_string(),
        (Value::Ip(ip), _) => ip.to_string(),
        (Value::Enum(code), FieldType::Enum(variants)) => {
            let name = variants.get(usize::from(*code));
            name.map_or_else(String::new, ToString::to_string)
        }
        (Value::Enum(_) | Value::Null, _) => "null".to_owned(),
    }
}

//! Rules as text.

use core::fmt::Write;

use super::expr::{Names, Place};
use super::random::Random;
use super::schema::{SECOND, Schema, Ty, TypeDef, duration};

/// Durations of clauses, which are those between events of a history.
const DURATIONS: [i64; 7] = [
    SECOND,
    2 * SECOND,
    3 * SECOND,
    5 * SECOND,
    10 * SECOND,
    1_500_000_000,
    30 * SECOND,
];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Clause {
    Each,
    Sustained,
    Sliding,
    Tumbling,
    Hopping,
    Counted,
    Batched,
    Session,
    All,
    Absent,
}

impl Clause {
    fn is_window(self) -> bool {
        !matches!(self, Self::Each | Self::Sustained | Self::Absent)
    }

    fn clears(self) -> bool {
        matches!(
            self,
            Self::Sustained | Self::Absent | Self::Sliding | Self::Counted | Self::All
        )
    }
}

/// The event types that a rule reads.
struct Source<'s> {
    text: String,
    /// Of `any` rules see the envelope alone.
    any: bool,
    types: Vec<&'s TypeDef>,
}

/// The rules of a case, in no particular order.
pub(super) fn rules(random: &mut Random, schema: &Schema) -> Vec<String> {
    // `any` and `emit` don't go together, as derived events would come back to the rule.
    let any = random.chance(15);
    // What there is to read: more than once what is derived more than once.
    let mut read: Vec<&TypeDef> = schema.types.iter().filter(|ty| ty.layer == 0).collect();
    let mut rules = Vec::new();
    for place in 0..random.between(1, 6) {
        let source = if any && random.chance(50) {
            Source {
                text: "any".into(),
                any: true,
                types: schema.types.iter().collect(),
            }
        } else {
            source(random, &read)
        };
        let frame = Frame::new(random, schema, &source);
        // Rules that differ in what they ask and tell alone have their windows together.
        let alike = if frame.clause.is_window() {
            random.weighted(&[(5, 1), (3, 2), (1, 4)])
        } else {
            1
        };
        for number in 0..alike {
            let name = format!("r{place}{}", ["", "b", "c", "d"][number]);
            let (text, derived) = rule(random, &frame, &name, !any);
            read.extend(derived);
            // A rule may stand before or behind those whose events it reads.
            rules.insert(random.below(rules.len() + 1), text);
        }
    }
    if random.chance(25) {
        let text = schedule(random, schema, !any);
        rules.insert(random.below(rules.len() + 1), text);
    }
    rules
}

/// A rule that the clock starts; it derives what others may read.
fn schedule(random: &mut Random, schema: &Schema, may_emit: bool) -> String {
    let mut text = format!("rule clock {{\n{}", metadata(random));
    let catchup = random.pick(&["", "", " catchup one", " catchup skip"]);
    let start = if random.chance(50) {
        format!("at \"{}\"{}", cron(random), random.pick(&IN_ZONES))
    } else {
        format!("every {}", duration(random.pick(&DURATIONS)))
    };
    line(&mut text, &format!("{start}{catchup}"));
    let derivable: Vec<&TypeDef> = schema.types.iter().filter(|ty| ty.layer > 0).collect();
    if may_emit && !derivable.is_empty() && random.chance(60) {
        let derived = random.pick(&derivable);
        let values = derived.fields.iter().map(|field| {
            let value = match field.ty {
                Ty::Time => "now".into(),
                ty => schema.literal(random, ty),
            };
            format!("{}: {value}", field.name)
        });
        let values: Vec<String> = values.collect();
        let values = values.join(", ");
        line(&mut text, &format!("emit {} {{ {values} }}", derived.name));
    }
    line(&mut text, "do log(\"at {now}\")");
    line(&mut text, "do page(text: \"late\", who: now - 3s)");
    text + "}"
}

/// Where a calendar's clocks hang: some had just been changed, or were about to be, when histories begin.
const IN_ZONES: [&str; 6] = [
    "",
    " in \"Europe/Berlin\"",
    " in \"Europe/Berlin\"",
    " in \"America/New_York\"",
    " in \"Australia/Lord_Howe\"",
    " in \"Asia/Kathmandu\"",
];

/// A cron expression: one that comes often more often than not, since histories are short.
fn cron(random: &mut Random) -> String {
    let minute = random.pick(&["*", "*", "*", "*/2", "0", "0,30", "1-59/7", "15,45"]);
    let hour = random.pick(&["*", "*", "*", "2", "1-3", "*/3", "0,12-23", "0-23"]);
    let day = random.pick(&["*", "*", "*", "*", "1-15", "L", "29,31", "*/2"]);
    let month = random.pick(&["*", "*", "*", "*", "JAN-JUN", "3,10"]);
    let weekday = random.pick(&[
        "*",
        "*",
        "*",
        "*",
        "MON-FRI",
        "SUN",
        "7",
        "SUN#1,3#2",
        "SUNL",
    ]);
    format!("{minute} {hour} {day} {month} {weekday}")
}

/// Which events a rule takes in, by which key, and how it remembers them.
struct Frame<'s> {
    names: Names<'s>,
    layer: usize,
    clause: Clause,
    /// `on`, `where`, `by` and the clause.
    text: String,
}

impl<'s> Frame<'s> {
    fn new(random: &mut Random, schema: &'s Schema, source: &Source) -> Self {
        let alias = random.pick(&["e", "c", "item"]);
        let layer = source.types.iter().map(|ty| ty.layer).max().unwrap_or(0);
        let names = Names {
            schema,
            alias,
            fields: fields(source, layer),
        };
        let clause = random.weighted(&[
            (4, Clause::Each),
            (7, Clause::Sustained),
            (5, Clause::Sliding),
            (3, Clause::Tumbling),
            (3, Clause::Hopping),
            (4, Clause::Counted),
            (1, Clause::Batched),
            (3, Clause::Session),
            (2, Clause::All),
            (6, Clause::Absent),
        ]);
        let mut text = String::new();
        line(&mut text, &format!("on {alias}: {}", source.text));
        if random.chance(if clause == Clause::Sustained { 95 } else { 55 }) {
            // A condition that is to last had better be a simple one.
            let depth = random.pick(match clause {
                Clause::Sustained => &[0, 0, 0, 0, 1, 2],
                _ => &[0, 0, 1, 1, 2, 3],
            });
            let condition = names.condition(random, Place::Row, depth);
            line(&mut text, &format!("where {condition}"));
        }
        let keys = keys(random, &names);
        if !keys.is_empty() {
            let keys: Vec<&str> = keys.iter().map(|(key, _)| &**key).collect();
            line(&mut text, &format!("by {}", keys.join(", ")));
        }
        let mut state = state(random, clause);
        if clause == Clause::Absent
            && let [(_, key)] = &keys[..]
        {
            let tables = schema.tables.iter().filter(|table| table.key == *key);
            let tables: Vec<&str> = tables.map(|table| &*table.name).collect();
            if !tables.is_empty() && random.chance(60) {
                state.extend([" of ", random.pick(&tables)]);
            }
        }
        if !state.is_empty() {
            line(&mut text, &state);
        }
        Self {
            names,
            layer,
            clause,
            text,
        }
    }
}

/// A rule of that name, and the type that it derives.
fn rule<'s>(
    random: &mut Random,
    frame: &Frame<'s>,
    name: &str,
    may_emit: bool,
) -> (String, Option<&'s TypeDef>) {
    let Frame {
        names,
        layer,
        clause,
        text,
    } = frame;
    let (schema, clause, layer) = (names.schema, *clause, *layer);
    let mut text = format!("rule {name} {{\n{}{text}", metadata(random));
    if clause.is_window() && random.chance(90) {
        line(&mut text, &format!("having {}", having(random, names)));
    }
    if random.chance(25) {
        let per = duration(random.pick(&DURATIONS));
        line(
            &mut text,
            &format!("limit {} per {per}", random.between(1, 3)),
        );
    }
    if random.chance(10) {
        line(&mut text, "keep *");
    }
    let place = if clause.is_window() {
        Place::Window
    } else {
        Place::Row
    };
    let derivable: Vec<&TypeDef> = schema.types.iter().filter(|ty| ty.layer > layer).collect();
    let emits = may_emit && !derivable.is_empty() && random.chance(60);
    let derived = emits.then(|| random.pick(&derivable));
    if let Some(derived) = derived {
        line(&mut text, &emit(random, names, derived, place));
    }
    for _ in 0..random.between(usize::from(!emits), 2) {
        line(&mut text, &format!("do {}", action(random, names, place)));
    }
    if clause.clears() && random.chance(50) {
        line(
            &mut text,
            &format!("on clear do {}", action(random, names, place)),
        );
    }
    (text + "}", derived)
}

fn line(text: &mut String, clause: &str) {
    writeln!(text, "    {clause}").expect("a string takes all");
}

fn metadata(random: &mut Random) -> String {
    let mut text = String::new();
    if random.chance(10) {
        line(&mut text, "about \"what it is for\"");
    }
    if random.chance(30) {
        let severity = random.pick(&trapjaw_event::Severity::NAMES);
        line(&mut text, &format!("severity {severity}"));
    }
    if random.chance(10) {
        line(&mut text, "labels { team: \"sre\" }");
    }
    text
}

/// One type or several.
fn source<'s>(random: &mut Random, read: &[&'s TypeDef]) -> Source<'s> {
    let wanted = random.weighted(&[(7, 1), (2, 2), (1, 3)]);
    let mut types: Vec<&TypeDef> = Vec::new();
    for _ in 0..wanted {
        let ty = random.pick(read);
        if !types.iter().any(|taken| taken.name == ty.name) {
            types.push(ty);
        }
    }
    let names: Vec<&str> = types.iter().map(|ty| &*ty.name).collect();
    Source {
        any: false,
        text: names.join(" | "),
        types,
    }
}

/// What expressions can name: the fields that all types of the source have, and the envelope. The `id` of a derived
/// event is a hash that the oracle doesn't know.
fn fields(source: &Source, layer: usize) -> Vec<(&'static str, Ty)> {
    let (first, others) = source.types.split_first().expect("a source has a type");
    let in_all = |name: &str| {
        !source.any
            && others
                .iter()
                .all(|ty| ty.fields.iter().any(|field| field.name == name))
    };
    let own = first.fields.iter().filter(|field| in_all(field.name));
    let mut fields: Vec<(&str, Ty)> = own.map(|field| (field.name, field.ty)).collect();
    fields.extend([
        ("source", Ty::Text),
        ("type", Ty::Text),
        ("subject", Ty::Text),
        ("time", Ty::Time),
        ("severity", Ty::Severity),
    ]);
    if layer == 0 {
        fields.push(("id", Ty::Text));
    }
    fields
}

/// 0 to 2 parts, different ones. Few values a part, so that a key has a history; `time` and `id` have many.
fn keys(random: &mut Random, names: &Names) -> Vec<(String, Ty)> {
    let parts: Vec<(&str, Ty)> = names
        .fields
        .iter()
        .copied()
        .filter(|(name, ty)| ty.is_key() && !matches!(*name, "time" | "id"))
        .collect();
    let mut keys: Vec<(String, Ty)> = Vec::new();
    for _ in 0..random.weighted(&[(3, 0), (6, 1), (2, 2)]) {
        let (name, ty) = match parts.first() {
            Some(host) if random.chance(60) => *host,
            _ => random.pick(&parts),
        };
        let key = match ty {
            Ty::Int if random.chance(20) => format!("({}.{name} + 1)", names.alias),
            _ => format!("{}.{name}", names.alias),
        };
        if !keys.iter().any(|(other, _)| *other == key) {
            keys.push((key, ty));
        }
    }
    keys
}

fn state(random: &mut Random, clause: Clause) -> String {
    let length = |random: &mut Random| duration(random.pick(&DURATIONS));
    let each = |random: &mut Random| if random.chance(35) { " each" } else { "" };
    match clause {
        Clause::Each => String::new(),
        Clause::Sustained => {
            // Long ones are seldom reached.
            let duration = duration(random.pick(&DURATIONS[..3]));
            let gap = random
                .chance(50)
                .then(|| format!(" gap {}", length(random)));
            let keep = random
                .chance(50)
                .then(|| format!(" keep {}", length(random)));
            format!(
                "for {duration}{}{}",
                gap.unwrap_or_default(),
                keep.unwrap_or_default()
            )
        }
        Clause::Sliding => format!("over {}{}", length(random), each(random)),
        Clause::Tumbling => format!("over {} tumbling{}", length(random), zone(random)),
        Clause::Hopping => format!(
            "over {} every {}{}",
            length(random),
            length(random),
            zone(random)
        ),
        Clause::Counted => format!("over {} events{}", random.between(1, 3), each(random)),
        Clause::Batched => format!("over {} events tumbling", random.between(1, 4)),
        Clause::Session => format!("over session {}", length(random)),
        Clause::All => format!("over all{}", each(random)),
        Clause::Absent => format!("absent {}", length(random)),
    }
}

/// Aligned to local midnight, now and then.
fn zone(random: &mut Random) -> String {
    let zones = [
        "UTC",
        "Europe/Berlin",
        "Asia/Kolkata",
        "Australia/Lord_Howe",
    ];
    if random.chance(25) {
        format!(" in \"{}\"", random.pick(&zones))
    } else {
        String::new()
    }
}

/// A comparison that roundings don't turn: deviations are not exact.
fn spread(random: &mut Random, names: &Names) -> Option<String> {
    let function = random.pick(&["stddev", "stddev_pop"]);
    let ty = random.pick(&[Ty::Int, Ty::Float]);
    let field = names.field(random, ty)?;
    let bound = random.pick(&["0.7311", "1.91347", "12.345678"]);
    Some(format!(
        "({function}({field} where {field} > -1000 and {field} < 1000) ?? 0.1234567) < {bound}"
    ))
}

fn having(random: &mut Random, names: &Names) -> String {
    match random.below(10) {
        0..4 => format!("count() >= {}", random.between(1, 4)),
        4 => format!("count() < {}", random.between(2, 4)),
        5 => spread(random, names).unwrap_or_else(|| "count() > 1".into()),
        _ => {
            let depth = random.pick(&[1, 1, 2, 3]);
            names.condition(random, Place::Window, depth)
        }
    }
}

fn emit(random: &mut Random, names: &Names, derived: &TypeDef, place: Place) -> String {
    let mut fields = Vec::new();
    for field in &derived.fields {
        if !field.optional || random.chance(60) {
            let value = match names.field(random, field.ty) {
                Some(value) if random.chance(60) => value,
                _ => names.expr(random, field.ty, place, 1),
            };
            fields.push(format!("{}: {value}", field.name));
        }
    }
    format!("emit {} {{ {} }}", derived.name, fields.join(", "))
}

fn action(random: &mut Random, names: &Names, place: Place) -> String {
    let name = random.pick(&["log", "page", "block"]);
    if random.chance(50) {
        return format!("{name}({})", names.interpolation(random, place));
    }
    let mut arguments = Vec::new();
    for argument in ["text", "who", "how_much"] {
        if random.chance(60) {
            // The variants of an enum are named only where one is expected, and here none is.
            let ty = random.pick(&Ty::ALL[..7]);
            arguments.push(format!("{argument}: {}", names.expr(random, ty, place, 2)));
        }
    }
    let ty = random.pick(&[Ty::Int, Ty::Float]);
    if place == Place::Window
        && random.chance(20)
        && let Some(field) = names.field(random, ty)
    {
        // Beside what is far off, small deviations drown.
        arguments.push(format!(
            "spread: stddev({field} where {field} > -1000 and {field} < 1000)"
        ));
    }
    format!("{name}({})", arguments.join(", "))
}

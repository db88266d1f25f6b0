//! A whole rule set as text, for its readers.

use core::fmt::{self, Write};

use trapjaw_event::{EventType, Registry};

use super::disassemble::{Lines, Subject};
use super::pattern;
use crate::code::{Code, Input};
use crate::rule::{Aggregate, Catchup, Clause, Routing, Rule, RuleSet, Source, TypeProgram, When};
use crate::table::Table;

/// The text of a rule set: each type's conditions with the rules that use them, then each rule, in file order, with its
/// clause and its codes. Comments name fields and results.
///
/// It is for people, and changes with what there is to tell; [`assemble`](crate::assemble) reads the codes in it one by
/// one.
///
/// # Panics
///
/// If a source or a derived event is of a type that the registry doesn't have; a set that verifies has none.
pub fn listing(set: &RuleSet) -> String {
    let mut text = String::new();
    write_set(&mut text, set).expect("a String takes what is written");
    // Items end with an empty line, and the last one needs none.
    text.pop();
    text
}

fn write_set(text: &mut String, set: &RuleSet) -> fmt::Result {
    for (number, table) in set.tables.iter().enumerate() {
        write_table(text, number, table)?;
    }
    let types = set.registry.iter().zip(&set.types);
    for ((_, ty), program) in types.filter(|(_, program)| !program.readers.is_empty()) {
        write_type(text, ty, program, &set.rules)?;
    }
    for rule in &set.rules {
        write_rule(text, rule, &set.registry)?;
    }
    Ok(())
}

/// What it is and how large; not its rows.
fn write_table(text: &mut String, number: usize, table: &Table) -> fmt::Result {
    writeln!(
        text,
        "table {number} {} ({} rows)",
        table.name(),
        table.rows()
    )?;
    for (place, field) in table.fields().iter().enumerate() {
        let optional = if field.optional { "?" } else { "" };
        let key = if place == table.key() { " key" } else { "" };
        writeln!(
            text,
            "  column {place} {} : {}{optional}{key}",
            field.name, field.ty
        )?;
    }
    writeln!(text)
}

fn write_type(
    text: &mut String,
    ty: &EventType,
    program: &TypeProgram,
    rules: &[Rule],
) -> fmt::Result {
    // Who uses each condition, in file order.
    let mut users = vec![Vec::new(); program.code.outputs.len()];
    for (id, place) in &program.readers {
        let rule = rules.get(id.index());
        let condition = rule.and_then(|rule| rule.sources.get(usize::from(*place))?.condition);
        if let (Some(rule), Some(condition)) = (rule, condition)
            && let Some(users) = users.get_mut(condition as usize)
        {
            users.push(&*rule.name);
        }
    }
    writeln!(text, "event {} ({:?})", ty.name, ty.wire_name)?;
    write_code(text, &program.code, "  ", &|subject| match subject {
        Subject::Input(input) => field(ty, input),
        Subject::Output(index) => Some(format!("condition {index}: {}", users[index].join(", "))),
    })?;
    writeln!(text)
}

fn write_rule(text: &mut String, rule: &Rule, registry: &Registry) -> fmt::Result {
    writeln!(text, "rule {}", rule.name)?;
    write!(text, "  clause {}", clause(rule.clause))?;
    if let Some(zone) = &rule.zone {
        write!(text, " in {zone:?}")?;
    }
    writeln!(text)?;
    writeln!(text, "  routing {}", routing(rule.routing))?;
    for source in &rule.sources {
        write_source(text, rule, source, registry)?;
    }
    if let Some(found) = &rule.pattern {
        pattern::write(text, found, rule, registry)?;
    }
    for part in &rule.key {
        writeln!(
            text,
            "  key {} : {} = output {}",
            part.name, part.ty, part.output
        )?;
    }
    for (index, aggregate) in rule.aggregates.iter().enumerate() {
        write_aggregate(text, index, aggregate)?;
    }
    let comment = |subject| match subject {
        Subject::Input(input) => result(rule, input),
        Subject::Output(_) => None,
    };
    if let Some(code) = &rule.having {
        writeln!(text, "  having")?;
        write_code(text, code, "    ", &comment)?;
    }
    if let Some(limit) = rule.limit {
        writeln!(text, "  limit {} per {}", limit.count, Span(limit.per))?;
    }
    if let Some(emit) = &rule.emit {
        let ty = registry.get(emit.type_id);
        writeln!(text, "  emit {}", ty.name)?;
        write_code(text, &emit.code, "    ", &|subject| match subject {
            Subject::Input(input) => result(rule, input),
            Subject::Output(index) => {
                let fields = ty.fields.iter().zip(&emit.fields);
                let names = fields.filter(|(_, output)| **output == u32::try_from(index).ok());
                Some(
                    names
                        .map(|(field, _)| &*field.name)
                        .collect::<Vec<_>>()
                        .join(", "),
                )
            }
        })?;
    }
    for action in &rule.actions {
        let when = match action.when {
            When::Fire => "do",
            When::Clear => "on clear do",
            When::Timeout => "on timeout do",
        };
        writeln!(text, "  {when} {}", action.name)?;
        write_code(text, &action.code, "    ", &|subject| match subject {
            Subject::Input(input) => result(rule, input),
            Subject::Output(index) => {
                let arguments = action.arguments.iter().zip(&action.outputs);
                let names = arguments.filter(|(_, output)| **output as usize == index);
                Some(
                    names
                        .map(|(name, _)| &**name)
                        .collect::<Vec<_>>()
                        .join(", "),
                )
            }
        })?;
    }
    writeln!(text)
}

fn write_source(
    text: &mut String,
    rule: &Rule,
    source: &Source,
    registry: &Registry,
) -> fmt::Result {
    let ty = registry.get(source.type_id);
    match rule.pattern {
        None => write!(text, "  on {}: {}", rule.alias, ty.name)?,
        Some(_) => write!(text, "  reads {}", ty.name)?,
    }
    if let Some(condition) = source.condition {
        write!(text, " where condition {condition}")?;
    }
    let kept: Vec<&str> = match rule.pattern {
        None => rule.kept.iter().map(|kept| &*kept.name).collect(),
        Some(_) => {
            let fields = source
                .kept
                .iter()
                .filter_map(|id| ty.fields.get(id.index()));
            fields.map(|field| &*field.name).collect()
        }
    };
    if !kept.is_empty() {
        write!(text, " keep {}", kept.join(", "))?;
    }
    writeln!(text)?;
    write_code(text, &source.inputs, "    ", &|subject| match subject {
        Subject::Input(input) => field(ty, input),
        Subject::Output(index) => Some(format!("output {index}")),
    })
}

fn write_aggregate(text: &mut String, index: usize, aggregate: &Aggregate) -> fmt::Result {
    write!(
        text,
        "  aggregate {index} {} : {}",
        aggregate.name, aggregate.ty
    )?;
    write!(text, " = {}", aggregate.function.name())?;
    if let Some(argument) = aggregate.argument {
        write!(text, " of output {argument}")?;
    }
    if let Some(fraction) = aggregate.fraction {
        write!(text, " at {fraction}")?;
    }
    if let Some(filter) = aggregate.filter {
        write!(text, " where output {filter}")?;
    }
    writeln!(text)
}

pub(super) fn write_code(
    text: &mut String,
    code: &Code,
    indent: &str,
    comment: &dyn Fn(Subject) -> Option<String>,
) -> fmt::Result {
    write!(text, "{}", Lines::new(code, indent, comment))
}

/// What an input of code over a type's events is called.
pub(super) fn field(ty: &EventType, input: Input) -> Option<String> {
    match input {
        Input::Field(id) => Some(ty.fields.get(id.index())?.name.to_string()),
        _ => None,
    }
}

/// What an input of code over a rule's results is called.
pub(super) fn result(rule: &Rule, input: Input) -> Option<String> {
    match input {
        Input::Kept(index) => Some(match &rule.pattern {
            Some(pattern) => pattern.reads.get(usize::from(index))?.name.to_string(),
            None => rule.kept.get(usize::from(index))?.name.to_string(),
        }),
        Input::Aggregate(index) => Some(rule.aggregates.get(usize::from(index))?.name.to_string()),
        _ => None,
    }
}

fn routing(routing: Routing) -> String {
    match routing {
        Routing::Local => "local".into(),
        Routing::Keyed => "keyed".into(),
        Routing::Home(hash) => format!("home {hash:016x}"),
    }
}

fn clause(clause: Clause) -> String {
    let each = |each| if each { " each" } else { "" };
    match clause {
        Clause::Each => "each event".into(),
        Clause::Sustained {
            duration,
            gap,
            keep,
        } => {
            let gap = gap.map_or_else(String::new, |gap| format!(" gap {}", Span(gap)));
            format!("for {}{gap} keep {}", Span(duration), Span(keep))
        }
        Clause::Sliding { length, each: at } => format!("over {}{}", Span(length), each(at)),
        Clause::Tumbling { length } => format!("over {} tumbling", Span(length)),
        Clause::Hopping { length, every } => format!("over {} every {}", Span(length), Span(every)),
        Clause::Counted { count, each: at } => format!("over {count} events{}", each(at)),
        Clause::Batched { count } => format!("over {count} events tumbling"),
        Clause::Session { gap } => format!("over session {}", Span(gap)),
        Clause::All { each: at } => format!("over all{}", each(at)),
        Clause::Absent { duration, of } => {
            let of = of.map_or_else(String::new, |table| format!(" of table {table}"));
            format!("absent {}{of}", Span(duration))
        }
        Clause::Match => "match".into(),
        Clause::Every { period, catchup } => {
            format!("every {}{}", Span(period), caught_up(catchup))
        }
        Clause::At { calendar, catchup } => {
            format!("at \"{calendar}\"{}", caught_up(catchup))
        }
    }
}

fn caught_up(catchup: Catchup) -> &'static str {
    match catchup {
        Catchup::All => "",
        Catchup::One => " catchup one",
        Catchup::Skip => " catchup skip",
    }
}

/// Nanoseconds as the language writes durations: `5m30s`.
pub(super) struct Span(pub(super) i64);

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const UNITS: [(u64, &str); 7] = [
            (86_400_000_000_000, "d"),
            (3_600_000_000_000, "h"),
            (60_000_000_000, "m"),
            (1_000_000_000, "s"),
            (1_000_000, "ms"),
            (1_000, "us"),
            (1, "ns"),
        ];
        let mut rest = self.0.unsigned_abs();
        if rest == 0 {
            return f.write_str("0s");
        }
        if self.0 < 0 {
            f.write_str("-")?;
        }
        for (unit, name) in UNITS {
            if rest >= unit {
                write!(f, "{}{name}", rest / unit)?;
                rest %= unit;
            }
        }
        Ok(())
    }
}

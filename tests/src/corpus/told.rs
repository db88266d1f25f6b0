//! Matches, as evaluators tell them and as cases expect them.

use core::fmt;

use trapjaw_dsl::hir::{Rule, RuleSet};
use trapjaw_event::{BoundEvent, Event, FieldType, Match, MatchKind, Value};

use super::notation::{Part, Word, instant, parts, quote, show, show_instant};
use crate::oracle::{Matched, close_to};

/// What has a name in a match.
#[derive(Clone, Debug)]
struct Named {
    name: String,
    ty: FieldType,
    value: Value,
}

/// An event that took part: its alias, its name, and its fields.
#[derive(Clone, Debug)]
struct Bound {
    alias: String,
    event: String,
    fields: Vec<Named>,
}

/// A match, as an evaluator tells it.
#[derive(Clone, Debug)]
pub(super) struct Told {
    start: i64,
    time: i64,
    rule: String,
    kind: MatchKind,
    key: Vec<Named>,
    values: Vec<Named>,
    events: Vec<Bound>,
}

/// A match, as a case expects it: what it does not name may be anything.
#[derive(Clone, Debug)]
pub(super) struct Expected {
    line: String,
    time: i64,
    rule: String,
    kind: String,
    items: Vec<(String, Word)>,
}

/// Gives each argument its name in a match: its own, or `action.argument` where that is taken, or that with a number.
fn arguments<'v>(
    rule: &Rule,
    values: &mut Vec<Named>,
    calls: impl Iterator<Item = (usize, &'v [Value])>,
) {
    for (place, arguments) in calls {
        let action = &rule.actions[place];
        for ((argument, expr), value) in action.arguments.iter().zip(arguments) {
            let full = format!("{}.{argument}", action.name);
            let further = (2..).map(|number| format!("{full}#{number}"));
            let mut names = [argument.to_string(), full.clone()]
                .into_iter()
                .chain(further);
            let free = |name: &String| values.iter().all(|taken| taken.name != *name);
            let name = names.find(free).expect("numbers don't end");
            values.push(Named {
                name,
                ty: expr.ty.clone(),
                value: value.clone(),
            });
        }
    }
}

/// What an event is called: its `id`, or, if a rule derived it, who did.
fn event_name(source: &str, id: Option<&str>) -> String {
    if source.starts_with("trapjaw/") {
        source.to_owned()
    } else {
        id.unwrap_or("?").to_owned()
    }
}

impl Told {
    fn new(rule: &Rule, time: i64, kind: MatchKind, key: &[Value], start: i64) -> Self {
        let parts = rule.key.iter().map(|part| (&part.name, &part.expr.ty));
        let of_pattern = rule.pattern.iter().flat_map(|pattern| &pattern.key);
        let parts = parts.chain(of_pattern.map(|part| (&part.name, &part.ty)));
        let key = parts.zip(key).map(|((name, ty), value)| Named {
            name: name.to_string(),
            ty: ty.clone(),
            value: value.clone(),
        });
        Self {
            start,
            time,
            rule: rule.name.to_string(),
            kind,
            key: key.collect(),
            values: Vec::new(),
            events: Vec::new(),
        }
    }

    fn aggregates<'v>(&mut self, rule: &Rule, values: impl Iterator<Item = &'v Value>) {
        let named = rule.aggregates.iter().zip(values);
        self.values.extend(named.map(|(aggregate, value)| Named {
            name: aggregate.name.to_string(),
            ty: aggregate.ty.clone(),
            value: value.clone(),
        }));
    }

    /// As the engine tells it.
    pub(super) fn by_engine(rules: &RuleSet, found: &Match, start: i64) -> Self {
        let rule = &rules.rules[found.rule.index()];
        let mut told = Self::new(rule, found.time, found.kind, &found.key, start);
        told.aggregates(rule, found.values.iter());
        let calls = found.actions.iter();
        let calls = calls.map(|call| (call.action as usize, &*call.args));
        arguments(rule, &mut told.values, calls);
        let bound = |event: &BoundEvent| {
            let fields = &rules.registry.get(event.type_id).fields;
            let kept = event.fields.iter().map(|(field, value)| Named {
                name: fields[field.index()].name.to_string(),
                ty: fields[field.index()].ty.clone(),
                value: value.clone(),
            });
            let source = event.source.as_deref().unwrap_or_default();
            Bound {
                alias: event.alias.to_string(),
                event: event_name(source, event.id.as_deref()),
                fields: kept.collect(),
            }
        };
        told.events = found.events.iter().map(bound).collect();
        told
    }

    /// As the oracle tells it.
    pub(super) fn by_oracle(rules: &RuleSet, found: &Matched, start: i64) -> Self {
        let rule = &rules.rules[found.rule];
        let mut told = Self::new(rule, found.time, found.kind, &found.key, start);
        let values = found.values.iter().map(|(_, value)| value);
        told.aggregates(rule, values.take(rule.aggregates.len()));
        let calls = found.actions.iter();
        let calls = calls.map(|(action, values)| (*action, &**values));
        arguments(rule, &mut told.values, calls);
        let bound = |alias: &str, event: &Event| {
            let fields = rules.registry.get(event.type_id).fields.iter();
            let all = fields.zip(&event.values).map(|(field, value)| Named {
                name: field.name.to_string(),
                ty: field.ty.clone(),
                value: value.clone(),
            });
            Bound {
                alias: alias.to_owned(),
                event: event_name(&event.source, event.id.as_deref()),
                fields: all.collect(),
            }
        };
        let events = found.events.iter();
        let events =
            events.flat_map(|(alias, events)| events.iter().map(move |event| bound(alias, event)));
        told.events = events.collect();
        told
    }

    /// Is `word` what stands under `name`? Every place with that name has to say so, and there has to be one. An
    /// alias's name stands for the names of its events, `alias.field` for what their fields hold.
    fn holds(&self, name: &str, word: &Word) -> bool {
        let is = |named: &Named| {
            let read = word.read(&named.ty, self.start);
            read.is_ok_and(|expected| close_to(&expected, &named.value))
        };
        let places: Vec<&Named> = self.key.iter().chain(&self.values).collect();
        let places = places.into_iter().filter(|named| named.name == name);
        let mut held: Vec<bool> = places.map(is).collect();
        let of = |alias: &str| -> Vec<&Bound> {
            let events = self.events.iter();
            events.filter(|bound| bound.alias == alias).collect()
        };
        let words = match word {
            Word::List(words) => words.clone(),
            single => vec![single.clone()],
        };
        let bound = of(name);
        if !bound.is_empty() || words.is_empty() && held.is_empty() {
            held.push(
                bound.len() == words.len()
                    && bound
                        .iter()
                        .zip(&words)
                        .all(|(bound, word)| word.text() == Ok(&bound.event)),
            );
        }
        // The text of a part of the key may look like a field.
        if held.is_empty()
            && let Some((alias, field)) = name.split_once('.')
            && let bound = of(alias)
            && !bound.is_empty()
        {
            let holds = |bound: &Bound, word: &Word| {
                let field = bound.fields.iter().find(|named| named.name == field);
                field.map_or(word.is_null(), |named| {
                    let read = word.read(&named.ty, self.start);
                    read.is_ok_and(|expected| close_to(&expected, &named.value))
                })
            };
            held.push(
                bound.len() == words.len()
                    && bound
                        .iter()
                        .zip(&words)
                        .all(|(bound, word)| holds(bound, word)),
            );
        }
        !held.is_empty() && held.iter().all(|held| *held)
    }
}

impl fmt::Display for Told {
    /// Everything that it tells, as a case would write it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let time = show_instant(self.time, self.start);
        write!(f, "{time} {} {}", self.rule, self.kind)?;
        let named = |named: &Named| {
            let plain = |c: char| c.is_alphanumeric() || "_.()".contains(c);
            let name = if named.name.chars().all(plain) {
                named.name.clone()
            } else {
                format!("`{}`", named.name)
            };
            format!("{name}={}", show(&named.value, &named.ty, self.start))
        };
        for part in &self.key {
            write!(f, " {}", named(part))?;
        }
        let mut at = 0;
        while let Some(first) = self.events.get(at) {
            let run = self.events[at..].iter();
            let run: Vec<String> = run
                .take_while(|bound| bound.alias == first.alias)
                .map(|bound| quote(&bound.event))
                .collect();
            at += run.len();
            if let [one] = &*run {
                write!(f, " {}={one}", first.alias)?;
            } else {
                write!(f, " {}=[{}]", first.alias, run.join(","))?;
            }
        }
        for value in self.values.iter().filter(|value| value.name != "text") {
            write!(f, " {}", named(value))?;
        }
        let text = self.values.iter().find(|value| value.name == "text");
        match text.map(|text| &text.value) {
            Some(Value::Text(text)) => write!(f, ": {text}"),
            Some(_) => f.write_str(" text=null"),
            None => Ok(()),
        }
    }
}

impl Expected {
    /// Reads a line: `TIME RULE KIND name=value ... : TEXT`.
    pub(super) fn read(line: &str, rules: &RuleSet, start: i64) -> Result<Self, String> {
        let wrong = |why: &str| format!("match `{line}`: {why}");
        let mut parts = parts(line).map_err(|why| wrong(&why))?.into_iter();
        let mut word = |what: &str| match parts.next() {
            Some(Part::Word(word)) => Ok(word),
            _ => Err(wrong(&format!("it lacks its {what}"))),
        };
        let (time, rule, kind) = (word("time")?, word("rule")?, word("kind")?);
        let time = instant(&time, start).map_err(|why| wrong(&why))?;
        if rules.rules.iter().all(|known| *known.name != *rule) {
            return Err(wrong("there is no such rule"));
        }
        if !["matched", "raised", "cleared", "expired", "timeout"].contains(&&*kind) {
            return Err(wrong("there is no such kind"));
        }
        let items = parts.map(|part| match part {
            Part::Item(name, word) => Ok((name, word)),
            Part::Text(text) => Ok(("text".to_owned(), Word::Quoted(text))),
            Part::Word(_) => Err(wrong("behind the kind stand `name=value`")),
        });
        Ok(Self {
            line: line.to_owned(),
            time,
            rule,
            kind,
            items: items.collect::<Result<_, _>>()?,
        })
    }

    /// Is this what was told?
    fn fits(&self, told: &Told) -> bool {
        self.time == told.time
            && self.rule == told.rule
            && self.kind == told.kind.to_string()
            && self.items.iter().all(|(name, word)| told.holds(name, word))
    }
}

/// What was expected and not told (`-`), and told and not expected (`+`), among what agrees; `None` if all does.
pub(super) fn difference(expected: &[Expected], told: &[Told]) -> Option<String> {
    let fits = |e: usize, t: usize| expected[e].fits(&told[t]);
    if expected.len() == told.len() && (0..told.len()).all(|at| fits(at, at)) {
        return None;
    }
    // The longest common subsequence of what remains, from each pair of places on.
    let mut longest = vec![vec![0_usize; told.len() + 1]; expected.len() + 1];
    for e in (0..expected.len()).rev() {
        for t in (0..told.len()).rev() {
            longest[e][t] = if fits(e, t) {
                longest[e + 1][t + 1] + 1
            } else {
                longest[e + 1][t].max(longest[e][t + 1])
            };
        }
    }
    let (mut e, mut t, mut lines) = (0, 0, Vec::new());
    while e < expected.len() || t < told.len() {
        if e < expected.len() && t < told.len() && fits(e, t) {
            lines.push(format!("    {}", expected[e].line));
            (e, t) = (e + 1, t + 1);
        } else if t == told.len() || e < expected.len() && longest[e + 1][t] >= longest[e][t + 1] {
            lines.push(format!("  - {}", expected[e].line));
            e += 1;
        } else {
            lines.push(format!("  + {}", told[t]));
            t += 1;
        }
    }
    Some(lines.join("\n"))
}

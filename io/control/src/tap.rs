//! Taps: events as they come in, filtered by an expression of the language.
//!
//! The filter is a rule, `on e: TYPES where EXPR`, compiled against the types that the server knows and run by the
//! engine over copies of the batches, here and not on the shards. So that looking on takes little from what is looked
//! at, only a part of the time is spent on it ([`TAP_SHARE`]), so many events a second are told, and nobody waits for
//! who reads too slowly. Whatever is left out is counted, and told.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::body::Bytes;
use prometheus_client::metrics::gauge::Gauge;
use tokio::sync::mpsc::{Receiver, Sender, channel};
use trapjaw_data::plane::{Tap, Tapped};
use trapjaw_dsl::diagnostic::{Diagnostic, Style, render};
use trapjaw_dsl::source::SourceMap;
use trapjaw_engine::{Config, Forward, Input, MatchRef, Origin, Shard, Sink};
use trapjaw_event::{FieldType, Registry, check};
use trapjaw_program::{Clause, Rule, RuleSet, Verified};
use trapjaw_wire::json::write_bound_event;

use crate::limits::{TAP_ANSWERS, TAP_INTERVAL, TAP_SHARE};
use crate::service::Service;

/// What the event is called in the expression: `e.load`, or `load` alone.
const ALIAS: &str = "e";

/// All types.
const ANY: &str = "any";

/// What somebody wants to see.
#[derive(Clone, Debug)]
pub(crate) struct Wish {
    /// What stands behind `on e:` in a rule: types joined by `|`, or `any`.
    pub on: String,
    /// What stands behind `where`.
    pub condition: Option<String>,
    /// Events a second, at most.
    pub rate: u32,
}

/// Why there is no tap.
#[derive(Debug)]
pub(crate) enum TapError {
    /// The types or the expression are wrong.
    Wish(Box<(SourceMap, Vec<Diagnostic>)>),
    /// They hold more than types and an expression: clauses or rules behind their end.
    More,
    /// As many look on as may.
    Busy,
}

impl TapError {
    /// For people, with the place marked.
    pub(crate) fn rendered(&self, style: Style) -> String {
        match self {
            Self::Wish(wrong) => render(&wrong.1, &wrong.0, style),
            Self::More => "error: there is more than types and one expression\n".to_owned(),
            Self::Busy => "as many look on as may\n".to_owned(),
        }
    }
}

/// Opens a tap. What comes out are lines of JSON: `{"event": {...}}`, and now and then
/// `{"left_out": {"rate": ..., "unseen": ...}}`; at the end, if the server has one to tell, `{"end": "..."}`.
pub(crate) fn open(service: &Arc<Service>, wish: &Wish) -> Result<Receiver<Bytes>, TapError> {
    let registry = Arc::clone(&service.books.current().rules.registry);
    let filter = Filter::new(wish, &registry)?;
    let tap = service.plane.tap(filter.types()).ok_or(TapError::Busy)?;
    let (answers, answered) = channel(TAP_ANSWERS);
    let looking = Looking {
        wish: wish.clone(),
        filter,
        tap,
        left_out: LeftOut::default(),
        allowance: Allowance::new(wish.rate),
        answers,
        _counted: Counted::new(&service.metrics.taps),
    };
    tokio::spawn(looking.run(Arc::clone(service)));
    Ok(answered)
}

/// The filter as the engine runs it.
struct Filter {
    shard: Shard,
    /// Of the server: the numbers of its types are the filter's too.
    registry: Arc<Registry>,
    rules: Arc<Verified<RuleSet>>,
    is_any: bool,
}

impl Filter {
    fn new(wish: &Wish, registry: &Arc<Registry>) -> Result<Self, TapError> {
        let mut sources = SourceMap::new();
        sources.add("the server's types", declarations(registry));
        sources.add(
            "types",
            format!("rule `the types` {{ on {ALIAS}:\n{}\n}}", wish.on),
        );
        if let Some(condition) = &wish.condition {
            let on = &wish.on;
            let head = format!("rule `the filter` {{ on {ALIAS}: {on} where (");
            sources.add("expression", format!("{head}\n{condition}\n) }}"));
        }
        let compiled = trapjaw_dsl::compile(&sources)
            .map_err(|found| TapError::Wish(Box::new((sources, found))))?;
        let rules = Arc::new(compiled.program);
        let wanted = 1 + usize::from(wish.condition.is_some());
        let are_plain = rules.rules.len() == wanted && rules.rules.iter().all(is_plain);
        if !are_plain || rules.registry.len() != registry.len() {
            return Err(TapError::More);
        }
        Ok(Self {
            shard: Shard::new(Arc::clone(&rules), Config::default(), (0, 1)),
            registry: Arc::clone(registry),
            rules,
            is_any: wish.on.trim() == ANY,
        })
    }

    /// Names of the types that it reads; none for all.
    fn types(&self) -> Vec<Box<str>> {
        if self.is_any {
            return Vec::new();
        }
        let sources = self.rules.rules.last().map(|rule| &rule.sources);
        let sources = sources.into_iter().flatten();
        sources
            .map(|source| self.registry.get(source.type_id).name.clone())
            .collect()
    }
}

/// Does the rule remember nothing, and do nothing?
fn is_plain(rule: &Rule) -> bool {
    matches!(rule.clause, Clause::Each)
        && rule.key.is_empty()
        && rule.pattern.is_none()
        && rule.limit.is_none()
        && rule.emit.is_none()
        && rule.actions.is_empty()
}

/// The types as declarations, in their order: so they get the same numbers.
fn declarations(registry: &Registry) -> String {
    let mut text = String::new();
    for (_, ty) in registry.iter() {
        // Writing to memory does not fail.
        let _ = writeln!(text, "event `{}` = {} {{", ty.name, quoted(&ty.wire_name));
        for field in &ty.fields {
            let optional = if field.optional { "?" } else { "" };
            let ty = match &field.ty {
                FieldType::Enum(variants) => {
                    let named: Vec<String> = variants.iter().map(|v| format!("`{v}`")).collect();
                    format!("enum({})", named.join(", "))
                }
                other => other.to_string(),
            };
            let _ = writeln!(text, "    `{}`: {ty}{optional}", field.name);
        }
        text.push_str("}\n");
    }
    text
}

/// A text of the language, in which braces mean something.
fn quoted(text: &str) -> String {
    let mut quoted = String::from("\"");
    for character in text.chars() {
        match character {
            '"' | '\\' => quoted.extend(['\\', character]),
            '{' | '}' => quoted.extend([character, character]),
            _ => quoted.push(character),
        }
    }
    quoted.push('"');
    quoted
}

/// Events that were not told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct LeftOut {
    /// They passed the filter, but so many a second were enough, or nobody read fast enough.
    rate: u64,
    /// They were not looked at, for want of time.
    unseen: u64,
}

/// So many events a second, spread over it.
#[derive(Debug)]
struct Allowance {
    rate: f64,
    left: f64,
    at: Instant,
}

impl Allowance {
    fn new(rate: u32) -> Self {
        Self {
            rate: f64::from(rate),
            left: f64::from(rate),
            at: Instant::now(),
        }
    }

    fn refill(&mut self, now: Instant) {
        let passed = now.saturating_duration_since(self.at).as_secs_f64();
        self.left = (self.left + passed * self.rate).min(self.rate);
        self.at = now;
    }

    fn take(&mut self) -> bool {
        let has = self.left >= 1.0;
        if has {
            self.left -= 1.0;
        }
        has
    }
}

/// What the filter lets through of a batch.
struct Passed<'l> {
    lines: Vec<u8>,
    registry: &'l Registry,
    rule: usize,
    allowance: &'l mut Allowance,
    left_out: u64,
}

impl Sink for Passed<'_> {
    fn matched(&mut self, found: &MatchRef<'_>) {
        if found.rule().index() != self.rule {
            return;
        }
        if !self.allowance.take() {
            self.left_out += 1;
            return;
        }
        for event in &found.to_match().events {
            self.lines.extend_from_slice(b"{\"event\":");
            write_bound_event(&mut self.lines, event, self.registry);
            self.lines.extend_from_slice(b"}\n");
        }
    }

    fn forward(&mut self, _: Forward) {
        unreachable!("there is one shard")
    }
}

/// Somebody looks on.
struct Looking {
    wish: Wish,
    filter: Filter,
    tap: Tap,
    left_out: LeftOut,
    allowance: Allowance,
    answers: Sender<Bytes>,
    _counted: Counted,
}

/// Counts itself among those who look on.
struct Counted(Gauge);

impl Counted {
    fn new(taps: &Gauge) -> Self {
        taps.inc();
        Self(taps.clone())
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.dec();
    }
}

impl Looking {
    /// Looks into the tap now and then, until nobody reads or the server stops.
    async fn run(mut self, service: Arc<Service>) {
        let mut wait = TAP_INTERVAL;
        let mut told = Instant::now();
        loop {
            tokio::select! {
                () = self.answers.closed() => return,
                () = tokio::time::sleep(wait) => {}
            }
            if service.is_stopping() {
                return self.end("the server stops");
            }
            let begin = Instant::now();
            self.allowance.refill(begin);
            if let Err(end) = self.look(begin) {
                return self.end(&end);
            }
            if told.elapsed() >= Duration::from_secs(1) && self.tell_left_out() {
                told = begin;
            }
            wait = TAP_INTERVAL.max(begin.elapsed() * (TAP_SHARE - 1));
        }
    }

    /// Looks at what has come, for as long as may be at one time.
    fn look(&mut self, begin: Instant) -> Result<(), String> {
        let mut answer = Vec::new();
        while begin.elapsed() < TAP_INTERVAL
            && let Some(tapped) = self.tap.pop()
        {
            self.look_at(&tapped, &mut answer)?;
        }
        self.left_out.unseen += self.tap.take_missed();
        if !answer.is_empty() && !self.answer(&answer) {
            let lines = memchr::memchr_iter(b'\n', &answer).count();
            self.left_out.rate += lines as u64;
        }
        Ok(())
    }

    fn look_at(&mut self, tapped: &Tapped, answer: &mut Vec<u8>) -> Result<(), String> {
        if !Arc::ptr_eq(&tapped.rules.registry, &self.filter.registry) {
            self.filter = Filter::new(&self.wish, &tapped.rules.registry).map_err(|error| {
                format!(
                    "the rules were reloaded, and since then:\n{}",
                    error.rendered(Style::Plain)
                )
            })?;
        }
        let batch = check(&tapped.batch, &tapped.bindings)
            .map_err(|error| format!("a batch that was sound is not: {error}"))?;
        let mut passed = Passed {
            lines: core::mem::take(answer),
            registry: &self.filter.registry,
            rule: self.filter.rules.rules.len() - 1,
            allowance: &mut self.allowance,
            left_out: 0,
        };
        let input = Input::Batch {
            batch,
            origin: Origin {
                stream: 0,
                sequence: 0,
            },
            ingest: tapped.ingest,
            wall: None,
        };
        self.filter.shard.step(input, &mut passed);
        self.left_out.rate += passed.left_out;
        *answer = passed.lines;
        Ok(())
    }

    /// Sends lines, if who reads has room for them.
    fn answer(&self, lines: &[u8]) -> bool {
        self.answers.try_send(Bytes::copy_from_slice(lines)).is_ok()
    }

    /// Whether there was something to tell, and room to tell it.
    fn tell_left_out(&mut self) -> bool {
        let LeftOut { rate, unseen } = self.left_out;
        if rate + unseen == 0 {
            return false;
        }
        let line = format!("{{\"left_out\":{{\"rate\":{rate},\"unseen\":{unseen}}}}}\n");
        let told = self.answer(line.as_bytes());
        if told {
            self.left_out = LeftOut::default();
        }
        told
    }

    fn end(mut self, why: &str) {
        self.tell_left_out();
        let why: HashMap<&str, &str> = HashMap::from([("end", why)]);
        if let Ok(line) = serde_json::to_string(&why) {
            self.answer(format!("{line}\n").as_bytes());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn registry(text: &str) -> Arc<Registry> {
        let mut sources = SourceMap::new();
        sources.add("rules", text);
        let compiled = trapjaw_dsl::compile(&sources).expect("rules");
        Arc::clone(&compiled.program.registry)
    }

    fn filter(on: &str, condition: Option<&str>) -> Result<Filter, String> {
        let registry = registry(
            "event cpu = \"com.{{cpu}}\" { host: text, load: float?, `where`: enum(`a b`, c) = \"data.x\" }
            event login { user: text, ip: ip }",
        );
        let wish = Wish {
            on: on.to_owned(),
            condition: condition.map(ToOwned::to_owned),
            rate: 1,
        };
        Filter::new(&wish, &registry).map_err(|error| error.rendered(Style::Plain))
    }

    #[test]
    fn a_filter_is_what_a_rule_could_say() {
        let types = |on: &str, condition| {
            let filter = filter(on, condition).unwrap_or_else(|error| panic!("{error}"));
            let names = |registry: &Registry| -> Vec<(Box<str>, Box<str>)> {
                let types = registry.iter();
                types
                    .map(|(_, ty)| (ty.name.clone(), ty.wire_name.clone()))
                    .collect()
            };
            assert_eq!(names(&filter.registry), names(&filter.rules.registry));
            filter.types()
        };
        assert_eq!(
            types("cpu", Some("load > 90% and `where` == c")),
            [Box::from("cpu")]
        );
        assert_eq!(types("cpu | login", None).len(), 2);
        assert!(types("any", Some("e.source starts_with \"rack\"")).is_empty());
    }

    #[test]
    fn what_is_wrong_is_told_with_its_place() {
        let wrong = |on: &str, condition| filter(on, condition).err().expect("it is wrong");
        let told = wrong("cpu", Some("laod > 1"));
        assert!(
            told.contains("did you mean `load`?") && told.contains("expression:2:1"),
            "{told}"
        );
        let told = wrong("cpus", None);
        assert!(
            told.contains("did you mean `cpu`?") && told.contains("types:2:1"),
            "{told}"
        );
        assert!(wrong("cpu", Some("load")).contains("bool"));
        // Nobody gets state or rules of his own in this way.
        for (on, condition) in [
            ("cpu by e.host over 1h", None),
            ("cpu", Some("true) by e.host over 1h having (count() > 1")),
            ("cpu", Some("true) } rule more { on e: cpu where (true")),
            ("cpu } event more { x: int } rule more { on e: more", None),
            ("cpu limit 1 per 1h", None),
        ] {
            assert!(
                wrong(on, condition).contains("more than types"),
                "{on} {condition:?}"
            );
        }
    }

    #[test]
    fn an_allowance_is_spread_over_its_second() {
        let mut allowance = Allowance::new(10);
        let begin = allowance.at;
        assert_eq!((0..20).filter(|_| allowance.take()).count(), 10);
        allowance.refill(begin + Duration::from_millis(350));
        assert_eq!((0..20).filter(|_| allowance.take()).count(), 3);
        allowance.refill(begin + Duration::from_mins(1));
        assert_eq!((0..20).filter(|_| allowance.take()).count(), 10);
    }
}

//! How rules will be run, before they are: `trapjaw plan`.
//!
//! A [`Plan`] says of each rule what starts it, on which shard it is evaluated, what a key of it takes, how many timers it
//! sets, and which of its conditions and windows it shares with others. A [`ChangePlan`] says what becomes of the rules that run when
//! others take their place. Both are facts, which [`Display`](core::fmt::Display) lays out for a terminal of 80 columns,
//! and serde for machines.

mod changes;
mod derivations;
mod drawing;
mod found;
mod layout;
mod sharing;
mod state;
mod text;

use serde::Serialize;
use trapjaw_data::names::version;
use trapjaw_dsl::hir;
use trapjaw_dsl::source::{SourceMap, Span};
use trapjaw_engine::{Bound, Config, Witnesses};
use trapjaw_program::{Routing, Rule, RuleSet, When, listing};

use crate::duration::shown;
use crate::rules::{Loaded, clause};
pub use changes::ChangePlan;
use derivations::Derivation;
pub use drawing::{NoDrawing, drawn};
use found::Found;
use sharing::{Shared, Sharing, Windows};
use state::State;

/// How a rule set will be run.
#[derive(Clone, Debug, Serialize)]
pub struct Plan {
    /// Number of event types that are declared.
    types: usize,
    /// The limits that hold for each rule on each shard.
    limits: Limits,
    rules: Vec<RulePlan>,
    derivations: Vec<Derivation>,
    /// The program, where it was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    disassembly: Option<String>,
}

/// What an operator may set.
#[derive(Clone, Copy, Debug, Serialize)]
struct Limits {
    #[serde(rename = "max_keys")]
    keys: usize,
    #[serde(rename = "max_window_bytes")]
    window_bytes: usize,
    #[serde(rename = "max_state_bytes")]
    state_bytes: usize,
}

/// How one rule will be run.
#[derive(Clone, Debug, Serialize)]
struct RulePlan {
    name: Box<str>,
    version: String,
    file: String,
    line: u32,
    about: Option<Box<str>>,
    /// What starts it.
    alias: Box<str>,
    events: Vec<Box<str>>,
    /// It reads whatever types there are.
    any: bool,
    /// As it is written.
    condition: Option<String>,
    sharing: Option<Sharing>,
    /// What it is found by, where its condition is not computed for all events.
    #[serde(skip_serializing_if = "Option::is_none")]
    found: Option<Found>,
    key: Vec<KeyPart>,
    clause: String,
    /// Who has the same windows.
    #[serde(skip_serializing_if = "Option::is_none")]
    windows: Option<Windows>,
    having: Option<String>,
    limit: Option<String>,
    emits: Option<Box<str>>,
    actions: Vec<Call>,
    /// `local`, `keyed` or `home`.
    routing: &'static str,
    /// Of a pattern: how its partial matches are evaluated.
    #[serde(skip_serializing_if = "Option::is_none")]
    matching: Option<Matching>,
    state: Option<State>,
}

/// How the partial matches of a pattern are evaluated.
#[derive(Clone, Copy, Debug, Serialize)]
#[serde(tag = "by", rename_all = "snake_case")]
enum Matching {
    /// Those that stand alike move together, and there are so many ways to stand.
    Stand { stands: usize },
    /// Each run by itself.
    Run,
}

impl Matching {
    fn of(rule: &Rule, bound: Option<&Bound>) -> Option<Self> {
        rule.pattern.as_ref()?;
        let stands = bound.and_then(|bound| bound.stands);
        Some(stands.map_or(Self::Run, |stands| Self::Stand { stands }))
    }
}

#[derive(Clone, Debug, Serialize)]
struct KeyPart {
    name: Box<str>,
    #[serde(rename = "type")]
    ty: String,
}

#[derive(Clone, Debug, Serialize)]
struct Call {
    name: Box<str>,
    on_clear: bool,
}

impl Plan {
    /// How these rules will be run by an engine with this configuration.
    pub fn of(loaded: &Loaded, config: &Config) -> Self {
        let rules = &**loaded.rules;
        let shared = Shared::of(rules);
        let witnesses = Witnesses::of(&loaded.rules, config);
        let windows = Windows::of(&loaded.rules, config);
        let plans = rules.rules.iter().zip(&loaded.checked.rules).zip(windows);
        let plans = plans.map(|((rule, checked), windows)| {
            let found = Found::of((rules, rule), &witnesses);
            let plan = RulePlan::of((rules, rule), checked, &loaded.sources, &shared, config);
            RulePlan {
                found,
                windows,
                ..plan
            }
        });
        Self {
            types: rules.registry.len(),
            limits: Limits {
                keys: config.max_keys,
                window_bytes: config.max_window_bytes,
                state_bytes: config.max_state_bytes,
            },
            rules: plans.collect(),
            derivations: derivations::of(rules),
            disassembly: None,
        }
    }

    /// The same plan, with the program that the rules were compiled to.
    #[must_use]
    pub fn with_disassembly(self, rules: &RuleSet) -> Self {
        Self {
            disassembly: Some(listing(rules)),
            ..self
        }
    }
}

/// What a rule remembers under an engine with this configuration, as the lines of a plan tell it.
pub fn state_of(rule: &Rule, config: &Config) -> String {
    match Bound::of(rule, config) {
        Some(bound) => State::of(&bound).to_string(),
        None => "state: none".to_owned(),
    }
}

impl RulePlan {
    fn of(
        (set, rule): (&RuleSet, &Rule),
        checked: &hir::Rule,
        sources: &SourceMap,
        shared: &Shared<'_>,
        config: &Config,
    ) -> Self {
        let file = sources.get(checked.span.source);
        let written = |span: Span| {
            let text = &sources.get(span.source).text()[span.start as usize..span.end as usize];
            text.split_whitespace().collect::<Vec<_>>().join(" ")
        };
        let events = rule.sources.iter();
        let events = events.map(|source| set.registry.get(source.type_id).name.clone());
        let bound = Bound::of(rule, config);
        Self {
            name: rule.name.clone(),
            version: version(rule),
            file: file.name().to_owned(),
            line: file.line_column(checked.span.start).line,
            about: rule.metadata.about.clone(),
            alias: rule.alias.clone(),
            events: events.collect(),
            any: rule.any,
            condition: checked.condition.as_ref().map(|it| written(it.span)),
            sharing: shared.with(rule),
            found: None,
            key: (rule.key.iter())
                .map(|part| KeyPart {
                    name: part.name.clone(),
                    ty: part.ty.to_string(),
                })
                .collect(),
            clause: clause::text(rule.clause, rule.zone.as_deref()).to_string(),
            windows: None,
            having: checked.having.as_ref().map(|it| written(it.span)),
            limit: rule
                .limit
                .map(|limit| format!("{} per {}", limit.count, shown(limit.per))),
            emits: rule
                .emit
                .as_ref()
                .map(|emit| set.registry.get(emit.type_id).name.clone()),
            actions: (rule.actions.iter())
                .map(|action| Call {
                    name: action.name.clone(),
                    on_clear: action.when == When::Clear,
                })
                .collect(),
            routing: match rule.routing {
                Routing::Local => "local",
                Routing::Keyed => "keyed",
                Routing::Home(_) => "home",
            },
            matching: Matching::of(rule, bound.as_ref()),
            state: bound.as_ref().map(State::of),
        }
    }
}

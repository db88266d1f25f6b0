//! The partial matches of a pattern: what each had, what it waited for, and why it ended.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::Arc;

use trapjaw_dsl::hir::pattern::{Pattern, Reach};
use trapjaw_engine::trace::{Fate, Refusal, RunStep, Why};
use trapjaw_event::{Event, format};

use super::account::{Account, Context, Outcome, Step};
use crate::table::plain;

/// Starts of a rule that are remembered; when there are more, the half that came least far is forgotten.
const MAX_STARTS: usize = 10_000;

/// Events that a partial match skipped although their type was waited for, told of one.
const MAX_NEAR: usize = 5;

/// How far the best run of a start has come.
struct Partial {
    key: Vec<trapjaw_event::Value>,
    from: i64,
    at: i64,
    bound: Vec<(u16, Arc<Event>)>,
    awaited: Vec<u16>,
    outcome: Outcome,
    why: String,
    /// Events that were nearly what it waited for.
    near: Vec<Step>,
    won: bool,
}

/// The partial matches of one rule, by the number of their start.
#[derive(Default)]
pub(super) struct Partials {
    starts: HashMap<u64, Partial>,
    /// Steps of which there were too many at once to be told.
    pub(super) left_out: u64,
}

impl Partials {
    pub(super) fn step(&mut self, step: &RunStep, context: &Context<'_>) {
        let Some(pattern) = context.rule.pattern.as_deref() else {
            return;
        };
        let came = step.bound.len();
        let known = match self.starts.entry(step.start.0) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(place) => place.insert(Partial {
                key: step.key.clone(),
                from: step.time,
                at: step.time,
                bound: Vec::new(),
                awaited: Vec::new(),
                outcome: Outcome::Open,
                why: String::new(),
                near: Vec::new(),
                won: false,
            }),
        };
        // Of several runs that came as far, the preferred one is told first.
        let is_further = came > known.bound.len();
        let is_same =
            known.bound.iter().zip(&step.bound).all(|(a, b)| a == b) && known.bound.len() == came;
        match &step.fate {
            Fate::Completed => known.won = true,
            Fate::Took(_) | Fate::Passed => {}
            Fate::Skipped(refusals) if is_further || is_same => {
                if is_further {
                    known.near.clear();
                }
                known.settle(step);
                known.note(context, pattern, step, refusals);
            }
            Fate::Waits if is_further || is_same => {
                known.settle(step);
                known.outcome = Outcome::Open;
                "the events end; `--until` lets time go on".clone_into(&mut known.why);
            }
            Fate::Ended(why, refusals)
                if is_further
                    || (is_same && (known.outcome != Outcome::Missed || known.at == step.time)) =>
            {
                if is_further {
                    known.near.clear();
                }
                known.settle(step);
                known.note(context, pattern, step, refusals);
                known.outcome = Outcome::Missed;
                known.why = said(context, pattern, *why, step.event.as_deref());
            }
            _ => {}
        }
        if self.starts.len() > MAX_STARTS {
            self.starts.retain(|_, partial| !partial.won);
            let mut lengths: Vec<usize> = self.starts.values().map(|it| it.bound.len()).collect();
            lengths.sort_unstable();
            let median = lengths.get(lengths.len() / 2).copied().unwrap_or(0);
            let mut left = MAX_STARTS / 2;
            self.starts.retain(|_, partial| {
                let keeps = partial.bound.len() > median || left > 0;
                left = left.saturating_sub(usize::from(partial.bound.len() <= median));
                keeps
            });
        }
    }

    pub(super) fn finish(&mut self, context: &Context<'_>) -> Vec<Account> {
        let Some(pattern) = context.rule.pattern.as_deref() else {
            return Vec::new();
        };
        let mut starts: Vec<(u64, Partial)> = self.starts.drain().collect();
        starts.retain(|(_, partial)| !partial.won && !partial.bound.is_empty());
        // Those that went through most elements, then those that bound most, then the first.
        starts.sort_by_key(|(number, partial)| {
            let mut elements: Vec<u16> = partial.bound.iter().map(|(by, _)| *by).collect();
            elements.dedup();
            let (elements, bound) = (elements.len(), partial.bound.len());
            (
                usize::MAX - elements,
                usize::MAX - partial.near.len(),
                usize::MAX - bound,
                *number,
            )
        });
        let accounts = starts
            .into_iter()
            .map(|(_, partial)| partial.told(context, pattern));
        let accounts = accounts.filter(|account| context.is_asked(account));
        accounts.take(context.options.most).collect()
    }
}

impl Partial {
    /// Stands where the step stood.
    fn settle(&mut self, step: &RunStep) {
        if self.bound != step.bound || self.at != step.time {
            self.awaited.clear();
        }
        // Several ways may go on from here.
        self.awaited.extend(&step.awaited);
        self.awaited.sort_unstable();
        self.awaited.dedup();
        self.bound.clone_from(&step.bound);
        self.at = step.time;
    }

    /// Notes what was missing of an event that was nearly what it waited for.
    fn note(
        &mut self,
        context: &Context<'_>,
        pattern: &Pattern,
        step: &RunStep,
        refusals: &[Refusal],
    ) {
        let Some(event) = &step.event else { return };
        if refusals.is_empty() || self.near.len() >= MAX_NEAR {
            return;
        }
        for refusal in refusals {
            let element = &pattern.elements[usize::from(refusal.element)];
            let late = element.conditions.iter();
            let mut late = late.filter(|condition| !matches!(condition.reach, Reach::Event));
            let read = refusal.values.iter();
            let read = read.map(|read| format!("{} = {}", read.name, plain(&read.ty, &read.value)));
            let read: Vec<String> = read.collect();
            let what = match refusal
                .condition
                .and_then(|number| late.nth(usize::from(number)))
            {
                Some(condition) => {
                    let text = context.text(condition.expr.span);
                    let with = if read.is_empty() {
                        String::new()
                    } else {
                        format!(" ({})", read.join(", "))
                    };
                    format!("not {}: `{text}` is not true{with}", element.name)
                }
                None => {
                    let own = element.conditions.iter();
                    let own = own.filter(|condition| matches!(condition.reach, Reach::Event));
                    let own: Vec<&str> = own
                        .map(|condition| context.text(condition.expr.span))
                        .collect();
                    format!("not {}: `{}` is not true", element.name, own.join(" and "))
                }
            };
            self.near.push(Step {
                at: step.time,
                what,
                event: Some(context.event(event)),
            });
        }
    }

    fn told(self, context: &Context<'_>, pattern: &Pattern) -> Account {
        let name = |element: &u16| pattern.elements[usize::from(*element)].name.to_string();
        let bound = self.bound.iter().map(|(element, event)| Step {
            at: event.time,
            what: name(element),
            event: Some(context.event(event)),
        });
        let mut steps: Vec<Step> = bound.collect();
        steps.extend(self.near);
        let awaited: Vec<String> = self.awaited.iter().map(name).collect();
        let waited = if awaited.is_empty() {
            "waited for time to pass".to_owned()
        } else {
            format!("waited for {}", awaited.join(" or "))
        };
        Account {
            outcome: self.outcome,
            at: self.at,
            from: self.from,
            key: context.key(&self.key),
            says: format!("{waited}; {}", self.why),
            conditions: Vec::new(),
            steps,
        }
    }
}

/// Why a run ended.
fn said(context: &Context<'_>, pattern: &Pattern, why: Why, event: Option<&Event>) -> String {
    let name = |element: usize| &*pattern.elements[element].name;
    match why {
        Why::Window => {
            let within = pattern.within.map_or_else(String::new, |within| {
                format!(" of {}", format::Duration(within))
            });
            format!("its window{within} was over")
        }
        Why::Forbidden(elements) => {
            let names = (0..pattern.elements.len()).filter(|index| elements >> index & 1 == 1);
            let names: Vec<&str> = names.map(name).collect();
            let event =
                event.map_or_else(String::new, |event| format!(" ({})", context.event(event)));
            format!("{} came{event}", names.join(" and "))
        }
        Why::NotNext => {
            let event =
                event.map_or_else(String::new, |event| format!(": {}", context.event(event)));
            format!("the next event did not fit{event}")
        }
        Why::Rival => "another way of the same start took the event".to_owned(),
        Why::Preferred => "a preferred way of the same start won".to_owned(),
        Why::Before => "what must not come before it had come".to_owned(),
        Why::Unjudged => "a condition in the `and` could not be judged".to_owned(),
        Why::PassedBy => "it is part of what a match skips".to_owned(),
        Why::GivenUp => "there were too many partial matches".to_owned(),
    }
}

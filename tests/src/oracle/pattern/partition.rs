//! The partitions of a rule with a pattern: which events each sees, and what it tells.

use trapjaw_dsl::hir::pattern::{ElementId, Pattern};
use trapjaw_event::{Event, MatchKind, Value};

use super::super::clause::{Input, Limiter};
use super::super::eval::Scope;
use super::super::{Matched, Run, order_keys};
use super::{History, Report, View, known, sees};

impl Run<'_> {
    /// Gives an event to each partition that sees it, in the order of keys. The events that are derived.
    pub(in crate::oracle) fn take_by_pattern(
        &mut self,
        place: usize,
        pattern: &Pattern,
        event: &Event,
        at: i64,
    ) -> Vec<(Event, i64)> {
        let scope = Scope {
            registry: &self.rules.registry,
            tables: &self.rules.tables,
            rule: &self.rules.rules[place],
            event,
            is_seen: true,
            rows: &[],
            length: None,
            bound: None,
        };
        let elements = (0..pattern.elements.len()).map(|element| ElementId::new(element as u32));
        let mut partitions: Vec<Vec<Value>> = elements
            .filter_map(|element| sees(pattern, element, event, scope))
            .collect();
        partitions.sort_by(|a, b| order_keys(a, b));
        partitions.dedup();
        let mut derived = Vec::new();
        for values in partitions {
            let key = self.key(place, values);
            self.keys[place][key].history.push(Input::Event {
                at,
                event: event.clone(),
                satisfies: true,
            });
            derived.extend(self.judge(place, key));
        }
        derived
    }

    /// Reports what the last input of a partition makes known. The events that are derived.
    pub(in crate::oracle) fn judge_pattern(
        &mut self,
        place: usize,
        key: usize,
        pattern: &Pattern,
    ) -> Vec<(Event, i64)> {
        let state = &self.keys[place][key];
        let events = state.history.iter().filter_map(|input| match input {
            Input::Event { at, event, .. } => Some((*at, event)),
            Input::Expected { .. } | Input::Deadline { .. } => None,
        });
        let input: Vec<(i64, &Event)> = events.collect();
        let history = History {
            registry: &self.rules.registry,
            tables: &self.rules.tables,
            rule: &self.rules.rules[place],
            key: &state.values,
            idle_ttl: self.options.idle_ttl,
            input: &input,
            now: state
                .history
                .last()
                .expect("there is an input to judge")
                .at(),
        };
        let known = known(&history, pattern);
        let told = &state.told;
        let new: Vec<&Report> = known
            .reports
            .iter()
            .filter(|report| !told.iter().any(|(_, them)| them.contains(report)))
            .collect();
        // Of what was told before, `limit` counts the matches.
        let mut limit = Limiter::new(history.rule);
        for (at, _) in told
            .iter()
            .filter(|(_, them)| them[0].kind == MatchKind::Matched)
        {
            limit.lets_pass(*at);
        }
        // Those of a moment, each as itself or all as one.
        let as_one = if pattern.together { new.len() } else { 1 };
        let new: Vec<(i64, Vec<Report>)> = new
            .chunks(as_one.max(1))
            .map(|them| (history.now, them.iter().copied().cloned().collect()))
            .collect();
        let mut output = Vec::new();
        for (at, them) in &new {
            if them[0].kind == MatchKind::Timeout || limit.lets_pass(*at) {
                output.push(self.told(place, pattern, &history, them));
            }
        }
        // What would come past the end of time does not come.
        let deadline = known.deadline.filter(|&at| at != i64::MAX);
        let state = &mut self.keys[place][key];
        state.told.extend(new);
        state.deadline = deadline;
        let derived = output
            .iter()
            .filter_map(|matched| matched.derived.clone().zip(Some(matched.time)));
        let derived: Vec<(Event, i64)> = derived.collect();
        self.output.extend(output);
        derived
    }

    fn told(
        &self,
        place: usize,
        pattern: &Pattern,
        history: &History<'_>,
        reports: &[Report],
    ) -> Matched {
        let report = &reports[0];
        let timeout = report.kind == MatchKind::Timeout;
        let bound: Vec<_> = reports.iter().flat_map(|it| &it.bound).copied().collect();
        let view = View {
            waiting: timeout.then_some(&report.waiting[..]),
            together: pattern.together.then_some(reports.len()),
            ..history.view(pattern, &bound)
        };
        let scope = Scope {
            registry: history.registry,
            tables: history.tables,
            rule: history.rule,
            event: history.input[report.start].1,
            is_seen: true,
            rows: &[],
            length: None,
            bound: Some(&view),
        };
        let elements = pattern.elements.iter().enumerate();
        let events = elements.map(|(index, element)| {
            let events = view.events(ElementId::new(index as u32));
            (
                element.name.clone(),
                events.into_iter().cloned().collect::<Vec<_>>(),
            )
        });
        let is_told = |events: &Vec<Event>| !events.is_empty() && !pattern.together;
        let events = events.filter(|(_, events)| is_told(events)).collect();
        self.tell(
            place,
            report.kind,
            history.now,
            history.key.to_vec(),
            events,
            scope,
        )
    }
}

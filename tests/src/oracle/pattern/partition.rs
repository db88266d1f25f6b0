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
            .filter(|report| !told.iter().any(|(_, it)| it == *report))
            .collect();
        // Of what was told before, `limit` counts the matches.
        let mut limit = Limiter::new(history.rule);
        for (at, _) in told
            .iter()
            .filter(|(_, report)| report.kind == MatchKind::Matched)
        {
            limit.lets_pass(*at);
        }
        let mut output = Vec::new();
        for report in &new {
            if report.kind == MatchKind::Timeout || limit.lets_pass(history.now) {
                output.push(self.told(place, pattern, &history, report));
            }
        }
        let new: Vec<(i64, Report)> = new
            .into_iter()
            .map(|report| (history.now, report.clone()))
            .collect();
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
        report: &Report,
    ) -> Matched {
        let timeout = report.kind == MatchKind::Timeout;
        let view = View {
            waiting: timeout.then_some(&report.waiting[..]),
            ..history.view(pattern, &report.bound)
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
        let events = events.filter(|(_, events)| !events.is_empty()).collect();
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

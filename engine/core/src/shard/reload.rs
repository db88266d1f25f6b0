//! New rules in the place of old ones.

use std::collections::HashMap;
use std::sync::Arc;

use trapjaw_event::{RuleId, TypeId};
use trapjaw_program::{Rule, RuleSet, Verified, inherits};

use super::{Shard, bindings, of_lines};
use crate::lines::Lines;
use crate::stage::{Held, Turn};

impl Shard {
    pub(super) fn reload(&mut self, rules: Arc<Verified<RuleSet>>) {
        // Matches of the last step refer to events that states keep.
        self.outputs.clear();
        let from = self.config.index_from;
        self.samples = self.samples.renewed(&self.rules, &rules, from);
        let index = (self.index).renewed(&self.rules, &rules, from, &self.samples);
        self.index = Arc::new(index);
        let old = core::mem::replace(&mut self.rules, rules);
        let former = former_places(&old, &self.rules);
        let matches = core::mem::take(&mut self.counters.matches);
        let mut waiting = Vec::new();
        for stage in &mut self.stages {
            waiting.extend(core::iter::from_fn(|| stage.pop()));
        }
        let clock = self.clocks[0];
        self.lines = Lines::new(&self.rules);
        (self.agendas, self.clocks, self.stages) = of_lines(&self.rules, &self.lines);
        for (line, of_line) in self.clocks.iter_mut().enumerate() {
            *of_line = match line {
                0 => clock,
                _ => self.lines.watermark(line as u32, self.base),
            };
        }
        let mut before = Vec::new();
        for (rule, index) in self.rules.rules.iter().zip(former) {
            self.counters
                .matches
                .push(index.map_or(0, |index| matches[index]));
            before.push(
                index.filter(|&index| inherits((&old, &old.rules[index]), (&self.rules, rule))),
            );
        }
        let states = core::mem::take(&mut self.states);
        (self.groups, self.states) =
            self.groups
                .inherit(states, (&self.rules, &before), &self.config, self.place.1);
        let each = self.states.iter_mut().zip(&self.rules.rules).zip(before);
        for (((state, rule), before), id) in each.zip(0..) {
            if let Some(index) = before
                && let Some(places) = new_places((&old, index), (&self.rules, rule))
            {
                state.reorder_sources(&places);
            }
            let id = RuleId::new(id);
            let line = self.lines.of(id) as usize;
            state.reload(self.clocks[line]);
            let agenda = &mut self.agendas[line];
            agenda.set_deadline(id, state.next_deadline());
        }
        self.bindings = bindings(&self.rules);
        self.version += 1;
        self.counters.late.resize(self.rules.registry.len(), 0);
        self.hold_again(&old, waiting);
    }
    /// Puts rows that wait into the stages of the lines that their rules are on now. Rules that are new, or have
    /// another meaning, begin anew; a row whose type is another one is dropped, and counted.
    fn hold_again(&mut self, old: &RuleSet, waiting: Vec<(Turn, Held)>) {
        if waiting.is_empty() {
            return;
        }
        let rules = Arc::clone(&self.rules);
        let new = &*rules;
        let types: Vec<Option<TypeId>> = (old.registry.iter())
            .map(|(_, before)| {
                let id = new.registry.by_wire_name(&before.wire_name)?;
                (new.registry.get(id).fields == before.fields).then_some(id)
            })
            .collect();
        let names = new.rules.iter().zip(0..);
        let places: HashMap<&str, u32> = names.map(|(rule, id)| (&*rule.name, id)).collect();
        let place = |rule: RuleId| {
            let before = &old.rules[rule.index()];
            let id = *places.get(&*before.name)?;
            inherits((old, before), (new, &new.rules[id as usize])).then(|| RuleId::new(id))
        };
        for (turn, mut held) in waiting {
            let Some(ty) = types[held.event.type_id.index()] else {
                self.counters.unrouted += 1;
                continue;
            };
            held.event.type_id = ty;
            let targets: Vec<RuleId> = held.targets.iter().copied().filter_map(place).collect();
            for line in 1..self.lines.len() as u32 {
                let of_line = targets.iter().copied();
                let mut of_line: Vec<RuleId> = of_line
                    .filter(|&rule| self.lines.of(rule) == line)
                    .collect();
                of_line.sort_unstable();
                if !of_line.is_empty() {
                    let targets = of_line;
                    self.stages[line as usize].hold(
                        turn,
                        Held {
                            targets,
                            ..held.clone()
                        },
                    );
                }
            }
        }
    }
}

/// By rule: the place of the one of its name among those before. Most mostly stay in their order, so the next place is tried
/// before names are looked up.
fn former_places(old: &RuleSet, new: &RuleSet) -> Vec<Option<usize>> {
    let mut places: Option<HashMap<&str, usize>> = None;
    let mut expected = 0;
    let place = |rule: &Rule| {
        let is_expected = |former: &Rule| former.name == rule.name;
        let found = if old.rules.get(expected).is_some_and(is_expected) {
            Some(expected)
        } else {
            let places = places.get_or_insert_with(|| {
                let names = old.rules.iter().map(|rule| &*rule.name);
                names.zip(0..).collect()
            });
            places.get(&*rule.name).copied()
        };
        expected = found.unwrap_or(expected) + 1;
        found
    };
    new.rules.iter().map(place).collect()
}

/// Where each source of a rule stands in one of the same meaning; `None` where all stand as they did.
fn new_places((old, index): (&RuleSet, usize), (new, rule): (&RuleSet, &Rule)) -> Option<Vec<u16>> {
    fn names<'r>(set: &'r RuleSet, rule: &'r Rule) -> impl Iterator<Item = &'r str> {
        let types = rule.sources.iter().map(|source| source.type_id);
        types.map(|ty| &*set.registry.get(ty).wire_name)
    }
    let before = || names(old, &old.rules[index]);
    if before().eq(names(new, rule)) {
        return None;
    }
    let places: HashMap<&str, u16> = names(new, rule).zip(0..).collect();
    // Whoever inherits has all of the sources that there were.
    Some(
        before()
            .map(|name| places.get(name).copied().unwrap_or_default())
            .collect(),
    )
}

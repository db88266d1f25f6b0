//! What a rule sees of the step, and where it puts what it finds.

use std::sync::Arc;

use trapjaw_event::{MatchKind, Registry, RuleId, Value, ValueRef};
use trapjaw_program::{Rule, Table};

use super::feed::{At, Feed};
use super::group::Group;
use super::reader::NoKey;
use crate::config::Config;
use crate::counters::Counters;
use crate::forward::Stray;
use crate::kept::KeptEvent;
use crate::key;
use crate::output::{Alias, Fired, Identity, Outputs, Packings};
use crate::place::{EVENT, root_timer};
use crate::segment::Segment;

/// One rule's view of a step.
pub(crate) struct Context<'s> {
    pub(crate) rule: &'s Rule,
    pub(crate) id: RuleId,
    pub(crate) registry: &'s Registry,
    pub(crate) tables: &'s [Arc<Table>],
    pub(crate) segments: &'s [&'s Segment<'s>],
    pub(crate) feeds: &'s [Feed<'s>],
    /// The first instant of the step.
    pub(crate) start: i64,
    /// Where the clock is on its way to, after the last row of the step.
    pub(crate) target: i64,
    /// When each row of the step takes effect; not decreasing.
    pub(crate) effects: &'s [i64],
    pub(crate) config: &'s Config,
    /// This shard and the number of shards.
    pub(crate) shard: (u32, u32),
    pub(crate) outputs: &'s mut Outputs,
    pub(crate) strays: &'s mut Vec<Stray>,
    pub(crate) counters: &'s mut Counters,
    /// The elements of a pattern that see the row at hand.
    pub(crate) sees: u64,
    /// All rules.
    pub(crate) rules: &'s [Rule],
    /// The rules that have the same windows, where there are several.
    pub(crate) group: Option<&'s Group>,
    /// Which of them `rule` is; the first unless it is another's turn.
    pub(crate) member: usize,
}

/// What brings a match about.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Trigger {
    /// A row.
    Row(At),
    /// A deadline, with what the rule last knew of its event.
    Deadline(i64),
}

impl<'s> Context<'s> {
    /// From here on, it is the turn of this one of the rules with the same windows.
    #[inline]
    pub(crate) fn turn_to(&mut self, member: usize) {
        if let Some(group) = self.group {
            self.member = member;
            self.id = group.rule(member);
            self.rule = &self.rules[self.id.index()];
        }
    }

    /// How many rules have these windows.
    pub(crate) fn members(&self) -> usize {
        self.group.map_or(1, Group::len)
    }

    /// Where the rule's aggregates are among those of its windows.
    pub(crate) fn columns(&self) -> impl Iterator<Item = usize> + use<'s> {
        let (group, member) = (self.group, self.member);
        (0..self.rule.aggregates.len())
            .map(move |aggregate| group.map_or(aggregate, |group| group.column(member, aggregate)))
    }

    /// Where one of the rule's aggregates is among those of its windows.
    pub(crate) fn column(&self, aggregate: u16) -> usize {
        let aggregate = usize::from(aggregate);
        (self.group).map_or(aggregate, |group| group.column(self.member, aggregate))
    }

    /// A row was skipped for want of a key.
    pub(crate) fn skip(&mut self, why: NoKey) {
        for _ in 0..self.members() {
            self.counters.skip(why);
        }
    }

    pub(crate) fn feed(&self, at: At) -> &'s Feed<'s> {
        &self.feeds[at.feed as usize]
    }

    /// When a row takes effect.
    #[inline]
    pub(crate) fn effect(&self, at: At) -> i64 {
        self.feed(at).effects[at.index as usize]
    }

    /// Where the move of the clock ends that passes an instant: a move goes from one event's time to the next, or to
    /// where the clock is told to go without an event.
    pub(crate) fn reached(&self, instant: i64) -> i64 {
        let row = self.effects.partition_point(|&effect| effect < instant);
        self.effects.get(row).copied().unwrap_or(self.target)
    }

    /// Up to when the rule's own timers go off before a row: those of the same instant too, but not before
    /// what a timer of an earlier rule derived at that instant.
    #[inline]
    pub(crate) fn timers_before(&self, at: At, effect: i64) -> i64 {
        let feed = self.feed(at);
        if !feed.segment.has_causes() {
            return effect;
        }
        match root_timer(feed.segment.cause(feed.rows.get(at.index))) {
            Some((deadline, rule)) if deadline == effect && rule < self.id => {
                effect.saturating_sub(1)
            }
            _ => effect,
        }
    }

    /// The alias that is a row of this step.
    pub(crate) fn alias(&self, at: At, whole: bool) -> Alias {
        let feed = self.feed(at);
        Alias::Row {
            segment: feed.number,
            row: feed.rows.get(at.index),
            whole,
        }
    }

    /// Copies a row so that it outlives the step: its envelope and the fields that the rule keeps.
    pub(crate) fn keep(&self, at: At, copy: &mut KeptEvent) {
        let feed = self.feed(at);
        let row = feed.rows.get(at.index) as usize;
        copy.assign(feed.keeping(self.rule), row);
    }

    /// Reports a match of the key whose encoding is given.
    pub(crate) fn fire(
        &mut self,
        key: &[u8],
        kind: MatchKind,
        trigger: Trigger,
        (alias, identity): (Alias, Identity),
        aggregates: impl IntoIterator<Item = Value>,
    ) {
        let (row, deadline, cause, time) = match trigger {
            Trigger::Row(at) => {
                let feed = self.feed(at);
                let row = feed.rows.get(at.index);
                (
                    feed.segment.step_row(row),
                    EVENT,
                    feed.segment.cause(row).clone(),
                    self.effect(at),
                )
            }
            // A timer belongs before the first row that takes effect at its deadline or later.
            Trigger::Deadline(deadline) => {
                let row = self.effects.partition_point(|&effect| effect < deadline);
                (row as u32, deadline, None, deadline)
            }
        };
        let start = self.outputs.keys.len();
        self.outputs.keys.extend_from_slice(key);
        let first = self.outputs.aggregates.len();
        self.outputs.aggregates.extend(aggregates);
        self.counters.matches[self.id.index()] += 1;
        self.outputs.fired.push(Fired {
            row,
            deadline,
            rule: self.id,
            emission: 0,
            cause,
            kind,
            time,
            alias,
            identity,
            key: start..self.outputs.keys.len(),
            aggregates: first,
            values: self.outputs.aggregates.len() - first,
        });
    }

    /// Reports a match of a pattern: its kind and its number among those of its moment, where its events, by element,
    /// begin in [`Outputs::bound`], and its values, those of the rule's aggregates first.
    pub(crate) fn fire_bound(
        &mut self,
        key: &[u8],
        (kind, emission): (MatchKind, u32),
        trigger: Trigger,
        (first, identity): (usize, Identity),
        values: Vec<Value>,
    ) {
        let alias = Alias::Bound {
            first: first as u32,
            count: (self.outputs.bound.len() - first) as u32,
        };
        let Some(last) = self.outputs.fired.last().filter(|_| emission > 0) else {
            return self.fire(key, kind, trigger, (alias, identity), values);
        };
        // All but the first are of the same key and moment.
        let first = self.outputs.aggregates.len();
        let fired = Fired {
            emission,
            cause: last.cause.clone(),
            kind,
            alias,
            identity,
            key: last.key.clone(),
            aggregates: first,
            values: values.len(),
            ..*last
        };
        if !values.is_empty() {
            self.outputs.aggregates.extend(values);
        }
        self.counters.matches[self.id.index()] += 1;
        self.outputs.fired.push(fired);
    }

    /// Reports so many more matches of the moment of the last one, which differ from that in nothing but their events: these
    /// stand at the end of [`Outputs::bound`], as many for each of them as for that one.
    pub(crate) fn fire_alike(&mut self, matches: usize) {
        let Some(last) = self.outputs.fired.last() else {
            return;
        };
        let Alias::Bound { first, count } = last.alias else {
            return;
        };
        let last = last.clone();
        self.counters.matches[self.id.index()] += matches as u64;
        let more = (1..=matches as u32).map(|number| Fired {
            emission: last.emission + number,
            cause: last.cause.clone(),
            alias: Alias::Bound {
                first: first + number * count,
                count,
            },
            key: last.key.clone(),
            ..last
        });
        self.outputs.fired.extend(more);
    }

    /// The alias that is an event kept from before.
    pub(crate) fn kept(&mut self, kept: &Arc<KeptEvent>) -> Alias {
        self.outputs.kept.push(Arc::clone(kept));
        Alias::Kept(self.outputs.kept.len() as u32 - 1)
    }

    /// Events of the rule, or of each of those with the same windows, are put into words like this.
    pub(crate) fn know(&mut self, packings: &Packings) {
        match self.group {
            None => self.outputs.know(self.id, packings),
            Some(group) => {
                for rule in group.members() {
                    self.outputs.know(rule, packings);
                }
            }
        }
    }

    /// The alias of a key that was never seen: an event of which nothing is known but its key.
    pub(crate) fn unseen(&mut self, key: &[u8]) -> Alias {
        let value = key::decode(&self.rule.key, key).into_iter().next();
        let value = value.as_ref().map_or(ValueRef::Null, Value::as_ref);
        let place = self.rule.kept_key();
        let values = (0..self.rule.kept.len()).map(|kept| match place {
            Some(place) if place == kept => value,
            _ => ValueRef::Null,
        });
        self.outputs.kept.push(Arc::new(KeptEvent::unseen(values)));
        Alias::Unseen(self.outputs.kept.len() as u32 - 1)
    }

    /// Passes a row on to the shard that owns its key.
    pub(crate) fn stray(&mut self, at: At, destination: u32) {
        let feed = self.feed(at);
        let stray = Stray {
            destination,
            rule: self.id,
            segment: feed.number,
            row: feed.rows.get(at.index),
            effect: self.effect(at),
        };
        match self.group {
            None => self.strays.push(stray),
            Some(group) => {
                let each = group.members().map(|rule| Stray { rule, ..stray });
                self.strays.extend(each);
            }
        }
    }
}

//! Rows on their way into the stages of rules that let events be late.
//!
//! It is the first half of what the evaluation of such a rule does with a row: is it for the rule, and which shard
//! owns its key? That shard's stage holds the row, once for all rules of the line that want it.

use std::collections::BTreeMap;

use trapjaw_event::RuleId;
use trapjaw_program::Routing;

use crate::evaluation::Evaluation;
use crate::forward::Stray;
use crate::key;
use crate::place::compare_inputs;
use crate::rule::{Feed, Intake};
use crate::segment::{Origin, Segment};
use crate::stage::{Held, Turn};

/// A row for the stage of a line.
#[derive(Debug)]
pub(crate) struct Hold {
    pub(crate) line: u32,
    pub(crate) turn: Turn,
    pub(crate) held: Held,
}

impl Evaluation<'_> {
    /// Sends the rows that rules of later lines want to the shards that own them.
    pub(crate) fn stage(&mut self, segments: &[&Segment<'_>]) {
        // By segment and row: the rules for which this shard holds it.
        let mut own: BTreeMap<(usize, u32), Vec<RuleId>> = BTreeMap::new();
        for (number, segment) in segments.iter().enumerate() {
            if !self.lines.is_read_behind(self.line, segment.type_id()) {
                continue;
            }
            for &(rule, _) in segment.readers() {
                if self.lines.of(rule) > self.line {
                    self.stage_for(rule, number, segment, |row| {
                        own.entry((number, row)).or_default().push(rule);
                    });
                }
            }
        }
        let mut rows: Vec<_> = own.into_iter().collect();
        rows.sort_by(|(a, _), (b, _)| {
            let (sa, sb) = (segments[a.0], segments[b.0]);
            compare_inputs(
                (sa.step_row(a.1), sa.cause(a.1)),
                (sb.step_row(b.1), sb.cause(b.1)),
            )
        });
        for ((number, row), rules) in rows {
            self.hold(segments[number], row, rules);
        }
    }

    /// Tells the rows of a segment that this shard holds for a rule; the others go to their owners.
    fn stage_for(
        &mut self,
        id: RuleId,
        number: usize,
        segment: &Segment<'_>,
        mut tell: impl FnMut(u32),
    ) {
        let rule = &self.rules.rules[id.index()];
        let breaks = self.states[id.index()].breaks();
        let Some(intake) = Intake::new(
            segment,
            number as u32,
            (id, rule),
            (breaks, &self.span),
            &self.rules.tables,
        ) else {
            return;
        };
        let feed = Feed::new((rule, None), &intake, self.effects);
        let mut reader = feed.keys(rule, self.place);
        let door = self
            .door
            .map(|base| self.lines.watermark(self.lines.of(id), base));
        for index in 0..feed.rows.len() as u32 {
            let row = feed.rows.get(index);
            let effect = feed.effects[index as usize];
            if door.is_some_and(|door| time_of(segment, row, effect) < door) {
                continue;
            }
            let owner = match rule.routing {
                Routing::Local => self.place.0,
                Routing::Home(hash) => key::owner(hash, self.place.1),
                Routing::Keyed => match reader.encode(index) {
                    Ok(()) => key::owner(key::hash(reader.encoded()), self.place.1),
                    Err(why) => {
                        self.counters.skip(why);
                        continue;
                    }
                },
            };
            if owner == self.place.0 {
                tell(row);
            } else {
                self.strays.push(Stray {
                    destination: owner,
                    rule: id,
                    segment: number as u32,
                    row,
                    effect,
                });
            }
        }
    }

    /// Puts a row into the stages of the lines whose rules want it.
    fn hold(&mut self, segment: &Segment<'_>, row: u32, rules: Vec<RuleId>) {
        let is_derived = segment.cause(row).is_some();
        let mut origin = segment.origin(row);
        if is_derived && origin == Origin::NOWHERE {
            *self.numbered += 1;
            origin.sequence = *self.numbered;
        }
        let step_row = segment.step_row(row) as usize;
        let effect = segment.effect(row);
        let effect = effect.unwrap_or_else(|| self.effects[step_row]);
        let turn = Turn {
            time: time_of(segment, row, effect),
            is_derived,
            stream: origin.stream,
            sequence: origin.sequence,
        };
        let mut by_line: BTreeMap<u32, Vec<RuleId>> = BTreeMap::new();
        for rule in rules {
            by_line.entry(self.lines.of(rule)).or_default().push(rule);
        }
        for (line, mut targets) in by_line {
            targets.sort_unstable();
            targets.dedup();
            let held = Held {
                event: segment.section.event(row as usize),
                origin,
                targets,
            };
            self.holds.push(Hold { line, turn, held });
        }
    }
}

/// When a row happened, as stages reckon: its own time, but where that is too far ahead, when it took effect.
fn time_of(segment: &Segment<'_>, row: u32, effect: i64) -> i64 {
    segment.section.times()[row as usize].min(effect)
}

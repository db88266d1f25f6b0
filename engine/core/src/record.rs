//! What a shard took in, so that a live run can be repeated.
//!
//! Live, the order of a partition's events is that in which its owner took them in, and the instant at which
//! they take effect depends on that shard's clock. A record holds both. [`repeat`] runs the records of all
//! shards on a single one: row by row in the order in which they took effect, each taken in as the shard
//! that recorded it would have. A partition lives on one shard, so it meets the same rows at the same
//! instants, and what a live run found is found again.

use std::sync::Arc;

use trapjaw_event::{BatchBuilder, Event, Match, RuleId};
use trapjaw_program::{Rule, RuleSet, Verified};

use crate::config::Config;
use crate::forward::Forward;
use crate::matched::MatchRef;
use crate::output::Sink;
use crate::segment::RowOrigin;
use crate::shard::{Input, Shard};

/// One thing that a shard took in.
#[derive(Clone, Debug)]
pub struct Record(Kind);

#[derive(Clone, Debug)]
enum Kind {
    /// A row: at the door, from another shard, or one that has waited.
    Row {
        /// The line of time on which it takes effect.
        line: u32,
        event: Box<Event>,
        row: RowOrigin,
        /// Of a row that was not at the door: the rules that it is for.
        targets: Option<Vec<RuleId>>,
    },
    /// Time has come this far on a line.
    Tick { line: u32, now: i64 },
}

impl Record {
    pub(crate) fn row(
        line: u32,
        event: Event,
        row: RowOrigin,
        targets: Option<Vec<RuleId>>,
    ) -> Self {
        Self(Kind::Row {
            line,
            event: Box::new(event),
            row,
            targets,
        })
    }

    pub(crate) fn tick(line: u32, now: i64) -> Self {
        Self(Kind::Tick { line, now })
    }

    /// Where it stands among the records of all shards: lines of time know nothing of each other, and on each the order
    /// is that in which rows took effect.
    fn order(&self) -> (u32, i64) {
        let (Kind::Row { line, .. } | Kind::Tick { line, .. }) = self.0;
        (line, self.effect())
    }

    /// Did it come from another shard, or wait?
    pub fn is_forwarded(&self) -> bool {
        matches!(
            &self.0,
            Kind::Row {
                targets: Some(_),
                ..
            }
        )
    }

    /// When it took effect.
    pub fn effect(&self) -> i64 {
        match &self.0 {
            Kind::Row { row, .. } => row.effect,
            Kind::Tick { now, .. } => *now,
        }
    }
}

/// Runs on one shard what several shards recorded, each its own list in its own order. The matches are in
/// the order in which they are found; between partitions that need not be the order of the live run. At
/// the end time has passed everywhere as far as on the shard that was furthest.
///
/// `None` if a rule derives events: what a timer derives would have to be routed as on the shard of its key,
/// which a single shard does not know. `None` also if the clock starts a rule: over which instants one move of the
/// clock passes depends on the events that the rule's own shard took in.
///
/// # Panics
///
/// If the rules are not those of the run.
pub fn repeat(
    rules: &Arc<Verified<RuleSet>>,
    config: Config,
    records: &[Vec<Record>],
) -> Option<Vec<Match>> {
    let is_refused = |rule: &Rule| rule.emit.is_some() || rule.clause.is_schedule();
    if rules.rules.iter().any(is_refused) {
        return None;
    }
    let shards = records.len() as u32;
    let mut shard = Shard::new(Arc::clone(rules), config, (0, shards));
    let mut builder = BatchBuilder::new(Arc::clone(&rules.registry));
    let mut found = Found(Vec::new());
    let lists = records.iter().zip(0_u32..);
    let mut order: Vec<(u32, &Record)> = lists
        .flat_map(|(list, number)| list.iter().map(move |record| (number, record)))
        .collect();
    // Stable: of one shard's records the order stays, since its clock never went back.
    order.sort_by_key(|(_, record)| record.order());
    for (number, record) in order {
        shard.act_as(number);
        match &record.0 {
            Kind::Tick { line, now } => shard.pass_line(*line, *now, &mut found),
            Kind::Row {
                line,
                event,
                row,
                targets,
            } => {
                builder
                    .push(event)
                    .expect("a recorded row fits the rules' types");
                let readers = || {
                    let readers = rules.types[event.type_id.index()].readers.iter();
                    let readers = readers.map(|(rule, _)| *rule);
                    readers.filter(|&rule| shard.line_of(rule) == 0).collect()
                };
                let mut targets: Vec<RuleId> = targets.clone().unwrap_or_else(readers);
                targets.sort_unstable();
                let forward = Forward {
                    destination: number,
                    batch: builder.finish(),
                    version: shard.version(),
                    ingest: 0,
                    line: *line,
                    rows: vec![row.clone()],
                    targets: targets.into_iter().map(|rule| (rule, 0)).collect(),
                };
                shard.step(Input::Forwarded(&forward), &mut found);
            }
        }
    }
    Some(found.0)
}

/// Keeps matches. What goes to another shard was recorded there.
struct Found(Vec<Match>);

impl Sink for Found {
    fn matched(&mut self, found: &MatchRef<'_>) {
        self.0.push(found.to_match());
    }

    fn forward(&mut self, _forward: Forward) {}
}

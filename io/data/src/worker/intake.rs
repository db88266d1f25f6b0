//! Events on their way into the engine, from clients and from the control plane.

use trapjaw_engine::Origin;
use trapjaw_event::{BatchBuilder, BatchErrorKind, BatchView, check, layout};
use trapjaw_wire::Code;
use trapjaw_wire::frame::{Events, Kind};

use super::Worker;
use super::command::Submitted;
use super::connection::Refused;
use super::streams::Claim;
use crate::driver::ConnId;
use crate::plane::{Refusal, Taken};
use crate::time::monotonic;
use std::sync::Arc;
use std::sync::atomic::Ordering;

impl Worker {
    /// Takes a client's batch in. It is checked before it is claimed, so that a bad one claims nothing.
    pub(super) fn events(&mut self, id: ConnId, events: &Events<'_>) -> Result<(), Refused> {
        let refused =
            |code, reason: String| Refused::new(Kind::Events, code, reason).of(events.first_seq);
        let Some(connection) = self.clients.get(id) else {
            return Ok(());
        };
        let Some(stream) = connection.stream.clone() else {
            unreachable!("without a HELLO no events are admitted")
        };
        let last = events.first_seq + u64::from(events.rows) - 1;
        if events.layout != layout() {
            let reason = format!(
                "layout {:#x}, but {:#x} is read here",
                events.layout,
                layout()
            );
            return Err(refused(Code::EventsLayout, reason));
        }
        let batch = check(events.batch, &connection.bindings).map_err(|error| {
            let unbound = connection
                .declared
                .iter()
                .flatten()
                .find_map(|d| d.unbound.as_ref());
            let reason = match unbound {
                Some(why) if error.kind() == BatchErrorKind::Schema => {
                    format!("{error}; the rules were reloaded, and since then {why}")
                }
                _ => error.to_string(),
            };
            refused(Code::from(error.kind()), reason)
        })?;
        if batch.rows() != events.rows {
            let reason = format!("{} rows, but {} announced", batch.rows(), events.rows);
            return Err(refused(Code::EventsRows, reason));
        }
        let origin = Origin {
            stream: stream.id(),
            sequence: events.first_seq,
        };
        match stream.claim(events.first_seq, events.rows) {
            Claim::Gap(high) => {
                let reason = format!(
                    "events from {} on, but the stream is at {high}",
                    events.first_seq
                );
                return Err(refused(Code::FrameSequence, reason));
            }
            Claim::From(0) => {
                let ingest = monotonic();
                let seen = (events.batch, batch);
                self.evaluator.show(seen, &connection.bindings, ingest);
                self.evaluator.take(batch, origin, ingest);
            }
            Claim::From(skipped) => {
                self.tally.repeated += u64::from(skipped);
                take_rest(&mut self.evaluator, batch, origin, skipped);
            }
            Claim::Taken => self.tally.repeated += u64::from(events.rows),
        }
        self.tally.batches += 1;
        if let Some(connection) = self.clients.get(id) {
            connection.took(last, events.rows);
            if !core::mem::replace(&mut connection.owes_ack, true) {
                self.clients.acks.push(id);
            }
        }
        self.tell_all();
        Ok(())
    }

    /// Takes a batch of the control plane in.
    pub(super) fn submitted(&mut self, submitted: Submitted) {
        let Submitted {
            submission,
            origin,
            done,
        } = submitted;
        let current = self.evaluator.shard().version();
        let taken = if submission.version != current {
            Err(Refusal::Version { current })
        } else {
            let loaded = Arc::clone(self.evaluator.loaded());
            match check(&submission.batch, &loaded.identity) {
                Ok(batch) => {
                    let ingest = submission.ingest.max(1);
                    let seen = (&*submission.batch, batch);
                    self.evaluator.show(seen, &loaded.identity, ingest);
                    self.evaluator.take_submitted(batch, origin, ingest);
                    self.tally.submissions += 1;
                    Ok(Taken {
                        shard: self.place,
                        rows: batch.rows(),
                    })
                }
                Err(error) => Err(Refusal::Batch(error)),
            }
        };
        self.settled(done, taken);
        self.tell_all();
    }

    /// Answers a submission and makes room for another.
    pub(super) fn settled(&self, done: super::Done, taken: Result<Taken, Refusal>) {
        self.shared.places[self.place]
            .submissions
            .fetch_sub(1, Ordering::AcqRel);
        done(taken);
    }
}

/// Takes in what is left of a batch whose first rows were taken earlier.
fn take_rest(
    evaluator: &mut super::evaluator::Evaluator,
    batch: BatchView<'_>,
    origin: Origin,
    skipped: u32,
) {
    let loaded = Arc::clone(evaluator.loaded());
    let ingest = monotonic();
    let mut builder = BatchBuilder::new(Arc::clone(&loaded.rules.registry));
    let mut sequence = origin.sequence + u64::from(skipped);
    let mut take = |builder: &mut BatchBuilder| {
        let rows = builder.rows() as u64;
        let bytes = builder.finish();
        let rest = check(&bytes, &loaded.identity).expect("a batch that was just built is sound");
        evaluator.show((&bytes, rest), &loaded.identity, ingest);
        evaluator.take(rest, Origin { sequence, ..origin }, ingest);
        sequence += rows;
    };
    for (section, row) in batch.rows_in_order().skip(skipped as usize) {
        let event = batch.section(section).event(row);
        if builder.push(&event).is_err() {
            // Full: a row of a checked batch fits an empty one.
            take(&mut builder);
            builder
                .push(&event)
                .expect("a row of a checked batch fits an empty batch");
        }
    }
    take(&mut builder);
}

//! Events from a request's body into batches, and into the data plane.

use std::collections::VecDeque;

use axum::http::HeaderMap;
use axum::http::header::CONTENT_TYPE;
use serde_json::{Value, json};
use tokio::time::timeout;
use trapjaw_event::{BatchBuilder, BatchBytes, BuildError, Event};
use trapjaw_wire::Code;
use trapjaw_wire::json::{EventReader, JsonError, NdjsonReader};

use crate::limits::{MAX_REPORTED, RECEIPT_TIMEOUT};
use crate::plane::{Plane, Receipt, Refused, Submission};

/// The forms in which a body holds events.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// One event, `CloudEvents` or short.
    Single,
    /// One `CloudEvents` event.
    Structured,
    /// One `CloudEvents` event whose envelope is in the request's headers.
    Binary,
    /// An array of `CloudEvents` events.
    Batched,
    /// One event a line, `CloudEvents` or short.
    Lines,
}

impl Form {
    /// What the number of a refused event counts.
    pub(crate) fn counts(self) -> &'static str {
        match self {
            Self::Lines => "line",
            _ => "item",
        }
    }
}

/// A refused event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Refusal {
    /// Its line or place, from 1.
    pub at: u64,
    pub code: &'static str,
    pub reason: String,
}

impl Refusal {
    pub(crate) fn to_json(&self, form: Form) -> Value {
        json!({ form.counts(): self.at, "code": self.code, "reason": self.reason })
    }
}

/// What was read of a body.
#[derive(Debug, Default)]
pub(crate) struct Read {
    batches: Vec<Built>,
    /// How many events were refused.
    refused: u64,
    /// The first of them.
    refusals: Vec<Refusal>,
}

#[derive(Debug)]
struct Built {
    batch: BatchBytes,
    rows: u32,
    /// The place of its first event.
    first: u64,
    /// How many events were refused before that.
    refused: u64,
}

impl Read {
    /// Reads a body. Events without a time happened `now`.
    ///
    /// # Errors
    ///
    /// If the body as a whole is not what its form says; of several events each is refused by itself.
    pub(crate) fn of(
        mut reader: EventReader,
        form: Form,
        headers: &HeaderMap,
        body: &[u8],
        now: i64,
    ) -> Result<Self, JsonError> {
        let mut building = Building {
            builder: BatchBuilder::new(reader.registry().clone()),
            first: 1,
            refused: 0,
            read: Self::default(),
        };
        match form {
            Form::Single => building.add(1, &reader.event(body, now)?),
            Form::Structured => building.add(1, &reader.structured(body, now)?),
            Form::Binary => {
                let pairs = headers
                    .iter()
                    .map(|(name, value)| (name.as_str(), value.as_bytes()));
                let content_type = headers
                    .get(CONTENT_TYPE)
                    .and_then(|value| value.to_str().ok());
                building.add(1, &reader.binary(pairs, content_type, body, now)?);
            }
            Form::Batched => {
                for (event, at) in reader.batched(body, now)?.into_iter().zip(1..) {
                    building.take(at, event);
                }
            }
            Form::Lines => {
                let lines = NdjsonReader::new(body, reader, now);
                // Bytes in memory are read without errors.
                for (at, event) in lines.map_while(Result::ok) {
                    building.take(at, event);
                }
            }
        }
        building.finish_batch();
        Ok(building.read)
    }
}

struct Building {
    builder: BatchBuilder,
    /// The place of the batch's first event.
    first: u64,
    /// How many events were refused before it.
    refused: u64,
    read: Read,
}

impl Building {
    fn take(&mut self, at: u64, event: Result<Event, JsonError>) {
        match event {
            Ok(event) => self.add(at, &event),
            Err(error) => self.refuse(at, error.code().name(), error.reason().to_owned()),
        }
    }

    fn add(&mut self, at: u64, event: &Event) {
        let mut pushed = self.builder.push(event);
        if pushed == Err(BuildError::Full) {
            self.finish_batch();
            pushed = self.builder.push(event);
        }
        match pushed {
            Ok(()) if self.builder.rows() == 1 => {
                self.first = at;
                self.refused = self.read.refused;
            }
            Ok(()) => {}
            // The reader has checked types and nulls; what is left is size.
            Err(error) => self.refuse(at, Code::JsonLength.name(), error.to_string()),
        }
    }

    fn refuse(&mut self, at: u64, code: &'static str, reason: String) {
        self.read.refused += 1;
        if self.read.refusals.len() < MAX_REPORTED {
            self.read.refusals.push(Refusal { at, code, reason });
        }
    }

    fn finish_batch(&mut self) {
        if self.builder.is_empty() {
            return;
        }
        let rows = self.builder.rows() as u32;
        self.read.batches.push(Built {
            batch: self.builder.finish(),
            rows,
            first: self.first,
            refused: self.refused,
        });
    }
}

/// What became of a body's events.
#[derive(Debug, Default)]
pub(crate) struct Outcome {
    /// Events that a shard has taken.
    pub accepted: u64,
    /// Events that were refused for what they are.
    pub refused: u64,
    /// The first of those.
    pub refusals: Vec<Refusal>,
    /// Why the rest was not taken.
    pub stop: Option<Stop>,
}

/// Why the rest of a body's events was not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stop {
    /// No room from this place on.
    Busy(u64),
    /// The plane is stopping; nothing was taken from this place on.
    Stopping(u64),
    /// Handed over, but not known to be taken.
    NotReceived,
}

/// Batches that were handed over, and not confirmed yet.
#[derive(Debug, Default)]
pub(crate) struct Submitted {
    outcome: Outcome,
    pending: VecDeque<(Receipt, u32)>,
}

impl Submitted {
    /// Hands batches over, in their order. Where there is no room it waits for those before to be taken, and gives up
    /// when none is left to wait for.
    pub(crate) async fn of(read: Read, plane: &dyn Plane, ingest: u64) -> Self {
        let mut submitted = Self {
            outcome: Outcome {
                refused: read.refused,
                refusals: read.refusals,
                ..Outcome::default()
            },
            pending: VecDeque::new(),
        };
        for built in read.batches {
            let (first, refused) = (built.first, built.refused);
            if let Err(stop) = submitted.hand_over(built, plane, ingest).await {
                // What comes behind will be sent again, and be judged then.
                let outcome = &mut submitted.outcome;
                outcome.refused = refused;
                outcome.refusals.retain(|refusal| refusal.at < first);
                outcome.stop.get_or_insert(stop);
                break;
            }
        }
        submitted
    }

    async fn hand_over(
        &mut self,
        built: Built,
        plane: &dyn Plane,
        ingest: u64,
    ) -> Result<(), Stop> {
        let (first, rows) = (built.first, built.rows);
        let mut submission = Submission {
            batch: built.batch,
            rows,
            ingest,
        };
        loop {
            submission = match plane.submit(submission) {
                Ok(receipt) => {
                    self.pending.push_back((receipt, rows));
                    return Ok(());
                }
                Err(Refused::Stopping) => return Err(Stop::Stopping(first)),
                Err(Refused::Busy(submission)) => submission,
            };
            if !self.confirm_oldest().await {
                return Err(Stop::Busy(first));
            }
        }
    }

    /// Waits for the oldest batch to be taken; false if there is none.
    async fn confirm_oldest(&mut self) -> bool {
        let Some((receipt, rows)) = self.pending.pop_front() else {
            return false;
        };
        match timeout(RECEIPT_TIMEOUT, receipt).await {
            Ok(Ok(())) => self.outcome.accepted += u64::from(rows),
            Ok(Err(_)) | Err(_) => self.outcome.stop = Some(Stop::NotReceived),
        }
        true
    }

    /// Waits until all that was handed over has been taken.
    pub(crate) async fn confirmed(mut self) -> Outcome {
        while self.confirm_oldest().await {}
        self.outcome
    }
}

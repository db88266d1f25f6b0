//! Actions: what matches set off in the world.
//!
//! Each action has one bounded queue and a limit of calls at one time. The [dispatcher](dispatch::Dispatcher) takes
//! matches out of the shards' outbox, in their order, and puts a call into the queue of each action that a match sets
//! off. Where a queue is full, `when_full` decides: `block` makes the dispatcher wait, so that the outbox fills, the shards
//! stop reading and clients get no more credit; `drop` counts the call and goes on.
//!
//! A call is attempted at least once and may be attempted again: receivers tell repetitions by the id of the match and the
//! number of the action in its rule, which are the same on every attempt and every replay.

mod context;
mod dispatch;
mod log;
mod queue;
mod retry;
mod run;
mod webhook;

use core::fmt;
use std::sync::Arc;

use trapjaw_event::{ActionCall, Match};

pub(crate) use dispatch::Dispatcher;
pub(crate) use queue::{Actions, Pending, Routes};
pub(crate) use webhook::no_tls;

use crate::config::{ActionConfig, Effect};
use crate::rules::book::{Book, Page};
use retry::Again;

/// Numbers the configured actions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ActionId(usize);

/// One call of an action, set off by a match.
#[derive(Clone, Debug)]
struct Call {
    book: Arc<Book>,
    matched: Arc<Match>,
    /// Which of the match's actions.
    index: usize,
    /// When the match was made.
    made: u64,
}

impl Call {
    fn page(&self) -> &Page {
        self.book.page(self.matched.rule)
    }

    fn action(&self) -> &ActionCall {
        &self.matched.actions[self.index]
    }

    /// Tells this call from every other, on every attempt and replay.
    fn key(&self) -> String {
        format!("{}-{}", self.matched.id, self.action().action)
    }
}

/// Why an attempt failed.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Failure {
    reason: String,
    again: Again,
}

impl Failure {
    fn new(again: Again, reason: impl Into<String>) -> Self {
        Self {
            reason: reason.into(),
            again,
        }
    }
}

/// Does what an action is configured to do.
#[derive(Debug)]
enum Executor {
    Log,
    Webhook(webhook::Webhook),
    Run(run::Run),
}

impl Executor {
    fn new(config: &ActionConfig) -> Result<Self, ActionError> {
        Ok(match &config.effect {
            Effect::Log => Self::Log,
            Effect::Webhook { url, headers } => {
                Self::Webhook(webhook::Webhook::new(url, headers, config)?)
            }
            Effect::Run { argv, cwd, env } => Self::Run(run::Run::new(argv, cwd.as_deref(), env)),
        })
    }

    /// One attempt; it is stopped, with all that belongs to it, by dropping the future.
    async fn attempt(&self, name: &str, call: &Call, attempt: u32) -> Result<(), Failure> {
        match self {
            Self::Log => {
                log::write(name, call);
                Ok(())
            }
            Self::Webhook(webhook) => webhook.post(call, context::of(call, attempt)).await,
            Self::Run(run) => run.execute(name, call, context::of(call, attempt)).await,
        }
    }
}

/// Why an action can't be set up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ActionError {
    reason: String,
}

impl ActionError {
    fn new(reason: impl Into<String>) -> Self {
        Self {
            reason: reason.into(),
        }
    }
}

impl fmt::Display for ActionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.reason)
    }
}

impl std::error::Error for ActionError {}

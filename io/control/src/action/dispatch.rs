//! From the shards' outbox to the actions' queues.

use std::sync::Arc;

use tokio::sync::watch;
use trapjaw_event::{IntoMatches, Match};
use trapjaw_program::{RuleSet, Verified};

use super::{Actions, Call};
use crate::metrics::Metrics;
use crate::plane::MatchReceiver;
use crate::recent::Recent;
use crate::rules::book::{Book, Books};

/// Takes matches out of the outbox, counts them, keeps them to be looked at, and hands their calls to the actions.
#[derive(Debug)]
pub(crate) struct Dispatcher {
    pub outbox: MatchReceiver,
    pub books: Arc<Books>,
    pub actions: Actions,
    pub recent: Arc<Recent>,
    pub metrics: Arc<Metrics>,
}

impl Dispatcher {
    /// Runs until the shards are gone and all their matches are dispatched, or until told to stop. Gives the number of
    /// matches that were not dispatched, as far as they are known.
    pub(crate) async fn run(mut self, mut stop: watch::Receiver<bool>) -> u64 {
        let mut batch = IntoMatches::default();
        let mut in_hand = 0;
        tokio::select! {
            biased;
            _ = stop.wait_for(|stop| *stop) => {}
            () = self.all(&mut batch, &mut in_hand) => {}
        }
        let mut left = in_hand + batch.len() as u64;
        while let Some(batch) = self.outbox.waiting_batch() {
            left += batch.matches.len() as u64;
        }
        left
    }

    async fn all(&mut self, matches: &mut IntoMatches, in_hand: &mut u64) {
        while let Some(batch) = self.outbox.next().await {
            let book = self.book(&batch.rules);
            *matches = batch.matches.into_iter();
            for matched in matches.by_ref() {
                *in_hand = 1;
                self.one(&book, batch.made, matched).await;
                *in_hand = 0;
            }
        }
    }

    fn book(&self, rules: &Arc<Verified<RuleSet>>) -> Arc<Book> {
        self.books.of(rules).unwrap_or_else(|| {
            let book = Book::new(Arc::clone(rules), self.actions.names(), &self.metrics);
            let book = Arc::new(book);
            self.books.learn(Arc::clone(&book));
            book
        })
    }

    async fn one(&self, book: &Arc<Book>, made: u64, matched: Match) {
        let page = book.page(matched.rule);
        page.matches.inc();
        if matched.ingest > 0 {
            let taken = made.saturating_sub(matched.ingest);
            self.metrics.ingest_to_match.record(taken);
        }
        let matched = Arc::new(matched);
        for (index, call) in matched.actions.iter().enumerate() {
            // Rules are only loaded if their actions exist, and a plane runs only what was loaded.
            let Some(id) = page.routes[call.action as usize] else {
                self.metrics.unroutable.inc();
                continue;
            };
            let call = Call {
                book: Arc::clone(book),
                matched: Arc::clone(&matched),
                index,
                made,
            };
            self.actions.offer(id, call).await;
        }
        self.recent.push(Arc::clone(book), matched);
        // A flood of matches must not keep the thread from everything else.
        tokio::task::consume_budget().await;
    }
}

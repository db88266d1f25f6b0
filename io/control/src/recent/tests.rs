use trapjaw_dsl::source::SourceMap;
use trapjaw_event::{MatchId, MatchKind, RuleId};

use super::*;
use crate::Config;
use crate::action::Routes;
use crate::metrics::Metrics;
use crate::plane::{
    Plane, PlaneStatistics, Receipt, Refused, ReloadError, Statistics, Submission, Version,
};
use crate::rules::Loaded;

/// A plane that takes nothing.
struct NoPlane;

impl Plane for NoPlane {
    fn submit(&self, _: Submission) -> Result<Receipt, Refused> {
        Err(Refused::Stopping)
    }

    fn reload(
        &self,
        _: Arc<trapjaw_program::Verified<trapjaw_program::RuleSet>>,
    ) -> Result<Version, ReloadError> {
        Err(ReloadError::new("none"))
    }

    fn statistics(&self) -> Statistics {
        Box::pin(async { PlaneStatistics::default() })
    }

    fn now(&self) -> u64 {
        0
    }
}

fn book() -> Arc<Book> {
    let mut sources = SourceMap::new();
    let rules =
        "event e { t: text }\nrule a { on e: e do log(\"a\") }\nrule b { on e: e do log(\"b\") }";
    sources.add("x.trap", rules);
    let loaded = Loaded::compile(sources, &Config::default()).unwrap();
    let metrics = Metrics::new(Arc::new(NoPlane));
    Arc::new(Book::new(loaded.rules, &Routes::new(), &metrics))
}

fn found(rule: u32, id: u128, text: usize) -> Arc<Match> {
    Arc::new(Match {
        rule: RuleId::new(rule),
        kind: MatchKind::Matched,
        id: MatchId(id),
        time: 0,
        key: vec![Value::Text("x".repeat(text).into())],
        events: vec![],
        values: vec![],
        actions: vec![],
        ingest: 0,
    })
}

fn ids(kept: &[Kept]) -> Vec<u128> {
    kept.iter().map(|kept| kept.matched.id.0).collect()
}

#[test]
fn the_newest_come_first_and_rules_can_be_told_apart() {
    let (recent, book) = (Recent::default(), book());
    for id in 0..6 {
        recent.push(Arc::clone(&book), found(id as u32 % 2, id, 0));
    }
    assert_eq!(ids(&recent.newest(None, 4)), [5, 4, 3, 2]);
    assert_eq!(ids(&recent.newest(Some("a"), 10)), [4, 2, 0]);
    assert_eq!(ids(&recent.newest(Some("c"), 10)), [] as [u128; 0]);
}

#[test]
fn number_and_bytes_are_bounded() {
    let (recent, book) = (Recent::default(), book());
    for id in 0..2 * RECENT_MATCHES as u128 {
        recent.push(Arc::clone(&book), found(0, id, 0));
    }
    let all = recent.newest(None, usize::MAX);
    assert_eq!(all.len(), RECENT_MATCHES);
    assert_eq!(all[0].matched.id.0, 2 * RECENT_MATCHES as u128 - 1);
    // One that takes up most of the room leaves little for others, and one that takes up more than all is not kept.
    recent.push(
        Arc::clone(&book),
        found(0, 1, RECENT_BYTES - 2 * weight(&found(0, 0, 0))),
    );
    assert_eq!(ids(&recent.newest(None, usize::MAX)).len(), 2);
    recent.push(Arc::clone(&book), found(0, 2, RECENT_BYTES));
    assert_eq!(ids(&recent.newest(None, usize::MAX))[0], 1);
}

#[test]
fn old_rules_go_with_their_matches() {
    let recent = Recent::default();
    let books: Vec<Arc<Book>> = (0..KEPT_BOOKS + 2).map(|_| book()).collect();
    for (id, book) in books.iter().enumerate() {
        recent.push(Arc::clone(book), found(0, 2 * id as u128, 0));
        recent.push(Arc::clone(book), found(0, 2 * id as u128 + 1, 0));
    }
    assert_eq!(recent.newest(None, usize::MAX).len(), 2 * KEPT_BOOKS);
    assert_eq!(Arc::strong_count(&books[0]), 1);
    assert_eq!(Arc::strong_count(&books[KEPT_BOOKS + 1]), 3);
}

//! The last matches, to be looked at.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use trapjaw_event::{BoundEvent, Match, Value};

use crate::limits::{KEPT_BOOKS, RECENT_BYTES, RECENT_MATCHES};
use crate::rules::book::Book;

/// A ring of the last matches, bounded in number and bytes.
#[derive(Debug, Default)]
pub(crate) struct Recent(Mutex<Ring>);

#[derive(Debug, Default)]
struct Ring {
    /// The newest last.
    kept: VecDeque<Kept>,
    bytes: usize,
    /// Runs of matches of the same rules.
    runs: usize,
}

/// A match with the rules that it is told by.
#[derive(Clone, Debug)]
pub(crate) struct Kept {
    pub book: Arc<Book>,
    pub matched: Arc<Match>,
    bytes: usize,
    /// The first of its rules since those of others.
    opens: bool,
}

impl Recent {
    pub(crate) fn push(&self, book: Arc<Book>, matched: Arc<Match>) {
        let bytes = weight(&matched);
        let mut ring = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if bytes > RECENT_BYTES {
            return;
        }
        let newest = ring.kept.back();
        let opens = newest.is_none_or(|newest| !Arc::ptr_eq(&newest.book, &book));
        ring.bytes += bytes;
        ring.runs += usize::from(opens);
        ring.kept.push_back(Kept {
            book,
            matched,
            bytes,
            opens,
        });
        // Old rule sets are not to be kept for the sake of their matches.
        while ring.kept.len() > RECENT_MATCHES
            || ring.bytes > RECENT_BYTES
            || ring.runs > KEPT_BOOKS
        {
            let Some(oldest) = ring.kept.pop_front() else {
                break;
            };
            ring.bytes -= oldest.bytes;
            match ring.kept.front_mut() {
                Some(next) if !next.opens => next.opens = true,
                _ => ring.runs -= 1,
            }
        }
    }

    /// The newest ones first, of one rule if one is named.
    pub(crate) fn newest(&self, rule: Option<&str>, limit: usize) -> Vec<Kept> {
        let ring = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let wanted = |kept: &&Kept| {
            let name = &kept.book.page(kept.matched.rule).names.rule;
            rule.is_none_or(|rule| **name == *rule)
        };
        let newest = ring.kept.iter().rev().filter(wanted);
        newest.take(limit).cloned().collect()
    }
}

/// The bytes that a match holds, about.
fn weight(matched: &Match) -> usize {
    let Match {
        key,
        events,
        values,
        actions,
        ..
    } = matched;
    let values_of = |values: &[Value]| values.iter().map(value).sum::<usize>();
    size_of::<Match>()
        + values_of(key)
        + values_of(values)
        + actions
            .iter()
            .map(|call| 32 + values_of(&call.args))
            .sum::<usize>()
        + events.iter().map(event).sum::<usize>()
}

fn event(event: &BoundEvent) -> usize {
    let texts = [&event.source, &event.id, &event.subject];
    let texts = texts.into_iter().flatten().map(|text| text.len());
    size_of::<BoundEvent>()
        + event.alias.len()
        + texts.sum::<usize>()
        + event
            .fields
            .iter()
            .map(|(_, field)| 8 + value(field))
            .sum::<usize>()
}

fn value(value: &Value) -> usize {
    size_of::<Value>()
        + match value {
            Value::Text(text) => text.len(),
            _ => 0,
        }
}

#[cfg(test)]
mod tests;

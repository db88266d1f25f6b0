//! Two rule sets over the same events: which matches a change adds, and which it removes.
//!
//! Matches are compared by what they say: rule, kind, time, key, and values with the arguments of their actions. The
//! version of the rule and the match's id, which change with the rule's meaning, do not count; nor which fields of the
//! events a match carries, which depends on what the rule mentions. Of matches that say the same, as many as there are
//! on both sides are the same.
//!
//! Both sets take the same events in one pass. A match that one side makes at another event than the other (as for a
//! rule whose lateness changed) is still the same match, as long as no more than
//! [`PENDING_DIFFERENCES`](crate::limits::PENDING_DIFFERENCES) others wait for their counterpart meanwhile.

use core::fmt;
use std::collections::{BTreeMap, HashMap, VecDeque};
use std::io;
use std::sync::Arc;

use serde_json::{Map, Value, json};
use trapjaw_data::names::rule_names;
use trapjaw_event::Match;
use trapjaw_program::{RuleSet, Verified};
use trapjaw_wire::json::{RuleNames, write_match};

use crate::limits::PENDING_DIFFERENCES;
use crate::recorded::{InputError, Recording, Refusal, read_ahead};
use crate::replay::{Feed, Options};
use crate::table;

/// Whose a match is that the other side has not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Side {
    /// Only the old rules make it.
    Removed,
    /// Only the new rules make it.
    Added,
}

/// A match that only one side makes.
#[derive(Clone, Debug)]
pub struct Difference {
    /// Whose it is.
    pub side: Side,
    /// As one JSON object, as `trapjaw replay` tells it.
    pub json: String,
    /// As a row for people.
    pub row: String,
}

impl Difference {
    /// `{"change": "added", "match": {...}}`, on one line.
    pub fn to_json(&self) -> String {
        let change = match self.side {
            Side::Removed => "removed",
            Side::Added => "added",
        };
        format!("{{\"change\":\"{change}\",\"match\":{}}}", self.json)
    }
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = match self.side {
            Side::Removed => '-',
            Side::Added => '+',
        };
        write!(f, "{sign} {}", self.row)
    }
}

/// What two rule sets made of the same events.
#[derive(Debug, Default)]
pub struct Compared {
    /// By name of the rule.
    pub rules: BTreeMap<Box<str>, Counts>,
    /// Events that the new rules took.
    pub events: u64,
    /// Lines or rows that the new rules refused.
    pub refused: u64,
    /// Why not all files were read to their end. What came before was judged.
    pub input: Option<InputError>,
}

/// Matches of a rule.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// On both sides.
    pub same: u64,
    /// Of the old rules alone.
    pub removed: u64,
    /// Of the new rules alone.
    pub added: u64,
}

impl Compared {
    /// Is there any difference?
    pub fn differs(&self) -> bool {
        self.rules
            .values()
            .any(|counts| counts.added + counts.removed > 0)
    }

    /// `{"events": ..., "refused": ..., "rules": {NAME: {"same": ..., "added": ..., "removed": ...}}}`, on one line.
    pub fn to_json(&self) -> String {
        let rules: Map<String, Value> = self
            .rules
            .iter()
            .map(|(name, counts)| {
                let Counts {
                    same,
                    removed,
                    added,
                } = counts;
                let counts = json!({ "same": same, "added": added, "removed": removed });
                (name.to_string(), counts)
            })
            .collect();
        json!({ "events": self.events, "refused": self.refused, "rules": rules }).to_string()
    }
}

impl fmt::Display for Compared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            rules,
            events,
            refused,
            ..
        } = self;
        writeln!(f, "events {events}, lines refused {refused}")?;
        let width = rules
            .keys()
            .map(|name| name.chars().count())
            .max()
            .unwrap_or(0);
        for (name, counts) in rules {
            let Counts {
                same,
                removed,
                added,
            } = counts;
            writeln!(
                f,
                "  {name:<width$}  same {same}, added {added}, removed {removed}"
            )?;
        }
        Ok(())
    }
}

/// Runs recorded events through two rule sets. Each match that only one makes goes to `differs`, in the order of time;
/// each line or row that the new rules refuse to `refused`.
///
/// # Errors
///
/// Those of `differs`, which end it.
pub fn compare(
    old: &Arc<Verified<RuleSet>>,
    new: &Arc<Verified<RuleSet>>,
    recording: Recording,
    options: Options,
    mut differs: impl FnMut(&Difference) -> io::Result<()>,
    mut refused: impl FnMut(Option<&str>, u64, &Refusal),
) -> io::Result<Compared> {
    let mut sides = [Judge::new(old, options), Judge::new(new, options)];
    let mut pending = Pending::default();
    let mut compared = Compared::default();
    for judge in &sides {
        for names in &judge.names {
            pending.rules.entry(names.rule.clone()).or_default();
        }
    }
    let registries = [Arc::clone(&old.registry), Arc::clone(&new.registry)];
    let input = read_ahead(recording, &registries, options.batch, |piece| {
        for ((judge, parsed), side) in sides
            .iter_mut()
            .zip(&piece.parsed)
            .zip([Side::Removed, Side::Added])
        {
            if side == Side::Added {
                compared.events += parsed.events;
                compared.refused += parsed.refused.len() as u64;
                for (number, reason) in &parsed.refused {
                    refused(piece.file.as_deref(), *number, reason);
                }
            }
            for (batch, rows) in &parsed.batches {
                judge.feed.judge(batch, *rows, &mut |found| {
                    judge.found.push(found);
                    Ok(())
                })?;
            }
        }
        pending.take(&mut sides);
        pending.tell(PENDING_DIFFERENCES, &mut differs)
    })?;
    if let Some(until) = options.until {
        for judge in &mut sides {
            judge.feed.tick(until, &mut |found| {
                judge.found.push(found);
                Ok(())
            })?;
        }
        pending.take(&mut sides);
    }
    pending.tell(0, &mut differs)?;
    Ok(Compared {
        rules: pending.rules,
        input,
        ..compared
    })
}

/// One side.
struct Judge<'r> {
    rules: &'r Verified<RuleSet>,
    names: Vec<RuleNames>,
    feed: Feed,
    found: Vec<Match>,
}

impl<'r> Judge<'r> {
    fn new(rules: &'r Arc<Verified<RuleSet>>, options: Options) -> Self {
        Self {
            rules,
            names: rules.rules.iter().map(rule_names).collect(),
            feed: Feed::new(rules, options),
            found: Vec::new(),
        }
    }

    fn difference(&self, side: Side, found: &Match) -> (String, Difference) {
        let names = &self.names[found.rule.index()];
        let mut json = Vec::new();
        write_match(&mut json, found, names, &self.rules.registry);
        let json = String::from_utf8(json).expect("JSON is UTF-8");
        let mut said: Map<String, Value> =
            serde_json::from_str(&json).expect("a match is written as JSON");
        for silent in ["version", "id", "events"] {
            said.remove(silent);
        }
        let mut row = Vec::new();
        table::row(&mut row, found, names);
        let row = String::from_utf8_lossy(&row).into_owned();
        (
            Value::Object(said).to_string(),
            Difference { side, json, row },
        )
    }
}

/// Matches of one side whose counterpart has not come.
#[derive(Default)]
struct Pending {
    /// The oldest first.
    waiting: BTreeMap<u64, (Box<str>, String, Difference)>,
    /// By what they say: all of one side.
    by_content: HashMap<String, VecDeque<u64>>,
    next: u64,
    rules: BTreeMap<Box<str>, Counts>,
}

impl Pending {
    /// Takes what both sides have found, in the order of time.
    fn take(&mut self, sides: &mut [Judge<'_>; 2]) {
        let [old, new] = sides;
        let (removed, added) = (
            core::mem::take(&mut old.found),
            core::mem::take(&mut new.found),
        );
        let mut removed = removed.iter().peekable();
        let mut added = added.iter().peekable();
        loop {
            let is_old = match (removed.peek(), added.peek()) {
                (Some(old), Some(new)) => old.time <= new.time,
                (Some(_), None) => true,
                (None, Some(_)) => false,
                (None, None) => break,
            };
            let (judge, side, next) = if is_old {
                (&*old, Side::Removed, removed.next())
            } else {
                (&*new, Side::Added, added.next())
            };
            if let Some(found) = next {
                let (content, difference) = judge.difference(side, found);
                self.push(
                    judge.names[found.rule.index()].rule.clone(),
                    content,
                    difference,
                );
            }
        }
    }

    fn push(&mut self, rule: Box<str>, content: String, difference: Difference) {
        if let Some(waiting) = self.by_content.get_mut(&content) {
            let first = waiting.front().and_then(|first| self.waiting.get(first));
            if first.is_some_and(|(_, _, first)| first.side != difference.side) {
                let first = waiting.pop_front();
                if waiting.is_empty() {
                    self.by_content.remove(&content);
                }
                first.and_then(|first| self.waiting.remove(&first));
                self.rules.entry(rule).or_default().same += 1;
                return;
            }
        }
        let number = self.next;
        self.next += 1;
        self.by_content
            .entry(content.clone())
            .or_default()
            .push_back(number);
        self.waiting.insert(number, (rule, content, difference));
    }

    /// Tells the oldest as differences until no more than so many wait.
    fn tell(
        &mut self,
        most: usize,
        differs: &mut impl FnMut(&Difference) -> io::Result<()>,
    ) -> io::Result<()> {
        while self.waiting.len() > most {
            let Some((number, (rule, content, difference))) = self.waiting.pop_first() else {
                break;
            };
            if let Some(waiting) = self.by_content.get_mut(&content) {
                waiting.retain(|other| *other != number);
                if waiting.is_empty() {
                    self.by_content.remove(&content);
                }
            }
            let counts = self.rules.entry(rule).or_default();
            match difference.side {
                Side::Removed => counts.removed += 1,
                Side::Added => counts.added += 1,
            }
            differs(&difference)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn difference(side: Side) -> Difference {
        Difference {
            side,
            json: "{}".to_owned(),
            row: String::new(),
        }
    }

    #[test]
    fn as_many_as_both_sides_have_are_the_same() {
        let mut pending = Pending::default();
        for (side, content) in [
            (Side::Removed, "a"),
            (Side::Removed, "a"),
            (Side::Added, "b"),
            (Side::Added, "a"),
            (Side::Removed, "b"),
            (Side::Added, "c"),
        ] {
            pending.push("r".into(), content.to_owned(), difference(side));
        }
        let mut told = Vec::new();
        let tell = pending.tell(0, &mut |difference| {
            told.push(difference.side);
            Ok(())
        });
        tell.expect("nothing fails");
        assert_eq!(told, [Side::Removed, Side::Added]);
        let counts = pending.rules["r"];
        assert_eq!((counts.same, counts.removed, counts.added), (2, 1, 1));
        assert!(pending.by_content.is_empty());
    }

    #[test]
    fn what_waits_is_bounded() {
        let mut pending = Pending::default();
        for number in 0..10 {
            pending.push("r".into(), number.to_string(), difference(Side::Added));
        }
        let mut told = 0;
        let tell = pending.tell(3, &mut |_| {
            told += 1;
            Ok(())
        });
        tell.expect("nothing fails");
        assert_eq!(
            (told, pending.waiting.len(), pending.by_content.len()),
            (7, 3, 3)
        );
    }
}

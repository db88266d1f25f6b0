//! Who wants to hear of which rules' matches, and how they are told.
//!
//! A match may be found on any shard, and a subscriber sits on one. Each shard publishes which rules its subscribers
//! want; the shard that finds matches writes those that are wanted anywhere as JSON, once, and sends the text to the
//! shards that want some of it. Nothing is written while nobody wants anything.

use core::ops::Range;
use core::sync::atomic::{AtomicU64, Ordering};
use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex, PoisonError};

use trapjaw_event::RuleId;
use trapjaw_wire::json::MatchWriter;

use super::shared::Loaded;
use crate::limits::{SHARDS, SPARE_TEXT};

/// The rules that a shard's subscribers want, by name: names outlive a reload.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Wanted {
    pub(crate) all: bool,
    pub(crate) rules: BTreeSet<Box<str>>,
}

/// What all shards want, shared by them.
#[derive(Debug)]
pub(crate) struct Interest {
    /// Changes with every publication.
    generation: AtomicU64,
    by_shard: Mutex<Vec<Arc<Wanted>>>,
}

impl Interest {
    pub(crate) fn new(shards: usize) -> Self {
        Self {
            generation: AtomicU64::new(0),
            by_shard: Mutex::new(vec![Arc::default(); shards]),
        }
    }

    /// From here on this is what a shard wants.
    pub(super) fn publish(&self, shard: usize, wanted: Wanted) {
        let mut by_shard = self.by_shard.lock().unwrap_or_else(PoisonError::into_inner);
        if *by_shard[shard] != wanted {
            by_shard[shard] = Arc::new(wanted);
            self.generation.fetch_add(1, Ordering::SeqCst);
        }
    }
}

/// A set of shards.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct ShardSet([u64; SHARDS / 64]);

impl ShardSet {
    fn insert(&mut self, shard: usize) {
        self.0[shard / 64] |= 1 << (shard % 64);
    }

    fn unite(&mut self, other: Self) {
        for (mine, theirs) in self.0.iter_mut().zip(other.0) {
            *mine |= theirs;
        }
    }

    pub(super) fn is_empty(self) -> bool {
        self.0 == [0; SHARDS / 64]
    }

    /// The shards, ascending.
    pub(super) fn iter(self) -> impl Iterator<Item = usize> {
        let (mut words, mut at) = (self.0, 0);
        core::iter::from_fn(move || {
            while words.get(at) == Some(&0) {
                at += 1;
            }
            let word = words.get_mut(at)?;
            let shard = at * 64 + word.trailing_zeros() as usize;
            *word &= *word - 1;
            Some(shard)
        })
    }
}

/// For each rule of the set that a shard runs: the shards that want its matches.
#[derive(Debug, Default)]
pub(super) struct Audience {
    generation: u64,
    /// By rule; empty while nobody wants anything.
    by_rule: Vec<ShardSet>,
}

impl Audience {
    /// Reads again what the shards want if it has changed.
    pub(super) fn refresh(&mut self, interest: &Interest, loaded: &Loaded) {
        if interest.generation.load(Ordering::SeqCst) != self.generation {
            self.rebuild(interest, loaded);
        }
    }

    /// Reads again what the shards want of these rules.
    pub(super) fn rebuild(&mut self, interest: &Interest, loaded: &Loaded) {
        let wanted = {
            let by_shard = interest
                .by_shard
                .lock()
                .unwrap_or_else(PoisonError::into_inner);
            // Publications change it under the same lock.
            self.generation = interest.generation.load(Ordering::SeqCst);
            by_shard.clone()
        };
        self.by_rule.clear();
        if wanted
            .iter()
            .all(|wanted| !wanted.all && wanted.rules.is_empty())
        {
            return;
        }
        let rules = loaded.rules.rules.iter();
        self.by_rule.extend(rules.map(|rule| {
            let mut shards = ShardSet::default();
            for (shard, wanted) in wanted.iter().enumerate() {
                if wanted.all || wanted.rules.contains(&rule.name) {
                    shards.insert(shard);
                }
            }
            shards
        }));
    }

    /// The shards that want a rule's matches.
    pub(super) fn of(&self, rule: RuleId) -> ShardSet {
        self.by_rule.get(rule.index()).copied().unwrap_or_default()
    }
}

/// Matches of one step, as text.
#[derive(Debug, Default)]
pub(crate) struct Told {
    text: Vec<u8>,
    /// Rule, intake of the causing batch, place in the text.
    matches: Vec<(RuleId, u64, Range<usize>)>,
    /// Who wants some of them.
    pub(super) shards: ShardSet,
}

impl Told {
    /// Is there nothing to tell?
    pub(super) fn is_empty(&self) -> bool {
        self.matches.is_empty()
    }

    /// Writes a match of a rule, found in the batch that was taken in then, as it is told; some shards want it.
    pub(super) fn push(
        &mut self,
        (rule, ingest): (RuleId, u64),
        shards: ShardSet,
        loaded: &Loaded,
        tell: impl FnOnce(&mut MatchWriter<'_>),
    ) {
        self.shards.unite(shards);
        let start = self.text.len();
        let names = &loaded.names[rule.index()];
        let mut writer = MatchWriter::new(&mut self.text, names, &loaded.rules.registry);
        tell(&mut writer);
        writer.finish();
        self.matches.push((rule, ingest, start..self.text.len()));
    }

    /// Nothing again, with the room that there is, if that is not much.
    pub(super) fn cleared(self) -> Self {
        let Self {
            mut text,
            mut matches,
            ..
        } = self;
        text.clear();
        text.shrink_to(SPARE_TEXT);
        matches.clear();
        matches.shrink_to(SPARE_TEXT / size_of::<(RuleId, u64, Range<usize>)>());
        Self {
            text,
            matches,
            shards: ShardSet::default(),
        }
    }

    /// Rule, intake of the causing batch, and JSON of each match.
    pub(super) fn iter(&self) -> impl Iterator<Item = (RuleId, u64, &str)> {
        self.matches.iter().map(|(rule, ingest, place)| {
            let text = str::from_utf8(&self.text[place.clone()]);
            (*rule, *ingest, text.expect("JSON is written from texts"))
        })
    }
}

/// One connection's subscription.
#[derive(Debug)]
pub(super) struct Subscription {
    /// Of the client's choice.
    pub(super) number: u32,
    /// Number of its next match.
    pub(super) next: u64,
    /// The names it gave; empty for all rules.
    names: Vec<Box<str>>,
    /// The rules of these names in the set that runs, sorted.
    rules: Vec<RuleId>,
}

impl Subscription {
    /// A subscription to these rules, or the first name that no rule has.
    pub(super) fn new<'n>(
        number: u32,
        names: &[&'n str],
        by_name: &HashMap<Box<str>, RuleId>,
    ) -> Result<Self, &'n str> {
        if let Some(unknown) = names.iter().find(|name| !by_name.contains_key(**name)) {
            return Err(unknown);
        }
        let names = names.iter().map(|&name| name.into()).collect();
        let mut subscription = Self {
            number,
            next: 1,
            names,
            rules: Vec::new(),
        };
        subscription.resolve(by_name);
        Ok(subscription)
    }

    /// Finds its rules again after a reload. Rules that are gone are not told of until they are back.
    pub(super) fn resolve(&mut self, by_name: &HashMap<Box<str>, RuleId>) {
        self.rules = self
            .names
            .iter()
            .filter_map(|name| by_name.get(name))
            .copied()
            .collect();
        self.rules.sort_unstable();
    }

    /// Does it want this rule's matches?
    pub(super) fn wants(&self, rule: RuleId) -> bool {
        self.names.is_empty() || self.rules.binary_search(&rule).is_ok()
    }

    /// Adds what it wants.
    pub(super) fn add_to(&self, wanted: &mut Wanted) {
        wanted.all |= self.names.is_empty();
        wanted.rules.extend(self.names.iter().cloned());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sets_of_shards() {
        let mut set = ShardSet::default();
        assert!(set.is_empty());
        for shard in [0, 63, 64, 255] {
            set.insert(shard);
        }
        let mut other = ShardSet::default();
        other.insert(5);
        set.unite(other);
        assert_eq!(set.iter().collect::<Vec<_>>(), [0, 5, 63, 64, 255]);
    }

    #[test]
    fn a_subscription_names_rules_that_exist_and_outlives_them() {
        let rules = |names: &[&str]| -> HashMap<Box<str>, RuleId> {
            let ids = names.iter().zip(0..);
            ids.map(|(&name, id)| (name.into(), RuleId::new(id)))
                .collect()
        };
        let first = rules(&["a", "b"]);
        assert_eq!(Subscription::new(1, &["b", "c"], &first).err(), Some("c"));
        let all = Subscription::new(1, &[], &first).expect("all rules");
        let mut one = Subscription::new(2, &["b"], &first).expect("b exists");
        let told = |s: &Subscription| [0, 1, 2].map(|rule| s.wants(RuleId::new(rule)));
        assert_eq!((told(&all), told(&one)), ([true; 3], [false, true, false]));
        one.resolve(&rules(&["a"]));
        assert_eq!(told(&one), [false; 3]);
        one.resolve(&rules(&["x", "y", "b"]));
        assert_eq!(told(&one), [false, false, true]);
    }

    #[test]
    fn only_a_change_is_published() {
        let interest = Interest::new(2);
        let wanted = Wanted {
            all: false,
            rules: BTreeSet::from(["a".into()]),
        };
        interest.publish(0, wanted.clone());
        let after = interest.generation.load(Ordering::SeqCst);
        interest.publish(0, wanted);
        assert_eq!(interest.generation.load(Ordering::SeqCst), after);
        interest.publish(0, Wanted::default());
        assert_ne!(interest.generation.load(Ordering::SeqCst), after);
    }
}

//! What control knows of the rules that run: the names that their matches are told with, where their actions go.

use std::collections::VecDeque;
use std::sync::{Arc, PoisonError, RwLock};

use prometheus_client::metrics::counter::Counter;
use serde::Serialize;
use trapjaw_data::names::rule_names;
use trapjaw_event::{RuleId, Severity};
use trapjaw_program::{Rule, RuleSet, Verified};
use trapjaw_wire::json::{EventReader, RuleNames};

use crate::action::{ActionId, Routes};
use crate::limits::KEPT_BOOKS;
use crate::metrics::Metrics;

/// A rule set with all that follows from it.
#[derive(Debug)]
pub(crate) struct Book {
    pub rules: Arc<Verified<RuleSet>>,
    /// Reads the rule set's event types.
    pub reader: EventReader,
    /// By [`RuleId`].
    pages: Vec<Page>,
}

/// What control knows of one rule.
#[derive(Debug)]
pub(crate) struct Page {
    pub names: RuleNames,
    /// What the rule says of itself, as a JSON object.
    pub json: Box<str>,
    /// Where each of its actions goes.
    pub routes: Box<[Option<ActionId>]>,
    /// Counts its matches.
    pub matches: Counter,
}

/// What a rule says of itself, as actions and the API tell it.
#[derive(Debug, Serialize)]
pub(crate) struct Profile<'a> {
    pub name: &'a str,
    pub version: &'a str,
    pub about: Option<&'a str>,
    pub severity: Option<&'static str>,
    pub labels: serde_json::Map<String, serde_json::Value>,
    pub runbook: Option<&'a str>,
}

impl<'a> Profile<'a> {
    pub(crate) fn of(rule: &'a Rule, names: &'a RuleNames) -> Self {
        let metadata = &rule.metadata;
        Self {
            name: &rule.name,
            version: &names.version,
            about: metadata.about.as_deref(),
            severity: metadata.severity.map(Severity::as_str),
            labels: metadata
                .labels
                .iter()
                .map(|(label, value)| (label.to_string(), (**value).into()))
                .collect(),
            runbook: metadata.runbook.as_deref(),
        }
    }
}

impl Book {
    /// Works out what follows from a rule set.
    pub(crate) fn new(rules: Arc<Verified<RuleSet>>, routes: &Routes, metrics: &Metrics) -> Self {
        let pages = rules
            .rules
            .iter()
            .map(|rule| {
                let names = rule_names(rule);
                let json = serde_json::to_string(&Profile::of(rule, &names))
                    .expect("texts are always JSON");
                Page {
                    json: json.into(),
                    names,
                    routes: rule
                        .actions
                        .iter()
                        .map(|action| routes.get(&action.name).copied())
                        .collect(),
                    matches: metrics.matches(&rule.name),
                }
            })
            .collect();
        Self {
            reader: EventReader::new(Arc::clone(&rules.registry)),
            rules,
            pages,
        }
    }

    /// What is known of a rule.
    pub(crate) fn page(&self, rule: RuleId) -> &Page {
        &self.pages[rule.index()]
    }

    /// The rules with what is known of them.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&Rule, &Page)> {
        self.rules.rules.iter().zip(&self.pages)
    }
}

/// The rule sets whose matches may still come.
#[derive(Debug)]
pub(crate) struct Books {
    shelf: RwLock<Shelf>,
}

#[derive(Debug)]
struct Shelf {
    current: Arc<Book>,
    /// The newest last.
    known: VecDeque<Arc<Book>>,
}

impl Books {
    pub(crate) fn new(current: Arc<Book>) -> Self {
        let known = VecDeque::from([Arc::clone(&current)]);
        Self {
            shelf: RwLock::new(Shelf { current, known }),
        }
    }

    /// The rules that events are read for.
    pub(crate) fn current(&self) -> Arc<Book> {
        let shelf = self.shelf.read().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(&shelf.current)
    }

    /// Makes these the rules that events are read for.
    pub(crate) fn make_current(&self, book: Arc<Book>) {
        let mut shelf = self.shelf.write().unwrap_or_else(PoisonError::into_inner);
        shelf.current = book;
    }

    /// Keeps a book for the matches that are about to come.
    pub(crate) fn learn(&self, book: Arc<Book>) {
        let mut shelf = self.shelf.write().unwrap_or_else(PoisonError::into_inner);
        if shelf.known.len() == KEPT_BOOKS {
            shelf.known.pop_front();
        }
        shelf.known.push_back(book);
    }

    /// The book of these rules, if it is kept.
    pub(crate) fn of(&self, rules: &Arc<Verified<RuleSet>>) -> Option<Arc<Book>> {
        let shelf = self.shelf.read().unwrap_or_else(PoisonError::into_inner);
        let mut known = shelf.known.iter().rev();
        known.find(|book| Arc::ptr_eq(&book.rules, rules)).cloned()
    }
}

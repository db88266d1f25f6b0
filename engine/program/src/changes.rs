//! What changes when one rule set takes the place of another.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use trapjaw_event::{EventType, Field, Registry};

use crate::meaning::Aspect;
use crate::rule::{Rule, RuleSet};

/// What a new rule set does to the rules and event types of an old one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Changes {
    /// The rules of the new set in its order, then those that are gone in the order of the old one.
    pub rules: Vec<RuleChange>,
    /// The event types that are not as they were, by wire name.
    pub types: Vec<TypeChange>,
}

/// What becomes of one rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RuleChange {
    /// Its name.
    pub name: Box<str>,
    /// What becomes of it.
    pub fate: Fate,
}

/// What becomes of a rule and of what it remembers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It means what it meant, and keeps what it remembers.
    Kept {
        /// What it says of itself is another text.
        is_redescribed: bool,
    },
    /// It means another thing, and begins anew.
    Replaced {
        /// In what it differs.
        aspects: Vec<Aspect>,
    },
    /// It means what it meant, but reads `any` event, and types are gone whose events it may remember: it begins anew.
    Emptied,
    /// There was no rule of this name.
    Added {
        /// A rule of another name that is gone meant the same. Its state is not taken over: matches are told apart by
        /// their rule's name, so that it is another rule to whoever reads them.
        formerly: Option<Box<str>>,
    },
    /// There is no rule of this name any more.
    Removed,
}

/// What becomes of one event type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TypeChange {
    /// Its name on the wire.
    pub wire_name: Box<str>,
    /// What becomes of it.
    pub change: Change,
}

/// What becomes of an event type or a field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// It is new.
    Added,
    /// It is gone.
    Removed,
    /// It is not as it was.
    Changed {
        /// Fields by name; of those that are there before and after only the ones that differ.
        fields: Vec<FieldChange>,
        /// Its lateness before and after, in nanoseconds, where that differs.
        lateness: Option<(i64, i64)>,
    },
}

/// What becomes of a field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldChange {
    /// Its name.
    pub name: Box<str>,
    /// The field before; `None` for a new one.
    pub before: Option<Field>,
    /// The field now; `None` for one that is gone.
    pub after: Option<Field>,
}

impl Changes {
    /// What changes when `new` takes the place of `old`.
    pub fn between(old: &RuleSet, new: &RuleSet) -> Self {
        let before: HashMap<&str, &Rule> =
            old.rules.iter().map(|rule| (&*rule.name, rule)).collect();
        let names: BTreeSet<&str> = new.rules.iter().map(|rule| &*rule.name).collect();
        let gone = || old.rules.iter().filter(|rule| !names.contains(&*rule.name));
        let fate = |rule: &Rule| match before.get(&*rule.name) {
            None => Fate::Added {
                formerly: gone()
                    .find(|other| other.meaning == rule.meaning)
                    .map(|other| other.name.clone()),
            },
            Some(former) if former.meaning != rule.meaning => Fate::Replaced {
                aspects: aspects((old, former), (new, rule)),
            },
            Some(former) if !keeps_sources((old, former), (new, rule)) => Fate::Emptied,
            Some(former) => Fate::Kept {
                is_redescribed: former.metadata != rule.metadata,
            },
        };
        let stays = new.rules.iter().map(|rule| RuleChange {
            name: rule.name.clone(),
            fate: fate(rule),
        });
        let goes = gone().map(|rule| RuleChange {
            name: rule.name.clone(),
            fate: Fate::Removed,
        });
        Self {
            rules: stays.chain(goes).collect(),
            types: type_changes(&old.registry, &new.registry),
        }
    }

    /// Does nothing change?
    pub fn is_empty(&self) -> bool {
        let is_kept = |change: &RuleChange| {
            change.fate
                == Fate::Kept {
                    is_redescribed: false,
                }
        };
        self.types.is_empty() && self.rules.iter().all(is_kept)
    }
}

/// Does a rule take over what a rule of another set remembers? It does where name and meaning are the same, and all
/// event types that the other one read are still there.
pub fn inherits((old, former): (&RuleSet, &Rule), (new, rule): (&RuleSet, &Rule)) -> bool {
    former.name == rule.name
        && former.meaning == rule.meaning
        && keeps_sources((old, former), (new, rule))
}

/// The same meaning has the same sources, unless the rule reads whatever types there are.
fn keeps_sources((old, former): (&RuleSet, &Rule), (new, rule): (&RuleSet, &Rule)) -> bool {
    if !former.any {
        return true;
    }
    let there: BTreeSet<&str> = wire_names(new, rule).collect();
    wire_names(old, former).all(|name| there.contains(name))
}

/// The wire names of the types that a rule reads, in the order of its sources.
pub(crate) fn wire_names<'r>(
    set: &'r RuleSet,
    rule: &'r Rule,
) -> impl Iterator<Item = &'r str> + use<'r> {
    let types = rule.sources.iter().map(|source| source.type_id);
    types.map(|ty| &*set.registry.get(ty).wire_name)
}

fn aspects((old, former): (&RuleSet, &Rule), (new, rule): (&RuleSet, &Rule)) -> Vec<Aspect> {
    let differs =
        |aspect: &Aspect| former.aspect_bytes(*aspect, old) != rule.aspect_bytes(*aspect, new);
    let mut aspects: Vec<Aspect> = Aspect::ALL.iter().map(|(aspect, _)| *aspect).collect();
    aspects.retain(differs);
    // The fields follow from what mentions them: alone they would not have changed.
    if aspects.len() > 1 {
        aspects.retain(|aspect| *aspect != Aspect::Fields);
    }
    aspects
}

fn type_changes(old: &Registry, new: &Registry) -> Vec<TypeChange> {
    fn types(registry: &Registry) -> BTreeMap<&str, &EventType> {
        let types = registry.iter();
        types.map(|(_, ty)| (&*ty.wire_name, ty)).collect()
    }
    let (before, after) = (types(old), types(new));
    let names: BTreeSet<&str> = before.keys().chain(after.keys()).copied().collect();
    let change = |name: &str| {
        Some(match (before.get(name), after.get(name)) {
            (None, _) => Change::Added,
            (_, None) => Change::Removed,
            (Some(before), Some(after)) => {
                let fields = field_changes(before, after);
                let lateness = (before.lateness, after.lateness);
                let lateness = Some(lateness).filter(|(before, after)| before != after);
                if fields.is_empty() && lateness.is_none() {
                    return None;
                }
                Change::Changed { fields, lateness }
            }
        })
    };
    let changes = names.into_iter().filter_map(|name| {
        Some(TypeChange {
            wire_name: name.into(),
            change: change(name)?,
        })
    });
    changes.collect()
}

fn field_changes(before: &EventType, after: &EventType) -> Vec<FieldChange> {
    let names: BTreeSet<&str> = (before.fields.iter().chain(&after.fields))
        .map(|field| &*field.name)
        .collect();
    let of = |ty: &EventType, name: &str| ty.field(name).map(|(_, field)| field.clone());
    let changes = names.into_iter().map(|name| FieldChange {
        name: name.into(),
        before: of(before, name),
        after: of(after, name),
    });
    changes
        .filter(|change| change.before != change.after)
        .collect()
}

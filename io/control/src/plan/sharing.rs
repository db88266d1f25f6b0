//! Which rules compute the same: a type's conditions are one program, in which what is said twice is there once; and
//! rules with the same windows have them once.

use serde::Serialize;
use trapjaw_engine::{Config, shared_windows};
use trapjaw_program::{Opcode, Routing, Rule, RuleSet, Verified};

/// Rules that are named of those that share something; more are not.
const NAMED: usize = 8;

/// Who uses each instruction of each type's conditions.
pub(super) struct Shared<'r> {
    set: &'r RuleSet,
    /// By type, by instruction.
    users: Vec<Vec<Users<'r>>>,
}

#[derive(Clone, Default)]
struct Users<'r> {
    count: usize,
    /// The first of them.
    named: Vec<&'r str>,
}

/// What of a rule's condition others compute too.
#[derive(Clone, Debug, Default, Serialize)]
pub(super) struct Sharing {
    /// Instructions of its condition, over all its event types; loads of columns are not counted.
    pub instructions: usize,
    /// Those that a condition of another rule needs too.
    pub shared: usize,
    /// Such rules; the first ones.
    pub with: Vec<Box<str>>,
}

/// Rules that have the same windows, which are there once.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Windows {
    /// How many rules have them.
    pub rules: usize,
    /// The others; the first ones.
    pub with: Vec<Box<str>>,
    /// They have no `by`: only those are together whose names one shard owns.
    pub by_name: bool,
}

impl Windows {
    /// By rule; `None` for one that has windows of its own, or none.
    pub(super) fn of(rules: &Verified<RuleSet>, config: &Config) -> Vec<Option<Self>> {
        let mut by_rule = vec![None; rules.rules.len()];
        for members in shared_windows(rules, config) {
            for &id in &members {
                let others = members.iter().filter(|&&other| other != id).take(NAMED);
                let others = others.map(|other| rules.rules[other.index()].name.clone());
                by_rule[id.index()] = Some(Self {
                    rules: members.len(),
                    with: others.collect(),
                    by_name: matches!(rules.rules[id.index()].routing, Routing::Home(_)),
                });
            }
        }
        by_rule
    }
}

impl<'r> Shared<'r> {
    pub(super) fn of(set: &'r RuleSet) -> Self {
        let types = set.types.iter();
        let users = types.map(|ty| vec![Users::default(); ty.code.instructions.len()]);
        let mut shared = Self {
            set,
            users: users.collect(),
        };
        for rule in &set.rules {
            for (ty, index) in instructions(set, rule) {
                let users = &mut shared.users[ty][index];
                users.count += 1;
                if users.named.len() <= NAMED {
                    users.named.push(&rule.name);
                }
            }
        }
        shared
    }

    /// What a rule shares; `None` for one without a condition.
    pub(super) fn with(&self, rule: &Rule) -> Option<Sharing> {
        rule.sources.iter().find_map(|source| source.condition)?;
        let mut sharing = Sharing::default();
        for (ty, index) in instructions(self.set, rule) {
            sharing.instructions += 1;
            let users = &self.users[ty][index];
            if users.count < 2 {
                continue;
            }
            sharing.shared += 1;
            for &name in users.named.iter().filter(|name| **name != &*rule.name) {
                let is_known = sharing.with.iter().any(|known| **known == *name);
                if !is_known && sharing.with.len() < NAMED {
                    sharing.with.push(name.into());
                }
            }
        }
        Some(sharing)
    }
}

/// The instructions that a rule's condition needs, by type, without the loads of columns.
fn instructions<'s>(set: &'s RuleSet, rule: &'s Rule) -> impl Iterator<Item = (usize, usize)> + 's {
    rule.sources.iter().flat_map(|source| {
        let ty = source.type_id.index();
        let code = &set.types[ty].code;
        let needed = source.condition.map(|condition| code.needed(condition));
        let needed = needed.into_iter().flatten();
        needed
            .filter(|&index| code.instructions[index].op != Opcode::Load)
            .map(move |index| (ty, index))
    })
}

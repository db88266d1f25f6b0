//! Windows that are one for several rules.
//!
//! Rules that read the same events under the same condition, by the same key, over the same window, differ in what they
//! aggregate, ask and tell. What they remember of rows, keys and time would be the same, so it is there once: the first
//! of them has the windows, with the aggregates of all, each of these once; the others only look at them. What belongs to
//! a rule by itself is there for each: whether `having` held, what was reported, what its limit counts.
//!
//! Which rules are together is decided when they are taken over. Rules that begin together may share; a rule that comes
//! later may not, for it must not see what was there before it. A rule that goes takes nothing with it: the windows stay,
//! and what only it asked for is no longer computed.

use std::collections::{BTreeMap, HashMap, HashSet};

use trapjaw_event::{FieldId, RuleId, TypeId};
use trapjaw_program::limits::MAX_AGGREGATES;
use trapjaw_program::{Aggregate, Clause, Code, Routing, Rule, RuleSet, Verified};

use super::State;
use crate::aggregate::{self, Argument};
use crate::config::Config;
use crate::key;
use crate::vm::Registers;

/// Rules whose windows are one.
#[derive(Debug)]
pub(crate) struct Group {
    /// In the order of the set. The first one has the windows.
    members: Vec<Member>,
    columns: Vec<Column>,
    /// The members whose inputs are computed, the first member first; the others need none, or the same.
    computed: Vec<usize>,
}

#[derive(Debug)]
struct Member {
    id: RuleId,
    /// The column of each of its aggregates.
    columns: Box<[u16]>,
    /// Which of the computed inputs are its own too.
    inputs: Option<usize>,
}

/// One aggregate of the windows.
#[derive(Clone, Debug)]
struct Column {
    /// As the first member that asked for it has it; its inputs are numbered as there.
    aggregate: Aggregate,
    /// The place among the computed inputs where its argument is, and the aggregate as that member has it; `None` where
    /// nobody asks for it any more.
    from: Option<(usize, Aggregate)>,
}

impl Group {
    /// Of rules that begin now, in the order of the set.
    fn new(rules: &RuleSet, ids: &[RuleId]) -> Self {
        let mut places: HashMap<Asked, u16> = HashMap::new();
        let mut columns = Vec::new();
        let mut of_members = Vec::new();
        for &id in ids {
            let rule = &rules.rules[id.index()];
            let places = rule.aggregates.iter().map(|aggregate| {
                *places.entry(Asked::of(rule, aggregate)).or_insert_with(|| {
                    columns.push(aggregate.clone());
                    columns.len() as u16 - 1
                })
            });
            of_members.push((id, places.collect()));
        }
        Self::of(rules, of_members, columns)
    }

    fn of(rules: &RuleSet, of_members: Vec<(RuleId, Box<[u16]>)>, columns: Vec<Aggregate>) -> Self {
        let mut columns: Vec<Column> = (columns.into_iter())
            .map(|aggregate| Column {
                aggregate,
                from: None,
            })
            .collect();
        let code = |id: RuleId| &rules.rules[id.index()].sources[0].inputs;
        let mut computed: Vec<usize> = Vec::new();
        let mut members: Vec<Member> = Vec::new();
        for (id, places) in of_members {
            let rule = &rules.rules[id.index()];
            let own = code(id);
            let same = (computed.iter()).position(|&member| code(members[member].id) == own);
            let is_asked = |&place: &u16| columns[usize::from(place)].from.is_none();
            let may_fault = own.instructions.iter().any(|inst| inst.op.may_fault());
            let inputs = same.or_else(|| {
                let is_needed = members.is_empty() || may_fault || places.iter().any(is_asked);
                is_needed.then(|| {
                    computed.push(members.len());
                    computed.len() - 1
                })
            });
            if let Some(inputs) = inputs {
                for (&place, aggregate) in places.iter().zip(&rule.aggregates) {
                    let from = &mut columns[usize::from(place)].from;
                    from.get_or_insert_with(|| (inputs, aggregate.clone()));
                }
            }
            members.push(Member {
                id,
                columns: places,
                inputs,
            });
        }
        Self {
            members,
            columns,
            computed,
        }
    }

    /// Number of members.
    pub(crate) fn len(&self) -> usize {
        self.members.len()
    }

    /// Its rules, the one that has the windows first.
    pub(crate) fn members(&self) -> impl Iterator<Item = RuleId> + '_ {
        self.members.iter().map(|member| member.id)
    }

    /// The rule of a member.
    #[inline]
    pub(crate) fn rule(&self, member: usize) -> RuleId {
        self.members[member].id
    }

    /// Where a member's aggregate is among those of the windows.
    #[inline]
    pub(crate) fn column(&self, member: usize, aggregate: usize) -> usize {
        usize::from(self.members[member].columns[aggregate])
    }

    /// The aggregates of the windows.
    pub(crate) fn aggregates(&self) -> Vec<Aggregate> {
        (self.columns.iter())
            .map(|column| column.aggregate.clone())
            .collect()
    }

    /// The code of each rule but the first whose inputs are computed besides its.
    pub(crate) fn more_inputs<'r>(&self, rules: &'r RuleSet) -> impl Iterator<Item = &'r Code> {
        (self.computed.iter().skip(1))
            .map(|&member| &rules.rules[self.members[member].id.index()].sources[0].inputs)
    }

    /// How many members' inputs each of those that are computed are.
    pub(crate) fn sharers(&self) -> Vec<u64> {
        let mut sharers = vec![0; self.computed.len()];
        for inputs in self.members.iter().filter_map(|member| member.inputs) {
            sharers[inputs] += 1;
        }
        sharers
    }

    /// The arguments of the windows' aggregates, of the first member's inputs and the others that are computed.
    pub(crate) fn arguments<'r>(
        &self,
        first: &'r Registers<'_>,
        more: &'r [Registers<'_>],
        rows: usize,
    ) -> Vec<Argument<'r>> {
        let argument = |column: &Column| match &column.from {
            Some((0, aggregate)) => aggregate::argument(aggregate, first),
            Some((inputs, aggregate)) => aggregate::argument(aggregate, &more[inputs - 1]),
            None => Argument::unasked(&column.aggregate, rows),
        };
        self.columns.iter().map(argument).collect()
    }
}

/// All of a set's groups.
#[derive(Debug, Default)]
pub(crate) struct Groups {
    groups: Vec<Group>,
    /// By rule.
    of: Vec<Option<u32>>,
}

impl Groups {
    /// Of rules that all begin now.
    pub(crate) fn new(rules: &RuleSet, config: &Config, shards: u32) -> Self {
        let mut groups = Self {
            groups: Vec::new(),
            of: vec![None; rules.rules.len()],
        };
        let all = (0..rules.rules.len() as u32).map(RuleId::new);
        for ids in together(rules, all, config, shards) {
            groups.begin(rules, &ids);
        }
        groups
    }

    /// Puts rules that begin now together, as many in one group as it may hold aggregates of.
    fn begin(&mut self, rules: &RuleSet, ids: &[RuleId]) {
        let mut asked = HashSet::new();
        let mut from = 0;
        for (place, id) in ids.iter().enumerate() {
            let rule = &rules.rules[id.index()];
            let own: HashSet<_> = (rule.aggregates.iter())
                .map(|aggregate| Asked::of(rule, aggregate))
                .collect();
            if asked.union(&own).count() > MAX_AGGREGATES {
                self.begin_one(rules, &ids[from..place]);
                from = place;
                asked.clear();
            }
            asked.extend(own);
        }
        self.begin_one(rules, &ids[from..]);
    }

    fn begin_one(&mut self, rules: &RuleSet, ids: &[RuleId]) {
        if ids.len() > 1 {
            self.push(Group::new(rules, ids));
        }
    }

    fn push(&mut self, group: Group) {
        let number = self.groups.len() as u32;
        for id in group.members() {
            self.of[id.index()] = Some(number);
        }
        self.groups.push(group);
    }

    /// The group of a rule.
    pub(crate) fn of(&self, rule: RuleId) -> Option<&Group> {
        Some(&self.groups[self.of[rule.index()]? as usize])
    }

    /// The rule that has a rule's state: itself, or the first of its group.
    pub(crate) fn owner(&self, rule: RuleId) -> RuleId {
        self.of(rule).map_or(rule, |group| group.rule(0))
    }

    /// A state for a rule that begins.
    pub(crate) fn state(&self, rules: &RuleSet, id: RuleId, config: &Config) -> State {
        match self.of(id) {
            None => State::new(&rules.rules[id.index()], config),
            Some(group) if group.rule(0) != id => State::Elsewhere,
            Some(group) => {
                let members: Vec<&Rule> = (group.members())
                    .map(|id| &rules.rules[id.index()])
                    .collect();
                State::of(&members, &group.aggregates(), config)
            }
        }
    }

    /// The groups of the rules that take the place of others, with their states. `before` says of each rule which of the
    /// old ones it inherits from.
    pub(crate) fn inherit(
        &self,
        mut states: Vec<State>,
        (rules, before): (&RuleSet, &[Option<usize>]),
        config: &Config,
        shards: u32,
    ) -> (Self, Vec<State>) {
        let mut groups = Self {
            groups: Vec::new(),
            of: vec![None; rules.rules.len()],
        };
        let all = || (0..rules.rules.len() as u32).map(RuleId::new);
        let is_new = |id: &RuleId| before[id.index()].is_none();
        for ids in together(rules, all().filter(is_new), config, shards) {
            groups.begin(rules, &ids);
        }
        // Those that were together are so still, unless one has come to stand where others do not.
        let mut kept: BTreeMap<u32, Vec<RuleId>> = BTreeMap::new();
        for id in all() {
            let old = before[id.index()].and_then(|old| self.of[old]);
            if let Some(group) = old {
                kept.entry(group).or_default().push(id);
            }
        }
        let mut taken: BTreeMap<RuleId, State> = BTreeMap::new();
        for (number, ids) in kept {
            let old = &self.groups[number as usize];
            let mut state = core::mem::replace(&mut states[old.rule(0).index()], State::None);
            let mut parts = together(rules, ids.iter().copied(), config, shards);
            parts.extend({
                let joined: HashSet<RuleId> = parts.iter().flatten().copied().collect();
                let alone = ids.iter().filter(move |id| !joined.contains(id));
                alone.map(|&id| vec![id]).collect::<Vec<_>>()
            });
            let last = parts.len() - 1;
            for (place, part) in parts.into_iter().enumerate() {
                let members: Vec<usize> = (part.iter())
                    .filter_map(|id| {
                        let before = before[id.index()]?;
                        old.members().position(|member| member.index() == before)
                    })
                    .collect();
                let mut own = if place == last {
                    core::mem::replace(&mut state, State::None)
                } else {
                    state.split()
                };
                own.keep_members(&members);
                taken.insert(part[0], own);
                taken.extend(part[1..].iter().map(|&id| (id, State::Elsewhere)));
                let of_members = (part.iter().zip(members))
                    .map(|(&id, member)| (id, old.members[member].columns.clone()));
                groups.push(Group::of(rules, of_members.collect(), old.aggregates()));
            }
        }
        let states = all().map(|id| match (taken.remove(&id), before[id.index()]) {
            (Some(state), _) => state,
            (None, Some(old)) => core::mem::replace(&mut states[old], State::None),
            (None, None) => groups.state(rules, id, config),
        });
        let states = states.collect();
        (groups, states)
    }
}

/// The rules that have their windows together where all of them begin at once, in the order of the set: two or more each.
///
/// Rules without `by` are together only on a shard that owns the names of all of them; here one shard owns all.
pub fn shared_windows(rules: &Verified<RuleSet>, config: &Config) -> Vec<Vec<RuleId>> {
    let groups = Groups::new(rules, config, 1);
    let members = groups.groups.iter().map(|group| group.members().collect());
    members.collect()
}

/// Those of the rules that may have one window, if there are at least two; each with the others in the order of the set.
fn together(
    rules: &RuleSet,
    ids: impl Iterator<Item = RuleId>,
    config: &Config,
    shards: u32,
) -> Vec<Vec<RuleId>> {
    if !config.share_windows {
        return Vec::new();
    }
    let emits = rules.rules.iter().filter_map(|rule| rule.emit.as_ref());
    let derived: HashSet<TypeId> = emits.map(|emit| emit.type_id).collect();
    let mut places: HashMap<Seen, usize> = HashMap::new();
    let mut sets: Vec<Vec<RuleId>> = Vec::new();
    for id in ids {
        let Some(seen) = Seen::of(&rules.rules[id.index()], &derived, shards) else {
            continue;
        };
        let place = *places.entry(seen).or_insert(sets.len());
        if place == sets.len() {
            sets.push(Vec::new());
        }
        sets[place].push(id);
    }
    sets.retain(|ids| ids.len() > 1);
    sets
}

/// What decides which rows a rule's windows hold, and when they are looked at.
#[derive(Debug, PartialEq, Eq, Hash)]
struct Seen {
    type_id: TypeId,
    condition: Option<u32>,
    /// The code of the key.
    key: Vec<u8>,
    window: (u8, i64, i64),
    zone: Option<Box<str>>,
    /// The shard that has the only key of a rule without `by`.
    owner: Option<u32>,
    /// The fields of the newest event, where that is kept.
    kept: Option<Vec<FieldId>>,
}

impl Seen {
    /// `None` for a rule whose windows are its own: one of no window, one of several types, and
    ///
    /// - one that reads what others derive: beside the timers of its windows, such an event comes as the rule that derives
    ///   it stands, before or behind;
    /// - one that derives by timer: what follows from that comes before the timers of the rules behind it.
    fn of(rule: &Rule, derived: &HashSet<TypeId>, shards: u32) -> Option<Self> {
        let [source] = &*rule.sources else {
            return None;
        };
        if rule.any || derived.contains(&source.type_id) {
            return None;
        }
        if rule.emit.is_some() && !rule.clause.slides() {
            return None;
        }
        let window = match rule.clause {
            Clause::Sliding { length, .. } => (0, length, 0),
            Clause::Counted { count, .. } => (1, count.into(), 0),
            Clause::Batched { count } => (2, count.into(), 0),
            Clause::All { .. } => (3, 0, 0),
            Clause::Tumbling { length } => (4, length, 0),
            Clause::Hopping { length, every } => (5, length, every),
            Clause::Session { gap } => (6, gap, 0),
            _ => return None,
        };
        let at_end = matches!(
            rule.clause,
            Clause::Tumbling { .. } | Clause::Hopping { .. } | Clause::Session { .. }
        );
        let key: Vec<u32> = rule.key.iter().map(|part| part.output.into()).collect();
        Some(Self {
            type_id: source.type_id,
            condition: source.condition,
            key: source.inputs.slice(&key).encode(),
            window,
            zone: rule.zone.clone(),
            owner: match rule.routing {
                Routing::Home(hash) => Some(key::owner(hash, shards)),
                _ => None,
            },
            kept: (at_end || rule.reports_clear).then(|| source.kept.clone()),
        })
    }
}

/// What an aggregate is computed of, and how.
#[derive(PartialEq, Eq, Hash)]
struct Asked {
    function: trapjaw_program::AggregateFunction,
    fraction: Option<u64>,
    has_filter: bool,
    /// The codes of argument and filter.
    inputs: Vec<u8>,
}

impl Asked {
    fn of(rule: &Rule, aggregate: &Aggregate) -> Self {
        let outputs = aggregate.argument.into_iter().chain(aggregate.filter);
        let outputs: Vec<u32> = outputs.map(u32::from).collect();
        Self {
            function: aggregate.function,
            fraction: aggregate.fraction.map(f64::to_bits),
            has_filter: aggregate.filter.is_some(),
            inputs: rule.sources[0].inputs.slice(&outputs).encode(),
        }
    }
}

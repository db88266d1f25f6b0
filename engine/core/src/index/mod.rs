//! The index: which of many conditions on a type a row may satisfy, without asking each of them.
//!
//! A type's conditions are one program, which computes each distinct one over all rows. With thousands of conditions that is
//! thousands of passes over a batch. So a condition that has a *witness*, a conjunct without which it can't be true and that
//! can be looked up, is taken out of the program; a row comes to the conditions of which it has the witness, and only these
//! are looked at further: first what can be compared on the spot, then the rest, over the rows that are left.
//!
//! What is found is the same as without it, down to the faults that are counted: what may fault is computed over all rows,
//! as it would be.
//!
//! After a reload, conditions that are still there are found as before: see [`renew`].

mod build;
mod conjunct;
mod hits;
mod keys;
mod lists;
mod plan;
mod probe;
mod ranges;
mod readers;
mod renew;
mod sample;
mod texts;
mod witness;

use core::ops::Range;
use std::sync::Arc;

use trapjaw_program::{Code, Kind, Operand, RuleSet};

use crate::brief::Briefs;
use crate::direct::Direct;
pub(crate) use hits::Hits;
use keys::Numbers;
use lists::Lists;
pub(crate) use readers::Readers;
use sample::Sample;
pub(crate) use sample::Samples;
use texts::Words;
pub use witness::{How, Witness, Witnesses};

/// The indexes of a rule set's types.
#[derive(Debug)]
pub(crate) struct Index {
    /// By type; `None` where conditions are few, or have no witness.
    types: Vec<Option<TypeIndex>>,
    direct: Direct,
    briefs: Briefs,
}

impl Index {
    /// Of a verified rule set: columns that at least `from` conditions ask are looked up.
    pub(crate) fn new(rules: &RuleSet, from: usize) -> Self {
        let types = (0..rules.types.len()).map(|ty| TypeIndex::new(rules, ty, None, (from, None)));
        Self {
            types: types.collect(),
            direct: Direct::new(rules),
            briefs: Briefs::new(rules),
        }
    }

    /// That of rules which take the place of those that this one is of. It finds what a new one finds, and takes over what
    /// it can, but for a type of which there is a sample now that was not there before.
    #[must_use]
    pub(crate) fn renewed(
        &self,
        old: &RuleSet,
        rules: &RuleSet,
        from: usize,
        samples: &Samples,
    ) -> Self {
        let types = rules.registry.iter().map(|(id, ty)| {
            let former = old.registry.by_wire_name(&ty.wire_name).and_then(|former| {
                let index = self.of(former)?;
                Some((index, &old.types[former.index()].code))
            });
            TypeIndex::new(rules, id.index(), former, (from, samples.of(id.index())))
        });
        Self {
            types: types.collect(),
            direct: Direct::new(rules),
            briefs: Briefs::new(rules),
        }
    }

    /// The index of a type.
    pub(crate) fn of(&self, ty: trapjaw_event::TypeId) -> Option<&TypeIndex> {
        self.types[ty.index()].as_ref()
    }

    /// Which rules ask nothing but a condition.
    pub(crate) fn direct(&self) -> &Direct {
        &self.direct
    }

    /// What there is to tell of each rule's matches.
    pub(crate) fn briefs(&self) -> &Briefs {
        &self.briefs
    }

    /// Bytes that it takes.
    pub(crate) fn bytes(&self) -> usize {
        let types = self.types.iter().flatten().map(TypeIndex::bytes);
        types.sum::<usize>() + self.direct.bytes() + self.briefs.bytes()
    }
}

/// Where a condition is computed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Where {
    /// Over all rows: an output of the base.
    Base(u32),
    /// For rows that have its witness: its place among the items.
    Item(u32),
}

/// The index of one type.
#[derive(Debug)]
pub(crate) struct TypeIndex {
    conditions: Arc<Conditions>,
    readers: Readers,
}

/// How the conditions of a type are computed.
#[derive(Debug)]
struct Conditions {
    /// What is computed over all rows: conditions without a witness, and the columns that are looked up or compared.
    base: Code,
    /// By condition. The items of a layer are counted on from those of the one before.
    places: Vec<Where>,
    /// The first lasts while rules are reloaded; a second has what came since.
    layers: Vec<Layer>,
    /// Were the witnesses of the first layer chosen by a sample?
    is_measured: bool,
}

/// Conditions that are found by their witnesses, for the rules that hold.
#[derive(Debug)]
struct Layer {
    lookup: Arc<Lookup>,
    /// What the look-up calls its columns; `None` for one that nothing asks any more.
    columns: Vec<Option<Read>>,
    /// By item: is its condition still one of the type's? What is found of others matters to nobody.
    is_live: Vec<bool>,
}

/// A column of the base.
#[derive(Clone, Copy, Debug)]
struct Read {
    /// What it holds, in the type's program.
    operand: Operand,
    /// Where it stands among the base's outputs.
    output: u32,
    kind: Kind,
}

/// Witnesses, and what is asked beside them. It knows nothing of the program that it was made from, so that it can outlive
/// it.
#[derive(Debug)]
struct Lookup {
    slots: Vec<Slot>,
    lists: Lists,
    /// By list.
    guards: Vec<Option<Guard>>,
    items: Vec<Item>,
    /// By item: the column that its witness is looked up in.
    witnesses: Vec<u16>,
    checks: Vec<Check>,
    /// What is left of conditions, for the rows that are left: all outputs have to be true.
    rests: Vec<Code>,
}

/// A column that is looked up.
#[derive(Debug)]
struct Slot {
    column: u16,
    keys: Keys,
    /// Outside of these a row has none of its witnesses, or none of their conditions is true. They are compared column by
    /// column, which costs far less than a look-up.
    guards: Vec<Guard>,
}

#[derive(Debug)]
enum Keys {
    /// Ints and floats.
    Numbers(Numbers<i64>),
    Ips(Numbers<u128>),
    Words(Words),
}

/// A condition that is found by its witness.
#[derive(Clone, Debug)]
struct Item {
    /// What is compared on the spot.
    checks: Range<u32>,
    /// Its place among the rests; [`NO_REST`] for none.
    rest: u32,
}

const NO_REST: u32 = u32::MAX;

/// A conjunct that is compared on the spot.
#[derive(Clone, Debug)]
enum Check {
    /// A number whose key lies within; both ends belong to it.
    Within {
        column: u16,
        low: i64,
        high: i64,
    },
    Text {
        column: u16,
        text: Box<str>,
    },
    /// A bool of the base.
    True {
        column: u16,
    },
}

/// A range of a number outside of which no condition of some is true: a second witness of all of them together.
#[derive(Clone, Copy, Debug)]
struct Guard {
    column: u16,
    low: i64,
    high: i64,
}

impl Guard {
    /// Does it let everything through?
    fn is_idle(&self) -> bool {
        self.low == i64::MIN && self.high == i64::MAX
    }
}

impl Check {
    fn column(&self) -> u16 {
        match self {
            Self::Within { column, .. } | Self::Text { column, .. } | Self::True { column } => {
                *column
            }
        }
    }
}

impl TypeIndex {
    /// The index of a type; `None` where too few of its conditions have a witness. `former`: the one in whose place it
    /// comes, with the program that it was of.
    fn new(
        rules: &RuleSet,
        ty: usize,
        former: Option<(&Self, &Code)>,
        (from, sample): (usize, Option<&Sample>),
    ) -> Option<Self> {
        let code = &rules.types[ty].code;
        let shares = sample.map(|sample| sample.shares(code));
        let shares = shares.as_ref();
        // What was chosen without a sample does not outlast the first one.
        let lasts = |former: &Conditions| former.is_measured || sample.is_none();
        let former = former.filter(|(former, _)| lasts(&former.conditions));
        let kept = former.and_then(|(former, old)| {
            if old == code {
                return Some(Arc::clone(&former.conditions));
            }
            let renewed = former.conditions.renewed(old, code, (from, shares));
            renewed.map(Arc::new)
        });
        let conditions = match kept {
            Some(kept) => kept,
            None => Arc::new(Conditions::new(code, (from, shares))?),
        };
        Some(Self {
            readers: Readers::new(rules, ty, &conditions.places, conditions.items()),
            conditions,
        })
    }

    /// What is computed over all rows.
    pub(crate) fn base(&self) -> &Code {
        &self.conditions.base
    }

    /// Where a condition is computed.
    pub(crate) fn place(&self, condition: u32) -> Where {
        self.conditions.places[condition as usize]
    }

    /// Who reads the type.
    pub(crate) fn readers(&self) -> &Readers {
        &self.readers
    }

    /// Bytes that it takes.
    fn bytes(&self) -> usize {
        self.conditions.bytes() + self.readers.bytes()
    }
}

impl Conditions {
    /// How many conditions its layers have, those that are not asked any more included.
    fn items(&self) -> usize {
        let layers = self.layers.iter();
        layers.map(|layer| layer.lookup.items.len()).sum()
    }

    fn bytes(&self) -> usize {
        let layers = self.layers.iter().map(|layer| {
            layer.lookup.bytes() + size_of_val(&*layer.columns) + size_of_val(&*layer.is_live)
        });
        layers.sum::<usize>() + bytes_of(&self.base) + size_of_val(&*self.places)
    }
}

impl Lookup {
    fn checks(&self, item: u32) -> &[Check] {
        let checks = &self.items[item as usize].checks;
        &self.checks[checks.start as usize..checks.end as usize]
    }

    fn bytes(&self) -> usize {
        let slots = self.slots.iter().map(|slot| match &slot.keys {
            Keys::Numbers(numbers) => numbers.bytes(),
            Keys::Ips(ips) => ips.bytes(),
            Keys::Words(words) => words.bytes(),
        });
        let texts = self.checks.iter().map(|check| match check {
            Check::Text { text, .. } => text.len(),
            _ => 0,
        });
        slots.sum::<usize>()
            + self.rests.iter().map(bytes_of).sum::<usize>()
            + texts.sum::<usize>()
            + self.lists.bytes()
            + size_of_val(&*self.guards)
            + size_of_val(&*self.items)
            + size_of_val(&*self.witnesses)
            + size_of_val(&*self.checks)
    }
}

/// Bytes that code takes, roughly: it is counted by its instructions.
fn bytes_of(code: &Code) -> usize {
    size_of::<Code>() + size_of_val(&*code.instructions)
}

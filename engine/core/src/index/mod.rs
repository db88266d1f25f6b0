//! The index: which of many conditions on a type a row may satisfy, without asking each of them.
//!
//! A type's conditions are one program, which computes each distinct one over all rows. With thousands of conditions that is
//! thousands of passes over a batch. So a condition that has a *witness*, a conjunct without which it can't be true and that
//! can be looked up, is taken out of the program; a row comes to the conditions of which it has the witness, and only these
//! are looked at further: first what can be compared on the spot, then the rest, over the rows that are left.
//!
//! What is found is the same as without it, down to the faults that are counted: what may fault is computed over all rows,
//! as it would be.

mod build;
mod conjunct;
mod hits;
mod keys;
mod lists;
mod plan;
mod probe;
mod ranges;
mod readers;
mod texts;
mod witness;

use core::ops::Range;

use trapjaw_program::{Code, Kind, RuleSet};

use crate::direct::Direct;
pub(crate) use hits::Hits;
use keys::Numbers;
use lists::Lists;
pub(crate) use readers::Readers;
use texts::Words;
pub use witness::{How, Witness, Witnesses};

/// The indexes of a rule set's types.
#[derive(Debug)]
pub(crate) struct Index {
    /// By type; `None` where conditions are few, or have no witness.
    types: Vec<Option<TypeIndex>>,
    direct: Direct,
}

impl Index {
    /// Of a verified rule set: columns that at least `from` conditions ask are looked up.
    pub(crate) fn new(rules: &RuleSet, from: usize) -> Self {
        let types = (0..rules.types.len()).map(|ty| TypeIndex::new(rules, ty, from));
        Self {
            types: types.collect(),
            direct: Direct::new(rules),
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

    /// Bytes that it takes.
    pub(crate) fn bytes(&self) -> usize {
        let types = self.types.iter().flatten().map(TypeIndex::bytes);
        types.sum::<usize>() + self.direct.bytes()
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
    /// What is computed over all rows: conditions without a witness, and the columns that are looked up or compared.
    base: Code,
    /// By condition.
    places: Vec<Where>,
    /// What is read of the base: output and kind.
    columns: Vec<(u32, Kind)>,
    slots: Vec<Slot>,
    lists: Lists,
    /// By list.
    guards: Vec<Option<Guard>>,
    items: Vec<Item>,
    checks: Vec<Check>,
    /// What is left of conditions, for the rows that are left: all outputs have to be true.
    rests: Vec<Code>,
    readers: Readers,
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

impl TypeIndex {
    /// What is computed over all rows.
    pub(crate) fn base(&self) -> &Code {
        &self.base
    }

    /// Where a condition is computed.
    pub(crate) fn place(&self, condition: u32) -> Where {
        self.places[condition as usize]
    }

    /// Who reads the type.
    pub(crate) fn readers(&self) -> &Readers {
        &self.readers
    }

    /// Bytes that it takes, roughly: the code that it has of its own is counted by its instructions.
    fn bytes(&self) -> usize {
        let slots = self.slots.iter().map(|slot| match &slot.keys {
            Keys::Numbers(numbers) => numbers.bytes(),
            Keys::Ips(ips) => ips.bytes(),
            Keys::Words(words) => words.bytes(),
        });
        let codes = core::iter::once(&self.base).chain(&self.rests);
        let codes = codes.map(|code| size_of::<Code>() + size_of_val(&*code.instructions));
        let texts = self.checks.iter().map(|check| match check {
            Check::Text { text, .. } => text.len(),
            _ => 0,
        });
        slots.sum::<usize>()
            + codes.sum::<usize>()
            + texts.sum::<usize>()
            + self.lists.bytes()
            + self.readers.bytes()
            + size_of_val(&*self.places)
            + size_of_val(&*self.guards)
            + size_of_val(&*self.items)
            + size_of_val(&*self.checks)
    }
}

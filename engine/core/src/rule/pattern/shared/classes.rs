//! Events by what they do: those that fit the same elements do the same to every stand.

use std::collections::HashMap;

use super::table::{STAY, StepId, Table};

/// Classes that are remembered; when there are more, all are forgotten, and found anew as they come.
const MAX_CLASSES: usize = 256;

/// Classes that are found at a glance.
const AT_HAND: usize = 64;

/// A class of events.
#[derive(Debug)]
pub(super) struct Class {
    /// What such an event begins.
    pub(super) begins: StepId,
    /// The stands that it does something to: the bits of their numbers, modulo 64.
    pub(super) touches: u64,
    moves: Moves,
    /// By stand.
    pub(super) steps: Box<[StepId]>,
}

/// What an event does where stands are places in a row.
#[derive(Clone, Copy, Debug)]
pub(super) struct Moves {
    /// The places to which it takes starts, the first one with who begins; a bit each.
    pub(super) onto: u32,
    /// Those whose starts it ends, and nothing else.
    pub(super) ends: u32,
}

impl Moves {
    /// Does it begin a match?
    #[inline]
    pub(super) fn begins(self) -> bool {
        self.onto & 1 != 0
    }

    /// The places from which it takes starts.
    #[inline]
    pub(super) fn from(self) -> u32 {
        self.onto >> 1
    }
}

/// A class that is found at a glance.
#[derive(Clone, Copy, Debug)]
struct AtHand {
    fits: u64,
    place: u32,
    moves: Moves,
}

/// The classes that came so far.
#[derive(Debug)]
pub(super) struct Classes {
    /// By [a hash of the elements](hash).
    at_hand: Box<[AtHand; AT_HAND]>,
    places: HashMap<u64, u32>,
    all: Vec<Class>,
    /// Of a table with so many stands.
    stands: usize,
}

/// Where a class is at hand.
#[inline]
fn hash(fits: u64) -> usize {
    (fits.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 58) as usize
}

impl Classes {
    pub(super) fn new(stands: usize) -> Self {
        // No place holds elements that would be looked for there.
        let nothing = |place: usize| AtHand {
            fits: u64::from(place == hash(0)),
            place: u32::MAX,
            moves: Moves { onto: 0, ends: 0 },
        };
        Self {
            at_hand: Box::new(core::array::from_fn(nothing)),
            places: HashMap::new(),
            all: Vec::new(),
            stands,
        }
    }

    pub(super) fn get(&self, place: u32) -> &Class {
        &self.all[place as usize]
    }

    pub(super) fn bytes(&self) -> usize {
        self.all.len() * (size_of::<Class>() + self.stands * size_of::<StepId>())
    }
}

impl Table {
    /// The place of the class of events that fit these elements.
    #[inline]
    pub(super) fn class(&mut self, fits: u64) -> u32 {
        self.look_up(fits).place
    }

    /// What events that fit these elements do, where stands are places in a row.
    #[inline]
    pub(super) fn moves(&mut self, fits: u64) -> Moves {
        self.look_up(fits).moves
    }

    #[inline]
    fn look_up(&mut self, fits: u64) -> AtHand {
        let found = self.classes.at_hand[hash(fits)];
        if found.fits == fits {
            return found;
        }
        let place = self.find(fits);
        let found = AtHand {
            fits,
            place,
            moves: self.classes.all[place as usize].moves,
        };
        self.classes.at_hand[hash(fits)] = found;
        found
    }

    #[inline(never)]
    fn find(&mut self, fits: u64) -> u32 {
        if let Some(&place) = self.classes.places.get(&fits) {
            return place;
        }
        if self.classes.all.len() >= MAX_CLASSES {
            self.classes = Classes::new(self.stands.len());
        }
        let stands = self.stands.iter();
        let steps: Box<[StepId]> = stands.map(|stand| stand.step(fits)).collect();
        let touched = steps.iter().zip(0_u64..).filter(|(step, _)| **step != STAY);
        let ended = touched
            .clone()
            .filter(|(step, _)| self.steps[**step as usize].is_nothing());
        let bits = |touched: &mut dyn Iterator<Item = (&StepId, u64)>| {
            touched.fold(0, |bits, (_, stand)| bits | 1 << (stand % 64))
        };
        let begins = self.beginning(fits);
        let touches = bits(&mut touched.clone());
        let ends = bits(&mut ended.clone());
        let class = Class {
            begins,
            touches,
            moves: Moves {
                onto: ((touches & !ends) << 1) as u32 | u32::from(begins != STAY),
                ends: ends as u32,
            },
            steps,
        };
        let place = self.classes.all.len() as u32;
        self.classes.all.push(class);
        self.classes.places.insert(fits, place);
        place
    }
}

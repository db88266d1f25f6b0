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
    /// Of these, the stands whose starts it ends, and nothing else.
    pub(super) ends: u64,
    /// Where stands are places in a row: those to which it takes starts, the first one with who begins.
    pub(super) onto: u32,
    /// By stand.
    pub(super) steps: Box<[StepId]>,
}

/// The classes that came so far.
#[derive(Debug)]
pub(super) struct Classes {
    /// By a hash of the elements: these, and the place of their class.
    at_hand: Box<[(u64, u32); AT_HAND]>,
    places: HashMap<u64, u32>,
    all: Vec<Class>,
    /// Of a table with so many stands.
    stands: usize,
}

const NONE: u32 = u32::MAX;

impl Classes {
    pub(super) fn new(stands: usize) -> Self {
        Self {
            at_hand: Box::new([(0, NONE); AT_HAND]),
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
        let hash = fits.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 58;
        let (known, place) = self.classes.at_hand[hash as usize];
        if known == fits && place != NONE {
            return place;
        }
        let place = self.find(fits);
        self.classes.at_hand[hash as usize] = (fits, place);
        place
    }

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
            ends,
            onto: ((touches & !ends) << 1) as u32 | u32::from(begins != STAY),
            steps,
        };
        let place = self.classes.all.len() as u32;
        self.classes.all.push(class);
        self.classes.places.insert(fits, place);
        place
    }
}

//! Texts that are to be equal to one, or to contain one, with the lists of conditions that ask for them.

use std::collections::BTreeMap;

use aho_corasick::{AhoCorasick, AhoCorasickKind, MatchKind};

use super::conjunct::{Literal, Place};
use super::keys::Equal;
use super::lists::{ListId, Lists};

/// Largest table of a deterministic automaton over a field's literals, in bytes: it takes one step a byte, and must fit the caches to be
/// worth its size. Above, the automaton is the crate's contiguous one, which is smaller and takes several.
const TABLE: usize = 4 << 20;

/// Lists by what a text is, or has in it.
#[derive(Debug)]
pub(super) struct Words {
    equal: Equal<Box<str>>,
    /// Looks for all literals in one pass over a text.
    parts: Option<AhoCorasick>,
    /// By number of the literal: where it has to stand, and its list.
    of_parts: Vec<(Place, ListId)>,
    /// Bytes of the texts of `equal`.
    text_bytes: usize,
}

impl Words {
    /// Of texts and literals with their conditions. `None` for literals that are too large to be looked for at once.
    pub(super) fn new(
        texts: Vec<(Box<str>, u32)>,
        literals: Vec<(Literal, u32)>,
        lists: &mut Lists,
    ) -> Option<Self> {
        let mut by_literal: BTreeMap<Literal, Vec<u32>> = BTreeMap::new();
        for (literal, item) in literals {
            let items = by_literal.entry(literal).or_default();
            if items.last() != Some(&item) {
                items.push(item);
            }
        }
        let parts = if by_literal.is_empty() {
            None
        } else {
            let bytes = by_literal.keys().map(|literal| &literal.bytes);
            let mut builder = AhoCorasick::builder();
            builder.match_kind(MatchKind::Standard);
            if table(bytes.clone().map(|literal| &**literal)) <= TABLE {
                builder.kind(Some(AhoCorasickKind::DFA));
            }
            Some(builder.build(bytes).ok()?)
        };
        let of_parts = by_literal
            .into_iter()
            .map(|(literal, items)| (literal.place, lists.add(items)));
        let of_parts = of_parts.collect();
        Some(Self {
            text_bytes: texts.iter().map(|(text, _)| text.len()).sum(),
            equal: Equal::new::<str>(texts, lists),
            parts,
            of_parts,
        })
    }

    /// Tells the lists for which a text is a witness, some of them more than once.
    pub(super) fn at(&self, text: &str, mut tell: impl FnMut(ListId)) {
        if let Some(list) = self.equal.get(text) {
            tell(list);
        }
        let Some(parts) = &self.parts else { return };
        for found in parts.find_overlapping_iter(text) {
            let (place, list) = self.of_parts[found.pattern().as_usize()];
            let is_there = match place {
                Place::Anywhere => true,
                Place::Start => found.start() == 0,
                Place::End => found.end() == text.len(),
            };
            if is_there {
                tell(list);
            }
        }
    }

    /// Bytes that they take.
    pub(super) fn bytes(&self) -> usize {
        let parts = self.parts.as_ref().map_or(0, AhoCorasick::memory_usage);
        self.equal.bytes() + self.text_bytes + parts + size_of_val(&*self.of_parts)
    }
}

/// Bytes that the table of a deterministic automaton over these literals takes at most: a state a byte of theirs, with a transition for each
/// different byte and one for all others.
fn table<'l>(literals: impl Iterator<Item = &'l [u8]>) -> usize {
    let (mut states, mut is_used) = (1, [false; 256]);
    for literal in literals {
        states += literal.len();
        for &byte in literal {
            is_used[usize::from(byte)] = true;
        }
    }
    let used = is_used.iter().filter(|is_used| **is_used).count();
    states * (used + 1).next_power_of_two() * size_of::<u32>()
}

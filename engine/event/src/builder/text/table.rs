//! The codes of a dictionary's texts, by hash.

use xxhash_rust::xxh3::xxh3_64;

use super::text_at;
use crate::batch::Texts;
use crate::limits::MAX_ROWS;

/// Finds a text's code by its hash: open addressing, linear probing, at most a quarter full. So the first place is the right one
/// for seven texts in eight, and a processor guesses well that the search ends there.
#[derive(Debug, Default)]
pub(super) struct Table {
    /// 0: free; else the hash's first bits in the upper half, code + 1 in the lower.
    slots: Vec<u32>,
    len: usize,
}

/// A text's code, and whether it is new.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Code {
    Old(u16),
    /// The caller appends the text to the dictionary's.
    New(u16),
}

// A slot holds each code, and one more.
const _: () = assert!(MAX_ROWS < 1 << u16::BITS);

impl Table {
    /// Slots at first: small, as each batch clears them.
    const FIRST: usize = 32;

    /// Slots for each text, at least.
    const SPARSE: usize = 4;

    /// More probes than this do not happen by chance: someone chose texts whose hashes collide.
    const MAX_PROBES: usize = 256;

    /// How many texts have a code.
    pub(super) fn len(&self) -> usize {
        self.len
    }

    /// The code of a text, where `texts` are those that have one; `None`: no place.
    #[inline]
    pub(super) fn code_of(&mut self, key: Key<'_>, texts: &Texts) -> Option<Code> {
        if (self.len + 1) * Self::SPARSE > self.slots.len() {
            self.grow(texts);
        }
        let hash = key.hash();
        let tag = tag(hash);
        let mask = self.slots.len() - 1;
        for probe in 0..Self::MAX_PROBES {
            let slot = &mut self.slots[(place(hash) + probe) & mask];
            if *slot == 0 {
                let code = self.len as u16;
                *slot = tag | (u32::from(code) + 1);
                self.len += 1;
                return Some(Code::New(code));
            }
            if (*slot ^ tag) >> 16 == 0 {
                let code = (*slot as u16) - 1;
                if key.is(text_at(texts, code)) {
                    return Some(Code::Old(code));
                }
            }
        }
        None
    }

    #[cold]
    fn grow(&mut self, texts: &Texts) {
        let size = (self.slots.len() * 2).max(Self::FIRST);
        self.slots.clear();
        self.slots.resize(size, 0);
        for code in 0..self.len as u16 {
            let hash = Key::of(text_at(texts, code)).hash();
            let mut at = place(hash);
            while self.slots[at & (size - 1)] != 0 {
                at += 1;
            }
            self.slots[at & (size - 1)] = tag(hash) | (u32::from(code) + 1);
        }
    }

    /// Empties the table; one that was far too large for what it held becomes smaller, step by step.
    pub(super) fn clear(&mut self) {
        if self.len * Self::SPARSE * 4 < self.slots.len() && self.slots.len() > Self::FIRST {
            self.slots.truncate(self.slots.len() / 2);
        }
        self.slots.fill(0);
        self.len = 0;
    }
}

/// Where the search for a text begins: the hash's last bits.
fn place(hash: u64) -> usize {
    hash as u32 as usize
}

/// What tells two texts apart without a look at them, as a slot has it.
fn tag(hash: u64) -> u32 {
    (hash >> 48 << 16) as u32
}

/// Texts of so many bytes are told by two words and their length.
const SHORT: usize = 16;

/// A text that is looked for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Key<'t> {
    text: &'t [u8],
    /// Its first and its last bytes, which may overlap.
    words: [u64; 2],
}

impl<'t> Key<'t> {
    #[inline]
    pub(super) fn new(text: &'t str) -> Self {
        Self::of(text.as_bytes())
    }

    #[inline]
    fn of(text: &'t [u8]) -> Self {
        let (word, half) = (text.first_chunk::<8>(), text.first_chunk::<4>());
        let words = if let (Some(first), Some(last)) = (word, text.last_chunk()) {
            [first, last].map(|word| u64::from_le_bytes(*word))
        } else if let (Some(first), Some(last)) = (half, text.last_chunk()) {
            [first, last].map(|half| u64::from(u32::from_le_bytes(*half)))
        } else {
            let byte = |at: usize| text.get(at).map_or(0, |byte| u64::from(*byte));
            [byte(0) | byte(1) << 8, byte(2)]
        };
        Self { text, words }
    }

    /// Of a short text, both words multiplied by each other, and the product's halves folded into one (as in Wang Yi's
    /// wyhash); of a longer one, XXH3. Who chooses texts can have hashes collide: the table bounds what that costs.
    #[inline]
    fn hash(self) -> u64 {
        /// The first digits of pi behind the point, and the next.
        const PI: [u64; 2] = [0x243f_6a88_85a3_08d3, 0x1319_8a2e_0370_7344];
        if self.text.len() > SHORT {
            return xxh3_64(self.text);
        }
        let length = self.text.len() as u64;
        let [first, last] = self.words;
        let product = u128::from(first ^ PI[0]) * u128::from(last ^ PI[1].wrapping_add(length));
        (product >> 64) as u64 ^ product as u64
    }

    /// Is it this text? Texts that repeat are short: comparing words in place costs less than a call.
    #[inline]
    fn is(self, text: &[u8]) -> bool {
        self.text.len() == text.len()
            && self.words == Key::of(text).words
            && (text.len() <= SHORT || self.has_inner(text))
    }

    /// Is between the first word and the last what this text of the same length has there?
    fn has_inner(self, text: &[u8]) -> bool {
        let mut pairs = self.text.as_chunks::<8>().0.iter().zip(text.as_chunks().0);
        pairs.all(|(a, b)| u64::from_le_bytes(*a) == u64::from_le_bytes(*b))
    }
}

/// The text that was looked for last: neighbours are often equal.
#[derive(Debug)]
pub(super) struct Last {
    code: u16,
    len: usize,
    words: [u64; 2],
}

impl Default for Last {
    /// None: no text has this length.
    fn default() -> Self {
        Self {
            code: 0,
            len: usize::MAX,
            words: [0; 2],
        }
    }
}

impl Last {
    #[inline]
    pub(super) fn new(key: Key<'_>, code: u16) -> Self {
        Self {
            code,
            len: key.text.len(),
            words: key.words,
        }
    }

    /// Its code, where the key is the same text. One comparison for all: that only the lengths are equal is a toss of a coin.
    #[inline]
    pub(super) fn code_of(&self, key: Key<'_>, texts: &Texts) -> Option<u16> {
        let lengths = (self.len ^ key.text.len()) as u64;
        let others = (self.words[0] ^ key.words[0]) | (self.words[1] ^ key.words[1]) | lengths;
        let is_same =
            others == 0 && (self.len <= SHORT || key.has_inner(text_at(texts, self.code)));
        is_same.then_some(self.code)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::batch::Texts;

    /// Gives each text a code, and tells how many probes it took more than the texts are, and how long the longest search was.
    fn fill(texts: impl Iterator<Item = String>) -> (Table, Texts) {
        let mut table = Table::default();
        let mut all = Texts {
            offsets: vec![0],
            bytes: String::new(),
        };
        for (number, text) in texts.enumerate() {
            let code = table.code_of(Key::new(&text), &all);
            assert_eq!(code, Some(Code::New(number as u16)), "{text}");
            all.bytes.push_str(&text);
            all.offsets.push(all.bytes.len() as u32);
        }
        (table, all)
    }

    /// Slots that a search for this text looks at.
    fn probes(table: &Table, texts: &Texts, code: u16) -> usize {
        let hash = Key::of(text_at(texts, code)).hash();
        let entry = tag(hash) | (u32::from(code) + 1);
        let mask = table.slots.len() - 1;
        (0..Table::MAX_PROBES)
            .find(|probe| table.slots[(place(hash) + probe) & mask] == entry)
            .expect("it is found")
            + 1
    }

    #[test]
    fn each_text_has_a_code_of_its_own() {
        // Each length up to three words, and at each place one byte that is another.
        let texts = (0..=24_usize).flat_map(|length| {
            let text = "abcdefghijklmnopqrstuvwx"[..length].to_owned();
            let others = (0..length).map({
                let text = text.clone();
                move |at| format!("{}-{}", &text[..at], &text[at + 1..])
            });
            others.chain([text.clone()]).collect::<Vec<_>>()
        });
        let (mut table, texts) = fill(texts);
        assert_eq!(
            table.len(),
            (0..=24).map(|length| length + 1).sum::<usize>()
        );
        for code in 0..table.len() as u16 {
            let text = text_at(&texts, code).to_vec();
            assert_eq!(table.code_of(Key::of(&text), &texts), Some(Code::Old(code)));
        }
    }

    #[test]
    fn texts_as_they_are_spread_over_the_table() {
        const COUNT: usize = 8_000;
        let kinds: [fn(usize) -> String; 9] = [
            |i| format!("host-{i}"),
            |i| format!("{i}"),
            |i| format!("{i:08}"),
            |i| format!("{i:016}"),
            |i| format!("{i:04x}/rack"),
            |i| format!("10.0.{}.{}", i / 256, i % 256),
            |i| format!("user{i}@example.org"),
            |i| format!("/rack/{}/slot/{}", i / 40, i % 40),
            |i| char::from_u32(0x4e00 + i as u32).unwrap().to_string(),
        ];
        for kind in kinds {
            let (table, texts) = fill((0..COUNT).map(kind));
            let probes = (0..COUNT).map(|code| probes(&table, &texts, code as u16));
            let (sum, longest) = probes.fold((0, 0), |(sum, longest), probes| {
                (sum + probes, longest.max(probes))
            });
            // By chance it would be 1.17 probes a text.
            assert!(
                sum * 10 < COUNT * 13 && longest < 32,
                "{}: {sum} probes, at most {longest}",
                kind(0)
            );
        }
    }

    #[test]
    fn a_table_shrinks_to_what_it_holds() {
        let (mut table, _) = fill((0..5_000).map(|i| i.to_string()));
        let large = table.slots.len();
        assert_eq!(large, 32_768);
        table.clear();
        assert_eq!(table.slots.len(), large, "it was not too large");
        for _ in 0..20 {
            table.clear();
        }
        assert_eq!(table.slots.len(), Table::FIRST);
        assert!(table.slots.iter().all(|slot| *slot == 0));
    }
}

//! What the aggregates of a rule keep outside of rows: texts and addresses, each once, and the bytes of all of it.

use core::hash::BuildHasher;
use std::hash::RandomState;

use hashbrown::HashTable;
use xxhash_rust::xxh3::xxh3_64_with_seed;

use super::argument::Raw;
use super::different::Counted;
use crate::sketch::HyperLogLog;

/// A text or an address, and how often it is referred to.
#[derive(Clone, Debug, Default)]
struct Entry {
    bytes: Box<[u8]>,
    references: u64,
    /// The value's hash, the same in each process.
    hash: u64,
    /// How many values have been here.
    generation: u32,
}

/// Where a text was kept: as long as it is still there, it need not be looked for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place {
    entry: u32,
    generation: u32,
}

impl Default for Place {
    fn default() -> Self {
        Self {
            entry: u32::MAX,
            generation: 0,
        }
    }
}

/// Values of any type as words: numbers stand for themselves, texts and addresses for their place here, for as long as
/// they are referred to.
#[derive(Clone, Debug)]
pub(crate) struct Store {
    /// Not that of other processes: values that collide can't be made in advance. No order of a table is ever seen.
    seed: u64,
    /// As secret as the seed, and odd.
    factor: u64,
    entries: Vec<Entry>,
    free: Vec<u32>,
    places: HashTable<u32>,
    /// Bytes of the entries' texts.
    texts: usize,
    /// Bytes that sketches and sets have on the heap.
    pub(super) sketches: usize,
}

impl Default for Store {
    fn default() -> Self {
        let random = RandomState::new();
        Self {
            seed: random.hash_one(0),
            factor: random.hash_one(1) | 1,
            entries: Vec::new(),
            free: Vec::new(),
            places: HashTable::new(),
            texts: 0,
            sketches: 0,
        }
    }
}

impl Store {
    /// Bytes of each text or address beside its own.
    pub(super) const VALUE_BYTES: usize = 2 * (size_of::<Entry>() + 2 * size_of::<u32>()) + 16;

    /// Bytes of texts, sketches and sets.
    pub(crate) fn bytes(&self) -> usize {
        // The table is at most half empty; what it tells of itself depends on where in it those were that are gone.
        let place = size_of::<Entry>() + size_of::<u32>() + 2 * (size_of::<u32>() + 1);
        self.texts + self.entries.capacity() * place + self.sketches
    }

    /// The word of a value; of a text or an address with one more reference.
    #[inline]
    pub(super) fn keep(&mut self, value: Raw<'_>) -> u64 {
        match value {
            Raw::Word(word) => word,
            Raw::Text(text) => self.keep_bytes(text.as_bytes(), value),
            Raw::Ip(octets) => self.keep_bytes(&octets, value),
            Raw::Coded(texts, code) => {
                let known = texts.place(code);
                let Place { entry, generation } = known.get();
                if let Some(there) = self.entries.get_mut(entry as usize)
                    && there.generation == generation
                {
                    there.references += 1;
                    return entry.into();
                }
                let word = self.keep_bytes(texts.text(code).as_bytes(), value);
                known.set(Place {
                    entry: word as u32,
                    generation: self.entries[word as usize].generation,
                });
                word
            }
        }
    }

    fn keep_bytes(&mut self, bytes: &[u8], value: Raw<'_>) -> u64 {
        let hash = xxh3_64_with_seed(bytes, self.seed);
        let entries = &self.entries;
        let found = self
            .places
            .find(hash, |&place| *entries[place as usize].bytes == *bytes);
        if let Some(&place) = found {
            self.entries[place as usize].references += 1;
            return place.into();
        }
        let mut entry = Entry {
            bytes: bytes.into(),
            references: 1,
            hash: value.hash(),
            generation: 0,
        };
        self.texts += bytes.len();
        let place = match self.free.pop() {
            Some(place) => {
                entry.generation = self.entries[place as usize].generation;
                self.entries[place as usize] = entry;
                place
            }
            None => {
                self.entries.push(entry);
                self.entries.len() as u32 - 1
            }
        };
        let (entries, seed) = (&self.entries, self.seed);
        self.places.insert_unique(hash, place, |&place| {
            xxh3_64_with_seed(&entries[place as usize].bytes, seed)
        });
        place.into()
    }

    /// Gives one reference to a text or an address up.
    #[inline]
    pub(super) fn release(&mut self, word: u64) {
        let entry = &mut self.entries[word as usize];
        entry.references -= 1;
        if entry.references == 0 {
            self.forget(word);
        }
    }

    /// Nothing refers to a text or an address any more.
    fn forget(&mut self, word: u64) {
        let entry = &mut self.entries[word as usize];
        entry.generation = entry.generation.wrapping_add(1);
        let bytes = core::mem::take(&mut entry.bytes);
        self.texts -= bytes.len();
        let hash = xxh3_64_with_seed(&bytes, self.seed);
        let place = self
            .places
            .find_entry(hash, |&place| u64::from(place) == word);
        if let Ok(place) = place {
            place.remove();
        }
        self.free.push(word as u32);
    }

    /// The text or address behind a word.
    pub(super) fn bytes_of(&self, word: u64) -> &[u8] {
        &self.entries[word as usize].bytes
    }

    /// The hash of a word in tables of words: both halves of a product of 128 bits, for which words that collide can't be
    /// told without the seed.
    #[inline]
    pub(super) fn mixed(&self, word: u64) -> u64 {
        let product = u128::from(word ^ self.seed) * u128::from(self.factor);
        (product as u64) ^ (product >> 64) as u64
    }

    /// Bytes by which it may at most grow when so many more values come whose texts have so many bytes.
    pub(super) fn most_growth(&self, values: usize, texts: usize) -> usize {
        // A table at most doubles, and each value may be the one that makes a set a sketch.
        let each = Self::VALUE_BYTES + Counted::MOST_BYTES + HyperLogLog::BYTES;
        self.bytes() + values * each + texts
    }

    /// The hash of the value behind a word, the same in each process.
    pub(super) fn hash_of(&self, word: u64, is_kept: bool) -> u64 {
        if is_kept {
            self.entries[word as usize].hash
        } else {
            Raw::Word(word).hash()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_there_once_and_as_long_as_they_are_referred_to() {
        let mut store = Store::default();
        let [a, b] = ["ada", "bob"].map(|text| store.keep(Raw::Text(text)));
        assert_eq!(store.keep(Raw::Text("ada")), a);
        assert_ne!(a, b);
        assert_eq!(store.bytes_of(a), b"ada");
        assert_eq!(store.texts, 6);
        store.release(a);
        assert_eq!(store.bytes_of(a), b"ada");
        store.release(a);
        assert_eq!(store.texts, 3);
        // Its place is taken again.
        assert_eq!(store.keep(Raw::Ip([7; 16])), a);
        assert_eq!(store.bytes_of(a), [7; 16]);
        assert_eq!(store.keep(Raw::Word(9)), 9);
    }

    #[test]
    fn a_value_hashes_as_itself_wherever_it_lies() {
        let (mut one, mut other) = (Store::default(), Store::default());
        other.keep(Raw::Text("before"));
        let words = [&mut one, &mut other].map(|store| store.keep(Raw::Text("x")));
        assert_ne!(words[0], words[1]);
        assert_eq!(one.hash_of(words[0], true), other.hash_of(words[1], true));
    }
}

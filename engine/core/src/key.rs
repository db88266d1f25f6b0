//! Partition keys: their encoding and the table from keys to slots.
//!
//! A key is encoded so that comparing bytes compares keys part by part (integers with their sign bit
//! turned, big endian; a text that is not the last part is escaped and terminated). The encoding is what
//! is hashed (XXH3-64) to find the shard that owns the key, so that every shard agrees.
//!
//! The tables hash it again with a seed of their own: keys that collide can be made for a hash that is known,
//! and a table full of those would be searched from end to end for each event. A table's order is never seen,
//! so that the seed is not either.

use core::hash::BuildHasher;
use std::hash::RandomState;

use hashbrown::HashTable;
use std::borrow::Cow;

use trapjaw_event::{FieldType, Ip, Value, ValueRef};
use trapjaw_program::KeyPart;
use xxhash_rust::xxh3::{xxh3_64, xxh3_64_with_seed};

use crate::limits::SECOND_CHANCES;

/// The hash that places a key on a shard.
pub(crate) fn hash(encoded: &[u8]) -> u64 {
    xxh3_64(encoded)
}

/// The shard of `shards` that owns what hashes to `hash`.
pub fn owner(hash: u64, shards: u32) -> u32 {
    (((hash >> 32) * u64::from(shards)) >> 32) as u32
}

/// Appends the encoding of one part; `last` tells the last part of its key. `None` for null.
pub(crate) fn encode(value: ValueRef<'_>, last: bool, out: &mut Vec<u8>) -> Option<()> {
    match value {
        ValueRef::Null | ValueRef::Float(_) => return None,
        ValueRef::Bool(v) => out.push(u8::from(v)),
        ValueRef::Int(v) | ValueRef::Time(v) | ValueRef::Duration(v) => {
            out.extend_from_slice(&(v ^ i64::MIN).to_be_bytes());
        }
        ValueRef::Enum(v) => out.extend_from_slice(&v.to_be_bytes()),
        ValueRef::Ip(v) => out.extend_from_slice(&v.octets()),
        ValueRef::Text(v) if last => out.extend_from_slice(v.as_bytes()),
        ValueRef::Text(v) => {
            for &byte in v.as_bytes() {
                out.push(byte);
                if byte == 0 {
                    out.push(0xFF);
                }
            }
            out.extend_from_slice(&[0, 0]);
        }
    }
    Some(())
}

/// The values of an encoded key.
pub(crate) fn decode(parts: &[KeyPart], encoded: &[u8]) -> Vec<Value> {
    let mut values = Vec::with_capacity(parts.len());
    each(parts, encoded, |value| values.push(value.to_value()));
    values
}

/// Tells the values of an encoded key.
pub(crate) fn each(parts: &[KeyPart], mut encoded: &[u8], mut to: impl FnMut(ValueRef<'_>)) {
    for (index, part) in parts.iter().enumerate() {
        let int =
            |bytes: &[u8]| i64::from_be_bytes(bytes.try_into().unwrap_or_default()) ^ i64::MIN;
        let width = match part.ty {
            FieldType::Bool => 1,
            FieldType::Enum(_) => 2,
            FieldType::Ip => 16,
            FieldType::Text => 0,
            _ => 8,
        };
        let (bytes, rest) = encoded.split_at(width);
        encoded = rest;
        to(match part.ty {
            FieldType::Bool => ValueRef::Bool(bytes[0] == 1),
            FieldType::Enum(_) => ValueRef::Enum(u16::from_be_bytes([bytes[0], bytes[1]])),
            FieldType::Ip => ValueRef::Ip(Ip::from_octets(bytes.try_into().unwrap_or_default())),
            FieldType::Time => ValueRef::Time(int(bytes)),
            FieldType::Duration => ValueRef::Duration(int(bytes)),
            FieldType::Int | FieldType::Float => ValueRef::Int(int(bytes)),
            FieldType::Text => {
                let text = if index + 1 == parts.len() {
                    Cow::Borrowed(core::mem::take(&mut encoded))
                } else {
                    Cow::Owned(unescape(&mut encoded))
                };
                to(ValueRef::Text(&String::from_utf8_lossy(&text)));
                continue;
            }
        });
    }
}

fn unescape(encoded: &mut &[u8]) -> Vec<u8> {
    let mut text = Vec::new();
    while let [byte, rest @ ..] = *encoded {
        *encoded = rest;
        if *byte == 0 {
            let escaped = rest.first() == Some(&0xFF);
            *encoded = rest.get(1..).unwrap_or_default();
            if !escaped {
                break;
            }
        }
        text.push(*byte);
    }
    text
}

/// May a key of these parts be longer than what is kept in place?
pub(crate) fn may_be_long(parts: &[KeyPart]) -> bool {
    let width = |part: &KeyPart| match part.ty {
        FieldType::Text => SHORT + 1,
        FieldType::Ip => 16,
        FieldType::Bool => 1,
        FieldType::Enum(_) => 2,
        _ => 8,
    };
    parts.iter().map(width).sum::<usize>() > SHORT
}

/// A slot number together with the generation that tells its reuse.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct SlotId {
    pub(crate) slot: u32,
    pub(crate) generation: u32,
}

/// A key's bytes: short ones in place, so that looking one up touches no other memory.
#[derive(Clone, Debug)]
enum Bytes {
    Short(u8, [u8; SHORT]),
    Long(Box<[u8]>),
}

/// Longest key that is kept in place.
const SHORT: usize = 22;

impl Bytes {
    fn new(bytes: &[u8]) -> Self {
        let mut short = [0; SHORT];
        match short.get_mut(..bytes.len()) {
            Some(place) => {
                place.copy_from_slice(bytes);
                Self::Short(bytes.len() as u8, short)
            }
            None => Self::Long(bytes.into()),
        }
    }

    /// Bytes beyond its own.
    fn long_bytes(&self) -> usize {
        match self {
            Self::Short(..) => 0,
            Self::Long(bytes) => bytes.len(),
        }
    }

    fn get(&self) -> &[u8] {
        match self {
            Self::Short(length, bytes) => &bytes[..usize::from(*length)],
            Self::Long(bytes) => bytes,
        }
    }
}

#[derive(Clone, Debug)]
struct Entry {
    key: Bytes,
    generation: u32,
    live: bool,
    /// Seen again since it was put here, or since the eviction hand last passed.
    recent: bool,
}

/// The keys of one rule on one shard, each with a slot.
#[derive(Clone, Debug)]
pub(crate) struct Keys {
    /// Hash and slot.
    table: HashTable<(u64, u32)>,
    seeds: [u64; 2],
    entries: Vec<Entry>,
    free: Vec<u32>,
    hand: u32,
    /// Bytes of the keys that are not in place.
    long_bytes: usize,
}

impl Default for Keys {
    fn default() -> Self {
        let random = RandomState::new();
        Self {
            table: HashTable::new(),
            seeds: [0, 1].map(|number| random.hash_one(number)),
            entries: Vec::new(),
            free: Vec::new(),
            hand: 0,
            long_bytes: 0,
        }
    }
}

impl Keys {
    /// Bytes that each slot takes: its entry, its place in the table, which is at most half empty, and among
    /// the free ones.
    pub(crate) const SLOT_BYTES: usize =
        size_of::<Entry>() + 2 * size_of::<(u64, u32)>() + size_of::<u32>();

    /// Number of live keys.
    pub(crate) fn len(&self) -> usize {
        self.table.len()
    }

    /// Number of slots, used or free.
    pub(crate) fn slots(&self) -> usize {
        self.entries.len()
    }

    /// Bytes beyond those of the slots.
    pub(crate) fn bytes(&self) -> usize {
        self.long_bytes
    }

    /// Sees a key again. Is the slot still that of the key for which it was given?
    pub(crate) fn see(&mut self, id: SlotId) -> bool {
        let entry = &mut self.entries[id.slot as usize];
        let is_current = entry.generation == id.generation;
        // Mostly it is set, and memory that is not written stays clean.
        if is_current && !entry.recent {
            entry.recent = true;
        }
        is_current
    }

    /// The key of a live slot, encoded.
    pub(crate) fn key(&self, slot: u32) -> &[u8] {
        self.entries[slot as usize].key.get()
    }

    /// The slot of a key, if it has one. The key is thereby seen.
    pub(crate) fn find(&mut self, encoded: &[u8]) -> Option<SlotId> {
        let hash = self.hash(encoded);
        let entries = &self.entries;
        let same = |&(candidate, slot): &(u64, u32)| {
            candidate == hash && entries[slot as usize].key.get() == encoded
        };
        let (_, slot) = *self.table.find(hash, same)?;
        let entry = &mut self.entries[slot as usize];
        entry.recent = true;
        Some(SlotId {
            slot,
            generation: entry.generation,
        })
    }

    /// Where keys with these hashes may be, in their place: looking many up at once, the memory that each asks for is fetched
    /// together with that of the others.
    pub(crate) fn candidates(&self, hashes: &[u64], candidates: &mut [u32]) {
        for (&hash, candidate) in hashes.iter().zip(candidates) {
            let found = self.table.find(hash, |&(other, _)| other == hash);
            *candidate = found.map_or(u32::MAX, |&(_, slot)| slot);
        }
    }

    /// The slot of a key, if it is the candidate. The key is not thereby seen.
    #[inline]
    pub(crate) fn confirm(&self, candidate: u32, encoded: &[u8]) -> Option<SlotId> {
        let entry = self.entries.get(candidate as usize)?;
        (entry.key.get() == encoded).then_some(SlotId {
            slot: candidate,
            generation: entry.generation,
        })
    }

    /// Gives a key that has none a slot. To be seen once is not enough for a second chance: so a flood of keys
    /// that come once drives out its own.
    pub(crate) fn insert(&mut self, encoded: &[u8]) -> SlotId {
        let hash = self.hash(encoded);
        let entry = |generation| Entry {
            key: Bytes::new(encoded),
            generation,
            live: true,
            recent: false,
        };
        let slot = if let Some(slot) = self.free.pop() {
            let place = &mut self.entries[slot as usize];
            *place = entry(place.generation);
            slot
        } else {
            self.entries.push(entry(0));
            self.entries.len() as u32 - 1
        };
        self.long_bytes += self.entries[slot as usize].key.long_bytes();
        self.table
            .insert_unique(hash, (hash, slot), |&(hash, _)| hash);
        SlotId {
            slot,
            generation: self.entries[slot as usize].generation,
        }
    }

    /// Frees a live slot.
    pub(crate) fn remove(&mut self, slot: u32) {
        let entry = &mut self.entries[slot as usize];
        debug_assert!(entry.live, "only a live slot is freed");
        entry.live = false;
        entry.generation = entry.generation.wrapping_add(1);
        let key = core::mem::replace(&mut entry.key, Bytes::Short(0, [0; SHORT]));
        self.long_bytes -= key.long_bytes();
        let hash = self.hash(key.get());
        let found = self
            .table
            .find_entry(hash, |&(_, candidate)| candidate == slot);
        if let Ok(found) = found {
            found.remove();
        }
        self.free.push(slot);
    }

    /// The live slot to give up when there is no room: the first, going round, that was not seen again since the
    /// hand last passed it (second chance), or after [`SECOND_CHANCES`] the next one. The slot `spared`, which
    /// is live, is given up if there is no other. `None` without live slots.
    pub(crate) fn oldest(&mut self, spared: Option<u32>) -> Option<u32> {
        if self.len() == usize::from(spared.is_some()) {
            return spared;
        }
        let mut passed = 0;
        loop {
            let slot = self.hand;
            self.hand = if slot as usize + 1 < self.entries.len() {
                slot + 1
            } else {
                0
            };
            let entry = &mut self.entries[slot as usize];
            if !entry.live || spared == Some(slot) {
                continue;
            }
            if !core::mem::take(&mut entry.recent) || passed == SECOND_CHANCES {
                return Some(slot);
            }
            passed += 1;
        }
    }

    /// The hash of a key in this table.
    #[inline]
    pub(crate) fn hash(&self, encoded: &[u8]) -> u64 {
        let [low, high] = self.seeds;
        // Both ends of a short key are all of it: a product of 128 bits mixes them, for which keys that collide can't be told
        // without the seeds.
        let word = |bytes: &[u8; 4]| u64::from(u32::from_le_bytes(*bytes));
        let (a, b) = match encoded.len() {
            8..=16 => match (encoded.first_chunk(), encoded.last_chunk()) {
                (Some(first), Some(last)) => {
                    (u64::from_le_bytes(*first), u64::from_le_bytes(*last))
                }
                _ => (0, 0),
            },
            4..8 => match (encoded.first_chunk(), encoded.last_chunk()) {
                (Some(first), Some(last)) => (word(first), word(last)),
                _ => (0, 0),
            },
            _ => return xxh3_64_with_seed(encoded, low),
        };
        let length = (encoded.len() as u64) << 56;
        let product = u128::from(a ^ low) * u128::from(b ^ high ^ length);
        (product as u64) ^ (product >> 64) as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn parts(types: &[FieldType]) -> Vec<KeyPart> {
        types
            .iter()
            .map(|ty| KeyPart {
                name: "k".into(),
                ty: ty.clone(),
                output: 0,
            })
            .collect()
    }

    fn encoded(values: &[Value]) -> Vec<u8> {
        let mut out = Vec::new();
        for (index, value) in values.iter().enumerate() {
            encode(value.as_ref(), index + 1 == values.len(), &mut out).expect("not null");
        }
        out
    }

    fn keys() -> impl Strategy<Value = (String, i64, String)> {
        (
            "[a-b\u{0}\u{1}]{0,3}",
            prop_oneof![Just(-1_i64), Just(0), Just(1), any::<i64>()],
            "[a-b\u{0}]{0,3}",
        )
    }

    proptest! {
        #[test]
        fn bytes_compare_as_keys_do_and_decode_to_them(a in keys(), b in keys()) {
            let values = |k: &(String, i64, String)| {
                vec![Value::Text(k.0.as_str().into()), Value::Int(k.1), Value::Text(k.2.as_str().into())]
            };
            let (ea, eb) = (encoded(&values(&a)), encoded(&values(&b)));
            prop_assert_eq!(ea.cmp(&eb), a.cmp(&b));
            let parts = parts(&[FieldType::Text, FieldType::Int, FieldType::Text]);
            prop_assert_eq!(decode(&parts, &ea), values(&a));
        }
    }

    #[test]
    fn null_has_no_encoding() {
        assert!(encode(ValueRef::Null, true, &mut Vec::new()).is_none());
    }

    #[test]
    fn slots_are_reused_under_a_new_generation() {
        let mut keys = Keys::default();
        let first = keys.insert(b"a");
        assert_eq!(keys.find(b"a"), Some(first));
        keys.remove(first.slot);
        assert_eq!(keys.find(b"a"), None);
        let second = keys.insert(b"b");
        assert_eq!(second.slot, first.slot);
        assert!(!keys.see(first) && keys.see(second));
        assert_eq!(keys.key(second.slot), b"b");
    }

    #[test]
    fn keys_are_found_many_at_once_without_being_seen() {
        let mut keys = Keys::default();
        let ids = [b"a", b"b"].map(|name| keys.insert(name));
        let names = [b"b", b"c", b"a"];
        let mut candidates = [0; 3];
        keys.candidates(&names.map(|name| keys.hash(name)), &mut candidates);
        let found = core::array::from_fn(|place| keys.confirm(candidates[place], names[place]));
        assert_eq!(found, [Some(ids[1]), None, Some(ids[0])]);
        assert_eq!(keys.confirm(ids[0].slot, b"b"), None);
        assert_eq!(keys.oldest(None), Some(0));
        assert!(keys.see(ids[1]));
        assert_eq!(keys.oldest(Some(0)), Some(1));
    }

    #[test]
    fn the_oldest_is_one_not_seen_lately() {
        let mut keys = Keys::default();
        assert_eq!(keys.oldest(None), None);
        let ids: Vec<SlotId> = [b"a", b"b", b"c", b"d"]
            .map(|name| keys.insert(name))
            .into();
        assert_eq!(keys.oldest(None), Some(0));
        keys.remove(0);
        keys.find(b"b");
        assert!(keys.see(ids[2]) && !keys.see(ids[0]));
        assert_eq!(keys.oldest(None), Some(3));
        keys.remove(3);
        // Both have had their second chance by now.
        assert_eq!(keys.oldest(None), Some(1));
        assert_eq!(keys.len(), 2);
    }

    #[test]
    fn a_spared_key_goes_last() {
        let mut keys = Keys::default();
        let ids = [b"a", b"b"].map(|name| keys.insert(name));
        keys.see(ids[1]);
        assert_eq!(keys.oldest(Some(0)), Some(1));
        keys.remove(1);
        assert_eq!(keys.oldest(Some(0)), Some(0));
    }

    #[test]
    fn an_eviction_looks_at_a_bounded_number_of_keys() {
        let mut keys = Keys::default();
        for name in 0..10_000_u32 {
            let id = keys.insert(&name.to_be_bytes());
            keys.see(id);
        }
        assert_eq!(keys.oldest(None), Some(SECOND_CHANCES as u32));
    }

    #[test]
    fn long_keys_are_counted() {
        let mut keys = Keys::default();
        let short = keys.insert(&[7; SHORT]);
        assert_eq!(keys.bytes(), 0);
        let long = keys.insert(&[7; SHORT + 1]);
        assert_eq!(keys.bytes(), SHORT + 1);
        keys.remove(long.slot);
        keys.remove(short.slot);
        assert_eq!((keys.bytes(), keys.len(), keys.slots()), (0, 0, 2));
    }

    #[test]
    fn owners_spread_over_all_shards() {
        let mut seen = [0_u32; 3];
        for key in 0..3_000_u32 {
            seen[owner(hash(&key.to_be_bytes()), 3) as usize] += 1;
        }
        assert!(seen.iter().all(|&count| count > 900), "{seen:?}");
    }
}

//! Partition keys: their encoding and the table from keys to slots.
//!
//! A key is encoded so that comparing bytes compares keys part by part (integers with their sign bit
//! turned, big endian; a text that is not the last part is escaped and terminated). The encoding is what
//! is hashed (XXH3-64) to find the shard that owns the key, so that every shard agrees.
//!
//! The tables hash it again with a seed of their own: keys that collide can be made for a hash that is known,
//! and a table full of those would be searched from end to end for each event. A table's order is never seen,
//! so that the seed is not either.

mod places;

use core::hash::BuildHasher;
use std::borrow::Cow;
use std::hash::RandomState;

use trapjaw_event::{FieldType, Ip, Value, ValueRef};
use trapjaw_program::KeyPart;
use xxhash_rust::xxh3::{xxh3_64, xxh3_64_with_seed};

use self::places::{NONE, Places};
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

    #[inline]
    fn is(&self, other: &[u8]) -> bool {
        match self {
            Self::Short(length, own) => {
                let length = usize::from(*length);
                length == other.len()
                    && match length {
                        8..=16 => {
                            own.first_chunk::<8>() == other.first_chunk()
                                && own[..length].last_chunk::<8>() == other.last_chunk()
                        }
                        4..8 => {
                            own.first_chunk::<4>() == other.first_chunk()
                                && own[..length].last_chunk::<4>() == other.last_chunk()
                        }
                        _ => own[..length] == *other,
                    }
            }
            Self::Long(own) => **own == *other,
        }
    }
}

/// Both ends of a short key, which are all of it: two words are hashed without a loop or a call. So it is compared, too.
#[inline]
fn ends(bytes: &[u8]) -> Option<(u64, u64)> {
    let word = |bytes: &[u8; 4]| u64::from(u32::from_le_bytes(*bytes));
    match bytes.len() {
        8..=16 => {
            let (first, last) = (bytes.first_chunk()?, bytes.last_chunk()?);
            Some((u64::from_le_bytes(*first), u64::from_le_bytes(*last)))
        }
        4..8 => Some((word(bytes.first_chunk()?), word(bytes.last_chunk()?))),
        _ => None,
    }
}

#[derive(Clone, Debug)]
struct Entry {
    key: Bytes,
    live: bool,
    /// Seen again since it was put here, or since the eviction hand last passed.
    recent: bool,
}

/// The keys of one rule on one shard, each with a slot.
#[derive(Clone, Debug)]
pub(crate) struct Keys {
    places: Places,
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
            places: Places::default(),
            seeds: [0, 1].map(|number| random.hash_one(number)),
            entries: Vec::new(),
            free: Vec::new(),
            hand: 0,
            long_bytes: 0,
        }
    }
}

impl Keys {
    /// Bytes that each slot takes: its entry, its place in the table, and among the free ones.
    pub(crate) const SLOT_BYTES: usize = size_of::<Entry>() + Places::KEY_BYTES + size_of::<u32>();

    /// Number of live keys.
    pub(crate) fn len(&self) -> usize {
        self.places.len()
    }

    /// Number of slots, used or free.
    pub(crate) fn slots(&self) -> usize {
        self.entries.len()
    }

    /// Bytes beyond those of the slots.
    pub(crate) fn bytes(&self) -> usize {
        self.long_bytes
    }

    /// Sees the key of a slot again, if it still is this one. Is it?
    pub(crate) fn see(&mut self, slot: u32, encoded: &[u8]) -> bool {
        let entry = &mut self.entries[slot as usize];
        let is_current = entry.live && entry.key.is(encoded);
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
    pub(crate) fn find(&mut self, encoded: &[u8]) -> Option<u32> {
        let hash = self.hash(encoded);
        let entries = &self.entries;
        let slot = (self.places).find(hash, |slot| entries[slot as usize].key.is(encoded))?;
        self.entries[slot as usize].recent = true;
        Some(slot)
    }

    /// Where keys with these hashes may be, in their place: looking many up at once, the memory that each asks for is fetched
    /// together with that of the others.
    pub(crate) fn candidates(&self, hashes: &[u32], candidates: &mut [u32]) {
        for (&hash, candidate) in hashes.iter().zip(candidates) {
            *candidate = self.places.find(hash, |_| true).unwrap_or(NONE);
        }
    }

    /// Is this key the candidate's? If so, also: has it been seen lately, so that to see it again would change nothing?
    /// It is not thereby seen.
    #[inline]
    pub(crate) fn confirm(&self, candidate: u32, encoded: &[u8]) -> Option<bool> {
        let entry = self.entries.get(candidate as usize)?;
        entry.key.is(encoded).then_some(entry.recent)
    }

    /// Gives a key that has none a slot. To be seen once is not enough for a second chance: so a flood of keys
    /// that come once drives out its own.
    pub(crate) fn insert(&mut self, encoded: &[u8]) -> u32 {
        let hash = self.hash(encoded);
        let entry = Entry {
            key: Bytes::new(encoded),
            live: true,
            recent: false,
        };
        self.long_bytes += entry.key.long_bytes();
        let slot = if let Some(slot) = self.free.pop() {
            self.entries[slot as usize] = entry;
            slot
        } else {
            self.entries.push(entry);
            self.entries.len() as u32 - 1
        };
        self.places.insert(hash, slot);
        slot
    }

    /// Frees a live slot.
    pub(crate) fn remove(&mut self, slot: u32) {
        let entry = &mut self.entries[slot as usize];
        debug_assert!(entry.live, "only a live slot is freed");
        entry.live = false;
        let key = core::mem::replace(&mut entry.key, Bytes::Short(0, [0; SHORT]));
        self.long_bytes -= key.long_bytes();
        self.places.remove(self.hash(key.get()), slot);
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
    pub(crate) fn hash(&self, encoded: &[u8]) -> u32 {
        let [low, high] = self.seeds;
        // A product of 128 bits mixes both ends, for which keys that collide can't be told without the seeds.
        match ends(encoded) {
            Some((a, b)) => {
                let length = (encoded.len() as u64) << 56;
                let product = u128::from(a ^ low) * u128::from(b ^ high ^ length);
                (product as u64 ^ (product >> 64) as u64) as u32
            }
            None => seeded(encoded, low),
        }
    }
}

#[inline(never)]
fn seeded(encoded: &[u8], seed: u64) -> u32 {
    xxh3_64_with_seed(encoded, seed) as u32
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
    fn a_slot_is_of_the_key_that_it_was_given_last() {
        let mut keys = Keys::default();
        let first = keys.insert(b"a");
        assert_eq!(keys.find(b"a"), Some(first));
        keys.remove(first);
        assert_eq!(keys.find(b"a"), None);
        assert!(!keys.see(first, b"a") && !keys.see(first, b""));
        assert_eq!(keys.insert(b"b"), first);
        assert!(!keys.see(first, b"a") && keys.see(first, b"b"));
        assert_eq!(keys.key(first), b"b");
    }

    #[test]
    fn keys_of_all_lengths_are_told_apart() {
        let mut keys = Keys::default();
        let key = |length: usize, change: usize| -> Vec<u8> {
            (0..length).map(|at| u8::from(at + 1 == change)).collect()
        };
        let each = |length| (0..=length).map(move |change| (length, change));
        let all: Vec<_> = (0..=2 * SHORT).flat_map(each).collect();
        for &(length, change) in &all {
            assert_eq!(keys.find(&key(length, change)), None);
            keys.insert(&key(length, change));
        }
        for (slot, &(length, change)) in all.iter().enumerate() {
            assert_eq!(keys.find(&key(length, change)), Some(slot as u32));
            assert!(keys.confirm(slot as u32, &key(length, change)).is_some());
            assert_eq!(keys.confirm(slot as u32, &key(length + 1, change)), None);
        }
    }

    #[test]
    fn keys_are_found_many_at_once_without_being_seen() {
        let mut keys = Keys::default();
        let [a, b] = [b"a", b"b"].map(|name| keys.insert(name));
        let names = [b"b", b"c", b"a"];
        let mut candidates = [0; 3];
        keys.candidates(&names.map(|name| keys.hash(name)), &mut candidates);
        assert_eq!((candidates[0], candidates[2]), (b, a));
        let found = core::array::from_fn(|place| keys.confirm(candidates[place], names[place]));
        assert_eq!(found, [Some(false), None, Some(false)]);
        assert_eq!(keys.confirm(a, b"b"), None);
        assert_eq!(keys.oldest(None), Some(0));
        assert!(keys.see(b, b"b"));
        assert_eq!(keys.confirm(b, b"b"), Some(true));
        assert_eq!(keys.oldest(Some(0)), Some(1));
    }

    #[test]
    fn the_oldest_is_one_not_seen_lately() {
        let mut keys = Keys::default();
        assert_eq!(keys.oldest(None), None);
        let slots = [b"a", b"b", b"c", b"d"].map(|name| keys.insert(name));
        assert_eq!(keys.oldest(None), Some(0));
        keys.remove(0);
        keys.find(b"b");
        assert!(keys.see(slots[2], b"c") && !keys.see(slots[0], b"a"));
        assert_eq!(keys.oldest(None), Some(3));
        keys.remove(3);
        // Both have had their second chance by now.
        assert_eq!(keys.oldest(None), Some(1));
        assert_eq!(keys.len(), 2);
    }

    #[test]
    fn a_spared_key_goes_last() {
        let mut keys = Keys::default();
        let slots = [b"a", b"b"].map(|name| keys.insert(name));
        keys.see(slots[1], b"b");
        assert_eq!(keys.oldest(Some(0)), Some(1));
        keys.remove(1);
        assert_eq!(keys.oldest(Some(0)), Some(0));
    }

    #[test]
    fn an_eviction_looks_at_a_bounded_number_of_keys() {
        let mut keys = Keys::default();
        for name in 0..10_000_u32 {
            let slot = keys.insert(&name.to_be_bytes());
            keys.see(slot, &name.to_be_bytes());
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
        keys.remove(long);
        keys.remove(short);
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

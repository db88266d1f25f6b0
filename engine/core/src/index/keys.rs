//! Values with the lists of conditions that ask for them.

use hashbrown::HashTable;
use xxhash_rust::xxh3::xxh3_64;

use super::lists::{ListId, Lists};
use super::ranges::{Point, Ranges};

/// Something that is found by hash.
pub(super) trait Hashed: PartialEq {
    /// Its hash.
    fn hash(&self) -> u64;
}

/// Spreads a number over all bits.
#[inline]
fn mixed(value: u64) -> u64 {
    // The fractional part of the golden ratio; the upper half of the product depends on all bits.
    let product = u128::from(value) * 0x9e37_79b9_7f4a_7c15;
    (product >> 64) as u64 ^ product as u64
}

impl Hashed for i64 {
    #[inline]
    fn hash(&self) -> u64 {
        mixed(*self as u64)
    }
}

impl Hashed for u128 {
    #[inline]
    fn hash(&self) -> u64 {
        mixed(*self as u64 ^ mixed((*self >> 64) as u64))
    }
}

impl Hashed for str {
    #[inline]
    fn hash(&self) -> u64 {
        xxh3_64(self.as_bytes())
    }
}

/// Lists by a value that is to be equal.
#[derive(Debug)]
pub(super) struct Equal<K> {
    table: HashTable<(K, ListId)>,
}

impl<K> Equal<K> {
    /// Of values with their conditions, equal values side by side.
    pub(super) fn new<Q: Hashed + ?Sized>(mut pairs: Vec<(K, u32)>, lists: &mut Lists) -> Self
    where
        K: Ord + core::borrow::Borrow<Q>,
    {
        pairs.sort();
        let mut table = HashTable::new();
        let mut pairs = pairs.into_iter().peekable();
        while let Some((key, item)) = pairs.next() {
            let mut items = vec![item];
            while let Some((_, item)) = pairs.next_if(|(other, _)| *other == key) {
                items.push(item);
            }
            items.dedup();
            let list = lists.add(items);
            let hash = key.borrow().hash();
            table.insert_unique(hash, (key, list), |(key, _)| key.borrow().hash());
        }
        Self { table }
    }

    /// The list of a value.
    #[inline]
    pub(super) fn get<Q: Hashed + ?Sized>(&self, key: &Q) -> Option<ListId>
    where
        K: core::borrow::Borrow<Q>,
    {
        if self.table.is_empty() {
            return None;
        }
        let found = self
            .table
            .find(key.hash(), |(other, _)| other.borrow() == key);
        found.map(|(_, list)| *list)
    }

    /// Bytes that the table takes, without what values hold elsewhere.
    pub(super) fn bytes(&self) -> usize {
        self.table.allocation_size()
    }
}

/// Lists by numbers that are to be equal, or within a range.
#[derive(Debug)]
pub(super) struct Numbers<K> {
    equal: Equal<K>,
    ranges: Ranges<K>,
}

impl<K: Point + Hashed + core::borrow::Borrow<K>> Numbers<K> {
    /// Of ranges with their conditions; a range of one value is an equality.
    pub(super) fn new(ranges: Vec<(K, K, u32)>, lists: &mut Lists) -> Self {
        let (equal, ranges): (Vec<_>, Vec<_>) =
            (ranges.into_iter()).partition(|(low, high, _)| low == high);
        let equal = equal.into_iter().map(|(key, _, item)| (key, item));
        Self {
            equal: Equal::new::<K>(equal.collect(), lists),
            ranges: Ranges::new(&ranges, lists),
        }
    }

    /// The least and the greatest value for which there is a list; `None` where there is none.
    pub(super) fn hull(&self) -> Option<(K, K)> {
        let equal = self.equal.table.iter().map(|(key, _)| (*key, *key));
        let all = equal.chain(self.ranges.hull());
        all.reduce(|a, b| (a.0.min(b.0), a.1.max(b.1)))
    }

    /// Tells the lists for which a value is a witness.
    #[inline]
    pub(super) fn at(&self, value: K, mut tell: impl FnMut(ListId)) {
        if let Some(list) = self.equal.get(&value) {
            tell(list);
        }
        if !self.ranges.is_empty() {
            self.ranges.at(value, tell);
        }
    }

    /// Bytes that they take.
    pub(super) fn bytes(&self) -> usize {
        self.equal.bytes() + self.ranges.bytes()
    }
}

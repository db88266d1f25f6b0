//! Keys of rows: where each is at home.

mod numbers;

use std::borrow::Cow;

use trapjaw_event::{PlainText, ValueRef};
use trapjaw_program::Rule;

use self::numbers::Numbers;
use super::keyed::Core;
use crate::key;
use crate::limits::MAX_KEY;
use crate::vm::Registers;

/// Why a row has no key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NoKey {
    /// A part of it is null.
    Null,
    /// It is longer than [`MAX_KEY`].
    Long,
}

/// Where a row's key lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Home {
    /// Nowhere.
    Nowhere(NoKey),
    /// On another shard.
    Shard(u32),
    /// Here, under this slot.
    Slot(u32),
    /// Here, but it has no slot.
    New,
}

/// Reads the keys of one feed's rows. A dictionary's values are hashed and looked up once each.
#[derive(Debug)]
pub(crate) struct KeyReader<'s> {
    rule: &'s Rule,
    /// How far behind the rule's key its own stands.
    shift: u16,
    inputs: &'s Registers<'s>,
    /// This shard and the number of shards.
    place: (u32, u32),
    dictionary: Option<Dictionary<'s>>,
    /// Is there a dictionary if there can be?
    is_numbered: bool,
    encoded: Vec<u8>,
}

/// Keys by number.
#[derive(Debug)]
struct Dictionary<'s> {
    codes: Cow<'s, [u16]>,
    values: Values<'s>,
    /// By code; empty before the first is asked for.
    found: Vec<Found>,
}

/// Keys, encoded.
#[derive(Debug)]
enum Values<'s> {
    /// Of a key that is one dictionary column without nulls: a text as it stands is its encoding.
    Texts(PlainText<'s>),
    /// Of all others end to end: where each ends.
    Encoded { ends: Vec<u32>, bytes: Vec<u8> },
}

impl Values<'_> {
    fn len(&self) -> usize {
        match self {
            Self::Texts(texts) => texts.len(),
            Self::Encoded { ends, .. } => ends.len(),
        }
    }
}

/// What is known of a dictionary's value.
#[derive(Clone, Copy, Debug)]
struct Found {
    /// Where the key was found, if it was. Since then the slot may have been given to another key.
    slot: u32,
    /// Up to which of the [changes](Core::changes) it is sure that the slot is the key's, that to see the key again would
    /// change nothing, and that it joins stretches.
    sure: u32,
}

const ABSENT: Found = Found {
    slot: u32::MAX,
    sure: 0,
};

/// Keys that are looked for together.
const TOGETHER: usize = 64;

impl Dictionary<'_> {
    /// A value's bytes.
    #[inline]
    fn bytes(&self, code: u16) -> &[u8] {
        let code = usize::from(code);
        match &self.values {
            Values::Texts(texts) => {
                let (start, end) = (texts.offsets[code], texts.offsets[code + 1]);
                &texts.text.as_bytes()[start as usize..end as usize]
            }
            Values::Encoded { ends, bytes } => {
                let start = code.checked_sub(1).map_or(0, |before| ends[before]);
                &bytes[start as usize..ends[code] as usize]
            }
        }
    }

    /// The key of a row, if it has one.
    fn key(&self, index: u32) -> Option<&[u8]> {
        let key = self.bytes(self.codes[index as usize]);
        (key.len() <= MAX_KEY).then_some(key)
    }

    /// Looks for the keys of all rows.
    #[inline(never)]
    fn seek(&mut self, core: &Core, joins: &impl Fn(u32) -> bool) {
        let values = self.values.len();
        self.found = vec![ABSENT; values];
        if values <= self.codes.len() {
            // Few of them are no row's, and they lie one behind the other.
            return self.seek_each((0..values as u32).map(|code| code as u16), core, joins);
        }
        let mut is_wanted = vec![true; values];
        let mut wanted = self.codes.to_vec();
        wanted.retain(|&code| core::mem::take(&mut is_wanted[usize::from(code)]));
        self.seek_each(wanted.into_iter(), core, joins);
    }

    /// Looks for keys, many together: for all of them in the table, then for all at their slots. One after the other each
    /// would wait for memory by itself.
    #[inline]
    fn seek_each(
        &mut self,
        mut codes: impl Iterator<Item = u16>,
        core: &Core,
        joins: &impl Fn(u32) -> bool,
    ) {
        let mut sought = [0; TOGETHER];
        let mut hashes = [0; TOGETHER];
        let mut slots = [0; TOGETHER];
        loop {
            let mut count = 0;
            for ((place, hash), code) in sought.iter_mut().zip(&mut hashes).zip(&mut codes) {
                *place = code;
                *hash = core.keys.hash(self.bytes(code));
                count += 1;
            }
            if count == 0 {
                return;
            }
            core.keys.candidates(&hashes[..count], &mut slots);
            for (&code, &slot) in sought[..count].iter().zip(&slots) {
                if let Some(is_recent) = core.keys.confirm(slot, self.bytes(code)) {
                    let is_sure = is_recent && joins(slot);
                    let sure = if is_sure { core.sure() } else { 0 };
                    self.found[usize::from(code)] = Found { slot, sure };
                }
            }
        }
    }
}

impl<'s> KeyReader<'s> {
    pub(crate) fn new(
        rule: &'s Rule,
        inputs: &'s Registers<'s>,
        shift: u16,
        place: (u32, u32),
    ) -> Self {
        let dictionary = match &*rule.key {
            // A null's code means nothing.
            [part] if inputs.known_of(usize::from(part.output + shift)).is_none() => {
                inputs.dictionary_of(usize::from(part.output + shift))
            }
            _ => None,
        };
        let dictionary = dictionary.map(|(codes, values)| Dictionary {
            codes: codes.into(),
            values: Values::Texts(values),
            found: Vec::new(),
        });
        Self {
            rule,
            shift,
            inputs,
            place,
            is_numbered: dictionary.is_some(),
            dictionary,
            encoded: Vec::new(),
        }
    }

    /// Where the key of a row lives. The key is thereby seen. `joins`: does the key of a slot join stretches?
    #[inline]
    pub(crate) fn home(
        &mut self,
        index: u32,
        core: &mut Core,
        joins: &impl Fn(u32) -> bool,
    ) -> Home {
        if let Some(dictionary) = &mut self.dictionary {
            if dictionary.found.is_empty() {
                dictionary.seek(core, joins);
            }
            let code = dictionary.codes[index as usize];
            let Found { slot, sure } = dictionary.found[usize::from(code)];
            if sure == core.changes {
                return Home::Slot(slot);
            }
            if slot != ABSENT.slot && core.keys.see(slot, dictionary.bytes(code)) {
                if joins(slot) {
                    dictionary.found[usize::from(code)].sure = core.sure();
                }
                return Home::Slot(slot);
            }
        }
        self.look_up(index, core)
    }

    /// How many rows from one on there are that take effect before `next` and are absorbed under their keys, as far as it is sure
    /// which these are; and the slot of the row behind them, if it takes effect before then.
    #[expect(
        clippy::inline_always,
        reason = "it is all that is done about most rows: a call of its own would be a tenth of that"
    )]
    #[inline(always)]
    pub(crate) fn pass_over(
        &self,
        (first, effects, next): (u32, &[i64], i64),
        changes: u32,
        mut absorbs: impl FnMut(u32, u32, i64) -> bool,
    ) -> (usize, Option<u32>) {
        let Some(dictionary) = &self.dictionary else {
            return (0, None);
        };
        let codes = &dictionary.codes[first as usize..];
        for ((&code, &now), index) in codes.iter().zip(effects).zip(first..) {
            let found = dictionary.found.get(usize::from(code));
            let found = found.filter(|found| found.sure == changes && now < next);
            let slot = found.map(|found| found.slot);
            if !slot.is_some_and(|slot| absorbs(slot, index, now)) {
                return ((index - first) as usize, slot);
            }
        }
        (codes.len().min(effects.len()), None)
    }

    /// The slots of the rows from one on that take effect before `next` and whose keys join a stretch: how many, and where the
    /// key is of the row that doesn't join.
    pub(crate) fn collect(
        &mut self,
        (first, effects, next): (u32, &[i64], i64),
        core: &mut Core,
        joins: &impl Fn(u32) -> bool,
        slots: &mut [u32],
    ) -> (usize, Option<Home>) {
        let mut taken = 0;
        loop {
            let rows = (
                first + taken as u32,
                effects.get(taken..).unwrap_or_default(),
                next,
            );
            taken += self.joined(rows, core.changes, &mut slots[taken..]);
            let is_before = effects.get(taken).is_some_and(|&effect| effect < next);
            if taken == slots.len() || !is_before {
                return (taken, None);
            }
            match self.home(first + taken as u32, core, joins) {
                Home::Slot(slot) if joins(slot) => {
                    slots[taken] = slot;
                    taken += 1;
                }
                home => return (taken, Some(home)),
            }
        }
    }

    /// Fills in the slots of the next rows, up to the first of which it is not [sure](Found::sure) that it joins a stretch.
    /// Gives how many.
    #[inline]
    fn joined(
        &self,
        (first, effects, next): (u32, &[i64], i64),
        changes: u32,
        slots: &mut [u32],
    ) -> usize {
        let Some(dictionary) = &self.dictionary else {
            return 0;
        };
        let codes = &dictionary.codes[first as usize..];
        let mut rows = 0;
        for ((slot, &code), &effect) in slots.iter_mut().zip(codes).zip(effects) {
            match dictionary.found.get(usize::from(code)) {
                Some(found) if found.sure == changes && effect < next => *slot = found.slot,
                _ => break,
            }
            rows += 1;
        }
        rows
    }

    /// Remembers the slot that a key was found or put under.
    pub(crate) fn remember(&mut self, index: u32, slot: u32) {
        if let Some(dictionary) = &mut self.dictionary {
            let code = usize::from(dictionary.codes[index as usize]);
            // They are looked for with the next row.
            if let Some(found) = dictionary.found.get_mut(code) {
                *found = Found { slot, sure: 0 };
            }
        }
    }

    /// The key that was encoded last.
    pub(crate) fn encoded(&self) -> &[u8] {
        &self.encoded
    }

    #[inline(never)]
    fn look_up(&mut self, index: u32, core: &mut Core) -> Home {
        if !core::mem::replace(&mut self.is_numbered, true) {
            self.number();
        }
        let key = (self.dictionary.as_ref()).and_then(|dictionary| dictionary.key(index));
        let encoded = match key {
            Some(key) => key,
            None => {
                if let Err(why) = self.encode(index) {
                    return Home::Nowhere(why);
                }
                &self.encoded
            }
        };
        let (shard, shards) = self.place;
        if shards > 1 && !self.rule.key.is_empty() {
            let owner = key::owner(key::hash(encoded), shards);
            if owner != shard {
                return Home::Shard(owner);
            }
        }
        if let Some(slot) = core.keys.find(encoded) {
            self.remember(index, slot);
            return Home::Slot(slot);
        }
        Home::New
    }

    /// Numbers the rows' keys, and encodes each, if all can be.
    fn number(&mut self) {
        let Some(numbers) = Numbers::of(self.rule, self.inputs, self.shift) else {
            return;
        };
        let (mut ends, mut bytes) = (Vec::with_capacity(numbers.rows.len()), Vec::new());
        for row in numbers.rows {
            if self.encode(row).is_err() {
                return;
            }
            bytes.extend_from_slice(&self.encoded);
            ends.push(bytes.len() as u32);
        }
        self.dictionary = Some(Dictionary {
            codes: numbers.codes.into(),
            values: Values::Encoded { ends, bytes },
            found: Vec::new(),
        });
    }

    /// Encodes the key of a row.
    pub(crate) fn encode(&mut self, index: u32) -> Result<(), NoKey> {
        self.encoded.clear();
        let inputs = self.inputs;
        for (place, part) in self.rule.key.iter().enumerate() {
            let value = inputs.value(usize::from(part.output + self.shift), index as usize);
            self.append(value, place + 1 == self.rule.key.len())?;
        }
        Ok(())
    }

    fn append(&mut self, value: ValueRef<'_>, last: bool) -> Result<(), NoKey> {
        if matches!(value, ValueRef::Text(text) if text.len() > MAX_KEY) {
            return Err(NoKey::Long);
        }
        key::encode(value, last, &mut self.encoded).ok_or(NoKey::Null)?;
        if self.encoded.len() > MAX_KEY {
            return Err(NoKey::Long);
        }
        Ok(())
    }
}

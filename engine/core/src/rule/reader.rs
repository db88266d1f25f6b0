//! Keys of rows: where each is at home.

use trapjaw_event::{PlainText, ValueRef};
use trapjaw_program::Rule;

use crate::key::{self, SlotId};
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
    Slot(SlotId),
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
    dictionary: Option<Dictionary<'s>>,
    encoded: Vec<u8>,
}

/// A key that is one dictionary column without nulls: a text as it stands is its encoding.
#[derive(Debug)]
struct Dictionary<'s> {
    codes: &'s [u16],
    values: PlainText<'s>,
    /// By code.
    found: Vec<Found>,
    /// The keys of rows before this one have been looked for.
    ahead: u32,
}

/// What is known of a dictionary's value.
#[derive(Clone, Copy, Debug)]
struct Found {
    /// Where the key was found, `UNSEEN` before it is looked for ahead, and `SOUGHT` from then on until it is found.
    id: SlotId,
    /// When it last joined a stretch, counted in [changes](KeyReader::joined).
    joined: u32,
}

impl<'s> Dictionary<'s> {
    /// A value's bytes.
    #[inline]
    fn bytes(&self, code: u16) -> &'s [u8] {
        let code = usize::from(code);
        let (start, end) = (self.values.offsets[code], self.values.offsets[code + 1]);
        &self.values.text.as_bytes()[start as usize..end as usize]
    }

    /// The key of a row.
    fn key(&self, index: u32) -> &'s [u8] {
        self.bytes(self.codes[index as usize])
    }

    /// The key of a row as a text.
    fn text(&self, index: u32) -> &'s str {
        self.values.get(usize::from(self.codes[index as usize]))
    }

    /// Looks for the keys of the next rows that were not looked for yet: for all of them in the table, then for all at
    /// their slots. One after the other each would wait for memory by itself.
    #[inline(never)]
    fn look_ahead(&mut self, index: u32, keys: &key::Keys) {
        let mut codes = [0; AHEAD];
        let mut hashes = [0; AHEAD];
        let mut sought = 0;
        for &code in self.codes[index as usize..].iter().take(AHEAD) {
            let found = &mut self.found[usize::from(code)];
            if found.id != UNSEEN {
                continue;
            }
            let bytes = self.bytes(code);
            if bytes.len() <= MAX_KEY {
                self.found[usize::from(code)].id = SOUGHT;
                codes[sought] = code;
                hashes[sought] = keys.hash(bytes);
                sought += 1;
            }
        }
        let mut candidates = [0; AHEAD];
        keys.candidates(&hashes[..sought], &mut candidates);
        for (&code, &candidate) in codes[..sought].iter().zip(&candidates) {
            let id = keys.confirm(candidate, self.bytes(code));
            self.found[usize::from(code)].id = id.unwrap_or(SOUGHT);
        }
        self.ahead = index + AHEAD as u32;
    }
}

/// Rows of a stretch that are looked at together: the next one may end it.
const FEW: usize = 32;

/// Rows whose keys are looked for together.
const AHEAD: usize = 64;

const UNSEEN: SlotId = SlotId {
    slot: u32::MAX,
    generation: 0,
};

const SOUGHT: SlotId = SlotId {
    slot: u32::MAX,
    generation: 1,
};

impl<'s> KeyReader<'s> {
    pub(crate) fn new(rule: &'s Rule, inputs: &'s Registers<'s>, shift: u16) -> Self {
        let dictionary = match &*rule.key {
            // A null's code means nothing.
            [part] if inputs.known_of(usize::from(part.output + shift)).is_none() => {
                inputs.dictionary_of(usize::from(part.output + shift))
            }
            _ => None,
        };
        let dictionary = dictionary.map(|(codes, values)| Dictionary {
            codes,
            values,
            found: vec![
                Found {
                    id: UNSEEN,
                    joined: 0
                };
                values.len()
            ],
            ahead: 0,
        });
        Self {
            rule,
            shift,
            inputs,
            dictionary,
            encoded: Vec::new(),
        }
    }

    /// Where the key of a row lives.
    #[inline]
    pub(crate) fn home(&mut self, index: u32, keys: &mut key::Keys, place: (u32, u32)) -> Home {
        if let Some(dictionary) = &mut self.dictionary {
            let code = usize::from(dictionary.codes[index as usize]);
            if dictionary.found[code].id == UNSEEN && index >= dictionary.ahead {
                dictionary.look_ahead(index, keys);
            }
            let known = dictionary.found[code].id;
            if known.slot != u32::MAX && keys.see(known) {
                return Home::Slot(known);
            }
        }
        self.look_up(index, keys, place)
    }

    /// How many rows from one on there are that take effect before `next` and are absorbed under their keys, as far as these were
    /// found before; and the slot of the row behind them, if it takes effect before then.
    #[expect(
        clippy::inline_always,
        reason = "it is all that is done about most rows: a call of its own would be a tenth of that"
    )]
    #[inline(always)]
    pub(crate) fn pass_over(
        &self,
        (first, effects, next): (u32, &[i64], i64),
        keys: &mut key::Keys,
        mut absorbs: impl FnMut(u32, u32, i64) -> bool,
    ) -> (usize, Option<SlotId>) {
        let Some(dictionary) = &self.dictionary else {
            return (0, None);
        };
        let codes = &dictionary.codes[first as usize..];
        for ((&code, &now), index) in codes.iter().zip(effects).zip(first..) {
            let known = dictionary.found[usize::from(code)].id;
            let is_found = now < next && known.slot != u32::MAX && keys.see(known);
            if !is_found || !absorbs(known.slot, index, now) {
                return ((index - first) as usize, is_found.then_some(known));
            }
        }
        (codes.len().min(effects.len()), None)
    }

    /// The slots of the rows from one on that take effect before `next` and whose keys join a stretch, and where the key is of
    /// the row that doesn't join. `changes` counts, from 1 on, what may have made other keys join.
    pub(crate) fn collect(
        &mut self,
        (first, effects, next): (u32, &[i64], i64),
        (keys, place): (&mut key::Keys, (u32, u32)),
        (changes, joins): (u32, impl Fn(u32) -> bool),
        slots: &mut Vec<u32>,
    ) -> Option<Home> {
        slots.clear();
        let mut taken = 0;
        loop {
            if taken == slots.len() {
                let few = effects[taken..].iter().take(FEW);
                let before = few.take_while(|effect| **effect < next).count();
                if before == 0 {
                    return None;
                }
                slots.resize(taken + before, 0);
            }
            let index = first + taken as u32;
            taken += self.joined(index, changes, &mut slots[taken..]);
            if taken == slots.len() {
                continue;
            }
            let index = first + taken as u32;
            match self.home(index, keys, place) {
                Home::Slot(id) if joins(id.slot) => {
                    self.join(index, changes);
                    slots[taken] = id.slot;
                    taken += 1;
                }
                home => {
                    slots.truncate(taken);
                    return Some(home);
                }
            }
        }
    }

    /// Fills in the slots of the next rows, up to the first whose key has not [joined](Self::join) a stretch, or since when
    /// something has changed: `changes` counts what might have, from 1 on. Gives how many.
    #[inline]
    fn joined(&self, index: u32, changes: u32, slots: &mut [u32]) -> usize {
        let Some(dictionary) = &self.dictionary else {
            return 0;
        };
        let codes = &dictionary.codes[index as usize..];
        let mut rows = 0;
        for (slot, &code) in slots.iter_mut().zip(codes) {
            let found = &dictionary.found[usize::from(code)];
            if found.joined != changes {
                break;
            }
            *slot = found.id.slot;
            rows += 1;
        }
        rows
    }

    /// The key of a row, found before, joins a stretch.
    #[inline]
    fn join(&mut self, index: u32, changes: u32) {
        if let Some(dictionary) = &mut self.dictionary
            && changes != u32::MAX
        {
            dictionary.found[usize::from(dictionary.codes[index as usize])].joined = changes;
        }
    }

    /// Remembers the slot that a key was found or put under.
    pub(crate) fn remember(&mut self, index: u32, id: SlotId) {
        if let Some(dictionary) = &mut self.dictionary {
            dictionary.found[usize::from(dictionary.codes[index as usize])].id = id;
        }
    }

    /// The key that was encoded last.
    pub(crate) fn encoded(&self) -> &[u8] {
        &self.encoded
    }

    #[inline(never)]
    fn look_up(&mut self, index: u32, keys: &mut key::Keys, (shard, shards): (u32, u32)) -> Home {
        let encoded = match &self.dictionary {
            // A text as it stands.
            Some(dictionary) if dictionary.key(index).len() <= MAX_KEY => dictionary.key(index),
            _ => {
                if let Err(why) = self.encode(index) {
                    return Home::Nowhere(why);
                }
                &self.encoded
            }
        };
        if shards > 1 && !self.rule.key.is_empty() {
            let owner = key::owner(key::hash(encoded), shards);
            if owner != shard {
                return Home::Shard(owner);
            }
        }
        if let Some(id) = keys.find(encoded) {
            self.remember(index, id);
            return Home::Slot(id);
        }
        Home::New
    }

    /// Encodes the key of a row.
    pub(crate) fn encode(&mut self, index: u32) -> Result<(), NoKey> {
        self.encoded.clear();
        if let Some(dictionary) = &self.dictionary {
            return self.append(ValueRef::Text(dictionary.text(index)), true);
        }
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

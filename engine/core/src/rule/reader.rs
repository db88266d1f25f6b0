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
    /// By code: where the key was found; a slot of `UNSEEN` says that it was not looked for yet.
    slots: Vec<SlotId>,
}

impl<'s> Dictionary<'s> {
    /// The key of a row.
    fn text(&self, index: u32) -> &'s str {
        self.values.get(usize::from(self.codes[index as usize]))
    }
}

const UNSEEN: SlotId = SlotId {
    slot: u32::MAX,
    generation: 0,
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
            slots: vec![UNSEEN; values.len()],
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
        if let Some(dictionary) = &self.dictionary {
            let known = dictionary.slots[usize::from(dictionary.codes[index as usize])];
            if known != UNSEEN && keys.see(known) {
                return Home::Slot(known);
            }
        }
        self.look_up(index, keys, place)
    }

    /// Remembers the slot that a key was found or put under.
    pub(crate) fn remember(&mut self, index: u32, id: SlotId) {
        if let Some(dictionary) = &mut self.dictionary {
            dictionary.slots[usize::from(dictionary.codes[index as usize])] = id;
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
            Some(dictionary) if dictionary.text(index).len() <= MAX_KEY => {
                dictionary.text(index).as_bytes()
            }
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

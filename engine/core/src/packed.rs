//! Events in few words: of those that have nothing but a type, a time and fields, what a rule keeps.
//!
//! A number takes a word, a bool two bits, and a text that is the key nothing at all: it is where the key is. Events with
//! other texts, addresses, or anything in their envelope are kept as [`KeptEvent`](crate::kept::KeptEvent)s.

use trapjaw_event::{ColumnData, ColumnView, FieldType, Registry, ValueRef};
use trapjaw_program::{Aggregate, Code, Input, Opcode, Rule};

use crate::vm::bits;

/// How the values that a rule keeps of events of one source are put into words.
#[derive(Clone, Debug)]
pub(crate) struct Packing {
    places: Box<[Place]>,
    words: usize,
}

/// Where a value is.
#[derive(Clone, Copy, Debug)]
enum Place {
    /// It is the key.
    Key,
    /// The flags of this number: a bool.
    Flag(u32),
    /// This word, if the flag says that it is known; without a flag it always is.
    Word(Number, usize, Option<u32>),
}

#[derive(Clone, Copy, Debug)]
enum Number {
    Int,
    Float,
    Time,
    Duration,
    Enum,
}

/// Values of one event, but for those in words of their own, and keys: the first word has two bits of each.
const MAX_FLAGS: u32 = 32;

impl Packing {
    /// Of each of a rule's sources; `None` for those whose values don't go into words.
    pub(crate) fn of(rule: &Rule, registry: &Registry) -> Vec<Option<Self>> {
        Self::of_sources(rule, registry, &rule.aggregates)
    }

    /// The same, where of aggregates nothing is kept.
    pub(crate) fn of_fields(rule: &Rule, registry: &Registry) -> Vec<Option<Self>> {
        Self::of_sources(rule, registry, &[])
    }

    fn of_sources(rule: &Rule, registry: &Registry, aggregates: &[Aggregate]) -> Vec<Option<Self>> {
        let sources = 0..rule.sources.len();
        sources
            .map(|source| Self::of_source(rule, registry, source, aggregates))
            .collect()
    }

    fn of_source(
        rule: &Rule,
        registry: &Registry,
        source: usize,
        aggregates: &[Aggregate],
    ) -> Option<Self> {
        let fields = &registry.get(rule.sources[source].type_id).fields;
        let mut values = Vec::new();
        for kept in &rule.sources[source].kept {
            let field = &fields[kept.index()];
            values.push((&field.ty, field.optional, is_key(rule, source, *kept)));
        }
        // As copies hold them: arguments and filters behind the fields.
        for aggregate in aggregates {
            if aggregate.argument.is_some() {
                values.push((aggregate.argument_ty.as_ref()?, true, false));
            }
            if aggregate.filter.is_some() {
                values.push((&FieldType::Bool, true, false));
            }
        }
        let has_flags = |(ty, optional, is_key): &(&FieldType, bool, bool)| {
            !is_key && (*optional || **ty == FieldType::Bool)
        };
        let mut words = usize::from(values.iter().any(has_flags));
        let mut flags = 0..MAX_FLAGS;
        let places = values.iter().map(|value| {
            let (ty, optional, is_key) = *value;
            let number = match ty {
                _ if is_key => return Some(Place::Key),
                FieldType::Bool => return Some(Place::Flag(flags.next()?)),
                FieldType::Int => Number::Int,
                FieldType::Float => Number::Float,
                FieldType::Time => Number::Time,
                FieldType::Duration => Number::Duration,
                FieldType::Enum(_) => Number::Enum,
                FieldType::Text | FieldType::Ip => return None,
            };
            let flag = if optional { Some(flags.next()?) } else { None };
            words += 1;
            Some(Place::Word(number, words - 1, flag))
        });
        let places = places.collect::<Option<_>>()?;
        Some(Self { places, words })
    }

    /// Words of an event.
    pub(crate) fn words(&self) -> usize {
        self.words
    }

    /// Puts a value of each of these events into their words, of which each event has so many. The value at this place is that
    /// of the event's row in a column, if there is one; else it is given.
    pub(crate) fn pack<'v>(
        &self,
        place: usize,
        (column, value): (Option<ColumnView<'v>>, impl Fn(&Parcel) -> ValueRef<'v>),
        parcels: &mut [Parcel],
        (words, stride): (&mut [u64], usize),
    ) {
        let validity = column.and_then(|column| column.validity);
        let mut pack = Pack {
            parcels,
            words,
            stride,
            validity,
        };
        let data = column.map(|column| column.data);
        match (self.places[place], data) {
            (Place::Key, _) => {}
            (Place::Flag(flag), Some(ColumnData::Bool(bits))) => {
                pack.bools(flag, |row| u64::from(bits::get(bits, row)));
            }
            (Place::Word(Number::Int, word, flag), Some(ColumnData::Int(values)))
            | (Place::Word(Number::Time, word, flag), Some(ColumnData::Time(values)))
            | (Place::Word(Number::Duration, word, flag), Some(ColumnData::Duration(values))) => {
                pack.numbers((word, flag), |row| values[row] as u64);
            }
            (Place::Word(Number::Float, word, flag), Some(ColumnData::Float(values))) => {
                pack.numbers((word, flag), |row| values[row].to_bits());
            }
            (Place::Word(Number::Enum, word, flag), Some(ColumnData::Enum(values))) => {
                pack.numbers((word, flag), |row| values[row].into());
            }
            (place, _) => pack.values(place, value),
        }
    }

    /// Puts the kept fields of these events, which stand in these columns, into their words.
    pub(crate) fn pack_fields(
        &self,
        fields: &[Option<ColumnView<'_>>],
        parcels: &mut [Parcel],
        (words, stride): (&mut [u64], usize),
    ) {
        if stride > 0 {
            // Where the flags are. Of the others those are not read that have no value.
            for parcel in &*parcels {
                words[parcel.id as usize * stride] = 0;
            }
        }
        for (place, column) in fields.iter().enumerate() {
            let value = |parcel: &Parcel| {
                column.map_or(ValueRef::Null, |column| column.value(parcel.row as usize))
            };
            self.pack(place, (*column, value), parcels, (words, stride));
        }
    }

    /// One of the values: of the kept fields, and then of the aggregates' arguments and filters.
    pub(crate) fn value<'v>(&self, place: usize, words: &[u64], key: &'v [u8]) -> ValueRef<'v> {
        let flags = |flag: u32| words[0] >> (2 * flag) & 3;
        match self.places[place] {
            Place::Key => core::str::from_utf8(key).map_or(ValueRef::Null, ValueRef::Text),
            Place::Flag(flag) => match flags(flag) {
                0 => ValueRef::Null,
                known => ValueRef::Bool(known == 3),
            },
            Place::Word(_, _, Some(flag)) if flags(flag) == 0 => ValueRef::Null,
            Place::Word(number, word, _) => number.value(words[word]),
        }
    }
}

/// An event that is to go into words.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Parcel {
    /// Its row in its section.
    pub(crate) row: u32,
    /// Which it is of its feed's rows.
    pub(crate) index: u32,
    /// Whose words it gets.
    pub(crate) id: u32,
    /// Can all be put into words so far?
    pub(crate) fits: bool,
}

/// Events that are put into words, a value of each at a time.
struct Pack<'p> {
    parcels: &'p mut [Parcel],
    words: &'p mut [u64],
    stride: usize,
    validity: Option<&'p [u64]>,
}

impl Pack<'_> {
    /// Bools of a column.
    #[inline]
    fn bools(&mut self, flag: u32, bit: impl Fn(usize) -> u64) {
        for parcel in &*self.parcels {
            let row = parcel.row as usize;
            let flags = &mut self.words[parcel.id as usize * self.stride];
            if self.validity.is_none_or(|known| bits::get(known, row)) {
                *flags |= (1 | bit(row) << 1) << (2 * flag);
            }
        }
    }

    /// Numbers of a column.
    #[inline]
    fn numbers(&mut self, (word, flag): (usize, Option<u32>), number: impl Fn(usize) -> u64) {
        for parcel in &mut *self.parcels {
            let row = parcel.row as usize;
            let words = &mut self.words[parcel.id as usize * self.stride..][..self.stride];
            if self.validity.is_none_or(|known| bits::get(known, row)) {
                words[word] = number(row);
                if let Some(flag) = flag {
                    words[0] |= 1 << (2 * flag);
                }
            } else {
                parcel.fits &= flag.is_some();
            }
        }
    }

    /// Values that are given one by one.
    fn values<'v>(&mut self, place: Place, value: impl Fn(&Parcel) -> ValueRef<'v>) {
        for parcel in &mut *self.parcels {
            let words = &mut self.words[parcel.id as usize * self.stride..][..self.stride];
            parcel.fits &= place.pack(value(parcel), words);
        }
    }
}

impl Place {
    /// Puts a value into words, which are zero. Does it fit?
    fn pack(self, value: ValueRef<'_>, words: &mut [u64]) -> bool {
        match self {
            Self::Key => {}
            Self::Flag(flag) => match value {
                ValueRef::Bool(value) => {
                    words[0] |= (1 | u64::from(value) << 1) << (2 * flag);
                }
                ValueRef::Null => {}
                _ => return false,
            },
            Self::Word(kind, word, flag) => {
                let Some(bits) = kind.bits(value) else {
                    return flag.is_some() && value == ValueRef::Null;
                };
                words[word] = bits;
                if let Some(flag) = flag {
                    words[0] |= 1 << (2 * flag);
                }
            }
        }
        true
    }
}

impl Number {
    fn bits(self, value: ValueRef<'_>) -> Option<u64> {
        Some(match (self, value) {
            (Self::Int, ValueRef::Int(v))
            | (Self::Time, ValueRef::Time(v))
            | (Self::Duration, ValueRef::Duration(v)) => v as u64,
            (Self::Float, ValueRef::Float(v)) => v.to_bits(),
            (Self::Enum, ValueRef::Enum(v)) => v.into(),
            _ => return None,
        })
    }

    fn value(self, bits: u64) -> ValueRef<'static> {
        match self {
            Self::Int => ValueRef::Int(bits as i64),
            Self::Time => ValueRef::Time(bits as i64),
            Self::Duration => ValueRef::Duration(bits as i64),
            Self::Float => ValueRef::Float(f64::from_bits(bits)),
            Self::Enum => ValueRef::Enum(bits as u16),
        }
    }
}

/// Is a field the whole key, and a text, which is encoded as it stands?
fn is_key(rule: &Rule, source: usize, field: trapjaw_event::FieldId) -> bool {
    let [part] = &*rule.key else {
        return false;
    };
    let sets = rule.pattern.as_ref().map(|pattern| &pattern.keys[source]);
    let code = &rule.sources[source].inputs;
    part.ty == FieldType::Text
        && sets.is_none_or(|sets| sets.len() == 1)
        && loaded(code, part.output) == Some(Input::Field(field))
}

/// What an output of code is, if it is read as it is.
fn loaded(code: &Code, output: u16) -> Option<Input> {
    let operand = code.outputs.get(usize::from(output))?.operand;
    if operand.is_constant() {
        return None;
    }
    let inst = &code.instructions[operand.index()];
    (inst.op == Opcode::Load).then(|| code.inputs[inst.a.index()].input)
}

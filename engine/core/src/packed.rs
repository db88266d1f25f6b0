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

    /// How rows of which these columns hold the kept fields go into words; `None` where none of them can.
    pub(crate) fn of_columns<'s>(
        &self,
        columns: &[Option<ColumnView<'s>>],
    ) -> Option<PackedColumns<'s>> {
        let mut packed = Vec::new();
        for (place, column) in self.places.iter().zip(columns) {
            let (word, flag) = match *place {
                Place::Key => continue,
                Place::Flag(flag) => (0, Some(flag)),
                Place::Word(_, word, flag) => (word, flag),
            };
            let known = flag.map_or(0, |flag| 1 << (2 * flag));
            match column {
                Some(column) => packed.push(PackedColumn {
                    word,
                    known,
                    validity: column.validity,
                    data: place.data(column.data)?,
                }),
                None if known == 0 => return None,
                None => {}
            }
        }
        Some(PackedColumns(packed))
    }

    /// Puts the value of a place behind the fields into an event's words. Does it fit?
    pub(crate) fn pack(&self, place: usize, value: ValueRef<'_>, words: &mut [u64]) -> bool {
        self.places[place].pack(value, words)
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

/// The columns of kept fields from which rows go into words.
#[derive(Debug)]
pub(crate) struct PackedColumns<'s>(Vec<PackedColumn<'s>>);

/// A column, and where its values go.
#[derive(Debug)]
struct PackedColumn<'s> {
    word: usize,
    /// The flag that says that there is a value, or nothing where there always is one.
    known: u64,
    validity: Option<&'s [u64]>,
    data: Data<'s>,
}

#[derive(Debug)]
enum Data<'s> {
    Bools(&'s [u64]),
    Ints(&'s [i64]),
    Floats(&'s [f64]),
    Enums(&'s [u16]),
}

impl PackedColumns<'_> {
    /// Puts the kept fields of a row into an event's words. Do they fit? Of what is null nothing is written but the flag.
    #[expect(
        clippy::inline_always,
        reason = "it is called from the loop of each who keeps events"
    )]
    #[inline(always)]
    pub(crate) fn pack(&self, row: usize, words: &mut [u64]) -> bool {
        if let Some(flags) = words.first_mut() {
            *flags = 0;
        }
        let mut fits = true;
        for column in &self.0 {
            if !(column.validity).is_none_or(|known| bits::get(known, row)) {
                fits &= column.known != 0;
                continue;
            }
            let number = match column.data {
                Data::Bools(values) => {
                    words[0] |= column.known * (1 + 2 * u64::from(bits::get(values, row)));
                    continue;
                }
                Data::Ints(values) => values[row] as u64,
                Data::Floats(values) => values[row].to_bits(),
                Data::Enums(values) => values[row].into(),
            };
            words[column.word] = number;
            words[0] |= column.known;
        }
        fits
    }
}

impl Place {
    /// The values of a column that go to it; `None` of others.
    fn data(self, column: ColumnData<'_>) -> Option<Data<'_>> {
        Some(match (self, column) {
            (Self::Flag(_), ColumnData::Bool(values)) => Data::Bools(values),
            (Self::Word(Number::Int, ..), ColumnData::Int(values))
            | (Self::Word(Number::Time, ..), ColumnData::Time(values))
            | (Self::Word(Number::Duration, ..), ColumnData::Duration(values)) => {
                Data::Ints(values)
            }
            (Self::Word(Number::Float, ..), ColumnData::Float(values)) => Data::Floats(values),
            (Self::Word(Number::Enum, ..), ColumnData::Enum(values)) => Data::Enums(values),
            _ => return None,
        })
    }

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

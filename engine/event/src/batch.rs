//! The columnar batch as it crosses the wire: an [rkyv] archive of [`Batch`].
//!
//! These are the owned types, from which an archive is written. [`BatchBuilder`](crate::BatchBuilder) makes them from
//! rows; who has columns already fills them in directly and calls [`Batch::to_bytes`]. They are read in place, through
//! [`check`](crate::check()) and the views it gives; nothing ever turns an archive back into these types.
//!
//! The format is little-endian with 32-bit relative pointers and natural alignment. The assertions in this module turn
//! into build errors where another crate in the same build changes rkyv's format features.

pub(crate) mod bound;

use core::fmt;
use core::mem::{align_of, size_of};
use core::ops::Deref;

use rkyv::rancor::Failure;
use rkyv::ser::Serializer;
use rkyv::ser::allocator::Arena;
use rkyv::util::AlignedVec;
use rkyv::with::{AsBox, Map};
use rkyv::{Archive, Serialize};

/// Events of any number of types, in columns.
#[derive(Archive, Serialize, Clone, Debug, Default, PartialEq)]
#[rkyv(derive(Debug))]
pub struct Batch {
    /// The section of each row, in the rows' original order. The rows of one section keep their order among
    /// themselves. Empty where there are less than two sections.
    pub order: Vec<u8>,
    /// The rows by event type.
    pub sections: Vec<Section>,
}

/// The rows of one event type.
#[derive(Archive, Serialize, Clone, Debug, Default, PartialEq)]
#[rkyv(derive(Debug))]
pub struct Section {
    /// The number that the peer's declaration of the type has on its connection; in batches that are built from a
    /// registry it is the [`TypeId`](crate::TypeId).
    pub schema: u32,
    /// How many rows there are; each column has as many. At least one.
    pub rows: u32,
    /// When each event happened: nanoseconds since 1970-01-01T00:00:00Z.
    pub time: Vec<i64>,
    /// What each event came from.
    pub source: Text,
    /// What identifies each event within its source; `None`: no row has it.
    #[rkyv(with = Map<AsBox>)]
    pub id: Option<TextColumn>,
    /// What each event is about; `None`: no row has it.
    #[rkyv(with = Map<AsBox>)]
    pub subject: Option<TextColumn>,
    /// How severe each event is; `None`: no row has it.
    #[rkyv(with = Map<AsBox>)]
    pub severity: Option<SeverityColumn>,
    /// The declared columns, in the order in which they were declared.
    pub columns: Vec<Column>,
}

/// An envelope column of texts that a row may lack.
#[derive(Archive, Serialize, Clone, Debug, Default, PartialEq)]
#[rkyv(derive(Debug))]
pub struct TextColumn {
    /// As in [`Column`].
    pub validity: Vec<u64>,
    /// The texts.
    pub text: Text,
}

/// The envelope column of severities.
#[derive(Archive, Serialize, Clone, Debug, Default, PartialEq)]
#[rkyv(derive(Debug))]
pub struct SeverityColumn {
    /// As in [`Column`].
    pub validity: Vec<u64>,
    /// A [`Severity`](crate::Severity) code for each row.
    pub codes: Vec<u8>,
}

/// A field's values.
#[derive(Archive, Serialize, Clone, Debug, PartialEq)]
#[rkyv(derive(Debug))]
pub struct Column {
    /// Bit `row % 64` of word `row / 64` is set where the row has a value; bits past the last row are zero. Empty where
    /// all rows have one.
    pub validity: Vec<u64>,
    /// A value for each row. Where the row has none, what stands there is well-formed and without meaning.
    pub data: ColumnData,
}

/// A column's values, by the field's type.
#[derive(Archive, Serialize, Clone, Debug, PartialEq)]
#[rkyv(derive(Debug))]
pub enum ColumnData {
    /// A bitmap as in [`Column::validity`].
    Bool(Vec<u64>),
    /// Integers.
    Int(Vec<i64>),
    /// Floats: no NaN and no -0.0. Who builds the batch turns them into null and 0.0.
    Float(Vec<f64>),
    /// Nanoseconds since 1970-01-01T00:00:00Z.
    Time(Vec<i64>),
    /// Nanoseconds.
    Duration(Vec<i64>),
    /// Places in the list of variants that was declared.
    Enum(Vec<u16>),
    /// Texts.
    Text(Text),
    /// IP addresses in network order, IPv4 as IPv4-mapped IPv6.
    Ip(Vec<[u8; 16]>),
}

/// A text for each row.
#[derive(Archive, Serialize, Clone, Debug, PartialEq)]
#[rkyv(derive(Debug))]
pub enum Text {
    /// Each row's own text.
    Plain(Texts),
    /// For each row a number of a text.
    Dict(Dictionary),
}

/// For each row a number of a text.
#[derive(Archive, Serialize, Clone, Debug, PartialEq)]
#[rkyv(derive(Debug))]
pub struct Dictionary {
    /// For each row the place of its text in `values`. Codes mean nothing across batches.
    pub codes: Vec<u16>,
    /// The texts, as a rule each once.
    pub values: Texts,
}

impl Default for Text {
    fn default() -> Self {
        Self::Plain(Texts::default())
    }
}

/// A list of texts, end to end. The default is no list yet: it lacks the first offset.
#[derive(Archive, Serialize, Clone, Debug, Default, PartialEq)]
#[rkyv(derive(Debug))]
pub struct Texts {
    /// Text `i` is the bytes from `offsets[i]` to `offsets[i + 1]`; so there is one more than there are texts, and the
    /// first is 0.
    pub offsets: Vec<u32>,
    /// All texts' bytes.
    pub bytes: String,
}

impl Batch {
    /// The archive of this batch. It is as good as the batch is: [`check`](crate::check()) tells.
    ///
    /// # Panics
    ///
    /// If the archive would be larger than its 32-bit pointers can span.
    pub fn to_bytes(&self) -> BatchBytes {
        let mut bytes = BatchBytes::default();
        self.write_to(&mut bytes, &mut Arena::new());
        bytes
    }

    /// Writes the archive over what `bytes` held, and keeps its capacity; `arena` is scratch space.
    pub(crate) fn write_to(&self, bytes: &mut BatchBytes, arena: &mut Arena) {
        bytes.0.clear();
        let bound = self.bound();
        // Else the memory grows part by part, and each time all that was written is copied.
        bytes.0.reserve_exact(bound);
        let mut serializer = Serializer::new(&mut bytes.0, arena.acquire(), ());
        rkyv::api::serialize_using::<_, Failure>(self, &mut serializer)
            .expect("memory takes every archive");
        debug_assert!(bytes.len() <= bound, "the bound is too low");
    }
}

/// An archived batch in memory of its own, aligned to 64 bytes so that it can be checked and read in place.
#[derive(Clone, Default)]
pub struct BatchBytes(AlignedVec<64>);

impl BatchBytes {
    /// A copy of bytes that came from elsewhere. Whether they are a batch is for [`check`](crate::check()) to tell.
    pub fn copy_of(bytes: &[u8]) -> Self {
        let mut copy = AlignedVec::with_capacity(bytes.len());
        copy.extend_from_slice(bytes);
        Self(copy)
    }
}

impl Deref for BatchBytes {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.0
    }
}

impl AsRef<[u8]> for BatchBytes {
    fn as_ref(&self) -> &[u8] {
        self
    }
}

impl fmt::Debug for BatchBytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "BatchBytes({} bytes)", self.len())
    }
}

/// What the archive's types are, by hand: change it whenever the meaning of their bytes changes.
const LAYOUT: &str = "1 rkyv 0.8 little 32 aligned; \
    Batch{order:[u8],sections:[Section]}; \
    Section{schema:u32,rows:u32,time:[i64],source:Text,id:?&TextColumn,subject:?&TextColumn,\
    severity:?&SeverityColumn,columns:[Column]}; \
    TextColumn{validity:[u64],text:Text}; SeverityColumn{validity:[u64],codes:[u8]}; \
    Column{validity:[u64],data:Bool[u64]|Int[i64]|Float[f64]|Time[i64]|Duration[i64]|Enum[u16]|Text|Ip[[u8;16]]}; \
    Text:Plain(Texts)|Dict(Dictionary); Dictionary{codes:[u16],values:Texts}; Texts{offsets:[u32],bytes:str}";

/// Size and alignment of each archived type, as the wire has them.
const SIZES: [(usize, usize); 9] = [
    (size_of::<ArchivedBatch>(), align_of::<ArchivedBatch>()),
    (size_of::<ArchivedSection>(), align_of::<ArchivedSection>()),
    (
        size_of::<ArchivedTextColumn>(),
        align_of::<ArchivedTextColumn>(),
    ),
    (
        size_of::<ArchivedSeverityColumn>(),
        align_of::<ArchivedSeverityColumn>(),
    ),
    (size_of::<ArchivedColumn>(), align_of::<ArchivedColumn>()),
    (
        size_of::<ArchivedColumnData>(),
        align_of::<ArchivedColumnData>(),
    ),
    (size_of::<ArchivedText>(), align_of::<ArchivedText>()),
    (
        size_of::<ArchivedDictionary>(),
        align_of::<ArchivedDictionary>(),
    ),
    (size_of::<ArchivedTexts>(), align_of::<ArchivedTexts>()),
];

const _: () = {
    let wire = [
        (16, 4),
        (76, 4),
        (36, 4),
        (16, 4),
        (40, 4),
        (32, 4),
        (28, 4),
        (24, 4),
        (16, 4),
    ];
    let mut i = 0;
    while i < wire.len() {
        assert!(
            SIZES[i].0 == wire[i].0 && SIZES[i].1 == wire[i].1,
            "rkyv's format features were changed"
        );
        i += 1;
    }
};

/// A fingerprint of the archive's types, for the frame header: peers whose fingerprints differ can't read each other's
/// batches.
pub const fn layout() -> u64 {
    const FINGERPRINT: u64 = {
        let mut hash = fnv1a(0xcbf2_9ce4_8422_2325, LAYOUT.as_bytes());
        let mut i = 0;
        while i < SIZES.len() {
            hash = fnv1a(hash, &[SIZES[i].0 as u8, SIZES[i].1 as u8]);
            i += 1;
        }
        hash
    };
    FINGERPRINT
}

/// FNV-1a over 64 bits, going on from `hash`.
const fn fnv1a(mut hash: u64, bytes: &[u8]) -> u64 {
    let mut i = 0;
    while i < bytes.len() {
        hash = (hash ^ bytes[i] as u64).wrapping_mul(0x0000_0100_0000_01b3);
        i += 1;
    }
    hash
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hash_is_fnv1a() {
        // Test vectors of the FNV reference (draft-eastlake-fnv).
        assert_eq!(fnv1a(0xcbf2_9ce4_8422_2325, b""), 0xcbf2_9ce4_8422_2325);
        assert_eq!(
            fnv1a(0xcbf2_9ce4_8422_2325, b"foobar"),
            0x8594_4171_f739_67e8
        );
    }

    #[test]
    fn the_layout_is_the_wire_s() {
        // Changes with the format only: peers of an older build then refuse this one's batches, by intention.
        assert_eq!(layout(), 0xb5e0_ca03_b590_6834, "{:#x}", layout());
    }

    #[test]
    fn bytes_are_aligned() {
        for length in [1, 63, 1_000] {
            assert!(
                BatchBytes::copy_of(&vec![0; length])
                    .as_ptr()
                    .addr()
                    .is_multiple_of(64)
            );
        }
        assert!(
            Batch::default()
                .to_bytes()
                .as_ptr()
                .addr()
                .is_multiple_of(64)
        );
    }
}

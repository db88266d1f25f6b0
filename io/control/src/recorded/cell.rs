//! What a column of Parquet holds, and its cells as scalars.

use parquet::basic::{ConvertedType, LogicalType, TimeUnit, Type as Physical};
use parquet::column::reader::ColumnReader;
use parquet::data_type::{ByteArray, FixedLenByteArray, Int96};
use parquet::errors::ParquetError;
use parquet::schema::types::ColumnDescriptor;
use trapjaw_event::FieldType;
use trapjaw_event::limits::MAX_TEXT;
use trapjaw_wire::json::Scalar;

/// One value of a column.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Cell {
    Null,
    Bool(bool),
    /// Of times and durations, nanoseconds.
    Int(i64),
    Float(f64),
    Text(Box<str>),
    /// No value of a field can be made of it: this is what it is.
    Unfit(&'static str),
}

impl Cell {
    /// As what fields are read from.
    pub(super) fn scalar(&self) -> Result<Scalar<'_>, &'static str> {
        Ok(match self {
            Self::Null => Scalar::Null,
            Self::Bool(value) => Scalar::Bool(*value),
            Self::Int(value) => Scalar::Int(*value),
            Self::Float(value) => Scalar::Float(*value),
            Self::Text(text) => Scalar::Text(text),
            Self::Unfit(what) => return Err(what),
        })
    }
}

/// What a column's values mean.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Kind {
    Bool,
    Int,
    /// Bits of a number without sign.
    Unsigned,
    Float,
    HalfFloat,
    Text,
    Uuid,
    /// Since 1970, in units of so many nanoseconds.
    Time(i64),
    /// As Impala and early Spark wrote them.
    Time96,
    /// Days since 1970.
    Date,
    /// Since midnight, in units of so many nanoseconds.
    TimeOfDay(i64),
    /// Whole numbers to be divided by this power of ten.
    Decimal(i32),
}

/// Nanoseconds of a day.
const DAY: i64 = 86_400_000_000_000;

const BEYOND: &str = "is a time beyond the years 1678 to 2261";

impl Kind {
    /// Of a column. The error is what it is that is not read.
    pub(super) fn of(column: &ColumnDescriptor) -> Result<Self, String> {
        if column.max_rep_level() > 0 {
            return Err("a list or a map".to_owned());
        }
        let physical = column.physical_type();
        if let Some(kind) = Self::annotated(column) {
            return kind;
        }
        Ok(match physical {
            Physical::BOOLEAN => Self::Bool,
            Physical::INT32 | Physical::INT64 => Self::Int,
            Physical::INT96 => Self::Time96,
            Physical::FLOAT | Physical::DOUBLE => Self::Float,
            Physical::BYTE_ARRAY => Self::Text,
            Physical::FIXED_LEN_BYTE_ARRAY => return Err("bytes of a fixed length".to_owned()),
        })
    }

    /// By its annotation, in the new form or the old one.
    fn annotated(column: &ColumnDescriptor) -> Option<Result<Self, String>> {
        let unit = |unit: &TimeUnit| match unit {
            TimeUnit::MILLIS => 1_000_000,
            TimeUnit::MICROS => 1_000,
            TimeUnit::NANOS => 1,
        };
        if let Some(logical) = column.logical_type_ref() {
            return Some(Ok(match logical {
                LogicalType::Timestamp(time) => Self::Time(unit(&time.unit)),
                LogicalType::Time(time) => Self::TimeOfDay(unit(&time.unit)),
                LogicalType::Date => Self::Date,
                LogicalType::Integer(int) if int.is_signed => Self::Int,
                LogicalType::Integer(_) => Self::Unsigned,
                LogicalType::Decimal(decimal) => Self::Decimal(decimal.scale),
                LogicalType::Float16 => Self::HalfFloat,
                LogicalType::Uuid => Self::Uuid,
                LogicalType::String | LogicalType::Enum | LogicalType::Json => Self::Text,
                // Always null.
                LogicalType::Unknown => return None,
                other => return Some(Err(format!("{other:?}"))),
            }));
        }
        Some(Ok(match column.converted_type() {
            ConvertedType::NONE => return None,
            ConvertedType::TIMESTAMP_MILLIS => Self::Time(1_000_000),
            ConvertedType::TIMESTAMP_MICROS => Self::Time(1_000),
            ConvertedType::TIME_MILLIS => Self::TimeOfDay(1_000_000),
            ConvertedType::TIME_MICROS => Self::TimeOfDay(1_000),
            ConvertedType::DATE => Self::Date,
            ConvertedType::INT_8
            | ConvertedType::INT_16
            | ConvertedType::INT_32
            | ConvertedType::INT_64 => Self::Int,
            ConvertedType::UINT_8
            | ConvertedType::UINT_16
            | ConvertedType::UINT_32
            | ConvertedType::UINT_64 => Self::Unsigned,
            ConvertedType::DECIMAL => Self::Decimal(column.type_scale()),
            ConvertedType::UTF8 | ConvertedType::ENUM | ConvertedType::JSON => Self::Text,
            other => return Some(Err(format!("{other}"))),
        }))
    }

    /// May a field of this type be read from it?
    pub(super) fn fits(self, ty: &FieldType) -> bool {
        match self {
            Self::Bool => matches!(ty, FieldType::Bool),
            Self::Int | Self::Unsigned => matches!(
                ty,
                FieldType::Int | FieldType::Float | FieldType::Time | FieldType::Duration
            ),
            Self::Float | Self::HalfFloat | Self::Decimal(_) => {
                matches!(ty, FieldType::Float | FieldType::Int)
            }
            Self::Text => !matches!(ty, FieldType::Bool | FieldType::Int | FieldType::Float),
            Self::Uuid => matches!(ty, FieldType::Text),
            Self::Time(_) | Self::Time96 | Self::Date => matches!(ty, FieldType::Time),
            Self::TimeOfDay(_) => matches!(ty, FieldType::Duration),
        }
    }

    /// As an error names it.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Bool => "bools",
            Self::Int | Self::Unsigned => "whole numbers",
            Self::Float | Self::HalfFloat => "floats",
            Self::Decimal(_) => "decimals",
            Self::Text => "texts",
            Self::Uuid => "UUIDs",
            Self::Time(_) | Self::Time96 => "timestamps",
            Self::Date => "dates",
            Self::TimeOfDay(_) => "times of day",
        }
    }

    fn whole(self, value: i64, bits: u32) -> Cell {
        let scaled = |unit: i64| match value.checked_mul(unit) {
            Some(nanoseconds) => Cell::Int(nanoseconds),
            None => Cell::Unfit(BEYOND),
        };
        match self {
            Self::Time(unit) | Self::TimeOfDay(unit) => scaled(unit),
            Self::Date => scaled(DAY),
            Self::Unsigned if bits == 32 => Cell::Int(i64::from(value as u32)),
            Self::Unsigned if value < 0 => Cell::Unfit("is a number beyond 64 bits with a sign"),
            Self::Decimal(scale) => decimal(i128::from(value), scale),
            _ => Cell::Int(value),
        }
    }

    fn bytes(self, bytes: &[u8]) -> Cell {
        match self {
            Self::Decimal(scale) => match big_endian(bytes) {
                Some(value) => decimal(value, scale),
                None => Cell::Unfit("is a decimal of more than 128 bits"),
            },
            Self::HalfFloat => match <[u8; 2]>::try_from(bytes) {
                Ok(bytes) => Cell::Float(half(u16::from_le_bytes(bytes))),
                Err(_) => Cell::Unfit("is no float of 16 bits"),
            },
            Self::Uuid => match <[u8; 16]>::try_from(bytes) {
                Ok(bytes) => Cell::Text(uuid(bytes)),
                Err(_) => Cell::Unfit("is no UUID of 16 bytes"),
            },
            _ if bytes.len() > MAX_TEXT => Cell::Unfit("is a text that is too long"),
            _ => match str::from_utf8(bytes) {
                Ok(text) => Cell::Text(text.into()),
                Err(_) => Cell::Unfit("is not UTF-8"),
            },
        }
    }
}

fn decimal(value: i128, scale: i32) -> Cell {
    match i64::try_from(value) {
        Ok(value) if scale == 0 => Cell::Int(value),
        // One rounding: powers of ten to 10^22 are floats.
        _ => Cell::Float(value as f64 / 10_f64.powi(scale)),
    }
}

/// Two's complement, the highest byte first.
fn big_endian(bytes: &[u8]) -> Option<i128> {
    let negative = bytes.first().is_some_and(|first| first & 0x80 != 0);
    let mut wide = [if negative { 0xff } else { 0 }; 16];
    let from = wide.len().checked_sub(bytes.len())?;
    wide[from..].copy_from_slice(bytes);
    Some(i128::from_be_bytes(wide))
}

/// IEEE 754 binary16.
fn half(bits: u16) -> f64 {
    let (exponent, fraction) = (i32::from(bits >> 10 & 0x1f), f64::from(bits & 0x3ff));
    let size = match exponent {
        0 => fraction * 2_f64.powi(-24),
        31 if fraction == 0.0 => f64::INFINITY,
        31 => f64::NAN,
        _ => (1_024.0 + fraction) * 2_f64.powi(exponent - 25),
    };
    if bits >> 15 == 1 { -size } else { size }
}

/// RFC 9562, section 4.
fn uuid(bytes: [u8; 16]) -> Box<str> {
    let hex = format!("{:032x}", u128::from_be_bytes(bytes));
    let parts = [
        &hex[..8],
        &hex[8..12],
        &hex[12..16],
        &hex[16..20],
        &hex[20..],
    ];
    parts.join("-").into()
}

/// Reads the next rows of a column, at most so many, and appends their cells. How many there were.
pub(super) fn read(
    reader: &mut ColumnReader,
    kind: Kind,
    (rows, whole): (usize, i16),
    cells: &mut Vec<Cell>,
) -> Result<usize, ParquetError> {
    let mut levels = Vec::new();
    macro_rules! read {
        ($reader:expr, $ty:ty, $cell:expr) => {{
            let mut values: Vec<$ty> = Vec::new();
            let given = (whole > 0).then_some(&mut levels);
            let (records, _, _) = $reader.read_records(rows, given, None, &mut values)?;
            let mut values = values.iter().map($cell);
            if whole == 0 {
                cells.extend(values);
            } else {
                for level in &levels {
                    let value = if *level == whole { values.next() } else { None };
                    cells.push(value.unwrap_or(Cell::Null));
                }
            }
            records
        }};
    }
    Ok(match reader {
        ColumnReader::BoolColumnReader(reader) => read!(reader, bool, |v| Cell::Bool(*v)),
        ColumnReader::Int32ColumnReader(reader) => {
            read!(reader, i32, |v| kind.whole(i64::from(*v), 32))
        }
        ColumnReader::Int64ColumnReader(reader) => read!(reader, i64, |v| kind.whole(*v, 64)),
        ColumnReader::Int96ColumnReader(reader) => read!(reader, Int96, time96),
        ColumnReader::FloatColumnReader(reader) => {
            read!(reader, f32, |v| Cell::Float(f64::from(*v)))
        }
        ColumnReader::DoubleColumnReader(reader) => read!(reader, f64, |v| Cell::Float(*v)),
        ColumnReader::ByteArrayColumnReader(reader) => {
            read!(reader, ByteArray, |v| kind.bytes(v.data()))
        }
        ColumnReader::FixedLenByteArrayColumnReader(reader) => {
            read!(reader, FixedLenByteArray, |v| kind.bytes(v.data()))
        }
    })
}

/// Nanoseconds of the day, and the Julian day.
fn time96(value: &Int96) -> Cell {
    /// The Julian day that begins at noon of 1970-01-01, by the counting of these files.
    const EPOCH: i64 = 2_440_588;
    let &[low, high, day] = value.data() else {
        return Cell::Unfit(BEYOND);
    };
    let within = (u64::from(high) << 32 | u64::from(low)).cast_signed();
    let days = (i64::from(day) - EPOCH).checked_mul(DAY);
    match days.and_then(|days| days.checked_add(within)) {
        Some(time) => Cell::Int(time),
        None => Cell::Unfit(BEYOND),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_in_bytes() {
        assert_eq!(big_endian(&[0x01, 0x00]), Some(256));
        assert_eq!(big_endian(&[0xff, 0x38]), Some(-200));
        assert_eq!(big_endian(&[0; 17]), None);
        assert_eq!(decimal(-12_345, 2), Cell::Float(-123.45));
        assert_eq!(decimal(7, 0), Cell::Int(7));
        for (bits, value) in [
            (0x3c00, 1.0),
            (0xc000, -2.0),
            (0x0001, 5.960_464_477_539_063e-8),
            (0x7bff, 65_504.0),
            (0x7c00, f64::INFINITY),
        ] {
            assert_eq!(half(bits), value, "{bits:x}");
        }
        assert!(half(0x7e00).is_nan());
        assert_eq!(
            &*uuid(0x0123_4567_89ab_cdef_0123_4567_89ab_cdef_u128.to_be_bytes()),
            "01234567-89ab-cdef-0123-456789abcdef"
        );
    }

    #[test]
    fn times_by_their_units() {
        assert_eq!(Kind::Time(1_000_000).whole(1, 64), Cell::Int(1_000_000));
        assert_eq!(Kind::Date.whole(-1, 32), Cell::Int(-DAY));
        assert_eq!(Kind::Time(1_000).whole(i64::MAX, 64), Cell::Unfit(BEYOND));
        assert_eq!(Kind::Unsigned.whole(-1, 32), Cell::Int(i64::from(u32::MAX)));
        assert!(matches!(Kind::Unsigned.whole(-1, 64), Cell::Unfit(_)));
        let mut noon = Int96::new();
        noon.set_data(1, 0, 2_440_589);
        assert_eq!(time96(&noon), Cell::Int(DAY + 1));
    }
}

//! Parquet.

use std::fs::File;
use std::path::Path;
use std::sync::Arc;

use parquet::basic::{Compression, Encoding, GzipLevel, ZstdLevel};
use parquet::data_type::{
    BoolType, ByteArray, ByteArrayType, DoubleType, FixedLenByteArray, FixedLenByteArrayType,
    FloatType, Int32Type, Int64Type, Int96, Int96Type,
};
use parquet::file::properties::WriterProperties;
use parquet::file::writer::{SerializedColumnWriter, SerializedFileWriter};
use parquet::schema::parser::parse_message_type;
use trapjaw_control::recorded::InputCode;

use crate::rig::{Folder, Told, rules, told_as};

/// A column's values, with its levels of definition where it is optional.
enum Values {
    Bool(Vec<bool>),
    I32(Vec<i32>),
    I64(Vec<i64>),
    I96(Vec<[u32; 3]>),
    F32(Vec<f32>),
    F64(Vec<f64>),
    Text(Vec<&'static str>),
    Fixed(Vec<Vec<u8>>),
    /// Of so many rows, each with none.
    EmptyLists(usize),
}

type Column = (Values, Option<Vec<i16>>);

fn write_column(writer: &mut SerializedColumnWriter<'_>, (values, levels): &Column) {
    let levels = levels.as_deref();
    macro_rules! write {
        ($ty:ty, $values:expr) => {
            writer
                .typed::<$ty>()
                .write_batch($values, levels, None)
                .expect("values of the column's type")
        };
    }
    match values {
        Values::Bool(values) => write!(BoolType, values),
        Values::EmptyLists(rows) => {
            let none = vec![0; *rows];
            writer
                .typed::<Int64Type>()
                .write_batch(&[], Some(&none), Some(&none))
                .expect("no values")
        }
        Values::I32(values) => write!(Int32Type, values),
        Values::I64(values) => write!(Int64Type, values),
        Values::F32(values) => write!(FloatType, values),
        Values::F64(values) => write!(DoubleType, values),
        Values::I96(values) => {
            let values: Vec<Int96> = values.iter().map(|v| Int96::from(v.to_vec())).collect();
            write!(Int96Type, &values)
        }
        Values::Text(values) => {
            let values: Vec<ByteArray> = values.iter().map(|v| ByteArray::from(*v)).collect();
            write!(ByteArrayType, &values)
        }
        Values::Fixed(values) => {
            let values: Vec<FixedLenByteArray> = values
                .iter()
                .map(|v| ByteArray::from(v.clone()).into())
                .collect();
            write!(FixedLenByteArrayType, &values)
        }
    };
}

fn properties(compression: Compression) -> WriterProperties {
    WriterProperties::builder()
        .set_compression(compression)
        .build()
}

/// Writes row groups of these columns.
fn write(path: &Path, schema: &str, properties: WriterProperties, groups: &[Vec<Column>]) {
    let schema = Arc::new(parse_message_type(schema).expect("a schema"));
    let file = File::create(path).expect("a file");
    let mut writer =
        SerializedFileWriter::new(file, schema, Arc::new(properties)).expect("a writer");
    for columns in groups {
        let mut group = writer.next_row_group().expect("a group");
        let mut columns = columns.iter();
        while let Some(mut writer) = group.next_column().expect("a column") {
            write_column(
                &mut writer,
                columns.next().expect("as many as the schema has"),
            );
            writer.close().expect("a column ends");
        }
        group.close().expect("a group ends");
    }
    writer.close().expect("a file ends");
}

fn all(values: Values) -> Column {
    (values, None)
}

const ALL: &str = "\
event all {
    b: bool, i: int, u: int?, small: int, f: float, g: float, d: float?, dec: float, cents: float
    t: text, e: enum(low, high), a: ip, ms: time, us: time, ns: time, day: time, old: time, span: duration, uuid: text
    deep: text? = \"data.actor.name\"
}
rule each { on x: all do tell(
    b: x.b, i: x.i, u: x.u, small: x.small, f: x.f, g: x.g, d: x.d, dec: x.dec, cents: x.cents, t: x.t, e: x.e, a: x.a,
    ms: x.ms, us: x.us, ns: x.ns, day: x.day, old: x.old, span: x.span, uuid: x.uuid, deep: x.deep
) }";

const ALL_SCHEMA: &str = "message all {
    required binary type (STRING); required int64 time (TIMESTAMP(NANOS,true)); optional binary severity (ENUM);
    required boolean b; required int64 i; optional int32 u (INTEGER(32,false)); required int32 small (INTEGER(8,true));
    required double f; required float g; optional double d; required int64 dec (DECIMAL(18,2));
    required fixed_len_byte_array(3) cents (DECIMAL(6,2));
    required binary t (STRING); required binary e (STRING); required binary a (STRING);
    required int64 ms (TIMESTAMP(MILLIS,true)); required int64 us (TIMESTAMP(MICROS,false));
    required int64 ns (TIMESTAMP(NANOS,true)); required int32 day (DATE); required int96 old;
    required int32 span (TIME(MILLIS,true)); required fixed_len_byte_array(16) uuid (UUID);
    optional group actor { optional binary name (STRING); }
    repeated int64 not_read;
}";

fn all_columns() -> Vec<Column> {
    vec![
        all(Values::Text(vec!["all", "all"])),
        all(Values::I64(vec![
            1_767_225_600_000_000_000,
            1_767_225_600_000_000_001,
        ])),
        (Values::Text(vec!["high"]), Some(vec![0, 1])),
        all(Values::Bool(vec![true, false])),
        all(Values::I64(vec![i64::MIN, i64::MAX])),
        (Values::I32(vec![-1]), Some(vec![1, 0])),
        all(Values::I32(vec![-128, 127])),
        all(Values::F64(vec![0.1, -1e300])),
        all(Values::F32(vec![0.5, 2.0])),
        (Values::F64(vec![1.5]), Some(vec![0, 1])),
        all(Values::I64(vec![12_345, -5])),
        all(Values::Fixed(vec![vec![0, 1, 0], vec![0xff, 0xff, 0x9c]])),
        all(Values::Text(vec!["grüße", ""])),
        all(Values::Text(vec!["low", "high"])),
        all(Values::Text(vec!["10.0.0.1", "2001:db8::1"])),
        all(Values::I64(vec![1_767_225_600_000, 0])),
        all(Values::I64(vec![1_767_225_600_000_000, -1])),
        all(Values::I64(vec![1_767_225_600_000_000_000, 7])),
        all(Values::I32(vec![20_454, 0])),
        all(Values::I96(vec![
            [0, 0, 2_440_588 + 20_454],
            [5, 0, 2_440_588],
        ])),
        all(Values::I32(vec![1_500, 0])),
        all(Values::Fixed(vec![vec![0x11; 16], vec![0; 16]])),
        (Values::Text(vec!["ann"]), Some(vec![2, 0])),
        all(Values::EmptyLists(2)),
    ]
}

/// What the rows of [`all_columns`] say.
fn check_all(found: &Told, name: &str) {
    assert!(found.input.is_none(), "{name}: {:?}", found.input);
    assert!(found.refused.is_empty(), "{name}: {:?}", found.refused);
    let values: Vec<&str> = found
        .matches
        .lines()
        .map(|line| line.split_once("\"values\":").expect("a match").1)
        .collect();
    let day = "1767225600000000000";
    let first = format!(
        r#"{{"b":true,"i":-9223372036854775808,"u":4294967295,"small":-128,"f":0.1,"g":0.5,"d":null,"dec":123.45,"cents":2.56,"t":"grüße","e":"low","a":"10.0.0.1","ms":{day},"us":{day},"ns":{day},"day":{day},"old":{day},"span":1500000000,"uuid":"11111111-1111-1111-1111-111111111111","deep":"ann"}}}}"#
    );
    let second = r#"{"b":false,"i":9223372036854775807,"u":null,"small":127,"f":-1e300,"g":2.0,"d":1.5,"dec":-0.05,"cents":-1.0,"t":"","e":"high","a":"2001:db8::1","ms":0,"us":-1000,"ns":7,"day":0,"old":5,"span":0,"uuid":"00000000-0000-0000-0000-000000000000","deep":null}}"#;
    assert_eq!(values, [first.as_str(), second], "{name}");
    assert!(found.matches.contains(r#""severity":"high""#), "{name}");
}

#[test]
fn columns_of_every_kind_become_fields() {
    let rules = rules(ALL);
    let folder = Folder::new();
    let path = folder.path("all.parquet");
    let plain = WriterProperties::builder()
        .set_dictionary_enabled(false)
        .set_encoding(Encoding::PLAIN);
    for (name, properties) in [
        ("uncompressed", properties(Compression::UNCOMPRESSED)),
        ("snappy", properties(Compression::SNAPPY)),
        ("gzip", properties(Compression::GZIP(GzipLevel::default()))),
        ("lz4", properties(Compression::LZ4_RAW)),
        ("zstd", properties(Compression::ZSTD(ZstdLevel::default()))),
        ("without dictionaries", plain.build()),
        (
            "version 2",
            WriterProperties::builder()
                .set_writer_version(parquet::file::properties::WriterVersion::PARQUET_2_0)
                .build(),
        ),
    ] {
        write(&path, ALL_SCHEMA, properties, &[all_columns()]);
        check_all(&told_as(&rules, std::slice::from_ref(&path), None), name);
    }
}

const CPU: &str = "event cpu { host: text, load: float }
event beat { host: text }
rule each { on e: cpu | beat do tell(host: e.host) }
rule sum { on c: cpu over all each having true do tell(n: count(), sum: sum(c.load)) }";

const CPU_SCHEMA: &str =
    "message m { optional binary type (STRING); required int64 time (TIMESTAMP(MICROS,true));
    optional binary host (STRING); optional double load; }";

fn cpu(rows: usize) -> Vec<Column> {
    let texts = |text: &'static str| Values::Text(vec![text; rows]);
    vec![
        (texts("cpu"), Some(vec![1; rows])),
        all(Values::I64((0..rows as i64).collect())),
        (texts("a"), Some(vec![1; rows])),
        (Values::F64(vec![0.5; rows]), Some(vec![1; rows])),
    ]
}

#[test]
fn many_rows_in_many_groups_and_pages() {
    let rules = rules(CPU);
    let folder = Folder::new();
    let path = folder.path("many.parquet");
    let properties = WriterProperties::builder()
        .set_data_page_row_count_limit(100)
        .set_write_batch_size(100)
        .build();
    write(
        &path,
        CPU_SCHEMA,
        properties,
        &[cpu(5_000), cpu(1), cpu(4_321)],
    );
    let found = told_as(&rules, &[path], None);
    assert!(found.input.is_none(), "{:?}", found.input);
    assert_eq!(found.summary.events, 9_322);
    let last = found.matches.lines().last().expect("matches");
    assert!(last.ends_with(r#""n":9322,"sum":4661.0}}"#), "{last}");
}

#[test]
fn rows_that_are_no_events_are_refused_by_number() {
    let rules = rules(CPU);
    let folder = Folder::new();
    let path = folder.path("some.parquet");
    let columns = vec![
        (
            Values::Text(vec!["cpu", "beat", "boot", "cpu"]),
            Some(vec![1, 1, 1, 1, 0]),
        ),
        all(Values::I64(vec![1, 2, 3, i64::MAX, 5])),
        (
            Values::Text(vec!["a", "b", "c", "d", "e"]),
            Some(vec![1; 5]),
        ),
        (Values::F64(vec![0.5]), Some(vec![1, 0, 0, 0, 0])),
    ];
    write(
        &path,
        CPU_SCHEMA,
        properties(Compression::SNAPPY),
        &[columns],
    );
    let refused = |found: &Told| found.refused.clone();
    let named = told_as(&rules, std::slice::from_ref(&path), None);
    assert_eq!(
        refused(&named),
        [
            "3: no event type is named `boot` [E_ROW_TYPE]",
            "4: `time` is a time beyond the years 1678 to 2261 [E_ROW_ENVELOPE]",
            "5: `type` is null [E_ROW_TYPE]",
        ]
    );
    assert_eq!(named.summary.events, 2);
    let given = told_as(&rules, &[path], Some("cpu"));
    assert_eq!(
        refused(&given)[2],
        "5: field `load` is required, and missing or null [E_ROW_MISSING]"
    );
}

#[test]
fn a_column_that_does_not_fit_is_named() {
    let folder = Folder::new();
    let path = folder.path("odd.parquet");
    let schema = "message m { required int64 at (TIMESTAMP(MILLIS,true)); required int64 laod; repeated int64 tags;
        required fixed_len_byte_array(5) raw; optional int64 opt; }";
    let columns = vec![
        all(Values::I64(vec![1])),
        all(Values::I64(vec![1])),
        all(Values::EmptyLists(1)),
        all(Values::Fixed(vec![vec![0; 5]])),
        (Values::I64(vec![]), Some(vec![0])),
    ];
    write(&path, schema, properties(Compression::SNAPPY), &[columns]);
    for (fields, ty, said) in [
        (
            "laod: int",
            None,
            "has no column `type`, and no type is given for its rows: name it with --type",
        ),
        (
            "laod: int",
            Some("oder"),
            "no event type is named `oder`; did you mean `order`?",
        ),
        (
            "load: int",
            Some("e"),
            "has no column for field `load` of `e`, which is required; there are at, laod, opt, raw, tags; if `laod` is it, declare `load: int = \"laod\"`",
        ),
        (
            "at: float",
            Some("e"),
            "column `at` holds timestamps, and field `at` of `e` is a float",
        ),
        (
            "tags: int",
            Some("e"),
            "column `tags` is a list or a map, which no field is read from",
        ),
        (
            "raw: text",
            Some("e"),
            "column `raw` is bytes of a fixed length, which no field is read from",
        ),
        (
            "laod: ip",
            Some("e"),
            "column `laod` holds whole numbers, and field `laod` of `e` is an ip",
        ),
    ] {
        let rules = rules(&format!(
            "event order {{ x: int }} event e {{ {fields} }} rule r {{ on e: e }}"
        ));
        let error = told_as(&rules, std::slice::from_ref(&path), ty)
            .input
            .expect(said);
        assert_eq!(error.code(), InputCode::Column, "{error}");
        assert_eq!(error.reason(), said);
    }
    let right = rules("event e { laod: int, at: time, opt: int?, none: text? } rule r { on e: e }");
    let found = told_as(&right, &[path], Some("e"));
    assert!(
        found.input.is_none() && found.summary.events == 1,
        "{:?}",
        found.input
    );
}

#[test]
fn a_cut_file_is_told_and_damage_does_no_harm() {
    let rules = rules(CPU);
    let folder = Folder::new();
    let path = folder.path("whole.parquet");
    write(
        &path,
        CPU_SCHEMA,
        properties(Compression::SNAPPY),
        &[cpu(50), cpu(50)],
    );
    let bytes = std::fs::read(&path).expect("it was written");
    let cut = told_as(
        &rules,
        &[folder.write("cut", &bytes[..bytes.len() - 1])],
        None,
    );
    let error = cut.input.expect("it is cut off");
    assert_eq!(error.code(), InputCode::Truncated, "{error}");
    // The library tells of its panics where tests can be read; what counts is that the reading ends in order.
    let mut failed = 0;
    for place in 4..bytes.len() {
        let mut damaged = bytes.clone();
        damaged[place] ^= 0x55;
        let found = told_as(&rules, &[folder.write("damaged", &damaged)], None);
        failed += usize::from(found.input.is_some());
    }
    assert!(failed > 50, "{failed} of {}", bytes.len());
}

#[test]
fn a_page_that_would_not_fit_memory_is_refused_unread() {
    let rules = rules(CPU);
    let folder = Folder::new();
    let path = folder.path("bomb.parquet");
    // One page of many equal rows: hundreds of megabytes out of a few kilobytes.
    let text: &'static str = Box::leak("x".repeat(250_000).into_boxed_str());
    let rows = 400;
    let columns = vec![
        (Values::Text(vec!["cpu"; rows]), Some(vec![1; rows])),
        all(Values::I64(vec![0; rows])),
        (Values::Text(vec![text; rows]), Some(vec![1; rows])),
        (Values::F64(vec![0.5; rows]), Some(vec![1; rows])),
    ];
    let properties = WriterProperties::builder()
        .set_compression(Compression::ZSTD(ZstdLevel::default()))
        .set_dictionary_enabled(false)
        .set_data_page_size_limit(1 << 30)
        .build();
    write(&path, CPU_SCHEMA, properties, &[columns]);
    let length = std::fs::metadata(&path).expect("it was written").len();
    assert!(length < 200_000, "{length}");
    let found = told_as(&rules, &[path], None);
    let error = found.input.expect("it is refused");
    assert_eq!(error.code(), InputCode::Size, "{error}");
    assert!(
        error
            .to_string()
            .contains("column `host` has pages of 1000"),
        "{error}"
    );
}

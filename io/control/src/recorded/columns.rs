//! Parquet, a few rows of the columns that are asked for at a time.
//!
//! Columns are read as they stand in the file, without the crates of Arrow. A page is expanded as a whole, so that its
//! size is looked at before: the library asks for the place of each page's header, and there the header's size is read.
//! The library is not proof against every damaged file; where it panics, the file is damaged.

use std::fs::File;
use std::io::{BufReader, Read, Seek, SeekFrom};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use parquet::column::reader::{ColumnReader, get_column_reader};
use parquet::errors::ParquetError;
use parquet::file::metadata::{ParquetMetaData, ParquetMetaDataReader, RowGroupMetaData};
use parquet::file::reader::{ChunkReader, Length, SerializedPageReader};
use trapjaw_event::Registry;

use super::block::RowBlock;
use super::cell;
use super::layout::{Finder, Layout, Wanted};
use super::{InputCode, InputError, Position};
use crate::limits::{BLOCK_ROWS, MAX_FOOTER, MAX_PAGE, MAX_STEP, STEP_ROWS};

/// Reads the rows of a file.
pub(super) struct Columns {
    file: Arc<Pages>,
    metadata: ParquetMetaData,
    wanted: Vec<Wanted>,
    layouts: Arc<[Layout]>,
    /// The number of the row group that comes next.
    group: usize,
    readers: Vec<ColumnReader>,
    /// Rows that are left of the group at hand.
    left: usize,
    /// Rows of all groups, and of those that were read.
    rows: u64,
    read: u64,
    length: u64,
}

impl Columns {
    pub(super) fn open(
        path: &Path,
        registries: &[Arc<Registry>],
        type_name: Option<&str>,
    ) -> Result<Self, InputError> {
        let file = File::open(path).map_err(|error| InputError::unreadable(&error))?;
        let length = footer_fits(&file)?;
        let metadata = sound(|| ParquetMetaDataReader::new().parse_and_finish(&file))?;
        let schema = metadata.file_metadata().schema_descr_ptr();
        let mut finder = Finder::new(&schema);
        let layouts: Result<Arc<[Layout]>, InputError> = registries
            .iter()
            .map(|registry| finder.layout(registry, type_name))
            .collect();
        let groups = metadata.row_groups().iter();
        let rows = groups
            .map(|group| group.num_rows().max(0).cast_unsigned())
            .sum();
        Ok(Self {
            file: Arc::new(Pages {
                file,
                length,
                touched: AtomicU64::new(0),
            }),
            wanted: finder.wanted,
            layouts: layouts?,
            metadata,
            group: 0,
            readers: Vec::new(),
            left: 0,
            rows,
            read: 0,
            length,
        })
    }

    /// The next rows.
    pub(super) fn next_block(
        &mut self,
        position: &Position,
    ) -> Result<Option<RowBlock>, InputError> {
        while self.left == 0 {
            if self.group == self.metadata.num_row_groups() {
                return Ok(None);
            }
            self.next_group()
                .map_err(|error| error.behind("row", self.read))?;
        }
        let rows = self.left.min(BLOCK_ROWS);
        let mut cells = vec![Vec::with_capacity(rows); self.wanted.len()];
        for (place, cells) in cells.iter_mut().enumerate() {
            self.fill(place, rows, cells)
                .map_err(|error| error.behind("row", self.read))?;
        }
        let block = RowBlock {
            first: self.read,
            rows,
            cells,
            layouts: Arc::clone(&self.layouts),
        };
        let before = self.bytes_read();
        self.left -= rows;
        self.read += rows as u64;
        position.advance(self.bytes_read() - before);
        Ok(Some(block))
    }

    /// How far in the file that is, as if rows were of one size.
    fn bytes_read(&self) -> u64 {
        let read = u128::from(self.length) * u128::from(self.read) / u128::from(self.rows.max(1));
        read as u64
    }

    fn next_group(&mut self) -> Result<(), InputError> {
        let group = self.metadata.row_group(self.group);
        self.group += 1;
        let rows = usize::try_from(group.num_rows())
            .map_err(|_| corrupt("a row group has less than no rows"))?;
        let schema = self.metadata.file_metadata().schema_descr();
        let mut readers = Vec::with_capacity(self.wanted.len());
        for wanted in &self.wanted {
            let chunk = chunk(group, wanted.leaf)?;
            let pages =
                sound(|| SerializedPageReader::new(Arc::clone(&self.file), chunk, rows, None))?;
            readers.push(get_column_reader(
                schema.column(wanted.leaf),
                Box::new(pages),
            ));
        }
        self.readers = readers;
        self.left = rows;
        Ok(())
    }

    fn fill(
        &mut self,
        place: usize,
        rows: usize,
        cells: &mut Vec<cell::Cell>,
    ) -> Result<(), InputError> {
        let Wanted { leaf, kind } = self.wanted[place].clone();
        let column = self.metadata.file_metadata().schema_descr().column(leaf);
        let reader = &mut self.readers[place];
        while cells.len() < rows {
            self.file.touched.store(0, Ordering::Relaxed);
            let asked = (rows - cells.len()).min(STEP_ROWS);
            let read = sound(|| cell::read(reader, kind, (asked, column.max_def_level()), cells));
            let read = read.map_err(|error| error.in_column(&column.path().string()))?;
            if read == 0 {
                return Err(
                    corrupt("has fewer values than rows").in_column(&column.path().string())
                );
            }
        }
        Ok(())
    }
}

impl InputError {
    fn in_column(self, name: &str) -> Self {
        let reason = format!("column `{name}` {}", self.reason());
        Self::new(self.code(), reason)
    }
}

fn corrupt(reason: &str) -> InputError {
    InputError::new(InputCode::Corrupt, reason)
}

/// The part of a group that holds a column, if it lies in the file.
fn chunk(
    group: &RowGroupMetaData,
    leaf: usize,
) -> Result<&parquet::file::metadata::ColumnChunkMetaData, InputError> {
    let outside = || corrupt("is damaged: a column lies outside of the file");
    let chunk = group.columns().get(leaf).ok_or_else(outside)?;
    let start = chunk
        .dictionary_page_offset()
        .unwrap_or(chunk.data_page_offset());
    if start < 0 || chunk.compressed_size() < 0 {
        return Err(outside());
    }
    Ok(chunk)
}

/// The length of a file, if its end says that it is whole and describes itself in few enough bytes.
fn footer_fits(mut file: &File) -> Result<u64, InputError> {
    let mut end = [0; 8];
    let length = file
        .seek(SeekFrom::End(0))
        .map_err(|error| InputError::unreadable(&error))?;
    let read = length.checked_sub(end.len() as u64).map(|at| {
        file.seek(SeekFrom::Start(at))
            .and_then(|_| file.read_exact(&mut end))
    });
    let [l0, l1, l2, l3, magic @ ..] = end;
    if !matches!(read, Some(Ok(()))) || magic != *b"PAR1" {
        return Err(InputError::new(
            InputCode::Truncated,
            "is cut off: Parquet's last bytes are missing, and they tell what is where",
        ));
    }
    let footer = u64::from(u32::from_le_bytes([l0, l1, l2, l3]));
    if footer > MAX_FOOTER {
        return Err(InputError::new(
            InputCode::Size,
            format!("describes itself in {footer} bytes, at most {MAX_FOOTER} are read"),
        ));
    }
    Ok(length)
}

/// What the library gives, if it neither fails nor panics.
fn sound<T>(read: impl FnOnce() -> Result<T, ParquetError>) -> Result<T, InputError> {
    match catch_unwind(AssertUnwindSafe(read)) {
        Ok(Ok(read)) => Ok(read),
        Ok(Err(ParquetError::External(error))) => match error.downcast::<TooLarge>() {
            Ok(large) => Err(InputError::new(InputCode::Size, large.to_string())),
            Err(error) => Err(corrupt(&format!("is damaged: {error}"))),
        },
        Ok(Err(ParquetError::NYI(what))) => Err(InputError::new(
            InputCode::Format,
            format!("needs what is not read: {what}"),
        )),
        Ok(Err(error)) => Err(corrupt(&format!("is damaged: {error}"))),
        Err(_) => Err(corrupt("is damaged")),
    }
}

/// A file whose pages are looked at before they are expanded.
struct Pages {
    file: File,
    length: u64,
    /// Bytes, expanded, of the pages of the step at hand.
    touched: AtomicU64,
}

/// Pages that are too large.
#[derive(Debug)]
struct TooLarge(u64);

impl core::fmt::Display for TooLarge {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        let Self(bytes) = self;
        write!(
            f,
            "has pages of {bytes} bytes where at most {MAX_PAGE} are read of one, and {MAX_STEP} of those of {STEP_ROWS} rows"
        )
    }
}

impl std::error::Error for TooLarge {}

impl Length for Pages {
    fn len(&self) -> u64 {
        self.length
    }
}

impl ChunkReader for Pages {
    type T = BufReader<File>;

    /// Called at the begin of a page's header.
    fn get_read(&self, start: u64) -> Result<Self::T, ParquetError> {
        let mut reader = self.file.get_read(start)?;
        let mut begin = Vec::with_capacity(HEADER);
        Read::by_ref(&mut reader)
            .take(HEADER as u64)
            .read_to_end(&mut begin)?;
        if let Some(bytes) = expanded(&begin) {
            let touched = self.touched.fetch_add(bytes, Ordering::Relaxed) + bytes;
            if bytes > MAX_PAGE || touched > MAX_STEP {
                return Err(ParquetError::External(Box::new(TooLarge(
                    bytes.max(touched),
                ))));
            }
        }
        reader.seek(SeekFrom::Start(start))?;
        Ok(reader)
    }

    fn get_bytes(&self, start: u64, length: usize) -> Result<bytes::Bytes, ParquetError> {
        if start.saturating_add(length as u64) > self.length {
            return Err(ParquetError::EOF(
                "a page lies outside of the file".to_owned(),
            ));
        }
        self.file.get_bytes(start, length)
    }
}

/// Bytes of a header that are looked at: two fields of up to six.
const HEADER: usize = 12;

/// The expanded size that a page's header names: its second field, both being numbers of 32 bits (Thrift's compact
/// protocol: the field's step and type in a byte, then a zigzag varint). What is no header is left to the library.
fn expanded(header: &[u8]) -> Option<u64> {
    let mut bytes = header.iter().copied();
    let mut field = || {
        if bytes.next()? != 0x15 {
            return None;
        }
        let mut number = 0_u64;
        for shift in (0..35).step_by(7) {
            let byte = bytes.next()?;
            number |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Some((number >> 1).cast_signed() ^ -(number & 1).cast_signed());
            }
        }
        None
    };
    field()?;
    u64::try_from(field()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_size_of_a_page_is_read_from_its_header() {
        // Type 0, expanded 1,000,000, compressed 5.
        assert_eq!(
            expanded(&[0x15, 0, 0x15, 0x80, 0x89, 0x7a, 0x15, 10]),
            Some(1_000_000)
        );
        assert_eq!(
            expanded(&[0x15, 4, 0x15, 0xfe, 0xff, 0xff, 0xff, 0x0f]),
            Some(i32::MAX as u64)
        );
        assert_eq!(expanded(&[0x15, 0, 0x15, 1]), None, "less than none");
        assert_eq!(expanded(&[0x15, 0, 0x15]), None);
        assert_eq!(expanded(b"{\"type\":"), None);
    }
}

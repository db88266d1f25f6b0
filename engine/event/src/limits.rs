//! The named limits of the data model, and the relations between them that the code relies on.

/// Most rows in one batch, over all its sections.
pub const MAX_ROWS: usize = 16_384;

/// Most bytes in one frame: header, payload and padding.
pub const MAX_FRAME: usize = 1 << 20;

/// Bytes of a frame that are not payload, rounded up to what a batch has to leave free: the header of 64 bytes.
pub const FRAME_OVERHEAD: usize = 64;

/// Most bytes in one archived batch: what is left of a frame.
pub const MAX_BATCH: usize = MAX_FRAME - FRAME_OVERHEAD;

/// Most fields that an event type declares, and so most columns in a section.
pub const MAX_FIELDS: usize = 256;

/// Most event types in one registry.
pub const MAX_TYPES: usize = 4_096;

/// Most sections in one batch. `order` names a section in a `u8`; 255 stays free.
pub const MAX_SECTIONS: usize = 255;

/// Most distinct values in one dictionary column: what a `u16` code can name.
pub const MAX_DICT: usize = 65_536;

/// Most variants of an enum field: what a `u16` code can name, and few enough to declare in one frame.
pub const MAX_VARIANTS: usize = 4_096;

/// Most bytes in a name: of a type, a field, an enum variant, or one step of a field's path.
pub const MAX_NAME: usize = 256;

/// Most steps in a field's path into nested JSON.
pub const MAX_PATH: usize = 32;

/// Most bytes in one text value. The bytes of all texts of a batch are bounded by [`MAX_BATCH`].
pub const MAX_TEXT: usize = 256 * 1_024;

// The builder counts a batch's bytes, and text offsets are `u32`.
const _: () = assert!(MAX_FRAME <= u32::MAX as usize);
const _: () = assert!(FRAME_OVERHEAD.is_multiple_of(64) && MAX_BATCH < MAX_FRAME);
// One event with a text of the largest size has to fit into a batch of its own.
const _: () = assert!(2 * MAX_TEXT < MAX_BATCH);
// `rows` is a `u32` on the wire, dictionary codes and field ids are `u16`, `order` holds `u8`.
const _: () = assert!(MAX_ROWS <= u32::MAX as usize);
const _: () = assert!(MAX_DICT == 1 << 16);
const _: () = assert!(MAX_VARIANTS <= 1 << 16);
const _: () = assert!(MAX_FIELDS <= 1 << 16);
const _: () = assert!(MAX_SECTIONS < 1 << 8);
// A dictionary that the builder makes never outgrows its codes.
const _: () = assert!(MAX_ROWS <= MAX_DICT);
// Times alone of a full batch have to fit.
const _: () = assert!(MAX_ROWS * size_of::<i64>() < MAX_BATCH);

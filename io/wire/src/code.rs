//! The registry of stable error codes.

use core::fmt;

use trapjaw_event::{BatchErrorKind, BindError};

macro_rules! codes {
    ($( #[doc = $about:literal] $variant:ident = $number:literal, $name:literal; )+) => {
        /// An error that a peer can be told of, in a NACK or in an answer to JSON.
        ///
        /// Numbers and names are for ever: a code that is no longer used is never given to something else.
        ///
        /// | numbers | about |
        /// |---|---|
        /// | 101 to 199 | a frame that is malformed |
        /// | 201 to 299 | the connection |
        /// | 301 to 399 | a declaration of an event type |
        /// | 401 to 499 | a batch of events |
        /// | 501 to 599 | a subscription |
        /// | 601 to 699 | JSON |
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[repr(u16)]
        pub enum Code {
            $( #[doc = $about] $variant = $number, )+
        }

        impl Code {
            /// All codes, by number.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The stable name: `E_` and upper case.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name),+ }
            }

            /// What the code says, as a sentence.
            pub const fn about(self) -> &'static str {
                match self { $(Self::$variant => $about.trim_ascii()),+ }
            }

            /// The code with this number.
            pub const fn from_number(number: u16) -> Option<Self> {
                match number { $($number => Some(Self::$variant),)+ _ => None }
            }

            /// The code with this name.
            pub fn from_name(name: &str) -> Option<Self> {
                match name { $($name => Some(Self::$variant),)+ _ => None }
            }
        }
    };
}

codes! {
    /// The bytes do not begin with a frame's magic number.
    FrameMagic = 101, "E_FRAME_MAGIC";
    /// The header's checksum does not agree with the header.
    FrameHeaderCrc = 102, "E_FRAME_HEADER_CRC";
    /// The frame is of a version that this peer does not speak.
    FrameVersion = 103, "E_FRAME_VERSION";
    /// The frame is of a kind that does not exist.
    FrameKind = 104, "E_FRAME_KIND";
    /// A flag is set that does not exist.
    FrameFlags = 105, "E_FRAME_FLAGS";
    /// The payload is in a codec that does not go with the kind of frame.
    FrameCodec = 106, "E_FRAME_CODEC";
    /// A byte of the header that has to be zero is not.
    FrameReserved = 107, "E_FRAME_RESERVED";
    /// The payload is longer than a frame may be.
    FrameLength = 108, "E_FRAME_LENGTH";
    /// The payload's checksum does not agree with the payload.
    FramePayloadCrc = 109, "E_FRAME_PAYLOAD_CRC";
    /// A byte of the padding behind the payload is not zero.
    FramePadding = 110, "E_FRAME_PADDING";
    /// The payload is not what its kind of frame holds.
    FramePayload = 111, "E_FRAME_PAYLOAD";
    /// A frame of events announces no rows, or more than a batch may hold.
    FrameRows = 112, "E_FRAME_ROWS";
    /// A frame of events is numbered from 0, or past the end of the numbers.
    FrameSequence = 113, "E_FRAME_SEQUENCE";

    /// The first frame of a connection is not a HELLO, or a later one is.
    HelloExpected = 201, "E_HELLO_EXPECTED";
    /// The peers speak no common version.
    HelloVersion = 202, "E_HELLO_VERSION";
    /// The peers have no common codec for events.
    HelloCodec = 203, "E_HELLO_CODEC";
    /// The token is missing or wrong.
    HelloToken = 204, "E_HELLO_TOKEN";
    /// The server does not offer the wished level of acknowledgement.
    HelloLevel = 205, "E_HELLO_LEVEL";
    /// A frame of this kind is not expected from this side.
    UnexpectedKind = 206, "E_UNEXPECTED_KIND";
    /// More rows were sent than credit was granted for.
    Credit = 207, "E_CREDIT";
    /// The server has as many connections as it takes.
    TooManyConnections = 208, "E_TOO_MANY_CONNECTIONS";
    /// The peer has been silent, or in the middle of a frame, for too long.
    Idle = 209, "E_IDLE";
    /// The peer does not read what it is sent.
    SlowReader = 210, "E_SLOW_READER";
    /// The server is stopping.
    Stopping = 211, "E_STOPPING";

    /// No registered event type has the declared wire name.
    SchemaUnknownType = 301, "E_SCHEMA_UNKNOWN_TYPE";
    /// A required field is not declared.
    SchemaMissingField = 302, "E_SCHEMA_MISSING_FIELD";
    /// A required field is declared as optional.
    SchemaOptionalField = 303, "E_SCHEMA_OPTIONAL_FIELD";
    /// A field is declared with another type than it is registered with.
    SchemaFieldType = 304, "E_SCHEMA_FIELD_TYPE";
    /// A field is declared twice.
    SchemaDuplicateField = 305, "E_SCHEMA_DUPLICATE_FIELD";
    /// More fields are declared than a type may have.
    SchemaTooManyFields = 306, "E_SCHEMA_TOO_MANY_FIELDS";
    /// An enum is declared without variants or with too many.
    SchemaVariants = 307, "E_SCHEMA_VARIANTS";
    /// The declaration's number is taken on this connection, or too high.
    SchemaNumber = 308, "E_SCHEMA_NUMBER";

    /// The batch was written with other archived types than this peer reads.
    EventsLayout = 401, "E_EVENTS_LAYOUT";
    /// The batch does not hold as many rows as its frame says.
    EventsRows = 402, "E_EVENTS_ROWS";
    /// The batch's bytes are not aligned to 16 where they were received.
    BatchAlign = 411, "E_BATCH_ALIGN";
    /// The batch has more bytes than a frame may carry.
    BatchSize = 412, "E_BATCH_SIZE";
    /// The bytes are not an archive of a batch, or hold a text that is not UTF-8.
    BatchArchive = 413, "E_BATCH_ARCHIVE";
    /// The archive's parts do not follow one another from the first byte to the last.
    BatchExtent = 414, "E_BATCH_EXTENT";
    /// The batch has more sections than it may.
    BatchSections = 415, "E_BATCH_SECTIONS";
    /// A section has no rows, or the batch has more than it may.
    BatchRows = 416, "E_BATCH_ROWS";
    /// The order column does not count as many rows for each section as the section has.
    BatchOrder = 417, "E_BATCH_ORDER";
    /// A section's type was not declared on this connection.
    BatchSchema = 418, "E_BATCH_SCHEMA";
    /// A section does not have as many columns as were declared.
    BatchColumns = 419, "E_BATCH_COLUMNS";
    /// A column is not of the declared type.
    BatchKind = 420, "E_BATCH_KIND";
    /// A column does not have a value for each row.
    BatchLength = 421, "E_BATCH_LENGTH";
    /// A bitmap does not have a bit for each row, or has bits set behind the last.
    BatchBitmap = 422, "E_BATCH_BITMAP";
    /// A column that was declared without nulls has one.
    BatchNull = 423, "E_BATCH_NULL";
    /// A float is NaN or -0.0.
    BatchFloat = 424, "E_BATCH_FLOAT";
    /// A code names no variant of the declared enum.
    BatchEnum = 425, "E_BATCH_ENUM";
    /// A code names no severity.
    BatchSeverity = 426, "E_BATCH_SEVERITY";
    /// Text offsets do not begin with 0, decrease, or do not end at the last byte.
    BatchOffsets = 427, "E_BATCH_OFFSETS";
    /// A text offset is inside a character.
    BatchBoundary = 428, "E_BATCH_BOUNDARY";
    /// A text is longer than it may be.
    BatchText = 429, "E_BATCH_TEXT";
    /// A code names no text of its dictionary, or the dictionary is larger than it may be.
    BatchDictionary = 430, "E_BATCH_DICTIONARY";

    /// The subscription names a rule that does not exist.
    SubscribeRule = 501, "E_SUBSCRIBE_RULE";
    /// The connection has as many subscriptions as it may have, or one of this number.
    SubscribeNumber = 502, "E_SUBSCRIBE_NUMBER";

    /// The text is not JSON.
    JsonSyntax = 601, "E_JSON_SYNTAX";
    /// The text is not UTF-8.
    JsonUtf8 = 602, "E_JSON_UTF8";
    /// The text is longer than an event, a line or a batch may be.
    JsonLength = 603, "E_JSON_LENGTH";
    /// Objects lie deeper within one another than they may.
    JsonDepth = 604, "E_JSON_DEPTH";
    /// The JSON is not an object, or not an array where a batch is expected.
    JsonShape = 605, "E_JSON_SHAPE";
    /// A member that is read stands twice in its object.
    JsonDuplicate = 606, "E_JSON_DUPLICATE";
    /// The event has no type, or one that is not registered.
    JsonType = 607, "E_JSON_TYPE";
    /// A member of the envelope is missing or has no value of its kind.
    JsonEnvelope = 608, "E_JSON_ENVELOPE";
    /// A required field is missing or null.
    JsonMissing = 609, "E_JSON_MISSING";
    /// A field has a value that is not of its type.
    JsonValue = 610, "E_JSON_VALUE";
    /// The event's data are in a form that is not read.
    JsonData = 611, "E_JSON_DATA";
    /// The batch holds more events than it may.
    JsonBatch = 612, "E_JSON_BATCH";
}

impl Code {
    /// The number on the wire.
    pub const fn number(self) -> u16 {
        self as u16
    }

    /// Does the connection end with this error? A refused declaration, subscription or JSON text leaves it open.
    pub const fn closes(self) -> bool {
        self.number() < 300 || (self.number() >= 400 && self.number() < 500)
    }
}

impl From<BatchErrorKind> for Code {
    fn from(kind: BatchErrorKind) -> Self {
        // A test holds that each kind has its own code; a kind that is newer than this list is still a bad batch.
        Self::from_name(kind.code()).unwrap_or(Self::BatchArchive)
    }
}

impl From<&BindError> for Code {
    fn from(error: &BindError) -> Self {
        match error {
            BindError::UnknownType(_) => Self::SchemaUnknownType,
            BindError::MissingRequired(_) => Self::SchemaMissingField,
            BindError::OptionalRequired(_) => Self::SchemaOptionalField,
            BindError::OtherType { .. } => Self::SchemaFieldType,
            BindError::DuplicateField(_) => Self::SchemaDuplicateField,
            BindError::TooManyFields(_) => Self::SchemaTooManyFields,
            BindError::VariantCount(..) => Self::SchemaVariants,
        }
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_names_lead_back() {
        for &code in Code::ALL {
            assert_eq!(Code::from_number(code.number()), Some(code));
            assert_eq!(Code::from_name(code.name()), Some(code));
            assert!(
                code.name().starts_with("E_") && code.name().len() <= crate::limits::MAX_CODE_NAME
            );
            assert!(code.about().ends_with('.'), "{code}");
        }
        assert!(Code::ALL.is_sorted(), "codes are listed by number");
        assert_eq!(Code::from_number(0), None);
        assert_eq!(Code::from_name("E_FRAME"), None);
    }

    #[test]
    fn refused_declarations_and_texts_leave_the_connection_open() {
        assert!(Code::FrameMagic.closes());
        assert!(Code::HelloToken.closes());
        assert!(!Code::SchemaFieldType.closes());
        assert!(Code::BatchSchema.closes());
        assert!(!Code::SubscribeRule.closes());
        assert!(!Code::JsonSyntax.closes());
    }

    #[test]
    fn every_binding_error_has_a_code() {
        let errors = [
            BindError::UnknownType("t".into()),
            BindError::MissingRequired("f".into()),
            BindError::OptionalRequired("f".into()),
            BindError::OtherType {
                field: "f".into(),
                registered: trapjaw_event::FieldType::Int,
                declared: trapjaw_event::FieldType::Text,
            },
            BindError::DuplicateField("f".into()),
            BindError::TooManyFields(300),
            BindError::VariantCount("f".into(), 0),
        ];
        for (error, number) in errors.iter().zip(301..) {
            let code = Code::from(error);
            assert_eq!((code.name(), code.number()), (error.code(), number));
        }
    }

    #[test]
    fn every_batch_error_has_its_code() {
        for &kind in BatchErrorKind::ALL {
            assert_eq!(Code::from(kind).name(), kind.code());
        }
    }
}

//! Tables that repeat what the sources say.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;

use trapjaw_wire::Code;

use crate::page::{page, root};

/// The limits that the page names, whatever their types.
macro_rules! limits {
    ($( $module:path { $($name:ident)* } )*) => {{
        let mut limits: Vec<(&str, i128)> = Vec::new();
        $( { use $module as module; $( limits.push((stringify!($name), module::$name.try_into().expect("a limit is not negative"))); )* } )*
        limits
    }};
}

fn limits() -> Vec<(&'static str, i128)> {
    limits! {
        trapjaw_event::limits {
            MAX_ROWS MAX_FRAME MAX_BATCH MAX_SECTIONS MAX_TYPES MAX_FIELDS MAX_VARIANTS MAX_NAME MAX_PATH MAX_TEXT
            MAX_DICT
        }
        trapjaw_wire::limits {
            MAX_LINE MAX_JSON_DEPTH MAX_JSON_BATCH MAX_JSON_BATCH_EVENTS MAX_SUBSCRIBED
        }
        trapjaw_dsl::syntax::limits { MAX_SOURCE_BYTES MAX_NESTING MAX_STRING_NESTING MAX_SYNTAX_ERRORS }
        trapjaw_program::limits {
            MAX_RULES MAX_INSTRUCTIONS MAX_PATTERN MAX_PATTERN_SIZE MAX_PATTERNS_SIZE MAX_LAYOUT MAX_KEY_PARTS MAX_FIRINGS
            MAX_AGGREGATES MAX_WINDOW_EVENTS MAX_STEPS MAX_ACTIONS MAX_ARGUMENTS MAX_DERIVATION_DEPTH MAX_TABLES MAX_TABLE_ROWS
            MIN_PERIOD MAX_CAUGHT_UP
        }
        trapjaw_data::limits {
            SHARDS CONNECTIONS CREDIT STREAMS SUBSCRIPTIONS OUTGOING SLOW_SUBSCRIBER LENT_FRAMES DECLARED EXCHANGE
            MAILBOX OUTBOX OUTBOX_MATCHES TAPS TAP_BYTES HANDSHAKE_MILLIS FRAME_MILLIS
        }
        trapjaw_control::limits {
            MAX_BODY BODY_BUDGET MAX_HEAD MAX_HEADERS MAX_REPORTED RECENT_MATCHES RECENT_BYTES MAX_CONFIG MAX_QUEUE
            MAX_CONCURRENCY MAX_RETRIES MIN_TOKEN MAX_TOKEN MAX_RULE_FILES MAX_RULE_BYTES MAX_RULE_DEPTH

            MAX_TABLE_BYTES

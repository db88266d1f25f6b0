//! The named limits of the language server.

use std::time::Duration;

/// Most bytes of one message.
pub const MAX_MESSAGE: usize = 64 << 20;

/// Most bytes of the lines before a message.
pub(crate) const MAX_HEADER: usize = 8 << 10;

/// Messages that may be read before they are worked on.
pub(crate) const MAX_UNREAD: usize = 64;

/// Malformed messages in a row after which the other side is no editor.
pub(crate) const MAX_MALFORMED: usize = 100;

/// Requests that may wait to be answered. What is beyond is refused.
pub(crate) const MAX_WAITING: usize = 1_024;

/// Most bytes of one open text. A text that grows beyond is no longer followed.
pub(crate) const MAX_DOCUMENT: usize = 16 << 20;

/// Most open texts.
pub(crate) const MAX_DOCUMENTS: usize = 4_096;

/// How long typing has to pause before files are looked over.
pub const DEBOUNCE: Duration = Duration::from_millis(100);

/// How long findings may be withheld while typing goes on.
pub(crate) const MAX_DELAY: Duration = Duration::from_millis(600);

/// How many entries of folders are looked at for rule files.
pub(crate) const MAX_ENTRIES: usize = 20_000;

/// How deep folders are looked into.
pub(crate) const MAX_DEPTH: usize = 16;

/// Most rule files of a set.
pub(crate) const MAX_FILES: usize = 4_096;

/// Most bytes of the rule files of a set.
pub(crate) const MAX_RULE_BYTES: u64 = 64 << 20;

/// Most bytes of the files of all tables of a set.
pub(crate) const MAX_TABLE_BYTES: u64 = 256 << 20;

/// Most proposals of one completion.
pub(crate) const MAX_COMPLETIONS: usize = 2_000;

/// Most bytes of a configuration that is looked into for actions and rules.
pub(crate) const MAX_CONFIG: u64 = 1 << 20;

const _: () = assert!(MAX_DOCUMENT < MAX_MESSAGE);

//! A row as its caller has it.

use crate::{Event, Severity, TypeId, ValueRef};

/// One event as a borrowed row, for callers who have no [`Event`].
#[derive(Clone, Copy, Debug)]
pub struct Row<'a> {
    /// As in [`Event`].
    pub type_id: TypeId,
    /// As in [`Event`].
    pub time: i64,
    /// As in [`Event`].
    pub source: &'a str,
    /// As in [`Event`].
    pub id: Option<&'a str>,
    /// As in [`Event`].
    pub subject: Option<&'a str>,
    /// As in [`Event`].
    pub severity: Option<Severity>,
    /// As in [`Event`].
    pub values: &'a [ValueRef<'a>],
}

/// A row's envelope.
#[derive(Clone, Copy)]
pub(super) struct Head<'a> {
    pub(super) time: i64,
    pub(super) source: &'a str,
    pub(super) id: Option<&'a str>,
    pub(super) subject: Option<&'a str>,
    pub(super) severity: Option<Severity>,
}

impl Head<'_> {
    /// Which of id, subject and severity there are: a bit each.
    #[inline]
    pub(super) fn given(&self) -> u8 {
        u8::from(self.id.is_some())
            | u8::from(self.subject.is_some()) << 1
            | u8::from(self.severity.is_some()) << 2
    }
}

impl<'a> From<&'a Event> for Head<'a> {
    fn from(event: &'a Event) -> Self {
        Self {
            time: event.time,
            source: &event.source,
            id: event.id.as_deref(),
            subject: event.subject.as_deref(),
            severity: event.severity,
        }
    }
}

impl<'a> From<&Row<'a>> for Head<'a> {
    fn from(row: &Row<'a>) -> Self {
        Self {
            time: row.time,
            source: row.source,
            id: row.id,
            subject: row.subject,
            severity: row.severity,
        }
    }
}

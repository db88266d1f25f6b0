//! What a server does, as a screen shows it: rates, queues, latencies, from two looks at its status.

mod figures;
mod screen;

use std::time::Duration;

pub use figures::Figures;

use crate::status::Status;

/// How names are ordered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Sort {
    /// By what is counted a second, the most first.
    #[default]
    Rate,
    /// By what is counted so far, the most first.
    Total,
    /// By name.
    Name,
}

impl Sort {
    fn next(self) -> Self {
        match self {
            Self::Rate => Self::Total,
            Self::Total => Self::Name,
            Self::Name => Self::Rate,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Rate => "rate",
            Self::Total => "total",
            Self::Name => "name",
        }
    }
}

/// A key that was pressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Key {
    /// A character.
    Char(char),
    /// One row down.
    Down,
    /// One row up.
    Up,
    /// The last character is taken back.
    Backspace,
    /// What is typed holds.
    Enter,
    /// What is typed does not hold.
    Escape,
    /// The end, wherever one is.
    Interrupt,
}

/// The screen: what was seen last, and how it is shown.
#[derive(Debug, Default)]
pub struct Top {
    address: String,
    seen: Option<Status>,
    before: Option<Status>,
    /// Why there is nothing newer.
    lost: Option<String>,
    sort: Sort,
    filter: String,
    /// The filter is being typed.
    typing: bool,
    paused: bool,
    /// Rows above the first that is shown.
    scroll: usize,
}

impl Top {
    /// Of the server at this address.
    pub fn new(address: &str) -> Self {
        Self {
            address: address.to_owned(),
            ..Self::default()
        }
    }

    /// Sorted in this way, with names that have this in them.
    #[must_use]
    pub fn showing(self, sort: Sort, filter: &str) -> Self {
        Self {
            sort,
            filter: filter.to_owned(),
            ..self
        }
    }

    /// Takes a look in, or why there was none.
    pub fn take(&mut self, look: Result<Status, String>) {
        match look {
            Err(reason) => self.lost = Some(reason),
            Ok(status) => {
                self.lost = None;
                // The same look twice tells nothing new.
                let is_known = self.seen.as_ref().is_some_and(|seen| seen.at == status.at);
                if self.paused || is_known {
                    return;
                }
                // A server that began anew counts from nothing.
                let same = self.seen.take().filter(|seen| seen.uptime <= status.uptime);
                self.before = same;
                self.seen = Some(status);
            }
        }
    }

    /// Does what a key says; `false` for the end.
    pub fn press(&mut self, key: Key) -> bool {
        if key == Key::Interrupt {
            return false;
        }
        if self.typing {
            match key {
                Key::Char(character) if !character.is_control() => self.filter.push(character),
                Key::Backspace => {
                    self.filter.pop();
                }
                Key::Enter => self.typing = false,
                Key::Escape => {
                    self.typing = false;
                    self.filter.clear();
                }
                Key::Char(_) | Key::Down | Key::Up | Key::Interrupt => {}
            }
            self.scroll = 0;
            return true;
        }
        match key {
            Key::Char('q') => return false,
            Key::Char('s') => self.sort = self.sort.next(),
            Key::Char('/') => self.typing = true,
            Key::Char('p') => self.paused = !self.paused,
            Key::Char('j') | Key::Down => self.scroll = self.scroll.saturating_add(1),
            Key::Char('k') | Key::Up => self.scroll = self.scroll.saturating_sub(1),
            Key::Escape => self.filter.clear(),
            _ => {}
        }
        true
    }

    /// What there is to show, if anything was seen.
    pub fn figures(&self) -> Option<Figures> {
        let seen = self.seen.as_ref()?;
        Some(Figures::between(
            self.before.as_ref(),
            seen,
            self.sort,
            &self.filter,
        ))
    }
}

/// A duration in its two largest units, as `1h02m` or `12s`.
fn short(duration: Duration) -> String {
    let seconds = duration.as_secs();
    match seconds {
        0..60 => format!("{seconds}s"),
        60..3_600 => format!("{}m{:02}s", seconds / 60, seconds % 60),
        3_600..86_400 => format!("{}h{:02}m", seconds / 3_600, seconds / 60 % 60),
        _ => format!("{}d{:02}h", seconds / 86_400, seconds / 3_600 % 24),
    }
}

#[cfg(test)]
mod tests;

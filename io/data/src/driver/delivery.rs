//! How a kernel hands over what it received into the ring's buffers.

use std::fmt;

/// What an `io_uring` is used with beyond one buffer a completion.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Delivery {
    /// One completion may cover several buffers, filled one after the other (Linux 6.10; used from 6.17 on).
    pub bundles: bool,
    /// A buffer is filled in parts, by one receive behind the other, of whatever connections (Linux 6.12).
    pub parts: bool,
}

impl Delivery {
    /// One buffer a completion, on every kernel.
    pub const WHOLE: Delivery = Delivery {
        bundles: false,
        parts: false,
    };

    /// Everything there is.
    pub const ALL: Delivery = Delivery {
        bundles: true,
        parts: true,
    };

    /// What is used where it is granted. Measured, see `docs/decisions/0040-receives-come-in-bundles.md`.
    pub const PREFERRED: Delivery = Delivery {
        bundles: true,
        parts: false,
    };

    /// As much of this as `granted` has too.
    #[must_use]
    pub fn within(self, granted: Delivery) -> Delivery {
        Delivery {
            bundles: self.bundles && granted.bundles,
            parts: self.parts && granted.parts,
        }
    }

    /// Everything that can be used where this is granted, the least first.
    pub fn levels(self) -> impl Iterator<Item = Delivery> {
        [(false, false), (true, false), (false, true), (true, true)]
            .into_iter()
            .map(|(bundles, parts)| Delivery { bundles, parts })
            .filter(move |&level| level.within(self) == level)
    }
}

impl fmt::Display for Delivery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match (self.bundles, self.parts) {
            (false, false) => "whole buffers",
            (true, false) => "bundles",
            (false, true) => "parts of buffers",
            (true, true) => "bundles of parts",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_hold_no_more_than_what_is_granted() {
        let told = |granted: Delivery| {
            let levels = granted.levels().map(|level| level.to_string());
            levels.collect::<Vec<_>>()
        };
        assert_eq!(told(Delivery::WHOLE), ["whole buffers"]);
        assert_eq!(
            told(Delivery {
                bundles: false,
                parts: true
            }),
            ["whole buffers", "parts of buffers"]
        );
        assert_eq!(told(Delivery::ALL).len(), 4);
        assert_eq!(Delivery::ALL.within(Delivery::WHOLE), Delivery::WHOLE);
        assert_eq!(
            Delivery::PREFERRED.within(Delivery::ALL),
            Delivery::PREFERRED
        );
    }
}

//! Numbers for things that are declared: event types, their fields, rules.

use core::fmt;

macro_rules! id {
    ($(#[$doc:meta])* $name:ident($inner:ty)) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name($inner);

        impl $name {
            /// The id with this number.
            pub const fn new(number: $inner) -> Self {
                Self(number)
            }

            /// The number.
            pub const fn get(self) -> $inner {
                self.0
            }

            /// The number as an index into a table that is ordered by it.
            pub const fn index(self) -> usize {
                self.0 as usize
            }

            /// The id of the entry at `index`; `None` above what its number can hold.
            pub fn from_index(index: usize) -> Option<Self> {
                <$inner>::try_from(index).ok().map(Self)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

id! {
    /// An event type's place in its [`Registry`](crate::Registry).
    TypeId(u32)
}
id! {
    /// A field's place in its [`EventType`](crate::EventType).
    FieldId(u16)
}
id! {
    /// A rule's place in its rule set.
    RuleId(u32)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_their_numbers() {
        assert_eq!(TypeId::new(7).get(), 7);
        assert_eq!(FieldId::new(7).index(), 7);
        assert_eq!(RuleId::new(7).to_string(), "7");
        assert_eq!(FieldId::from_index(65_535), Some(FieldId::new(65_535)));
        assert_eq!(FieldId::from_index(65_536), None);
        assert!(TypeId::new(1) < TypeId::new(2));
    }
}

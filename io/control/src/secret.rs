//! Secrets: texts that are used and never shown.

use core::fmt;

use subtle::ConstantTimeEq;

/// A text that must not be seen: it has no `Display`, and its `Debug` does not show it.
#[derive(Clone)]
pub struct Secret(Box<str>);

impl Secret {
    /// Keeps a text secret.
    pub fn new(text: impl Into<Box<str>>) -> Self {
        Self(text.into())
    }

    /// The text, for the one place that needs it.
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// Is this the text? The time it takes tells nothing but whether the lengths differ.
    pub fn is(&self, candidate: &[u8]) -> bool {
        self.0.as_bytes().ct_eq(candidate).into()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_known_but_not_shown() {
        let secret = Secret::new("correct horse");
        assert_eq!(format!("{secret:?}"), "Secret(..)");
        assert!(secret.is(b"correct horse"));
        assert!(!secret.is(b"correct horsf"));
        assert!(!secret.is(b"correct"));
        assert!(!secret.is(b""));
        assert_eq!(secret.reveal(), "correct horse");
    }
}

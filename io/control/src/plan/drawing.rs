//! The pattern of a rule as a picture.

use core::fmt;

use trapjaw_event::RuleId;
use trapjaw_program::dot;

use crate::rules::Loaded;

/// Why nothing is drawn.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NoDrawing {
    /// No rule has this name; these rules have a pattern.
    NoRule(String, Vec<Box<str>>),
    /// The rule has no pattern.
    NoPattern(String),
}

impl fmt::Display for NoDrawing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoRule(name, others) if others.is_empty() => {
                write!(
                    f,
                    "there is no rule {name}, and none has a pattern to be drawn"
                )
            }
            Self::NoRule(name, others) => {
                write!(
                    f,
                    "there is no rule {name}; rules with a pattern: {}",
                    others.join(", ")
                )
            }
            Self::NoPattern(name) => {
                write!(f, "rule {name} has no pattern: only `match` is drawn")
            }
        }
    }
}

impl std::error::Error for NoDrawing {}

/// The automaton of a rule's pattern, in the language of Graphviz.
///
/// # Errors
///
/// See [`NoDrawing`].
pub fn drawn(loaded: &Loaded, name: &str) -> Result<String, NoDrawing> {
    let rules = &loaded.rules.rules;
    let Some(place) = rules.iter().position(|rule| *rule.name == *name) else {
        let others = rules.iter().filter(|rule| rule.pattern.is_some());
        let others = others.map(|rule| rule.name.clone()).collect();
        return Err(NoDrawing::NoRule(name.to_owned(), others));
    };
    dot(&loaded.rules, RuleId::new(place as u32))
        .ok_or_else(|| NoDrawing::NoPattern(name.to_owned()))
}

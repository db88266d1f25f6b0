//! The registry of diagnostic codes.
//!
//! A code never changes its meaning, and the number of one that is dropped is never given again. Each area has a
//! hundred numbers and a file of its own, listed in `AREAS`:
//!
//! | numbers | area |
//! |---|---|
//! | TJ00xx | lexing and parsing |
//! | TJ01xx | names |
//! | TJ02xx | types |
//! | TJ03xx | the structure of rules |
//! | TJ04xx | bounds |
//! | TJ05xx | patterns |
//! | TJ06xx | tables |
//! | TJ07xx | rule tests |
//! | TJ08xx | faults of the compiler |

/// Declares the codes of one area: constants, and the list of them all.
macro_rules! codes {
    ($( $name:ident = $number:literal {
        title: $title:literal,
        explanation: $explanation:literal,
        $( wrong: $wrong:literal, right: $right:literal, )*
    } )*) => {
        $(
            #[doc = $title]
            pub const $name: $crate::diagnostic::Code = $crate::diagnostic::codes::Code($number);
        )*

        /// The entries of this area, by number.
        pub(super) const ENTRIES: &[$crate::diagnostic::codes::Entry] = &[$(
            $crate::diagnostic::codes::Entry {
                code: $name,
                title: $title,
                explanation: $explanation,
                examples: &[$( $crate::diagnostic::codes::Example { wrong: $wrong, right: $right }, )*],
            },
        )*];
    };
}

pub mod bounds;
pub mod internal;
pub mod names;
pub mod patterns;
pub mod rules;
pub mod syntax;
pub mod tables;
pub mod testing;
pub mod types;

/// The areas of the registry, by their numbers.
const AREAS: &[&[Entry]] = &[
    syntax::ENTRIES,
    names::ENTRIES,
    types::ENTRIES,
    rules::ENTRIES,
    bounds::ENTRIES,
    patterns::ENTRIES,
    tables::ENTRIES,
    testing::ENTRIES,
    internal::ENTRIES,
];

/// A stable code: shown as `TJ0001`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Code(u16);

/// What the registry says about a code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Entry {
    /// The code.
    pub code: Code,
    /// What it is about, in a few words.
    pub title: &'static str,
    /// Why it is refused, and what to do.
    pub explanation: &'static str,
    /// Files that get the code; none where it is about a limit that no readable file exceeds.
    pub examples: &'static [Example],
}

/// A file that gets a code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Example {
    /// The file.
    pub wrong: &'static str,
    /// The file mended: it doesn't get the code.
    pub right: &'static str,
}

/// The files of tables that a rule file's comments hold, for examples: what stands indented under a comment with a
/// file's name and a colon.
///
/// ```
/// let text = "// owners.csv:\n//   host,team\n//   web-1,shop\n";
/// let files = trapjaw_dsl::diagnostic::codes::example_files(text);
/// assert_eq!(files, [("owners.csv".to_owned(), "host,team\nweb-1,shop\n".to_owned())]);
/// ```
pub fn example_files(text: &str) -> Vec<(String, String)> {
    let mut files: Vec<(String, String)> = Vec::new();
    for line in text.lines() {
        let comment = line.strip_prefix("// ");
        let name = comment.and_then(|name| name.strip_suffix(':'));
        if let Some(row) = line.strip_prefix("//   ") {
            if let Some((_, file)) = files.last_mut() {
                file.push_str(row);
                file.push('\n');
            }
        } else if let Some(name) = name.filter(|name| !name.contains(' ')) {
            files.push((name.to_owned(), String::new()));
        }
    }
    files
}

impl Code {
    /// The number behind `TJ`.
    pub const fn number(self) -> u16 {
        self.0
    }

    /// What the registry says about the code.
    pub fn entry(self) -> &'static Entry {
        entries()
            .find(|entry| entry.code == self)
            .expect("every code is made beside its entry")
    }

    /// The anchor of the code's heading on the book's page of errors: `tj0101-a-name-is-declared-twice`.
    pub fn anchor(self) -> String {
        let heading = format!("{self}: {}", self.entry().title);
        let mut anchor = String::with_capacity(heading.len());
        for c in heading.chars() {
            match c {
                ' ' => anchor.push('-'),
                c if c.is_alphanumeric() || c == '_' || c == '-' => {
                    anchor.extend(c.to_lowercase());
                }
                _ => {}
            }
        }
        anchor
    }

    /// The code that is shown so: `TJ0001`.
    pub fn parse(text: &str) -> Option<Code> {
        entries()
            .map(|entry| entry.code)
            .find(|code| code.to_string() == text)
    }
}

impl std::fmt::Display for Code {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "TJ{:04}", self.0)
    }
}

/// Every code with what the registry says about it, by number.
pub fn entries() -> impl Iterator<Item = &'static Entry> {
    AREAS.iter().flat_map(|area| area.iter())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_rise_and_every_text_is_there() {
        let numbers: Vec<u16> = entries().map(|entry| entry.code.number()).collect();
        assert!(!numbers.is_empty());
        assert!(
            numbers.is_sorted_by(|a, b| a < b),
            "a number is given twice, or an area is out of place: {numbers:?}"
        );
        for entry in entries() {
            for text in [entry.title, entry.explanation] {
                assert!(!text.trim().is_empty(), "{} lacks a text", entry.code);
            }
        }
    }

    #[test]
    fn an_area_keeps_to_its_hundred() {
        for area in AREAS {
            let hundreds: Vec<u16> = area.iter().map(|entry| entry.code.number() / 100).collect();
            assert!(
                hundreds.windows(2).all(|pair| pair[0] == pair[1]),
                "{hundreds:?}"
            );
        }
    }

    #[test]
    fn a_code_is_read_as_it_is_shown() {
        for entry in entries() {
            assert_eq!(Code::parse(&entry.code.to_string()), Some(entry.code));
            assert_eq!(entry.code.entry(), entry);
        }
        assert_eq!(
            names::DUPLICATE_NAME.anchor(),
            "tj0101-a-name-is-declared-twice"
        );
        assert_eq!(Code::parse("TJ9999"), None);
        assert_eq!(Code::parse("TJ1"), None);
    }
}

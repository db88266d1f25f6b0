//! What was counted, beside what is committed.

use core::fmt::{self, Display, Formatter};

use toml::Table;

/// How far a layer may be from what is committed, either way, in hundredths of that.
const TOLERANCE: u64 = 3;

/// Instructions of layers, by name.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Counts(pub(crate) Vec<(String, u64)>);

impl Counts {
    /// Reads what [`Counts::to_toml`] has written.
    ///
    /// # Errors
    ///
    /// What is wrong with the text.
    pub(crate) fn from_toml(text: &str) -> Result<Self, String> {
        let table: Table = text.parse().map_err(|error| format!("{error}"))?;
        let counts = table.into_iter().map(|(name, value)| {
            let count = value
                .as_integer()
                .and_then(|count| u64::try_from(count).ok());
            let count = count.ok_or(format!("`{name}` has no count"))?;
            Ok((name, count))
        });
        counts.collect::<Result<_, String>>().map(Self)
    }

    /// A line a layer, below a comment.
    pub(crate) fn to_toml(&self, comment: &str) -> String {
        let comment = comment.lines().map(|line| format!("# {line}\n"));
        let counts = self
            .0
            .iter()
            .map(|(name, count)| format!("{name} = {count}\n"));
        comment.chain(counts).collect()
    }

    fn of(&self, layer: &str) -> Option<u64> {
        let found = self.0.iter().find(|(name, _)| name == layer);
        found.map(|(_, count)| *count)
    }

    /// A line a layer, also of those that only one side has.
    pub(crate) fn against(&self, committed: &Self) -> Vec<Compared> {
        let gone = committed
            .0
            .iter()
            .filter(|(name, _)| self.of(name).is_none());
        let names = self.0.iter().chain(gone).map(|(name, _)| name);
        names
            .map(|name| Compared {
                layer: name.clone(),
                now: self.of(name),
                committed: committed.of(name),
            })
            .collect()
    }
}

/// A layer's instructions beside those that are committed.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Compared {
    layer: String,
    now: Option<u64>,
    committed: Option<u64>,
}

/// What a comparison comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Within [`TOLERANCE`].
    Same,
    /// More instructions.
    Slower,
    /// Fewer instructions: a gain that is not yet held.
    Faster,
    /// It was counted, and nothing is committed.
    New,
    /// It is committed, and was not counted.
    Gone,
}

impl Compared {
    /// What it comes to.
    pub(crate) fn verdict(&self) -> Verdict {
        match (self.now, self.committed) {
            (Some(now), Some(committed)) => {
                if now.abs_diff(committed) * 100 <= committed * TOLERANCE {
                    Verdict::Same
                } else if now > committed {
                    Verdict::Slower
                } else {
                    Verdict::Faster
                }
            }
            (_, None) => Verdict::New,
            (None, _) => Verdict::Gone,
        }
    }
}

/// `layer instructions committed change verdict`, in columns.
impl Display for Compared {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let count = |count: Option<u64>| count.map_or("-".to_owned(), |count| count.to_string());
        let change = self.now.zip(self.committed).map(|(now, committed)| {
            let change = now as f64 / committed as f64 - 1.0;
            format!("{:+.2} %", change * 100.0)
        });
        let change = change.unwrap_or("-".to_owned());
        let verdict = match self.verdict() {
            Verdict::Same => "ok",
            Verdict::Slower => "slower",
            Verdict::Faster => "faster",
            Verdict::New => "not committed",
            Verdict::Gone => "not counted",
        };
        let (now, committed) = (count(self.now), count(self.committed));
        let layer = &self.layer;
        write!(
            f,
            "{layer:<18} {now:>10} {committed:>10} {change:>9}  {verdict}"
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counts(of: &[(&str, u64)]) -> Counts {
        let of = of.iter().map(|(name, count)| ((*name).to_owned(), *count));
        Counts(of.collect())
    }

    #[test]
    fn three_of_a_hundred_are_borne_either_way() {
        let committed = counts(&[
            ("a", 1_000),
            ("b", 1_000),
            ("c", 1_000),
            ("d", 1_000),
            ("e", 1),
        ]);
        let now = counts(&[("a", 1_030), ("b", 1_031), ("c", 970), ("d", 969), ("f", 1)]);
        let compared = now.against(&committed);
        let verdicts: Vec<Verdict> = compared.iter().map(Compared::verdict).collect();
        use Verdict::{Faster, Gone, New, Same, Slower};
        assert_eq!(verdicts, [Same, Slower, Same, Faster, New, Gone]);
        assert_eq!(
            compared[1].to_string(),
            "b                        1031       1000   +3.10 %  slower"
        );
        assert_eq!(
            compared[5].to_string(),
            "e                           -          1         -  not counted"
        );
    }

    #[test]
    fn what_is_written_is_read() {
        let written = counts(&[("window", 1_000), ("build", 7)]);
        let text = written.to_toml("one\ntwo");
        assert_eq!(text, "# one\n# two\nwindow = 1000\nbuild = 7\n");
        let read = Counts::from_toml(&text).expect("it was written so");
        assert_eq!(read.of("window"), Some(1_000));
        assert_eq!(read.0.len(), 2);
        for wrong in ["a = -1", "a = \"1\"", "a 1"] {
            assert!(Counts::from_toml(wrong).is_err(), "{wrong}");
        }
    }
}

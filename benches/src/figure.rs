//! A figure of the speed page: a value, what it is held against, and how it is told.

use core::fmt::{self, Display, Formatter};

use crate::measure::Timing;

/// What a value is held against.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Goal {
    /// It is to be at most this.
    AtMost(f64),
    /// It is to be at least this.
    AtLeast(f64),
    /// Nothing: it explains another figure.
    None,
}

/// One measured figure.
#[derive(Clone, Debug)]
pub struct Figure {
    /// Its id on the speed page.
    pub id: String,
    /// What was measured.
    pub value: f64,
    /// Of what.
    pub unit: &'static str,
    /// What it is held against.
    pub goal: Goal,
    /// Nanoseconds an event that the best peer takes for the same rules.
    pub peer: Option<f64>,
    /// What else there is to say: the spread, and what was checked.
    pub note: String,
}

impl Figure {
    /// Nanoseconds an event: the median of the rounds.
    pub fn of_timing(id: &str, most: f64, timing: &Timing) -> Self {
        Self {
            id: id.to_owned(),
            value: timing.median(),
            unit: "ns/event",
            goal: Goal::AtMost(most),
            peer: None,
            note: timing.to_string(),
        }
    }

    /// How many times one value is another.
    pub fn of_ratio(id: &str, goal: Goal, value: f64, note: String) -> Self {
        Self {
            id: id.to_owned(),
            value,
            unit: "ratio",
            goal,
            peer: None,
            note,
        }
    }

    /// With what the best peer takes for the same rules, in nanoseconds an event.
    #[must_use]
    pub fn with_peer(self, peer: f64) -> Self {
        Self {
            peer: Some(peer),
            ..self
        }
    }

    /// `ok`, `short`, or `-` where there is no goal.
    pub fn verdict(&self) -> &'static str {
        let is_met = match self.goal {
            Goal::AtMost(most) => self.value <= most,
            Goal::AtLeast(least) => self.value >= least,
            Goal::None => return "-",
        };
        if is_met { "ok" } else { "short" }
    }

    /// One JSON object, on one line.
    pub fn to_json(&self) -> String {
        let (least, most) = match self.goal {
            Goal::AtMost(most) => ("null".to_owned(), most.to_string()),
            Goal::AtLeast(least) => (least.to_string(), "null".to_owned()),
            Goal::None => ("null".to_owned(), "null".to_owned()),
        };
        let peer = self.peer.map_or("null".to_owned(), |peer| peer.to_string());
        format!(
            r#"{{"id":"{}","value":{:.4},"unit":"{}","at_least":{least},"at_most":{most},"verdict":"{}","peer":{peer},"note":"{}"}}"#,
            self.id,
            self.value,
            self.unit,
            self.verdict(),
            self.note.replace('"', "'"),
        )
    }
}

/// `id value unit goal ok|short (note)`.
impl Display for Figure {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{} {:.2} {} ", self.id, self.value, self.unit)?;
        match self.goal {
            Goal::AtMost(goal) | Goal::AtLeast(goal) => write!(f, "{goal} ")?,
            Goal::None => f.write_str("- ")?,
        }
        write!(f, "{} ({})", self.verdict(), self.note)
    }
}

/// The least of how many times faster each figure is than the best peer; `None` where none has a peer.
pub fn against_peers(figures: &[Figure]) -> Option<Figure> {
    let factors = figures.iter().filter_map(|figure| {
        let peer = figure.peer?;
        Some((peer / figure.value, &*figure.id))
    });
    let (least, id) = factors.min_by(|a, b| a.0.total_cmp(&b.0))?;
    let note = format!("{id}; peers as recorded, not scaled to this machine");
    Some(Figure::of_ratio("R4", Goal::AtLeast(10.0), least, note))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn figure(value: f64, goal: Goal) -> Figure {
        Figure::of_ratio("X", goal, value, "said \"so\"".to_owned())
    }

    #[test]
    fn a_goal_is_met_from_its_own_side() {
        assert_eq!(figure(2.0, Goal::AtMost(2.0)).verdict(), "ok");
        assert_eq!(figure(2.1, Goal::AtMost(2.0)).verdict(), "short");
        assert_eq!(figure(2.0, Goal::AtLeast(2.0)).verdict(), "ok");
        assert_eq!(figure(1.9, Goal::AtLeast(2.0)).verdict(), "short");
        assert_eq!(figure(1.9, Goal::None).verdict(), "-");
    }

    #[test]
    fn a_line_and_an_object() {
        let figure = figure(1.234, Goal::AtLeast(2.0));
        assert_eq!(figure.to_string(), "X 1.23 ratio 2 short (said \"so\")");
        assert_eq!(
            figure.to_json(),
            r#"{"id":"X","value":1.2340,"unit":"ratio","at_least":2,"at_most":null,"verdict":"short","peer":null,"note":"said 'so'"}"#
        );
    }

    #[test]
    fn the_smallest_factor_counts() {
        let of = |value: f64, peer: f64| figure(value, Goal::None).with_peer(peer);
        let figures = [of(2.0, 88.0), of(100.0, 280.0), figure(1.0, Goal::None)];
        assert_eq!(against_peers(&figures).map(|f| f.value), Some(2.8));
        assert!(against_peers(&figures[2..]).is_none());
    }
}

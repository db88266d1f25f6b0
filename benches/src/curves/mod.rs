//! The figures of the speed page away from the one point at which it holds them: over sizes of batches, numbers and orders
//! of keys, numbers of rules, rows, partial matches, and rates.
//!
//! As every figure they count only with their results checked: each counts what has to come of it without the engine.

mod batches;
mod keys;
mod latency;
mod partial;
mod rules;
mod spread;
mod windows;

use core::fmt::Write as _;

use crate::chart::{Axis, Chart, Curve, Scale};
use crate::figure::{Figure, Goal};

/// Rounds of a point; the median counts.
const ROUNDS: usize = 5;

/// What is told of a point.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Told {
    /// Nanoseconds an event.
    Time,
    /// The same; the picture shows events a second.
    Throughput,
    /// Microseconds from when an event was to be sent.
    Latency,
}

/// One point of a curve, measured.
struct Point {
    curve: String,
    x: f64,
    value: f64,
    floor: Goal,
    note: String,
}

/// Curves of one picture, and of one table.
pub struct Group {
    /// By which it is asked for, and its picture and its table are found.
    pub name: &'static str,
    title: &'static str,
    /// What the rows of the table are.
    over: &'static str,
    x: Scale,
    told: Told,
    measure: fn(&mut dyn FnMut(Point)),
}

/// All of them, in the order of the page.
pub const GROUPS: [Group; 9] = [
    Group {
        name: "batches",
        title: "Events of a batch, 1,000 keys",
        over: "events of a batch",
        x: Scale::Logarithmic,
        told: Told::Time,
        measure: batches::measure,
    },
    Group {
        name: "keys-sum",
        title: "Keys of G1, sum(load) over all",
        over: "keys",
        x: Scale::Logarithmic,
        told: Told::Time,
        measure: keys::sum,
    },
    Group {
        name: "keys-window",
        title: "Keys of W1, avg(load) over 10s, 10^7 rows",
        over: "keys",
        x: Scale::Logarithmic,
        told: Told::Time,
        measure: keys::window,
    },
    Group {
        name: "keys-pattern",
        title: "Keys of P2, fail -> fail -> success within 10s",
        over: "keys",
        x: Scale::Logarithmic,
        told: Told::Time,
        measure: keys::pattern,
    },
    Group {
        name: "rules",
        title: "Rules, equally many matches",
        over: "rules",
        x: Scale::Logarithmic,
        told: Told::Throughput,
        measure: rules::measure,
    },
    Group {
        name: "window-rows",
        title: "Rows of a window",
        over: "rows in the window",
        x: Scale::Logarithmic,
        told: Told::Throughput,
        measure: windows::rows,
    },
    Group {
        name: "window-rules",
        title: "Rules of the same windows, over 1s by host",
        over: "rules",
        x: Scale::Logarithmic,
        told: Told::Throughput,
        measure: windows::rules,
    },
    Group {
        name: "partial",
        title: "Live partial matches, 1,000 keys",
        over: "live partial matches",
        x: Scale::Logarithmic,
        told: Told::Throughput,
        measure: partial::measure,
    },
    Group {
        name: "latency",
        title: "From when an event was to be sent to its match, and pings",
        over: "percentile",
        x: Scale::Tail,
        told: Told::Latency,
        measure: latency::measure,
    },
];

/// What came of a group.
pub struct Outcome<'a> {
    group: &'a Group,
    points: Vec<Point>,
}

impl Group {
    /// Measures its points, and tells each as soon as it is known.
    ///
    /// # Panics
    ///
    /// If the engine finds something else than there is.
    pub fn measure(&self, mut tell: impl FnMut(&Figure)) -> Outcome<'_> {
        let mut points = Vec::new();
        (self.measure)(&mut |point| {
            tell(&self.figure(&point));
            points.push(point);
        });
        Outcome {
            group: self,
            points,
        }
    }

    fn figure(&self, point: &Point) -> Figure {
        Figure {
            id: format!("{}.{}.{}", self.name, identifier(&point.curve), point.x),
            value: point.value,
            unit: match self.told {
                Told::Time | Told::Throughput => "ns/event",
                Told::Latency => "us",
            },
            goal: point.floor,
            peer: None,
            note: point.note.clone(),
        }
    }
}

impl Outcome<'_> {
    /// Names of the curves, in the order in which they were measured.
    fn curves(&self) -> Vec<&str> {
        let mut curves: Vec<&str> = Vec::new();
        for point in &self.points {
            if !curves.contains(&&*point.curve) {
                curves.push(&point.curve);
            }
        }
        curves
    }

    /// As a picture, below which the machine and the day are told.
    pub fn chart(&self, note: String) -> Chart {
        let of = |name: &str| {
            let points = self.points.iter().filter(|point| point.curve == name);
            points
                .map(|point| (point.x, self.height(point.value)))
                .collect()
        };
        let curves = self.curves().into_iter().map(|name| Curve {
            name: name.to_owned(),
            points: of(name),
        });
        let label = match self.group.told {
            Told::Time => "ns an event",
            Told::Throughput => "events a second",
            Told::Latency => "us",
        };
        Chart {
            title: self.group.title.to_owned(),
            note,
            x: Axis::new(self.group.over, self.group.x),
            y: Axis::new(label, Scale::Logarithmic),
            curves: curves.collect(),
            marks: Vec::new(),
        }
    }

    fn height(&self, value: f64) -> f64 {
        match self.group.told {
            Told::Time | Told::Latency => value,
            Told::Throughput => 1e9 / value,
        }
    }

    /// As a table in Markdown. A point with a floor is told with it.
    pub fn table(&self) -> String {
        let curves = self.curves();
        let mut rows: Vec<f64> = self.points.iter().map(|point| point.x).collect();
        rows.sort_by(f64::total_cmp);
        rows.dedup();
        let unit = match self.group.told {
            Told::Time => "ns an event",
            Told::Throughput => "ns an event (million events a second)",
            Told::Latency => "us",
        };
        let mut table = format!("| {}; {unit} |", self.group.over);
        for curve in &curves {
            let _ = write!(table, " {curve} |");
        }
        let _ = writeln!(table, "\n|---:|{}", "---:|".repeat(curves.len()));
        for x in rows {
            let _ = write!(table, "| {} |", grouped(x));
            for curve in &curves {
                let mut points = self.points.iter();
                let cell = points
                    .find(|point| point.x == x && point.curve == *curve)
                    .map_or(String::new(), |point| self.cell(point));
                let _ = write!(table, " {cell} |");
            }
            table.push('\n');
        }
        table
    }

    fn cell(&self, point: &Point) -> String {
        let mut cell = digits(point.value);
        if self.group.told == Told::Throughput {
            let _ = write!(cell, " ({})", digits(1e3 / point.value));
        }
        if let Goal::AtMost(most) = point.floor {
            let _ = write!(cell, " of {}", digits(most));
            if self.group.figure(point).verdict() != "ok" {
                cell.push_str(", short");
            }
        }
        cell
    }
}

/// A text's words, with a line between them.
fn identifier(text: &str) -> String {
    let words = text.split(|c: char| !c.is_alphanumeric());
    let words: Vec<&str> = words.filter(|word| !word.is_empty()).collect();
    words.join("-")
}

/// Three digits, and what is before the point.
fn digits(value: f64) -> String {
    let places = match value {
        value if value >= 100.0 => 0,
        value if value >= 10.0 => 1,
        _ => 2,
    };
    let text = format!("{value:.places$}");
    if text.contains('.') {
        text.trim_end_matches('0').trim_end_matches('.').to_owned()
    } else {
        text
    }
}

/// A number with its digits in groups of three; with its fraction as it is.
fn grouped(value: f64) -> String {
    let text = value.to_string();
    let (whole, fraction) = text.split_at(text.find('.').unwrap_or(text.len()));
    let mut grouped = String::new();
    for (at, digit) in whole.chars().enumerate() {
        if at > 0 && (whole.len() - at).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped + fraction
}

#[cfg(test)]
mod tests {
    use super::*;

    fn point(curve: &str, x: f64, value: f64, floor: Goal) -> Point {
        Point {
            curve: curve.to_owned(),
            x,
            value,
            floor,
            note: String::new(),
        }
    }

    #[test]
    fn a_table_has_a_row_for_each_place_and_a_column_for_each_curve() {
        let outcome = Outcome {
            group: &GROUPS[4],
            points: vec![
                point("b", 1e4, 50.0, Goal::AtMost(40.0)),
                point("b", 10.0, 2.5, Goal::AtMost(4.0)),
                point("a", 10.0, 1_234.6, Goal::None),
            ],
        };
        assert_eq!(
            outcome.table(),
            "| rules; ns an event (million events a second) | b | a |\n\
             |---:|---:|---:|\n\
             | 10 | 2.5 (400) of 4 | 1235 (0.81) |\n\
             | 10,000 | 50 (20) of 40, short |  |\n"
        );
        let svg = outcome.chart("here".to_owned()).to_string();
        assert_eq!(svg.matches("<circle").count(), 3);
        assert!(
            svg.contains(">20 M</text>") || svg.contains(">100 M</text>"),
            "{svg}"
        );
    }

    #[test]
    fn numbers_and_names_are_short() {
        assert_eq!(identifier("max(load) of 1,000"), "max-load-of-1-000");
        assert_eq!([0.5, 12.34, 999.6].map(digits), ["0.5", "12.3", "1000"]);
        assert_eq!(
            [99.99, 1e6, 10.0].map(grouped),
            ["99.99", "1,000,000", "10"]
        );
    }
}

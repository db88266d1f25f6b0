//! Line charts as SVG, without a script: a few curves over two axes, for light and for dark pages.
//!
//! Libraries that draw charts have one set of colours; these follow what the reader's system prefers.

mod scale;

use core::fmt::{self, Display, Formatter};

pub use scale::Scale;
use scale::Span;

// Where the picture, and the axes in it, stand.
const WIDTH: f64 = 760.0;
const HEIGHT: f64 = 370.0;
const LEFT: f64 = 64.0;
const RIGHT: f64 = 510.0;
const TOP: f64 = 44.0;
const BOTTOM: f64 = 290.0;
/// Pixels from one name of a curve to the next.
const LINE: f64 = 20.0;
/// Curves of at most so many points have a dot at each.
const DOTTED: usize = 40;

/// Dashes of each curve: they are told apart without colours too.
const DASHES: [&str; 6] = ["", "7 3", "2 3", "9 3 2 3", "14 4", "1 5"];

/// Colours on light and on dark ground. Beyond the last, they begin again.
const STYLE: &str = "\
text{fill:#1a1a1a}.ground{fill:#ffffff}.axis{stroke:#1a1a1a}.grid{stroke:#dddddd}.mark{stroke:#777777}
.c0{stroke:#0072b2;fill:#0072b2}.c1{stroke:#d55e00;fill:#d55e00}.c2{stroke:#007a59;fill:#007a59}
.c3{stroke:#b0568a;fill:#b0568a}.c4{stroke:#9a6b00;fill:#9a6b00}.c5{stroke:#444444;fill:#444444}
@media(prefers-color-scheme:dark){
text{fill:#e8e8e8}.ground{fill:#1b1b1d}.axis{stroke:#e8e8e8}.grid{stroke:#3a3a3e}.mark{stroke:#9a9a9a}
.c0{stroke:#56b4e9;fill:#56b4e9}.c1{stroke:#ff9248;fill:#ff9248}.c2{stroke:#2fd6a3;fill:#2fd6a3}
.c3{stroke:#eea4cd;fill:#eea4cd}.c4{stroke:#f0c040;fill:#f0c040}.c5{stroke:#cccccc;fill:#cccccc}}
.line{fill:none;stroke-width:2}
";

/// What is counted along a side, and how it is spread.
#[derive(Clone, Debug)]
pub struct Axis {
    /// What, and in which unit.
    pub label: String,
    /// How.
    pub scale: Scale,
}

impl Axis {
    /// From its label.
    pub fn new(label: impl Into<String>, scale: Scale) -> Self {
        Self {
            label: label.into(),
            scale,
        }
    }
}

/// One line of the chart.
#[derive(Clone, Debug)]
pub struct Curve {
    /// As the legend tells it.
    pub name: String,
    /// Where it goes, from point to point. Those that a scale has no place for are left out.
    pub points: Vec<(f64, f64)>,
}

/// A line across, such as a limit.
#[derive(Clone, Debug)]
pub struct Mark {
    /// What it is.
    pub name: String,
    /// How high it is.
    pub at: f64,
}

/// A chart; as text, it is SVG.
#[derive(Clone, Debug)]
pub struct Chart {
    /// Above it.
    pub title: String,
    /// Below it: where it was measured, and when.
    pub note: String,
    /// To the right.
    pub x: Axis,
    /// Up.
    pub y: Axis,
    /// The curves, in the order of the legend.
    pub curves: Vec<Curve>,
    /// Lines across.
    pub marks: Vec<Mark>,
}

impl Chart {
    /// The ranges of both axes, and of each curve the points that have a place.
    fn placed(&self) -> (Span, Span, Vec<Vec<(f64, f64)>>) {
        let fits = |&(x, y): &(f64, f64)| self.x.scale.has(x) && self.y.scale.has(y);
        let curves = self.curves.iter();
        let curves: Vec<Vec<(f64, f64)>> = curves
            .map(|curve| curve.points.iter().copied().filter(fits).collect())
            .collect();
        let points = || curves.iter().flatten();
        let x = Span::over(self.x.scale, points().map(|point| point.0));
        let marks = self.marks.iter().map(|mark| mark.at);
        let y = Span::over(self.y.scale, points().map(|point| point.1).chain(marks));
        (x, y, curves)
    }
}

/// SVG that needs nothing else.
impl Display for Chart {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let (across, up, curves) = self.placed();
        let x = |value: f64| LEFT + (RIGHT - LEFT) * across.part(value);
        let y = |value: f64| BOTTOM - (BOTTOM - TOP) * up.part(value);
        writeln!(
            f,
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" width=\"{WIDTH}\" \
             height=\"{HEIGHT}\" font-family=\"sans-serif\" font-size=\"12\" role=\"img\">\n\
             <title>{title}</title>\n<style>{STYLE}</style>\n\
             <rect class=\"ground\" width=\"{WIDTH}\" height=\"{HEIGHT}\"/>\n\
             <text x=\"{LEFT}\" y=\"20\" font-size=\"14\">{title}</text>",
            title = Escaped(&self.title)
        )?;
        for (value, label) in across.ticks() {
            let at = x(value);
            writeln!(
                f,
                "<path class=\"grid\" d=\"M{at:.1} {TOP}V{BOTTOM}\"/>\
                 <text x=\"{at:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{label}</text>",
                BOTTOM + 16.0
            )?;
        }
        for (value, label) in up.ticks() {
            let at = y(value);
            writeln!(
                f,
                "<path class=\"grid\" d=\"M{LEFT} {at:.1}H{RIGHT}\"/>\
                 <text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\">{label}</text>",
                LEFT - 6.0,
                at + 4.0
            )?;
        }
        writeln!(
            f,
            "<path class=\"axis\" fill=\"none\" d=\"M{LEFT} {TOP}V{BOTTOM}H{RIGHT}\"/>\n\
             <text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{}</text>\n\
             <text x=\"6\" y=\"{:.1}\">{}</text>\n<text x=\"{LEFT}\" y=\"{:.1}\" font-size=\"10\">{}</text>",
            f64::midpoint(LEFT, RIGHT),
            BOTTOM + 36.0,
            Escaped(&self.x.label),
            TOP - 8.0,
            Escaped(&self.y.label),
            HEIGHT - 12.0,
            Escaped(&self.note),
        )?;
        for mark in self.marks.iter().filter(|mark| self.y.scale.has(mark.at)) {
            let at = y(mark.at);
            writeln!(
                f,
                "<path class=\"mark\" stroke-dasharray=\"8 4\" d=\"M{LEFT} {at:.1}H{RIGHT}\"/>\
                 <text x=\"{:.1}\" y=\"{:.1}\" font-size=\"11\">{}</text>",
                LEFT + 8.0,
                at - 5.0,
                Escaped(&mark.name)
            )?;
        }
        for (number, (curve, points)) in self.curves.iter().zip(&curves).enumerate() {
            let (class, dashes) = (number % DASHES.len(), DASHES[number % DASHES.len()]);
            let places: Vec<String> = points
                .iter()
                .map(|&(at, height)| format!("{:.1},{:.1}", x(at), y(height)))
                .collect();
            writeln!(
                f,
                "<polyline class=\"line c{class}\" stroke-dasharray=\"{dashes}\" points=\"{}\"/>",
                places.join(" ")
            )?;
            for &(at, height) in points.iter().filter(|_| points.len() <= DOTTED) {
                writeln!(
                    f,
                    "<circle class=\"c{class}\" cx=\"{:.1}\" cy=\"{:.1}\" r=\"2.5\"/>",
                    x(at),
                    y(height)
                )?;
            }
            let line = TOP + 8.0 + LINE * number as f64;
            writeln!(
                f,
                "<path class=\"line c{class}\" stroke-dasharray=\"{dashes}\" d=\"M{:.1} {line:.1}h30\"/>\
                 <text x=\"{:.1}\" y=\"{:.1}\">{}</text>",
                RIGHT + 14.0,
                RIGHT + 50.0,
                line + 4.0,
                Escaped(&curve.name)
            )?;
        }
        f.write_str("</svg>\n")
    }
}

/// A text within SVG.
struct Escaped<'a>(&'a str);

impl Display for Escaped<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        for c in self.0.chars() {
            match c {
                '<' => f.write_str("&lt;")?,
                '>' => f.write_str("&gt;")?,
                '&' => f.write_str("&amp;")?,
                other => write!(f, "{other}")?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chart(y: Scale, points: &[(f64, f64)]) -> String {
        let chart = Chart {
            title: "a < b & c".to_owned(),
            note: String::new(),
            x: Axis::new("x", Scale::Logarithmic),
            y: Axis::new("y", y),
            curves: vec![Curve {
                name: "one".to_owned(),
                points: points.to_vec(),
            }],
            marks: vec![Mark {
                name: "most".to_owned(),
                at: 50.0,
            }],
        };
        chart.to_string()
    }

    #[test]
    fn the_ends_of_a_curve_are_at_the_ends_of_its_axes() {
        let svg = chart(Scale::Logarithmic, &[(10.0, 10.0), (1e4, 1e3)]);
        let ends = format!("points=\"{LEFT:.1},{BOTTOM:.1} {RIGHT:.1},{TOP:.1}\"");
        assert!(svg.contains(&ends), "{svg}");
        assert!(svg.contains("<title>a &lt; b &amp; c</title>"), "{svg}");
        assert!(svg.contains(">most</text>") && svg.contains(">one</text>"));
    }

    #[test]
    fn what_has_no_place_is_left_out() {
        let svg = chart(
            Scale::Logarithmic,
            &[
                (10.0, 0.0),
                (10.0, 20.0),
                (f64::NAN, 1.0),
                (100.0, f64::INFINITY),
            ],
        );
        assert_eq!(svg.matches("<circle").count(), 1, "{svg}");
        for nothing in [&[][..], &[(0.0, 1.0)]] {
            let svg = chart(Scale::Linear, nothing);
            assert!(!svg.contains("NaN") && !svg.contains("inf"), "{svg}");
        }
    }
}

//! The curves as a picture.

use core::fmt::Write as _;

use super::{Flood, mebibytes};

// Where the axes stand.
const LEFT: f64 = 50.0;
const RIGHT: f64 = 450.0;
const TOP: f64 = 20.0;
const BOTTOM: f64 = 260.0;

/// A colour and dashes for each curve: they are told apart without colours too.
const STROKES: [(&str, &str); 3] = [("#0072b2", ""), ("#d55e00", "6 3"), ("#009e73", "2 3")];

/// Bytes over events, as SVG, with a line at the limit.
pub fn picture(floods: &[Flood], limit: usize) -> String {
    let events = floods.iter().filter_map(|flood| flood.bytes.last());
    let events = events.map(|(events, _)| *events).max().unwrap_or(1);
    let most = mebibytes(limit) * 1.1;
    let x = |events_so_far: usize| LEFT + (RIGHT - LEFT) * events_so_far as f64 / events as f64;
    let y = |mebibytes: f64| BOTTOM - (BOTTOM - TOP) * mebibytes / most;
    let mut svg = String::from(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 640 310\" width=\"640\" height=\"310\" \
         font-family=\"sans-serif\" font-size=\"12\" role=\"img\">\n\
         <title>Bytes of state under floods of partial matches</title>\n\
         <rect width=\"640\" height=\"310\" fill=\"white\"/>\n",
    );
    // Writing to a text does not fail.
    let _ = writeln!(
        svg,
        "<path d=\"M{LEFT} {TOP}V{BOTTOM}H{RIGHT}\" fill=\"none\" stroke=\"black\"/>"
    );
    for part in 0..=4 {
        let (at, value) = (events / 4 * part, mebibytes(limit) / 4.0 * part as f64);
        let _ = writeln!(
            svg,
            "<text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{}</text>\n\
             <text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\">{value:.0}</text>",
            x(at),
            BOTTOM + 18.0,
            at,
            LEFT - 6.0,
            y(value) + 4.0,
        );
    }
    let _ = writeln!(
        svg,
        "<text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"middle\">events</text>\n<text x=\"6\" y=\"14\">MiB</text>\n\
         <path d=\"M{LEFT} {at:.1}H{RIGHT}\" stroke=\"black\" stroke-dasharray=\"8 4\"/>\n\
         <text x=\"{:.1}\" y=\"{:.1}\">max_state_bytes</text>",
        f64::midpoint(LEFT, RIGHT),
        BOTTOM + 38.0,
        LEFT + 8.0,
        y(mebibytes(limit)) - 6.0,
        at = y(mebibytes(limit)),
    );
    for (flood, (colour, dashes)) in floods.iter().zip(STROKES) {
        let points: Vec<String> = flood
            .bytes
            .iter()
            .map(|(events, bytes)| format!("{:.1},{:.1}", x(*events), y(mebibytes(*bytes))))
            .collect();
        let _ = writeln!(
            svg,
            "<polyline fill=\"none\" stroke=\"{colour}\" stroke-width=\"2\" stroke-dasharray=\"{dashes}\" \
             points=\"{}\"/>\n<text x=\"{:.1}\" y=\"{:.1}\" fill=\"{colour}\">{}</text>",
            points.join(" "),
            RIGHT + 8.0,
            y(mebibytes(flood.end())) + 4.0,
            flood.stream,
        );
    }
    svg + "</svg>\n"
}

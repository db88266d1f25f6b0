//! `format`.

use jiff::fmt::strtime::BrokenDownTime;
use trapjaw_event::format::Float;

use super::scalar::{Args, Fault, Outcome, Scalar, text};
use super::{Area, Function, Type, takes};
use crate::limits::{MAX_DIGITS, MAX_LAYOUT};
use crate::zone::timestamp;

pub(super) const FORMAT: Function = Function {
    name: "format",
    area: Area::Times,
    about: r#"A value as a text. A time takes the directives of `strftime` (`%Y-%m-%d %H:%M:%S`, `%a`, `%z` and so on), in UTC where no zone is named; a number `.2` (so many digits after the point) or `.1%` (as a percentage); a duration a unit, `s`, or digits and a unit, `.1h`. In an interpolation `"{x:.2}"` is `format(x, ".2")`."#,
    signatures: &[
        takes(
            &[("t", Type::Time), ("layout", Type::Layout)],
            Type::Text,
            time,
        ),
        takes(
            &[
                ("t", Type::Time),
                ("layout", Type::Layout),
                ("zone", Type::Zone),
            ],
            Type::Text,
            time,
        ),
        takes(
            &[("x", Type::Float), ("layout", Type::Layout)],
            Type::Text,
            number,
        ),
        takes(
            &[("d", Type::Duration), ("layout", Type::Layout)],
            Type::Text,
            span,
        ),
    ],
    folds: false,
    examples: &[
        (
            r#"format(2026-01-31T23:30:15.25Z, "%d.%m. %H:%M", "Europe/Berlin")"#,
            r#""01.02. 00:30""#,
        ),
        (r#"format(0.934, ".1%")"#, r#""93.4%""#),
        (r#"format(2.5, ".3")"#, r#""2.500""#),
        (r#"format(90m, ".1h")"#, r#""1.5h""#),
        (r#"format(1500ms, "s")"#, r#""1.5s""#),
        (
            r#""{0.5:.0%} at {2026-01-31T23:30:00Z:%H:%M}""#,
            r#""50% at 23:30""#,
        ),
    ],
};

/// The units that durations are shown in, with their nanoseconds.
const SPANS: [(&str, f64); 7] = [
    ("ns", 1.0),
    ("us", 1e3),
    ("ms", 1e6),
    ("s", 1e9),
    ("m", 6e10),
    ("h", 3.6e12),
    ("d", 8.64e13),
];

/// Is it a layout of values of this type?
pub fn is_layout(layout: &str, of: Type) -> bool {
    layout.len() <= MAX_LAYOUT
        && match of {
            Type::Float => of_number(layout).is_some(),
            Type::Duration => of_span(layout).is_some(),
            Type::Time => !layout.is_empty() && shown(&Args(&[Scalar::Int(0)]), layout).is_some(),
            _ => false,
        }
}

/// The digits after the point, and what stands behind them.
fn digits(layout: &str) -> Option<(Option<usize>, &str)> {
    let Some(rest) = layout.strip_prefix('.') else {
        return Some((None, layout));
    };
    let end = rest
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(rest.len());
    let digits = rest[..end]
        .parse()
        .ok()
        .filter(|&digits| digits <= MAX_DIGITS as usize)?;
    Some((Some(digits), &rest[end..]))
}

/// The digits after the point, and whether it is a percentage.
fn of_number(layout: &str) -> Option<(Option<usize>, bool)> {
    match digits(layout)? {
        (digits, "%") => Some((digits, true)),
        (Some(digits), "") => Some((Some(digits), false)),
        _ => None,
    }
}

/// The digits after the point, and the unit.
fn of_span(layout: &str) -> Option<(Option<usize>, (&'static str, f64))> {
    let (digits, unit) = digits(layout)?;
    let unit = SPANS.into_iter().find(|(name, _)| *name == unit)?;
    Some((digits, unit))
}

fn written(value: f64, digits: Option<usize>, unit: &str) -> Outcome {
    text(match digits {
        Some(digits) => format!("{:.digits$}{unit}", Float(value)),
        None => format!("{}{unit}", Float(value)),
    })
}

fn number(a: Args<'_>) -> Outcome {
    match of_number(a.text(1)) {
        Some((digits, true)) => written(a.float(0) * 100.0, digits, "%"),
        Some((digits, false)) => written(a.float(0), digits, ""),
        None => Err(Fault::Undefined),
    }
}

fn span(a: Args<'_>) -> Outcome {
    let (digits, (unit, length)) = of_span(a.text(1)).ok_or(Fault::Undefined)?;
    written(a.int(0) as f64 / length, digits, unit)
}

fn time(a: Args<'_>) -> Outcome {
    shown(&a, a.text(1)).map_or(Err(Fault::Undefined), text)
}

fn shown(a: &Args<'_>, layout: &str) -> Option<String> {
    if layout.len() > MAX_LAYOUT {
        return None;
    }
    let zoned = timestamp(a.int(0)).to_zoned(a.zone(2).time_zone().clone());
    let mut shown = String::new();
    let parts = BrokenDownTime::from(&zoned);
    parts.format(layout, &mut shown).ok()?;
    Some(shown)
}

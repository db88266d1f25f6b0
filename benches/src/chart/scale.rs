//! How values are spread along an axis, and which of them are written beside it.

/// How values are spread.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scale {
    /// Evenly, from zero.
    Linear,
    /// Ten times as much is equally far everywhere.
    Logarithmic,
    /// Percentiles below 100: a tenth of what is left is equally far everywhere.
    Tail,
}

/// Ticks of a linear axis, about.
const TICKS: f64 = 5.0;

impl Scale {
    /// Has it a place for a value?
    pub fn has(self, value: f64) -> bool {
        match self {
            Self::Linear => value.is_finite() && value >= 0.0,
            Self::Logarithmic => value.is_finite() && value > 0.0,
            Self::Tail => (0.0..100.0).contains(&value),
        }
    }

    fn place(self, value: f64) -> f64 {
        match self {
            Self::Linear => value,
            Self::Logarithmic => value.log10(),
            Self::Tail => (100.0 / (100.0 - value)).log10(),
        }
    }
}

/// The part of a scale that a chart shows.
#[derive(Clone, Copy, Debug)]
pub(super) struct Span {
    scale: Scale,
    low: f64,
    high: f64,
}

impl Span {
    /// The least with round ends that has all values that the scale has a place for.
    pub(super) fn over(scale: Scale, values: impl Iterator<Item = f64>) -> Self {
        let (least, most) = values
            .filter(|value| scale.has(*value))
            .fold((f64::INFINITY, 0.0_f64), |(least, most), value| {
                (least.min(value), most.max(value))
            });
        let (low, high) = match scale {
            Scale::Linear => {
                let step = step(most);
                (0.0, step * (most / step).ceil().max(1.0))
            }
            Scale::Logarithmic if most > 0.0 => {
                let (low, high) = (round_down(least), -round_down(-most));
                (low, if high > low { high } else { low * 10.0 })
            }
            Scale::Logarithmic => (1.0, 10.0),
            Scale::Tail if most > least => (least, most),
            Scale::Tail => (0.0, 99.0),
        };
        Self { scale, low, high }
    }

    /// Where a value stands, from 0 to 1.
    pub(super) fn part(self, value: f64) -> f64 {
        let place = |value| self.scale.place(value);
        (place(value) - place(self.low)) / (place(self.high) - place(self.low))
    }

    /// What is written beside the axis, and where.
    pub(super) fn ticks(self) -> Vec<(f64, String)> {
        let inside = |value: &f64| (self.low..=self.high * (1.0 + 1e-9)).contains(value);
        let values: Vec<f64> = match self.scale {
            Scale::Linear => {
                let step = step(self.high);
                let count = (self.high / step).round() as u32;
                (0..=count).map(|tick| f64::from(tick) * step).collect()
            }
            Scale::Logarithmic => {
                let first = self.low.log10().floor() as i32;
                let last = self.high.log10().ceil() as i32;
                let powers = (first..=last).map(|power| 10_f64.powi(power));
                let tens: Vec<f64> = powers.clone().filter(inside).collect();
                if tens.len() > 2 {
                    tens
                } else {
                    let between = powers.flat_map(|ten| [ten, 2.0 * ten, 5.0 * ten]);
                    between.filter(inside).collect()
                }
            }
            Scale::Tail => {
                let known = [0.0, 50.0, 90.0, 99.0, 99.9, 99.99, 99.999];
                known.into_iter().filter(inside).collect()
            }
        };
        let unit = if self.scale == Scale::Tail { " %" } else { "" };
        let told = values.into_iter();
        told.map(|value| (value, format!("{}{unit}", short(value))))
            .collect()
    }
}

/// A round step of which about [`TICKS`] make up a length.
fn step(length: f64) -> f64 {
    if length <= 0.0 {
        return 1.0;
    }
    -round_down(-length / TICKS)
}

/// The next of 1, 2 and 5 times a power of ten: below a positive value, and, of a negative one, further below.
fn round_down(value: f64) -> f64 {
    let size = value.abs();
    let ten = 10_f64.powf(size.log10().floor());
    // A value that is round is its own; the logarithm may be a bit off.
    let steps = [0.5, 1.0, 2.0, 5.0, 10.0, 20.0].map(|step| step * ten);
    let slack = 1e-9 * size;
    if value > 0.0 {
        let below = steps.into_iter().rfind(|step| *step <= size + slack);
        below.unwrap_or(size)
    } else {
        let above = steps.into_iter().find(|step| *step >= size - slack);
        -above.unwrap_or(size)
    }
}

/// A number with few signs: 20 k for 20,000.
fn short(value: f64) -> String {
    let (size, unit) = match value {
        value if value >= 1e9 => (1e9, " G"),
        value if value >= 1e6 => (1e6, " M"),
        value if value >= 1e4 => (1e3, " k"),
        _ => (1.0, ""),
    };
    // What adding steps up has left behind the digits that count.
    let rounded = (value / size * 1e6).round() / 1e6;
    format!("{rounded}{unit}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(scale: Scale, values: &[f64]) -> Vec<String> {
        let span = Span::over(scale, values.iter().copied());
        span.ticks().into_iter().map(|tick| tick.1).collect()
    }

    #[test]
    fn ticks_are_round() {
        assert_eq!(
            labels(Scale::Linear, &[3.0, 7.7]),
            ["0", "2", "4", "6", "8"]
        );
        assert_eq!(
            labels(Scale::Linear, &[0.25]),
            ["0", "0.05", "0.1", "0.15", "0.2", "0.25"]
        );
        assert_eq!(
            labels(Scale::Logarithmic, &[10.0, 1e6]),
            ["10", "100", "1000", "10 k", "100 k", "1 M"]
        );
        assert_eq!(
            labels(Scale::Logarithmic, &[12.0, 48.0]),
            ["10", "20", "50"]
        );
        assert_eq!(
            labels(Scale::Tail, &[50.0, 99.99]),
            ["50 %", "90 %", "99 %", "99.9 %", "99.99 %"]
        );
    }

    #[test]
    fn every_value_has_its_place() {
        for scale in [Scale::Linear, Scale::Logarithmic, Scale::Tail] {
            for values in [&[][..], &[7.0], &[0.3, 99.0], &[50.0, 50.0]] {
                let span = Span::over(scale, values.iter().copied());
                for &value in values {
                    let part = span.part(value);
                    assert!(
                        (-1e-9..=1.0 + 1e-9).contains(&part),
                        "{scale:?} {values:?}: {part}"
                    );
                }
                assert!(
                    span.ticks().len() >= 2 || scale == Scale::Tail,
                    "{scale:?} {values:?}"
                );
            }
        }
        assert!(Span::over(Scale::Linear, [0.0].into_iter()).part(0.0).abs() < 1e-9);
    }
}

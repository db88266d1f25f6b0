//! In which order keys come.

use crate::load::Draws;

/// Events of a key that come together where keys come in order.
const TOGETHER: u64 = 8;

/// In which order keys come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Spread {
    /// One key after the other, eight events of each, over and over.
    Sorted,
    /// Each as often as any other, at random.
    Uniform,
    /// At random, the n-th most frequent one n times as rarely as the first (Zipf's law, exponent 1).
    Zipf,
}

impl Spread {
    pub(super) const ALL: [Self; 3] = [Self::Sorted, Self::Uniform, Self::Zipf];

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Sorted => "sorted",
            Self::Uniform => "uniform",
            Self::Zipf => "zipf",
        }
    }
}

/// Keys without end.
pub(super) struct Keys {
    spread: Spread,
    count: u32,
    drawn: u64,
    draws: Draws,
    /// Of Zipf's law, how often a key up to each comes, out of as often as any comes.
    cumulative: Vec<f64>,
}

impl Keys {
    pub(super) fn new(spread: Spread, count: u32, seed: u64) -> Self {
        let weights = (1..=count).filter(|_| spread == Spread::Zipf);
        let cumulative = weights.scan(0.0, |sum, key| {
            *sum += 1.0 / f64::from(key);
            Some(*sum)
        });
        Self {
            spread,
            count,
            drawn: 0,
            draws: Draws::new(seed),
            cumulative: cumulative.collect(),
        }
    }

    pub(super) fn draw(&mut self) -> u32 {
        self.drawn += 1;
        match self.spread {
            Spread::Sorted => ((self.drawn - 1) / TOGETHER % u64::from(self.count)) as u32,
            Spread::Uniform => self.draws.below(self.count.into()) as u32,
            Spread::Zipf => {
                let all = self.cumulative.last().copied().unwrap_or_default();
                let at = self.draws.unit() * all;
                let key = self.cumulative.partition_point(|sum| *sum <= at);
                (key as u32).min(self.count - 1)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counts(spread: Spread, keys: u32, draws: u32) -> Vec<u32> {
        let mut drawn = Keys::new(spread, keys, 1);
        let mut counts = vec![0; keys as usize];
        for _ in 0..draws {
            counts[drawn.draw() as usize] += 1;
        }
        counts
    }

    #[test]
    fn keys_come_as_often_as_their_spread_says() {
        assert_eq!(counts(Spread::Sorted, 4, 40), [16, 8, 8, 8]);
        for count in counts(Spread::Uniform, 10, 100_000) {
            assert!((9_500..10_500).contains(&count), "{count}");
        }
        let zipf = counts(Spread::Zipf, 100, 500_000);
        for key in [1, 3, 9] {
            let ratio = f64::from(zipf[0]) / f64::from(zipf[key]);
            let expected = key as f64 + 1.0;
            assert!((ratio / expected - 1.0).abs() < 0.1, "{key}: {ratio}");
        }
        assert!(zipf.iter().all(|count| *count > 0));
    }
}

//! How far all streams have come.

use std::collections::HashMap;

use crate::limits::MAX_STREAMS;

/// The newest time of each live stream, and the least of these.
///
/// A stream is live until it has been silent for a while; which clock tells the while is up to the caller. A live
/// stream holds the watermark back until its newest event is as new as those of the others.
#[derive(Debug)]
pub struct Watermark {
    idle: i64,
    streams: HashMap<u128, Stream>,
}

#[derive(Clone, Copy, Debug)]
struct Stream {
    /// Time of its newest event.
    newest: i64,
    /// When its last event arrived.
    seen: i64,
}

impl Watermark {
    /// Streams are idle when they were silent for `idle` nanoseconds.
    pub fn new(idle: i64) -> Self {
        Self {
            idle,
            streams: HashMap::new(),
        }
    }

    /// A stream brought an event of this time at this instant. Where there are more than [`MAX_STREAMS`], the one that
    /// was silent longest is given up, as if it were idle.
    pub fn arrived(&mut self, stream: u128, time: i64, instant: i64) {
        let known = self.streams.entry(stream).or_insert(Stream {
            newest: time,
            seen: instant,
        });
        known.newest = known.newest.max(time);
        known.seen = known.seen.max(instant);
        if self.streams.len() > MAX_STREAMS {
            let others = self.streams.iter().filter(|(id, _)| **id != stream);
            let silent = others.min_by_key(|(id, known)| (known.seen, **id));
            let silent = silent.map(|(id, _)| *id);
            silent.and_then(|id| self.streams.remove(&id));
        }
    }

    /// The time up to which all live streams have come at this instant; `None` where none is live.
    pub fn low(&mut self, instant: i64) -> Option<i64> {
        let idle = self.idle;
        self.streams
            .retain(|_, stream| instant.saturating_sub(stream.seen) < idle);
        self.streams.values().map(|stream| stream.newest).min()
    }

    /// How many streams are live, or were when that was last asked.
    pub fn streams(&self) -> usize {
        self.streams.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_least_of_the_live_streams_counts() {
        let mut watermark = Watermark::new(10);
        assert_eq!(watermark.low(0), None);
        watermark.arrived(1, 100, 0);
        watermark.arrived(2, 50, 1);
        assert_eq!(watermark.low(1), Some(50));
        watermark.arrived(1, 90, 5);
        assert_eq!(watermark.low(10), Some(50));
        assert_eq!(watermark.low(11), Some(100), "the second is idle");
        watermark.arrived(2, 60, 12);
        assert_eq!(watermark.low(12), Some(60), "and live again");
        assert_eq!(watermark.low(22), None);
        assert_eq!(watermark.streams(), 0);
    }

    #[test]
    fn streams_are_bounded() {
        let mut watermark = Watermark::new(i64::MAX);
        for stream in 0..=MAX_STREAMS as i64 {
            watermark.arrived(stream as u128, stream, stream);
        }
        assert_eq!(watermark.streams(), MAX_STREAMS);
        assert_eq!(watermark.low(0), Some(1), "the first was given up");
    }
}

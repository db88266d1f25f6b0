//! Over live partial matches, which the events do not touch: R3.

use super::Point;
use crate::figure::Goal;
use crate::figures::growth::{ALONE, beside};

pub(super) fn measure(tell: &mut dyn FnMut(Point)) {
    for (completes, curve) in [
        (false, "touch no partial match"),
        (true, "begin and complete one"),
    ] {
        let live = [100, 1_000, 10_000, 100_000, 1_000_000];
        for (live, timing) in live.into_iter().zip(beside(ALONE, live, completes)) {
            tell(Point {
                curve: curve.to_owned(),
                x: live as f64,
                value: timing.median(),
                floor: Goal::None,
                note: timing.to_string(),
            });
        }
    }
}

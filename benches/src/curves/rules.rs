//! Over numbers of rules of which equally many match: the mix of R2.

use super::Point;
use crate::figure::Goal;
use crate::figures::many::arms;

pub(super) fn measure(tell: &mut dyn FnMut(Point)) {
    let sizes = [10, 100, 1_000, 10_000];
    for (rules, arm) in sizes.into_iter().zip(arms(sizes)) {
        tell(Point {
            curve: "mix of R2".to_owned(),
            x: rules.into(),
            value: arm.timing.median(),
            floor: Goal::None,
            note: format!(
                "{}, {:.3} matches an event",
                arm.timing,
                arm.matches_an_event()
            ),
        });
    }
}

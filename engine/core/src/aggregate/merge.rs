//! Panes added up to windows.

use trapjaw_program::AggregateFunction;

use super::accumulator::{float_extreme, int_extreme};
use super::{Accumulator, Layout, Store};

impl Layout {
    /// Takes a newer pane's aggregates into a sum, which is looked at once and dropped: it refers to nothing.
    pub(crate) fn merge(&self, sum: &mut [Accumulator], pane: &[Accumulator], store: &mut Store) {
        for ((spec, sum), pane) in self.specs.iter().zip(sum).zip(pane) {
            let least = spec.function == AggregateFunction::Min;
            match (sum, pane) {
                (Accumulator::Count(sum), Accumulator::Count(pane)) => *sum += pane,
                (Accumulator::Float(sum), Accumulator::Float(pane)) => sum.absorb(pane),
                (Accumulator::Int(sum), Accumulator::Int(pane)) => sum.absorb(*pane),
                (Accumulator::ExtremeFloat(sum), Accumulator::ExtremeFloat(Some(pane))) => {
                    *sum = Some(sum.map_or(*pane, |sum| float_extreme(sum, *pane, least)));
                }
                (Accumulator::ExtremeInt(sum), Accumulator::ExtremeInt(Some(pane))) => {
                    *sum = Some(sum.map_or(*pane, |sum| int_extreme(sum, *pane, least)));
                }
                (Accumulator::Moments(sum), Accumulator::Moments(pane)) => sum.absorb(pane),
                (Accumulator::Chosen(sum), Accumulator::Chosen(Some(pane))) => {
                    if spec.function == AggregateFunction::Last {
                        *sum = Some(*pane);
                    } else {
                        sum.get_or_insert(*pane);
                    }
                }
                (Accumulator::Different(sum), Accumulator::Different(pane)) => {
                    sum.absorb(pane, spec.is_kept(), store);
                }
                (Accumulator::Quantiles(sum), Accumulator::Quantiles(pane)) => sum.absorb(pane),
                _ => {}
            }
        }
    }
}

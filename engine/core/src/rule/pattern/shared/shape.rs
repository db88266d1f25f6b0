//! Which tables are chains.

use trapjaw_program::pattern::Pattern;

use super::table::{GONE, NOTHING, Stand, StandId, Step, Table};

/// Places of a chain.
const MAX_PLACES: usize = 16;

impl Table {
    /// The elements by which each start goes from place to place, if that is all that starts do: there is one stand for each
    /// number of events that a start has bound, always by the same elements, and none of them is told for the time that it
    /// takes.
    pub(super) fn chain(&self, pattern: &Pattern) -> Option<Box<[u16]>> {
        let open = self.stands.iter().take_while(|stand| !stand.is_settled());
        let places = open.count();
        // Behind them, a start is won.
        if !(1..=MAX_PLACES).contains(&places)
            || self.stands.len() > places + 1
            || pattern.together
            || pattern.reports_timeout
        {
            return None;
        }
        let mut elements = vec![None; places + 1];
        for (_, step) in self.beginnings() {
            let step = &self.steps[*step as usize];
            if !step.is_nothing() {
                step.advances(0, (places, &mut elements))?;
            }
        }
        for (stand, place) in self.stands[..places].iter().zip(1..) {
            let end = stand.end.map(|end| &self.steps[end as usize]);
            if stand.runs != 1 || end.is_some_and(|end| !end.is_nothing()) {
                return None;
            }
            for (_, step) in stand.steps() {
                let step = &self.steps[*step as usize];
                if !step.is_nothing() {
                    step.advances(place, (places, &mut elements))?;
                }
            }
        }
        elements.into_iter().collect()
    }

    /// Of a chain with so many elements: does each event of a key take every start one place further, or end it?
    pub(super) fn is_strict(&self, elements: usize) -> bool {
        let mut open = self.stands[..elements - 1].iter();
        open.all(Stand::is_left_by_all)
    }
}

impl Step {
    /// Does it only take starts to a place, or behind the last one, and always by the same element?
    fn advances(
        &self,
        place: usize,
        (places, elements): (usize, &mut [Option<u16>]),
    ) -> Option<()> {
        let edge = match (&*self.edges, &*self.found) {
            ([edge], []) if self.target == place as StandId => edge,
            // With `skip none` who is complete is gone.
            ([], [edge]) if self.target == GONE && place == places => edge,
            _ => return None,
        };
        let is_same = elements[place].is_none_or(|element| element == edge.element);
        elements[place] = Some(edge.element);
        (is_same && edge.element != NOTHING).then_some(())
    }
}

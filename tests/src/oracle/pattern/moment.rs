//! What a run can do at a moment: take it, or skip it.

use trapjaw_dsl::hir::pattern::{Contiguity, ElementId, Node, Not};

use super::Search;
use super::way::{Entry, Frame, Head, Moment, Taking, Way, after_deadline, begun_groups};

/// Whether a taking is one indeed, as far as what stands around the taker is concerned.
pub(super) type Admits<'f, 'p> = &'f dyn Fn(&Taking<'p>) -> bool;

impl<'p> Search<'p> {
    /// What a run can make of a moment by taking it, in order of preference. `bound`: what it has bound.
    pub(super) fn takings(
        &mut self,
        way: &Way<'p>,
        moment: Moment,
        bound: &[(ElementId, usize)],
    ) -> Vec<Taking<'p>> {
        if self.is_ended(way, moment, bound) {
            return Vec::new();
        }
        match (&way.head, moment) {
            (Head::Element(element, entry), Moment::Event(place)) => {
                let element = *element;
                let strict = entry.contiguity == Contiguity::Strict;
                if (strict && place != entry.next)
                    || !self.fits(element, place, bound)
                    || !self.back_allows(entry, place)
                {
                    return Vec::new();
                }
                let conditions = &self.pattern.elements[element.index()].conditions;
                let put_off = conditions
                    .iter()
                    .filter(|condition| !condition.awaits.is_empty());
                let taking = Taking {
                    way: way.clone(),
                    bound: Some((element, place)),
                    back: far_back(entry, place),
                    settled: way.choices.clone(),
                    must: entry.contiguity != Contiguity::Any,
                    put_off: put_off.collect(),
                };
                let next = self.after_event(place);
                self.continued(way, next, &taking)
            }
            (&Head::Silence(elements, deadline, ref entry), Moment::Deadline(at, next))
                if at == deadline =>
            {
                let taking = Taking {
                    way: way.clone(),
                    bound: None,
                    back: Vec::new(),
                    settled: way.choices.clone(),
                    // The end of the window settles nothing: for whoever waits then, time has run out.
                    must: !elements.is_empty(),
                    put_off: Vec::new(),
                };
                let entry = Entry {
                    guards: entry.guards.clone(),
                    ..after_deadline(at, next)
                };
                self.continued(way, entry, &taking)
            }
            (Head::All(all), Moment::Event(place)) => {
                let operands = 0..all.operands.len();
                let each =
                    operands.flat_map(|operand| self.takings_of(way, all, operand, place, bound));
                each.collect()
            }
            (Head::Fresh(operand), Moment::Event(place)) => {
                let entry = Entry {
                    next: place,
                    since: self.input[place].0,
                    ..self.after_event(place)
                };
                let ways = self.open(operand, entry, Vec::new(), false);
                let each = ways.iter().flat_map(|way| self.takings(way, moment, bound));
                each.collect()
            }
            (Head::All(all), Moment::Deadline(at, next)) => {
                self.passings(way, all, at, next, bound)
            }
            _ => Vec::new(),
        }
    }

    pub(super) fn after_event(&self, place: usize) -> Entry<'p> {
        Entry {
            contiguity: Contiguity::Relaxed,
            next: place + 1,
            since: self.input[place].0,
            guards: Vec::new(),
            back: Vec::new(),
        }
    }

    /// The taking, with each of the ways to go on.
    pub(super) fn continued(
        &mut self,
        way: &Way<'p>,
        entry: Entry<'p>,
        taking: &Taking<'p>,
    ) -> Vec<Taking<'p>> {
        let ways = self.go_on(entry, begun_groups(&way.rest), true);
        let each = ways.into_iter().map(|way| Taking {
            way,
            ..taking.clone()
        });
        each.collect()
    }
    /// Where the run stands when it skips a moment, if it may. `admits`: for takings that would be none; `None` if the
    /// moment is taken elsewhere.
    pub(super) fn skipping(
        &mut self,
        way: &Way<'p>,
        moment: Moment,
        bound: &[(ElementId, usize)],
        admits: Option<Admits<'_, 'p>>,
    ) -> Option<Way<'p>> {
        if self.is_ended(way, moment, bound) {
            return None;
        }
        match (&way.head, moment) {
            (Head::Element(_, entry), Moment::Event(_)) => match entry.contiguity {
                Contiguity::Strict => None,
                Contiguity::Any => Some(way.clone()),
                Contiguity::Relaxed => {
                    let fits = match admits {
                        Some(admits) => self.takings(way, moment, bound).iter().any(admits),
                        None => false,
                    };
                    (!fits).then(|| way.clone())
                }
            },
            (&Head::Silence(_, deadline, _), Moment::Deadline(at, _)) => {
                (at < deadline).then(|| way.clone())
            }
            (Head::All(all), moment) => {
                let mut admits = admits;
                if let (Some(entry), Moment::Event(_)) = (&all.entry, moment) {
                    match entry.contiguity {
                        Contiguity::Strict => return None,
                        Contiguity::Any => admits = None,
                        Contiguity::Relaxed => {}
                    }
                }
                let mut after = all.clone();
                for operand in 0..all.operands.len() {
                    // What the operand can take counts if the `and` as a whole can.
                    let takes = match (admits, moment) {
                        (Some(admits), Moment::Event(place)) => self
                            .takings_of(way, all, operand, place, bound)
                            .iter()
                            .any(admits),
                        _ => false,
                    };
                    let whole = |_: &Taking<'p>| takes;
                    let admits = admits.map(|_| &whole as Admits<'_, 'p>);
                    after.operands[operand] =
                        self.skipping(&all.operands[operand], moment, bound, admits)?;
                }
                Some(Way {
                    head: Head::All(after),
                    ..way.clone()
                })
            }
            _ => Some(way.clone()),
        }
    }

    /// Whether the event is one that must not come, or ends a repetition that the run is inside of.
    fn is_ended(&self, way: &Way<'p>, moment: Moment, bound: &[(ElementId, usize)]) -> bool {
        let Moment::Event(place) = moment else {
            return false;
        };
        let hits = |nots: &[&Not]| {
            let mut elements = nots.iter().flat_map(|not| &not.elements);
            elements.any(|&element| self.fits(element, place, bound))
        };
        let mut until = way.rest.iter().flat_map(|frame| match frame {
            Frame::Round(repeat, _) => &repeat.until[..],
            Frame::Steps(..) | Frame::End => &[],
        });
        if !matches!(way.head, Head::Done) && until.any(|&element| self.fits(element, place, bound))
        {
            return true;
        }
        match &way.head {
            Head::Done => false,
            // It rules over the first event too.
            Head::Fresh(Node::Not(not)) => hits(&[not]),
            Head::Fresh(_) => false,
            Head::Element(_, entry) => hits(&entry.guards),
            Head::Silence(elements, _, entry) => {
                hits(&entry.guards)
                    || elements
                        .iter()
                        .any(|&element| self.fits(element, place, bound))
            }
            Head::All(all) => {
                hits(&all.nots) || all.entry.as_ref().is_some_and(|entry| hits(&entry.guards))
            }
        }
    }

    /// Whether the `not`s that look back for a time allow the event at `place`.
    pub(super) fn back_allows(&self, entry: &Entry<'p>, place: usize) -> bool {
        let at = self.input[place].0;
        entry.back.iter().all(|not| match not.duration {
            Some(duration) => !self.occurred(not, at.saturating_sub(duration), at),
            None => true,
        })
    }
}

/// The `not`s without a time that look back from the event at `place`.
pub(super) fn far_back<'p>(entry: &Entry<'p>, place: usize) -> Vec<(&'p Not, usize)> {
    let far = entry.back.iter().filter(|not| not.duration.is_none());
    far.map(|&not| (not, place)).collect()
}

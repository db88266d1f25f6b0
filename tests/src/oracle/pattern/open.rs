//! How a run comes to stand where it stands: parts that begin, and what comes after parts that are done.

use trapjaw_dsl::hir::pattern::{Contiguity, ElementId, Node, Not, Repeat};

use super::Search;
use super::way::{All, Choice, Entry, Frame, Head, Way, begun_groups, way};

impl<'p> Search<'p> {
    /// The ways to begin the whole pattern with the event at `start`.
    pub(super) fn beginnings(&mut self, start: usize) -> Vec<Way<'p>> {
        let entry = Entry {
            contiguity: Contiguity::Relaxed,
            next: start,
            since: self.input[start].0,
            guards: Vec::new(),
            back: Vec::new(),
        };
        self.open(&self.pattern.root, entry, vec![Frame::End], false)
    }

    /// The ways to begin a part; `begun`: whether something is bound.
    pub(super) fn open(
        &mut self,
        node: &'p Node,
        entry: Entry<'p>,
        mut rest: Vec<Frame<'p>>,
        begun: bool,
    ) -> Vec<Way<'p>> {
        match node {
            Node::Element(element) => vec![way(Head::Element(*element, entry), rest)],
            Node::Sequence(steps) => {
                rest.push(Frame::Steps(steps, Some(entry.contiguity)));
                self.go_on(entry, rest, begun)
            }
            Node::Or(alternatives) => {
                let split = self.split();
                let mut ways = Vec::new();
                for (index, alternative) in alternatives.iter().enumerate() {
                    let opened = self.open(alternative, entry.clone(), rest.clone(), begun);
                    ways.extend(chosen(opened, split, index, true));
                }
                ways
            }
            Node::Repeat(repeat) => self.round(repeat, 0, entry, rest, begun),
            Node::And(operands) => self.open_all(operands, &entry, &rest, begun),
            Node::Not(not) => self.open_not(not, entry, begun_groups(&rest), begun),
        }
    }

    /// What comes after a part that is done.
    pub(super) fn go_on(
        &mut self,
        mut entry: Entry<'p>,
        mut rest: Vec<Frame<'p>>,
        begun: bool,
    ) -> Vec<Way<'p>> {
        match rest.pop() {
            None => vec![way(Head::Done, rest)],
            Some(Frame::Steps([], _)) => self.go_on(entry, rest, begun),
            Some(Frame::Steps([step, steps @ ..], before)) => {
                rest.push(Frame::Steps(steps, before));
                entry.contiguity = before.unwrap_or(step.contiguity);
                self.open(&step.node, entry, rest, begun)
            }
            Some(Frame::Round(repeat, rounds)) => self.round(repeat, rounds, entry, rest, begun),
            Some(Frame::End) => match self.window_end() {
                // A `not` at the end.
                Some(end) if !entry.guards.is_empty() && entry.since < end => {
                    vec![way(Head::Silence(&[], end, entry), rest)]
                }
                _ => vec![way(Head::Done, rest)],
            },
        }
    }

    /// So many rounds are done.
    fn round(
        &mut self,
        repeat: &'p Repeat,
        rounds: u32,
        entry: Entry<'p>,
        rest: Vec<Frame<'p>>,
        begun: bool,
    ) -> Vec<Way<'p>> {
        let mut within = rest.clone();
        within.push(Frame::Round(repeat, rounds + 1));
        let mut next = entry.clone();
        if rounds > 0 {
            next.contiguity = repeat.contiguity;
        }
        if rounds < repeat.min {
            return self.open(&repeat.body, next, within, begun);
        }
        if repeat.max == Some(rounds) {
            return self.go_on(entry, rest, begun);
        }
        let split = self.split();
        let stay = chosen(self.open(&repeat.body, next, within, begun), split, 0, true);
        let leave = chosen(self.go_on(entry, rest, begun), split, 1, false);
        if repeat.reluctant {
            [leave, stay].concat()
        } else {
            [stay, leave].concat()
        }
    }

    fn open_not(
        &mut self,
        not: &'p Not,
        mut entry: Entry<'p>,
        rest: Vec<Frame<'p>>,
        begun: bool,
    ) -> Vec<Way<'p>> {
        match not.duration {
            _ if !begun => entry.back.push(not),
            None => entry.guards.push(not),
            Some(duration) => {
                let deadline = entry.since.saturating_add(duration);
                return vec![way(Head::Silence(&not.elements, deadline, entry), rest)];
            }
        }
        self.go_on(entry, rest, begun)
    }

    /// All combinations of the ways to begin each operand.
    fn open_all(
        &mut self,
        operands: &'p [Node],
        entry: &Entry<'p>,
        rest: &[Frame<'p>],
        begun: bool,
    ) -> Vec<Way<'p>> {
        let inner = Entry {
            contiguity: Contiguity::Relaxed,
            guards: Vec::new(),
            back: Vec::new(),
            ..entry.clone()
        };
        let mut combinations: Vec<Vec<Way<'p>>> = vec![Vec::new()];
        let mut nots = Vec::new();
        let mut elements = Vec::new();
        for operand in operands {
            collect_elements(operand, &mut elements);
            let ways = match operand {
                Node::Not(not) if not.duration.is_none() => {
                    nots.push(not);
                    continue;
                }
                // It begins with the start, or behind it.
                operand if !begun => vec![way(Head::Fresh(operand), Vec::new())],
                operand => self.open(operand, inner.clone(), Vec::new(), true),
            };
            let with = |before: &Vec<Way<'p>>| {
                let before = before.clone();
                let each = ways
                    .iter()
                    .map(move |way| [&before[..], std::slice::from_ref(way)].concat());
                each.collect::<Vec<_>>()
            };
            combinations = combinations.iter().flat_map(with).collect();
        }
        let all = combinations.into_iter().map(|operands| {
            let all = All {
                operands,
                nots: nots.clone(),
                entry: Some(entry.clone()),
                elements: elements.clone(),
                bound: Vec::new(),
                put_off: Vec::new(),
            };
            way(Head::All(all), rest.to_vec())
        });
        all.collect()
    }

    fn split(&mut self) -> usize {
        self.splits += 1;
        self.splits
    }
}

fn chosen(mut ways: Vec<Way<'_>>, split: usize, way: usize, competes: bool) -> Vec<Way<'_>> {
    for chosen in &mut ways {
        chosen.choices.push(Choice {
            split,
            way,
            competes,
        });
    }
    ways
}

fn collect_elements(node: &Node, found: &mut Vec<ElementId>) {
    match node {
        Node::Element(element) => found.push(*element),
        Node::Sequence(steps) => steps
            .iter()
            .for_each(|step| collect_elements(&step.node, found)),
        Node::Or(parts) | Node::And(parts) => {
            for part in parts {
                collect_elements(part, found);
            }
        }
        Node::Repeat(repeat) => collect_elements(&repeat.body, found),
        Node::Not(_) => {}
    }
}

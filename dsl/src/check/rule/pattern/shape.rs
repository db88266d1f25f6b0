//! What can be said of a pattern's parts from their shape alone.

use crate::hir::pattern::{ElementId, Node};

/// Whether the part may be done without an event.
pub(super) fn takes_nothing(node: &Node) -> bool {
    match node {
        Node::Element(_) => false,
        Node::Not(_) => true,
        Node::Sequence(steps) => steps.iter().all(|step| takes_nothing(&step.node)),
        Node::Or(alternatives) => alternatives.iter().any(takes_nothing),
        Node::And(operands) => operands.iter().all(takes_nothing),
        Node::Repeat(repeat) => repeat.min == 0 || takes_nothing(&repeat.body),
    }
}

/// Whether it is open, when its last event is there, if the part is done.
pub(super) fn ends_open(node: &Node) -> bool {
    match node {
        Node::Element(_) => false,
        Node::Not(not) => not.duration.is_none(),
        Node::Sequence(steps) => {
            // A `not` without a time holds until an event is taken behind it.
            let last = steps
                .iter()
                .rposition(|step| !matches!(step.node, Node::Not(_)));
            steps[last.unwrap_or(0)..]
                .iter()
                .any(|step| ends_open(&step.node))
        }
        Node::Or(parts) => parts.iter().any(ends_open),
        // Its operands were looked at by themselves, but for the `not`s.
        Node::And(parts) => parts.iter().any(ends_open),
        Node::Repeat(repeat) => repeat.max != Some(repeat.min) || ends_open(&repeat.body),
    }
}

/// Whether the part may begin with a `not`, before which no event is next.
pub(super) fn begins_with_not(node: &Node) -> bool {
    match node {
        Node::Element(_) | Node::And(_) => false,
        Node::Not(_) => true,
        Node::Sequence(steps) => begins_with_not(&steps[0].node),
        Node::Or(parts) => parts.iter().any(begins_with_not),
        Node::Repeat(repeat) => begins_with_not(&repeat.body),
    }
}

/// The elements that may take the first event of the part. Whether the part can be passed by is for
/// [`takes_nothing`].
pub(super) fn firsts(node: &Node, found: &mut Vec<ElementId>) {
    match node {
        Node::Element(element) => found.push(*element),
        Node::Not(_) => {}
        Node::Sequence(steps) => {
            for step in steps {
                firsts(&step.node, found);
                if !takes_nothing(&step.node) {
                    break;
                }
            }
        }
        Node::Or(parts) | Node::And(parts) => parts.iter().for_each(|part| firsts(part, found)),
        Node::Repeat(repeat) => firsts(&repeat.body, found),
    }
}

/// A step from a node towards an element below it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Branch {
    /// This step of a sequence.
    Step(usize),
    /// This alternative.
    Alternative(usize),
    /// This operand.
    Operand(usize),
    /// A round of a repetition.
    Round,
    /// What ends a repetition.
    End,
    /// What must not occur.
    Negated,
}

/// The way from the root to each element, by element.
pub(super) fn paths(root: &Node, elements: usize) -> Vec<Vec<Branch>> {
    let mut paths = vec![Vec::new(); elements];
    walk(root, &mut Vec::new(), &mut paths);
    paths
}

fn walk(node: &Node, path: &mut Vec<Branch>, paths: &mut [Vec<Branch>]) {
    let mut below = |branch, node: &Node, path: &mut Vec<Branch>| {
        path.push(branch);
        walk(node, path, paths);
        path.pop();
    };
    match node {
        Node::Element(element) => paths[element.index()].clone_from(path),
        Node::Sequence(steps) => {
            for (place, step) in steps.iter().enumerate() {
                below(Branch::Step(place), &step.node, path);
            }
        }
        Node::Or(parts) => {
            for (place, part) in parts.iter().enumerate() {
                below(Branch::Alternative(place), part, path);
            }
        }
        Node::And(parts) => {
            for (place, part) in parts.iter().enumerate() {
                below(Branch::Operand(place), part, path);
            }
        }
        Node::Repeat(repeat) => {
            below(Branch::Round, &repeat.body, path);
            for element in &repeat.until {
                paths[element.index()] = [&path[..], &[Branch::End]].concat();
            }
        }
        Node::Not(not) => {
            for element in &not.elements {
                paths[element.index()] = [&path[..], &[Branch::Negated]].concat();
            }
        }
    }
}

//! Patterns as trees, from which text is made and parts can be taken away.

use super::super::random::Random;

/// A part of a pattern.
#[derive(Clone, Debug)]
pub(super) enum Tree {
    Element(Element),
    /// Steps with the arrow before each; that before the first is not written.
    Sequence(Vec<(&'static str, Tree)>),
    Or(Vec<Tree>),
    And(Vec<Tree>),
    /// What is repeated, how often and how, and what ends it.
    Repeat(Box<Tree>, String, Option<Element>),
    /// What must not occur, and for how many seconds.
    Not(Vec<Element>, Option<usize>),
}

#[derive(Clone, Debug)]
pub(super) struct Element {
    /// Its number, by which it is called.
    number: usize,
    types: &'static str,
    conditions: Vec<String>,
}

/// How many elements bind an event, so that the oracle comes to an end.
const MOST_ELEMENTS: usize = 4;

const QUANTIFIERS: [&str; 12] = [
    "+", "*", "?", "{2}", "{2}", "{3}", "{1,2}", "{2,}", "{1,3}", "+?", "{1,2}?", "??",
];

/// Makes one pattern.
pub(super) struct Grower<'r, 'b> {
    pub(super) random: &'r mut Random<'b>,
    /// Elements so far, those that bind and others.
    elements: usize,
    binding: usize,
}

impl Tree {
    pub(super) fn new(random: &mut Random) -> Tree {
        let mut grower = Grower {
            random,
            elements: 0,
            binding: 0,
        };
        grower.tree(3)
    }

    pub(super) fn text(&self) -> String {
        match self {
            Tree::Element(element) => element.text(),
            Tree::Sequence(steps) => {
                let mut text = String::new();
                for (place, (arrow, step)) in steps.iter().enumerate() {
                    if place > 0 {
                        text.extend([" ", arrow, " "]);
                    }
                    text += &step.grouped(matches!(
                        step,
                        Tree::Sequence(_) | Tree::Or(_) | Tree::And(_)
                    ));
                }
                text
            }
            Tree::Or(parts) => {
                let parts = parts
                    .iter()
                    .map(|part| part.grouped(matches!(part, Tree::Sequence(_) | Tree::Or(_))));
                parts.collect::<Vec<_>>().join(" or ")
            }
            Tree::And(parts) => {
                let parts = parts.iter().map(|part| {
                    part.grouped(matches!(
                        part,
                        Tree::Sequence(_) | Tree::Or(_) | Tree::And(_)
                    ))
                });
                parts.collect::<Vec<_>>().join(" and ")
            }
            Tree::Repeat(body, quantifier, until) => {
                let mut text = body.grouped(!matches!(**body, Tree::Element(_))) + quantifier;
                if let Some(until) = until {
                    text.extend([" until ", &until.text()]);
                }
                text
            }
            Tree::Not(elements, time) => {
                let elements: Vec<String> = elements.iter().map(Element::text).collect();
                let mut text = match &elements[..] {
                    [element] => format!("not {element}"),
                    elements => format!("not ({})", elements.join(" or ")),
                };
                if let Some(time) = time {
                    text.extend([" for ", &time.to_string(), "s"]);
                }
                text
            }
        }
    }

    fn grouped(&self, in_parentheses: bool) -> String {
        if in_parentheses {
            format!("({})", self.text())
        } else {
            self.text()
        }
    }

    /// Whether something may be skipped that would fit: then there may be very many matches.
    pub(super) fn has_any(&self) -> bool {
        match self {
            Tree::Element(_) | Tree::Not(..) => false,
            Tree::Sequence(steps) => steps
                .iter()
                .any(|(arrow, step)| *arrow == "~>" || step.has_any()),
            Tree::Or(parts) | Tree::And(parts) => parts.iter().any(Tree::has_any),
            Tree::Repeat(body, quantifier, _) => quantifier.ends_with("any") || body.has_any(),
        }
    }

    /// Trees that lack something that this one has.
    pub(super) fn smaller(&self) -> Vec<Tree> {
        let mut smaller = Vec::new();
        match self {
            Tree::Element(element) => {
                smaller.extend(element.smaller().into_iter().map(Tree::Element));
            }
            Tree::Sequence(steps) => {
                let parts: Vec<Tree> = steps.iter().map(|(_, step)| step.clone()).collect();
                smaller.extend(fewer(&parts, |kept| {
                    Tree::Sequence(kept.iter().map(|&place| steps[place].clone()).collect())
                }));
                smaller.extend(within(&parts, |parts| {
                    let steps = steps.iter().zip(parts);
                    Tree::Sequence(steps.map(|((arrow, _), part)| (*arrow, part)).collect())
                }));
            }
            Tree::Or(parts) => {
                smaller.extend(fewer(parts, |kept| {
                    Tree::Or(kept.iter().map(|&place| parts[place].clone()).collect())
                }));
                smaller.extend(within(parts, Tree::Or));
            }
            Tree::And(parts) => {
                smaller.extend(fewer(parts, |kept| {
                    Tree::And(kept.iter().map(|&place| parts[place].clone()).collect())
                }));
                smaller.extend(within(parts, Tree::And));
            }
            Tree::Repeat(body, quantifier, until) => {
                smaller.push(Tree::clone(body));
                if until.is_some() {
                    smaller.push(Tree::Repeat(body.clone(), quantifier.clone(), None));
                }
                let bodies = body.smaller().into_iter();
                smaller.extend(
                    bodies.map(|body| Tree::Repeat(body.into(), quantifier.clone(), until.clone())),
                );
            }
            Tree::Not(elements, time) => {
                if elements.len() > 1 {
                    smaller.push(Tree::Not(elements[..1].to_vec(), *time));
                }
                for (place, element) in elements.iter().enumerate() {
                    for element in element.smaller() {
                        let mut elements = elements.clone();
                        elements[place] = element;
                        smaller.push(Tree::Not(elements, *time));
                    }
                }
            }
        }
        smaller
    }
}

/// Without one of the parts; a part that is left alone stands for itself.
fn fewer(parts: &[Tree], build: impl Fn(&[usize]) -> Tree) -> Vec<Tree> {
    let each = (0..parts.len()).map(|left_out| {
        let kept: Vec<usize> = (0..parts.len())
            .filter(|&place| place != left_out)
            .collect();
        match kept[..] {
            [only] => parts[only].clone(),
            _ => build(&kept),
        }
    });
    each.collect()
}

/// With one of the parts made smaller.
fn within(parts: &[Tree], build: impl Fn(Vec<Tree>) -> Tree) -> Vec<Tree> {
    let mut smaller = Vec::new();
    for (place, part) in parts.iter().enumerate() {
        for part in part.smaller() {
            let mut parts = parts.to_vec();
            parts[place] = part;
            smaller.push(build(parts));
        }
    }
    smaller
}

impl Element {
    fn text(&self) -> String {
        let condition = if self.conditions.is_empty() {
            String::new()
        } else {
            format!("[{}]", self.conditions.join(" and "))
        };
        format!("e{}: {}{condition}", self.number, self.types)
    }

    fn smaller(&self) -> Vec<Element> {
        let each = (0..self.conditions.len()).map(|left_out| {
            let mut element = self.clone();
            element.conditions.remove(left_out);
            element
        });
        each.collect()
    }
}

impl Grower<'_, '_> {
    fn tree(&mut self, depth: usize) -> Tree {
        if depth == 0 || self.binding + 1 >= MOST_ELEMENTS {
            return self.leaf();
        }
        match self
            .random
            .weighted(&[(48, 0), (14, 1), (12, 2), (10, 3), (16, 4)])
        {
            0 => self.sequence(depth),
            1 => Tree::Or(self.parts(depth)),
            2 => {
                let mut parts = self.parts(depth);
                if self.random.chance(25) {
                    let not = self.not();
                    parts.push(not);
                }
                Tree::And(parts)
            }
            3 => {
                let group = self.sequence(depth);
                self.repeated(group)
            }
            _ => self.leaf(),
        }
    }

    fn repeated(&mut self, body: Tree) -> Tree {
        let quantifier = self.random.pick(&QUANTIFIERS);
        let mode = self
            .random
            .weighted(&[(80, ""), (12, " strict"), (8, " any")]);
        let until = self.random.chance(12).then(|| self.element());
        Tree::Repeat(body.into(), format!("{quantifier}{mode}"), until)
    }

    fn parts(&mut self, depth: usize) -> Vec<Tree> {
        let first = self.tree(depth - 1);
        let second = if self.random.chance(10) {
            self.not()
        } else {
            self.tree(depth - 1)
        };
        vec![first, second]
    }

    fn sequence(&mut self, depth: usize) -> Tree {
        let mut steps = Vec::new();
        for _ in 0..self.random.between(2, 3) {
            if self.random.chance(15) {
                steps.push(("->", self.not()));
            }
            let arrow = self.random.weighted(&[(70, "->"), (18, "=>"), (12, "~>")]);
            steps.push((arrow, self.tree(depth - 1)));
            if self.binding >= MOST_ELEMENTS {
                break;
            }
        }
        if steps.len() == 1 || self.random.chance(12) {
            steps.push(("->", self.not()));
        }
        Tree::Sequence(steps)
    }

    fn leaf(&mut self) -> Tree {
        self.binding += 1;
        let body = Tree::Element(self.element());
        if self.random.chance(45) {
            return self.repeated(body);
        }
        body
    }

    fn not(&mut self) -> Tree {
        let mut elements = vec![self.element()];
        if self.random.chance(15) {
            elements.push(self.element());
        }
        let time = self.random.chance(50).then(|| self.random.between(1, 5));
        Tree::Not(elements, time)
    }

    fn element(&mut self) -> Element {
        let number = self.elements;
        self.elements += 1;
        let types = self
            .random
            .pick(&["a", "a", "a", "b", "b", "b", "c", "a | b"]);
        let mut conditions = Vec::new();
        while conditions.len() < 2 && self.random.chance(35) {
            conditions.push(self.condition(number));
        }
        Element {
            number,
            types,
            conditions,
        }
    }

    fn condition(&mut self, own: usize) -> String {
        let how = self.random.pick(&["==", "!=", "<", "<=", ">", ">="]);
        let value = self.random.below(4);
        // Not all others can be spoken of: what can't be is refused, and another pattern is made.
        let other = format!("e{}", self.random.below(own + 2));
        match self.random.weighted(&[
            (40, 0),
            (25, 1),
            (6, 2),
            (6, 3),
            (6, 4),
            (6, 5),
            (5, 6),
            (6, 7),
        ]) {
            0 => format!("v {how} {value}"),
            1 => format!("v {how} {other}.v"),
            2 => format!("v {how} ({other}.prev.v ?? {value})"),
            3 => format!("count({other}) {how} {value}"),
            4 => format!("v {how} (sum({other}.v) ?? {value})"),
            5 => format!("v {how} prev.v"),
            6 => format!("(v == {other}.first.v or v == {value})"),
            _ => format!("{other}.last.v is null"),
        }
    }
}

//! Patterns: what a tree names is there, and each of its parts needs an event where it has to.

use trapjaw_event::FieldType;

use super::code::{Scope, check as check_code};
use super::error::{Fault, VerifyError, Within, limited};
use super::rule::{name, output_of, positive};
use crate::limits::{MAX_ELEMENTS, MAX_PATTERN_DEPTH, MAX_READS, MAX_ROUNDS, MAX_WAYS};
use crate::pattern::{Element, Node, Pattern, Pick, Read, Repeat, Skip, What};
use crate::rule::{AggregateFunction, Clause, Rule, RuleSet};

/// The pattern of a rule, or that it needs none. Types, keys and aggregates are known to be sound.
pub(super) fn check(rule: &Rule, set: &RuleSet) -> Result<(), VerifyError> {
    match (&rule.pattern, rule.clause) {
        (None, Clause::Match) | (Some(_), _)
            if rule.pattern.is_none() || rule.clause != Clause::Match =>
        {
            Err(VerifyError::new(
                Fault::PatternMissing,
                "`match` and a pattern belong together",
            ))
        }
        (None, _) => Ok(()),
        (Some(pattern), _) => Checker { pattern, rule, set }
            .check()
            .within(|| "pattern".into()),
    }
}

struct Checker<'a> {
    pattern: &'a Pattern,
    rule: &'a Rule,
    set: &'a RuleSet,
}

impl Checker<'_> {
    fn check(&self) -> Result<(), VerifyError> {
        let Self { pattern, rule, .. } = *self;
        limited("elements", pattern.elements.len(), MAX_ELEMENTS)?;
        limited("silences", pattern.spans.len(), MAX_ELEMENTS)?;
        limited("reads", pattern.reads.len(), MAX_READS)?;
        pattern
            .within
            .map_or(Ok(()), positive)
            .within(|| "within".into())?;
        one_each(pattern.over.len(), rule.aggregates.len())?;
        one_each(pattern.keys.len(), rule.sources.len())?;
        self.over()?;
        match pattern.skip {
            Skip::ToFirst(element) | Skip::ToLast(element) => self.bound(element)?,
            Skip::PastLast | Skip::ToNext | Skip::None => {}
        }
        for silence in &pattern.spans {
            positive(silence.duration)?;
            self.unbound(silence.elements)?;
        }
        for read in &pattern.reads {
            self.read(read).within(|| format!("read `{}`", read.name))?;
        }
        for (place, sets) in pattern.keys.iter().enumerate() {
            self.keys(place, sets)
                .within(|| format!("keys of source {place}"))?;
        }
        for element in &pattern.elements {
            self.element(element)
                .within(|| format!("element `{}`", element.alias))?;
        }
        let mut taken = 0;
        self.node(&pattern.root, &mut taken, 0)?;
        if taken == 0 {
            return Err(part("it takes no event"));
        }
        let ways = usize::try_from(pattern.root.ways()).unwrap_or(usize::MAX);
        limited("ways at one event", ways, MAX_WAYS)
    }

    /// What aggregates are over; and whether matches that are told together can be told.
    fn over(&self) -> Result<(), VerifyError> {
        let Self { pattern, rule, .. } = *self;
        for (over, aggregate) in pattern.over.iter().zip(&rule.aggregates) {
            let counts_matches = pattern.together
                && aggregate.function == AggregateFunction::Count
                && aggregate.argument.is_none()
                && aggregate.filter.is_none();
            match over {
                Some(element) => self.bound(*element)?,
                None if counts_matches => {}
                None => return Err(unknown("an aggregate is over no element".into())),
            }
        }
        if pattern.together && (pattern.skip != Skip::None || pattern.reports_timeout) {
            return Err(part(
                "matches are told together of a pattern that does not tell all, or tells timeouts",
            ));
        }
        Ok(())
    }

    fn bound(&self, element: u16) -> Result<(), VerifyError> {
        match self.pattern.elements.get(usize::from(element)) {
            Some(element) if element.binds => Ok(()),
            _ => Err(unknown(format!("no element {element} that binds"))),
        }
    }

    /// All of a set are there and bind nothing.
    fn unbound(&self, elements: u64) -> Result<(), VerifyError> {
        for index in (0..u64::BITS as usize).filter(|index| elements >> index & 1 == 1) {
            if self
                .pattern
                .elements
                .get(index)
                .is_none_or(|element| element.binds)
            {
                return Err(unknown(format!("no element {index} that binds nothing")));
            }
        }
        Ok(())
    }

    fn read(&self, read: &Read) -> Result<(), VerifyError> {
        let (pick, plain) = match &read.what {
            What::Field(pick, _) => (*pick, None),
            What::Envelope(pick, envelope) => (*pick, Some(envelope.kind())),
            What::Key(part) => {
                return match self.rule.key.get(usize::from(*part)) {
                    Some(part) if part.ty == read.ty => Ok(()),
                    _ => Err(unknown(format!("no part {part} of the key"))),
                };
            }
            What::Waiting if read.ty == FieldType::Text => return Ok(()),
            What::Waiting => return Err(unknown("a text".into())),
        };
        match pick {
            Pick::First(element) | Pick::Last(element) | Pick::BeforeLast(element) => {
                self.bound(element)?;
            }
            Pick::Previous => {}
        }
        if plain.is_some_and(|kind| kind != crate::code::Kind::of(&read.ty)) {
            return Err(unknown("a value of another kind".into()));
        }
        let What::Field(_, places) = &read.what else {
            return Ok(());
        };
        one_each(places.len(), self.rule.sources.len())?;
        for (place, source) in places.iter().zip(&self.rule.sources) {
            let Some(place) = place else { continue };
            let fields = &self.set.registry.get(source.type_id).fields;
            let id = source.kept.get(usize::from(*place));
            if id.is_none_or(|id| fields[id.index()].ty != read.ty) {
                return Err(unknown(format!(
                    "no kept field {place} of type {}",
                    read.ty
                )));
            }
        }
        Ok(())
    }

    fn keys(&self, place: usize, sets: &[u64]) -> Result<(), VerifyError> {
        let sees = |element: &Element| element.tests.get(place).is_some_and(Option::is_some);
        let all = (self.pattern.elements.iter().zip(0..))
            .filter(|(element, _)| sees(element))
            .fold(0_u64, |all, (_, index)| all | 1 << index);
        let parted = sets
            .iter()
            .try_fold(0, |seen, set| (seen & set == 0).then_some(seen | set));
        if parted != Some(all) || sets.is_empty() {
            return Err(VerifyError::new(
                Fault::PatternLists,
                "its sets are not the elements that see the source, each once",
            ));
        }
        let inputs = &self.rule.sources[place].inputs;
        for set in 1..sets.len() {
            for part in &self.rule.key {
                let output = u32::from(part.output) + (set * self.rule.key.len()) as u32;
                output_of(inputs, output, Some(&part.ty))?;
            }
        }
        Ok(())
    }

    fn element(&self, element: &Element) -> Result<(), VerifyError> {
        name(&element.alias)?;
        one_each(element.tests.len(), self.rule.sources.len())?;
        for (test, source) in element.tests.iter().zip(&self.rule.sources) {
            let Some(test) = test else { continue };
            if let Some(condition) = test.condition {
                let conditions = &self.set.types[source.type_id.index()].code;
                output_of(conditions, condition, Some(&FieldType::Bool))?;
            }
            let scope = Scope::Pattern {
                event: Some(self.set.registry.get(source.type_id)),
                reads: &self.pattern.reads,
                aggregates: &self.rule.aggregates,
            };
            for late in &test.late {
                check_code(&late.code, &scope, &self.set.tables)?;
                output_of(&late.code, 0, Some(&FieldType::Bool))?;
                for index in (0..64).filter(|index| late.awaits >> index & 1 == 1) {
                    self.bound(index)?;
                }
            }
        }
        Ok(())
    }

    /// A part, and that it takes no element that another one takes.
    fn node(&self, node: &Node, taken: &mut u64, depth: usize) -> Result<(), VerifyError> {
        limited("levels", depth, MAX_PATTERN_DEPTH)?;
        match node {
            Node::Element(element) => {
                self.bound(*element)?;
                let bit = 1 << element;
                if *taken & bit != 0 {
                    return Err(unknown(format!("element {element} again")));
                }
                *taken |= bit;
                Ok(())
            }
            Node::Sequence(parts) if parts.is_empty() => Err(part("an empty sequence")),
            Node::Sequence(parts) => {
                (parts.iter()).try_for_each(|(_, node)| self.node(node, taken, depth + 1))
            }
            Node::Either(nodes) | Node::Both(nodes, _) if nodes.is_empty() => {
                Err(part("nothing to choose from"))
            }
            Node::Either(nodes) => self.nodes(nodes, taken, depth),
            Node::Both(nodes, without) => {
                self.unbound(*without)?;
                let silence = |node: &Node| matches!(node, Node::Silence(_));
                if nodes.iter().any(|node| is_empty(node) && !silence(node)) {
                    return Err(part("a part of `and` that matches without an event"));
                }
                self.nodes(nodes, taken, depth)
            }
            Node::Repeat(repeat) => self.repeat(repeat, taken, depth),
            Node::Not(elements) => self.unbound(*elements),
            Node::Silence(span) if usize::from(*span) < self.pattern.spans.len() => Ok(()),
            Node::Silence(span) => Err(unknown(format!("no silence {span}"))),
        }
    }

    fn nodes(&self, nodes: &[Node], taken: &mut u64, depth: usize) -> Result<(), VerifyError> {
        limited("parts", nodes.len(), MAX_ELEMENTS)?;
        nodes
            .iter()
            .try_for_each(|node| self.node(node, taken, depth + 1))
    }

    fn repeat(&self, repeat: &Repeat, taken: &mut u64, depth: usize) -> Result<(), VerifyError> {
        let most = repeat.max.unwrap_or(repeat.min.max(1));
        if most == 0 || repeat.min > most || most > MAX_ROUNDS || is_empty(&repeat.node) {
            return Err(part(
                "a repetition of nothing, or without end, or of no number",
            ));
        }
        self.unbound(repeat.until)?;
        self.node(&repeat.node, taken, depth + 1)
    }
}

/// Does a part match without an event?
fn is_empty(node: &Node) -> bool {
    match node {
        Node::Element(_) => false,
        Node::Not(_) | Node::Silence(_) => true,
        Node::Sequence(parts) => parts.iter().all(|(_, node)| is_empty(node)),
        Node::Either(nodes) => nodes.iter().any(is_empty),
        Node::Both(nodes, _) => nodes.iter().all(is_empty),
        Node::Repeat(repeat) => repeat.min == 0 || is_empty(&repeat.node),
    }
}

fn unknown(reason: String) -> VerifyError {
    VerifyError::new(Fault::PatternElement, reason)
}

fn part(reason: &str) -> VerifyError {
    VerifyError::new(Fault::PatternPart, reason)
}

fn one_each(lists: usize, things: usize) -> Result<(), VerifyError> {
    if lists == things {
        return Ok(());
    }
    Err(VerifyError::new(
        Fault::PatternLists,
        format!("{lists} for {things}"),
    ))
}

//! A pattern as text, for readers of listings.

use core::fmt::{self, Write};

use trapjaw_event::Registry;

use super::disassemble::Subject;
use super::listing::{Span, field, result, write_code};
use crate::pattern::{Contiguity, Node, Pattern, Repeat, Skip};
use crate::rule::Rule;

/// The elements with what they ask of an event, then how they are put together.
pub(super) fn write(
    text: &mut String,
    pattern: &Pattern,
    rule: &Rule,
    registry: &Registry,
) -> fmt::Result {
    for (number, element) in pattern.elements.iter().enumerate() {
        let verb = if element.binds { "binds" } else { "forbids" };
        writeln!(text, "  element {number} {verb} {}", element.alias)?;
        for (test, source) in element.tests.iter().zip(&rule.sources) {
            let Some(test) = test else { continue };
            let ty = registry.get(source.type_id);
            write!(text, "    {}", ty.name)?;
            match test.condition {
                Some(condition) => writeln!(text, " where condition {condition}")?,
                None => writeln!(text)?,
            }
            for late in &test.late {
                writeln!(text, "      and")?;
                write_code(text, &late.code, "        ", &|subject| match subject {
                    Subject::Input(input) => field(ty, input).or_else(|| result(rule, input)),
                    Subject::Output(_) => None,
                })?;
            }
        }
    }
    write!(text, "  match {}", shown(pattern, &pattern.root))?;
    if let Some(within) = pattern.within {
        write!(text, " within {}", Span(within))?;
    }
    let alias = |element: u16| &pattern.elements[usize::from(element)].alias;
    match pattern.skip {
        Skip::PastLast => writeln!(text),
        Skip::ToNext => writeln!(text, " skip to next"),
        Skip::ToFirst(element) => writeln!(text, " skip to first {}", alias(element)),
        Skip::ToLast(element) => writeln!(text, " skip to last {}", alias(element)),
        Skip::None if pattern.together => writeln!(text, " skip none together"),
        Skip::None => writeln!(text, " skip none"),
    }
}

/// A part as the language writes it, without conditions.
pub(super) fn shown(pattern: &Pattern, node: &Node) -> String {
    let each = |nodes: &[Node], between: &str| {
        let nodes: Vec<String> = nodes.iter().map(|node| grouped(pattern, node)).collect();
        nodes.join(between)
    };
    match node {
        Node::Element(element) => pattern.elements[usize::from(*element)].alias.to_string(),
        Node::Sequence(parts) => {
            let mut text = String::new();
            for (place, (contiguity, node)) in parts.iter().enumerate() {
                let arrow = match contiguity {
                    _ if place == 0 => "",
                    Contiguity::Relaxed => " -> ",
                    Contiguity::Strict => " => ",
                    Contiguity::Any => " ~> ",
                };
                text.push_str(arrow);
                text.push_str(&grouped(pattern, node));
            }
            text
        }
        Node::Either(nodes) => each(nodes, " or "),
        Node::Both(nodes, 0) => each(nodes, " and "),
        Node::Both(nodes, without) => {
            format!(
                "{} and not {}",
                each(nodes, " and "),
                set(pattern, *without)
            )
        }
        Node::Repeat(repeat) => {
            format!(
                "{}{}",
                grouped(pattern, &repeat.node),
                quantifier(pattern, repeat)
            )
        }
        Node::Not(elements) => format!("not {}", set(pattern, *elements)),
        Node::Silence(span) => {
            let silence = pattern.spans[usize::from(*span)];
            format!(
                "not {} for {}",
                set(pattern, silence.elements),
                Span(silence.duration)
            )
        }
    }
}

fn grouped(pattern: &Pattern, node: &Node) -> String {
    match node {
        Node::Sequence(_) | Node::Either(_) | Node::Both(..) => {
            format!("({})", shown(pattern, node))
        }
        _ => shown(pattern, node),
    }
}

fn quantifier(pattern: &Pattern, repeat: &Repeat) -> String {
    let mut text = match (repeat.min, repeat.max) {
        (0, Some(1)) => "?".to_owned(),
        (0, None) => "*".to_owned(),
        (1, None) => "+".to_owned(),
        (min, None) => format!("{{{min},}}"),
        (min, Some(max)) if min == max => format!("{{{min}}}"),
        (min, Some(max)) => format!("{{{min},{max}}}"),
    };
    if repeat.reluctant {
        text.push('?');
    }
    match repeat.contiguity {
        Contiguity::Relaxed => {}
        Contiguity::Strict => text.push_str(" strict"),
        Contiguity::Any => text.push_str(" any"),
    }
    if repeat.until != 0 {
        text.push_str(" until ");
        text.push_str(&set(pattern, repeat.until));
    }
    text
}

/// The names of a set of elements.
pub(super) fn set(pattern: &Pattern, elements: u64) -> String {
    let elements = pattern
        .elements
        .iter()
        .zip(0..)
        .filter(|(_, index)| elements >> index & 1 == 1);
    let names: Vec<&str> = elements.map(|(element, _)| &*element.alias).collect();
    names.join(" or ")
}

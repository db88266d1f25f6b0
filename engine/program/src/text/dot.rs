//! A pattern's automaton as a picture.

use core::fmt::Write;
use std::collections::{BTreeMap, BTreeSet, HashSet, VecDeque};

use super::listing::Span;
use super::pattern::{set, shown};
use crate::pattern::{Arrival, Pattern, Rest, Taken};
use crate::rule::RuleSet;

/// Places that are walked through; a picture with more would not be read.
const MAX_PLACES: usize = 1_024;

/// The automaton of a rule's pattern in the language of Graphviz; `None` where the rule has none.
///
/// A circle is an element whose event was taken last, an arrow what may be taken next: solid `->`, bold `=>`, dashed
/// `~>`. What stands on an arrow must not occur, or has to pass, before.
///
/// # Panics
///
/// If the set has no such rule.
pub fn dot(set: &RuleSet, rule: trapjaw_event::RuleId) -> Option<String> {
    let rule = &set.rules[rule.index()];
    let pattern = rule.pattern.as_ref()?;
    let mut text = String::new();
    let quoted = |text: &str| text.replace('\\', "\\\\").replace('"', "\\\"");
    let _ = writeln!(text, "digraph \"{}\" {{", quoted(&rule.name));
    let _ = writeln!(text, "    rankdir=LR;");
    let _ = writeln!(
        text,
        "    label=\"{}\";",
        quoted(&shown(pattern, &pattern.root))
    );
    let _ = writeln!(text, "    start [shape=point];");
    let _ = writeln!(text, "    end [shape=doublecircle, label=\"\"];");
    for (number, element) in pattern.elements.iter().enumerate().filter(|(_, e)| e.binds) {
        let _ = writeln!(
            text,
            "    e{number} [shape=circle, label=\"{}\"];",
            quoted(&element.alias)
        );
    }
    for ((from, to), labels) in arrows(pattern) {
        let name = |element: Option<u16>, none: &str| match element {
            Some(element) => format!("e{element}"),
            None => none.to_owned(),
        };
        let (from, to) = (name(from, "start"), name(to, "end"));
        for (style, label) in labels {
            let _ = writeln!(
                text,
                "    {from} -> {to} [style={style}, label=\"{}\"];",
                quoted(&label)
            );
        }
    }
    text.push_str("}\n");
    Some(text)
}

/// From one element to another; `None` is the start, or the end.
type Arrow = (Option<u16>, Option<u16>);

/// The arrows between elements, each with its styles and labels.
fn arrows(pattern: &Pattern) -> BTreeMap<Arrow, BTreeSet<(&'static str, String)>> {
    let mut arrows: BTreeMap<Arrow, BTreeSet<_>> = BTreeMap::new();
    let beginnings = pattern.beginnings().into_iter().map(|rest| (None, rest));
    let mut places: VecDeque<(Option<u16>, Rest)> = beginnings.collect();
    let mut seen = HashSet::new();
    while let Some((from, rest)) = places.pop_front() {
        if seen.len() >= MAX_PLACES || !seen.insert((from, rest.clone())) {
            continue;
        }
        let awaited = pattern.awaited(&rest);
        let skips = pattern.at_event(&rest, 0).skipped;
        for element in
            (0..pattern.elements.len()).filter(|index| awaited.elements >> index & 1 == 1)
        {
            let event = pattern.at_event(&rest, 1 << element);
            let style = match (event.skipped, skips) {
                _ if from.is_none() => "solid",
                (true, _) => "dashed",
                (false, false) => "bold",
                (false, true) => "solid",
            };
            let back = event.taken.iter().fold(0, |back, taken| back | taken.back);
            let label = label(pattern, awaited.forbidden | back, &event.taken);
            let to = Some(element as u16);
            arrows.entry((from, to)).or_default().insert((style, label));
            for arrival in event.taken.into_iter().flat_map(|taken| taken.arrivals) {
                arrive(&mut arrows, &mut places, to, arrival, String::new());
            }
        }
        for arrival in pattern.at_deadline(&rest, awaited.spans) {
            arrive(
                &mut arrows,
                &mut places,
                from,
                arrival,
                quiet(pattern, awaited.spans),
            );
        }
        if awaited.window {
            let label = format!("no {} in the window", set(pattern, awaited.forbidden));
            arrows
                .entry((from, None))
                .or_default()
                .insert(("solid", label));
        }
    }
    arrows
}

fn arrive(
    arrows: &mut BTreeMap<Arrow, BTreeSet<(&'static str, String)>>,
    places: &mut VecDeque<(Option<u16>, Rest)>,
    from: Option<u16>,
    arrival: Arrival,
    label: String,
) {
    match arrival.rest {
        Some(rest) => places.push_back((from, rest)),
        None => {
            arrows
                .entry((from, None))
                .or_default()
                .insert(("solid", label));
        }
    }
}

/// Silences as they are written.
fn quiet(pattern: &Pattern, spans: u64) -> String {
    let each = pattern
        .spans
        .iter()
        .zip(0..)
        .filter(|(_, index)| spans >> index & 1 == 1);
    let each = each.map(|(silence, _)| {
        format!(
            "no {} for {}",
            set(pattern, silence.elements),
            Span(silence.duration)
        )
    });
    each.collect::<Vec<_>>().join(", ")
}

fn label(pattern: &Pattern, forbidden: u64, taken: &[Taken]) -> String {
    let spans = taken
        .iter()
        .fold(0, |spans, taken| spans | taken.back_spans);
    let mut labels = Vec::new();
    if forbidden != 0 {
        labels.push(format!("no {}", set(pattern, forbidden)));
    }
    if spans != 0 {
        labels.push(quiet(pattern, spans));
    }
    labels.join(", ")
}

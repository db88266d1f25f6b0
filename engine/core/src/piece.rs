//! How many rows of a step are evaluated together.
//!
//! What rules find is told in order, so that it is collected first. What a row brings is bounded by the number
//! of rules; what a batch may bring is that times 16,384 rows. So a batch of which rules take more than
//! [`TAKEN_AT_ONCE`] rows is evaluated in pieces, as if it had been cut.

use core::ops::Range;

use trapjaw_event::RuleId;
use trapjaw_program::RuleSet;

use crate::limits::TAKEN_AT_ONCE;
use crate::rule::{Span, State};
use crate::segment::Segment;
use crate::vm::bits;

/// The rows of a step in pieces.
pub(crate) fn pieces(
    rules: &RuleSet,
    states: &[State],
    segments: &[Segment<'_>],
    rows: usize,
) -> impl Iterator<Item = Span> + use<> {
    let parts = parts(rules, states, segments, rows);
    let whole = parts.is_empty().then_some(Span::Whole);
    whole.into_iter().chain(parts)
}

/// The pieces, where there have to be several.
fn parts(rules: &RuleSet, states: &[State], segments: &[Segment<'_>], rows: usize) -> Vec<Span> {
    let at_most = |segment: &Segment<'_>| match segment.found() {
        None => segment.section.rows() * segment.readers().len(),
        Some(found) => {
            let always = found.always().len();
            let found = found
                .concerned()
                .map(|(rules, rows)| rules.len() * rows.len());
            // A pattern may take a row of which a condition is true for several of its elements.
            segment.section.rows() * always + found.sum::<usize>()
        }
    };
    if segments.iter().map(at_most).sum::<usize>() <= TAKEN_AT_ONCE {
        return Vec::new();
    }
    let taken = |piece: &Range<u32>| -> usize {
        let segments = segments.iter();
        segments
            .map(|segment| taken(rules, states, segment, piece))
            .sum()
    };
    let mut pieces = Vec::new();
    // Those to come, the next one last.
    let mut rest: Vec<Range<u32>> = core::iter::once(0..rows as u32).collect();
    while let Some(piece) = rest.pop() {
        if piece.len() > 1 && taken(&piece) > TAKEN_AT_ONCE {
            let middle = piece.start + piece.len() as u32 / 2;
            rest.push(middle..piece.end);
            rest.push(piece.start..middle);
        } else {
            pieces.push(Span::Part(piece));
        }
    }
    if let [_] = &*pieces {
        pieces.clear();
    }
    pieces
}

/// How many rows of a piece all rules take of a segment.
fn taken(rules: &RuleSet, states: &[State], segment: &Segment<'_>, piece: &Range<u32>) -> usize {
    if let Some(targets) = segment.targets() {
        return targets
            .iter()
            .filter(|(_, row)| piece.contains(row))
            .count();
    }
    let rows = segment.rows_in(piece);
    let taken_by = |rule: RuleId, source: u16| {
        if rules.rules[rule.index()].pattern.is_some() {
            return rows.len();
        }
        let condition = rules.rules[rule.index()].sources[usize::from(source)].condition;
        match segment.truth(condition) {
            Some(truth) if !states[rule.index()].breaks() => bits::count_in(&truth, rows.clone()),
            _ => rows.len(),
        }
    };
    match segment.found() {
        None => {
            let readers = segment.readers().iter();
            readers.map(|&(rule, source)| taken_by(rule, source)).sum()
        }
        Some(found) => {
            let always = found.always().iter().map(|&id| {
                let rule = &rules.rules[id.index()];
                let source = segment.source_index((id, rule)).unwrap_or_default();
                taken_by(id, source as u16)
            });
            let found = found.concerned().map(|(rules, found)| {
                let before = |end: usize| found.partition_point(|&row| (row as usize) < end);
                rules.len() * (before(rows.end) - before(rows.start))
            });
            always.sum::<usize>() + found.sum::<usize>()
        }
    }
}

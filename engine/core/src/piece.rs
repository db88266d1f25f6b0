//! How many rows of a step are evaluated together.
//!
//! What rules find is told in order, so that it is collected first. What a row brings is bounded by the number
//! of rules; what a batch may bring is that times 16,384 rows. So a batch of which rules take more than
//! [`TAKEN_AT_ONCE`] rows is evaluated in pieces, as if it had been cut.

use core::ops::Range;

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
) -> Vec<Span> {
    let at_most = |segment: &Segment<'_>| segment.section.rows() * segment.readers().len();
    if segments.iter().map(at_most).sum::<usize>() <= TAKEN_AT_ONCE {
        return vec![Span::Whole];
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
    match &*pieces {
        [_] => vec![Span::Whole],
        _ => pieces,
    }
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
    let by_rule = segment.readers().iter().map(|&(rule, source)| {
        if rules.rules[rule.index()].pattern.is_some() {
            return rows.len();
        }
        let condition = rules.rules[rule.index()].sources[usize::from(source)].condition;
        match segment.truth(condition) {
            Some(truth) if !states[rule.index()].breaks() => bits::count_in(&truth, rows.clone()),
            _ => rows.len(),
        }
    });
    by_rule.sum()
}

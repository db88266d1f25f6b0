//! What one rule takes in during a step: its rows, their keys and arguments.

use core::cell::OnceCell;
use core::ops::Range;
use std::borrow::Cow;
use std::sync::Arc;

use trapjaw_event::RuleId;
use trapjaw_program::{Input, Rule, RuleSet, Table};

use super::asked::Tests;
use super::group::Group;
use super::reader::KeyReader;
use crate::aggregate::{self, Argument};
use crate::counters::Faults;
use crate::kept::Keeping;
use crate::place::{Cause, compare_inputs};
use crate::segment::Segment;
use crate::vm::{self, Registers, Selection, bits};

/// The rows of a step that are evaluated together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Span {
    /// All.
    Whole,
    /// These.
    Part(Range<u32>),
}

impl Span {
    fn has(&self, row: u32) -> bool {
        match self {
            Self::Whole => true,
            Self::Part(rows) => rows.contains(&row),
        }
    }
}

/// The rows of one segment that a rule takes in, and what it computes of them.
#[derive(Debug)]
pub(crate) struct Intake<'s> {
    pub(crate) segment: &'s Segment<'s>,
    /// Its number among the step's segments.
    pub(crate) number: u32,
    /// Place in the rule's sources.
    pub(crate) source: u16,
    pub(crate) rows: Picked,
    /// For each of `rows`: does it satisfy the condition? `None`: all do.
    pub(crate) satisfied: Option<Vec<u64>>,
    /// Of a pattern: which elements each of `rows` fits, as far as it alone says.
    pub(crate) fits: Vec<u64>,
    /// Of a pattern: the elements that ask for more.
    pub(crate) late: u64,
    /// Of a pattern: have the rows nothing but a type, a time and fields?
    pub(crate) is_bare: bool,
    /// Keys and arguments of `rows`.
    pub(crate) inputs: Registers<'s>,
    /// Arguments that other rules with the same windows have besides.
    pub(crate) more_inputs: Vec<Registers<'s>>,
}

/// An intake with its aggregates' arguments.
#[derive(Debug)]
pub(crate) struct Feed<'s> {
    intake: &'s Intake<'s>,
    pub(crate) arguments: Vec<Argument<'s>>,
    /// When each of the rows takes effect.
    pub(crate) effects: Cow<'s, [i64]>,
    keeping: OnceCell<Keeping<'s>>,
}

impl<'s> core::ops::Deref for Feed<'s> {
    type Target = Intake<'s>;

    fn deref(&self) -> &Intake<'s> {
        self.intake
    }
}

impl<'s> Feed<'s> {
    /// `effects`: when each row of the step takes effect.
    pub(crate) fn new(
        (rule, group): (&Rule, Option<&Group>),
        intake: &'s Intake<'s>,
        effects: &'s [i64],
    ) -> Self {
        let inputs = &intake.inputs;
        let of = |aggregate| aggregate::argument(aggregate, inputs);
        Self {
            intake,
            arguments: match group {
                None => rule.aggregates.iter().map(of).collect(),
                Some(group) => group.arguments(inputs, &intake.more_inputs, intake.rows.len()),
            },
            effects: intake.effects(effects),
            keeping: OnceCell::new(),
        }
    }

    /// Where the values are that its rule keeps of events.
    #[inline]
    pub(crate) fn keeping(&self, rule: &Rule) -> &Keeping<'s> {
        self.keeping.get_or_init(|| {
            let kept = &rule.sources[usize::from(self.source)].kept;
            Keeping::new(self.source, kept, self.intake.segment.section)
        })
    }

    /// Reads the keys of its rows. `place`: this shard and the number of shards.
    pub(crate) fn keys(&self, rule: &'s Rule, place: (u32, u32)) -> KeyReader<'s> {
        KeyReader::new(rule, &self.intake.inputs, 0, place)
    }

    /// Do sets of a pattern's elements see its rows under several keys?
    pub(crate) fn has_sets(&self, rule: &Rule) -> bool {
        (rule.pattern.as_ref())
            .is_some_and(|pattern| pattern.keys[usize::from(self.source)].len() > 1)
    }

    /// Reads the keys under which other sets of a pattern's elements see its rows: each with its set, the first set
    /// too.
    pub(crate) fn sets(&self, rule: &'s Rule, place: (u32, u32)) -> Vec<(u64, KeyReader<'s>)> {
        let Some(pattern) = &rule.pattern else {
            return Vec::new();
        };
        let sets = &pattern.keys[usize::from(self.source)];
        let readers = sets.iter().enumerate().map(|(number, set)| {
            let shift = (number * rule.key.len()) as u16;
            let reader = KeyReader::new(rule, &self.intake.inputs, shift, place);
            (*set, reader)
        });
        readers.filter(|_| sets.len() > 1).collect()
    }
}

/// Rows of a section.
#[derive(Debug)]
pub(crate) enum Picked {
    /// The first so many: all.
    All(u32),
    /// These, in order.
    Some(Vec<u32>),
}

impl Picked {
    pub(crate) fn len(&self) -> usize {
        match self {
            Self::All(rows) => *rows as usize,
            Self::Some(rows) => rows.len(),
        }
    }

    pub(crate) fn get(&self, index: u32) -> u32 {
        match self {
            Self::All(_) => index,
            Self::Some(rows) => rows[index as usize],
        }
    }

    fn selection(&self) -> Selection<'_> {
        match self {
            Self::All(rows) => Selection::All(*rows as usize),
            Self::Some(rows) => Selection::Rows(rows),
        }
    }
}

impl<'s> Intake<'s> {
    /// What of a segment goes into a rule, of the rows of the step that lie in `span`; `None` where nothing
    /// does. `breaks`: the rule also takes the rows that do not satisfy its condition.
    pub(crate) fn new(
        segment: &'s Segment<'s>,
        number: u32,
        (id, rule): (RuleId, &'s Rule),
        (breaks, span): (bool, &Span),
        tables: &'s [Arc<Table>],
    ) -> Option<Self> {
        let index = segment.source_index((id, rule))?;
        let source = &rule.sources[index];
        let all = segment.section.rows() as u32;
        let tests = rule
            .pattern
            .as_deref()
            .map(|pattern| Tests::new(pattern, index, segment));
        let (rows, satisfied) = match (&tests, source.condition) {
            (Some(tests), _) => (tests.rows(all)?, None),
            (None, None) => (Picked::All(all), None),
            (None, Some(condition)) => match segment.rows_of(condition) {
                Some([]) if !breaks => return None,
                Some(rows) if !breaks => (Picked::Some(rows.to_vec()), None),
                _ => {
                    let truth = segment.truth(Some(condition))?;
                    if breaks {
                        (Picked::All(all), Some(truth.into_owned()))
                    } else {
                        (Picked::Some(picked(&truth)?), None)
                    }
                }
            },
        };
        let (rows, satisfied) = match span {
            Span::Whole if segment.targets().is_none() => (rows, satisfied),
            _ => restrict(&rows, satisfied, |row| {
                span.has(segment.step_row(row)) && segment.is_for(id, row)
            }),
        };
        if rows.len() == 0 {
            return None;
        }
        let fits = tests
            .as_ref()
            .map(|tests| tests.fits(&rows))
            .unwrap_or_default();
        let inputs = vm::run(
            &source.inputs,
            tables,
            |input: Input| segment.bind(input),
            rows.selection(),
        );
        Some(Self {
            segment,
            number,
            source: index as u16,
            rows,
            satisfied,
            fits,
            is_bare: tests.is_some() && segment.is_bare(),
            late: tests.map_or(0, |tests| tests.late),
            inputs,
            more_inputs: Vec::new(),
        })
    }

    /// Computes what other rules with the same windows ask for besides.
    pub(crate) fn compute_more(&mut self, group: &Group, rules: &'s RuleSet) {
        let codes = group.more_inputs(rules);
        let bind = |input: Input| self.segment.bind(input);
        let more = codes.map(|code| vm::run(code, &rules.tables, bind, self.rows.selection()));
        self.more_inputs = more.collect();
    }

    /// What had no result: for each of the rules with the same windows.
    pub(crate) fn faults(&self, group: Option<&Group>) -> Faults {
        let Some(group) = group else {
            return self.inputs.faults();
        };
        let inputs = core::iter::once(&self.inputs).chain(&self.more_inputs);
        let each = inputs.zip(group.sharers());
        each.map(|(inputs, sharers)| inputs.faults() * sharers)
            .sum()
    }

    /// The elements that a row fits, as far as it alone says.
    pub(crate) fn fits(&self, index: u32) -> u64 {
        self.fits[index as usize]
    }

    pub(crate) fn is_satisfied(&self, index: u32) -> bool {
        self.satisfied
            .as_ref()
            .is_none_or(|bits| bits::get(bits, index as usize))
    }

    fn effects(&self, effects: &'s [i64]) -> Cow<'s, [i64]> {
        let segment = self.segment;
        match &self.rows {
            Picked::All(rows) if segment.is_step() => Cow::Borrowed(&effects[..*rows as usize]),
            rows => {
                let effect = |index| {
                    let row = rows.get(index);
                    segment
                        .effect(row)
                        .unwrap_or_else(|| effects[segment.step_row(row) as usize])
                };
                (0..rows.len() as u32).map(effect).collect()
            }
        }
    }

    fn order(&self, index: u32) -> (u32, &Cause) {
        let row = self.rows.get(index);
        (self.segment.step_row(row), self.segment.cause(row))
    }
}

pub(crate) fn picked(truth: &[u64]) -> Option<Vec<u32>> {
    let count = bits::count(truth);
    if count == 0 {
        return None;
    }
    let mut rows = Vec::with_capacity(count as usize);
    rows.extend(bits::ones(truth));
    Some(rows)
}

/// Of the rows, those for which `is_wanted` holds.
fn restrict(
    rows: &Picked,
    satisfied: Option<Vec<u64>>,
    is_wanted: impl Fn(u32) -> bool,
) -> (Picked, Option<Vec<u64>>) {
    let kept: Vec<u32> = (0..rows.len() as u32)
        .filter(|&index| is_wanted(rows.get(index)))
        .collect();
    let satisfied = satisfied.map(|bits| {
        let mut kept_bits = Vec::with_capacity(bits::words(kept.len()));
        bits::test_each(&kept, &mut kept_bits, |index| {
            bits::get(&bits, index as usize)
        });
        kept_bits
    });
    (
        Picked::Some(kept.into_iter().map(|index| rows.get(index)).collect()),
        satisfied,
    )
}

/// A row of one of a rule's feeds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct At {
    pub(crate) feed: u32,
    /// Which of the feed's rows.
    pub(crate) index: u32,
}

/// The rows of several feeds in the order in which they take effect.
pub(crate) fn merged(feeds: &[Feed<'_>]) -> Vec<At> {
    let each = feeds.iter().zip(0..);
    let mut order: Vec<At> = each
        .flat_map(|(feed, number)| {
            (0..feed.rows.len() as u32).map(move |index| At {
                feed: number,
                index,
            })
        })
        .collect();
    order.sort_by(|a, b| {
        let (fa, fb) = (&feeds[a.feed as usize], &feeds[b.feed as usize]);
        compare_inputs(fa.order(a.index), fb.order(b.index))
            .then((a.feed, a.index).cmp(&(b.feed, b.index)))
    });
    order
}

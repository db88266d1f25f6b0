//! The order of outputs: by what brought them about, whatever shard found them.

use core::cmp::Ordering;
use std::sync::Arc;

use trapjaw_event::RuleId;

/// What derived an event: the outputs that led to it, innermost first.
pub(crate) type Cause = Option<Arc<Link>>;

/// One output in a chain of causes. Chains are as long as rules derive from one another, which the verifier
/// bounds.
#[derive(Debug)]
pub(crate) struct Link {
    cause: Cause,
    deadline: i64,
    rule: u32,
    key: Box<[u8]>,
}

impl Link {
    pub(crate) fn new(cause: Cause, deadline: i64, rule: RuleId, key: Box<[u8]>) -> Self {
        let rule = rule.get();
        Self {
            cause,
            deadline,
            rule,
            key,
        }
    }
}

/// Where a match stands among the outputs of one row: timers (by deadline) before the event, then by rule
/// and key; what an output causes stands directly behind it. It is the same on whatever shard the match
/// was found.
#[derive(Clone, Debug)]
pub struct Place {
    cause: Cause,
    deadline: i64,
    rule: u32,
    key: Box<[u8]>,
    emission: u32,
}

impl Place {
    pub(crate) fn new(
        cause: Cause,
        deadline: i64,
        rule: RuleId,
        key: &[u8],
        emission: u32,
    ) -> Self {
        Self {
            cause,
            deadline,
            rule: rule.get(),
            key: key.into(),
            emission,
        }
    }

    fn step(&self) -> Step<'_> {
        Step {
            deadline: self.deadline,
            rule: self.rule,
            key: &self.key,
            emission: self.emission,
        }
    }
}

impl PartialEq for Place {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Place {}

impl PartialOrd for Place {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Place {
    fn cmp(&self, other: &Self) -> Ordering {
        compare((&self.cause, self.step()), (&other.cause, other.step()))
    }
}

/// Deadline of what is no timer's: behind all timers of its row.
pub(crate) const EVENT: i64 = i64::MAX;

/// One output by itself, beside the others of its row and cause.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Step<'a> {
    pub(crate) deadline: i64,
    pub(crate) rule: u32,
    pub(crate) key: &'a [u8],
    pub(crate) emission: u32,
}

/// Compares two outputs of one row: as the events or timers that brought them about, then by rule.
pub(crate) fn compare(a: (&Cause, Step<'_>), b: (&Cause, Step<'_>)) -> Ordering {
    if a.0.is_none() && b.0.is_none() {
        return a.1.cmp(&b.1);
    }
    let of_timer = |output: (&Cause, Step<'_>)| output.1.deadline != EVENT;
    compare_paths(&path(a), &path(b))
        .then_with(|| of_timer(b).cmp(&of_timer(a)))
        .then_with(|| a.1.cmp(&b.1))
}

/// From the outermost cause to the event, or the timer, that brought an output about.
fn path<'a>((cause, own): (&'a Cause, Step<'a>)) -> Vec<Step<'a>> {
    let mut steps = chain(cause);
    if own.deadline != EVENT {
        steps.push(Step { emission: 0, ..own });
    }
    steps
}

fn chain(cause: &Cause) -> Vec<Step<'_>> {
    let mut steps = Vec::new();
    let mut cause = cause.as_ref();
    while let Some(link) = cause {
        steps.push(Step {
            deadline: link.deadline,
            rule: link.rule,
            key: &link.key,
            emission: 0,
        });
        cause = link.cause.as_ref();
    }
    steps.reverse();
    steps
}

/// Orders what happens at one row: what timers bring about, then the row's own event (the empty path), then
/// what that brings about; and always a cause before what it causes.
fn compare_paths(a: &[Step<'_>], b: &[Step<'_>]) -> Ordering {
    let root = |path: &[Step<'_>]| path.first().map_or(EVENT, |step| step.deadline);
    root(a).cmp(&root(b)).then_with(|| a.cmp(b))
}

/// The timer at the root of a chain of causes: its deadline and rule. `None` where an event is.
pub(crate) fn root_timer(cause: &Cause) -> Option<(i64, RuleId)> {
    let mut link = cause.as_ref()?;
    while let Some(outer) = &link.cause {
        link = outer;
    }
    (link.deadline != EVENT).then_some((link.deadline, RuleId::new(link.rule)))
}

/// Orders inputs: by row, then as what caused them.
pub(crate) fn compare_inputs(a: (u32, &Cause), b: (u32, &Cause)) -> Ordering {
    a.0.cmp(&b.0).then_with(|| match (a.1, b.1) {
        (None, None) => Ordering::Equal,
        (a, b) => compare_paths(&chain(a), &chain(b)),
    })
}

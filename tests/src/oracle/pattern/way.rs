//! Where a run stands.

use trapjaw_dsl::hir::pattern::{Condition, Contiguity, ElementId, Node, Not, Repeat, Step};

/// Something at which a run can move on.
#[derive(Clone, Copy, Debug)]
pub(super) enum Moment {
    /// The event at this place of the input.
    Event(usize),
    /// A deadline: its time, and how many events came before it.
    Deadline(i64, usize),
}

/// How the next event is to follow, and what must not come before it.
#[derive(Clone, Debug)]
pub(super) struct Entry<'p> {
    pub(super) contiguity: Contiguity,
    /// The place of the first event after the run began to wait.
    pub(super) next: usize,
    /// When it began to wait.
    pub(super) since: i64,
    /// `not`s that end the run until the next event is taken, that event included.
    pub(super) guards: Vec<&'p Not>,
    /// `not`s that look back from the next event.
    pub(super) back: Vec<&'p Not>,
}

/// Where a run stands: what it waits for, and what comes after that.
#[derive(Clone, Debug)]
pub(super) struct Way<'p> {
    pub(super) head: Head<'p>,
    /// What comes after, the nearest last.
    pub(super) rest: Vec<Frame<'p>>,
    /// The choices that it made since it took an event, and how.
    pub(super) choices: Vec<Choice>,
}

#[derive(Clone, Debug)]
pub(super) enum Head<'p> {
    /// Nothing is left.
    Done,
    Element(ElementId, Entry<'p>),
    /// Until the deadline, none of these.
    Silence(&'p [ElementId], i64, Entry<'p>),
    All(All<'p>),
    /// The operand of an `and` with which the match begins, before it has begun.
    Fresh(&'p Node),
}

/// An `and` that is gone through.
#[derive(Clone, Debug)]
pub(super) struct All<'p> {
    pub(super) operands: Vec<Way<'p>>,
    /// `not`s without a time.
    pub(super) nots: Vec<&'p Not>,
    /// Until one of them takes an event.
    pub(super) entry: Option<Entry<'p>>,
    /// The elements of each operand.
    pub(super) elements: Vec<ElementId>,
    /// What was bound in this passage.
    pub(super) bound: Vec<ElementId>,
    /// Conditions that are put off, each with what was bound.
    pub(super) put_off: Vec<(ElementId, usize, &'p Condition)>,
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Frame<'p> {
    /// The end of the whole pattern.
    End,
    /// Steps of a sequence; with the arrow before the sequence, until it takes an event or passes a `not`.
    Steps(&'p [Step], Option<Contiguity>),
    /// So many rounds are done, with the one that is on its way.
    Round(&'p Repeat, u32),
}

/// One way of several.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Choice {
    /// Of which split.
    pub(super) split: usize,
    /// Which way.
    pub(super) way: usize,
    /// Whether it competes with the others.
    pub(super) competes: bool,
}

impl Choice {
    /// Whether a run that made this choice competes with one that made the other.
    pub(super) fn competes_with(&self, other: &Choice) -> bool {
        self.competes && self.split == other.split && self.way != other.way
    }
}

/// A way of taking a moment.
#[derive(Clone, Debug)]
pub(super) struct Taking<'p> {
    /// Where the run stands then.
    pub(super) way: Way<'p>,
    /// What was bound, if the moment is an event.
    pub(super) bound: Option<(ElementId, usize)>,
    /// `not`s that are looked at when the run completes, each with the event from which they look back.
    pub(super) back: Vec<(&'p Not, usize)>,
    /// The choices that are settled by it.
    pub(super) settled: Vec<Choice>,
    /// Whether it could not have been skipped.
    pub(super) must: bool,
    /// Conditions of what was bound that name other operands.
    pub(super) put_off: Vec<&'p Condition>,
}

/// Where a run begins to wait that passed a deadline.
pub(super) fn after_deadline<'p>(at: i64, next: usize) -> Entry<'p> {
    Entry {
        contiguity: Contiguity::Relaxed,
        next,
        since: at,
        guards: Vec::new(),
        back: Vec::new(),
    }
}

pub(super) fn way<'p>(head: Head<'p>, rest: Vec<Frame<'p>>) -> Way<'p> {
    Way {
        head,
        rest,
        choices: Vec::new(),
    }
}

/// What comes after, once an event was taken or a `not` passed: in the groups around it, their own arrows count.
pub(super) fn begun_groups<'p>(frames: &[Frame<'p>]) -> Vec<Frame<'p>> {
    let begun = frames.iter().map(|frame| match *frame {
        Frame::Steps(steps, _) => Frame::Steps(steps, None),
        other => other,
    });
    begun.collect()
}

impl Way<'_> {
    /// The choices that are not settled yet.
    pub(super) fn all_choices(&self) -> Vec<Choice> {
        let mut choices = self.choices.clone();
        if let Head::All(all) = &self.head {
            choices.extend(all.operands.iter().flat_map(Way::all_choices));
        }
        choices
    }

    /// The elements that are waited for.
    pub(super) fn awaited(&self) -> Vec<ElementId> {
        match &self.head {
            Head::Done | Head::Silence(..) | Head::Fresh(_) => Vec::new(),
            Head::Element(element, _) => vec![*element],
            Head::All(all) => all.operands.iter().flat_map(Way::awaited).collect(),
        }
    }

    /// The deadlines at which it moves.
    pub(super) fn deadlines(&self) -> Vec<i64> {
        match &self.head {
            Head::Done | Head::Element(..) | Head::Fresh(_) => Vec::new(),
            Head::Silence(_, deadline, _) => vec![*deadline],
            Head::All(all) => all.operands.iter().flat_map(Way::deadlines).collect(),
        }
    }
}

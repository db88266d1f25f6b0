//! What partial matches come to, carried along in place of the matches: for `skip none together`.
//!
//! Starts that stand alike have the same runs. So a step that completes a run completes one match for each start, and what
//! all of these have bound is known without reading one of them if it was carried so far: by run, over all starts of
//! a group, a total for each aggregate. An event takes the totals along the edges of its step, and adds itself to a run that
//! takes it, once for each start. Where two groups become one, their totals are added. This is the counting of trends
//! by GRETA (VLDB 2017), over stands in place of single events.
//!
//! A start that goes by itself, at the end of its window, takes its part out of what its group carries. Its part is read from
//! the log, in the steps of the start, and once, for each start ends once. So totals have to be exact: whatever went in
//! comes out again, ints and floats alike.

use trapjaw_event::FieldType;
use trapjaw_program::pattern::Pattern;

use super::events::EventId;
use super::groups::{GroupId, Heap};
use super::slab::SPARE;
use super::table::{Edge, Step, Table};
use crate::exact::ExactSum;
use crate::rule::context::Context;
use crate::rule::feed::At;
use crate::rule::pattern::events::Seen;
use crate::rule::pattern::judge::argument;
use crate::rule::pattern::total::{Counted, Total};

/// What an event is to one of the rule's aggregates.
fn counted(cx: &Context<'_>, index: usize, at: At) -> Option<Counted> {
    let definition = &cx.rule.aggregates[index];
    match (definition.argument, &definition.argument_ty) {
        // Of most that is all that there is to ask.
        (Some(output), Some(FieldType::Float)) if definition.filter.is_none() => {
            let value = (cx.feed(at).inputs).float(usize::from(output), at.index as usize);
            value.map(Counted::Float)
        }
        _ => argument(cx, index, definition, Seen::Here(at)).and_then(Counted::of),
    }
}

/// What is carried of one rule.
#[derive(Debug)]
pub(super) struct Carried {
    /// The aggregates over events: their places in the rule, and the elements that they are over.
    aggregates: Box<[(usize, u16)]>,
    /// By group: run by run, a total for each of these.
    groups: Vec<Vec<Total>>,
    /// How many totals the groups have.
    totals: usize,
    /// What the event of the moment is to each of the aggregates.
    taken: Vec<Option<Counted>>,
    /// By event that starts have bound: what it was to each of them.
    counted: Vec<Option<Counted>>,
    /// Matches that were found at this moment, and what they have bound.
    pub(super) matches: u64,
    found: Vec<Total>,
    /// Room for totals that change their places.
    spare: Vec<Total>,
    /// What a start carried that has left its group, run by run.
    part: Vec<Total>,
    /// Room for what a start has bound.
    bound: Vec<(u16, EventId)>,
}

impl Carried {
    /// Of a pattern whose matches are told together.
    pub(super) fn new(pattern: &Pattern) -> Self {
        let over = pattern.over.iter().enumerate();
        let aggregates: Box<[(usize, u16)]> = over
            .filter_map(|(index, over)| Some((index, (*over)?)))
            .collect();
        Self {
            found: vec![Total::default(); aggregates.len()],
            taken: vec![None; aggregates.len()],
            counted: Vec::new(),
            aggregates,
            groups: Vec::new(),
            totals: 0,
            matches: 0,
            spare: Vec::new(),
            part: Vec::new(),
            bound: Vec::new(),
        }
    }

    /// Bytes of what is carried, and of what so many events were to the aggregates.
    pub(super) fn bytes(&self, events: usize) -> usize {
        let counted = events * self.aggregates.len() * size_of::<Option<Counted>>();
        let room = self.groups.len() * size_of::<Vec<Total>>();
        counted + room + self.totals * (size_of::<Total>() + ExactSum::USUAL_BYTES)
    }

    /// Looks at the event of the moment.
    pub(super) fn look_at(&mut self, cx: &Context<'_>, at: At) {
        for (taken, (index, _)) in self.taken.iter_mut().zip(&self.aggregates) {
            *taken = counted(cx, *index, at);
        }
    }

    /// The event of the moment is held by this number: when a start that has bound it leaves, it is known what it was.
    #[inline]
    pub(super) fn remember(&mut self, event: EventId) {
        let width = self.aggregates.len();
        let begin = event as usize * width;
        if self.counted.len() < begin + width {
            let more = (begin + width - self.counted.len()).max(self.counted.len() / 8 + 64);
            self.counted.reserve_exact(more);
            self.counted.resize(begin + width, None);
        }
        self.counted[begin..begin + width].copy_from_slice(&self.taken);
    }

    /// There are no events any more: what grew in a flood is given back.
    pub(super) fn forget_events(&mut self) {
        if self.counted.len() > SPARE {
            self.counted = Vec::new();
        }
    }

    /// Notes the matches that a step completes for all starts of a group, before it is taken.
    pub(super) fn find(&mut self, group: GroupId, count: u32, step: &Step) {
        let width = self.aggregates.len();
        self.matches += u64::from(count) * step.found.len() as u64;
        if width == 0 {
            return;
        }
        let here = &self.groups[group as usize];
        for edge in &step.found {
            let run = usize::from(edge.before) * width;
            let aggregates = self.found.iter_mut().zip(&here[run..run + width]);
            for (place, (found, total)) in aggregates.enumerate() {
                found.absorb(total, 1);
                if edge.element == self.aggregates[place].1
                    && let Some(taken) = self.taken[place]
                {
                    found.add(taken, count as i32);
                }
            }
        }
    }

    /// Notes the matches that an event begins and completes.
    pub(super) fn find_begun(&mut self, step: &Step) {
        self.matches += step.found.len() as u64;
        for edge in &step.found {
            for (place, found) in self.found.iter_mut().enumerate() {
                if edge.first == self.aggregates[place].1
                    && let Some(taken) = self.taken[place]
                {
                    found.add(taken, 1);
                }
            }
        }
    }

    /// Takes what a group carries along a step, to the group in which its starts are then.
    pub(super) fn step(&mut self, from: GroupId, to: GroupId, count: u32, step: &Step) {
        let width = self.aggregates.len();
        if width == 0 {
            return;
        }
        let here = &self.groups[from as usize];
        let after = step.edges.len() * width;
        if self.spare.len() < after {
            self.spare.resize_with(after, Total::default);
        }
        for (run, edge) in step.edges.iter().enumerate() {
            let before = usize::from(edge.before) * width;
            for place in 0..width {
                let total = &mut self.spare[run * width + place];
                total.copy(&here[before + place]);
                if edge.element == self.aggregates[place].1
                    && let Some(taken) = self.taken[place]
                {
                    total.add(taken, count as i32);
                }
            }
        }
        if from != to {
            self.clear(from);
        }
        let mut spare = core::mem::take(&mut self.spare);
        let there = self.room(to, step.edges.len(), from == to);
        for (there, total) in there.iter_mut().zip(&mut spare) {
            if from == to {
                core::mem::swap(there, total);
            } else {
                there.absorb(total, 1);
            }
        }
        self.spare = spare;
    }

    /// A start has come to a group with the event.
    #[inline]
    pub(super) fn begin(&mut self, group: GroupId, edges: &[Edge]) {
        let width = self.aggregates.len();
        if width == 0 {
            return;
        }
        self.room(group, edges.len(), false);
        let there = &mut self.groups[group as usize];
        for (run, edge) in edges.iter().enumerate() {
            for place in 0..width {
                if edge.first == self.aggregates[place].1
                    && let Some(taken) = self.taken[place]
                {
                    there[run * width + place].add(taken, 1);
                }
            }
        }
    }

    /// Takes the part of a group's oldest start out of what the group carries, and remembers it if it is needed. The start
    /// is still there.
    pub(super) fn leave(
        &mut self,
        heap: &Heap,
        table: &Table,
        (group, is_needed): (GroupId, bool),
    ) {
        let width = self.aggregates.len();
        if width == 0 {
            return;
        }
        let here = heap.groups[group];
        let room = &mut self.groups[group as usize];
        if here.count == 1 {
            self.totals -= room.len();
            self.part.clear();
            self.part.append(room);
            return;
        }
        if is_needed {
            self.part.resize_with(room.len(), Total::default);
            self.part.iter_mut().for_each(Total::reset);
        }
        let is_new = heap.is_new((here.head, here.open));
        let firsts = &table.stands[here.stand as usize].firsts;
        for (run, first) in firsts.iter().enumerate() {
            let alone = [(*first, here.head)];
            let bound = if is_new {
                // Nothing has happened to it yet.
                &alone[..]
            } else {
                let way = (here.head, here.open);
                self.bound.clear();
                heap.bound(table, way, (run as u16, *first), &mut self.bound);
                &self.bound
            };
            for (element, event) in bound {
                let counted = &self.counted[*event as usize * width..][..width];
                for (place, counted) in counted.iter().enumerate() {
                    if self.aggregates[place].1 == *element
                        && let Some(counted) = *counted
                    {
                        room[run * width + place].add(counted, -1);
                        if is_needed {
                            self.part[run * width + place].add(counted, 1);
                        }
                    }
                }
            }
        }
    }

    /// Notes the matches of the start that has left its group, at the end of its window.
    pub(super) fn find_alone(&mut self, step: &Step) {
        let width = self.aggregates.len();
        self.matches += step.found.len() as u64;
        for edge in step.found.iter().filter(|_| width > 0) {
            let run = usize::from(edge.before) * width;
            for (found, total) in self.found.iter_mut().zip(&self.part[run..]) {
                found.absorb(total, 1);
            }
        }
    }

    /// The start that has left its group has come to another one.
    pub(super) fn join(&mut self, group: GroupId, step: &Step) {
        let width = self.aggregates.len();
        if width == 0 {
            return;
        }
        self.room(group, step.edges.len(), false);
        let there = &mut self.groups[group as usize];
        for (edge, totals) in step.edges.iter().zip(there.chunks_mut(width)) {
            let run = usize::from(edge.before) * width;
            for (there, total) in totals.iter_mut().zip(&self.part[run..]) {
                there.absorb(total, 1);
            }
        }
    }

    /// The room of a group with so many runs: what it has there, or zeros.
    #[inline]
    fn room(&mut self, group: GroupId, runs: usize, is_anew: bool) -> &mut [Total] {
        let group = group as usize;
        if self.groups.len() <= group {
            self.groups.resize_with(group + 1, Vec::new);
        }
        let room = &mut self.groups[group];
        let length = runs * self.aggregates.len();
        if room.len() == length {
            return room;
        }
        debug_assert!(is_anew || room.is_empty() || room.len() == length);
        self.totals = self.totals + length - room.len();
        room.resize_with(length, Total::default);
        room
    }

    /// A group is there no more.
    pub(super) fn clear(&mut self, group: GroupId) {
        if let Some(room) = self.groups.get_mut(group as usize) {
            self.totals -= room.len();
            room.clear();
        }
        if self.totals == 0 && self.groups.len() > SPARE {
            // What grew in a flood is given back.
            self.groups = Vec::new();
        }
    }

    /// What was found for one of the rule's aggregates.
    pub(super) fn found(&mut self, index: usize) -> Option<&mut Total> {
        let place = self
            .aggregates
            .iter()
            .position(|(other, _)| *other == index)?;
        Some(&mut self.found[place])
    }

    /// Nothing is found yet at the next moment.
    pub(super) fn forget_found(&mut self) {
        self.matches = 0;
        self.found.iter_mut().for_each(Total::reset);
    }
}

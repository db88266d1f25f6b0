//! Starts that stand alike, and what happened to them.
//!
//! The starts of a key that have come to one stand are a group: a list, the oldest first. An event moves a group as a
//! whole. What it did is noted once for all of them, in a log that goes forward: each start knows the entry that was
//! open when it joined its first group; each entry knows the one behind it; where two groups become one, their logs go
//! on as one. So from a start on, the log tells all steps that it went, and from its last run back what that has bound.

use super::events::{EventId, Events};
use super::slab::{NONE, Place, Slab};
use super::table::{NOTHING, STAY, StandId, StepId, Table};

/// An entry of a log.
pub(super) type EntryId = u32;

pub(super) type GroupId = u32;

#[derive(Clone, Copy, Debug)]
pub(super) struct Entry {
    /// [`STAY`] as long as it is open.
    step: StepId,
    /// The event, if one was taken.
    event: EventId,
    next: EntryId,
    /// Starts and entries that point here; and its group, as long as it is open.
    holders: u32,
}

impl Place for Entry {
    fn set_free(&mut self, next: u32) {
        self.next = next;
    }

    fn next(&self) -> u32 {
        self.next
    }
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Group {
    pub(super) stand: StandId,
    /// The oldest start.
    pub(super) head: EventId,
    /// The newest.
    tail: EventId,
    pub(super) count: u32,
    /// The entry of the log that is open.
    pub(super) open: EntryId,
    /// The key's next group.
    pub(super) next: GroupId,
}

impl Place for Group {
    fn set_free(&mut self, next: u32) {
        self.next = next;
    }

    fn next(&self) -> u32 {
        self.next
    }
}

/// The groups of a key.
#[derive(Debug)]
pub(super) struct Partition {
    /// No start's window ends before this.
    pub(super) due: i64,
    /// Where there is a group: bits of the numbers of stands, modulo 64. With more than 64 stands there may be more.
    pub(super) stands: u64,
    pub(super) first: GroupId,
    pub(super) runs: u32,
    /// How many of the groups are of starts that are won or lost.
    pub(super) settled: u32,
}

pub(super) const NEVER: i64 = i64::MAX;

impl Default for Partition {
    fn default() -> Self {
        Self {
            due: NEVER,
            stands: 0,
            first: NONE,
            runs: 0,
            settled: 0,
        }
    }
}

impl Partition {
    pub(super) fn is_empty(&self) -> bool {
        self.first == NONE
    }

    /// The end of a moment.
    #[inline]
    pub(super) fn settle(&mut self) {
        if self.first == NONE {
            self.due = NEVER;
        }
    }
}

/// All that the partial matches of a rule hold.
#[derive(Debug, Default)]
pub(super) struct Heap {
    pub(super) events: Events,
    entries: Slab<Entry>,
    pub(super) groups: Slab<Group>,
}

impl Heap {
    pub(super) const START_BYTES: usize = size_of::<Entry>() + size_of::<Group>();

    pub(super) fn bytes(&self) -> usize {
        self.events.bytes() + self.entries.bytes() + self.groups.bytes()
    }

    /// The groups of a key.
    pub(super) fn of(&self, partition: &Partition) -> impl Iterator<Item = GroupId> + '_ {
        let mut group = partition.first;
        core::iter::from_fn(move || {
            let found = (group != NONE).then_some(group)?;
            group = self.groups[found].next;
            Some(found)
        })
    }

    /// Takes a group out of its key's, behind the one before it.
    pub(super) fn unlink(
        &mut self,
        table: &Table,
        partition: &mut Partition,
        (before, group): (GroupId, GroupId),
    ) {
        let Group {
            next, stand, count, ..
        } = self.groups[group];
        if before == NONE {
            partition.first = next;
        } else {
            self.groups[before].next = next;
        }
        let stood = &table.stands[stand as usize];
        partition.runs -= count * stood.runs;
        partition.settled -= u32::from(stood.is_settled());
        if table.stands.len() <= 64 {
            partition.stands &= !(1 << stand);
        } else if partition.first == NONE {
            partition.stands = 0;
        }
    }

    fn find(&self, partition: &Partition, stand: StandId) -> Option<GroupId> {
        if partition.stands >> (stand % 64) & 1 == 0 {
            return None;
        }
        self.of(partition)
            .find(|group| self.groups[*group].stand == stand)
    }

    fn link(&mut self, table: &Table, partition: &mut Partition, group: GroupId) {
        let linked = &mut self.groups[group];
        linked.next = partition.first;
        partition.first = group;
        partition.stands |= 1 << (linked.stand % 64);
        let stood = &table.stands[linked.stand as usize];
        partition.runs += linked.count * stood.runs;
        partition.settled += u32::from(stood.is_settled());
    }

    fn open(&mut self, holders: u32) -> EntryId {
        let entry = Entry {
            step: STAY,
            event: NONE,
            next: NONE,
            holders,
        };
        self.entries.insert(entry)
    }

    /// Notes what happened to a group that was taken out, and puts it where it now stands: the group that its starts are in
    /// then.
    #[expect(
        clippy::inline_always,
        reason = "called from two loops, it is a call of its own in either: 4 % of an event"
    )]
    #[inline(always)]
    pub(super) fn step(
        &mut self,
        table: &Table,
        partition: &mut Partition,
        group: GroupId,
        (step, event): (StepId, EventId),
    ) -> GroupId {
        let target = table.steps[step as usize].target;
        let Group {
            head,
            tail,
            count,
            open,
            ..
        } = self.groups[group];
        if event != NONE {
            self.events.hold(event);
        }
        let entry = &mut self.entries[open];
        entry.step = step;
        entry.event = event;
        entry.holders -= 1;
        debug_assert!(entry.holders > 0, "the log of starts that are there");
        if let Some(other) = self.find(partition, target) {
            let next = self.groups[other].open;
            self.entries[open].next = next;
            self.entries[next].holders += 1;
            self.groups.remove(group);
            partition.runs += count * table.stands[target as usize].runs;
            self.join(other, (head, tail, count));
            other
        } else {
            let next = self.open(2);
            self.entries[open].next = next;
            let moved = &mut self.groups[group];
            moved.open = next;
            moved.stand = target;
            self.link(table, partition, group);
            group
        }
    }

    /// Puts a start that has no log yet where it stands: into this group.
    #[expect(
        clippy::inline_always,
        reason = "called from two loops, it is a call of its own in either: 4 % of an event"
    )]
    #[inline(always)]
    pub(super) fn begin(
        &mut self,
        table: &Table,
        partition: &mut Partition,
        stand: StandId,
        start: EventId,
    ) -> GroupId {
        self.events.hold(start);
        let known = self.find(partition, stand);
        let log = match known {
            Some(group) => {
                let open = self.groups[group].open;
                self.entries[open].holders += 1;
                open
            }
            None => self.open(2),
        };
        self.events[start].log = log;
        match known {
            Some(group) => {
                partition.runs += table.stands[stand as usize].runs;
                self.join(group, (start, start, 1));
                group
            }
            None => {
                let group = self.groups.insert(Group {
                    stand,
                    head: start,
                    tail: start,
                    count: 1,
                    open: log,
                    next: NONE,
                });
                self.link(table, partition, group);
                group
            }
        }
    }

    /// Puts starts, in their order, among those of a group.
    fn join(&mut self, group: GroupId, (head, tail, count): (EventId, EventId, u32)) {
        let number = |heap: &Self, start: EventId| heap.events[start].number;
        let there = self.groups[group];
        let (new_head, new_tail);
        if number(self, there.tail) < number(self, head) {
            self.events[there.tail].next = head;
            (new_head, new_tail) = (there.head, tail);
        } else if number(self, tail) < number(self, there.head) {
            self.events[tail].next = there.head;
            (new_head, new_tail) = (head, there.tail);
        } else {
            // They came to stand alike in turns.
            (new_head, new_tail) = self.merge(there.head, head);
        }
        let joined = &mut self.groups[group];
        (joined.head, joined.tail) = (new_head, new_tail);
        joined.count += count;
    }

    fn merge(&mut self, mut a: EventId, mut b: EventId) -> (EventId, EventId) {
        let mut head = NONE;
        let mut tail = NONE;
        while a != NONE || b != NONE {
            let first = b == NONE || a != NONE && self.events[a].number < self.events[b].number;
            let from = if first { &mut a } else { &mut b };
            let start = *from;
            *from = self.events[start].next;
            if tail == NONE {
                head = start;
            } else {
                self.events[tail].next = start;
            }
            tail = start;
        }
        self.events[tail].next = NONE;
        (head, tail)
    }

    /// Takes a group's oldest start out; it keeps its log. Is the group now empty? Then it has to be given up.
    pub(super) fn pop(
        &mut self,
        table: &Table,
        partition: &mut Partition,
        group: GroupId,
    ) -> EventId {
        let popped = &mut self.groups[group];
        let start = popped.head;
        let next = self.events[start].next;
        popped.head = next;
        popped.count -= 1;
        partition.runs -= table.stands[popped.stand as usize].runs;
        self.events[start].next = NONE;
        if next == NONE {
            self.groups[group].tail = NONE;
            let before = self.of(partition);
            let before = before
                .take_while(|other| *other != group)
                .last()
                .unwrap_or(NONE);
            self.unlink(table, partition, (before, group));
            self.release_entry(self.groups[group].open);
            self.groups.remove(group);
        }
        start
    }

    /// The number of a group's newest start.
    pub(super) fn newest(&self, group: GroupId) -> u64 {
        self.events[self.groups[group].tail].number
    }

    /// The group of a key's oldest start.
    pub(super) fn leftmost(&self, partition: &Partition) -> Option<GroupId> {
        self.of(partition)
            .min_by_key(|group| self.events[self.groups[*group].head].number)
    }

    /// Holds an entry that is open, whatever becomes of its group.
    pub(super) fn hold_open(&mut self, entry: EntryId) {
        self.entries[entry].holders += 1;
    }

    pub(super) fn release_open(&mut self, entry: EntryId) {
        self.release_entry(entry);
    }

    /// Gives up a start that is in no group.
    pub(super) fn release(&mut self, start: EventId) {
        let log = self.events[start].log;
        self.release_entry(log);
        self.events.release(start);
    }

    /// Gives up a group that was taken out, and its starts.
    pub(super) fn release_group(&mut self, group: GroupId) {
        let Group { head, open, .. } = self.groups[group];
        self.groups.remove(group);
        let mut start = head;
        while start != NONE {
            let next = self.events[start].next;
            self.events[start].next = NONE;
            self.release(start);
            start = next;
        }
        self.release_entry(open);
    }

    fn release_entry(&mut self, mut id: EntryId) {
        while id != NONE {
            let entry = &mut self.entries[id];
            entry.holders -= 1;
            if entry.holders > 0 {
                return;
            }
            let Entry { event, next, .. } = *entry;
            self.entries.remove(id);
            if event != NONE {
                self.events.release(event);
            }
            id = next;
        }
    }

    /// Takes a start on its own way: gives it a log of its own, with one more step that its group does not go, and puts
    /// it where that leads, into this group. The start is in no group; `end` is the entry that was open in the one that it comes from,
    /// which is still there.
    pub(super) fn part(
        &mut self,
        table: &Table,
        partition: &mut Partition,
        (start, end): (EventId, EntryId),
        step: StepId,
    ) -> GroupId {
        let log = self.events[start].log;
        let mut last = NONE;
        let mut entry = log;
        while entry != NONE {
            let Entry {
                step: known, event, ..
            } = self.entries[entry];
            let is_last = entry == end;
            let step = if is_last { step } else { known };
            let event = if is_last { NONE } else { event };
            if event != NONE {
                self.events.hold(event);
            }
            let copy = self.entries.insert(Entry {
                step,
                event,
                next: NONE,
                holders: 1,
            });
            if last == NONE {
                self.events[start].log = copy;
            } else {
                self.entries[last].next = copy;
            }
            last = copy;
            if is_last {
                break;
            }
            entry = self.entries[entry].next;
        }
        let target = table.steps[step as usize].target;
        let to = if let Some(other) = self.find(partition, target) {
            let next = self.groups[other].open;
            self.entries[last].next = next;
            self.entries[next].holders += 1;
            partition.runs += table.stands[target as usize].runs;
            self.join(other, (start, start, 1));
            other
        } else {
            let open = self.open(2);
            self.entries[last].next = open;
            let group = self.groups.insert(Group {
                stand: target,
                head: start,
                tail: start,
                count: 1,
                open,
                next: NONE,
            });
            self.link(table, partition, group);
            group
        };
        self.release_entry(log);
        to
    }

    /// Has nothing happened yet to a start, whose group has this entry open?
    pub(super) fn is_new(&self, (start, end): (EventId, EntryId)) -> bool {
        self.events[start].log == end
    }

    /// What a run of a start has bound, oldest first: `run` and `first` are its number and the element that took the
    /// start, behind all steps before the entry `end`.
    pub(super) fn bound(
        &self,
        table: &Table,
        (start, end): (EventId, EntryId),
        (run, first): (u16, u16),
        bound: &mut Vec<(u16, EventId)>,
    ) {
        let begin = bound.len();
        bound.push((first, start));
        // The steps, and then from the last one back what the run took.
        let mut entry = self.events[start].log;
        while entry != end {
            bound.push((0, entry));
            entry = self.entries[entry].next;
        }
        let mut run = run;
        let mut place = bound.len();
        let mut from = bound.len();
        while from > begin + 1 {
            from -= 1;
            let Entry { step, event, .. } = self.entries[bound[from].1];
            let edge = table.steps[step as usize].edges[usize::from(run)];
            if edge.element != NOTHING {
                place -= 1;
                bound[place] = (edge.element, event);
            }
            run = edge.before;
        }
        bound.drain(begin + 1..place);
    }
}

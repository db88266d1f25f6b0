use super::*;
use proptest::prelude::*;
use std::collections::{BTreeSet, HashMap};

const SLOTS: u32 = 300;

/// The specification: deadlines by slot, and the same in order.
#[derive(Default)]
struct Model {
    at: HashMap<u32, i64>,
    due: BTreeSet<(i64, u32)>,
}

impl Model {
    fn arm(&mut self, slot: u32, at: i64) {
        self.disarm(slot);
        self.at.insert(slot, at);
        self.due.insert((at, slot));
    }

    fn disarm(&mut self, slot: u32) -> bool {
        self.at
            .remove(&slot)
            .is_some_and(|at| self.due.remove(&(at, slot)))
    }

    fn pop_due(&mut self, now: i64) -> Option<(i64, u32)> {
        let first = self.due.first().copied().filter(|&(at, _)| at <= now)?;
        self.disarm(first.1);
        Some(first)
    }
}

#[derive(Clone, Debug)]
enum Step {
    /// Arms a slot this far from the clock.
    Arm(u32, i64),
    Disarm(u32),
    /// Moves the clock on and takes everything that is due.
    Advance(i64),
    /// Moves the clock on and takes at most so many.
    AdvancePart(i64, u8),
}

/// Distances of all scales: within a tick, a few ticks, and each level.
fn distance() -> impl Strategy<Value = i64> {
    (0u32..62).prop_flat_map(|bits| 0..1i64 << bits)
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => (0..SLOTS, prop_oneof![4 => distance(), 1 => distance().prop_map(|ahead| -ahead)])
            .prop_map(|(slot, ahead)| Step::Arm(slot, ahead)),
        // Many at one time, and many within one bucket.
        2 => (0..SLOTS, prop::sample::select(vec![1i64 << 20, 10_000_000_000])).prop_map(|(slot, at)| Step::Arm(slot, at)),
        2 => (0..SLOTS, 0i64..1 << 34).prop_map(|(slot, at)| Step::Arm(slot, at)),
        1 => (0..SLOTS).prop_map(Step::Disarm),
        4 => prop_oneof![4 => 0i64..1 << 22, 1 => distance()].prop_map(Step::Advance),
        1 => (distance(), any::<u8>()).prop_map(|(by, most)| Step::AdvancePart(by, most)),
    ]
}

/// Links, counts and marks agree; no entry lies where the clock could miss it.
fn check_links(wheel: &Wheel) {
    let mut armed = 0;
    for (level, buckets) in wheel.levels.iter().enumerate() {
        let Some(buckets) = buckets else { continue };
        let current = bucket_of(wheel.tick, level);
        for (index, bucket) in buckets.buckets.iter().enumerate() {
            assert_eq!(buckets.occupied >> index & 1 == 1, bucket.head != NONE);
            let (mut slot, mut previous, mut len) = (bucket.head, NONE, 0);
            while slot != NONE {
                let node = wheel.nodes.get(slot).expect("a linked slot has a node");
                assert_eq!(
                    (node.previous, usize::from(node.home)),
                    (previous, level * BUCKETS + index)
                );
                let ahead = bucket_of(tick_of(node.at), level) - current;
                assert!(
                    (1..BUCKETS as u64).contains(&ahead),
                    "{ahead} buckets ahead on level {level}"
                );
                assert_eq!(bucket_of(tick_of(node.at), level) as usize % BUCKETS, index);
                len += 1;
                (previous, slot) = (slot, node.next);
            }
            assert_eq!(bucket.len, len);
            armed += len as usize;
        }
    }
    let near = (0..SLOTS)
        .filter(|&slot| wheel.nodes.get(slot).is_some_and(|node| node.home == NEAR))
        .count();
    assert_eq!(armed + near, wheel.len());
}

fn check(start: i64, steps: Vec<Step>) {
    let (mut wheel, mut model) = (Wheel::new(SLOTS), Model::default());
    let mut now = start;
    for step in steps {
        match step {
            Step::Arm(slot, ahead) => {
                let at = now.saturating_add(ahead);
                wheel.arm(slot, at);
                model.arm(slot, at);
            }
            Step::Disarm(slot) => assert_eq!(wheel.disarm(slot), model.disarm(slot)),
            Step::Advance(by) => {
                now = now.saturating_add(by);
                loop {
                    let due = wheel.pop_due(now);
                    assert_eq!(due, model.pop_due(now));
                    if due.is_none() {
                        break;
                    }
                }
            }
            Step::AdvancePart(by, most) => {
                now = now.saturating_add(by);
                for _ in 0..most {
                    assert_eq!(wheel.pop_due(now), model.pop_due(now));
                }
            }
        }
        check_links(&wheel);
        let first = model.due.first().map(|&(at, _)| at);
        assert_eq!(wheel.next_at(), first);
        assert_eq!(wheel.next_bound().is_some(), first.is_some());
        assert!(wheel.next_bound() <= first);
        assert_eq!(
            (wheel.len(), wheel.is_empty()),
            (model.due.len(), model.due.is_empty())
        );
        for slot in 0..SLOTS {
            assert_eq!(wheel.deadline(slot), model.at.get(&slot).copied());
        }
    }
}

proptest! {
    #[test]
    fn deadlines_fall_due_in_order(
        start in prop_oneof![Just(0), Just(1_790_000_000_000_000_000), Just(i64::MIN), Just(i64::MAX - (1 << 40)), any::<i64>()],
        steps in prop::collection::vec(step(), 1..200),
    ) {
        check(start, steps);
    }
}

#[test]
fn the_ends_of_time_are_times() {
    let mut wheel = Wheel::new(2);
    wheel.arm(0, i64::MAX);
    wheel.arm(1, i64::MIN);
    assert_eq!(wheel.pop_due(i64::MIN), Some((i64::MIN, 1)));
    assert_eq!(wheel.pop_due(i64::MAX - 1), None);
    assert_eq!(wheel.next_at(), Some(i64::MAX));
    assert_eq!(wheel.pop_due(i64::MAX), Some((i64::MAX, 0)));
    assert_eq!(wheel.pop_due(i64::MAX), None);
}

#[test]
fn nanoseconds_and_then_slots_decide() {
    let mut wheel = Wheel::new(10);
    for (slot, at) in [(4, 100), (9, 99), (2, 100), (3, 101)] {
        wheel.arm(slot, at);
    }
    let due: Vec<_> = std::iter::from_fn(|| wheel.pop_due(100)).collect();
    assert_eq!(due, [(99, 9), (100, 2), (100, 4)]);
    assert_eq!(wheel.next_at(), Some(101));
}

#[test]
fn a_moved_deadline_is_one_deadline() {
    let mut wheel = Wheel::new(1);
    for at in [5_000_000_000, 7_000_000_000, 6_000_000_000, 6_000_000_000] {
        wheel.arm(0, at);
    }
    assert_eq!((wheel.len(), wheel.deadline(0)), (1, Some(6_000_000_000)));
    assert_eq!(wheel.pop_due(i64::MAX), Some((6_000_000_000, 0)));
    assert_eq!((wheel.pop_due(i64::MAX), wheel.len()), (None, 0));
    assert!(!wheel.disarm(0));
}

#[test]
fn cleared_is_as_new() {
    let mut wheel = Wheel::new(100);
    (0..100).for_each(|slot| wheel.arm(slot, i64::from(slot) << 30));
    assert_eq!(wheel.pop_due(0), Some((0, 0)));
    wheel.clear();
    assert_eq!(
        (wheel.len(), wheel.next_at(), wheel.next_bound()),
        (0, None, None)
    );
    assert_eq!((wheel.pop_due(i64::MAX), wheel.deadline(50)), (None, None));
    wheel.arm(50, 7);
    assert_eq!(wheel.pop_due(i64::MAX), Some((7, 50)));
}

#[test]
fn an_empty_wheel_keeps_up_with_the_clock() {
    // Otherwise the first entries after a silence would start in buckets far too wide.
    let mut wheel = Wheel::new(1);
    for now in [0, 1 << 30, 1 << 40] {
        assert_eq!(wheel.pop_due(now), None);
        assert_eq!(wheel.tick, tick_of(now));
    }
}

#[test]
fn an_idle_gap_costs_no_ticks() {
    // 250 years of ticks: a wheel that visited them would not come back.
    let mut wheel = Wheel::new(1);
    assert_eq!(wheel.pop_due(0), None);
    wheel.arm(0, 8_000_000_000_000_000_001);
    assert_eq!(wheel.pop_due(8_000_000_000_000_000_000), None);
    assert_eq!(
        wheel.pop_due(8_000_000_000_000_000_001),
        Some((8_000_000_000_000_000_001, 0))
    );
}

#[test]
fn a_steady_clock_moves_few_entries_at_once() {
    // 20,000 deadlines within 2.5 s, all in buckets 4.3 s wide at first. A call may move its share of the
    // bucket to come, some 9 entries, on each of two levels, besides what is due; entering a bucket would
    // move thousands.
    const ENTRIES: u32 = 20_000;
    let mut wheel = Wheel::new(ENTRIES);
    let second = 1_000_000_000i64;
    assert_eq!(wheel.pop_due(0), None);
    let at = |slot: u32| 10 * second + i64::from(slot) * 125_000;
    (0..ENTRIES).for_each(|slot| wheel.arm(slot, at(slot)));
    let homes = |wheel: &Wheel| -> Vec<u16> {
        (0..ENTRIES)
            .map(|slot| wheel.nodes.get(slot).map_or(0, |n| n.home))
            .collect()
    };
    let mut before = homes(&wheel);
    let (mut now, mut most, mut due) = (0, 0, 0);
    while now < 13 * second {
        now += 1 << 20;
        while let Some((at, slot)) = wheel.pop_due(now) {
            assert!(at <= now && at > now - (1 << 20) && slot == due);
            due += 1;
        }
        let after = homes(&wheel);
        most = most.max(
            before
                .iter()
                .zip(&after)
                .filter(|(before, after)| before != after)
                .count(),
        );
        before = after;
    }
    assert_eq!(due, ENTRIES);
    assert!(most < 60, "{most} entries were moved at once");
}

#[test]
#[should_panic(expected = "slot 5 of a wheel of 5")]
fn slots_are_bounded() {
    Wheel::new(5).arm(5, 0);
}

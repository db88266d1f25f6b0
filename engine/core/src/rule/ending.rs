//! Windows that are judged at their end: many keys' at one instant, by timer.

use trapjaw_event::{MatchKind, ValueRef};
use trapjaw_program::{Code, Input};

use super::context::{Context, Trigger};
use super::keyed::Core;
use crate::aggregate::{Layout, Results};
use crate::matched::About;
use crate::output::{Alias, Identity};
use crate::vm::{self, Bound, Selection, bits};

/// Fires for the windows for which `having` holds. `results` has a row, and `aliases` the newest event, of each of
/// `slots`.
pub(super) fn fire(
    cx: &mut Context<'_>,
    core: &mut Core,
    (layout, results): (&Layout, &Results),
    (slots, aliases): (&[u32], &[Option<Alias>]),
    deadline: i64,
) {
    for member in 0..cx.members() {
        cx.turn_to(member);
        fire_one(cx, core, (layout, results), (slots, aliases), deadline);
    }
    cx.turn_to(0);
}

/// As [`fire`], for the rule whose turn it is.
fn fire_one(
    cx: &mut Context<'_>,
    core: &mut Core,
    (layout, results): (&Layout, &Results),
    (slots, aliases): (&[u32], &[Option<Alias>]),
    deadline: i64,
) {
    let holds = having(cx, core, (layout, results), (slots, aliases));
    for row in bits::ones(&holds) {
        let (slot, Some(alias)) = (slots[row as usize], aliases[row as usize]) else {
            continue;
        };
        if core.admit(cx, slot, deadline) {
            let columns = cx.columns();
            let values = columns.map(|i| layout.value(i, results, row as usize));
            let about = (alias, Identity::Instant(deadline));
            cx.fire(
                core.keys.key(slot),
                MatchKind::Matched,
                Trigger::Deadline(deadline),
                about,
                values,
            );
        }
    }
}

/// For which of the windows `having` holds, as a bitmap.
fn having(
    cx: &mut Context<'_>,
    core: &Core,
    (layout, results): (&Layout, &Results),
    (slots, aliases): (&[u32], &[Option<Alias>]),
) -> Vec<u64> {
    let Some(code) = &cx.rule.having else {
        let mut all = vec![u64::MAX; bits::words(slots.len())];
        bits::clear_tail(&mut all, slots.len());
        return all;
    };
    if code
        .inputs
        .iter()
        .all(|slot| matches!(slot.input, Input::Aggregate(_)))
    {
        let bind = |input| match input {
            Input::Aggregate(index) => results.bind(cx.column(index)),
            _ => Bound::Value(ValueRef::Null),
        };
        let registers = vm::run(code, cx.tables, bind, Selection::All(slots.len()));
        cx.counters.faults += registers.faults();
        return registers.truth(0).into_owned();
    }
    let mut holds = vec![0; bits::words(slots.len())];
    for (row, (&slot, alias)) in slots.iter().zip(aliases).enumerate() {
        let key = core.keys.key(slot);
        let held =
            alias.is_some_and(|alias| having_of(cx, code, (alias, key), (layout, results), row));
        holds[row / 64] |= u64::from(held) << (row % 64);
    }
    holds
}

/// Does `having` hold for one window, whose newest event it reads?
fn having_of(
    cx: &mut Context<'_>,
    code: &Code,
    (alias, key): (Alias, &[u8]),
    (layout, results): (&Layout, &Results),
    row: usize,
) -> bool {
    let aggregates: Vec<_> = (cx.columns())
        .map(|i| layout.value(i, results, row))
        .collect();
    let about = About {
        rule: (cx.id, cx.rule),
        registry: cx.registry,
        tables: cx.tables,
        segments: cx.segments,
        outputs: cx.outputs,
        key,
    };
    let registers = about.run(code, alias, &aggregates);
    cx.counters.faults += registers.faults();
    bits::get(&registers.truth(0), 0)
}

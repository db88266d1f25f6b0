//! `not`: between, at the end, at the beginning, in `or` and in `and`.

use super::{check, check_timeouts};

#[test]
fn between_its_neighbours_none_occurs() {
    check(
        "a -> not x -> b within 10ns",
        "0a 1x 2b 3a 4b 5x",
        &["4: a=3 b=4"],
    );
    check(
        "a -> not x[v > 1] -> b within 10ns",
        "0a 1x1 2b",
        &["2: a=0 b=2"],
    );
    check("a -> not (x or c) -> b within 10ns", "0a 1c 2b", &[]);
    check("a -> not x => b within 10ns", "0a 1b", &["1: a=0 b=1"]);
}

#[test]
fn not_wins_over_taking_the_same_event() {
    check("a -> not y: b[v > 1] -> b within 10ns", "0a 1b2", &[]);
    check(
        "a -> not y: b[v > 1] -> b within 10ns",
        "0a 1b1",
        &["1: a=0 b=1"],
    );
}

#[test]
fn a_not_holds_until_the_sequence_takes_its_next_event() {
    check(
        "a -> not x -> b? -> c within 10ns",
        "0a 1b 2x 3c",
        &["3: a=0 b=1 c=3"],
    );
    check("a -> not x -> b? -> c within 10ns", "0a 1x 2b 3c", &[]);
    check(
        "a -> not x -> (b and c) within 10ns",
        "0a 1b 2x 3c",
        &["3: a=0 b=1 c=3"],
    );
    check(
        "a -> not x -> b* -> c within 10ns",
        "0a 1b 2x 3c",
        &["3: a=0 b=1 c=3"],
    );
}

#[test]
fn quiet_for_a_while_then_it_goes_on() {
    check(
        "a -> not x for 5ns -> b within 20ns",
        "0a 3b 6b",
        &["6: a=0 b=2"],
    );
    check("a -> not x for 5ns -> b within 20ns", "0a 4x 6b", &[]);
    // At the deadline itself the silence is over.
    check(
        "a -> not x for 5ns -> b within 20ns",
        "0a 5x 6b",
        &["6: a=0 b=2"],
    );
    check(
        "a -> not x for 5ns -> b within 20ns",
        "0a 5b",
        &["5: a=0 b=1"],
    );
    // After it the next event is the first that comes then.
    check(
        "a -> not x for 5ns => b within 20ns",
        "0a 3a 6b",
        &["6: a=0 b=2"],
    );
    check("a -> not x for 5ns => b within 20ns", "0a 5x 6b", &[]);
    check(
        "a -> not x for 5ns -> not c for 2ns -> b within 20ns",
        "0a 6c 8b",
        &[],
    );
    check(
        "a -> not x for 5ns -> not c for 2ns -> b within 20ns",
        "0a 4c 6x 7b",
        &["7: a=0 b=3"],
    );
}

#[test]
fn at_the_end_the_clock_reports() {
    check("a -> not x for 5ns", "0a 2a", &["5: a=0", "7: a=1"]);
    check("a -> not x for 5ns", "0a 4x 5a", &["10: a=2"]);
    check("a -> not x for 5ns", "0a 5x", &["5: a=0"]);
    check("a -> not x within 5ns", "0a 4a", &["5: a=0", "9: a=1"]);
    check(
        "a -> b -> not x within 5ns",
        "0a 3b 4x 6a 7b",
        &["11: a=3 b=4"],
    );
    // A deadline is no bound event.
    check(
        "a -> b -> not x for 5ns within 5ns",
        "0a 4b",
        &["9: a=0 b=1"],
    );
}

#[test]
fn a_passing_deadline_closes_a_repetition() {
    check(
        "a+ -> not x for 5ns within 100ns",
        "0a 3a 9a 20x",
        &["8: a=0,1", "14: a=2"],
    );
}

#[test]
fn at_the_beginning_it_looks_back() {
    check("not x for 5ns -> b", "0x 4b 6b", &["6: b=2"]);
    // [t - D, t): an event at t does not count.
    check("not x for 5ns -> b", "5x 5b", &["5: b=1"]);
    check("not x for 5ns -> b", "0x 5b", &[]);
    // What was never seen is absent.
    check("not x for 5ns -> b", "1b", &["1: b=0"]);
    check(
        "not b for 5ns -> z: b",
        "0b 3b 8b 13b 19b",
        &["0: z=0", "19: z=4"],
    );
}

#[test]
fn at_the_beginning_without_a_time_it_looks_back_from_the_last_event() {
    check("not x -> b -> c within 10ns", "0x 5b 9c", &[]);
    check("not x -> b -> c within 10ns", "0x 5b 11c", &["11: b=1 c=2"]);
    check("not x -> b -> c within 10ns", "5b 6x 7c", &["7: b=0 c=2"]);
    check("not x -> b within 10ns", "0x 9b 10b 11b", &["11: b=3"]);
}

#[test]
fn what_looks_back_sees_what_was_skipped_and_matched() {
    check(
        "not y: b -> a -> b within 10ns",
        "0a 1b 5a 6b 20a 21b",
        &["1: a=0 b=1", "21: a=4 b=5"],
    );
}

#[test]
fn in_a_repetition_only_the_first_round_looks_back() {
    check(
        "(not x for 5ns -> b){2} within 30ns",
        "0b 3b 7b",
        &["7: b=0,2"],
    );
    check(
        "(not x for 5ns -> b){2} within 30ns",
        "0b 3x 9b 15b",
        &["15: b=2,3"],
    );
}

#[test]
fn as_an_alternative_it_is_there_when_its_time_has_passed() {
    check(
        "a -> (b or not x for 5ns) within 20ns",
        "0a 3b",
        &["3: a=0 b=1"],
    );
    check(
        "a -> (b or not x for 5ns) within 20ns",
        "0a 6b",
        &["5: a=0"],
    );
    check(
        "a -> (b or not x for 5ns) within 20ns",
        "0a 2x 6b",
        &["6: a=0 b=2"],
    );
    check(
        "a -> (b or not x for 5ns) -> c within 20ns",
        "0a 6b 7c",
        &["7: a=0 c=2"],
    );
}

#[test]
fn in_an_and_it_rules_over_the_whole_span() {
    check("a and not x within 10ns", "0a 5a 12x", &["10: a=0"]);
    check("a and not x within 10ns", "0a 9x", &[]);
    check("a and not x within 10ns", "0a 10x", &["10: a=0"]);
    check(
        "a and b and not x within 10ns",
        "0b 1x 2a 3b",
        &["12: a=2 b=3"],
    );
    check("(a and b and not x) -> c within 20ns", "0b 2a 3x 4c", &[]);
    check(
        "(a and b and not x) -> c within 20ns",
        "0b 2a 4c 5x",
        &["4: a=1 b=0 c=2"],
    );
    check("c -> (a and not x) -> b within 20ns", "0c 1x 2a 3b", &[]);
    // Events of the `and` itself are included.
    check(
        "a and not y: a[v > 1] within 10ns",
        "0a2 20a1",
        &["30: a=1"],
    );
}

#[test]
fn in_an_and_with_a_time_it_is_done_when_that_has_passed() {
    check("a and not x for 5ns", "0a 3a", &["5: a=0", "8: a=1"]);
    check("a and not x for 5ns", "0a 4x", &[]);
    check(
        "a and b and not x for 5ns within 20ns",
        "0a 2b",
        &["5: a=0 b=1"],
    );
    check(
        "a and b and not x for 5ns within 20ns",
        "0a 6x 7b",
        &["7: a=0 b=2"],
    );
    check(
        "(a and not x for 5ns) -> b within 20ns",
        "0a 3b 6b",
        &["6: a=0 b=2"],
    );
    check("a and not x for 5ns and not c for 5ns", "0a", &["5: a=0"]);
}

#[test]
fn deadlines_come_before_events_of_the_same_instant() {
    check("a -> not x for 5ns", "0a 5x 5a", &["5: a=0", "10: a=2"]);
    check_timeouts("a -> b within 5ns", "0a 5b", &["5 timeout(b): a=0"]);
}

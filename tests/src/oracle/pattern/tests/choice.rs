//! Which matches are reported, when, and what runs out of time.

use super::{check, check_timeouts};

#[test]
fn one_incident_is_one_match() {
    check(
        "a -> b within 10ns",
        "0a 1a 2b 3b 4a 5b",
        &["2: a=0 b=2", "5: a=4 b=5"],
    );
    check(
        "a{2} within 10ns",
        "0a 1a 2a 3a 4a",
        &["1: a=0,1", "3: a=2,3"],
    );
}

#[test]
fn to_next_lets_every_start_match() {
    check(
        "a -> b within 10ns skip to next",
        "0a 1a 2b",
        &["2: a=0 b=2", "2: a=1 b=2"],
    );
    check(
        "a{2} within 10ns skip to next",
        "0a 1a 2a",
        &["1: a=0,1", "2: a=1,2"],
    );
    check(
        "a+ -> b within 10ns skip to next",
        "0a 1a 2b",
        &["2: a=0,1 b=2", "2: a=1 b=2"],
    );
}

#[test]
fn skip_none_reports_every_match_once() {
    check(
        "a{1,2} -> b within 10ns skip none",
        "0a 1a 2b",
        &["2: a=0,1 b=2", "2: a=0 b=2", "2: a=1 b=2"],
    );
    // Two ways, one binding.
    check(
        "(a -> b? or a -> b?) within 10ns skip none",
        "0a",
        &["0: a=0", "0: a=0"],
    );
    check("b?? -> a -> b? within 10ns skip none", "0a", &["0: a=0"]);
}

#[test]
fn to_first_and_to_last_go_on_at_an_event_of_the_match() {
    check(
        "a -> b: b{2} within 20ns skip to first b",
        "0a 1b 2b 3a 4b 5b",
        &["2: a=0 b=1,2", "5: a=3 b=4,5"],
    );
    check(
        "a: a{3} within 20ns skip to last a",
        "0a 1a 2a 3a 4a",
        &["2: a=0,1,2", "4: a=2,3,4"],
    );
    check(
        "y: a -> z: a{2} within 20ns skip to first z",
        "0a 1a 2a 3a",
        &["2: y=0 z=1,2", "3: y=1 z=2,3"],
    );
    check(
        "y: a -> z: a{2} within 20ns skip to last z",
        "0a 1a 2a 3a 4a",
        &["2: y=0 z=1,2", "4: y=2 z=3,4"],
    );
}

#[test]
fn a_target_that_is_missing_or_the_start_is_the_next_event() {
    check(
        "a: a{2} within 20ns skip to first a",
        "0a 1a 2a",
        &["1: a=0,1", "2: a=1,2"],
    );
    check(
        "y: a -> b: b? -> z: a within 20ns skip to last b",
        "0a 1a 2a",
        &["1: y=0 z=1", "2: y=1 z=2"],
    );
}

#[test]
fn a_later_start_waits_for_an_earlier_one() {
    check(
        "a: a -> b[v == a.v] -> c within 10ns",
        "0a1 1a2 2b2 3c 4b1 5c",
        &["5: a=0 b=4 c=5"],
    );
    check(
        "a: a -> b[v == a.v] -> c within 10ns",
        "0a1 1a2 2b2 3c 5c",
        &["10: a=1 b=2 c=3"],
    );
    check(
        "a: a -> b[v == a.v] -> c within 10ns skip to next",
        "0a1 1a2 2b2 3c 5c",
        &["3: a=1 b=2 c=3"],
    );
}

#[test]
fn what_ends_lets_the_next_start_match_at_once() {
    check(
        "a -> not x -> b within 10ns",
        "0a 1x 2a 3b",
        &["3: a=2 b=3"],
    );
    check("a => b within 10ns", "0a 1a 2b", &["2: a=1 b=2"]);
}

#[test]
fn what_is_reported_at_one_moment_is_in_the_order_of_starts() {
    check(
        "a -> not x within 5ns skip to next",
        "0a 0a 1a",
        &["5: a=0", "5: a=1", "6: a=2"],
    );
    check(
        "a -> b within 10ns skip none",
        "0a 1a 2b",
        &["2: a=0 b=2", "2: a=1 b=2"],
    );
}

#[test]
fn a_start_that_runs_out_of_time_is_told_once() {
    check_timeouts(
        "a -> b -> c within 10ns",
        "0a 1b",
        &["10 timeout(c): a=0 b=1"],
    );
    check_timeouts(
        "a -> b -> c within 10ns",
        "0a 3a",
        &["10 timeout(b): a=0", "13 timeout(b): a=1"],
    );
    check_timeouts(
        "a -> b+ -> c within 10ns",
        "0a 1b 2b",
        &["10 timeout(b, c): a=0 b=1,2"],
    );
    check_timeouts(
        "a -> (b or c) within 10ns",
        "0a",
        &["10 timeout(b, c): a=0"],
    );
    check_timeouts(
        "a and b and c within 10ns",
        "0b",
        &["10 timeout(a, c): b=0"],
    );
}

#[test]
fn what_a_match_took_or_skipped_does_not_run_out_of_time() {
    check_timeouts("a -> b within 10ns", "0a 1a 2b", &["2: a=0 b=2"]);
    check_timeouts(
        "a{2} -> b within 10ns skip to next",
        "0a 1a 2b",
        &["2: a=0,1 b=2"],
    );
    check_timeouts(
        "a{2} -> b within 10ns",
        "0a 1a 2b 3a",
        &["2: a=0,1 b=2", "13 timeout(a): a=3"],
    );
}

#[test]
fn what_ended_otherwise_does_not_run_out_of_time() {
    check_timeouts("a => b within 10ns", "0a 1a", &["11 timeout(b): a=1"]);
    check_timeouts("a -> not x -> b within 10ns", "0a 1x", &[]);
    check_timeouts("a -> not x within 10ns", "0a", &["10: a=0"]);
}

#[test]
fn a_timeout_waits_for_earlier_starts() {
    check_timeouts(
        "a -> (b or not x for 30ns) within 10ns",
        "0a 1a 5x",
        &["10 timeout(b): a=0", "11 timeout(b): a=1"],
    );
    // The first start waits for its silence beyond the window; what the second has is told behind it.
    check_timeouts(
        "(a -> not x for 30ns) or b -> c within 10ns",
        "0a 1b 40a",
        &["30: a=0", "30 timeout(c): b=1", "70: a=2"],
    );
}

#[test]
fn limit_holds_matches_back_and_not_timeouts() {
    check("a limit 1 per 10ns", "0a 5a 10a", &["0: a=0", "10: a=2"]);
    check_timeouts(
        "a -> b within 2ns limit 1 per 100ns",
        "0a 1b 2a 3b 4a 7a",
        &["1: a=0 b=1", "6 timeout(b): a=4", "9 timeout(b): a=5"],
    );
}

#[test]
fn what_is_less_preferred_ends_what_it_competes_with() {
    // The run that has left both repetitions is complete, and one that stays in the second takes the event.
    check("b{1,3} => a?? within 10ns", "0b 1a", &["1: b=0"]);
    check("b{1,3} => a?? within 10ns", "0b", &["10: b=0"]);
}

#[test]
fn the_end_of_the_window_settles_nothing() {
    // The run that stays for another `a` ran out of time; that which left it was forbidden by the `b` before.
    check_timeouts(
        "not b -> c -> not x -> a* strict within 5ns",
        "6b 10c",
        &["15 timeout(a): c=1"],
    );
    check_timeouts(
        "a+ -> not x for 3ns -> b within 6ns",
        "3a 6a",
        &["9 timeout(b): a=0", "12 timeout(b): a=1"],
    );
}

#[test]
fn a_timeout_binds_nothing_for_others() {
    check_timeouts(
        "y: a -> z: a -> c within 9ns",
        "6a 7a",
        &["15 timeout(c): y=0 z=1", "16 timeout(z): y=1"],
    );
}

#[test]
fn timeouts_and_matches_of_one_moment_are_in_the_order_of_starts() {
    check_timeouts(
        "(b or c -> d) -> not x for 2ns within 12ns skip none",
        "1c 11b",
        &["13 timeout(d): c=0", "13: b=1"],
    );
}

//! Elements, sequences, `or`, `and`, repetitions and `until`.

use super::check;

#[test]
fn a_single_element_is_a_match_at_once() {
    check("a", "0a 1b 2a", &["0: a=0", "2: a=2"]);
    check("a[v > 1]", "0a1 1a2 2a", &["1: a=1"]);
}

#[test]
fn the_relaxed_arrow_skips_what_does_not_fit_and_nothing_else() {
    check(
        "a -> b[v > 1] within 10ns",
        "0a 1x 2b1 3c 4b2 5b3",
        &["4: a=0 b=4"],
    );
    check("a -> b within 10ns skip none", "0a 1b 2b", &["1: a=0 b=1"]);
}

#[test]
fn the_strict_arrow_takes_the_very_next_event_of_the_input() {
    // `c` is not of the pattern, so it is not of its input.
    check("a => b within 10ns", "0a 1c 2b", &["2: a=0 b=2"]);
    // A second `a` is.
    check("a => b within 10ns", "0a 1a 2b", &["2: a=1 b=2"]);
    // An event of a named type is in the input, whatever its value.
    check("a => b[v > 1] within 10ns", "0a 1b1 2b2", &[]);
    check(
        "a => b -> c within 10ns",
        "0a 1c 2a 3b 4b 5c",
        &["5: a=2 b=3 c=5"],
    );
}

#[test]
fn types_of_a_not_are_of_the_input_too() {
    check(
        "a -> not x -> b => c within 10ns",
        "0a 1b 2x 3c 4a 5b 6c",
        &["6: a=4 b=5 c=6"],
    );
}

#[test]
fn the_any_arrow_finds_all_combinations() {
    check(
        "a ~> b within 10ns skip none",
        "0a 1a 2b 3b",
        &["2: a=0 b=2", "2: a=1 b=2", "3: a=0 b=3", "3: a=1 b=3"],
    );
    // With any other skip the first is reported.
    check("a ~> b within 10ns", "0a 1b 2b", &["1: a=0 b=1"]);
}

#[test]
fn an_arrow_describes_the_step_to_its_right() {
    check("a -> b? => c within 10ns", "0a 1c", &["1: a=0 c=1"]);
    check("a -> b? => c within 10ns", "0a 1a 2c", &["10: a=1 c=2"]);
    check(
        "a -> b? => c within 10ns",
        "0a 1a 2b 3c",
        &["3: a=0 b=2 c=3"],
    );
    check("a => b? -> c within 10ns", "0a 1a 2b 3c", &["3: a=0 c=3"]);
}

#[test]
fn either_alternative_is_taken_and_the_first_event_decides() {
    check("a -> (b or c) within 10ns", "0a 1c 2b", &["1: a=0 c=1"]);
    check(
        "a -> (b or c) within 10ns skip none",
        "0a 1c 2b",
        &["1: a=0 c=1"],
    );
    check(
        "a -> (b -> d or c -> x) within 10ns",
        "0a 1c 2b 3d 4x",
        &["4: a=0 c=1 x=4"],
    );
}

#[test]
fn where_both_alternatives_could_be_the_left_is_preferred() {
    check(
        "a -> (y: b or z: b[v > 1]) within 10ns",
        "0a 1b2",
        &["1: a=0 y=1"],
    );
    check(
        "a -> (z: b[v > 1] or y: b) within 10ns",
        "0a 1b1",
        &["1: a=0 y=1"],
    );
    check(
        "a -> (y: b or z: b) within 10ns skip none",
        "0a 1b",
        &["1: a=0 y=1", "1: a=0 z=1"],
    );
    // The left one begins, and is still possible: the right one has to wait for it.
    check("(y: b -> c) or z: b within 10ns", "0b 1x", &["10: z=0"]);
    check("(y: b -> c) or z: b within 10ns", "0b 1c", &["1: y=0 c=1"]);
}

#[test]
fn or_binds_less_than_an_arrow() {
    check(
        "a or b -> c within 10ns",
        "0a 1b 2c",
        &["0: a=0", "2: b=1 c=2"],
    );
}

#[test]
fn both_in_any_order() {
    check("a and b within 10ns", "0b 1b 2a", &["2: a=2 b=0"]);
    check("a and b within 10ns", "0a 1c 2b", &["2: a=0 b=2"]);
    check("a and b and c within 10ns", "0c 1a 2b", &["2: a=1 b=2 c=0"]);
    check("a and b within 2ns", "0b 2a 3b", &["3: a=1 b=2"]);
}

#[test]
fn one_event_fills_one_slot() {
    check("y: a and z: a within 10ns", "0a 1a", &["1: y=0 z=1"]);
    check(
        "y: a and z: a within 10ns skip none",
        "0a 1a",
        &["1: y=0 z=1", "1: y=1 z=0"],
    );
}

#[test]
fn an_arrow_before_an_and_counts_for_its_first_event() {
    check(
        "a => (b and c) within 10ns",
        "0a 1c 2x 3b",
        &["3: a=0 b=3 c=1"],
    );
    check(
        "a => (b and c) within 10ns",
        "0a 1a 2c 3a 4b",
        &["4: a=1 b=4 c=2"],
    );
    check("a => (b[v > 1] and c) within 10ns", "0a 1b1 2c 3b2", &[]);
    // Inside it is relaxed: the first `b` is taken, whatever the arrow before.
    check(
        "a ~> (b and c) within 10ns skip none",
        "0a 1b 2b 3c",
        &["3: a=0 b=1 c=3", "3: a=0 b=2 c=3"],
    );
}

#[test]
fn what_follows_an_and_follows_its_last_event() {
    check(
        "(a and b) => c within 10ns",
        "0b 1a 2c",
        &["2: a=1 b=0 c=2"],
    );
    check("(a and b) => c within 10ns", "0b 1c 2a 3a 4c", &[]);
    check(
        "(a and b) -> c within 10ns",
        "0b 1c 2a 3b 4c",
        &["4: a=2 b=0 c=4"],
    );
}

#[test]
fn strict_inside_of_an_and_means_the_input_too() {
    check(
        "(a => b) and c within 10ns",
        "0c 1a 2b",
        &["2: a=1 b=2 c=0"],
    );
    check("(a => b) and c within 10ns", "0a 1c 2b", &[]);
    check(
        "(a -> b) and c within 10ns",
        "0a 1c 2b",
        &["2: a=0 b=2 c=1"],
    );
}

#[test]
fn exact_repetitions_take_as_many() {
    check("a{3} within 10ns", "0a 1b 2a 3a 4a", &["3: a=0,2,3"]);
    check("a{2} -> b within 10ns", "0a 1b 2a 3b", &["3: a=0,2 b=3"]);
    check(
        "(a -> b){2} within 10ns",
        "0a 1b 2b 3a 4b",
        &["4: a=0,3 b=1,4"],
    );
}

#[test]
fn greedy_takes_all_and_the_follower_closes() {
    check(
        "a+ -> b within 10ns",
        "0a 1a 2b 3a 4b",
        &["2: a=0,1 b=2", "4: a=3 b=4"],
    );
    check("a{2,} -> b within 10ns", "0a 1b 2a 3b", &["3: a=0,2 b=3"]);
    check("a{1,2} -> b within 10ns", "0a 1a 2a 3b", &["3: a=0,1 b=3"]);
    check("a* -> b within 10ns", "0b 1a 2b", &["0: b=0", "2: a=1 b=2"]);
    check("a -> b? -> c within 10ns", "0a 1c 2b 3c", &["1: a=0 c=1"]);
    check("a -> b? -> c within 10ns", "0a 1b 2c", &["2: a=0 b=1 c=2"]);
}

#[test]
fn reluctant_takes_what_it_must() {
    check("a+? -> b within 10ns", "0a 1a 2b", &["2: a=0 b=2"]);
    check("a{2,}? -> b within 10ns", "0a 1a 2a 3b", &["3: a=0,1 b=3"]);
    check("a+? within 10ns", "0a 1a", &["0: a=0", "1: a=1"]);
    check("a -> b?? -> c within 10ns", "0a 1b 2c", &["2: a=0 c=2"]);
    // What it must is more where the condition of the follower asks for it.
    check(
        "a: a+? -> b[count(a) >= 2] within 10ns",
        "0a 1a 2a 3b",
        &["10: a=0,1 b=3"],
    );
}

#[test]
fn where_both_could_take_an_event_greedy_gives_it_to_the_repetition() {
    check(
        "a+ -> z: a[v > 1] within 10ns",
        "0a1 1a2 2a3 3a1",
        &["10: a=0,1 z=2"],
    );
    check("a{1,2} -> z: a within 10ns", "0a 1a 2a", &["2: a=0,1 z=2"]);
    // It falls back if nothing closes later.
    check("a{1,2} -> z: a within 10ns", "0a 1a", &["10: a=0 z=1"]);
    check(
        "a+? -> z: a[v > 1] within 10ns",
        "0a1 1a2 2a3",
        &["1: a=0 z=1"],
    );
}

#[test]
fn a_greedy_repetition_at_the_end_is_known_at_the_end_of_the_window() {
    check("a -> b+ within 10ns", "0a 1b 3b 12b", &["10: a=0 b=1,2"]);
    check("a -> b{1,2} within 10ns", "0a 1b 3b 5b", &["3: a=0 b=1,2"]);
    check("a -> b{1,2} within 10ns", "0a 1b", &["10: a=0 b=1"]);
    check("a -> b? within 10ns", "0a", &["10: a=0"]);
    check("a -> b? within 10ns", "0a 1b", &["1: a=0 b=1"]);
}

#[test]
fn rounds_follow_strictly_or_anyhow_if_that_is_said() {
    check(
        "a{2} strict -> b within 10ns",
        "0a 1b 2a 3a 4b",
        &["4: a=2,3 b=4"],
    );
    check(
        "a+ strict -> b within 10ns",
        "0a 1b 2a 3b",
        &["1: a=0 b=1", "3: a=2 b=3"],
    );
    // `x` breaks the repetition, but what was taken stays.
    check(
        "a -> b+ strict -> not x for 99ns within 10ns",
        "0a 1b 2b 3a 4b",
        &["101: a=0 b=1,2", "103: a=3 b=4"],
    );
    check(
        "a{2} any within 10ns skip none",
        "0a 1a 2a",
        &["1: a=0,1", "2: a=0,2", "2: a=1,2"],
    );
    check(
        "a{2} within 10ns skip none",
        "0a 1a 2a",
        &["1: a=0,1", "2: a=1,2"],
    );
}

#[test]
fn on_a_group_the_mode_is_about_the_seam() {
    check(
        "(a -> b){2} strict within 10ns",
        "0a 1x 2b 3a 4b",
        &["4: a=0,3 b=2,4"],
    );
    check("(a -> b){2} strict within 10ns", "0a 1a 2b 3b 4a 5b", &[]);
    check(
        "(a => b){2} within 10ns",
        "0a 1b 2b 3a 4b",
        &["4: a=0,3 b=1,4"],
    );
    check("(a => b){2} strict within 10ns", "0a 1b 2b 3a 4b", &[]);
    check(
        "(a -> b){2} any within 10ns skip none",
        "0a 1b 2a 3a 4b",
        &["4: a=0,2 b=1,4", "4: a=0,3 b=1,4"],
    );
}

#[test]
fn all_lengths_are_matches_where_all_are_asked_for() {
    check(
        "a -> b+ within 10ns skip none",
        "0a 1b 2b",
        &["1: a=0 b=1", "2: a=0 b=1,2"],
    );
    check(
        "a+ -> b within 10ns skip none",
        "0a 1a 2b",
        &["2: a=0,1 b=2", "2: a=0 b=2", "2: a=1 b=2"],
    );
    // What the follower takes and the repetition does not is never skipped.
    check(
        "a+ -> b within 10ns skip none",
        "0a 1b 2a 3b",
        &["1: a=0 b=1", "3: a=2 b=3"],
    );
    check(
        "a+ any -> b within 10ns skip none",
        "0a 1a 2a 3b",
        &[
            "3: a=0,1,2 b=3",
            "3: a=0,1 b=3",
            "3: a=0,2 b=3",
            "3: a=0 b=3",
            "3: a=1,2 b=3",
            "3: a=1 b=3",
            "3: a=2 b=3",
        ],
    );
}

#[test]
fn until_ends_a_repetition() {
    check(
        "a -> b+ until x within 99ns",
        "0a 1b 2b 3x 4b",
        &["3: a=0 b=1,2"],
    );
    check("a -> b+ until x within 99ns", "0a 1x 2b", &[]);
    check("a -> b* until x within 99ns", "0a 1x 2b", &["1: a=0"]);
    check("a+ until x", "0a 1a 2x 3a", &["2: a=0,1"]);
    check(
        "a+ until x -> b within 99ns",
        "0a 1a 2x 3a 4b",
        &["4: a=0,1 b=4"],
    );
    check(
        "a -> b+ until (x or c[v > 1]) within 99ns",
        "0a 1b 2c1 3b 4c2",
        &["4: a=0 b=1,3"],
    );
}

#[test]
fn until_wins_over_taking_the_same_event_but_the_follower_may_take_it() {
    check(
        "a+ until y: a[v > 1] within 99ns",
        "0a1 1a1 2a2 3a1",
        &["2: a=0,1", "102: a=3"],
    );
    check(
        "a+ until y: a[v > 1] -> z: a within 99ns",
        "0a1 1a2",
        &["1: a=0 z=1"],
    );
    check(
        "a+ until y: a[v > 1] within 99ns",
        "0a2 1a1 2a2",
        &["2: a=1"],
    );
    check(
        "(a -> b)+ until x within 99ns",
        "0a 1b 2a 3x 4b",
        &["3: a=0 b=1"],
    );
}

#[test]
fn until_does_not_hold_the_follower_back() {
    check(
        "a -> b* until x -> c within 99ns",
        "0a 1b 2c 3x",
        &["2: a=0 b=1 c=2"],
    );
    check("a -> b{2} until x -> c within 99ns", "0a 1b 2x 3b 4c", &[]);
}

#[test]
fn the_window_is_half_open() {
    check("a -> b within 10ns", "0a 9b", &["9: a=0 b=1"]);
    check("a -> b within 10ns", "0a 10b", &[]);
    check("a -> b -> c within 10ns", "0a 5b 10c", &[]);
}

#[test]
fn an_empty_match_is_none() {
    check("a*? within 10ns", "0b 1a", &["1: a=1"]);
}

#[test]
fn before_a_group_the_arrow_counts_for_whatever_begins_it() {
    check("a => (b? -> c) within 10ns", "0a 1c", &["1: a=0 c=1"]);
    check("a => (b? -> c) within 10ns", "0a 1a 2c", &["2: a=1 c=2"]);
    check(
        "(a? -> b){2} strict within 10ns",
        "0b 1x 2b 3a 4b",
        &["2: b=0,2"],
    );
    check("(a? -> b){2} strict within 10ns", "0b 1c 2b", &["2: b=0,2"]);
    // Behind a `not` it is the arrow behind that.
    check("a -> ((not x => b) or c) within 10ns", "0a 1x 2b", &[]);
    check(
        "a -> ((not x => b) or c) within 10ns",
        "0a 1a 2b",
        &["10: a=1 b=2"],
    );
}

#[test]
fn an_and_that_begins_a_match_is_begun_by_one_operand() {
    check("(a or z: b) and b within 10ns", "0b 1b", &["1: z=0 b=1"]);
    check("(a or z: b) and b within 10ns", "0b 1a", &["10: a=1 b=0"]);
    // A `not` with which another operand begins has something before it then.
    check(
        "(not x for 5ns -> b) and c within 20ns",
        "0c 3b 6b",
        &["6: b=2 c=0"],
    );
    check(
        "(not x for 5ns -> b) and c within 20ns",
        "0b 1c",
        &["1: b=0 c=1"],
    );
}

#[test]
fn alternatives_in_an_and_compete_until_one_of_them_begins() {
    check(
        "c -> ((a or b) and d) within 10ns",
        "0c 1d 2b",
        &["2: c=0 b=2 d=1"],
    );
}

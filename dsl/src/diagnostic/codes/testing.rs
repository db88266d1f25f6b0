//! `TJ07xx`: rule tests.

codes! {
    UNKNOWN_RULE = 701 {
        title: "a test expects a match of a rule that is not there",
        explanation: "A test is about the rules of the set that it stands in, by their names.",
        wrong: "event login { user: text }
rule seen { on l: login do log(l.user) }
test \"a login is seen\" { at 0s login { user: \"a\" } expect sen at 0s }",
        right: "event login { user: text }
rule seen { on l: login do log(l.user) }
test \"a login is seen\" { at 0s login { user: \"a\" } expect seen at 0s }",
    }
    UNKNOWN_EXPECTED = 702 {
        title: "a match of the rule holds nothing of this name",
        explanation: "An expectation may name the parts of the rule's key, the arguments of its actions, the fields of its event (of a pattern's event as `alias.field`), and `kind`: one of matched, raised, cleared, expired, timeout.",
        wrong: "event login { user: text }
rule seen { on l: login do log(l.user) }
test \"a login is seen\" { at 0s login { user: \"a\" } expect seen { usr: \"a\" } }",
        right: "event login { user: text }
rule seen { on l: login do log(l.user) }
test \"a login is seen\" { at 0s login { user: \"a\" } expect seen { user: \"a\" } }",
    }
    TEST_TIME = 703 {
        title: "a time of a test can't be",
        explanation: "Times of a test count from its start. An event is repeated after a positive time, until an instant that is not before its first, and a test has a limited number of events.",
        wrong: "event login { user: text }
rule seen { on l: login do log(l.user) }
test \"a login is seen\" { at 1m login { user: \"a\" } repeat every 1s until 30s expect seen at 1m }",
        right: "event login { user: text }
rule seen { on l: login do log(l.user) }
test \"a login is seen\" { at 0s login { user: \"a\" } repeat every 30s until 30s expect seen at 0s expect seen at 30s }",
    }
    NOTHING_EXPECTED = 704 {
        title: "a test expects nothing",
        explanation: "A test without `expect` can't fail.",
        wrong: "event login { user: text }
rule seen { on l: login do log(l.user) }
test \"a login is seen\" { at 0s login { user: \"a\" } }",
        right: "event login { user: text }
rule seen { on l: login do log(l.user) }
test \"a login is seen\" { at 0s login { user: \"a\" } expect seen }",
    }
}

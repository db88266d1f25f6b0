//! `TJ09xx`: what the language has, but this version doesn't support yet.

codes! {
    SCHEDULES = 902 {
        title: "schedules are not supported yet",
        explanation: "Rules that start by the clock (`every`, `at`) come in a later version. Until then a rule is started by events.",
        wrong: "rule digest { every 1h do log(\"hourly\") }",
        right: "event tick { hour: int }
rule digest { on t: tick do log(\"hourly\") }",
    }
    REGEXES = 906 {
        title: "regular expressions are not supported yet",
        explanation: "`~` comes in a later version. There are `contains`, `starts_with` and `ends_with`.",
        wrong: "event login { user: text }
rule root { on l: login where l.user ~ /^root/ do log(l.user) }",
        right: "event login { user: text }
rule root { on l: login where l.user starts_with \"root\" do log(l.user) }",
    }
    GLOBS = 907 {
        title: "`like` is not supported yet",
        explanation: "Globs come in a later version. There are `contains`, `starts_with` and `ends_with`.",
        wrong: "event login { user: text }
rule root { on l: login where l.user like \"root*\" do log(l.user) }",
        right: "event login { user: text }
rule root { on l: login where l.user starts_with \"root\" do log(l.user) }",
    }
    BETWEEN = 908 {
        title: "`between` is not supported yet",
        explanation: "`between` comes in a later version. Two comparisons say the same: `x >= 1 and x <= 9`.",
        wrong: "event request { status: int }
rule failed { on r: request where r.status between 500 and 599 do log(\"failed\") }",
        right: "event request { status: int }
rule failed { on r: request where r.status >= 500 and r.status <= 599 do log(\"failed\") }",
    }
    IGNORING_CASE = 909 {
        title: "tests that ignore case are not supported yet",
        explanation: "`icontains`, `istarts_with` and `iends_with` come in a later version. The tests without the `i` compare letters as they are.",
        wrong: "event login { user: text }
rule root { on l: login where l.user icontains \"root\" do log(l.user) }",
        right: "event login { user: text }
rule root { on l: login where l.user contains \"root\" do log(l.user) }",
    }
    CONDITIONALS = 910 {
        title: "`if` is not supported yet",
        explanation: "`if c then a else b` comes in a later version. Two rules can each take one of the cases.",
        wrong: "event login { user: text, ok: bool }
rule seen { on l: login do log(if l.ok then \"fine\" else \"failed\") }",
        right: "event login { user: text, ok: bool }
rule failed { on l: login where not l.ok do log(\"failed\") }",
    }
    FUNCTIONS = 911 {
        title: "this function is not supported yet",
        explanation: "Scalar functions (of numbers, texts and times) come in a later version.",
        wrong: "event login { user: text }
rule root { on l: login where lower(l.user) == \"root\" do log(l.user) }",
        right: "event login { user: text }
rule root { on l: login where l.user == \"root\" do log(l.user) }",
    }
    KEEP_ALL = 914 {
        title: "`keep *` is not supported yet",
        explanation: "A match tells the fields of its event. Keeping all fields of earlier events comes with patterns, in a later version.",
        wrong: "event login { user: text }
rule seen { on l: login keep * do log(l.user) }",
        right: "event login { user: text }
rule seen { on l: login do log(l.user) }",
    }
}

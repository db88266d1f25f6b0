//! `TJ09xx`: what the language has, but this version doesn't support yet.

codes! {
    SCHEDULES = 902 {
        title: "schedules are not supported yet",
        explanation: "Rules that start by the clock (`every`, `at`) come in a later version. Until then a rule is started by events.",
        wrong: "rule digest { every 1h do log(\"hourly\") }",
        right: "event tick { hour: int }
rule digest { on t: tick do log(\"hourly\") }",
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

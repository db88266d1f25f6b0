//! `TJ09xx`: what the language has, but this version doesn't support yet.

codes! {
    CALENDARS = 902 {
        title: "schedules by calendar are not supported yet",
        explanation: "Rules that start by a calendar (`at`) come in a later version. There are rules that start at equal distances: `every 1h`.",
        wrong: "rule digest { at \"0 * * * *\" do log(\"hourly\") }",
        right: "rule digest { every 1h do log(\"hourly\") }",
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

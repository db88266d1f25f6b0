//! `TJ03xx`: the structure of rules.

codes! {
    NO_EVENT = 301 {
        title: "a rule doesn't say what starts it",
        explanation: "A rule names the events that it sees: `on ALIAS: TYPE`.",
        wrong: "rule quiet { do log(\"never\") }",
        right: "event login { user: text }
rule seen { on l: login do log(l.user) }",
    }
    REPEATED_CLAUSE = 302 {
        title: "a clause stands twice in a rule",
        explanation: "Only `do`, `on clear do` and `on timeout do` may be repeated. Conditions are joined by `and`, parts of a key by commas.",
        wrong: "event login { user: text, ok: bool }
rule failed { on l: login where not l.ok where l.user == \"root\" do log(l.user) }",
        right: "event login { user: text, ok: bool }
rule failed { on l: login where not l.ok and l.user == \"root\" do log(l.user) }",
    }
    CONFLICTING_CLAUSES = 303 {
        title: "a rule has two state clauses",
        explanation: "A rule has at most one of `for`, `over` and `absent`. Two conditions over time are two rules, of which one may read what the other emits.",
        wrong: "event login { user: text }
rule busy { on l: login by l.user for 5m over 1m do log(l.user) }",
        right: "event login { user: text }
rule busy { on l: login by l.user over 1m do log(l.user) }",
    }
    HAVING_WITHOUT_WINDOW = 304 {
        title: "`having` without a window",
        explanation: "`having` judges the events of a window, so it needs `over`. Single events are judged by `where`.",
        wrong: "event login { user: text, ok: bool }
rule failed { on l: login having not l.ok do log(l.user) }",
        right: "event login { user: text, ok: bool }
rule failed { on l: login where not l.ok do log(l.user) }",
    }
    AGGREGATE_WITHOUT_WINDOW = 305 {
        title: "an aggregate without a window",
        explanation: "An aggregate tells of the events of a window, so its rule needs `over`.",
        wrong: "event login { user: text }
rule seen { on l: login by l.user do log(\"{count()} logins\") }",
        right: "event login { user: text }
rule seen { on l: login by l.user over 5m do log(\"{count()} logins\") }",
    }
    AGGREGATE_MISPLACED = 306 {
        title: "an aggregate where there is only one event",
        explanation: "Aggregates stand in `having`, `emit` and `do`. `where` and `by` see a single event, and so does what stands inside of another aggregate.",
        wrong: "event login { user: text }
rule busy { on l: login where count() > 9 over 5m do log(\"busy\") }",
        right: "event login { user: text }
rule busy { on l: login over 5m having count() > 9 do log(\"busy\") }",
    }
    CLEAR_WITHOUT_STATE = 307 {
        title: "`on clear` in a rule that never clears",
        explanation: "Single events and windows that are evaluated at their end match and are done. What clears is a condition that lasts (`for`), a silence (`absent`), or `having` over a sliding window.",
        wrong: "event login { user: text }
rule seen { on l: login do log(l.user) on clear do log(\"over\") }",
        right: "event login { user: text }
rule seen { on l: login by l.user over 5m do log(l.user) on clear do log(\"over\") }",
    }
    EACH_WITHOUT_SLIDING = 308 {
        title: "`each` on a window that is evaluated at its end",
        explanation: "`each` lets a window fire at every event for which `having` holds. Tumbling windows, hopping windows and sessions are evaluated once, at their end.",
        wrong: "event login { user: text }
rule busy { on l: login over 5m tumbling each having count() > 9 do log(\"busy\") }",
        right: "event login { user: text }
rule busy { on l: login over 5m each having count() > 9 do log(\"busy\") }",
    }
    MISSING_FIELD = 309 {
        title: "a derived event lacks a required field",
        explanation: "`emit` gives a value for each field of the type that is not optional (`?`).",
        wrong: "event login { user: text }
event incident { user: text, reason: text }
rule seen { on l: login emit incident { user: l.user } }",
        right: "event login { user: text }
event incident { user: text, reason: text }
rule seen { on l: login emit incident { user: l.user, reason: \"login\" } }",
    }
    EMIT_CYCLE = 310 {
        title: "rules derive events in a circle",
        explanation: "A rule may read what another emits, but no event may lead back to an event of its own type: that need not end.",
        wrong: "event ping { host: text }
event pong { host: text }
rule there { on p: ping emit pong { host: p.host } }
rule back { on p: pong emit ping { host: p.host } }",
        right: "event ping { host: text }
event pong { host: text }
rule there { on p: ping emit pong { host: p.host } }
rule back { on p: pong do log(p.host) }",
    }
    EMIT_FROM_ANY = 311 {
        title: "a rule on any event emits one",
        explanation: "A rule `on e: any` would see the event that it derives, and derive another one.",
        wrong: "event alarm { what: text }
rule loud { on e: any where e.severity >= high emit alarm { what: e.source } }",
        right: "event alarm { what: text }
event login { user: text }
rule loud { on e: login where e.severity >= high emit alarm { what: e.source } }",
    }
    POSITIONAL_ARGUMENT = 312 {
        title: "an argument needs a name",
        explanation: "An action takes one argument without a name, which is called `text`. All others are written `name: value`.",
        wrong: "event login { user: text, host: text }
rule seen { on l: login do page(l.user, l.host) }",
        right: "event login { user: text, host: text }
rule seen { on l: login do page(l.user, host: l.host) }",
    }
    CONSTANT_CONDITION = 313 {
        title: "a condition doesn't depend on the event",
        explanation: "The condition is true or false for every event, so it selects all or nothing.",
        wrong: "const DEBUG = false
event login { user: text }
rule seen { on l: login where DEBUG do log(l.user) }",
        right: "event login { user: text }
rule seen { on l: login where l.user == \"root\" do log(l.user) }",
    }
    ANY_WITH_TYPES = 314 {
        title: "`any` stands beside other types",
        explanation: "`any` is every event type already. An event type that is called `any` is written in backticks.",
        wrong: "event login { user: text }
rule seen { on e: login | any do log(e.source) }",
        right: "event login { user: text }
rule seen { on e: any do log(e.source) }",
    }
    NO_EVENT_TYPES = 315 {
        title: "`any` in a set without event types",
        explanation: "A rule sees events of declared types only, and none is declared.",
        wrong: "rule seen { on e: any do log(e.source) }",
        right: "event login { user: text }
rule seen { on e: any do log(e.source) }",
    }
    REPEATED_TYPE = 316 {
        title: "an event type is named twice",
        explanation: "Each event is seen once by a rule, however often its type is named.",
        wrong: "event login { user: text }
rule seen { on l: login | login do log(l.user) }",
        right: "event login { user: text }
rule seen { on l: login do log(l.user) }",
    }
    REPEATED_KEY = 317 {
        title: "two parts of a key have one name",
        explanation: "A part of a key is named by its field, or by its text, and a match tells each by its name.",
        wrong: "event login { user: text }
rule seen { on l: login by l.user, user absent 5m do log(l.user) }",
        right: "event login { user: text }
rule seen { on l: login by l.user absent 5m do log(l.user) }",
    }
    ZONE_MISPLACED = 318 {
        title: "a time zone for windows that can't be aligned to it",
        explanation: "`in \"ZONE\"` lets tumbling and hopping windows start at local midnight, and from there on at each step. So a step is at most a day long, or whole days; and windows that slide, count, or follow sessions have no starts to align.",
        wrong: "event login { user: text }
rule busy { on l: login over 5m in \"Europe/Berlin\" having count() > 9 do log(\"busy\") }",
        right: "event login { user: text }
rule busy { on l: login over 1d tumbling in \"Europe/Berlin\" having count() > 9 do log(\"busy\") }",
    }
    CLAUSE_IN_SCHEDULE = 320 {
        title: "a clause about events in a schedule",
        explanation: "A rule with `every` or `at` is started by the clock and sees no events. It has `emit` and `do`, in which `now` is the instant, and what a rule says of itself: `about`, `severity`, `labels`, `runbook`.",
        wrong: "event login { user: text }
rule digest { every 1h on l: login do log(\"hourly\") }",
        right: "rule digest { every 1h do log(\"hourly, at {now}\") }",
    }
    BAD_CRON = 321 {
        title: "no cron expression",
        explanation: "A cron expression has five fields: minute, hour, day of the month, month, day of the week. Each is `*` or a list of numbers, ranges (`9-17`) and steps (`*/15`, `9-17/2`). Months and days of the week have names (`JAN`, `MON`); `0` and `7` are Sunday. `L` is the last day of a month, `FRIL` its last Friday, `FRI#2` its second. There is no field for seconds or years.",
        wrong: "rule digest { at \"0 25 * * *\" do log(\"daily\") }",
        right: "rule digest { at \"0 9 * * MON-FRI\" in \"Europe/Berlin\" do log(\"on weekdays, at nine\") }",
    }
}

//! `TJ04xx`: bounds.

codes! {
    NOT_POSITIVE = 401 {
        title: "a number must be above zero",
        explanation: "Windows, silences and limits last longer than nothing, and a limit lets something through. Only `keep` may be `0s`.",
        wrong: "event login { user: text }
rule busy { on l: login over 0s do log(l.user) }",
        right: "event login { user: text }
rule busy { on l: login over 5m do log(l.user) }",
    }
    BEYOND_LIMIT = 402 {
        title: "more than a limit allows",
        explanation: "What a rule set may hold is bounded, so that what it needs is bounded too. The message names the limit.",
        wrong: "event e { a: int, b: int, c: int, d: int, f: int, g: int, h: int, i: int, j: int, k: int, l: int, m: int, n: int, o: int, p: int, q: int, r: int }
rule wide { on x: e by x.a, x.b, x.c, x.d, x.f, x.g, x.h, x.i, x.j, x.k, x.l, x.m, x.n, x.o, x.p, x.q, x.r absent 5m do log(\"quiet\") }",
        right: "event e { a: int, b: int, c: int, d: int, f: int, g: int, h: int, i: int, j: int, k: int, l: int, m: int, n: int, o: int, p: int, q: int, r: int }
rule wide { on x: e by x.a, x.b, x.c absent 5m do log(\"quiet\") }",
    }
    TOO_OFTEN = 403 {
        title: "a schedule that would fire too often",
        explanation: "Two instants of `every` lie at least 1ms apart.",
        wrong: "rule busy { every 1us do log(\"{now}\") }",
        right: "rule busy { every 1s do log(\"{now}\") }",
    }
    NEVER = 404 {
        title: "a schedule that would never fire",
        explanation: "The days that a cron expression asks for have to be in a calendar: there is no 30th of February.",
        wrong: "rule digest { at \"0 0 30 2 *\" do log(\"never\") }",
        right: "rule digest { at \"0 0 L 2 *\" do log(\"on the last of February\") }",
    }
}

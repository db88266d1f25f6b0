//! `TJ09xx`: what the language has, but this version doesn't support yet.

codes! {
    KEEP_ALL = 914 {
        title: "`keep *` is not supported yet",
        explanation: "A match tells the fields of its event. Keeping all fields of earlier events comes with patterns, in a later version.",
        wrong: "event login { user: text }
rule seen { on l: login keep * do log(l.user) }",
        right: "event login { user: text }
rule seen { on l: login do log(l.user) }",
    }
}

//! `TJ05xx`: patterns.

codes! {
    UNBOUNDED_WAIT = 501 {
        title: "a pattern may wait for ever",
        explanation: "Whatever a pattern waits for, it must know how long: `within D` bounds the whole of it, `not x for D` one silence, `until x` a repetition. Otherwise what was begun and never finished would be kept for ever.",
        wrong: "event login { user: text, ok: bool }
rule guessed { match f: login[not ok] -> w: login[ok] by user do log(w.user) }",
        right: "event login { user: text, ok: bool }
rule guessed { match f: login[not ok] -> w: login[ok] by user within 1m do log(w.user) }",
    }
    ARROW_BEFORE_NOT = 502 {
        title: "`=>` or `~>` before a `not`",
        explanation: "`=>` and `~>` say how the next event follows, and a `not` has no event. Write `->` before it; the arrow behind it describes what follows.",
        wrong: "event opened { door: text }
event closed { door: text }
rule left_open { match o: opened => not closed by door within 5m do log(o.door) }",
        right: "event opened { door: text }
event closed { door: text }
rule left_open { match o: opened -> not closed by door within 5m do log(o.door) }",
    }
    NOT_ALTERNATIVE = 503 {
        title: "a `not` as an alternative needs its own time",
        explanation: "That something did not occur is true at once, so the alternative would always be there first. With `for D` it is there when D has passed without it.",
        wrong: "event asked { n: int }
event answered { n: int }
event failed { n: int }
rule done { match a: asked -> (r: answered or not failed) by n within 1m do log(\"{a.n}\") }",
        right: "event asked { n: int }
event answered { n: int }
event failed { n: int }
rule done { match a: asked -> (r: answered or not failed for 10s) by n within 1m do log(\"{a.n}\") }",
    }
    REPEATED_ALIAS = 504 {
        title: "an alias stands twice in a pattern",
        explanation: "An alias names the events of one element. Where two elements are meant alike, give them two names, or let one element take several types: `a: x | y`.",
        wrong: "event login { user: text, ok: bool }
rule twice { match l: login[not ok] -> l: login[ok] by user within 1m do log(l.user) }",
        right: "event login { user: text, ok: bool }
rule twice { match f: login[not ok] -> l: login[ok] by user within 1m do log(l.user) }",
    }
    BESIDE_MATCH = 505 {
        title: "a clause that does not go with `match`",
        explanation: "A rule with `match` is started by its pattern, and the pattern says what it remembers. Conditions stand in the brackets of the elements, and aggregates over a repetition may stand there too: `w: login[ok and count(fails) > 3]`.",
        wrong: "event login { user: text, ok: bool }
rule guessed { match f: login -> w: login[ok] by user within 1m where not f.ok do log(w.user) }",
        right: "event login { user: text, ok: bool }
rule guessed { match f: login[not ok] -> w: login[ok] by user within 1m do log(w.user) }",
    }
    WITHOUT_MATCH = 506 {
        title: "a clause that needs `match`",
        explanation: "`within`, `skip`, `on timeout` and keys that map names belong to a pattern.",
        wrong: "event login { user: text }
rule seen { on l: login by l.user within 5m do log(l.user) }",
        right: "event login { user: text }
rule seen { on l: login by l.user over 5m do log(l.user) }",
    }
    MAY_TAKE_NOTHING = 507 {
        title: "a part of a pattern may take nothing where it must take something",
        explanation: "A pattern, an alternative of `or`, an operand of `and` and what is repeated take an event at least. Say what is optional around it: `(a or b)?` instead of `a? or b`.",
        wrong: "event a { n: int }
event b { n: int }
event c { n: int }
rule either { match s: a -> (b? or c) -> e: a by n within 1m do log(\"{s.n}\") }",
        right: "event a { n: int }
event b { n: int }
event c { n: int }
rule either { match s: a -> (b or c)? -> e: a by n within 1m do log(\"{s.n}\") }",
    }
    OPEN_OPERAND = 508 {
        title: "it is not known when an operand of `and` is done",
        explanation: "An operand of `and` must not end in a repetition of varying length, nor in a `not` without `for`: what else the `and` waits for says nothing of when it is over. Repeat it a fixed number of times; make the `not` an operand of its own.",
        wrong: "event a { n: int }
event b { n: int }
rule both { match x: a+ and y: b by n within 1m do log(\"{y.n}\") }",
        right: "event a { n: int }
event b { n: int }
rule both { match x: a{3} and y: b by n within 1m do log(\"{y.n}\") }",
    }
    NOT_AN_ELEMENT = 509 {
        title: "`not` or `until` of more than elements",
        explanation: "What must not occur, and what ends a repetition, is an event: an element, or one of several, `not (x or y)`.",
        wrong: "event a { n: int }
event b { n: int }
event c { n: int }
rule quiet { match x: a -> not (b -> c) by n within 1m do log(\"{x.n}\") }",
        right: "event a { n: int }
event b { n: int }
event c { n: int }
rule quiet { match x: a -> not (b or c) by n within 1m do log(\"{x.n}\") }",
    }
    NOTHING_REPEATED = 510 {
        title: "`until` without a repetition",
        explanation: "`until` ends a repetition. What must not occur before an event is said by `not`: `a -> not x -> b`.",
        wrong: "event a { n: int }
event x { n: int }
rule some { match s: a until x by n within 1m do log(\"{s.n}\") }",
        right: "event a { n: int }
event x { n: int }
rule some { match s: a+ until x by n within 1m do log(\"{s.n}\") }",
    }
    BAD_QUANTIFIER = 511 {
        title: "a quantifier that no number of rounds fits",
        explanation: "A repetition takes at least one round if it takes any, and at most as many as its second number says.",
        wrong: "event a { n: int }
rule some { match s: a{5,3} by n within 1m do log(\"{s.n}\") }",
        right: "event a { n: int }
rule some { match s: a{3,5}? by n within 1m do log(\"{s.n}\") }",
    }
    NOT_BOUND = 512 {
        title: "an element is not bound where it is spoken of",
        explanation: "A condition reads what was bound before: elements to its left, other operands of an `and`, and earlier rounds of a repetition that it stands in. What is in `not` or behind `until` is never bound.",
        wrong: "event tx { card: text, amount: float }
rule growing { match a: tx[amount < b.amount] -> b: tx by card within 1m do log(b.card) }",
        right: "event tx { card: text, amount: float }
rule growing { match a: tx -> b: tx[amount > a.amount] by card within 1m do log(b.card) }",
    }
    SKIP_TARGET = 513 {
        title: "there is no such place to go on at",
        explanation: "`skip to first a` and `skip to last a` name an element of the pattern whose events are bound.",
        wrong: "event tx { card: text, amount: float }
rule two { match a: tx -> b: tx by card within 1m skip to first c do log(b.card) }",
        right: "event tx { card: text, amount: float }
rule two { match a: tx -> b: tx by card within 1m skip to first b do log(b.card) }",
    }
    ANY_FOR_ONE = 514 {
        title: "`~>` where only one match is reported",
        explanation: "`~>` is there to find all combinations, and only `skip none` reports them all. With any other, the first of them is reported, which `->` finds as well.",
        wrong: "event a { n: int }
event b { n: int }
rule pairs { match x: a ~> y: b by n within 1m do log(\"{y.n}\") }",
        right: "event a { n: int }
event b { n: int }
rule pairs { match x: a ~> y: b by n within 1m skip none do log(\"{y.n}\") }",
    }
    OR_BESIDE_ARROW = 515 {
        title: "`or` beside an arrow, without parentheses",
        explanation: "`a or b -> c` is `a`, or `b` followed by `c`. Parentheses show what is meant.",
        wrong: "event a { n: int }
event b { n: int }
event c { n: int }
rule some { match a or b -> c by n within 1m do log(\"found\") }",
        right: "event a { n: int }
event b { n: int }
event c { n: int }
rule some { match a or (b -> c) by n within 1m do log(\"found\") }",
    }
    LATE_MATCH = 516 {
        title: "a match is reported only at the end of the window",
        explanation: "A greedy repetition takes all that it can. Where nothing that follows closes it, or what follows would be taken by it too, it is known only at the end of `within` how much that is. A reluctant one (`+?`) takes what it must, and is reported at once; `until x` ends it at an event.",
        wrong: "event login { user: text, ok: bool }
rule guesses { match f: login[not ok]{3,} by user within 1m do log(f.user) }",
        right: "event login { user: text, ok: bool }
rule guesses { match f: login[not ok]{3,}? by user within 1m do log(f.user) }",
    }
    ELEMENT_KEY = 517 {
        title: "a part of the key that not all elements have",
        explanation: "Each element is asked for the key by itself: `by user` takes the field `user` of each element's events, of one type in all. Where elements call it differently, the names are mapped: `by a.user = b.account`.",
        wrong: "event login { user: text }
event payment { account: text }
rule spent { match l: login -> p: payment by user within 1m do log(p.account) }",
        right: "event login { user: text }
event payment { account: text }
rule spent { match l: login -> p: payment by l.user = p.account within 1m do log(p.account) }",
    }
    AGGREGATE_OVER = 518 {
        title: "an aggregate in a pattern is over one element",
        explanation: "It names the element over whose events it is taken: `count(a)`, `sum(a.amount)`, `count(a where a.amount > 9)`.",
        wrong: "event tx { card: text, amount: float }
rule spree { match a: tx{3} by card within 1m do log(\"{count()} payments\") }",
        right: "event tx { card: text, amount: float }
rule spree { match a: tx{3} by card within 1m do log(\"{count(a)} payments\") }",
    }
    TIMEOUT_WITHOUT_WINDOW = 519 {
        title: "`on timeout` without `within`",
        explanation: "What runs out is the time of `within`.",
        wrong: "event a { n: int }
event b { n: int }
rule quiet { match x: a -> not b for 5s by n do log(\"{x.n}\") on timeout do log(\"late\") }",
        right: "event a { n: int }
event b { n: int }
rule quiet { match x: a -> y: b by n within 5s do log(\"{x.n}\") on timeout do log(\"late\") }",
    }
    NEVER_IN_TIME = 520 {
        title: "a silence is longer than the window",
        explanation: "Events behind a `not x for D` come D later at the earliest, and `within` ends before.",
        wrong: "event a { n: int }
event b { n: int }
rule later { match x: a -> not b for 1m -> y: b by n within 30s do log(\"{x.n}\") }",
        right: "event a { n: int }
event b { n: int }
rule later { match x: a -> not b for 1m -> y: b by n within 90s do log(\"{x.n}\") }",
    }
    TOGETHER_EVENT = 521 {
        title: "one event of matches that are told together",
        explanation: "With `skip none together` all matches of a moment are told as one, by how many they are and by counts and sums over all that they have bound. No event is told, and none can be read; a part of the key is called by its name.",
        wrong: "event tx { card: text, amount: int }
rule pairs { match a: tx ~> b: tx[amount > 99] by card within 1m skip none together do log(\"{b.amount} after {count(a)}\") }",
        right: "event tx { card: text, amount: int }
rule pairs { match a: tx ~> b: tx[amount > 99] by card within 1m skip none together do log(\"{card}: {sum(b.amount)} after {count(a)}\") }",
    }
    TOGETHER_AGGREGATE = 522 {
        title: "an aggregate that is not told of many matches",
        explanation: "Over what all matches of a moment have bound there are `count`, `sum` and `avg`: these are known without going through the matches one by one, of which there may be very many.",
        wrong: "event tx { card: text, amount: int }
rule pairs { match a: tx ~> b: tx[amount > 99] by card within 1m skip none together do log(\"{max(a.amount)}\") }",
        right: "event tx { card: text, amount: int }
rule pairs { match a: tx ~> b: tx[amount > 99] by card within 1m skip none together do log(\"{avg(a.amount)}\") }",
    }
    TOGETHER_WITH_TIMEOUT = 523 {
        title: "`on timeout` where matches are told together",
        explanation: "A timeout is told of a start that is in no match, and matches that are only counted don't say which events they have.",
        wrong: "event a { n: int }
event b { n: int }
rule pairs { match x: a ~> y: b by n within 1m skip none together do log(\"{count()}\") on timeout do log(\"late\") }",
        right: "event a { n: int }
event b { n: int }
rule pairs { match x: a ~> y: b by n within 1m skip none together do log(\"{count()}\") }
rule late { match x: a -> y: b by n within 1m on timeout do log(\"late\") }",
    }
}

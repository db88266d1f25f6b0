//! The words of the language, as editors explain and propose them.

/// A word, and what it says.
pub(super) struct Word {
    pub(super) text: &'static str,
    /// What is written for it: `$1`, `$0` are places to go on writing.
    pub(super) snippet: &'static str,
    pub(super) about: &'static str,
}

const fn word(text: &'static str, snippet: &'static str, about: &'static str) -> Word {
    Word {
        text,
        snippet,
        about,
    }
}

/// Words that begin an item.
pub(super) const ITEMS: &[Word] = &[
    word(
        "event",
        "event ${1:name} { $0 }",
        "An event type with its fields: `event login { user: text, ok: bool }`.",
    ),
    word(
        "const",
        "const ${1:NAME} = $0",
        "A name for a constant: `const LIMIT = 90%`.",
    ),
    word(
        "table",
        "table ${1:name} from \"${2:file.csv}\" key ${3:field} { $0 }",
        "Reference data from a file: `table owners from \"owners.csv\" key host { host: text, team: text }`.",
    ),
    word(
        "rule",
        "rule ${1:name} {\n    on ${2:e}: ${3:type}\n    where $0\n    do log(\"\")\n}",
        "A rule: which events, which condition, what to do.",
    ),
    word(
        "test",
        "test \"${1:what it shows}\" {\n    at 0s $0\n}",
        "A rule test: events in virtual time, and the matches that they have to bring about.",
    ),
];

/// Words that begin a clause of a rule.
pub(super) const CLAUSES: &[Word] = &[
    word("about", "about \"$0\"", "What the rule is for."),
    word(
        "severity",
        "severity $0",
        "How much a match matters: info, low, medium, high or critical.",
    ),
    word(
        "labels",
        "labels { $0 }",
        "Labels of every match: `labels { team: \"sre\" }`.",
    ),
    word("runbook", "runbook \"$0\"", "Where to read what to do."),
    word(
        "on",
        "on ${1:e}: $0",
        "The events that the rule sees: `on c: cpu_usage`, `on d: failed | rollback`, `on e: any`.",
    ),
    word(
        "match",
        "match $0",
        "A pattern of several events: `match a: login[not ok]{3,} -> b: login[ok]`.",
    ),
    word(
        "every",
        "every $0",
        "The clock starts the rule: `every 5m`.",
    ),
    word(
        "at",
        "at \"$0\"",
        "The calendar starts the rule: `at \"0 9 * * MON-FRI\" in \"Europe/Berlin\"`.",
    ),
    word("where", "where $0", "Which events count."),
    word(
        "by",
        "by $0",
        "The partition key: each of its values has a state of its own.",
    ),
    word(
        "for",
        "for $0",
        "How long the condition must last: `for 5m gap 1m keep 30s`.",
    ),
    word(
        "over",
        "over $0",
        "The window: `over 5m`, `over 5m tumbling`, `over 5m every 1m`, `over 100 events`, `over session 30s`, `over all`.",
    ),
    word(
        "absent",
        "absent $0",
        "The silence that raises: `absent 30s`.",
    ),
    word(
        "within",
        "within $0",
        "The time that a pattern may take, from its first event to its last.",
    ),
    word(
        "skip",
        "skip $0",
        "Where a pattern goes on after a match: `past last`, `to next`, `to first a`, `to last a`, `none`.",
    ),
    word(
        "having",
        "having $0",
        "The condition on the window, which may use aggregates.",
    ),
    word(
        "limit",
        "limit ${1:1} per $0",
        "How many matches a key may have: `limit 1 per 1h`.",
    ),
    word(
        "keep",
        "keep *",
        "Keeps all fields of bound events, and not only those that the rule mentions.",
    ),
    word(
        "emit",
        "emit $1 { $0 }",
        "A derived event, which other rules see.",
    ),
    word(
        "do",
        "do $0",
        "What is done on a match: `do page(text: \"{c.host} is hot\")`.",
    ),
    word(
        "on clear",
        "on clear do $0",
        "What is done when what was raised clears.",
    ),
    word(
        "on timeout",
        "on timeout do $0",
        "What is done when a pattern runs out of time.",
    ),
];

/// Words that begin a step of a test.
pub(super) const STEPS: &[Word] = &[
    word(
        "at",
        "at ${1:0s} $2 { $0 }",
        "An event that arrives, so long after the start of the test.",
    ),
    word(
        "expect",
        "expect $0",
        "A match that has to come about: `expect RULE at 5m { host: \"a\" }`.",
    ),
    word("expect no", "expect no $0", "A rule that must not match."),
];

/// Words with which an expression may begin.
pub(super) const OPERANDS: &[Word] = &[
    word("not", "not $0", "True where what follows is false."),
    word("if", "if $1 then $2 else $0", "One of two values."),
    word("true", "true", "The condition that always holds."),
    word("false", "false", "The condition that never holds."),
];

/// Words that go on from an expression.
pub(super) const OPERATORS: &[Word] = &[
    word("and", "and $0", "Both hold."),
    word("or", "or $0", "Either holds."),
    word("in", "in $0", "In a list, a network, or a table."),
    word(
        "not in",
        "not in $0",
        "Not in a list, a network, or a table.",
    ),
    word(
        "between",
        "between $1 and $0",
        "From a lower to an upper bound, both included.",
    ),
    word("like", "like \"$0\"", "Fits a glob: `like \"web-*\"`."),
    word("ilike", "ilike \"$0\"", "Fits a glob, whatever the case."),
    word("contains", "contains \"$0\"", "Has as a part."),
    word(
        "icontains",
        "icontains \"$0\"",
        "Has as a part, whatever the case.",
    ),
    word("starts_with", "starts_with \"$0\"", "Begins with."),
    word(
        "istarts_with",
        "istarts_with \"$0\"",
        "Begins with, whatever the case.",
    ),
    word("ends_with", "ends_with \"$0\"", "Ends with."),
    word(
        "iends_with",
        "iends_with \"$0\"",
        "Ends with, whatever the case.",
    ),
    word("is null", "is null", "Has no value."),
    word("is not null", "is not null", "Has a value."),
];

/// Words that go on from `for D`.
pub(super) const AFTER_FOR: &[Word] = &[
    word("gap", "gap $0", "The silence that ends a run."),
    word(
        "keep",
        "keep $0",
        "How long after a break what was raised clears.",
    ),
];

/// Words that go on from `over D`.
pub(super) const AFTER_OVER: &[Word] = &[
    word("tumbling", "tumbling", "One window after the other."),
    word(
        "every",
        "every $0",
        "A window that begins so often: `over 5m every 1m`.",
    ),
    word(
        "each",
        "each",
        "Fires at every event for which `having` holds, not only when it turns true.",
    ),
    word("events", "events", "So many events: `over 100 events`."),
    word(
        "in",
        "in \"$0\"",
        "Windows aligned to local midnight: `in \"Europe/Berlin\"`.",
    ),
];

/// Words that go on from `absent D`.
pub(super) const AFTER_ABSENT: &[Word] = &[word(
    "of",
    "of $0",
    "The table whose keys are expected from the start.",
)];

/// Words that go on from a schedule.
pub(super) const AFTER_SCHEDULE: &[Word] = &[
    word(
        "catchup",
        "catchup $0",
        "What becomes of instants that passed: `skip` or `one`.",
    ),
    word("in", "in \"$0\"", "The time zone."),
];

/// Words that go on from a pattern.
pub(super) const IN_PATTERN: &[Word] = &[
    word(
        "not",
        "not $0",
        "An event that must not occur between its neighbours.",
    ),
    word("until", "until $0", "What ends a repetition."),
    word("or", "or $0", "Either; the left is preferred."),
    word("and", "and $0", "Both, in any order."),
    word(
        "strict",
        "strict",
        "A repetition without events between its own.",
    ),
    word("any", "any", "A repetition in all combinations."),
];

/// Where a pattern goes on.
pub(super) const SKIPS: &[Word] = &[
    word(
        "past last",
        "past last",
        "Behind the last event of the match: one incident, one match.",
    ),
    word(
        "to next",
        "to next",
        "At the event after the match's first.",
    ),
    word(
        "to first",
        "to first $0",
        "At the first event of an element.",
    ),
    word("to last", "to last $0", "At the last event of an element."),
    word("none", "none", "All matches of all starts."),
    word(
        "none together",
        "none together",
        "All matches of all starts, those of a moment told as one: how many, and sums over their events.",
    ),
];

/// The types of fields.
pub(super) const TYPES: &[Word] = &[
    word("bool", "bool", "True or false."),
    word("int", "int", "A whole number of 64 bits."),
    word("float", "float", "A number: `0.9`, `90%`."),
    word("text", "text", "A text in UTF-8."),
    word("time", "time", "A point in time, to the nanosecond."),
    word("duration", "duration", "A span of time: `5m30s`."),
    word("ip", "ip", "An address: `10.0.0.1`, `ip\"2001:db8::1\"`."),
    word(
        "enum",
        "enum($0)",
        "One of several names, lowest first: `enum(low, high)`.",
    ),
];

/// What an aggregate gives.
pub(super) const AGGREGATES: [(&str, &str, &str); 12] = [
    (
        "count",
        "count() -> int",
        "How many events; with an argument, how many for which it is not null.",
    ),
    (
        "sum",
        "sum(x) -> the type of x",
        "The sum; null over nothing.",
    ),
    (
        "avg",
        "avg(x) -> float",
        "The mean; of durations a duration.",
    ),
    ("min", "min(x) -> the type of x", "The least."),
    ("max", "max(x) -> the type of x", "The greatest."),
    ("stddev", "stddev(x) -> float", "The deviation of a sample."),
    (
        "stddev_pop",
        "stddev_pop(x) -> float",
        "The deviation of the whole.",
    ),
    ("first", "first(x) -> the type of x", "The oldest."),
    ("last", "last(x) -> the type of x", "The newest."),
    ("distinct", "distinct(x) -> int", "How many different ones."),
    (
        "quantile",
        "quantile(x, p) -> float",
        "The p-quantile: `quantile(r.ms, 99%)`.",
    ),
    (
        "rate",
        "rate() -> float",
        "Events, or the sum of the argument, per second of the window.",
    ),
];

/// What a field of the envelope holds.
pub(super) const ENVELOPE: [(&str, &str, &str); 6] = [
    ("type", "text", "The name of the event's type on the wire."),
    ("source", "text", "Where the event comes from."),
    ("id", "text", "The event's id, where it has one."),
    (
        "subject",
        "text",
        "What the event is about, where it says so.",
    ),
    ("time", "time", "When it happened."),
    (
        "severity",
        "enum(info, low, medium, high, critical)",
        "How much it matters, where it says so.",
    ),
];

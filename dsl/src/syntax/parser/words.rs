//! The words of the language. A word is a keyword only where the grammar asks for it; those that are reserved are
//! no bare names, because there the text could mean both.

/// Words that begin an item.
pub(super) const ITEMS: [&str; 5] = ["event", "const", "table", "rule", "test"];

/// Words that begin a clause.
pub(super) const CLAUSES: [&str; 20] = [
    "about", "severity", "labels", "runbook", "on", "match", "every", "at", "where", "by", "for",
    "over", "absent", "within", "skip", "having", "limit", "keep", "emit", "do",
];

/// Reserved words that end an expression, whatever is open.
const RESERVED_CLAUSES: [&str; 12] = [
    "on", "match", "where", "by", "for", "over", "absent", "within", "having", "limit", "emit",
    "do",
];

/// Reserved words of expressions and patterns.
const RESERVED_OPERATORS: [&str; 20] = [
    "and",
    "or",
    "not",
    "in",
    "is",
    "between",
    "like",
    "ilike",
    "contains",
    "icontains",
    "starts_with",
    "istarts_with",
    "ends_with",
    "iends_with",
    "if",
    "then",
    "else",
    "true",
    "false",
    "until",
];

/// Infix operators that are words and take one operand on each side.
pub(super) const COMPARISONS: [&str; 9] = [
    "in",
    "like",
    "ilike",
    "contains",
    "icontains",
    "starts_with",
    "istarts_with",
    "ends_with",
    "iends_with",
];

/// Words that the grammar asks for inside of items and clauses.
const INSIDE: [&str; 33] = [
    "all", "any", "catchup", "clear", "each", "enum", "events", "expect", "first", "from", "gap",
    "keep", "key", "last", "lateness", "next", "no", "none", "null", "of", "one", "past", "per",
    "repeat", "session", "skip", "strict", "timeout", "to", "together", "tumbling", "every",
    "until",
];

/// All words of the language, in the order of the alphabet, each once.
pub(in crate::syntax) fn keywords() -> Vec<&'static str> {
    let all = [&ITEMS[..], &CLAUSES, &RESERVED_OPERATORS, &INSIDE];
    let mut all = all.concat();
    all.sort_unstable();
    all.dedup();
    all
}

/// Whether the word is a name only in backticks, after a dot, or before a colon.
pub(in crate::syntax) fn is_reserved(word: &str) -> bool {
    word == "null" || RESERVED_OPERATORS.contains(&word) || RESERVED_CLAUSES.contains(&word)
}

/// Whether the word begins a clause and is never a bare name.
pub(super) fn is_reserved_clause(word: &str) -> bool {
    RESERVED_CLAUSES.contains(&word)
}

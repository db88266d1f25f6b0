//! `TJ00xx`: lexing and parsing.

codes! {
    UNEXPECTED_TOKEN = 1 {
        title: "something else is expected here",
        explanation: "The text up to here can go on in certain ways only, and this is none of them.",
        wrong: "const LIMIT 5",
        right: "const LIMIT = 5",
    }
    UNKNOWN_CHARACTER = 2 {
        title: "a character that means nothing",
        explanation: "Outside of strings and comments, text is made of ASCII words, numbers and operators. Names with \
            other characters stand in backticks.",
        wrong: "event größe { value: int }",
        right: "event `größe` { value: int }",
    }
    UNCLOSED_STRING = 3 {
        title: "a string or regex that is not closed",
        explanation: "A string ends with `\"`, and a regex with `/`, on the line where it begins. A `{` in a string \
            opens a value, which ends with `}`; a plain brace is written `{{`. Strings inside of values nest four \
            levels deep at most.",
        wrong: "const GREETING = \"hello",
        right: "const GREETING = \"hello\"",
    }
    BAD_ESCAPE = 4 {
        title: "a backslash with something that is no escape",
        explanation: "The escapes of strings are \\n, \\t, \\r, \\\", \\\\, \\{, \\} and \\u{1F600}. In `r\"...\"` a \
            backslash means itself.",
        wrong: r#"const HOME = "C:\users""#,
        right: r#"const HOME = "C:\\users""#,
    }
    BAD_NUMBER = 5 {
        title: "neither a number nor a duration",
        explanation: "Words that start with a digit are numbers (`1_000`, `0.9`, `1e-3`, `90%`), durations with the \
            units d, h, m, s, ms, us and ns (`5m30s`), times (`2026-01-31T12:00:00Z`) or IPv4 addresses.",
        wrong: "const PATIENCE = 5min",
        right: "const PATIENCE = 5m",
    }
    NUMBER_OUT_OF_RANGE = 6 {
        title: "a number beyond its range",
        explanation: "An int has 64 bits, with a sign; a float ends at about 1.8e308; a quantifier counts to \
            4294967295.",
        wrong: "const MANY = 9_223_372_036_854_775_808",
        right: "const MANY = 9_223_372_036_854_775_807",
    }
    BAD_DURATION = 7 {
        title: "a duration that can't be told",
        explanation: "The units of a duration go from the longest to the shortest, each once, and it is no longer \
            than 292 years.",
        wrong: "const PATIENCE = 30s5m",
        right: "const PATIENCE = 5m30s",
    }
    BAD_TIME = 8 {
        title: "a time that doesn't exist",
        explanation: "An instant is written with date, time and zone, and lies between the years 1677 and 2262.",
        wrong: "const START = 2026-02-30T12:00:00Z",
        right: "const START = 2026-02-28T12:00:00Z",
    }
    BAD_ADDRESS = 9 {
        title: "an address or network that doesn't exist",
        explanation: "IPv4 is written plainly, IPv6 as `ip\"...\"`. The bits of a network beyond its prefix are zero, \
            so that it is plain which network is meant.",
        wrong: "const OFFICE = 10.20.0.0/8",
        right: "const OFFICE = 10.0.0.0/8",
    }
    STRAY_BRACE = 10 {
        title: "a closing brace in a string that closes nothing",
        explanation: "Braces in strings hold values. A plain brace is doubled, or has a backslash before it.",
        wrong: "const END = \"}\"",
        right: "const END = \"}}\"",
    }
    NO_INTERPOLATION = 11 {
        title: "a value in a text that is fixed",
        explanation: "Titles, file names, time zones and the like are read when rules are loaded: there is no event \
            whose value could be put in.",
        wrong: "rule r { about \"load of {c.host}\" on c: cpu_usage do log(\"x\") }",
        right: "rule r { about \"load of a host\" on c: cpu_usage do log(\"x\") }",
    }
    BAD_REGEX_FLAG = 12 {
        title: "a regex flag that doesn't exist",
        explanation: "The only flag is `i`: upper and lower case are the same. Others can be set inside of the regex, \
            as `(?s)`.",
        wrong: "rule r { on c: cpu_usage where c.host ~ /^web/g do log(\"x\") }",
        right: "rule r { on c: cpu_usage where c.host ~ /^web/i do log(\"x\") }",
    }
    UNKNOWN_ITEM = 13 {
        title: "something that is no item",
        explanation: "A file is made of event types, constants, tables, rules and tests, and nothing else.",
        wrong: "ruel r { on c: cpu_usage do log(\"x\") }",
        right: "rule r { on c: cpu_usage do log(\"x\") }",
    }
    UNKNOWN_CLAUSE = 14 {
        title: "something that is no clause",
        explanation: "A rule is made of clauses, each of which begins with its word. Nothing stands between them.",
        wrong: "rule r { on c: cpu_usage wher c.load > 90% do log(\"x\") }",
        right: "rule r { on c: cpu_usage where c.load > 90% do log(\"x\") }",
    }
    UNCLOSED_BRACKET = 15 {
        title: "a bracket that is never closed",
        explanation: "The text ends, or the next item begins, before the bracket is closed.",
        wrong: "rule r { on c: cpu_usage do log(\"x\")",
        right: "rule r { on c: cpu_usage do log(\"x\") }",
    }
    MISSING_COMMA = 16 {
        title: "a comma is missing",
        explanation: "Arguments and values are separated by commas; fields by commas or line ends.",
        wrong: "const LEVELS = [1, 2 3]",
        right: "const LEVELS = [1, 2, 3]",
    }
    RESERVED_WORD = 17 {
        title: "a word of the language where a name stands",
        explanation: "Some words always mean the same where a name could stand. A name that is such a word is written \
            in backticks; after a dot and before a colon it needs none.",
        wrong: "event limit { value: int }",
        right: "event `limit` { value: int }",
    }
    CHAINED_COMPARISON = 18 {
        title: "comparisons in a chain",
        explanation: "A comparison is true, false or unknown, and comparing that with a third value is hardly what \
            was meant.",
        wrong: "rule r { on c: cpu_usage where 10% < c.load < 90% do log(\"x\") }",
        right: "rule r { on c: cpu_usage where 10% < c.load and c.load < 90% do log(\"x\") }",
    }
    FOREIGN_OPERATOR = 19 {
        title: "an operator of another language",
        explanation: "Logic is written in words: `and`, `or`, `not`. Equality is `==`; `=` only declares.",
        wrong: "rule r { on c: cpu_usage where c.load > 90% && c.core == 0 do log(\"x\") }",
        right: "rule r { on c: cpu_usage where c.load > 90% and c.core == 0 do log(\"x\") }",
    }
    REMAINDER_OPERATOR = 20 {
        title: "`%` as an operator",
        explanation: "`%` is only the suffix of a number, without a blank: `90%`. The remainder of a division is \
            `mod(a, b)`.",
        wrong: "rule r { on c: cpu_usage where c.core % 2 == 0 do log(\"x\") }",
        right: "rule r { on c: cpu_usage where mod(c.core, 2) == 0 do log(\"x\") }",
    }
    MISSING_ALIAS = 21 {
        title: "an event without a name in the rule",
        explanation: "The rule's event gets a name, by which the other clauses call it.",
        wrong: "rule r { on cpu_usage do log(\"x\") }",
        right: "rule r { on c: cpu_usage do log(\"x\") }",
    }
    MISPLACED_CONTIGUITY = 22 {
        title: "`strict` or `any` without a repetition",
        explanation: "The words tell how the events of a repetition follow each other, so they stand behind a \
            quantifier. Between steps, `=>` and `~>` say the same.",
        wrong: "rule r { match a: login strict -> b: login within 1m do log(\"x\") }",
        right: "rule r { match a: login{2} strict -> b: login within 1m do log(\"x\") }",
    }
    TOO_DEEP = 23 {
        title: "too deep nesting",
        explanation: "Expressions and patterns nest 128 levels deep at most; chains of operators count by their \
            length. Parts can be named with `const`, long chains of `or` are `in [...]`.",
    }
    SOURCE_TOO_LARGE = 24 {
        title: "too large a file",
        explanation: "A rule file has at most 1 MiB. Rules can be spread over several files.",
    }
    TOO_MANY_ERRORS = 25 {
        title: "too many errors",
        explanation: "Only the first hundred syntax errors of a file are shown. The others may be their consequences.",
    }
}

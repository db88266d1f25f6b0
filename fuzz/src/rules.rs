//! Rule files from choices: each compiles.

use trapjaw_program::sample::Entropy;

/// The event types, and their fields' values in histories.
pub(crate) const DECLARATIONS: &str = "\
event cpu { host: text, core: int?, load: float, up: bool? }
event beat { host: text, core: int? }
event alert { host: text, level: float? }
";

/// Most rules in a file.
const MAX_RULES: usize = 4;

const DURATIONS: [&str; 6] = ["1s", "1500ms", "2s", "3s", "10s", "30s"];

/// What rules read, with the conditions and numbers that can be formed over it.
struct Source {
    on: &'static str,
    conditions: &'static [&'static str],
    numbers: &'static [&'static str],
    keys: &'static [&'static str],
    /// A float for a derived event.
    level: &'static str,
    emits: bool,
}

const SOURCES: [Source; 4] = [
    Source {
        on: "cpu",
        conditions: &[
            "e.load > 0.5",
            "e.load <= 0.25",
            "e.up",
            "not e.up",
            "e.core == 1",
            "(e.core ?? 0) < 2",
            "e.load * 2.0 - 0.5 > 0.25",
            "e.host in [\"a\", \"b\"]",
        ],
        numbers: &["e.load", "e.core"],
        keys: &["e.host", "e.core"],
        level: "e.load",
        emits: true,
    },
    Source {
        on: "beat",
        conditions: &[
            "e.host starts_with \"a\"",
            "e.core is null",
            "e.core != 2",
            "e.host != \"c\"",
        ],
        numbers: &["e.core"],
        keys: &["e.host", "e.core"],
        level: "0.5",
        emits: true,
    },
    Source {
        on: "cpu | beat",
        conditions: &[
            "e.core >= 1",
            "e.host == \"a\"",
            "e.host contains \"b\"",
            "e.type == \"cpu\"",
        ],
        numbers: &["e.core"],
        keys: &["e.host"],
        level: "0.75",
        emits: true,
    },
    Source {
        on: "alert",
        conditions: &["e.level > 0.5", "e.level is not null", "e.host != \"b\""],
        numbers: &["e.level"],
        keys: &["e.host"],
        level: "e.level",
        emits: false,
    },
];

/// A rule file that the choices decide.
pub(crate) fn file(entropy: &mut Entropy<'_>) -> String {
    let mut text = DECLARATIONS.to_owned();
    for number in 0..=entropy.below(MAX_RULES) {
        let source = &SOURCES[entropy.below(SOURCES.len())];
        text.push_str(&rule(number, source, entropy));
    }
    text
}

fn pick<'a>(entropy: &mut Entropy<'_>, among: &[&'a str]) -> &'a str {
    entropy
        .pick(among)
        .expect("there is something to choose from")
}

fn rule(number: usize, source: &Source, entropy: &mut Entropy<'_>) -> String {
    let mut clauses = vec![format!("on e: {}", source.on)];
    if entropy.below(4) > 0 {
        clauses.push(format!("where {}", condition(source, entropy)));
    }
    match entropy.below(4) {
        0 => {}
        3 if source.keys.len() > 1 => clauses.push(format!("by {}", source.keys.join(", "))),
        _ => clauses.push(format!("by {}", pick(entropy, source.keys))),
    }
    let (state, is_window, clears) = state(entropy);
    clauses.extend(state);
    if is_window && entropy.below(8) > 0 {
        clauses.push(format!("having {}", having(source, entropy)));
    }
    if entropy.below(4) == 0 {
        let duration = pick(entropy, &DURATIONS);
        clauses.push(format!("limit {} per {duration}", 1 + entropy.below(3)));
    }
    if source.emits && entropy.below(3) == 0 {
        clauses.push(format!(
            "emit alert {{ host: e.host, level: {} }}",
            source.level
        ));
    }
    let shown = if is_window {
        number_of(source, entropy)
    } else {
        pick(entropy, source.numbers).to_owned()
    };
    clauses.push(format!(
        "do log(\"{{e.host}} {{{shown}}}\", value: {shown})"
    ));
    if clears && entropy.below(2) == 0 {
        clauses.push("on clear do log(\"{e.host} again\")".to_owned());
    }
    format!("rule r{number} {{\n    {}\n}}\n", clauses.join("\n    "))
}

/// A state clause, whether it is a window, and whether it clears.
fn state(entropy: &mut Entropy<'_>) -> (Option<String>, bool, bool) {
    let mut duration = || pick(entropy, &DURATIONS);
    let (first, second, third) = (duration(), duration(), duration());
    match entropy.below(9) {
        0 => (None, false, false),
        1 => (Some(format!("for {first}")), false, true),
        2 => (Some(format!("for {first} gap {second}")), false, true),
        3 => (
            Some(format!("for {first} gap {second} keep {third}")),
            false,
            true,
        ),
        4 => (Some(format!("over {first}")), true, true),
        5 => (Some(format!("over {first} each")), true, true),
        6 => (Some(format!("over {first} tumbling")), true, false),
        7 => (Some("over all".to_owned()), true, true),
        _ => (Some(format!("absent {first}")), false, true),
    }
}

fn condition(source: &Source, entropy: &mut Entropy<'_>) -> String {
    let first = pick(entropy, source.conditions);
    let second = pick(entropy, source.conditions);
    match entropy.below(6) {
        0 => format!("({first}) and ({second})"),
        1 => format!("({first}) or not ({second})"),
        2 => format!("not ({first})"),
        _ => first.to_owned(),
    }
}

/// A number over a window.
fn number_of(source: &Source, entropy: &mut Entropy<'_>) -> String {
    let number = pick(entropy, source.numbers);
    match entropy.below(7) {
        0 => format!("sum({number})"),
        1 => format!("avg({number})"),
        2 => format!("min({number})"),
        3 => format!("max({number})"),
        4 => format!("count(where {})", pick(entropy, source.conditions)),
        5 => format!("count({number})"),
        _ => "count()".to_owned(),
    }
}

fn having(source: &Source, entropy: &mut Entropy<'_>) -> String {
    let least = 1 + entropy.below(3);
    match entropy.below(4) {
        0 => format!("count() >= {least}"),
        1 => format!("count() < {least}"),
        2 => format!("{} > 1 or count() == {least}", number_of(source, entropy)),
        _ => format!("{} >= 1", number_of(source, entropy)),
    }
}

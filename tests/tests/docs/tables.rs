//! Tables that repeat what the sources say.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;

use trapjaw_wire::Code;

use crate::page::{page, root};

/// The limits that the page names, whatever their types.
macro_rules! limits {
    ($( $module:path { $($name:ident)* } )*) => {{
        let mut limits: Vec<(&str, i128)> = Vec::new();
        $( { use $module as module; $( limits.push((stringify!($name), module::$name.try_into().expect("a limit is not negative"))); )* } )*
        limits
    }};
}

fn limits() -> Vec<(&'static str, i128)> {
    limits! {
        trapjaw_event::limits {
            MAX_ROWS MAX_FRAME MAX_BATCH MAX_SECTIONS MAX_TYPES MAX_FIELDS MAX_VARIANTS MAX_NAME MAX_PATH MAX_TEXT
            MAX_DICT
        }
        trapjaw_wire::limits {
            MAX_LINE MAX_JSON_DEPTH MAX_JSON_BATCH MAX_JSON_BATCH_EVENTS MAX_SUBSCRIBED
        }
        trapjaw_dsl::syntax::limits { MAX_SOURCE_BYTES MAX_NESTING MAX_STRING_NESTING MAX_SYNTAX_ERRORS }
        trapjaw_program::limits {
            MAX_RULES MAX_INSTRUCTIONS MAX_PATTERN MAX_PATTERN_SIZE MAX_PATTERNS_SIZE MAX_LAYOUT MAX_KEY_PARTS MAX_FIRINGS
            MAX_AGGREGATES MAX_WINDOW_EVENTS MAX_STEPS MAX_ACTIONS MAX_ARGUMENTS MAX_DERIVATION_DEPTH MAX_TABLES MAX_TABLE_ROWS
            MIN_PERIOD MAX_CAUGHT_UP MAX_WAYS
        }
        trapjaw_data::limits {
            SHARDS CONNECTIONS CREDIT STREAMS SUBSCRIPTIONS OUTGOING SLOW_SUBSCRIBER LENT_FRAMES DECLARED EXCHANGE
            MAILBOX OUTBOX OUTBOX_MATCHES TAPS TAP_BYTES HANDSHAKE_MILLIS FRAME_MILLIS
        }
        trapjaw_control::limits {
            MAX_BODY BODY_BUDGET MAX_HEAD MAX_HEADERS MAX_REPORTED RECENT_MATCHES RECENT_BYTES MAX_CONFIG MAX_QUEUE
            MAX_CONCURRENCY MAX_RETRIES MIN_TOKEN MAX_TOKEN MAX_RULE_FILES MAX_RULE_BYTES MAX_RULE_DEPTH
            MAX_TABLE_BYTES
            MAX_TAP_RATE BLOCK_BYTES BLOCKS_AHEAD ZSTD_WINDOW_LOG BLOCK_ROWS MAX_PAGE MAX_STEP MAX_FOOTER TALLIED_KEYS
            PENDING_DIFFERENCES
        }
    }
}

/// A number with its digits in groups of three.
fn grouped(number: i128) -> String {
    let digits = number.to_string();
    let mut grouped = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

/// The cells of the rows of a page's tables, of those whose first cell is one word in backticks.
fn rows(text: &str) -> Vec<(String, String)> {
    let rows = text.lines().filter_map(|line| {
        let mut cells = line.strip_prefix("| `")?.split(" | ");
        let name = cells.next()?.strip_suffix('`')?;
        Some((name.to_owned(), cells.next()?.trim().to_owned()))
    });
    rows.collect()
}

#[test]
fn limits_are_those_of_the_sources() {
    let engine = trapjaw_engine::Config::default();
    let duration = |nanoseconds| match nanoseconds {
        10_000_000_000 => "10s".to_owned(),
        60_000_000_000 => "1m".to_owned(),
        86_400_000_000_000 => "24h".to_owned(),
        other => other.to_string(),
    };
    let mut expected: Vec<(String, String)> = limits()
        .into_iter()
        .map(|(name, value)| (name.to_owned(), grouped(value)))
        .collect();
    expected.extend([
        ("max_keys".into(), grouped(engine.max_keys as i128)),
        (
            "max_window_bytes".into(),
            grouped(engine.max_window_bytes as i128),
        ),
        (
            "max_state_bytes".into(),
            grouped(engine.max_state_bytes as i128),
        ),
        (
            "max_held_bytes".into(),
            grouped(engine.max_held_bytes as i128),
        ),
        ("idle".into(), duration(engine.idle)),
        ("idle_ttl".into(), duration(engine.idle_ttl)),
        ("max_ahead".into(), duration(engine.max_ahead)),
    ]);
    let mut found = rows(&page("docs/src/limits.md").text);
    expected.sort();
    found.sort();
    assert_eq!(found, expected);
}

/// The codes of the wire, as the protocol's page lists them.
fn codes() -> String {
    let mut table = "| number | name | ends the connection | |\n|---:|---|---|---|\n".to_owned();
    for code in Code::ALL {
        let ends = if code.closes() { "yes" } else { "no" };
        let (number, name, about) = (code.number(), code.name(), code.about());
        writeln!(table, "| {number} | `{name}` | {ends} | {about} |").expect("a text grows");
    }
    table
}

#[test]
fn the_protocol_lists_all_codes() {
    assert!(Code::ALL.len() >= 60);
    let table = codes();
    let mut protocol = page("docs/src/protocol.md");
    if std::env::var_os("UPDATE").is_some_and(|update| update == "1") {
        let before = protocol.between("codes").to_owned();
        let old = format!("<!-- codes -->\n{before}<!-- end of codes -->");
        let new = format!("<!-- codes -->\n{table}<!-- end of codes -->");
        protocol.text = protocol.text.replace(&old, &new);
        fs::write(root().join(&protocol.path), &protocol.text).expect("the page can be written");
    }
    assert!(
        protocol.between("codes") == table,
        "docs/src/protocol.md differs from the registry: write it anew with\n  \
         UPDATE=1 cargo test -p trapjaw-tests --test docs"
    );
}

#[test]
fn numbers_are_grouped() {
    assert_eq!(grouped(64), "64");
    assert_eq!(grouped(1_048_576), "1,048,576");
    assert_eq!(
        rows("| `A` | 1 | b |\n| a | 2 |"),
        [("A".into(), "1".into())]
    );
}

/// The words of a text that begin with `start`, as far as letters, digits and `others` go.
fn words<'t>(text: &'t str, start: &'t str, others: &'t str) -> BTreeSet<&'t str> {
    let found = text.match_indices(start).map(|(at, _)| {
        let word = &text[at..];
        let end = word.find(|c: char| !(c.is_ascii_alphanumeric() || others.contains(c)));
        &word[..end.unwrap_or(word.len())]
    });
    found.collect()
}

/// The metrics and paths that control lists in its sources.
#[test]
fn metrics_and_paths_are_those_of_the_control_plane() {
    let operations = page("docs/src/operations.md");
    let part = |heading: &str| {
        let behind = operations.text.split_once(heading);
        let (_, behind) = behind.unwrap_or_else(|| panic!("there is no `{heading}`"));
        behind.split("\n## ").next().unwrap_or_default()
    };
    let source = page("io/control/src/metrics.rs").text;
    let listed: String = source
        .lines()
        .filter(|line| line.starts_with("//! |"))
        .collect();
    let metrics = words(&listed, "trapjaw_", "_");
    assert!(metrics.len() >= 15, "only {metrics:?} were found");
    assert_eq!(words(part("\n## Metrics"), "trapjaw_", "_"), metrics);

    let source = page("io/control/src/http.rs").text;
    let routes = source
        .split_once("const ROUTES")
        .and_then(|(_, list)| list.split_once("];"))
        .map_or("", |(list, _)| list);
    let paths: BTreeSet<&str> = words(routes, "\"/", "/-\"")
        .into_iter()
        .map(|path| path.trim_matches('"'))
        .collect();
    assert!(paths.len() >= 8, "only {paths:?} were found");
    let text = part("\n## HTTP");
    for path in paths {
        let shown = [" ", "`", "?"].map(|end| format!(" {path}{end}"));
        assert!(
            shown.iter().any(|shown| text.contains(shown)),
            "operations.md lacks {path}"
        );
    }
}

/// The tests that show what no case of the corpus does.
#[test]
fn tests_that_a_page_names_are_there() {
    let testing = page("docs/src/testing.md");
    let section = testing
        .text
        .split("## ")
        .find(|section| section.starts_with("What no case shows"));
    let rows = section
        .into_iter()
        .flat_map(str::lines)
        .filter_map(|line| line.rsplit_once(" | "));
    let named: BTreeSet<&str> = rows
        .flat_map(|(_, tests)| tests.split('`').skip(1).step_by(2))
        .collect();
    assert!(named.len() > 10, "{named:?}");
    let mut missing = named;
    for folder in ["cli", "dsl", "engine", "io", "tests", "benches"] {
        let mut folders = vec![root().join(folder)];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).expect("the folder is there") {
                let path = entry.expect("an entry can be read").path();
                if path.is_dir() {
                    folders.push(path);
                } else if path.extension().is_some_and(|extension| extension == "rs") {
                    let source = fs::read_to_string(&path).expect("a source is text");
                    missing.retain(|name| !source.contains(&format!("fn {name}()")));
                }
            }
        }
    }
    assert!(missing.is_empty(), "no such tests: {missing:?}");
}

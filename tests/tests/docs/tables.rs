//! Tables that repeat what the sources say.

use std::fmt::Write as _;
use std::fs;

use trapjaw_wire::Code;

use crate::page::{page, root};

/// The limits that the page names.
macro_rules! limits {
    ($( $module:path { $($name:ident)* } )*) => {{
        let mut limits: Vec<(&str, u64)> = Vec::new();
        $( { use $module as module; $( limits.push((stringify!($name), module::$name as u64)); )* } )*
        limits
    }};
}

fn limits() -> Vec<(&'static str, u64)> {
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
            MAX_RULES MAX_INSTRUCTIONS MAX_KEY_PARTS MAX_AGGREGATES MAX_ACTIONS MAX_ARGUMENTS MAX_DERIVATION_DEPTH
        }
        trapjaw_data::limits {
            SHARDS CONNECTIONS CREDIT STREAMS SUBSCRIPTIONS OUTGOING SLOW_SUBSCRIBER LENT_FRAMES DECLARED EXCHANGE
            MAILBOX OUTBOX OUTBOX_MATCHES HANDSHAKE_MILLIS FRAME_MILLIS
        }
        trapjaw_control::limits {
            MAX_BODY BODY_BUDGET MAX_HEAD MAX_HEADERS MAX_REPORTED RECENT_MATCHES RECENT_BYTES MAX_CONFIG MAX_QUEUE
            MAX_CONCURRENCY MAX_RETRIES MIN_TOKEN MAX_TOKEN MAX_RULE_FILES MAX_RULE_BYTES MAX_RULE_DEPTH
        }
    }
}

/// A number with its digits in groups of three.
fn grouped(number: u64) -> String {
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
        60_000_000_000 => "1m".to_owned(),
        86_400_000_000_000 => "24h".to_owned(),
        other => other.to_string(),
    };
    let mut expected: Vec<(String, String)> = limits()
        .into_iter()
        .map(|(name, value)| (name.to_owned(), grouped(value)))
        .collect();
    expected.extend([
        ("max_keys".into(), grouped(engine.max_keys as u64)),
        (
            "max_window_bytes".into(),
            grouped(engine.max_window_bytes as u64),
        ),
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

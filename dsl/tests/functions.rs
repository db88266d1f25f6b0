//! Functions give what their examples say, and refuse what they do not take.

use trapjaw_dsl::check_with_warnings;
use trapjaw_dsl::diagnostic::{Style, render};
use trapjaw_dsl::source::SourceMap;
use trapjaw_program::function::ALL;

const EVENTS: &str = "event login { user: text, ip: ip, n: int, load: float, took: duration, at: time, phase: enum(started, failed)? }
const ADMINS = [\"root\", \"admin\"]
const OFFICE = 10.0.0.0/8
const NETS = [OFFICE, 192.0.2.7, ip\"fd00::/8\"]
const PORTS = [22, 80]
";

/// What is found in a condition, as codes, and as a reader sees it.
fn found(condition: &str) -> (Vec<String>, String) {
    let mut sources = SourceMap::new();
    sources.add("events.trap", EVENTS);
    let rule = format!("rule r {{ on l: login where {condition} do log(l.user) }}");
    sources.add("rules.trap", rule);
    let found = check_with_warnings(&sources).diagnostics;
    let codes = found.iter().map(|finding| finding.code.to_string());
    (codes.collect(), render(&found, &sources, Style::Plain))
}

#[test]
fn examples_give_what_they_say() {
    for function in ALL {
        for (call, result) in function.examples {
            assert!(
                call.contains(&format!("{}(", function.name)) || function.name == "format",
                "{call}"
            );
            if *result == "null" {
                let (codes, shown) = found(&format!("{call} is not null"));
                assert_eq!(codes, ["TJ0205"], "{call}\n{shown}");
            } else {
                // A condition that never varies gets a warning which tells what it is.
                let (codes, shown) = found(&format!("{call} == {result}"));
                assert_eq!(codes, ["TJ0313"], "{call} == {result}\n{shown}");
                assert!(shown.contains("always true"), "{call} == {result}\n{shown}");
            }
        }
    }
}

#[test]
fn what_is_right_is_accepted() {
    let conditions = [
        "l.user ~ /^(root|admin)$/i",
        "l.user ~ r\"^\\d+$\" and l.user ~ \"a{{2}}\"",
        "l.user like \"web-*\" and l.user not ilike r\"\\*[!a-z]?\"",
        "l.user icontains \"ROOT\" or l.user istarts_with \"a\" or l.user not iends_with \"b\"",
        "l.n between 1 and 5 and l.load between 0 and 1.5 and l.n not between 0.5 and 2",
        "l.phase between started and failed",
        "l.ip in NETS and l.ip in OFFICE and l.ip not in [NETS, 1.2.3.4]",
        "l.user in ADMINS and l.load in PORTS and l.n in PORTS",
        "(if l.n > 3 then \"many\" else l.user) == \"many\"",
        "l.phase == (if l.n > 3 then failed else started)",
        "l.took * 0.5 > 3s and 2 * l.took > 1s and l.took / 2 < 1m and l.took / 1s > 2",
        "round(l.n) == 2 and round(l.load, 1) > 0.5 and least(l.n, 5, l.load) > 0",
        "hour(l.at) in [1, 2] and weekday(l.at, \"Europe/Berlin\") > 5",
        "truncate(l.at, \"day\") == truncate(l.time, 1d)",
        "capture(l.user, /^(?<host>\\w+)-/, \"host\") == capture(l.user, r\"^(\\w+)\", 1)",
        "replace(l.user, /\\s+/i, \"_\") == replace(l.user, \" \", \"_\")",
        "text(l.phase) == \"started\" and text(l.n) == text(l.user)",
        "concat(l.user, \"-\", text(l.ip)) != \"{l.took:.1s} {l.at:%H:%M in Asia/Tokyo} {l.load:.1%}\"",
    ];
    for condition in conditions {
        let (codes, shown) = found(condition);
        assert_eq!(codes, [""; 0], "{condition}\n{shown}");
    }
}

#[test]
fn what_is_wrong_is_refused_by_its_code() {
    let conditions = [
        ("l.user ~ /a(b/", "TJ0213"),
        ("l.user like \"a[\"", "TJ0213"),
        ("l.user ~ /(a{100}){100}{100}/", "TJ0213"),
        ("l.user ~ l.user", "TJ0206"),
        ("l.n ~ /a/", "TJ0201"),
        ("l.user like (/a/)", "TJ0214"),
        ("length(/a/) > 1", "TJ0214"),
        ("(/a/) == l.user", "TJ0214"),
        ("length(l.n) > 1", "TJ0215"),
        ("length() > 1", "TJ0215"),
        ("length(x: l.user) > 1", "TJ0215"),
        ("length(l.user where l.n > 1) > 1", "TJ0215"),
        ("least(l.n) > 1", "TJ0215"),
        ("truncate(l.at, \"dy\") == l.at", "TJ0215"),
        ("truncate(l.at, l.user) == l.at", "TJ0206"),
        ("capture(l.user, /(a)/, 2) == \"\"", "TJ0215"),
        ("capture(l.user, /(a)/, \"b\") == \"\"", "TJ0215"),
        ("hour(l.at, \"Europe/Berln\") > 1", "TJ0216"),
        ("hour(l.at, l.user) > 1", "TJ0206"),
        ("format(l.at, \"%!\") == \"\"", "TJ0208"),
        ("\"{l.took:.1y}\" == \"\"", "TJ0208"),
        ("\"{l.user:.1}\" == \"\"", "TJ0208"),
        ("lenght(l.user) > 1", "TJ0110"),
        ("l.user between 1 and 2", "TJ0201"),
        ("(l.n > 1) between true and false", "TJ0202"),
        ("(if l.n then 1 else 2) > 1", "TJ0201"),
        ("(if l.n > 1 then 1 else \"a\") == 1", "TJ0201"),
        ("l.user in NETS", "TJ0201"),
        ("l.user == ADMINS", "TJ0212"),
        ("l.took * l.took > 1s", "TJ0202"),
        ("1 / l.took > 1", "TJ0202"),
    ];
    for (condition, code) in conditions {
        let (codes, shown) = found(condition);
        assert_eq!(codes, [code], "{condition}\n{shown}");
    }
}

#[test]
fn patterns_point_into_their_literal() {
    let cases = [
        (r"l.user ~ /a\/b(c/", "(c"),
        ("l.user ~ r\"a(b\"", "(b"),
        ("l.user like \"é[z-a]\"", "[z-a]"),
    ];
    for (condition, at) in cases {
        let (_, shown) = found(condition);
        let mut lines = shown.lines().skip_while(|line| !line.contains("where"));
        let (Some(text), Some(mark)) = (lines.next(), lines.next()) else {
            panic!("{shown}");
        };
        let marked = mark.find('^').expect("there is a mark");
        // Columns are counted in characters.
        let behind: String = text.chars().skip(marked).collect();
        assert!(
            behind.starts_with(&at[..1]) || behind.starts_with(&at[1..]),
            "{shown}"
        );
    }
}

//! A failed test as its reader sees it: what was given, what came about, what did not.

use core::fmt::Write;

use trapjaw_control::rule_test::{Outcome, START, What};
use trapjaw_control::rules::Loaded;
use trapjaw_control::table;
use trapjaw_data::names::rule_names;
use trapjaw_dsl::hir::test::Test;
use trapjaw_dsl::source::Span;
use trapjaw_event::{Match, format};

/// Lines of matches that belong to no failure, told one by one at most.
const ASIDES: usize = 20;

/// The timeline of a test.
pub(super) fn of(loaded: &Loaded, test: &Test, outcome: &Outcome) -> String {
    let lines: Vec<(String, &str, String)> = outcome
        .timeline
        .iter()
        .map(|moment| {
            let at = moment
                .at
                .map_or_else(|| "ever".to_owned(), |at| format::Duration(at).to_string());
            let (sign, text) = line(moment.what, loaded, test, outcome);
            (at, sign, text)
        })
        .collect();
    let width = lines.iter().map(|(at, ..)| at.len()).max().unwrap_or(0);
    let mut text = String::new();
    let (mut asides, mut hidden) = (0, 0);
    for ((at, sign, said), moment) in lines.iter().zip(&outcome.timeline) {
        if matches!(moment.what, What::Aside(_)) {
            asides += 1;
            if asides > ASIDES {
                hidden += 1;
                continue;
            }
        }
        // Writing to memory does not fail.
        let _ = writeln!(text, "      {at:>width$}  {sign}  {said}");
    }
    if hidden > 0 {
        let _ = writeln!(
            text,
            "      {:>width$}     and {hidden} more matches of other rules",
            ""
        );
    }
    let end = format::Duration(test.end());
    let _ = writeln!(text, "      {end:>width$}     the end");
    text
}

fn line(what: What, loaded: &Loaded, test: &Test, outcome: &Outcome) -> (&'static str, String) {
    let step = |span: Span| words(loaded, span);
    let told = |number: usize| told(&outcome.matches[number], loaded);
    match what {
        // The time stands before it already.
        What::Given(place) => (" ", step(test.given[place].span)),
        What::Met(number) => ("+", told(number)),
        What::Aside(number) => (" ", told(number)),
        What::Missing(place) => ("x", format!("MISSING  {}", step(test.expected[place].span))),
        What::Refused(place, number) => (
            "x",
            format!(
                "REFUSED  {}, by {}",
                told(number),
                step(test.expected[place].span)
            ),
        ),
        What::Unexpected(number) => ("x", format!("UNEXPECTED  {}", told(number))),
    }
}

/// A step as it is written, on one line.
fn words(loaded: &Loaded, span: Span) -> String {
    let text = &loaded.sources.get(span.source).text()[span.range()];
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn told(found: &Match, loaded: &Loaded) -> String {
    let names = rule_names(&loaded.rules.rules[found.rule.index()]);
    let mut said = vec![found.kind.to_string(), names.rule.to_string()];
    said.extend(table::pairs(&names.key, &found.key));
    for call in &found.actions {
        let arguments = &names.actions[call.action as usize].arguments;
        said.extend(table::pairs(arguments, &call.args));
    }
    debug_assert!(found.time >= START);
    said.join(" ")
}

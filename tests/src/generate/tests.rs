use std::collections::BTreeMap;

use trapjaw_dsl::hir::{Clause, RuleSet};
use trapjaw_event::MatchKind;

use super::Case;
use crate::oracle;

/// The case's rules, which the language takes.
fn rules(case: &Case) -> RuleSet {
    let sources = case.sources();
    trapjaw_dsl::check(&sources).unwrap_or_else(|findings| {
        let first = findings.iter().find(|finding| finding.is_error());
        let first = first.expect("rules that are refused have an error");
        let place = &sources.get(first.primary.source).text()[first.primary.range()];
        panic!("{} at `{place}`\n{case}", first.message)
    })
}

#[test]
fn a_seed_makes_one_case() {
    let text = |seed| Case::new(seed).to_string();
    assert_eq!(text(3), text(3));
    assert_ne!(text(3), text(4));
}

#[test]
fn shrinking_leaves_what_the_failure_needs() {
    let large = |case: &Case| case.rules.len() > 4 && case.events.len() > 40;
    let case = (0..100).map(Case::new).find(large).unwrap();
    let (rule, event) = (case.rules[3].clone(), case.events[20].clone());
    let shrunk = case.shrink(|case| case.rules.contains(&rule) && case.events.contains(&event));
    assert_eq!(shrunk.rules, [rule]);
    assert_eq!(shrunk.events, [event]);
}

#[test]
fn cases_hold_what_they_are_to_test() {
    let mut reports: BTreeMap<(&str, MatchKind), usize> = BTreeMap::new();
    let (mut all, mut reporting, mut derived, mut second_hand) = (0, 0, 0, 0);
    for seed in 0..300 {
        let case = Case::new(seed);
        let rules = rules(&case);
        for event in &case.events {
            let fields = &rules.registry.get(event.type_id).fields;
            assert_eq!(fields.len(), event.values.len());
            for (field, value) in fields.iter().zip(&event.values) {
                assert!(field.ty.admits(value.as_ref()) && (field.optional || !value.is_null()));
            }
        }
        let matches = oracle::run(&rules, &case.events, case.options);
        for matched in &matches {
            let clause = match rules.rules[matched.rule].clause {
                Clause::Each => "each",
                Clause::Every { .. } => "every",
                Clause::At { .. } => "at",
                Clause::Sustained { .. } => "for",
                Clause::Sliding { .. } => "over",
                Clause::Tumbling { .. } => "over tumbling",
                Clause::Hopping { .. } => "over every",
                Clause::Counted { .. } => "over events",
                Clause::Batched { .. } => "over events tumbling",
                Clause::Session { .. } => "over session",
                Clause::All { .. } => "over all",
                Clause::Absent { of: None, .. } => "absent",
                Clause::Absent { .. } => "absent of",
            };
            *reports.entry((clause, matched.kind)).or_default() += 1;
            derived += usize::from(matched.derived.is_some());
            if let Some((_, events)) = matched.events.first() {
                second_hand += usize::from(events[0].source.starts_with("trapjaw/"));
            }
        }
        all += rules.rules.len();
        reporting += (0..rules.rules.len())
            .filter(|rule| matches.iter().any(|matched| matched.rule == *rule))
            .count();
    }
    println!(
        "{reporting} of {all} rules report; {derived} derived, {second_hand} by them; {reports:#?}"
    );
    assert!(reporting * 2 > all, "most rules report something");
    assert!(derived > 200 && second_hand > 200);
    let expected = [
        ("each", MatchKind::Matched),
        ("at", MatchKind::Matched),
        ("every", MatchKind::Matched),
        ("for", MatchKind::Raised),
        ("for", MatchKind::Cleared),
        ("for", MatchKind::Expired),
        ("over", MatchKind::Matched),
        ("over", MatchKind::Cleared),
        ("over tumbling", MatchKind::Matched),
        ("over every", MatchKind::Matched),
        ("over events", MatchKind::Matched),
        ("over events", MatchKind::Cleared),
        ("over events tumbling", MatchKind::Matched),
        ("over session", MatchKind::Matched),
        ("over all", MatchKind::Matched),
        ("over all", MatchKind::Cleared),
        ("absent of", MatchKind::Raised),
        ("absent of", MatchKind::Cleared),
        ("absent", MatchKind::Raised),
        ("absent", MatchKind::Cleared),
        ("absent", MatchKind::Expired),
    ];
    for kind in expected {
        assert!(
            reports.get(&kind).is_some_and(|count| *count > 20),
            "{kind:?} is rare"
        );
    }
    assert_eq!(reports.len(), expected.len());
}

//! The trees of patterns.

use super::*;
use crate::syntax::ast::{Arrow, Contiguity, Pattern, RepeatBounds};

/// A pattern with its operators as nested lists.
fn pattern(text: &str) -> String {
    shape(clause::<ast::MatchClause>(&format!("match {text}")).pattern())
}

fn shape(pattern: Option<Pattern>) -> String {
    let list = |patterns: Vec<Pattern>| {
        patterns
            .into_iter()
            .map(|p| shape(Some(p)))
            .collect::<Vec<_>>()
            .join(" ")
    };
    match pattern.expect("a pattern") {
        Pattern::Element(element) => {
            let alias = element
                .alias()
                .map_or_else(String::new, |alias| alias.text() + ":");
            let types: Vec<String> = element.types().map(|name| name.text()).collect();
            let condition = element
                .condition()
                .map_or_else(String::new, |cond| format!("[{}]", group(Some(cond))));
            alias + &types.join("|") + &condition
        }
        Pattern::Group(group) => shape(group.inner()),
        Pattern::Repeat(repeat) => {
            let quantifier = repeat.quantifier().expect("a quantifier");
            let RepeatBounds { min, max } = quantifier.bounds().expect("bounds");
            let max = max.map_or_else(String::new, |max| max.to_string());
            let reluctant = if quantifier.is_reluctant() {
                " reluctant"
            } else {
                ""
            };
            let contiguity = match quantifier.contiguity() {
                Some(Contiguity::Strict) => " strict",
                Some(Contiguity::Any) => " any",
                None => "",
            };
            format!(
                "({}..{}{}{} {})",
                min,
                max,
                reluctant,
                contiguity,
                shape(repeat.body())
            )
        }
        Pattern::Not(not) => {
            let time = not
                .duration()
                .map_or_else(String::new, |time| format!(" for {}", group(Some(time))));
            format!("(not {}{time})", shape(not.body()))
        }
        Pattern::Until(until) => {
            format!("(until {} {})", shape(until.body()), shape(until.bound()))
        }
        Pattern::And(and) => format!("(and {})", list(and.operands().collect())),
        Pattern::Or(or) => format!("(or {})", list(or.operands().collect())),
        Pattern::Sequence(sequence) => {
            let steps = sequence.steps().into_iter().map(|step| {
                let arrow = match step.arrow.map(|(arrow, _)| arrow) {
                    None => "",
                    Some(Arrow::Then) => "-> ",
                    Some(Arrow::Next) => "=> ",
                    Some(Arrow::ThenAny) => "~> ",
                };
                arrow.to_owned() + &shape(Some(step.pattern))
            });
            format!("(seq {})", steps.collect::<Vec<_>>().join(" "))
        }
    }
}

#[test]
fn patterns_bind_as_documented() {
    assert_eq!(pattern("a: x or b: y -> c: z"), "(or a:x (seq b:y -> c:z))");
    assert_eq!(
        pattern("x -> y => z ~> (w or v)"),
        "(seq x -> y => z ~> (or w v))"
    );
    assert_eq!(
        pattern("x and y -> z and not w"),
        "(seq (and x y) -> (and z (not w)))"
    );
    assert_eq!(
        pattern("x -> not y[a > 1] for 5s -> z"),
        "(seq x -> (not y[(> a 1)] for 5s) -> z)"
    );
    assert_eq!(pattern("not x for 5s and y"), "(and (not x for 5s) y)");
    assert_eq!(
        pattern("a: x+ until y[b] -> z"),
        "(seq (until (1.. a:x) y[b]) -> z)"
    );
    assert_eq!(pattern("a: x | y[n] => z"), "(seq a:x|y[n] => z)");
}

#[test]
fn quantifiers_are_read() {
    assert_eq!(pattern("x{3}"), "(3..3 x)");
    assert_eq!(pattern("x{3,}"), "(3.. x)");
    assert_eq!(pattern("x{3,1_0}? strict"), "(3..10 reluctant strict x)");
    assert_eq!(pattern("x+"), "(1.. x)");
    assert_eq!(pattern("x*? any"), "(0.. reluctant any x)");
    assert_eq!(pattern("x?"), "(0..1 x)");
    assert_eq!(pattern("x?? -> y"), "(seq (0..1 reluctant x) -> y)");
    assert_eq!(
        pattern("(x -> y[a ?? b]){2}"),
        "(2..2 (seq x -> y[(?? a b)]))"
    );
}

//! What a text must contain for a pattern to match it.

use regex_syntax::hir::literal::{ExtractKind, Extractor, Seq};
use regex_syntax::hir::{Hir, HirKind};

use crate::limits::{MAX_PATTERN_LITERALS, MIN_PATTERN_LITERAL};

/// Byte strings of which a text that an expression matches contains one; `None` where none are long enough, or there
/// are too many.
pub(crate) fn required(expression: &Hir) -> Option<Vec<Box<[u8]>>> {
    let affix = |kind| {
        let mut extractor = Extractor::new();
        extractor.kind(kind);
        of_sequence(&extractor.extract(expression))
    };
    let candidates = [
        within(expression),
        affix(ExtractKind::Prefix),
        affix(ExtractKind::Suffix),
    ];
    candidates.into_iter().flatten().max_by(better)
}

type Literals = Vec<Box<[u8]>>;

/// Longer literals are rarer, and so are fewer.
fn better(a: &Literals, b: &Literals) -> core::cmp::Ordering {
    shortest(a)
        .cmp(&shortest(b))
        .then_with(|| b.len().cmp(&a.len()))
}

fn shortest(literals: &Literals) -> usize {
    literals
        .iter()
        .map(|literal| literal.len())
        .min()
        .unwrap_or(0)
}

fn of_sequence(sequence: &Seq) -> Option<Literals> {
    let literals = sequence.literals()?.iter();
    useful(literals.map(|literal| literal.as_bytes().into()).collect())
}

/// Literals that tell texts apart, each once.
fn useful(mut literals: Literals) -> Option<Literals> {
    literals.sort_unstable();
    literals.dedup();
    let is_useful = !literals.is_empty()
        && literals.len() <= MAX_PATTERN_LITERALS
        && shortest(&literals) >= MIN_PATTERN_LITERAL;
    is_useful.then_some(literals)
}

/// What stands as it is, wherever it stands: of a sequence the best part, of alternatives all of them.
fn within(expression: &Hir) -> Option<Literals> {
    // Expressions nest as deep as `MAX_PATTERN_NESTING` lets them.
    match expression.kind() {
        HirKind::Literal(literal) => useful(vec![literal.0.clone()]),
        HirKind::Capture(capture) => within(&capture.sub),
        HirKind::Repetition(repetition) if repetition.min > 0 => within(&repetition.sub),
        HirKind::Concat(parts) => parts.iter().filter_map(within).max_by(better),
        HirKind::Alternation(parts) => {
            let each: Option<Vec<Literals>> = parts.iter().map(within).collect();
            useful(each?.concat())
        }
        HirKind::Empty | HirKind::Class(_) | HirKind::Look(_) | HirKind::Repetition(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use crate::Pattern;

    fn of(pattern: &Pattern) -> Option<Vec<String>> {
        let literals = pattern.required()?.into_iter();
        let text = |literal: Box<[u8]>| String::from_utf8(literal.into()).expect("text");
        Some(literals.map(text).collect())
    }

    fn regex(source: &str) -> Option<Vec<String>> {
        of(&Pattern::regex(source, false).expect("a pattern"))
    }

    fn words(words: &[&str]) -> Vec<String> {
        words.iter().map(|&word| word.to_owned()).collect()
    }

    #[test]
    fn the_longest_of_what_must_be_there() {
        assert_eq!(regex("foobar"), Some(words(&["foobar"])));
        assert_eq!(
            regex(r"\d+ failed (for|with) \w+"),
            Some(words(&[" failed "]))
        );
        assert_eq!(regex("(error|panic)s?"), Some(words(&["error", "panic"])));
        assert_eq!(regex("(abc)+"), Some(words(&["abc"])));
        assert_eq!(regex("^abc[xy]$"), Some(words(&["abcx", "abcy"])));
    }

    #[test]
    fn what_may_be_missing_is_no_literal() {
        for source in ["(abc)*", "(abc)?", "abc|x", "[a-z]+", "", "a.c", "^$"] {
            assert_eq!(regex(source), None, "{source}");
        }
    }

    #[test]
    fn globs_have_inner_literals() {
        let glob = |source| of(&Pattern::glob(source, false).expect("a glob"));
        assert_eq!(glob("*needle*hay*"), Some(words(&["needle"])));
        assert_eq!(glob("a?b*"), None);
    }

    #[test]
    fn each_match_contains_one_without_regard_to_case_too() {
        let pattern = Pattern::regex("straße|kelvin", true).expect("a pattern");
        if let Some(literals) = pattern.required() {
            for text in ["STRAßE", "ſtraße", "\u{212a}elvin", "KELVIN"] {
                assert!(pattern.matches(text), "{text}");
                let holds = |literal: &[u8]| {
                    text.as_bytes()
                        .windows(literal.len())
                        .any(|part| part == literal)
                };
                assert!(literals.iter().any(|literal| holds(literal)), "{text}");
            }
        }
    }
}

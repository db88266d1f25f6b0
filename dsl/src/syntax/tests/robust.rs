//! Any text at all: the tree holds it whole, and nothing panics or hangs.

use super::*;
use crate::diagnostic::{Style, render, to_json};
use crate::syntax::ast::AstNode;
use crate::syntax::{SyntaxKind, SyntaxToken};
use proptest::prelude::*;

/// What must hold for every text.
fn check(text: &str) {
    let mut sources = SourceMap::new();
    let id = sources.add("fuzz.trap", text);
    let parse = parse(id, text);
    assert_eq!(
        parse.syntax().text().to_string(),
        text,
        "the tree is the text"
    );
    for error in parse.errors() {
        let range = error.primary.range();
        assert!(
            range.start <= range.end && text.get(range).is_some(),
            "{error:?}"
        );
        assert!(!to_json(error, &sources).contains('\n'));
    }
    if let Some(first) = parse.errors().first() {
        let shown = render(std::slice::from_ref(first), &sources, Style::Plain);
        assert!(shown.contains(&first.code.to_string()), "{shown}");
    }
    touch(&parse);
}

/// Reads everything that decodes text; and a text without errors has no part that can't be decoded.
fn touch(parse: &Parse) {
    let right = parse.errors().is_empty();
    for node in parse.syntax().descendants() {
        assert!(
            !right || node.kind() != SyntaxKind::Error,
            "an error node without an error"
        );
        if let Some(literal) = ast::Literal::cast(node.clone()) {
            assert!(literal.value().is_ok() || !right, "{node}");
        } else if let Some(string) = ast::StringLiteral::cast(node.clone()) {
            let _ = string.parts();
        } else if let Some(quantifier) = ast::Quantifier::cast(node.clone()) {
            assert!(quantifier.bounds().is_some() || !right, "{node}");
        } else if let Some(over) = ast::OverClause::cast(node.clone()) {
            let _ = over.kind();
        } else if let Some(binary) = ast::BinaryExpr::cast(node.clone()) {
            assert!(
                !right
                    || (binary.lhs().is_some() && binary.op().is_some() && binary.rhs().is_some()),
                "{node}"
            );
        } else if let Some(skip) = ast::SkipClause::cast(node.clone()) {
            assert!(!right || skip.mode().is_some(), "{node}");
        }
    }
}

/// The texts of the tokens of the forms, from which texts are made that get far into the parser.
fn words() -> Vec<String> {
    let root = parse_text(FORMS).syntax();
    let tokens = root
        .descendants_with_tokens()
        .filter_map(NodeOrToken::into_token);
    let mut words: Vec<String> = tokens
        .map(|token: SyntaxToken| token.text().to_owned())
        .collect();
    words.sort();
    words.dedup();
    words
}

/// A change of a text.
#[derive(Debug, Clone)]
enum Mutation {
    Remove(prop::sample::Index, usize),
    Insert(prop::sample::Index, String),
    Repeat(prop::sample::Index, prop::sample::Index, usize),
    Cut(prop::sample::Index),
}

fn mutation() -> impl Strategy<Value = Mutation> {
    let index = any::<prop::sample::Index>;
    prop_oneof![
        (index(), 1..20_usize).prop_map(|(at, length)| Mutation::Remove(at, length)),
        (index(), prop::sample::select(words())).prop_map(|(at, word)| Mutation::Insert(at, word)),
        (index(), ".{1,3}").prop_map(|(at, text)| Mutation::Insert(at, text)),
        (index(), index(), 1..200_usize)
            .prop_map(|(from, to, length)| Mutation::Repeat(from, to, length)),
        index().prop_map(Mutation::Cut),
    ]
}

fn mutate(text: &mut String, mutation: &Mutation) {
    let place = |text: &str, index: &prop::sample::Index| {
        text.floor_char_boundary(index.index(text.len() + 1))
    };
    match mutation {
        Mutation::Remove(at, length) => {
            let at = place(text, at);
            let end = text.ceil_char_boundary(at + length);
            text.replace_range(at..end, "");
        }
        Mutation::Insert(at, inserted) => text.insert_str(place(text, at), inserted),
        Mutation::Repeat(from, to, length) => {
            let from = place(text, from);
            let copy = text[from..text.ceil_char_boundary(from + length)].to_owned();
            text.insert_str(place(text, to), &copy);
        }
        Mutation::Cut(at) => text.truncate(place(text, at)),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_string(text in ".{0,200}") {
        check(&text);
    }

    #[test]
    fn any_bytes(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        check(&String::from_utf8_lossy(&bytes));
    }

    #[test]
    fn any_tokens(words in prop::collection::vec(prop::sample::select(words()), 0..60)) {
        check(&words.concat());
        check(&words.join(" "));
        check(&format!("rule r {{ {} }}", words.join(" ")));
    }

    #[test]
    fn mutated_rules(mutations in prop::collection::vec(mutation(), 1..6), forms in any::<bool>()) {
        let mut text = if forms { FORMS } else { TWELVE }.to_owned();
        for mutation in &mutations {
            mutate(&mut text, mutation);
        }
        check(&text);
    }
}

#[test]
fn every_prefix_of_the_forms() {
    for end in (0..=FORMS.len())
        .filter(|&end| FORMS.is_char_boundary(end))
        .step_by(7)
    {
        let parse = parse_text(&FORMS[..end]);
        assert_eq!(parse.syntax().text().to_string(), FORMS[..end]);
        assert!(
            parse.errors().len() <= 3,
            "a cut is one mistake: {:?}\n{}",
            parse.errors(),
            &FORMS[..end]
        );
    }
}

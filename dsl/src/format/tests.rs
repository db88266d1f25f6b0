//! What the formatter promises: the same tokens, the same comments, and nothing to do the second time.

use super::{WIDTH, format};
use crate::source::{SourceId, SourceMap};
use crate::syntax::{SyntaxKind, parse};
use rowan::NodeOrToken;

fn source() -> SourceId {
    SourceMap::new().add("test.trap", "")
}

fn formatted(text: &str) -> String {
    format(source(), text).unwrap_or_else(|errors| panic!("{errors:#?}\nin\n{text}"))
}

/// Tokens but commas, and the comments, each in their order.
fn content(text: &str) -> (Vec<String>, Vec<String>) {
    let (mut tokens, mut comments) = (Vec::new(), Vec::new());
    let tree = parse(source(), text).syntax();
    for token in tree
        .descendants_with_tokens()
        .filter_map(NodeOrToken::into_token)
    {
        match token.kind() {
            SyntaxKind::Whitespace | SyntaxKind::Comma => {}
            SyntaxKind::Comment => comments.push(token.text().trim_end().to_owned()),
            _ => tokens.push(token.text().to_owned()),
        }
    }
    (tokens, comments)
}

/// Formats a text, checks the promises, gives the result.
fn check(text: &str) -> String {
    let once = formatted(text);
    assert_eq!(content(text), content(&once), "from\n{text}\nto\n{once}");
    let twice = formatted(&once);
    assert_eq!(once, twice, "from\n{text}");
    assert!(!once.lines().any(|line| line.ends_with(' ')), "{once}");
    assert!(!once.contains("\n\n\n"), "{once}");
    once
}

const TWELVE: &str = include_str!("../../testdata/twelve.trap");
const FORMS: &str = include_str!("../../testdata/forms.trap");

#[test]
fn every_form_keeps_its_tokens() {
    check(TWELVE);
    check(FORMS);
}

/// The same texts with blanks, line ends and comments thrown in wherever a blank is.
#[test]
fn any_layout_keeps_its_tokens() {
    let mut state = 0x2545_F491_4F6C_DD1D_u64;
    let mut random = move |below: u64| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state % below
    };
    for round in 0..60 {
        let text = if round % 2 == 0 { TWELVE } else { FORMS };
        let tree = parse(source(), text).syntax();
        let mut messy = String::new();
        let mut in_string = 0;
        for token in tree
            .descendants_with_tokens()
            .filter_map(NodeOrToken::into_token)
        {
            match token.kind() {
                SyntaxKind::StringOpen => in_string += 1,
                SyntaxKind::StringClose => in_string -= 1,
                _ => {}
            }
            let is_blank = token.kind() == SyntaxKind::Whitespace && in_string == 0;
            let keeps_line = token.text().contains('\n');
            if !is_blank {
                messy.push_str(token.text());
                continue;
            }
            match random(8) {
                0 => messy.push_str("  # behind\n  "),
                1 => messy.push_str("\n\n   // before\n\n\n  "),
                2 => messy.push_str("\n   # one\n  # two\n  "),
                3 => messy.push_str("\n\n\n   "),
                4 => messy.push_str(" \n "),
                _ if keeps_line => messy.push_str(token.text()),
                _ => messy.push_str("   "),
            }
        }
        assert!(parse(source(), &messy).errors().is_empty(), "{messy}");
        let once = formatted(&messy);
        let (tokens, comments) = content(&once);
        let (tokens_before, comments_before) = content(&messy);
        assert_eq!(tokens, tokens_before, "from\n{messy}\nto\n{once}");
        // Comments behind the tokens of one line share the line.
        assert_eq!(
            comments.concat().replace(' ', ""),
            comments_before.concat().replace(' ', "")
        );
        assert_eq!(once, formatted(&once), "from\n{messy}");
    }
}

#[test]
fn a_rule_stays_on_a_line_or_open() {
    assert_eq!(
        check("rule  r{on a:b   where a.x>1 and not(a.y==2)do log( \"x\" )}"),
        "rule r { on a: b where a.x > 1 and not (a.y == 2) do log(\"x\") }\n"
    );
    assert_eq!(
        check("rule r {\non a: b where a.x>1\ndo log(\"x\"), page(text:\"y\") }"),
        "rule r {\n    on a: b\n    where a.x > 1\n    do log(\"x\"), page(text: \"y\")\n}\n"
    );
}

#[test]
fn what_is_too_long_is_broken_at_its_outermost_place() {
    let name = "a_field_with_a_rather_long_name";
    let text = format!(
        "rule r {{ on a: b where a.{name} > 1 and (a.{name} < 2 or a.{name} == 3) do log(\"x\") }}"
    );
    let wanted = format!(
        "rule r {{\n    on a: b\n    where a.{name} > 1\n        and (a.{name} < 2 or a.{name} == 3)\n    do log(\"x\")\n}}\n"
    );
    assert_eq!(check(&text), wanted);
    assert!(wanted.lines().all(|line| line.len() <= WIDTH));
}

#[test]
fn fields_get_their_commas() {
    assert_eq!(
        check("event e {\n  a: int\n  b: text? = \"data.b\", # why\n}"),
        "event e {\n    a: int,\n    b: text? = \"data.b\",  # why\n}\n"
    );
    assert_eq!(
        check("event e { a: int, b: text, }"),
        "event e { a: int, b: text }\n"
    );
    assert_eq!(check("event e {\n}"), "event e {}\n");
}

#[test]
fn comments_and_empty_lines_stay_where_they_are() {
    let text = "# About the file.\n\n# About the type.\nevent e { x: int }  # of whom\n\nconst A = 1\nconst B = 2\n\
        rule r {\n    # first\n    on e: e\n\n    # then\n    do log(\"x\")\n    # last\n}\n# end\n";
    assert_eq!(
        check(text),
        text.replace("const B = 2\nrule", "const B = 2\n\nrule")
    );
}

#[test]
fn patterns_break_before_their_arrows() {
    let step = "x: some_event_type[some_field == \"value\"]";
    let text = format!(
        "rule r {{ match {} within 1m do log(\"x\") }}",
        [step, step, step].join("->")
    );
    let printed = check(&text);
    assert!(
        printed.contains("\n        -> x: some_event_type"),
        "{printed}"
    );
    assert_eq!(
        check("rule q { match a: x {2 , 5} ? strict->b:y ?? within 1m do log(\"x\") }"),
        "rule q { match a: x{2,5}? strict -> b: y?? within 1m do log(\"x\") }\n"
    );
}

#[test]
fn wrong_text_is_left_alone() {
    let errors = format(source(), "rule r { on }").expect_err("there is no type");
    assert!(!errors.is_empty());
}

//! What is said about wrong texts.

use super::*;
use crate::diagnostic::{Style, codes, render};
use crate::syntax::ast::AstNode;
use crate::syntax::limits::{MAX_NESTING, MAX_SOURCE_BYTES, MAX_SYNTAX_ERRORS};
use insta::assert_snapshot;

/// The errors of a text, each with its line, and as code and message.
fn errors(text: &str) -> Vec<String> {
    let mut sources = SourceMap::new();
    let id = sources.add("test.trap", text);
    let parse = parse(id, text);
    assert_eq!(parse.syntax().text().to_string(), text);
    let line = |offset| sources.get(id).line_column(offset).line;
    parse
        .errors()
        .iter()
        .map(|error| {
            format!(
                "{}: {} {}",
                line(error.primary.start),
                error.code,
                error.message
            )
        })
        .collect()
}

#[test]
fn the_registry_tells_the_truth() {
    for entry in codes::entries().filter(|entry| entry.code.number() < 100) {
        for example in entry.examples {
            let wrong = parse_text(example.wrong);
            let found: Vec<String> = wrong
                .errors()
                .iter()
                .map(|error| error.code.to_string())
                .collect();
            assert_eq!(found, [entry.code.to_string()], "{}", example.wrong);
            assert_eq!(parse_text(example.right).errors(), [], "{}", example.right);
        }
    }
}

#[test]
fn each_mistake_is_told_once() {
    let text = "\
event e { a: , b: int c: text }
const X 5
rule one {
  on c: e
  wher c.load > 1
  by
  for 5m
  do log(\"x\" \"y\")
}
rule two {
  on c: e where c.load > > 1 and (c.a + by c.host do page(text: )
}
rule three { on c: e do log(\"x }
rule four { on c: e do log(\"x\")
rule five { on c: e where c.a = 5 do log(\"{c.a b}\") }
)
rule six { on c: e do log(\"x\") }
";
    assert_snapshot!(errors(text).join("\n"), @r#"
    1: TJ0001 expected the field's type, found `,`
    1: TJ0016 a `,` is missing before a field
    2: TJ0001 expected `=` and the constant's value, found `5`
    5: TJ0014 expected a clause of the rule or `}`, found `wher`
    7: TJ0001 expected an expression, found `for`
    8: TJ0016 a `,` is missing before an argument
    11: TJ0001 expected an expression, found `>`
    11: TJ0001 expected an expression, found `by`
    11: TJ0001 expected an expression, found `)`
    13: TJ0003 this string is not closed
    14: TJ0015 this `{` is never closed
    15: TJ0019 `=` is written `==`
    15: TJ0001 expected `}` after the value, found `b`
    16: TJ0013 expected an item (event, const, table, rule or test), found `)`
    "#);
    let rules = parse_text(text)
        .tree()
        .items()
        .filter(|item| matches!(item, ast::Item::Rule(_)))
        .count();
    assert_eq!(rules, 6, "every rule is in the tree, however wrong");
}

#[test]
fn a_clause_after_a_mistake_is_still_read() {
    let parse = parse_text(
        "rule r { on c: e where c.load > ) by c.host over ?? having count() > 1 do log(\"x\") }",
    );
    let ast::Item::Rule(rule) = parse.tree().items().next().expect("an item") else {
        panic!("a rule")
    };
    assert_eq!(parse.errors().len(), 2);
    assert!(
        rule.clause::<ast::ByClause>()
            .is_some_and(|by| by.keys().count() == 1)
    );
    assert!(
        rule.clause::<ast::HavingClause>()
            .is_some_and(|having| having.condition().is_some())
    );
    assert!(
        rule.clause::<ast::DoClause>()
            .is_some_and(|clause| clause.actions().count() == 1)
    );
}

#[test]
fn a_missing_part_is_not_taken_for_its_neighbour() {
    let parse = parse_text("rule r { on c: e where if then 1 else 2 for gap 1m }");
    assert!(!parse.errors().is_empty());
    let ast::Item::Rule(rule) = parse.tree().items().next().expect("an item") else {
        panic!("a rule")
    };
    let sustained: ast::ForClause = rule.clause().expect("the clause");
    assert_eq!(sustained.gap(), None, "`gap` was read as a name");
    let Some(ast::Expr::If(choice)) = rule
        .clause::<ast::WhereClause>()
        .and_then(|clause| clause.condition())
    else {
        panic!("a choice")
    };
    assert_eq!(choice.condition(), None);
    assert_eq!(group(choice.else_branch()), "2");
}

#[test]
fn suggestions_are_right() {
    let mended = |text: &str| {
        let parse = parse_text(text);
        let suggestion = parse
            .errors()
            .first()
            .and_then(|error| error.suggestion.clone())
            .expect(text);
        let mut mended = text.to_owned();
        mended.replace_range(suggestion.span.range(), &suggestion.replacement);
        assert_eq!(parse_text(&mended).errors(), [], "{mended}");
        mended
    };
    assert_eq!(mended("const X = a && b"), "const X = a and b");
    assert_eq!(mended("const X = !a"), "const X = not a");
    assert_eq!(mended("const X = a = b"), "const X = a == b");
    assert_eq!(mended("const X = [1 2]"), "const X = [1, 2]");
    assert_eq!(mended("const X = 5min"), "const X = 5m");
    assert_eq!(mended("const X = 10.1.0.0/8"), "const X = 10.0.0.0/8");
    assert_eq!(mended("const X = größe + 1"), "const X = `größe` + 1");
    assert_eq!(
        mended("rule r { on cpu do log(\"x\") }"),
        "rule r { on e: cpu do log(\"x\") }"
    );
    assert_eq!(
        mended("rule r { on c: e, do log(\"x\") }"),
        "rule r { on c: e do log(\"x\") }"
    );
    assert_eq!(
        mended("rule r { on c: e whre a do log(\"x\") }"),
        "rule r { on c: e where a do log(\"x\") }"
    );
    assert_eq!(mended("event by { a: int }"), "event `by` { a: int }");
    assert_eq!(mended("const X = limit > 1"), "const X = `limit` > 1");
    assert_eq!(mended("const X = \"a } b\""), "const X = \"a }} b\"");
}

#[test]
fn deep_nesting_is_one_error_and_still_a_tree() {
    let deep = 50_000;
    let texts = [
        format!("const X = {}1{}", "(".repeat(deep), ")".repeat(deep)),
        format!("const X = {}", "(".repeat(deep)),
        format!("const X = {}1", "[".repeat(deep)),
        format!("const X = {}a", "not ".repeat(deep)),
        format!("const X = {}1", "-".repeat(deep)),
        format!("const X = a{}", ".b".repeat(deep)),
        format!("const X = a{}", "(b)".repeat(deep)),
        format!("const X = 1{}", " + 1".repeat(deep)),
        format!("const X = 1{}", " ?? 1".repeat(deep)),
        format!("const X = {}", "if a then 1 else ".repeat(deep)),
        format!("const X = {}1", "f(a: ".repeat(deep)),
        format!("rule r {{ match {}x }}", "(".repeat(deep)),
        format!("rule r {{ match x{} }}", " until y".repeat(deep)),
        format!("rule r {{ match {}x }}", "not (".repeat(deep)),
    ];
    for text in texts {
        let parse = parse_text(&text);
        let shown = &text[..30];
        assert_eq!(parse.syntax().text().to_string(), text, "{shown}");
        let codes: Vec<String> = parse
            .errors()
            .iter()
            .map(|error| error.code.to_string())
            .collect();
        assert!(codes.contains(&"TJ0023".to_owned()), "{shown}: {codes:?}");
        assert!(codes.len() <= 3, "{shown}: {codes:?}");
        let depth = parse
            .syntax()
            .descendants()
            .map(|node| node.ancestors().count())
            .max()
            .unwrap_or(0);
        assert!(depth <= 4 * MAX_NESTING as usize + 16, "{shown}: {depth}");
    }
}

#[test]
fn nesting_up_to_the_limit_is_right() {
    let depth = MAX_NESTING as usize - 2;
    assert_eq!(
        parse_text(&format!(
            "const X = {}1{}",
            "(".repeat(depth),
            ")".repeat(depth)
        ))
        .errors(),
        []
    );
    assert_eq!(
        parse_text(&format!("const X = 1{}", " + 1".repeat(depth))).errors(),
        []
    );
    // What is flat in the tree may be as long as it likes.
    assert_eq!(
        parse_text(&format!("const X = [1{}]", ", 1".repeat(10_000))).errors(),
        []
    );
    assert_eq!(
        parse_text(&format!("rule r {{ match x{} }}", " -> x".repeat(10_000))).errors(),
        []
    );
}

#[test]
fn limits_are_told() {
    let long = " ".repeat(MAX_SOURCE_BYTES + 1);
    let parse = parse_text(&long);
    assert_eq!(parse.errors().len(), 1);
    assert_eq!(parse.errors()[0].code.to_string(), "TJ0024");
    assert_eq!(parse.tree().items().count(), 0);
    assert_eq!(parse_text(&long[1..]).errors(), []);

    let parse = parse_text(&"const X 5\n".repeat(1_000));
    assert_eq!(parse.errors().len(), MAX_SYNTAX_ERRORS + 1);
    assert_eq!(parse.errors()[MAX_SYNTAX_ERRORS].code.to_string(), "TJ0025");
    let lexical = parse_text(&"const X = 1x\n".repeat(1_000));
    assert_eq!(lexical.errors().len(), MAX_SYNTAX_ERRORS + 1);
}

#[test]
fn errors_are_shown_with_their_places() {
    let text = "rule r {\n  on c: cpu_usage\n  wher c.load > 90%\n  do log(\"x\"\n}\n";
    let mut sources = SourceMap::new();
    let id = sources.add("load.trap", text);
    assert_snapshot!(render(parse(id, text).errors(), &sources, Style::Plain), @r#"
    error[TJ0014]: expected a clause of the rule or `}`, found `wher`
     --> load.trap:3:3
      |
    3 |   wher c.load > 90%
      |   ^^^^
      |
    help: did you mean `where`?
      |
    3 |   where c.load > 90%
      |       +

    error[TJ0001]: expected `,` or `)`, found `}`
     --> load.trap:5:1
      |
    4 |   do log("x"
      |         - opened here
    5 | }
      | ^
    "#);
}

#[test]
fn errors_in_strings_point_into_them() {
    let text = "const X = \"a {b +} c\"";
    let parse = parse_text(text);
    assert_eq!(parse.errors().len(), 1);
    assert_eq!(&text[parse.errors()[0].primary.range()], "}");
    let whole = parse.tree();
    assert_eq!(whole.syntax().text(), text);
}

//! The trees of right texts.

use super::*;
use crate::syntax::ast::{
    AstNode, Clause, Expr, Item, LiteralValue, OverKind, SkipMode, StringPart, TestStep,
};
use insta::assert_snapshot;

fn text(node: Option<&impl AstNode<Language = crate::syntax::Trapjaw>>) -> String {
    node.map_or_else(|| "?".to_owned(), |node| node.syntax().text().to_string())
}

#[test]
fn the_twelve_rules_and_every_form_are_right() {
    for text in [TWELVE, FORMS] {
        let parse = parse_text(text);
        assert_eq!(parse.errors(), []);
        assert_eq!(parse.syntax().text().to_string(), text);
        let wrong = parse
            .syntax()
            .descendants()
            .find(|node| node.kind() == crate::syntax::SyntaxKind::Error);
        assert_eq!(wrong, None);
    }
    assert_eq!(
        parse_text(TWELVE)
            .tree()
            .items()
            .filter(|item| matches!(item, Item::Rule(_)))
            .count(),
        12
    );
}

#[test]
fn every_part_of_right_texts_is_found_by_its_accessor() {
    for item in parse_text(TWELVE).tree().items() {
        match item {
            Item::Event(event) => {
                assert!(event.name().is_some());
                assert!(
                    event
                        .fields()
                        .all(|field| field.path().is_some() && field.ty().is_some())
                );
            }
            Item::Table(table) => {
                assert_eq!(
                    table.name().map(|name| name.text()).as_deref(),
                    Some("owners")
                );
                assert_eq!(
                    table.file().and_then(|file| file.plain_text()).as_deref(),
                    Some("owners.csv")
                );
                assert_eq!(
                    table.key().map(|name| name.text()).as_deref(),
                    Some("service")
                );
                assert_eq!(table.fields().count(), 2);
            }
            Item::Rule(rule) => {
                assert!(rule.name().is_some());
                assert!(rule.clauses().count() >= 2, "{}", rule.syntax());
            }
            Item::Const(_) | Item::Test(_) => panic!("not among them"),
        }
    }
}

#[test]
fn operators_bind_as_documented() {
    assert_eq!(grouped("1 + 2 * 3 - 4"), "(- (+ 1 (* 2 3)) 4)");
    assert_eq!(
        grouped("a or b and not c == d ?? 1 + 2"),
        "(or a (and b (Not (== c (?? d (+ 1 2))))))"
    );
    assert_eq!(
        grouped("-a.b[c](d).e * 2"),
        "(* (Neg (. (call (index (. a b) c) d) e)) 2)"
    );
    assert_eq!(grouped("not not a"), "(Not (Not a))");
    assert_eq!(grouped("(a or b) and c"), "(and (or a b) c)");
    assert_eq!(grouped("a ?? b ?? c"), "(?? (?? a b) c)");
    assert_eq!(grouped("a - b - c"), "(- (- a b) c)");
    assert_eq!(
        grouped("if a then b else if c then d else e + 1"),
        "(if a b (if c d (+ e 1)))"
    );
    assert_eq!(
        grouped("a between 1 and 2 and b"),
        "(and (between a 1 2) b)"
    );
    assert_eq!(
        grouped("a not between 1 + 1 and 2"),
        "(not-between a (+ 1 1) 2)"
    );
    assert_eq!(
        grouped("a not in [b, 1] or c is not null"),
        "(or (not-in a [b 1]) (not-null c))"
    );
    assert_eq!(
        grouped("a is null and b ~ /x/i"),
        "(and (null a) (~ b /x/i))"
    );
    assert_eq!(grouped("count(where a > 1) / sum(a.b, n: 2 where c)"), {
        "(/ (call count where (> a 1)) (call sum (. a b) n:2 where c))"
    });
    assert_eq!(
        grouped("a icontains \"x\" and b not like \"y\""),
        "(and (icontains a \"x\") (not-like b \"y\"))"
    );
}

#[test]
fn words_are_names_where_nothing_else_can_stand() {
    assert_eq!(
        grouped("strict + any - last.limit"),
        "(- (+ strict any) (. last limit))"
    );
    assert_eq!(
        grouped("`limit` > e.where.by"),
        "(> `limit` (. (. e where) by))"
    );
    let event = "event e { limit: int, by: text, in: bool\nlike: int }";
    assert_eq!(parse_text(event).errors(), []);
    assert_eq!(
        parse_text("rule r { on e: x emit y { a: 1\nlike: 2 } }").errors(),
        []
    );
}

#[test]
fn clauses_tell_their_parts() {
    let sustained: ast::ForClause = clause("on c: x for 5m keep 1m");
    assert_eq!(group(sustained.duration()), "5m");
    assert_eq!(sustained.gap(), None);
    assert_eq!(group(sustained.keep()), "1m");

    let over = |text: &str| clause::<ast::OverClause>(&format!("on c: x over {text}"));
    assert!(matches!(
        over("5m").kind(),
        OverKind::Sliding { length: Some(_) }
    ));
    assert!(matches!(
        over("5m every 1m each").kind(),
        OverKind::Hopping {
            length: Some(_),
            every: Some(_)
        }
    ));
    assert!(matches!(
        over("1d tumbling in \"UTC\"").kind(),
        OverKind::Tumbling { length: Some(_) }
    ));
    assert!(matches!(
        over("9 events").kind(),
        OverKind::Events {
            count: Some(_),
            tumbling: false
        }
    ));
    assert!(matches!(
        over("N events tumbling").kind(),
        OverKind::Events {
            count: Some(_),
            tumbling: true
        }
    ));
    assert!(matches!(
        over("session 30s").kind(),
        OverKind::Session { gap: Some(_) }
    ));
    assert!(matches!(over("all").kind(), OverKind::All));
    assert!(over("5m each").each() && !over("5m").each());
    assert_eq!(
        over("1d tumbling in \"UTC\"")
            .zone()
            .and_then(|zone| zone.plain_text())
            .as_deref(),
        Some("UTC")
    );

    let skip = |text: &str| {
        clause::<ast::SkipClause>(&format!("match x skip {text}"))
            .mode()
            .expect("a mode")
    };
    assert_eq!(skip("past last"), SkipMode::PastLast);
    assert_eq!(skip("to next"), SkipMode::ToNext);
    assert_eq!(skip("none"), SkipMode::None);
    assert!(matches!(skip("to first a"), SkipMode::ToFirst(Some(name)) if name.text() == "a"));
    assert!(matches!(skip("to last next"), SkipMode::ToLast(Some(name)) if name.text() == "next"));

    let absent: ast::AbsentClause = clause("on c: x absent 30s of hosts");
    assert_eq!(
        (group(absent.duration()), text(absent.table().as_ref())),
        ("30s".to_owned(), "hosts".to_owned())
    );
    let limit: ast::LimitClause = clause("on c: x limit N + 1 per 1h");
    assert_eq!(
        (group(limit.count()), group(limit.period())),
        ("(+ N 1)".to_owned(), "1h".to_owned())
    );
    let on: ast::OnClause = clause("on d: a | `b c`");
    assert_eq!(on.alias().map(|alias| alias.text()).as_deref(), Some("d"));
    assert_eq!(
        on.types().map(|name| name.text()).collect::<Vec<_>>(),
        ["a", "b c"]
    );
    let by: ast::ByClause = clause("match x by a.u = b.v, c");
    assert_eq!(
        by.keys().map(|key| group(Some(key))).collect::<Vec<_>>(),
        ["c"]
    );
    assert_eq!(
        by.mappings()
            .map(|mapping| mapping.parts().count())
            .collect::<Vec<_>>(),
        [2]
    );
    let at: ast::AtClause = clause("at \"0 9 * * *\" in \"UTC\" catchup one");
    assert_eq!(
        (text(at.cron().as_ref()), at.catchup()),
        ("\"0 9 * * *\"".to_owned(), Some(ast::Catchup::One))
    );
    let every: ast::EveryClause = clause("every 5m catchup skip");
    assert_eq!(
        (group(every.period()), every.catchup()),
        ("5m".to_owned(), Some(ast::Catchup::Skip))
    );
}

#[test]
fn follow_ups_have_their_own_actions() {
    let rule = rule("on c: x do a(), b() on clear do c(), d() do e() on timeout do f()");
    let kinds: Vec<(usize, usize)> = rule
        .clauses()
        .map(|clause| match clause {
            Clause::Do(clause) => (0, clause.actions().count()),
            Clause::OnClear(clause) => (1, clause.actions().count()),
            Clause::OnTimeout(clause) => (2, clause.actions().count()),
            _ => (3, 0),
        })
        .collect();
    assert_eq!(kinds, [(3, 0), (0, 2), (1, 2), (0, 1), (2, 1)]);
}

#[test]
fn steps_of_tests_do_not_run_together() {
    let parse = parse_text(
        "test \"t\" { expect a at 5m at 6m b expect no c at 1s {} at X d { e: 1 } expect no at 2s }",
    );
    assert_eq!(parse.errors(), []);
    let Some(Item::Test(test)) = parse.tree().items().next() else {
        panic!("a test")
    };
    let steps: Vec<String> = test
        .steps()
        .map(|step| match step {
            TestStep::At(at) => format!("at {} {}", group(at.time()), text(at.event().as_ref())),
            TestStep::Expect(expect) => {
                let time = expect
                    .time()
                    .map_or_else(|| "-".to_owned(), |time| group(Some(time)));
                format!(
                    "{} {} {time}",
                    expect.is_negated(),
                    text(expect.rule().as_ref())
                )
            }
        })
        .collect();
    assert_eq!(
        steps,
        [
            "false a 5m",
            "at 6m b",
            "true c 1s",
            "at X d",
            "false no 2s"
        ]
    );
}

#[test]
fn strings_tell_their_parts_with_places_in_the_file() {
    let text = "const X = \"a{{{b + 1:.2}\\n{c}\"";
    let parse = parse_text(text);
    assert_eq!(parse.errors(), []);
    let Some(Item::Const(item)) = parse.tree().items().next() else {
        panic!("a constant")
    };
    let Some(Expr::String(string)) = item.value() else {
        panic!("a string")
    };
    let parts = string.parts();
    let [
        StringPart::Text(a),
        StringPart::Interpolation(b),
        StringPart::Text(n),
        StringPart::Interpolation(c),
    ] = parts.as_slice()
    else {
        panic!("{parts:?}")
    };
    assert_eq!((a.as_str(), n.as_str()), ("a{", "\n"));
    assert_eq!(
        (group(b.expr()), b.format().as_deref()),
        ("(+ b 1)".to_owned(), Some(".2"))
    );
    assert_eq!(c.format(), None);
    let place = c.expr().expect("a value").syntax().text_range();
    assert_eq!(&text[place], "c");
    assert_eq!(string.plain_text(), None);
}

#[test]
fn literals_have_values() {
    let rule = rule("on c: x where c.a > 90% and c.b == null and c.d in 10.0.0.0/8");
    let values: Vec<LiteralValue> = rule
        .syntax()
        .descendants()
        .filter_map(ast::Literal::cast)
        .map(|literal| literal.value().expect("a value"))
        .collect();
    let network = LiteralValue::Cidr {
        network: [10, 0, 0, 0].into(),
        prefix: 8,
    };
    assert_eq!(
        values,
        [LiteralValue::Percent(0.9), LiteralValue::Null, network]
    );
}

#[test]
fn a_tree_in_full() {
    let parse = parse_text(
        "rule r { # why\n  match a: x[not ok]{2,3}? -> b: y by u within 1m do log(\"{b.u:.1} \") }",
    );
    assert_eq!(parse.errors(), []);
    assert_snapshot!(dump(&parse.syntax()), @r#"
    SourceFile
      RuleItem
        Keyword rule
        Name
          Ident r
        LBrace {
        MatchClause
          Keyword match
          SequencePattern
            RepeatPattern
              ElementPattern
                Alias
                  Name
                    Ident a
                  Colon :
                Name
                  Ident x
                Condition
                  LBracket [
                  UnaryExpr
                    Keyword not
                    NameExpr
                      Name
                        Ident ok
                  RBracket ]
              Quantifier
                LBrace {
                Int 2
                Comma ,
                Int 3
                RBrace }
                Question ?
            ThinArrow ->
            ElementPattern
              Alias
                Name
                  Ident b
                Colon :
              Name
                Ident y
        ByClause
          Keyword by
          NameExpr
            Name
              Ident u
        WithinClause
          Keyword within
          Literal
            Duration 1m
        DoClause
          Keyword do
          Action
            Name
              Ident log
            ArgList
              LParen (
              Arg
                StringLiteral
                  StringOpen "
                  Interpolation
                    InterpolationOpen {
                    FieldExpr
                      NameExpr
                        Name
                          Ident b
                      Dot .
                      Name
                        Ident u
                    Format :.1
                    InterpolationClose }
                  StringText  
                  StringClose "
              RParen )
        RBrace }
    "#);
}

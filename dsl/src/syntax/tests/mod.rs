//! What texts are read as.

mod errors;
mod patterns;
mod robust;
mod shape;

use super::{Parse, SyntaxNode, ast, parse};
use crate::source::SourceMap;
use rowan::NodeOrToken;

/// The twelve rules of the design.
const TWELVE: &str = include_str!("../../../testdata/twelve.trap");
/// A file that holds every form.
const FORMS: &str = include_str!("../../../testdata/forms.trap");

fn parse_text(text: &str) -> Parse {
    parse(SourceMap::new().add("test.trap", text), text)
}

/// The rule with these clauses, which must be right.
fn rule(text: &str) -> ast::RuleItem {
    let parse = parse_text(&format!("rule r {{ {text} }}"));
    assert_eq!(parse.errors(), [], "{text}");
    let rule = parse.tree().items().find_map(|item| {
        if let ast::Item::Rule(rule) = item {
            Some(rule)
        } else {
            None
        }
    });
    rule.expect("a rule")
}

/// The clause of a kind in the rule with these clauses.
fn clause<T: ast::AstNode<Language = super::Trapjaw>>(text: &str) -> T {
    rule(text).clause().expect("the clause")
}

/// A tree with a line for each node and token but trivia, indented by depth.
fn dump(node: &SyntaxNode) -> String {
    fn walk(node: &SyntaxNode, depth: usize, out: &mut String) {
        use std::fmt::Write;
        writeln!(out, "{:indent$}{:?}", "", node.kind(), indent = depth * 2)
            .expect("strings take all");
        for child in node.children_with_tokens() {
            match child {
                NodeOrToken::Node(node) => walk(&node, depth + 1, out),
                NodeOrToken::Token(token) if token.kind().is_trivia() => {}
                NodeOrToken::Token(token) => {
                    writeln!(
                        out,
                        "{:indent$}{:?} {}",
                        "",
                        token.kind(),
                        token.text(),
                        indent = depth * 2 + 2
                    )
                    .expect("strings take all");
                }
            }
        }
    }
    let mut out = String::new();
    walk(node, 0, &mut out);
    out
}

/// The value of a constant that is declared to be `text`, with its operators as nested lists: `(+ 1 (* 2 3))`.
fn grouped(text: &str) -> String {
    let parse = parse_text(&format!("const X = {text}"));
    assert_eq!(parse.errors(), [], "{text}");
    let value = parse.tree().items().find_map(|item| match item {
        ast::Item::Const(item) => item.value(),
        _ => None,
    });
    group(value)
}

fn group(expr: Option<ast::Expr>) -> String {
    use ast::{AstNode, Expr};
    let not = |negated: bool| if negated { "not-" } else { "" };
    let Some(expr) = expr else {
        return "?".to_owned();
    };
    match expr {
        Expr::Literal(_) | Expr::String(_) | Expr::Name(_) => expr.syntax().text().to_string(),
        Expr::Field(e) => format!(
            "(. {} {})",
            group(e.base()),
            e.field().map_or_else(String::new, |name| name.text())
        ),
        Expr::Index(e) => format!("(index {} {})", group(e.base()), group(e.index())),
        Expr::Call(e) => {
            let mut out = format!("(call {}", group(e.callee()));
            for arg in e.args().into_iter().flat_map(|args| args.args()) {
                let name = arg
                    .name()
                    .map_or_else(String::new, |name| name.text() + ":");
                out = format!("{out} {name}{}", group(arg.value()));
            }
            let filter = e.args().and_then(|args| args.filter());
            out + &filter.map_or_else(String::new, |filter| {
                format!(" where {}", group(Some(filter)))
            }) + ")"
        }
        Expr::Unary(e) => format!(
            "({:?} {})",
            e.op().expect("an operator"),
            group(e.operand())
        ),
        Expr::Binary(e) => {
            let op = e.op().expect("an operator").text();
            format!(
                "({}{op} {} {})",
                not(e.is_negated()),
                group(e.lhs()),
                group(e.rhs())
            )
        }
        Expr::Between(e) => {
            let negated = not(e.is_negated());
            format!(
                "({negated}between {} {} {})",
                group(e.operand()),
                group(e.low()),
                group(e.high())
            )
        }
        Expr::IsNull(e) => format!("({}null {})", not(e.is_negated()), group(e.operand())),
        Expr::If(e) => {
            format!(
                "(if {} {} {})",
                group(e.condition()),
                group(e.then_branch()),
                group(e.else_branch())
            )
        }
        Expr::List(e) => format!(
            "[{}]",
            e.items()
                .map(|item| group(Some(item)))
                .collect::<Vec<_>>()
                .join(" ")
        ),
        Expr::Paren(e) => group(e.inner()),
    }
}

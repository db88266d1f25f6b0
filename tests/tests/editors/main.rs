//! What editors are given, held against the language itself: the grammar for colours, and the folder of the extension.
#![forbid(unsafe_code)]

mod grammar;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;
use trapjaw_dsl::source::SourceMap;
use trapjaw_dsl::syntax::{SyntaxKind, SyntaxToken, keywords, parse};

use grammar::Grammar;

/// The extension's folder, from the root.
const FOLDER: &str = "docs/editors/vscode";

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn json(name: &str) -> Value {
    let path = root().join(FOLDER).join(name);
    let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{name}: {error}"));
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{name} is no JSON: {error}"))
}

fn grammar() -> Grammar {
    Grammar::new(&json("syntaxes/trapjaw.tmLanguage.json"))
}

/// All rule files of the examples, and what stands in the book.
fn rule_files() -> Vec<(String, String)> {
    let mut files = Vec::new();
    let mut folders = vec![
        root().join("examples"),
        root().join("cli/src/starter/files"),
    ];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).expect("the folder is there") {
            let path = entry.expect("an entry can be read").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|end| end == "trap") {
                let text = fs::read_to_string(&path).expect("a file can be read");
                files.push((path.display().to_string(), text));
            }
        }
    }
    for entry in fs::read_dir(root().join("docs/src")).expect("the book is there") {
        let path = entry.expect("an entry can be read").path();
        if path.extension().is_none_or(|end| end != "md") || path.ends_with("errors.md") {
            continue;
        }
        let text = fs::read_to_string(&path).expect("a page can be read");
        let mut parts = text.split("\n```");
        parts.next();
        let blocks = parts.filter_map(|block| block.strip_prefix("trap\n"));
        let blocks = blocks.map(str::to_owned).enumerate();
        files.extend(blocks.map(|(at, block)| (format!("{} block {at}", path.display()), block)));
    }
    files.sort();
    assert!(files.len() >= 60, "only {} texts were found", files.len());
    files
}

fn tokens(text: &str) -> Vec<SyntaxToken> {
    let mut sources = SourceMap::new();
    let id = sources.add("a.trap", text);
    let all = parse(id, text).syntax().descendants_with_tokens();
    all.filter_map(|part| part.as_token().cloned())
        .filter(|token| token.kind() != SyntaxKind::Whitespace)
        .collect()
}

/// The beginning of the scope that a token of this kind has.
fn scope_of(kind: SyntaxKind) -> Option<&'static str> {
    Some(match kind {
        SyntaxKind::Keyword => "keyword.",
        SyntaxKind::Bool | SyntaxKind::Null => "constant.language.",
        SyntaxKind::Comment => "comment.",
        SyntaxKind::Int
        | SyntaxKind::Float
        | SyntaxKind::Percent
        | SyntaxKind::Duration
        | SyntaxKind::Time => "constant.numeric.",
        SyntaxKind::Ip => "constant.",
        SyntaxKind::Regex => "string.regexp.",
        SyntaxKind::RawString | SyntaxKind::StringOpen | SyntaxKind::StringText => "string.",
        _ => return None,
    })
}

/// Every example and every block of the book: nothing is told to be wrong, and what the lexer and the parser find is
/// what the grammar colours.
#[test]
fn the_grammar_sees_what_the_language_sees() {
    let grammar = grammar();
    let mut seen: BTreeSet<String> = BTreeSet::new();
    let mut counted = 0;
    for (name, text) in rule_files() {
        let scopes = grammar.scopes(&text);
        assert_eq!(scopes.len(), text.len());
        for token in tokens(&text) {
            let at = usize::from(token.text_range().start());
            let scope = &scopes[at];
            let line = text[..at].matches('\n').count() + 1;
            let place = format!("{name}:{line}: `{}` is {scope:?}", token.text());
            assert!(
                !scope.iter().any(|scope| scope.starts_with("invalid.")),
                "{place}"
            );
            let Some(expected) = scope_of(token.kind()) else {
                // A name is coloured as a word of the language only where it could be one.
                let word = token.kind() == SyntaxKind::Ident
                    && scope.iter().any(|scope| scope.starts_with("keyword."));
                assert!(!word || keywords().contains(&token.text()), "{place}");
                continue;
            };
            let fits = scope.iter().any(|scope| scope.starts_with(expected));
            assert!(fits, "{place}, not {expected}");
            if token.kind() == SyntaxKind::Keyword {
                seen.insert(token.text().to_owned());
            }
            counted += 1;
        }
    }
    assert!(counted > 2_000, "only {counted} tokens were compared");
    // What the parser takes for words of the language is on the list, and the examples have most of them.
    let known: BTreeSet<String> = keywords().into_iter().map(str::to_owned).collect();
    let unknown: Vec<_> = seen.difference(&known).collect();
    assert!(
        unknown.is_empty(),
        "words that `keywords()` lacks: {unknown:?}"
    );
    assert!(
        seen.len() * 10 >= known.len() * 8,
        "only {} of {} words were seen",
        seen.len(),
        known.len()
    );
}

#[test]
fn every_word_of_the_language_has_a_colour() {
    let grammar = grammar();
    for word in keywords() {
        let text = format!("{word} x");
        let text = if word == "enum" { "enum (a)" } else { &text };
        let scopes = grammar.scopes(text);
        let coloured = scopes[0]
            .iter()
            .any(|scope| scope.starts_with("keyword.") || scope.starts_with("constant.language."));
        assert!(coloured, "`{word}` is {:?}", scopes[0]);
    }
    // And no others: each word of the grammar's lists is one of the language's.
    let listed = grammar.words();
    assert!(listed.len() >= 60, "{listed:?}");
    for word in listed {
        assert!(
            keywords().contains(&&*word),
            "`{word}` is no word of the language"
        );
    }
}

#[test]
fn names_and_words_are_told_apart() {
    let grammar = grammar();
    let scope = |text: &str, part: &str| {
        let at = text.find(part).expect("the part is there");
        grammar.scopes(text)[at].join(" ")
    };
    for (text, part, expected) in [
        ("x.last.ip", "last", ""),
        ("on: cpu", "on", ""),
        ("`where` > 1", "where", "variable.other.quoted.trapjaw"),
        ("last(x)", "last", "entity.name.function.trapjaw"),
        ("skip past last", "last", "keyword.other.trapjaw"),
        ("rule r { }", "r {", "entity.name.type.trapjaw"),
        ("host: text?", "text", "support.type.trapjaw"),
        ("page(text: \"a\")", "text", ""),
        (
            "\"a {b.c:.2} d\"",
            "b.c",
            "string.quoted.double.trapjaw meta.interpolation.trapjaw source.trapjaw",
        ),
        (
            "\"a \\x\"",
            "\\x",
            "string.quoted.double.trapjaw invalid.illegal.escape.trapjaw",
        ),
        ("a && b", "&&", "invalid.illegal.operator.trapjaw"),
        ("12ab", "12ab", "invalid.illegal.number.trapjaw"),
        ("a ~ /x\\/y/i and", "/x", "string.regexp.trapjaw"),
        ("a / b / c", "/ b", "keyword.operator.trapjaw"),
    ] {
        assert_eq!(scope(text, part), expected, "{text}");
    }
}

/// What the extension names is there, and what it says is what its parts say.
#[test]
fn the_extension_is_whole() {
    let package = json("package.json");
    let file = |value: &Value| {
        let name = value
            .as_str()
            .expect("a path")
            .trim_start_matches("./")
            .to_owned();
        assert!(
            root().join(FOLDER).join(&name).is_file(),
            "{name} is missing"
        );
        name
    };
    file(&package["main"]);
    let language = &package["contributes"]["languages"][0];
    assert_eq!(language["extensions"][0], ".trap");
    let configuration = json(&file(&language["configuration"]));
    assert_eq!(configuration["comments"]["lineComment"], "//");
    let colours = &package["contributes"]["grammars"][0];
    let grammar = json(&file(&colours["path"]));
    assert_eq!(colours["scopeName"], grammar["scopeName"]);
    assert_eq!(colours["language"], language["id"]);
    assert!(package["dependencies"]["vscode-languageclient"].is_string());
    // Each setting that the client reads is declared.
    let client = fs::read_to_string(root().join(FOLDER).join("extension.js")).expect("the client");
    let declared = &package["contributes"]["configuration"]["properties"];
    for setting in ["path", "docs"] {
        assert!(client.contains(&format!("settings.get(\"{setting}\")")));
        assert!(declared[format!("trapjaw.{setting}")].is_object());
    }
    assert!(
        client.contains("[\"lsp\"]"),
        "the client starts the language server"
    );
}

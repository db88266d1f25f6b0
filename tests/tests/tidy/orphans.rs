//! Every Rust file is part of a crate.

use std::collections::{BTreeMap, BTreeSet};

use toml::Value;

use crate::source::{Kind, Source, Token, closing};
use crate::tree::{Package, TREE};

/// Where a module file may lie, and its path in the crate.
struct Declared {
    /// The folders of the inline modules around it.
    folders: Vec<String>,
    name: String,
}

/// The modules that a file declares to be in files of their own.
fn declarations(tokens: &[Token], folders: &[String], found: &mut Vec<Declared>) {
    let mut at = 0;
    while at + 2 < tokens.len() {
        let is_module = tokens[at].is("mod") && tokens[at + 1].kind == Kind::Word;
        if is_module && tokens[at + 2].is(";") {
            let folders = folders.to_vec();
            let name = tokens[at + 1].text.clone();
            found.push(Declared { folders, name });
            at += 3;
        } else if is_module && tokens[at + 2].is("{") {
            let close = closing(tokens, at + 2);
            let mut inner = folders.to_vec();
            inner.push(tokens[at + 1].text.clone());
            declarations(&tokens[at + 3..close], &inner, found);
            at = close;
        } else {
            at += 1;
        }
    }
}

/// The files that cargo compiles by themselves.
fn is_root(package: &Package, source: &Source) -> bool {
    let inside = source.path.strip_prefix(&*package.folder);
    let inside = inside
        .expect("the file is the crate's")
        .trim_start_matches('/');
    let named = |key: &str| {
        let targets = package.manifest.get(key);
        let list = targets
            .and_then(Value::as_array)
            .map_or(&[][..], Vec::as_slice);
        let table = targets.filter(|targets| targets.is_table());
        list.iter()
            .chain(table)
            .any(|target| target.get("path").and_then(Value::as_str) == Some(inside))
    };
    let parts: Vec<&str> = inside.split('/').collect();
    match *parts {
        ["build.rs"] | ["src", "lib.rs" | "main.rs"] => true,
        ["tests" | "benches" | "examples", _] | ["src", "bin", _] => true,
        ["tests" | "benches" | "examples", _, "main.rs"] | ["src", "bin", _, "main.rs"] => true,
        _ => ["lib", "bin", "test", "bench", "example"]
            .into_iter()
            .any(named),
    }
}

/// The files of a crate that nothing leads to, and the declarations that lead nowhere.
fn orphans<'a>(package: &Package, sources: impl Iterator<Item = &'a Source>) -> Vec<String> {
    let sources: BTreeMap<&str, &Source> = sources.map(|source| (&*source.path, source)).collect();
    let mut findings = Vec::new();
    let mut waiting: Vec<(&Source, bool)> = Vec::new();
    waiting.extend(
        sources
            .values()
            .filter(|source| is_root(package, source))
            .map(|source| (*source, true)),
    );
    if waiting.is_empty() {
        findings.push(format!(
            "{}: the crate has no file to start from",
            package.folder
        ));
    }
    let mut reached: BTreeSet<&str> = waiting.iter().map(|(source, _)| &*source.path).collect();
    while let Some((source, is_root)) = waiting.pop() {
        let has_path =
            |attribute: &[Token]| attribute.first().is_some_and(|first| first.is("path"));
        if source.attributes().any(has_path) {
            findings.push(format!(
                "{}: `#[path]` hides where a module lies: give the file the module's name",
                source.path
            ));
        }
        let base = match source.stem() {
            "mod" => source.folder().to_owned(),
            _ if is_root => source.folder().to_owned(),
            stem => format!("{}/{stem}", source.folder()),
        };
        let mut declared = Vec::new();
        declarations(&source.tokens, &[], &mut declared);
        for Declared { folders, name } in declared {
            let mut folder = base.clone();
            for part in folders {
                folder = format!("{folder}/{part}");
            }
            let files = [
                format!("{folder}/{name}.rs"),
                format!("{folder}/{name}/mod.rs"),
            ];
            match files.iter().find_map(|file| sources.get(&**file)) {
                Some(module) => {
                    if reached.insert(&module.path) {
                        waiting.push((module, false));
                    }
                }
                None => findings.push(format!(
                    "{}: there is no file for `mod {name};`",
                    source.path
                )),
            }
        }
    }
    let lost = sources.keys().filter(|path| !reached.contains(*path));
    findings.extend(lost.map(|path| {
        format!("{path}: no `mod` leads to the file, so it is never compiled: declare it in its parent, or delete it")
    }));
    findings
}

#[test]
fn every_file_is_part_of_a_crate() {
    let mut findings = Vec::new();
    for package in &TREE.packages {
        findings.extend(orphans(package, TREE.sources_of(package)));
    }
    for source in &TREE.sources {
        let mut packages = TREE.packages.iter();
        if !packages.any(|package| package.owns(&source.path, &TREE.packages)) {
            findings.push(format!("{}: the file lies in no crate", source.path));
        }
    }
    crate::report(&findings);
    assert!(
        TREE.sources.len() >= 150,
        "only {} files were seen",
        TREE.sources.len()
    );
}

#[test]
fn an_orphan_is_found() {
    let package = Package::new(
        "a",
        "[package]\nname = \"a\"\n[[bin]]\npath = \"more/b.rs\"",
    );
    let files = |list: &[(&str, &str)]| {
        let sources: Vec<Source> = list
            .iter()
            .map(|(path, text)| Source::new(*path, *text))
            .collect();
        orphans(&package, sources.iter())
    };
    let whole = [
        ("a/src/lib.rs", "mod b; mod c { mod d; } // mod e;"),
        ("a/src/b.rs", "mod f;"),
        ("a/src/b/f.rs", ""),
        ("a/src/c/d/mod.rs", "mod g;"),
        ("a/src/c/d/g.rs", ""),
        ("a/tests/t.rs", "mod s;"),
        ("a/tests/s/mod.rs", ""),
        ("a/more/b.rs", ""),
    ];
    assert_eq!(files(&whole), Vec::<String>::new());
    for left_out in 1..5 {
        let mut list = whole.to_vec();
        list.remove(left_out);
        assert!(!files(&list).is_empty(), "without {}", whole[left_out].0);
    }
    let mut list = whole.to_vec();
    list.push(("a/src/e.rs", ""));
    assert_eq!(files(&list).len(), 1);
    assert_eq!(
        files(&[
            ("a/src/lib.rs", "#[path = \"x.rs\"] mod b;"),
            ("a/src/b.rs", "")
        ])
        .len(),
        1
    );
    assert_eq!(files(&[]).len(), 1);
}

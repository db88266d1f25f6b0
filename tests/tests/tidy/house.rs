//! What every crate says of itself, and what lies beside the crates.

use toml::Value;

use crate::tree::TREE;

/// Keys that a crate takes from the workspace.
const INHERITED: &[&str] = &["version", "edition", "rust-version", "license", "publish"];

fn is_excluded(folder: &str) -> bool {
    let list = TREE.workspace["workspace"]
        .get("exclude")
        .and_then(Value::as_array);
    list.into_iter()
        .flatten()
        .any(|excluded| excluded.as_str() == Some(folder))
}

#[test]
fn every_crate_is_a_member_and_takes_the_workspace_s_terms() {
    let members = TREE.workspace["workspace"]["members"].as_array();
    let members = members.expect("the workspace has members");
    let mut findings = Vec::new();
    for package in &TREE.packages {
        let folder = &package.folder;
        if is_excluded(folder) {
            continue;
        }
        if !members.iter().any(|member| member.as_str() == Some(folder)) {
            findings.push(format!(
                "{folder}: the crate is no member: list it in the root's Cargo.toml"
            ));
        }
        let inherits = |value: Option<&Value>| {
            value.and_then(|value| value.get("workspace")) == Some(&Value::Boolean(true))
        };
        for key in INHERITED {
            if !inherits(package.manifest["package"].get(key)) {
                findings.push(format!(
                    "{folder}/Cargo.toml: write `{key}.workspace = true`"
                ));
            }
        }
        let lints = package
            .manifest
            .get("lints")
            .and_then(|lints| lints.get("workspace"));
        if lints != Some(&Value::Boolean(true)) {
            findings.push(format!(
                "{folder}/Cargo.toml: write `workspace = true` under `[lints]`"
            ));
        }
        let description = package.manifest["package"]
            .get("description")
            .and_then(Value::as_str);
        if description.is_none_or(str::is_empty) {
            findings.push(format!(
                "{folder}/Cargo.toml: say in `description` what the crate is"
            ));
        }
    }
    crate::report(&findings);
    let seen = TREE
        .packages
        .iter()
        .filter(|package| !is_excluded(&package.folder));
    assert_eq!(seen.count(), members.len(), "a member has no crate");
    assert!(members.len() >= 12);
}

#[test]
fn both_licences_are_there() {
    let terms = &TREE.workspace["workspace"]["package"]["license"];
    assert_eq!(terms.as_str(), Some("MIT OR Apache-2.0"));
    for (file, title) in [
        ("LICENSE-MIT", "Permission is hereby granted"),
        ("LICENSE-APACHE", "Apache License"),
    ] {
        let text = TREE.text(file).unwrap_or_default();
        assert!(
            text.contains(title),
            "{file}: the licence's text is missing"
        );
    }
}

#[test]
fn the_tree_is_read_whole() {
    for file in ["README.md", "Cargo.lock", "rust-toolchain.toml"] {
        assert!(
            TREE.others.iter().any(|path| path == file),
            "{file} is missing"
        );
    }
    let known = "tests/tests/tidy/house.rs";
    assert!(TREE.sources.iter().any(|source| source.path == known));
}

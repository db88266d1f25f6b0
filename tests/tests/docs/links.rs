//! Links between the pages.

use std::collections::BTreeSet;

use crate::page::{Page, page, pages, root};

/// The targets of a line's links.
fn targets(line: &str) -> impl Iterator<Item = &str> {
    line.split("](")
        .skip(1)
        .filter_map(|rest| rest.split(')').next())
}

/// A heading as links name it.
fn anchor(heading: &str) -> String {
    let heading = heading.trim_start_matches('#').trim();
    let kept = heading
        .chars()
        .filter(|c| c.is_alphanumeric() || " -_".contains(*c));
    kept.collect::<String>().to_lowercase().replace(' ', "-")
}

/// The page's headings, as links name them.
pub(crate) fn anchors(page: &Page) -> impl Iterator<Item = String> {
    let lines = page.prose().filter(|(_, line)| line.starts_with('#'));
    lines.map(|(_, line)| anchor(line))
}

fn has_anchor(page: &Page, name: &str) -> bool {
    anchors(page).any(|anchor| anchor == name)
}

#[test]
fn links_lead_somewhere() {
    let mut followed = 0;
    for page_with in pages() {
        let folder = page_with
            .path
            .rsplit_once('/')
            .map_or("", |(folder, _)| folder);
        for (number, line) in page_with.prose() {
            for target in targets(line) {
                if target.starts_with("https://") {
                    continue;
                }
                let place = format!("{}:{number}: {target}", page_with.path);
                let (path, name) = target.split_once('#').unwrap_or((target, ""));
                let path = match path {
                    "" => page_with.path.clone(),
                    _ => format!("{folder}/{path}")
                        .trim_start_matches('/')
                        .to_owned(),
                };
                assert!(root().join(&path).exists(), "{place}");
                assert!(name.is_empty() || has_anchor(&page(path), name), "{place}");
                followed += 1;
            }
        }
    }
    assert!(followed >= 50, "only {followed} links were found");
}

#[test]
fn the_summary_lists_every_page() {
    let summary = page("docs/src/SUMMARY.md");
    let listed: BTreeSet<&str> = summary.text.lines().flat_map(targets).collect();
    let pages = pages();
    let mut expected: BTreeSet<&str> = BTreeSet::from(["errors.md"]);
    for page in &pages {
        let from_source = page.path.strip_prefix("docs/src/");
        // The folder of decisions is linked into the book's.
        let path = from_source.or_else(|| page.path.strip_prefix("docs/"));
        expected.extend(path.filter(|path| *path != "SUMMARY.md"));
    }
    assert_eq!(listed, expected);
}

#[test]
fn every_example_is_listed() {
    let list = page("examples/README.md");
    for entry in std::fs::read_dir(root().join("examples")).expect("the folder is there") {
        let entry = entry.expect("an entry can be read");
        let name = entry.file_name().into_string().expect("a name in UTF-8");
        if entry.path().is_dir() {
            let link = format!("({name}/rules.trap)");
            assert!(list.text.contains(&link), "examples/README.md lacks {name}");
        }
    }
}

#[test]
fn anchors_are_those_of_headings() {
    assert_eq!(anchor("## do and on clear do"), "do-and-on-clear-do");
    assert_eq!(anchor("## over: a `window`"), "over-a-window");
    assert_eq!(
        targets("[a](b) and [c](d#e)").collect::<Vec<_>>(),
        ["b", "d#e"]
    );
}

//! The pages, and the blocks of code in them.

use std::fs;
use std::path::{Path, PathBuf};

/// A file of the documentation.
#[derive(Debug)]
pub(crate) struct Page {
    /// From the repository's root.
    pub(crate) path: String,
    pub(crate) text: String,
}

/// A block between fences.
#[derive(Debug)]
pub(crate) struct Block<'p> {
    /// The first word behind the fence.
    pub(crate) language: &'p str,
    /// What stands behind it, parted by commas.
    pub(crate) options: Vec<&'p str>,
    pub(crate) text: String,
    /// The line of the fence.
    pub(crate) line: usize,
}

/// The repository's root.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// Everything that people read, but for the page of errors: its test is beside the registries.
pub(crate) fn pages() -> Vec<Page> {
    let mut paths = vec!["README.md".to_owned(), "examples/README.md".to_owned()];
    for folder in ["docs/src", "docs/decisions"] {
        let entries = fs::read_dir(root().join(folder)).expect("the folder is there");
        let names = entries.map(|entry| entry.expect("an entry can be read").file_name());
        let names = names.map(|name| name.into_string().expect("a name in UTF-8"));
        let pages = names.filter_map(|name| Some(name.strip_suffix(".md")?.to_owned()));
        let pages = pages.filter(|name| name != "errors");
        paths.extend(pages.map(|name| format!("{folder}/{name}.md")));
    }
    paths.sort();
    let pages: Vec<Page> = paths.into_iter().map(page).collect();
    assert!(pages.len() >= 20, "only {} pages were found", pages.len());
    pages
}

/// The page at a path from the root.
pub(crate) fn page(path: impl Into<String>) -> Page {
    let path = path.into();
    let text =
        fs::read_to_string(root().join(&path)).unwrap_or_else(|error| panic!("{path}: {error}"));
    Page { path, text }
}

impl Page {
    /// The page's blocks of code, in their order.
    pub(crate) fn blocks(&self) -> Vec<Block<'_>> {
        let mut blocks = Vec::new();
        let mut open: Option<Block<'_>> = None;
        for (line, number) in self.text.lines().zip(1..) {
            match (line.strip_prefix("```"), &mut open) {
                (Some(info), None) => {
                    let mut info = info.split(',');
                    open = Some(Block {
                        language: info.next().unwrap_or_default().trim(),
                        options: info.map(str::trim).collect(),
                        text: String::new(),
                        line: number,
                    });
                }
                (Some(_), Some(_)) => blocks.extend(open.take()),
                (None, Some(block)) => {
                    block.text.push_str(line);
                    block.text.push('\n');
                }
                (None, None) => {}
            }
        }
        assert!(open.is_none(), "{}: a fence is not closed", self.path);
        blocks
    }

    /// The page's lines outside of blocks of code, with their numbers.
    pub(crate) fn prose(&self) -> impl Iterator<Item = (usize, &str)> {
        let mut inside = false;
        (1..).zip(self.text.lines()).filter(move |(_, line)| {
            let fence = line.starts_with("```");
            inside ^= fence;
            !inside && !fence
        })
    }

    /// The text between `<!-- NAME -->` and `<!-- end of NAME -->`.
    pub(crate) fn between(&self, name: &str) -> &str {
        let (start, end) = (
            format!("<!-- {name} -->\n"),
            format!("<!-- end of {name} -->"),
        );
        let behind = self.text.split_once(&start);
        let within = behind.and_then(|(_, behind)| behind.split_once(&end));
        let within = within.unwrap_or_else(|| panic!("{} has no part `{name}`", self.path));
        within.0
    }
}

impl Block<'_> {
    /// The value of an option `name=value`.
    pub(crate) fn option(&self, name: &str) -> Option<&str> {
        let mut options = self.options.iter();
        options.find_map(|option| option.strip_prefix(name)?.strip_prefix('='))
    }
}

#[test]
fn blocks_are_told_from_prose() {
    let page = Page {
        path: "p".into(),
        text: "a\n```x,b=c\nd\n```\ne\n```\n```\n".into(),
    };
    let blocks = page.blocks();
    assert_eq!(blocks.len(), 2);
    assert_eq!((blocks[0].language, blocks[0].line), ("x", 2));
    assert_eq!(blocks[0].option("b"), Some("c"));
    assert_eq!((&*blocks[0].text, &*blocks[1].text), ("d\n", ""));
    let prose: Vec<_> = page.prose().collect();
    assert_eq!(prose, [(1, "a"), (5, "e")]);
}

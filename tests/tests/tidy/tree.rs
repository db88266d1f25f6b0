//! The repository as it lies on the disk.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use toml::{Table, Value};

use crate::source::Source;

/// The repository, read once.
pub(crate) static TREE: LazyLock<Tree> = LazyLock::new(Tree::read);

/// A crate.
#[derive(Debug)]
pub(crate) struct Package {
    pub(crate) name: String,
    /// Its folder, from the root of the repository.
    pub(crate) folder: String,
    pub(crate) manifest: Table,
}

impl Package {
    /// Reads a manifest's text.
    pub(crate) fn new(folder: &str, manifest: &str) -> Self {
        let manifest: Table = manifest
            .parse()
            .unwrap_or_else(|error| panic!("{folder}/Cargo.toml is no TOML: {error}"));
        let name = manifest["package"]["name"].as_str();
        let name = name.expect("a crate has a name").to_owned();
        let folder = folder.to_owned();
        Self {
            name,
            folder,
            manifest,
        }
    }

    /// The crates that it needs outside of its tests, on whatever target.
    pub(crate) fn dependencies(&self) -> BTreeSet<String> {
        let targets = self.manifest.get("target").and_then(Value::as_table);
        let tables = targets.into_iter().flat_map(Table::values);
        let tables = tables.filter_map(Value::as_table).chain([&self.manifest]);
        let mut found = BTreeSet::new();
        for table in tables {
            for section in ["dependencies", "build-dependencies"] {
                let entries = table.get(section).and_then(Value::as_table);
                for (name, entry) in entries.into_iter().flatten() {
                    let renamed = entry.get("package").and_then(Value::as_str);
                    found.insert(renamed.unwrap_or(name).to_owned());
                }
            }
        }
        found
    }

    /// Does the file belong to this crate, and not to one in a folder below?
    pub(crate) fn owns(&self, path: &str, all: &[Package]) -> bool {
        let depth = |package: &Package| {
            let inside = path.strip_prefix(&*package.folder)?;
            inside.starts_with('/').then_some(package.folder.len())
        };
        depth(self).is_some() && all.iter().filter_map(depth).max() == depth(self)
    }
}

/// The repository.
#[derive(Debug)]
pub(crate) struct Tree {
    pub(crate) root: PathBuf,
    /// The root's manifest.
    pub(crate) workspace: Table,
    pub(crate) lock: Table,
    pub(crate) packages: Vec<Package>,
    /// All Rust files, by path.
    pub(crate) sources: Vec<Source>,
    /// The paths of all files that are no Rust, from the root.
    pub(crate) others: Vec<String>,
}

impl Tree {
    fn read() -> Self {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        let root = root.canonicalize().expect("the crate lies in the tree");
        let mut paths = Vec::new();
        walk(&root, "", &mut paths);
        paths.sort();

        let read = |path: &str| {
            fs::read_to_string(root.join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
        };
        let manifests = paths.iter().filter_map(|path| {
            let folder = path.strip_suffix("/Cargo.toml")?;
            Some(Package::new(folder, &read(path)))
        });
        let packages = manifests.collect();
        let (rust, others): (Vec<String>, Vec<String>) = paths
            .iter()
            .cloned()
            .partition(|path| Path::new(path).extension().is_some_and(|end| end == "rs"));
        let sources = rust.into_iter().map(|path| {
            let text = read(&path);
            Source::new(path, text)
        });
        Self {
            workspace: read("Cargo.toml").parse().expect("the root's manifest"),
            lock: read("Cargo.lock").parse().expect("the lock file"),
            packages,
            sources: sources.collect(),
            others,
            root,
        }
    }

    /// The text of a file; `None` if there is no such file.
    pub(crate) fn text(&self, path: &str) -> Option<String> {
        fs::read_to_string(self.root.join(path)).ok()
    }

    /// The Rust files of a crate.
    pub(crate) fn sources_of(&self, package: &Package) -> impl Iterator<Item = &Source> {
        let sources = self.sources.iter();
        sources.filter(|source| package.owns(&source.path, &self.packages))
    }
}

/// Collects the files below a folder, leaving out what is built, hidden, or found by fuzzing.
fn walk(root: &Path, folder: &str, paths: &mut Vec<String>) {
    let entries = fs::read_dir(root.join(folder)).expect("a folder of the tree can be read");
    for entry in entries {
        let entry = entry.expect("a folder's entry can be read");
        let name = entry.file_name().into_string();
        let name = name.expect("files are named in UTF-8");
        let kind = entry.file_type().expect("an entry has a type");
        let path = match folder {
            "" => name.clone(),
            _ => format!("{folder}/{name}"),
        };
        if kind.is_dir() {
            let found = ["corpus", "regressions"].contains(&&*name) && folder == "fuzz";
            let skipped = name == "target" || found;
            if !skipped && !name.starts_with('.') {
                walk(root, &path, paths);
            }
        } else {
            paths.push(path);
        }
    }
}

//! Which files make a rule set with an open one, and what the configuration beside them says.
//!
//! As for `trapjaw check`, the files below a folder are one set; and a folder that only collects folders with sets of
//! their own is none. Which folder is meant is looked for from the editor's folder down to the file's: the first with a
//! `trapjaw.toml` (whose `rules` say which files), with rule files of its own, or whose folders' files don't declare a
//! name twice.

use crate::limits::{MAX_CONFIG, MAX_DEPTH, MAX_ENTRIES, MAX_FILES, MAX_RULE_BYTES};
use gen_lsp_types::Uri;
use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};
use trapjaw_dsl::diagnostic::codes::names::DUPLICATE_NAME;
use trapjaw_dsl::source::SourceMap;
use url::Url;

/// The name of a configuration.
const CONFIG: &str = "trapjaw.toml";

/// What a set is made of.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Set {
    /// The rule files below a folder.
    Folder(PathBuf),
    /// The rule files that a configuration names.
    Config(PathBuf),
    /// One text that is no file, or lies in no folder of the editor.
    Alone(String),
}

/// The path of a file's URI.
pub(crate) fn path_of(uri: &Uri) -> Option<PathBuf> {
    Url::parse(&uri.0).ok()?.to_file_path().ok()
}

/// The URI of a path.
pub(crate) fn uri_of(path: &Path) -> Option<Uri> {
    let path = std::path::absolute(path).ok()?;
    Url::from_file_path(path).ok().map(|url| Uri(url.into()))
}

/// The set to which the file at a path belongs, by the editor's folders.
pub(crate) fn set_of(path: &Path, folders: &[PathBuf]) -> Set {
    let inside = folders.iter().filter(|folder| path.starts_with(folder));
    // Of folders within one another, the innermost.
    let root = inside.max_by_key(|folder| folder.components().count());
    let own = path.parent().unwrap_or(Path::new("/"));
    let Some(root) = root else {
        return if own.join(CONFIG).is_file() {
            Set::Config(own.join(CONFIG))
        } else {
            Set::Folder(own.to_owned())
        };
    };
    let mut folder = root.clone();
    let below = own.strip_prefix(root).unwrap_or(Path::new(""));
    let mut steps = below.components();
    loop {
        let config = folder.join(CONFIG);
        if config.is_file() && names(&config, path) {
            return Set::Config(config);
        }
        if has_rules(&folder) || is_one_set(&folder) {
            return Set::Folder(folder);
        }
        match steps.next() {
            Some(step) => folder.push(step),
            None => return Set::Folder(own.to_owned()),
        }
    }
}

/// Whether the file at a path is among those that a configuration names.
fn names(config: &Path, path: &Path) -> bool {
    let said = said(config);
    said.rules.iter().any(|rules| path.starts_with(rules))
}

fn is_rules(path: &Path) -> bool {
    path.extension()
        .is_some_and(|extension| extension == "trap")
}

fn is_hidden(path: &Path) -> bool {
    let name = path.file_name();
    name.is_some_and(|name| name.as_encoded_bytes().starts_with(b"."))
}

/// Whether a folder has rule files directly in it.
fn has_rules(folder: &Path) -> bool {
    let Ok(entries) = folder.read_dir() else {
        return false;
    };
    let mut entries = entries.take(MAX_ENTRIES).flatten();
    entries.any(|entry| is_rules(&entry.path()) && !is_hidden(&entry.path()))
}

/// Whether the files of a folder's folders declare each name once.
fn is_one_set(folder: &Path) -> bool {
    let mut search = Search::default();
    search.find(folder, 0);
    if search.entries == 0 || search.files.is_empty() {
        return false;
    }
    let mut sources = SourceMap::new();
    let mut left = MAX_RULE_BYTES;
    for file in search.files {
        let Some(text) = text_of(&file, left) else {
            continue;
        };
        left -= text.len() as u64;
        sources.add(file.display().to_string(), text);
    }
    let checked = trapjaw_dsl::check_with_warnings(&sources);
    let mut found = checked.diagnostics.iter();
    !found.any(|finding| finding.code == DUPLICATE_NAME)
}

/// Looks for rule files, up to limits.
struct Search {
    files: Vec<PathBuf>,
    /// How many entries may still be looked at.
    entries: usize,
}

impl Default for Search {
    fn default() -> Search {
        Search {
            files: Vec::new(),
            entries: MAX_ENTRIES,
        }
    }
}

impl Search {
    /// Finds all rule files of a folder and below, in the order of their paths; names that begin with a dot are skipped.
    fn find(&mut self, path: &Path, depth: usize) {
        if path.is_file() {
            // What is named is read whatever its name.
            if (depth == 0 || is_rules(path)) && self.files.len() < MAX_FILES {
                self.files.push(path.to_owned());
            }
            return;
        }
        let Ok(entries) = path.read_dir() else { return };
        if depth == MAX_DEPTH {
            return;
        }
        let entries = entries.take(self.entries).flatten();
        let mut inside: Vec<PathBuf> = entries.map(|entry| entry.path()).collect();
        self.entries -= inside.len();
        inside.retain(|path| !is_hidden(path));
        inside.sort();
        for path in inside {
            if is_rules(&path) || path.is_dir() {
                self.find(&path, depth + 1);
            }
        }
    }
}

/// The files of a set with their texts, in the order in which they are checked; those that can't be read are left out.
pub(crate) fn files(set: &Set) -> Vec<(PathBuf, String)> {
    let mut search = Search::default();
    match set {
        Set::Folder(folder) => search.find(folder, 0),
        Set::Config(config) => {
            for path in said(config).rules {
                search.find(&path, 0);
            }
        }
        Set::Alone(_) => {}
    }
    let mut files: Vec<(PathBuf, String)> = Vec::new();
    let mut left = MAX_RULE_BYTES;
    for path in search.files {
        if files.iter().any(|(known, _)| *known == path) {
            continue;
        }
        if let Some(text) = text_of(&path, left) {
            left -= text.len() as u64;
            files.push((path, text));
        }
    }
    files
}

/// The text of a file of at most so many bytes.
pub(crate) fn text_of(path: &Path, most: u64) -> Option<String> {
    let mut text = String::new();
    let file = File::open(path).ok()?;
    file.take(most + 1).read_to_string(&mut text).ok()?;
    (text.len() as u64 <= most).then_some(text)
}

/// What a configuration says that editors want to know. One that is being written says as much as can be read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Said {
    rules: Vec<PathBuf>,
    /// The names of its actions.
    pub(crate) actions: Vec<String>,
}

fn said(config: &Path) -> Said {
    let text = text_of(config, MAX_CONFIG).unwrap_or_default();
    let table: toml::Table = text.parse().unwrap_or_default();
    let folder = config.parent().unwrap_or(Path::new(""));
    let rules = table.get("rules").and_then(toml::Value::as_array);
    let rules = rules.into_iter().flatten().filter_map(toml::Value::as_str);
    let actions = table.get("actions").and_then(toml::Value::as_table);
    let mut actions: Vec<String> = actions
        .into_iter()
        .flatten()
        .map(|(name, _)| name.clone())
        .collect();
    if !actions.iter().any(|name| name == "log") {
        actions.push("log".to_owned());
    }
    Said {
        rules: rules.map(|path| folder.join(path)).collect(),
        actions,
    }
}

/// The actions of the configuration beside a set: in its folder, or in one above it up to the editor's.
pub(crate) fn actions(set: &Set, folders: &[PathBuf]) -> Vec<String> {
    match set {
        Set::Config(config) => said(config).actions,
        Set::Alone(_) => Vec::new(),
        Set::Folder(folder) => {
            let above = folder.ancestors();
            let near =
                |at: &&Path| folders.iter().any(|root| at.starts_with(root)) || *at == folder;
            let config = above
                .take_while(near)
                .map(|at| at.join(CONFIG))
                .find(|at| at.is_file());
            config.map_or_else(Vec::new, |config| said(&config).actions)
        }
    }
}

/// Whether a change of this file may change what belongs to a set.
pub(crate) fn concerns_sets(path: &Path) -> bool {
    is_rules(path) || path.ends_with(CONFIG)
}

/// When a file was changed, and how long it is.
pub(crate) fn stamp(path: &Path) -> Option<(std::time::SystemTime, u64)> {
    let metadata = fs::metadata(path).ok()?;
    let is_file = metadata.is_file();
    is_file.then(|| Some((metadata.modified().ok()?, metadata.len())))?
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder(files: &[(&str, &str)]) -> (tempfile::TempDir, PathBuf) {
        let folder = tempfile::tempdir().expect("a folder");
        let root = folder.path().canonicalize().expect("it is there");
        for (name, text) in files {
            let path = root.join(name);
            fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
            fs::write(path, text).expect("a file");
        }
        (folder, root)
    }

    #[test]
    fn a_folder_with_rule_files_is_a_set() {
        let (_keep, root) = folder(&[
            ("a.trap", ""),
            ("sub/b.trap", ""),
            ("sub/.c.trap", ""),
            ("d.md", ""),
        ]);
        let set = set_of(&root.join("sub/b.trap"), std::slice::from_ref(&root));
        assert_eq!(set, Set::Folder(root.clone()));
        let files = files(&set).into_iter().map(|(path, _)| path);
        assert_eq!(
            files.collect::<Vec<_>>(),
            [root.join("a.trap"), root.join("sub/b.trap")]
        );
    }

    #[test]
    fn folders_of_a_folder_are_one_set_unless_they_declare_the_same() {
        let texts = ("event a { x: int }", "event b { x: int }");
        let (_keep, root) = folder(&[("x/a.trap", texts.0), ("y/b.trap", texts.1)]);
        let roots = [root.clone()];
        assert_eq!(
            set_of(&root.join("x/a.trap"), &roots),
            Set::Folder(root.clone())
        );
        // An error that is no such name does not part them.
        fs::write(root.join("y/b.trap"), "event b { x: in").expect("a file");
        assert_eq!(
            set_of(&root.join("x/a.trap"), &roots),
            Set::Folder(root.clone())
        );
        fs::write(root.join("y/b.trap"), texts.0).expect("a file");
        assert_eq!(
            set_of(&root.join("x/a.trap"), &roots),
            Set::Folder(root.join("x"))
        );
    }

    #[test]
    fn a_configuration_says_which_files() {
        let config = "rules = [\"rules\"]\n[actions.page]\ntype = \"log\"\n";
        let (_keep, root) = folder(&[
            ("trapjaw.toml", config),
            ("rules/a.trap", ""),
            ("old/b.trap", ""),
        ]);
        let roots = [root.clone()];
        let set = set_of(&root.join("rules/a.trap"), &roots);
        assert_eq!(set, Set::Config(root.join("trapjaw.toml")));
        assert_eq!(files(&set), [(root.join("rules/a.trap"), String::new())]);
        assert_eq!(actions(&set, &roots), ["page", "log"]);
        // One that is broken says nothing.
        fs::write(root.join("trapjaw.toml"), "rules = [").expect("a file");
        let set = set_of(&root.join("rules/a.trap"), &roots);
        assert_eq!(set, Set::Folder(root.clone()));
        assert_eq!(actions(&set, &roots), ["log"]);
    }

    #[test]
    fn outside_of_all_folders_a_file_s_folder_is_the_set() {
        let (_keep, root) = folder(&[("x/a.trap", "")]);
        assert_eq!(
            set_of(&root.join("x/a.trap"), &[]),
            Set::Folder(root.join("x"))
        );
    }

    #[test]
    fn uris_are_paths() {
        let uri = Uri("file:///tmp/a%20b/%C3%A9.trap".into());
        let path = path_of(&uri).expect("a file");
        assert_eq!(path, Path::new("/tmp/a b/é.trap"));
        assert_eq!(uri_of(&path), Some(uri));
        assert_eq!(path_of(&Uri("untitled:one".into())), None);
        assert_eq!(path_of(&Uri("no uri".into())), None);
    }
}

//! Finding and reading rule files.

use std::collections::HashSet;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use trapjaw_dsl::diagnostic::did_you_mean;
use trapjaw_dsl::source::SourceMap;

use crate::limits::{
    MAX_RULE_BYTES, MAX_RULE_DEPTH, MAX_RULE_FILE, MAX_RULE_FILES, MAX_TABLE_BYTES,
};

/// A file or folder that could not be read, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct FileError {
    pub path: PathBuf,
    pub reason: String,
}

impl FileError {
    fn new(path: &Path, reason: impl Into<String>) -> Self {
        Self {
            path: path.to_owned(),
            reason: reason.into(),
        }
    }
}

/// Reads files as they are named, and of folders all `*.trap` in them and below, in the order of their paths. Names that
/// begin with a dot are skipped, links are followed, and a file that is reached twice is read once.
pub(super) fn read(paths: &[PathBuf]) -> Result<SourceMap, FileError> {
    let Some(last) = paths.last() else {
        let reason = "no rules are named: give files or folders, or set `rules` in trapjaw.toml";
        return Err(FileError::new(Path::new("rules"), reason));
    };
    let mut files = Vec::new();
    for path in paths {
        find(path, 0, &mut files)?;
    }
    // A folder that has run empty, say as its volume is gone, is not to take all rules away at the next reload.
    if files.is_empty() {
        return Err(FileError::new(last, "there are no rule files (`*.trap`)"));
    }
    let mut seen = HashSet::new();
    let mut sources = SourceMap::new();
    let mut bytes = 0;
    for path in files {
        let canonical = path
            .canonicalize()
            .map_err(|error| FileError::new(&path, error.to_string()))?;
        if !seen.insert(canonical) {
            continue;
        }
        let text = text_of(&path)?;
        bytes += text.len() as u64;
        if bytes > MAX_RULE_BYTES {
            let reason = format!("the rule files have more than {MAX_RULE_BYTES} bytes");
            return Err(FileError::new(&path, reason));
        }
        sources.add(path.display().to_string(), text);
    }
    read_tables(&mut sources);
    Ok(sources)
}

/// Reads the files of the tables that the rule files name. What can't be read is told where it is named.
fn read_tables(sources: &mut SourceMap) {
    let mut left = MAX_TABLE_BYTES;
    for path in trapjaw_dsl::table_files(sources) {
        match table_of(Path::new(&path), left) {
            Ok(text) => {
                left -= text.len() as u64;
                sources.add_table(path, text);
            }
            Err(reason) => sources.lack_table(path, reason),
        }
    }
}

/// The text of a table of at most so many bytes, or why there is none.
fn table_of(path: &Path, most: u64) -> Result<String, String> {
    // Whatever is no file could keep the reader waiting.
    let metadata = fs::metadata(path).map_err(|error| error.to_string())?;
    if !metadata.is_file() {
        return Err("it is no file".into());
    }
    let mut bytes = Vec::new();
    File::open(path)
        .and_then(|file| file.take(most + 1).read_to_end(&mut bytes))
        .map_err(|error| error.to_string())?;
    if bytes.len() as u64 > most {
        return Err(format!(
            "the files of all tables have more than {MAX_TABLE_BYTES} bytes"
        ));
    }
    String::from_utf8(bytes).map_err(|error| {
        let good = error.utf8_error().valid_up_to();
        let before = &error.as_bytes()[..good];
        let line = before.split(|byte| *byte == b'\n').count();
        format!("line {line} is not UTF-8")
    })
}

fn find(path: &Path, depth: usize, files: &mut Vec<PathBuf>) -> Result<(), FileError> {
    let refuse = |reason: String| Err(FileError::new(path, reason));
    let metadata =
        fs::metadata(path).map_err(|error| FileError::new(path, why_unreadable(path, &error)))?;
    if !metadata.is_dir() {
        // What was named is read whatever its name; what a folder holds has to say that it is a rule file.
        let is_rules = path
            .extension()
            .is_some_and(|extension| extension == "trap");
        if depth == 0 || (is_rules && metadata.is_file()) {
            if files.len() == MAX_RULE_FILES {
                return refuse(format!("there are more than {MAX_RULE_FILES} rule files"));
            }
            files.push(path.to_owned());
        }
        return Ok(());
    }
    if depth == MAX_RULE_DEPTH {
        return refuse(format!(
            "folders lie deeper than {MAX_RULE_DEPTH} within one another"
        ));
    }
    let entries = fs::read_dir(path).map_err(|error| FileError::new(path, error.to_string()))?;
    let mut inside = Vec::new();
    for entry in entries {
        let entry = entry.map_err(|error| FileError::new(path, error.to_string()))?;
        if !entry.file_name().as_encoded_bytes().starts_with(b".") {
            inside.push(entry.path());
        }
    }
    inside.sort();
    inside
        .iter()
        .try_for_each(|path| find(path, depth + 1, files))
}

/// Why what was named can't be read; of what is not there also what beside it may have been meant.
pub(super) fn why_unreadable(path: &Path, error: &io::Error) -> String {
    let meant = (error.kind() == io::ErrorKind::NotFound)
        .then(|| beside(path))
        .flatten();
    match meant {
        Some(meant) => format!("{error}; did you mean `{meant}`?"),
        None => error.to_string(),
    }
}

/// The name of something that lies where a path leads, and is called much like it.
fn beside(path: &Path) -> Option<String> {
    let name = path.file_name()?.to_str()?;
    let folder = match path.parent() {
        Some(folder) if folder != Path::new("") => folder,
        _ => Path::new("."),
    };
    let entries = fs::read_dir(folder).ok()?.take(MAX_RULE_FILES).flatten();
    let names = entries.filter_map(|entry| entry.file_name().into_string().ok());
    let mut names: Vec<String> = names.collect();
    // Folders list their entries in any order.
    names.sort();
    let meant = did_you_mean(name, names.iter().map(String::as_str))?;
    Some(path.with_file_name(meant).display().to_string())
}

fn text_of(path: &Path) -> Result<String, FileError> {
    let mut text = String::new();
    File::open(path)
        .and_then(|file| file.take(MAX_RULE_FILE + 1).read_to_string(&mut text))
        .map_err(|error| FileError::new(path, error.to_string()))?;
    if text.len() as u64 > MAX_RULE_FILE {
        let reason = format!("more than {MAX_RULE_FILE} bytes");
        return Err(FileError::new(path, reason));
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(sources: &SourceMap, root: &Path) -> Vec<String> {
        sources
            .iter()
            .map(|(_, source)| {
                let path = Path::new(source.name()).strip_prefix(root).unwrap();
                path.display().to_string()
            })
            .collect()
    }

    #[test]
    fn what_is_not_there_may_be_called_otherwise() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("rules.trap"), "").unwrap();
        let why = |name: &str| {
            let path = folder.path().join(name);
            find(&path, 0, &mut Vec::new()).unwrap_err().reason
        };
        let shown = folder.path().join("rules.trap").display().to_string();
        assert!(why("rule.trap").ends_with(&format!("; did you mean `{shown}`?")));
        assert!(!why("elsewhere").contains("did you mean"));
    }

    #[test]
    fn folders_are_searched_in_order_and_nothing_is_read_twice() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        fs::create_dir_all(root.join("b/deep")).unwrap();
        fs::create_dir_all(root.join(".git")).unwrap();
        for file in [
            "c.trap",
            "a.trap",
            "b/deep/x.trap",
            "b/a.trap",
            "notes.md",
            ".hidden.trap",
            ".git/z.trap",
            "other.rules",
        ] {
            fs::write(root.join(file), format!("// {file}")).unwrap();
        }
        std::os::unix::fs::symlink(root.join("a.trap"), root.join("link.trap")).unwrap();
        let all = read(&[root.to_owned()]).unwrap();
        assert_eq!(
            names(&all, root),
            ["a.trap", "b/a.trap", "b/deep/x.trap", "c.trap"]
        );
        let named = read(&[
            root.join("other.rules"),
            root.join("b"),
            root.join("b/a.trap"),
        ])
        .unwrap();
        assert_eq!(
            names(&named, root),
            ["other.rules", "b/a.trap", "b/deep/x.trap"]
        );
    }

    #[test]
    fn tables_are_read_beside_their_rules() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        let table = |name: &str, file: &str| {
            format!("table {name} from \"{file}\" key host {{ host: text }}\n")
        };
        let files = [
            ("a", "hosts.csv"),
            ("b", "../other.csv"),
            ("c", "missing.csv"),
            ("d", "latin.csv"),
            ("e", "folder.csv"),
            ("f", "hosts.csv"),
        ];
        let text: String = files.map(|(name, file)| table(name, file)).concat();
        fs::create_dir_all(root.join("rules/folder.csv")).unwrap();
        fs::write(root.join("rules/a.trap"), text).unwrap();
        fs::write(root.join("rules/hosts.csv"), "host\nweb-1\n").unwrap();
        fs::write(root.join("rules/latin.csv"), b"host\nm\xfcnchen\n").unwrap();
        fs::write(root.join("other.csv"), "host\nweb-2\n").unwrap();
        let sources = read(&[root.join("rules")]).unwrap();
        let found = |file: &str| {
            let path = root.join("rules").join(file).display().to_string();
            let found = sources.table(&path).expect("it was looked for");
            found
                .map(|id| sources.get(id).text())
                .map_err(|missing| missing.reason.clone())
        };
        assert_eq!(found("hosts.csv"), Ok("host\nweb-1\n"));
        assert_eq!(found("../other.csv"), Ok("host\nweb-2\n"));
        assert_eq!(found("latin.csv"), Err("line 2 is not UTF-8".into()));
        assert_eq!(found("folder.csv"), Err("it is no file".into()));
        assert!(found("missing.csv").unwrap_err().contains("No such file"));
        assert_eq!(names(&sources, root), ["rules/a.trap"]);
        assert!(
            table_of(&root.join("other.csv"), 4)
                .unwrap_err()
                .contains("more than")
        );
    }

    #[test]
    fn what_is_missing_or_endless_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let missing = folder.path().join("missing.trap");
        assert_eq!(
            read(std::slice::from_ref(&missing)).unwrap_err().path,
            missing
        );
        std::os::unix::fs::symlink(folder.path(), folder.path().join("again")).unwrap();
        let error = read(&[folder.path().to_owned()]).unwrap_err();
        assert!(error.reason.contains("deeper"), "{}", error.reason);
        let empty = tempfile::tempdir().unwrap();
        let error = read(&[empty.path().to_owned()]).unwrap_err();
        assert!(error.reason.contains("no rule files"), "{}", error.reason);
        assert!(read(&[]).unwrap_err().reason.contains("no rules are named"));
        let binary = folder.path().join("x.trap");
        fs::write(&binary, [0xff]).unwrap();
        assert_eq!(
            read(std::slice::from_ref(&binary)).unwrap_err().path,
            binary
        );
    }
}

//! Which rule sets the paths of a command line name.

use std::path::{Path, PathBuf};

use anyhow::Result;
use trapjaw_control::rules::{compile_only, read_sources};

/// The rule sets that these files and folders hold. All together are one, as in `trapjaw run`; but a single folder
/// without rule files of its own, whose folders can't be one set, holds a set in each of them.
pub(crate) fn of(paths: &[PathBuf]) -> Result<Vec<Vec<PathBuf>>> {
    let together = vec![paths.to_vec()];
    let [folder] = paths else {
        return Ok(together);
    };
    let Some(folders) = collection(folder) else {
        return Ok(together);
    };
    if compile_only(read_sources(paths)?).is_ok() {
        return Ok(together);
    }
    Ok(folders.into_iter().map(|folder| vec![folder]).collect())
}

/// The folders of a folder that has no rule files of its own, where those have some.
fn collection(folder: &Path) -> Option<Vec<PathBuf>> {
    let entries = folder.read_dir().ok()?;
    let mut folders = Vec::new();
    for entry in entries {
        let path = entry.ok()?.path();
        if path
            .extension()
            .is_some_and(|extension| extension == "trap")
        {
            return None;
        }
        let is_hidden = path
            .file_name()
            .is_some_and(|name| name.as_encoded_bytes().starts_with(b"."));
        if path.is_dir() && !is_hidden && read_sources(std::slice::from_ref(&path)).is_ok() {
            folders.push(path);
        }
    }
    folders.sort();
    (folders.len() > 1).then_some(folders)
}

//! The texts of a set as they were at one moment, and what is found in them.

use crate::limits::MAX_TABLE_BYTES;
use crate::workspace::{stamp, text_of, uri_of};
use gen_lsp_types::Uri;
use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};
use std::time::SystemTime;
use trapjaw_dsl::ide::Analysis;
use trapjaw_dsl::source::{SourceId, SourceMap};

/// A file of a set.
#[derive(Clone, Debug)]
pub(crate) struct File {
    /// What findings call it: its path, or the URI of what is no file.
    pub(crate) name: String,
    pub(crate) uri: Uri,
    pub(crate) text: String,
    /// The editor's number of this state, where the text is open.
    pub(crate) version: Option<i32>,
}

/// The texts of a set at one moment. What is found in them is found out once, by whoever asks first.
#[derive(Debug)]
pub(crate) struct Snapshot {
    /// Rises with every change of the set.
    pub(crate) number: u64,
    /// The actions of the configuration.
    pub(crate) actions: Vec<String>,
    sources: SourceMap,
    uris: HashMap<SourceId, Uri>,
    ids: HashMap<String, SourceId>,
    versions: HashMap<SourceId, i32>,
    analysis: OnceLock<Analysis>,
}

impl Snapshot {
    /// The set of these files, with the files of tables that they name.
    pub(crate) fn new(
        number: u64,
        files: Vec<File>,
        actions: Vec<String>,
        tables: &mut Tables,
    ) -> Snapshot {
        let mut sources = SourceMap::new();
        let (mut uris, mut ids) = (HashMap::new(), HashMap::new());
        let mut versions = HashMap::new();
        for file in files {
            let id = sources.add(file.name, file.text);
            ids.insert(file.uri.0.clone(), id);
            uris.insert(id, file.uri);
            versions.extend(file.version.map(|version| (id, version)));
        }
        tables.add_to(&mut sources);
        Snapshot {
            number,
            actions,
            sources,
            uris,
            ids,
            versions,
            analysis: OnceLock::new(),
        }
    }

    /// What is found in the texts.
    pub(crate) fn analysis(&self) -> &Analysis {
        let analyse = || Analysis::new(self.sources.clone());
        self.analysis.get_or_init(analyse)
    }

    /// Whether it is found out already.
    pub(crate) fn is_analysed(&self) -> bool {
        self.analysis.get().is_some()
    }

    /// The texts.
    pub(crate) fn sources(&self) -> &SourceMap {
        &self.sources
    }

    /// The file of a URI.
    pub(crate) fn id_of(&self, uri: &Uri) -> Option<SourceId> {
        self.ids.get(&uri.0).copied()
    }

    /// The URI of a file.
    pub(crate) fn uri_of(&self, id: SourceId) -> Option<Uri> {
        let known = self.uris.get(&id).cloned();
        known.or_else(|| uri_of(Path::new(self.sources.get(id).name())))
    }

    /// The editor's number of a file's state, where it is open.
    pub(crate) fn version_of(&self, id: SourceId) -> Option<i32> {
        self.versions.get(&id).copied()
    }
}

/// The files of tables, read again only when they have changed.
#[derive(Debug, Default)]
pub(crate) struct Tables {
    known: BTreeMap<PathBuf, Known>,
}

/// The text of a file, and by what a change is seen.
type Known = ((SystemTime, u64), Arc<str>);

impl Tables {
    /// Adds the tables that the rule files name.
    fn add_to(&mut self, sources: &mut SourceMap) {
        let mut left = MAX_TABLE_BYTES;
        let mut used = BTreeMap::new();
        for name in trapjaw_dsl::table_files(sources) {
            let path = PathBuf::from(&name);
            match self.text(&path, left) {
                Ok(known) => {
                    left -= known.1.len() as u64;
                    sources.add_table(name, &*known.1);
                    used.insert(path, known);
                }
                Err(reason) => sources.lack_table(name, reason),
            }
        }
        // What no set of the last moment names is let go only when there is much of it.
        self.known.extend(used);
        let bytes: usize = self.known.values().map(|(_, text)| text.len()).sum();
        if bytes as u64 > 2 * MAX_TABLE_BYTES {
            self.known.clear();
        }
    }

    fn text(&self, path: &Path, left: u64) -> Result<Known, String> {
        let Some(stamp) = stamp(path) else {
            return Err("there is no such file".into());
        };
        if let Some((known, text)) = self.known.get(path).filter(|(known, _)| *known == stamp) {
            return Ok((*known, text.clone()));
        }
        if stamp.1 > left {
            return Err(format!(
                "the files of all tables have more than {MAX_TABLE_BYTES} bytes"
            ));
        }
        let text = text_of(path, left).ok_or("it is no text in UTF-8")?;
        Ok((stamp, text.into()))
    }
}

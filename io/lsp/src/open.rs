//! The texts that are open, in their sets.

use crate::document::Document;
use crate::limits::{DEBOUNCE, MAX_DELAY, MAX_DOCUMENTS};
use crate::refused::Refused;
use crate::snapshot::{File, Snapshot, Tables};
use crate::workspace::{Set, actions, concerns_sets, files, path_of, set_of, uri_of};
use gen_lsp_types::{TextDocumentContentChangeEvent, Uri};
use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

/// The texts that are open, in their sets.
#[derive(Default)]
pub(crate) struct Open {
    /// The editor's folders.
    folders: Vec<PathBuf>,
    /// By their URIs.
    documents: HashMap<String, (Document, Set)>,
    sets: HashMap<Set, State>,
    tables: Tables,
    /// The number of the last state of any set.
    last: u64,
}

/// A set with open texts in it.
struct State {
    number: u64,
    /// The files on the disk; `None` where they have to be read again.
    files: Option<Vec<(PathBuf, String)>>,
    /// The texts as they are now, once somebody has asked.
    now: Option<Arc<Snapshot>>,
    /// The last texts of which everything is found out.
    known: Option<Arc<Snapshot>>,
    /// When typing began that was not looked over yet, and when it was last.
    typed: Option<(Instant, Instant)>,
    /// Set for the looks that are under way when the set changes.
    outdated: Arc<AtomicBool>,
}

/// A set that is to be looked over.
pub(crate) struct Due {
    pub(crate) set: Set,
    pub(crate) snapshot: Arc<Snapshot>,
    pub(crate) outdated: Arc<AtomicBool>,
}

impl Open {
    pub(crate) fn set_folders(&mut self, folders: Vec<PathBuf>) {
        self.folders = folders;
    }

    /// Opens a text.
    pub(crate) fn open(&mut self, uri: Uri, version: i32, text: String) -> Result<(), Refused> {
        if self.documents.len() >= MAX_DOCUMENTS && !self.documents.contains_key(&uri.0) {
            return Err(Refused::failed(format!(
                "more than {MAX_DOCUMENTS} texts are open"
            )));
        }
        let set = match path_of(&uri) {
            Some(path) => set_of(&path, &self.folders),
            None => Set::Alone(uri.0.clone()),
        };
        self.documents
            .insert(uri.0, (Document::new(version, text), set.clone()));
        self.touch(&set);
        Ok(())
    }

    /// Takes changes of a text in.
    pub(crate) fn change(
        &mut self,
        uri: &Uri,
        version: i32,
        changes: Vec<TextDocumentContentChangeEvent>,
    ) -> Result<(), Refused> {
        let Some((document, set)) = self.documents.get_mut(&uri.0) else {
            return Err(Refused::failed(format!("`{}` is not open", uri.0)));
        };
        document.change(version, changes);
        let set = set.clone();
        self.touch(&set);
        Ok(())
    }

    /// Closes a text. A set without open texts is let go.
    pub(crate) fn close(&mut self, uri: &Uri) {
        let Some((_, set)) = self.documents.remove(&uri.0) else {
            return;
        };
        if self.documents.values().any(|(_, other)| *other == set) {
            self.reread_set(&set);
        } else if let Some(state) = self.sets.remove(&set) {
            state.outdated.store(true, Ordering::Relaxed);
        }
    }

    /// Reads all files again.
    pub(crate) fn reread(&mut self) {
        let sets: Vec<Set> = self.sets.keys().cloned().collect();
        for set in sets {
            self.reread_set(&set);
        }
    }

    fn reread_set(&mut self, set: &Set) {
        if let Some(state) = self.sets.get_mut(set) {
            state.files = None;
        }
        self.touch(set);
    }

    /// Files have changed on the disk: sets may be others now, and tables hold something else.
    pub(crate) fn changed_outside(&mut self, paths: &[PathBuf]) {
        if paths.iter().any(|path| concerns_sets(path)) {
            self.sort();
        }
        self.reread();
    }

    pub(crate) fn change_folders(&mut self, removed: &[PathBuf], added: Vec<PathBuf>) {
        self.folders.retain(|folder| !removed.contains(folder));
        self.folders.extend(added);
        self.sort();
        self.reread();
    }

    /// Finds the set of each open text anew.
    fn sort(&mut self) {
        let folders = &self.folders;
        let mut sets = Vec::new();
        for (uri, (_, set)) in &mut self.documents {
            if let Some(path) = path_of(&Uri(uri.clone())) {
                *set = set_of(&path, folders);
            }
            sets.push(set.clone());
        }
        self.sets.retain(|set, _| sets.contains(set));
        for set in sets {
            self.touch(&set);
        }
    }

    /// Notes that a set has changed.
    pub(crate) fn touch(&mut self, set: &Set) {
        self.last += 1;
        let now = Instant::now();
        let state = self.sets.entry(set.clone()).or_insert_with(|| State {
            number: 0,
            files: None,
            now: None,
            known: None,
            typed: None,
            outdated: Arc::default(),
        });
        state.number = self.last;
        state.outdated.store(true, Ordering::Relaxed);
        state.outdated = Arc::default();
        if let Some(before) = state.now.take().filter(|before| before.is_analysed()) {
            state.known = Some(before);
        }
        let first = state.typed.map_or(now, |(first, _)| first);
        state.typed = Some((first, now));
    }

    /// When the next set is to be looked over.
    pub(crate) fn due(&self) -> Option<Instant> {
        self.sets.values().filter_map(State::due).min()
    }

    /// The sets that are to be looked over now.
    pub(crate) fn take_due(&mut self, now: Instant) -> Vec<Due> {
        let due = self.sets.iter();
        let due = due.filter(|(_, state)| state.due().is_some_and(|due| due <= now));
        let sets: Vec<Set> = due.map(|(set, _)| set.clone()).collect();
        let mut looks = Vec::new();
        for set in sets {
            let snapshot = self.now(&set);
            if let Some(state) = self.sets.get_mut(&set) {
                state.typed = None;
                let outdated = Arc::clone(&state.outdated);
                looks.push(Due {
                    set,
                    snapshot,
                    outdated,
                });
            }
        }
        looks
    }

    /// The texts of a text's set as they are now, and the last of which everything is found out, or else the same.
    pub(crate) fn moments(&mut self, uri: &Uri) -> Result<(Arc<Snapshot>, Arc<Snapshot>), Refused> {
        let Some((_, set)) = self.documents.get(&uri.0) else {
            return Err(Refused::failed(format!("`{}` is not open", uri.0)));
        };
        let set = set.clone();
        let now = self.now(&set);
        let known = self.sets.get(&set).and_then(|state| state.known.clone());
        let known = known.filter(|_| !now.is_analysed());
        Ok((Arc::clone(&now), known.unwrap_or(now)))
    }

    /// The number of the state in which a text's set is.
    pub(crate) fn number_of(&self, uri: &Uri) -> Option<u64> {
        let (_, set) = self.documents.get(&uri.0)?;
        self.number_in(set)
    }

    /// The number of the state in which a set is.
    pub(crate) fn number_in(&self, set: &Set) -> Option<u64> {
        self.sets.get(set).map(|state| state.number)
    }

    /// Whether a set has open texts.
    pub(crate) fn has(&self, set: &Set) -> bool {
        self.sets.contains_key(set)
    }

    /// The texts of a set as they are now: what is open, and else what is on the disk.
    fn now(&mut self, set: &Set) -> Arc<Snapshot> {
        let state = self.sets.get_mut(set);
        if let Some(now) = state.as_ref().and_then(|state| state.now.clone()) {
            return now;
        }
        let on_disk = match state {
            Some(state) => &**state.files.get_or_insert_with(|| files(set)),
            None => &[],
        };
        // What is open, by the names of the files: `None` where it is too long to be followed.
        let mut open: BTreeMap<String, Option<File>> = BTreeMap::new();
        for (uri, (document, own)) in &self.documents {
            if own == set {
                let path = path_of(&Uri(uri.clone()));
                let name = path.map_or_else(|| uri.clone(), |path| name_of(&path));
                let file = document.text().map(|text| File {
                    name: name.clone(),
                    uri: Uri(uri.clone()),
                    text: text.to_owned(),
                    version: Some(document.version),
                });
                open.insert(name, file);
            }
        }
        let mut texts = Vec::new();
        for (path, text) in on_disk {
            let name = name_of(path);
            match open.remove(&name) {
                Some(file) => texts.extend(file),
                None => texts.extend(uri_of(path).map(|uri| File {
                    name,
                    uri,
                    text: text.clone(),
                    version: None,
                })),
            }
        }
        // What is no file yet comes last.
        texts.extend(open.into_values().flatten());
        let number = self.number_in(set).unwrap_or_default();
        let actions = actions(set, &self.folders);
        let now = Arc::new(Snapshot::new(number, texts, actions, &mut self.tables));
        if let Some(state) = self.sets.get_mut(set) {
            state.now = Some(Arc::clone(&now));
        }
        now
    }
}

impl State {
    /// When it is to be looked over: once typing has paused, and at the latest a while after it began.
    fn due(&self) -> Option<Instant> {
        let (first, last) = self.typed?;
        Some((last + DEBOUNCE).min(first + MAX_DELAY))
    }
}

fn name_of(path: &Path) -> String {
    path.display().to_string()
}

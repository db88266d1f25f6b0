//! How a session begins: what the editor can do, and what we can.

use crate::convert::token_types;
use crate::workspace::path_of;
use gen_lsp_types::{InitializeParams, WorkspaceFolders};
use serde_json::{Value, json};
use std::path::PathBuf;

/// What the editor says of itself, as far as it matters.
pub(crate) struct Said {
    /// Proposals may have places to go on writing.
    pub(crate) snippets: bool,
    /// Changes may say to which state of a text they belong.
    pub(crate) versioned_edits: bool,
    /// It can watch files for us.
    pub(crate) watches: bool,
    /// Its folders.
    pub(crate) folders: Vec<PathBuf>,
}

impl Said {
    pub(crate) fn of(params: &InitializeParams) -> Said {
        let text = params.capabilities.text_document.as_ref();
        let snippets = text.and_then(|text| {
            text.completion
                .as_ref()?
                .completion_item
                .as_ref()?
                .snippet_support
        });
        let workspace = params.capabilities.workspace.as_ref();
        let versioned =
            workspace.and_then(|workspace| workspace.workspace_edit.as_ref()?.document_changes);
        let watches = workspace.and_then(|workspace| {
            let watched = workspace.did_change_watched_files.as_ref()?;
            watched.dynamic_registration
        });
        let folders = match &params.workspace_folders_initialize_params.workspace_folders {
            Some(WorkspaceFolders::WorkspaceFolderList(folders)) => {
                let paths = folders.iter().filter_map(|folder| path_of(&folder.uri));
                paths.collect()
            }
            // Older editors name one folder.
            _ => {
                #[allow(deprecated, reason = "older editors have nothing else")]
                let root = params.root_uri.as_ref();
                root.and_then(path_of).into_iter().collect()
            }
        };
        Said {
            snippets: snippets.unwrap_or(false),
            versioned_edits: versioned.unwrap_or(false),
            watches: watches.unwrap_or(false),
            folders,
        }
    }
}

/// What we can do.
pub(crate) fn capabilities() -> Value {
    json!({
        "capabilities": {
            "positionEncoding": "utf-16",
            "textDocumentSync": { "openClose": true, "change": 2, "save": true },
            "hoverProvider": true,
            "completionProvider": { "triggerCharacters": [".", ":", "|", "{", " "] },
            "definitionProvider": true,
            "referencesProvider": true,
            "documentSymbolProvider": true,
            "renameProvider": { "prepareProvider": true },
            "documentFormattingProvider": true,
            "codeActionProvider": { "codeActionKinds": ["quickfix"] },
            "semanticTokensProvider": {
                "legend": { "tokenTypes": token_types(), "tokenModifiers": ["declaration"] },
                "full": true,
            },
            "workspace": {
                "workspaceFolders": { "supported": true, "changeNotifications": true },
            },
        },
        "serverInfo": { "name": "trapjaw", "version": env!("CARGO_PKG_VERSION") },
    })
}

/// The files whose changes we want to be told of.
pub(crate) fn watched() -> Value {
    let watchers = ["**/*.trap", "**/trapjaw.toml", "**/*.csv", "**/*.ndjson"];
    let watchers = watchers.map(|glob| json!({ "globPattern": glob }));
    json!({
        "registrations": [{
            "id": "watch",
            "method": "workspace/didChangeWatchedFiles",
            "registerOptions": { "watchers": watchers },
        }],
    })
}

//! Requests, each with its answer: from the texts of one moment, without any other state.

use crate::convert::{self, location, markdown, range, text_edit};
use crate::limits::MAX_COMPLETIONS;
use crate::refused::Refused;
use crate::snapshot::Snapshot;
use gen_lsp_types::{
    CodeAction, CodeActionKind, CodeActionParams, CompletionList, CompletionParams,
    DefinitionParams, DocumentFormattingParams, DocumentSymbolParams, ErrorCodes, HoverParams,
    LspErrorCodes, Position, PrepareRenameParams, PrepareRenamePlaceholder, Range, ReferenceParams,
    RenameParams, SemanticTokens, SemanticTokensParams, TextEdit, Uri,
};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};
use std::sync::Arc;
use trapjaw_control::plan::state_of;
use trapjaw_dsl::hir;
use trapjaw_dsl::ide::{At, Edit};
use trapjaw_dsl::source::{SourceId, Span};
use trapjaw_dsl::{compile_checked, format};

/// What the editor and the command line have said once.
#[derive(Clone, Debug, Default)]
pub(crate) struct Settings {
    /// Where the book is served.
    pub(crate) docs: Option<String>,
    /// Whether proposals may have places to go on writing.
    pub(crate) snippets: bool,
    /// Whether changes may say to which state of a text they belong.
    pub(crate) versioned_edits: bool,
}

/// The requests about texts.
pub(crate) const METHODS: [&str; 10] = [
    "textDocument/hover",
    "textDocument/completion",
    "textDocument/definition",
    "textDocument/references",
    "textDocument/documentSymbol",
    "textDocument/prepareRename",
    "textDocument/rename",
    "textDocument/formatting",
    "textDocument/codeAction",
    "textDocument/semanticTokens/full",
];

/// Whether an answer is of no use once the texts have changed: it would change them.
pub(crate) fn changes_texts(method: &str) -> bool {
    matches!(
        method,
        "textDocument/rename" | "textDocument/formatting" | "textDocument/codeAction"
    )
}

/// The text that a request is about.
pub(crate) fn uri_of(params: &Value) -> Result<Uri, Refused> {
    let uri = params.pointer("/textDocument/uri").and_then(Value::as_str);
    uri.map(|uri| Uri(uri.to_owned()))
        .ok_or_else(|| Refused::rpc(ErrorCodes::InvalidParams, "`textDocument.uri` is missing"))
}

/// Answers requests about one text.
pub(crate) struct Answering<'a> {
    pub(crate) snapshot: &'a Snapshot,
    /// The last moment of which everything is found out, for proposals: they need not wait.
    pub(crate) known: &'a Snapshot,
    pub(crate) source: SourceId,
    pub(crate) settings: &'a Settings,
}

impl Answering<'_> {
    /// The answer to a request.
    pub(crate) fn answer(&self, method: &str, params: Value) -> Result<Value, Refused> {
        match method {
            "textDocument/hover" => Ok(self.hover(&read(params)?)),
            "textDocument/completion" => self.completion(&read(params)?),
            "textDocument/definition" => self.definition(&read(params)?),
            "textDocument/references" => self.references(&read(params)?),
            "textDocument/documentSymbol" => self.symbols(&read(params)?),
            "textDocument/prepareRename" => self.prepare_rename(&read(params)?),
            "textDocument/rename" => self.rename(&read(params)?),
            "textDocument/formatting" => self.formatting(&read(params)?),
            "textDocument/codeAction" => Ok(self.code_actions(&read(params)?)),
            "textDocument/semanticTokens/full" => self.tokens(&read(params)?),
            _ => Err(Refused::rpc(
                ErrorCodes::MethodNotFound,
                format!("there is no method `{method}`"),
            )),
        }
    }

    fn at(&self, position: Position) -> At {
        At {
            source: self.source,
            offset: convert::offset(self.snapshot.sources(), self.source, position),
        }
    }

    fn hover(&self, params: &HoverParams) -> Value {
        let at = self.at(params.text_document_position_params.position);
        let analysis = self.snapshot.analysis();
        let mut parts = Vec::new();
        let mut place = None;
        if let Some(hover) = analysis.hover(at) {
            parts.push(format!("```trap\n{}\n```", hover.code));
            parts.extend(Some(hover.text).filter(|text| !text.is_empty()));
            if let Some(bounds) = hover.rule.and_then(|rule| self.bounds(&rule)) {
                parts.push(format!("```text\n{}\n```", bounds.trim_end()));
            }
            place = Some(hover.place);
        }
        for finding in analysis.diagnostics() {
            let span = finding.primary;
            if span.source == at.source && span.start <= at.offset && at.offset <= span.end {
                let entry = finding.code.entry();
                parts.push(format!(
                    "**{}: {}**\n\n{}",
                    entry.code, entry.title, entry.explanation
                ));
                place = place.or(Some(span));
            }
        }
        let Some(place) = place else {
            return Value::Null;
        };
        json!({
            "contents": markdown(parts.join("\n\n")),
            "range": range(self.snapshot.sources(), place),
        })
    }

    /// What a rule remembers, as a plan tells it.
    fn bounds(&self, name: &str) -> Option<String> {
        let set = self.snapshot.analysis().rules()?;
        let rule = set.rules.iter().find(|rule| *rule.name == *name)?;
        let alone = hir::RuleSet {
            registry: Arc::clone(&set.registry),
            tables: set.tables.clone(),
            rules: vec![rule.clone()],
            tests: Vec::new(),
        };
        let program = compile_checked(&alone).ok()?;
        Some(state_of(
            program.rules.first()?,
            &trapjaw_engine::Config::default(),
        ))
    }

    fn completion(&self, params: &CompletionParams) -> Result<Value, Refused> {
        let at = self.at(params.text_document_position_params.position);
        let text = self.snapshot.sources().get(self.source).text();
        let analysis = self.known.analysis();
        let mut found = analysis.completions(at, text, &self.snapshot.actions);
        let is_incomplete = found.len() > MAX_COMPLETIONS;
        found.truncate(MAX_COMPLETIONS);
        let sources = self.snapshot.sources();
        let items = found.iter();
        let items = items.map(|item| convert::completion(sources, item, self.settings.snippets));
        value(&CompletionList {
            is_incomplete,
            items: items.collect(),
            ..CompletionList::default()
        })
    }

    fn definition(&self, params: &DefinitionParams) -> Result<Value, Refused> {
        let at = self.at(params.text_document_position_params.position);
        let found = self.snapshot.analysis().definitions(at);
        self.locations(found)
    }

    fn references(&self, params: &ReferenceParams) -> Result<Value, Refused> {
        let at = self.at(params.text_document_position_params.position);
        let with_declarations = params.context.include_declaration;
        let found = self.snapshot.analysis().references(at, with_declarations);
        self.locations(found)
    }

    fn locations(&self, places: Vec<Span>) -> Result<Value, Refused> {
        let places = places.into_iter();
        let places = places.filter_map(|place| location(self.snapshot, place));
        value(&places.collect::<Vec<_>>())
    }

    fn symbols(&self, _: &DocumentSymbolParams) -> Result<Value, Refused> {
        let sources = self.snapshot.sources();
        let found = self.snapshot.analysis().symbols(self.source);
        let symbols = found.iter().map(|symbol| convert::symbol(sources, symbol));
        value(&symbols.collect::<Vec<_>>())
    }

    fn prepare_rename(&self, params: &PrepareRenameParams) -> Result<Value, Refused> {
        let at = self.at(params.text_document_position_params.position);
        let place = self.snapshot.analysis().prepare_rename(at);
        let place = place.map_err(Refused::failed)?;
        let sources = self.snapshot.sources();
        let text = &sources.get(place.source).text()[place.range()];
        value(&PrepareRenamePlaceholder {
            range: range(sources, place),
            placeholder: text.trim_matches('`').to_owned(),
        })
    }

    fn rename(&self, params: &RenameParams) -> Result<Value, Refused> {
        let at = self.at(params.text_document_position_params.position);
        let edits = self.snapshot.analysis().rename(at, &params.new_name);
        Ok(self.workspace_edit(&edits.map_err(Refused::failed)?))
    }

    /// Changes of several files.
    fn workspace_edit(&self, edits: &[Edit]) -> Value {
        let sources = self.snapshot.sources();
        let mut files: Vec<(SourceId, Vec<TextEdit>)> = Vec::new();
        for edit in edits {
            let source = edit.place.source;
            if files.last().is_none_or(|(last, _)| *last != source) {
                files.push((source, Vec::new()));
            }
            if let Some((_, edits)) = files.last_mut() {
                edits.push(text_edit(sources, edit));
            }
        }
        let named = files.into_iter().filter_map(|(id, edits)| {
            Some((
                self.snapshot.uri_of(id)?,
                self.snapshot.version_of(id),
                edits,
            ))
        });
        if self.settings.versioned_edits {
            let changes = named.map(|(uri, version, edits)| {
                json!({ "textDocument": { "uri": uri, "version": version }, "edits": edits })
            });
            return json!({ "documentChanges": changes.collect::<Vec<_>>() });
        }
        let changes = named.map(|(uri, _, edits)| (uri.0, json!(edits)));
        json!({ "changes": changes.collect::<Map<_, _>>() })
    }

    fn formatting(&self, _: &DocumentFormattingParams) -> Result<Value, Refused> {
        let sources = self.snapshot.sources();
        let text = sources.get(self.source).text();
        let laid_out = format::format(self.source, text);
        let laid_out = laid_out.map_err(|errors| {
            let first = errors.first().map_or("", |error| &*error.message);
            Refused::failed(format!("a text with syntax errors is left alone: {first}"))
        })?;
        if laid_out == text {
            return Ok(json!([]));
        }
        let whole = Span {
            source: self.source,
            start: 0,
            end: text.len() as u32,
        };
        value(&[TextEdit {
            range: range(sources, whole),
            new_text: laid_out,
        }])
    }

    fn code_actions(&self, params: &CodeActionParams) -> Value {
        let wanted = params.context.only.as_ref().is_none_or(|kinds| {
            let mut kinds = kinds.iter();
            kinds.any(|kind| matches!(kind, CodeActionKind::QuickFix | CodeActionKind::Empty))
        });
        if !wanted {
            return json!([]);
        }
        let Range { start, end } = params.range;
        let range = Span {
            source: self.source,
            start: self.at(start).offset,
            end: self.at(end).offset,
        };
        let analysis = self.snapshot.analysis();
        let fixes = analysis.fixes(range);
        let actions = fixes.iter().map(|fix| {
            let finding = &analysis.diagnostics()[fix.finding];
            let docs = self.settings.docs.as_deref();
            let mended = convert::diagnostic(self.snapshot, finding, docs);
            let mut action = json!(CodeAction {
                title: fix.title.clone(),
                kind: Some(CodeActionKind::QuickFix),
                diagnostics: Some(vec![mended]),
                is_preferred: Some(fix.preferred),
                ..CodeAction::default()
            });
            action["edit"] = self.workspace_edit(std::slice::from_ref(&fix.edit));
            action
        });
        Value::Array(actions.collect())
    }

    fn tokens(&self, _: &SemanticTokensParams) -> Result<Value, Refused> {
        let tokens = self.snapshot.analysis().tokens(self.source);
        value(&SemanticTokens {
            result_id: None,
            data: convert::tokens(self.snapshot.sources(), &tokens),
        })
    }
}

/// The parameters of a request.
pub(crate) fn read<T: DeserializeOwned>(params: Value) -> Result<T, Refused> {
    serde_json::from_value(params).map_err(|error| {
        let message = format!("these are no parameters of it: {error}");
        Refused::rpc(ErrorCodes::InvalidParams, message)
    })
}

fn value(result: &impl serde::Serialize) -> Result<Value, Refused> {
    serde_json::to_value(result)
        .map_err(|error| Refused::rpc(ErrorCodes::InternalError, error.to_string()))
}

/// What an answer becomes whose texts have changed.
pub(crate) fn outdated() -> Refused {
    Refused::lsp(LspErrorCodes::ContentModified, "the text has changed since")
}

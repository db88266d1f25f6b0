//! What was found, in the protocol's words.

use crate::snapshot::Snapshot;
use gen_lsp_types::{
    CodeDescription, CompletionItem, CompletionItemKind, CompletionItemTextEdit, Diagnostic,
    DiagnosticRelatedInformation, DiagnosticSeverity, DocumentSymbol, Documentation,
    InsertTextFormat, Location, MarkupContent, MarkupKind, Message, Position, Range, SemanticToken,
    SymbolKind, TextEdit, Uri,
};
use trapjaw_dsl::diagnostic::{self, Code, Severity};
use trapjaw_dsl::ide::{self, Completion, CompletionKind, Edit, Symbol, Token, TokenKind};
use trapjaw_dsl::source::{SourceId, SourceMap, Span, Utf16Position};

pub(crate) fn position(sources: &SourceMap, source: SourceId, offset: u32) -> Position {
    let Utf16Position { line, column } = sources.get(source).utf16(offset);
    Position {
        line,
        character: column,
    }
}

pub(crate) fn range(sources: &SourceMap, span: Span) -> Range {
    Range {
        start: position(sources, span.source, span.start),
        end: position(sources, span.source, span.end),
    }
}

pub(crate) fn offset(sources: &SourceMap, source: SourceId, position: Position) -> u32 {
    sources.get(source).offset(Utf16Position {
        line: position.line,
        column: position.character,
    })
}

pub(crate) fn location(snapshot: &Snapshot, span: Span) -> Option<Location> {
    Some(Location {
        uri: snapshot.uri_of(span.source)?,
        range: range(snapshot.sources(), span),
    })
}

pub(crate) fn text_edit(sources: &SourceMap, edit: &Edit) -> TextEdit {
    TextEdit {
        range: range(sources, edit.place),
        new_text: edit.text.clone(),
    }
}

/// A finding, with all that it says: what stands at its places as related information, why and what to do in its text.
pub(crate) fn diagnostic(
    snapshot: &Snapshot,
    finding: &diagnostic::Diagnostic,
    docs: Option<&str>,
) -> Diagnostic {
    let mut message = finding.message.clone();
    if !finding.primary_label.is_empty() {
        message.push_str(": ");
        message.push_str(&finding.primary_label);
    }
    for note in &finding.notes {
        message.push_str("\nnote: ");
        message.push_str(note);
    }
    let suggested = finding
        .suggestion
        .iter()
        .map(|suggestion| &suggestion.message);
    for help in finding.help.iter().chain(suggested) {
        message.push_str("\nhelp: ");
        message.push_str(help);
    }
    let related = finding.labels.iter().filter_map(|(span, message)| {
        Some(DiagnosticRelatedInformation {
            location: location(snapshot, *span)?,
            message: message.clone(),
        })
    });
    let related: Vec<_> = related.collect();
    Diagnostic {
        range: range(snapshot.sources(), finding.primary),
        severity: Some(match finding.severity {
            Severity::Error => DiagnosticSeverity::Error,
            Severity::Warning => DiagnosticSeverity::Warning,
        }),
        code: Some(finding.code.to_string().into()),
        code_description: docs.map(|docs| CodeDescription {
            href: page_of(docs, finding.code),
        }),
        source: Some("trapjaw".into()),
        message: Message::String(message),
        tags: None,
        related_information: (!related.is_empty()).then_some(related),
        data: None,
    }
}

/// Where the book tells of a code.
fn page_of(docs: &str, code: Code) -> Uri {
    let docs = docs.trim_end_matches('/');
    Uri(format!("{docs}/errors.html#{}", code.anchor()))
}

pub(crate) fn markdown(value: String) -> MarkupContent {
    MarkupContent {
        kind: MarkupKind::Markdown,
        value,
    }
}

pub(crate) fn completion(
    sources: &SourceMap,
    completion: &Completion,
    snippets: bool,
) -> CompletionItem {
    let (format, text) = if snippets {
        (InsertTextFormat::Snippet, completion.snippet.clone())
    } else {
        (InsertTextFormat::PlainText, completion.plain())
    };
    let about = Some(&completion.about).filter(|about| !about.is_empty());
    let detail = Some(&completion.detail).filter(|detail| !detail.is_empty());
    CompletionItem {
        label: completion.label.clone(),
        kind: Some(match completion.kind {
            CompletionKind::Keyword => CompletionItemKind::Keyword,
            CompletionKind::EventType => CompletionItemKind::Event,
            CompletionKind::FieldType => CompletionItemKind::TypeParameter,
            CompletionKind::Field => CompletionItemKind::Field,
            CompletionKind::Variant => CompletionItemKind::EnumMember,
            CompletionKind::Table => CompletionItemKind::Struct,
            CompletionKind::Constant => CompletionItemKind::Constant,
            CompletionKind::Function | CompletionKind::Action => CompletionItemKind::Function,
            CompletionKind::Alias => CompletionItemKind::Variable,
            CompletionKind::Rule => CompletionItemKind::Class,
        }),
        detail: detail.cloned(),
        documentation: about.map(|about| Documentation::MarkupContent(markdown(about.clone()))),
        sort_text: Some(format!("{}{}", completion.rank, completion.label)),
        insert_text_format: Some(format),
        text_edit: Some(CompletionItemTextEdit::TextEdit(TextEdit {
            range: range(sources, completion.replaced),
            new_text: text,
        })),
        ..CompletionItem::default()
    }
}

#[allow(
    deprecated,
    reason = "the field is part of the structure, and left empty"
)]
pub(crate) fn symbol(sources: &SourceMap, symbol: &Symbol) -> DocumentSymbol {
    let parts: Vec<DocumentSymbol> = symbol
        .parts
        .iter()
        .map(|part| self::symbol(sources, part))
        .collect();
    DocumentSymbol {
        // The protocol refuses a name of blanks alone.
        name: if symbol.name.trim().is_empty() {
            "?".to_owned()
        } else {
            symbol.name.clone()
        },
        detail: Some(symbol.detail.clone()).filter(|detail| !detail.is_empty()),
        kind: match symbol.kind {
            ide::SymbolKind::EventType => SymbolKind::Event,
            ide::SymbolKind::Field => SymbolKind::Field,
            ide::SymbolKind::Table => SymbolKind::Struct,
            ide::SymbolKind::Constant => SymbolKind::Constant,
            ide::SymbolKind::Rule => SymbolKind::Class,
            ide::SymbolKind::Test => SymbolKind::Method,
        },
        tags: None,
        deprecated: None,
        range: range(sources, symbol.whole),
        selection_range: range(sources, symbol.named),
        children: (!parts.is_empty()).then_some(parts),
    }
}

/// What the kinds of tokens are called, by their numbers.
pub(crate) fn token_types() -> Vec<String> {
    let name = |kind: TokenKind| match kind {
        TokenKind::Keyword => "keyword",
        TokenKind::Comment => "comment",
        TokenKind::Text => "string",
        TokenKind::Regex => "regexp",
        TokenKind::Number => "number",
        TokenKind::Operator => "operator",
        TokenKind::Type => "type",
        TokenKind::Field => "property",
        TokenKind::Variant => "enumMember",
        TokenKind::Constant => "macro",
        TokenKind::Rule => "class",
        TokenKind::Alias => "variable",
        TokenKind::Function => "function",
    };
    TokenKind::ALL
        .into_iter()
        .map(|kind| name(kind).to_owned())
        .collect()
}

/// Tokens, each by its distance from the one before.
pub(crate) fn tokens(sources: &SourceMap, tokens: &[Token]) -> Vec<SemanticToken> {
    let mut before = Position {
        line: 0,
        character: 0,
    };
    let mut all = Vec::with_capacity(tokens.len());
    for token in tokens {
        let Range { start, end } = range(sources, token.place);
        if start.line != end.line || start == end {
            continue;
        }
        let same_line = start.line == before.line;
        all.push(SemanticToken {
            delta_line: start.line - before.line,
            delta_start: start.character - if same_line { before.character } else { 0 },
            length: end.character - start.character,
            token_type: token.kind as u32,
            token_modifiers_bitset: u32::from(token.declares),
        });
        before = start;
    }
    all
}

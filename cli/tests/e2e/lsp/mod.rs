//! `trapjaw lsp`: real conversations over its standard input and output.

mod editor;
mod harm;
mod speed;

use serde_json::{Value, json};

use crate::rig::folder;
use editor::{Editor, at, uri};

const TYPES: &str = "\
// A sample of one machine.
event cpu { host: text, load: float }
const LIMIT = 45% * 2
";

/// The ant is two units of UTF-16, four bytes.
const RULES: &str = "\
rule hot {
    about \"🐜 hot\"
    on c: cpu
    where c.host != \"🐜\" and c.laod > LIMIT
    by c.host
    for 5m
    do page(text: \"{c.host}\")
}
";

fn mended() -> String {
    RULES.replace("laod", "load")
}

/// Changes a part of a line.
fn change(uri: &str, version: i64, line: u32, [from, to]: [u32; 2], text: &str) -> Value {
    json!({
        "textDocument": { "uri": uri, "version": version },
        "contentChanges": [{
            "range": {
                "start": { "line": line, "character": from },
                "end": { "line": line, "character": to },
            },
            "text": text,
        }],
    })
}

#[test]
fn a_whole_conversation() {
    let here = folder(&[("types.trap", TYPES), ("rules.trap", "")]);
    let mut editor = Editor::new(here.path());
    let rules = uri(here.path(), "rules.trap");
    let types = uri(here.path(), "types.trap");

    // What is open counts, and not what is on the disk.
    editor.open(&rules, RULES);
    let findings = editor.findings(&rules, 1);
    let place = json!({
        "start": { "line": 3, "character": 31 },
        "end": { "line": 3, "character": 35 },
    });
    assert_eq!(
        findings,
        json!([{
            "code": "TJ0105",
            "codeDescription": {
                "href": "https://rules.example/book/errors.html#tj0105-the-event-has-no-such-field",
            },
            "message": "`cpu` has no field `laod`\nhelp: did you mean `load`?",
            "range": place,
            "severity": 1,
            "source": "trapjaw",
        }])
    );

    // The suggestion is a change.
    let params = json!({
        "textDocument": { "uri": rules },
        "range": findings[0]["range"],
        "context": { "diagnostics": findings },
    });
    let actions = editor.ask("textDocument/codeAction", &params);
    let action = &actions["result"][0];
    assert_eq!(action["title"], "Replace `laod` by `load`", "{actions}");
    assert_eq!(action["isPreferred"], true);
    let changes = &action["edit"]["documentChanges"][0];
    assert_eq!(
        changes["textDocument"],
        json!({ "uri": rules, "version": 1 })
    );
    assert_eq!(changes["edits"][0]["newText"], "load");
    assert_eq!(changes["edits"][0]["range"], findings[0]["range"]);

    // Mended, behind the ant: nothing is found any more.
    editor.tell(
        "textDocument/didChange",
        &change(&rules, 2, 3, [31, 35], "load"),
    );
    assert_eq!(editor.findings(&rules, 2), json!([]));

    let hover = editor.ask("textDocument/hover", &at(&rules, 3, 40));
    let told = hover["result"]["contents"]["value"]
        .as_str()
        .expect("Markdown");
    assert!(
        told.starts_with("```trap\nconst LIMIT: float = 0.9\n```"),
        "{told}"
    );
    let hover = editor.ask("textDocument/hover", &at(&rules, 0, 6));
    let told = hover["result"]["contents"]["value"]
        .as_str()
        .expect("Markdown");
    assert!(
        told.starts_with("```trap\nrule hot\n```\n\n🐜 hot\n\n```text\n  state  "),
        "{told}"
    );
    assert!(told.contains("\n  timers    1 a key\n"), "{told}");
    let nothing = editor.ask("textDocument/hover", &at(&rules, 0, 2));
    assert_eq!(nothing["result"], Value::Null);

    let definition = editor.ask("textDocument/definition", &at(&rules, 3, 32));
    assert_eq!(definition["result"][0]["uri"], types);
    assert_eq!(
        definition["result"][0]["range"]["start"],
        json!({ "line": 1, "character": 24 })
    );

    let mut params = at(&types, 1, 13);
    params["context"] = json!({ "includeDeclaration": true });
    // A file that is not open is the editor's to open first.
    let refused = editor.ask("textDocument/references", &params);
    assert_eq!(refused["error"]["code"], -32803, "{refused}");
    params["textDocument"]["uri"] = json!(rules);
    params["position"] = json!({ "line": 4, "character": 10 });
    let references = editor.ask("textDocument/references", &params);
    assert_eq!(
        references["result"].as_array().map(Vec::len),
        Some(4),
        "{references}"
    );

    let symbols = editor.ask(
        "textDocument/documentSymbol",
        &json!({ "textDocument": { "uri": rules } }),
    );
    assert_eq!(symbols["result"][0]["name"], "hot");
    assert_eq!(symbols["result"][0]["detail"], "🐜 hot");
    assert_eq!(
        symbols["result"][0]["range"]["end"],
        json!({ "line": 7, "character": 1 })
    );

    let tokens = editor.ask(
        "textDocument/semanticTokens/full",
        &json!({ "textDocument": { "uri": rules } }),
    );
    let data = tokens["result"]["data"].as_array().expect("numbers");
    assert_eq!(data.len() % 5, 0);
    assert_eq!(data[..10], [0, 0, 4, 0, 0, 0, 5, 3, 10, 1].map(Value::from));

    // What is being written is proposed by what was understood before.
    editor.tell(
        "textDocument/didChange",
        &change(&rules, 3, 3, [30, 35], "."),
    );
    let proposed = editor.ask("textDocument/completion", &at(&rules, 3, 31));
    let items = proposed["result"]["items"].as_array().expect("a list");
    assert_eq!(items[0]["label"], "host", "{proposed}");
    assert_eq!(items[1]["label"], "load");
    assert_eq!(items[1]["detail"], "load: float");
    let range = &items[1]["textEdit"]["range"];
    assert_eq!(range["start"], json!({ "line": 3, "character": 31 }));
    editor.tell(
        "textDocument/didChange",
        &change(&rules, 4, 3, [30, 31], ".load"),
    );

    let place = editor.ask("textDocument/prepareRename", &at(&rules, 4, 10));
    assert_eq!(place["result"]["placeholder"], "host", "{place}");
    let mut params = at(&rules, 4, 10);
    params["newName"] = json!("machine");
    let edit = editor.ask("textDocument/rename", &params);
    let files = edit["result"]["documentChanges"].as_array().expect("files");
    assert_eq!(
        files[0]["textDocument"],
        json!({ "uri": rules, "version": 4 }),
        "{edit}"
    );
    assert_eq!(files[0]["edits"].as_array().map(Vec::len), Some(3));
    assert_eq!(
        files[1]["textDocument"],
        json!({ "uri": types, "version": null })
    );
    assert_eq!(files[1]["edits"][1]["newText"], " = \"data.host\"");
    params["newName"] = json!("load");
    let refused = editor.ask("textDocument/rename", &params);
    let why = refused["error"]["message"].as_str().expect("a reason");
    assert!(why.contains("there is a field `load` already"), "{why}");

    // Layout.
    let text = "event a{x:int}\n";
    let other = uri(here.path(), "other.trap");
    editor.open(&other, text);
    let params = json!({
        "textDocument": { "uri": other },
        "options": { "tabSize": 4, "insertSpaces": true },
    });
    let laid_out = editor.ask("textDocument/formatting", &params);
    assert_eq!(
        laid_out["result"][0]["newText"], "event a { x: int }\n",
        "{laid_out}"
    );

    assert_eq!(editor.end(), Some(0));
}

#[test]
fn files_are_one_set_with_those_that_are_open() {
    let here = folder(&[
        ("a/types.trap", TYPES),
        ("a/rules.trap", ""),
        ("b/rules.trap", TYPES),
    ]);
    let mut editor = Editor::new(here.path());
    let rules = uri(here.path(), "a/rules.trap");
    let types = uri(here.path(), "a/types.trap");
    // The folders declare the same, so each is a set.
    editor.open(&rules, &mended());
    assert_eq!(editor.findings(&rules, 1), json!([]));
    // A change of one file is found in another.
    editor.open(&types, TYPES);
    assert_eq!(editor.findings(&types, 1), json!([]));
    editor.tell(
        "textDocument/didChange",
        &change(&types, 2, 1, [24, 28], "level"),
    );
    let findings = editor.wait(|message| {
        message["params"]["uri"] == *rules
            && message["params"]["diagnostics"]
                .as_array()
                .is_some_and(|found| !found.is_empty())
    });
    assert_eq!(
        findings["params"]["diagnostics"][0]["code"], "TJ0105",
        "{findings}"
    );
    // What is on the disk counts again.
    editor.tell(
        "textDocument/didClose",
        &json!({ "textDocument": { "uri": types } }),
    );
    let findings = editor.wait(|message| {
        message["params"]["uri"] == *rules && message["params"]["diagnostics"] == json!([])
    });
    assert_eq!(findings["params"]["version"], 1);
    assert_eq!(editor.end(), Some(0));
}

#[test]
fn related_places_are_told_in_their_files() {
    let here = folder(&[("a.trap", "event e { x: int }\n"), ("b.trap", "")]);
    let mut editor = Editor::new(here.path());
    let second = uri(here.path(), "b.trap");
    editor.open(&second, "event e { x: int }\n");
    let findings = editor.findings(&second, 1);
    assert_eq!(findings[0]["code"], "TJ0101");
    let related = &findings[0]["relatedInformation"][0];
    assert_eq!(related["location"]["uri"], uri(here.path(), "a.trap"));
    assert_eq!(related["message"], "declared here");
    assert_eq!(editor.end(), Some(0));
}

#[test]
fn the_configuration_says_which_files_and_actions() {
    let here = folder(&[
        (
            "trapjaw.toml",
            "rules = [\"rules\"]\n[actions.page]\ntype = \"log\"\n",
        ),
        ("rules/types.trap", TYPES),
        ("rules/more/rules.trap", ""),
        ("old/types.trap", TYPES),
    ]);
    let mut editor = Editor::new(here.path());
    let rules = uri(here.path(), "rules/more/rules.trap");
    editor.open(&rules, "rule r { on c: cpu do  }\n");
    let proposed = editor.ask("textDocument/completion", &at(&rules, 0, 22));
    let items = proposed["result"]["items"].as_array().expect("a list");
    let labels: Vec<&str> = items
        .iter()
        .filter_map(|item| item["label"].as_str())
        .collect();
    assert_eq!(labels, ["log", "page"], "{proposed}");
    assert_eq!(items[1]["textEdit"]["newText"], "page($0)");
    assert_eq!(editor.end(), Some(0));
}

#[test]
fn tables_are_read_again_when_they_change() {
    let table = "table owners from \"owners.csv\" key host { host: text, team: text }\n";
    let here = folder(&[("owners.csv", "host,team\nweb-1,shop\n"), ("a.trap", table)]);
    let mut editor = Editor::new(here.path());
    let rules = uri(here.path(), "a.trap");
    editor.open(&rules, table);
    assert_eq!(editor.findings(&rules, 1), json!([]));
    std::fs::write(
        here.path().join("owners.csv"),
        "host,team\nweb-1,shop\nweb-1,again\n",
    )
    .expect("a file");
    let csv = uri(here.path(), "owners.csv");
    editor.tell(
        "workspace/didChangeWatchedFiles",
        &json!({ "changes": [{ "uri": csv, "type": 2 }] }),
    );
    let found = editor.wait(|message| message["params"]["uri"] == *csv);
    assert_eq!(
        found["params"]["diagnostics"][0]["range"]["start"]["line"], 2,
        "{found}"
    );
    assert_eq!(editor.end(), Some(0));
}

#[test]
fn a_text_that_is_no_file_is_a_set_of_its_own() {
    let here = folder(&[("a.trap", TYPES)]);
    let mut editor = Editor::new(here.path());
    editor.open("untitled:Untitled-1", TYPES);
    assert_eq!(editor.findings("untitled:Untitled-1", 1), json!([]));
    let hover = editor.ask("textDocument/hover", &at("untitled:Untitled-1", 1, 8));
    let told = hover["result"]["contents"]["value"]
        .as_str()
        .expect("Markdown");
    assert!(told.contains("A sample of one machine."), "{told}");
    assert_eq!(editor.end(), Some(0));
}

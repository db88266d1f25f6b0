//! What no editor would say.

use serde_json::{Value, json};

use super::editor::{Editor, at, uri};
use crate::rig::folder;

fn code(answer: &Value) -> i64 {
    answer["error"]["code"]
        .as_i64()
        .unwrap_or_else(|| panic!("no error: {answer}"))
}

#[test]
fn malformed_messages_are_answered_and_passed_over() {
    let here = folder(&[("a.trap", "event e { x: int }\n")]);
    let mut editor = Editor::new(here.path());
    let frames: [(&[u8], i64); 9] = [
        (b"nonsense\r\n\r\n", -32700),
        (b"Content-Length: many\r\n\r\n", -32700),
        (b"Content-Length: 3\r\n\r\n{]}", -32700),
        (b"Content-Length: 2\r\n\r\n\xff\xfe", -32700),
        (b"Content-Length: 2\r\n\r\n[]", -32600),
        (b"Content-Length: 17\r\n\r\n{\"jsonrpc\":\"2.0\"}", -32600),
        (b"Content-Length: 0\r\n\r\n", -32700),
        (b"\r\n", -32700),
        (&[b"x".repeat(20_000), b"\r\n".to_vec()].concat(), -32700),
    ];
    for (frame, expected) in frames {
        editor.send_raw(frame);
        let answer = editor.wait(|message| message.get("error").is_some());
        assert_eq!(
            (code(&answer), &answer["id"]),
            (expected, &Value::Null),
            "{answer}"
        );
    }
    // One that is too long is read to its end, and what follows is understood.
    let long = (64 << 20) + 1;
    editor.send_raw(format!("Content-Length: {long}\r\n\r\n").as_bytes());
    for _ in 0..64 {
        editor.send_raw(&vec![b' '; 1 << 20]);
    }
    editor.send_raw(b" ");
    let answer = editor.wait(|message| message.get("error").is_some());
    assert_eq!(code(&answer), -32700, "{answer}");
    let rules = uri(here.path(), "a.trap");
    editor.open(&rules, "event e { x: int }\n");
    assert_eq!(editor.findings(&rules, 1), json!([]));
    assert_eq!(editor.end(), Some(0));
}

#[test]
fn requests_out_of_turn_and_without_sense_get_an_error() {
    let here = folder(&[("a.trap", "event e { x: int }\n")]);
    let mut editor = Editor::silent(here.path(), &[]);
    let answer = editor.ask("textDocument/hover", &at("file:///x", 0, 0));
    assert_eq!(code(&answer), -32002, "{answer}");
    let answer = editor.ask("initialize", &json!([]));
    assert_eq!(code(&answer), -32602, "{answer}");
    let greeting = json!({ "processId": null, "rootUri": null, "capabilities": {} });
    let answer = editor.ask("initialize", &greeting);
    assert!(answer["result"]["capabilities"].is_object(), "{answer}");
    assert_eq!(code(&editor.ask("initialize", &greeting)), -32600);
    assert_eq!(code(&editor.ask("trapjaw/nonsense", &Value::Null)), -32601);
    assert_eq!(
        code(&editor.ask("textDocument/hover", &Value::Null)),
        -32602
    );
    assert_eq!(
        code(&editor.ask(
            "textDocument/hover",
            &json!({ "textDocument": { "uri": 5 } })
        )),
        -32602
    );
    assert_eq!(
        code(&editor.ask("textDocument/hover", &at("file:///not/open.trap", 0, 0))),
        -32803
    );
    let rules = uri(here.path(), "a.trap");
    editor.open(&rules, "event e { x: int }\n");
    let mut wrong = at(&rules, 0, 0);
    wrong["position"] = json!({ "line": -1, "character": "x" });
    assert_eq!(code(&editor.ask("textDocument/hover", &wrong)), -32602);
    // Places beyond the text are its end.
    let answer = editor.ask(
        "textDocument/hover",
        &at(&rules, 4_000_000_000, 4_000_000_000),
    );
    assert_eq!(answer["result"], Value::Null, "{answer}");
    // Notifications without sense are logged, and change nothing.
    editor.tell(
        "textDocument/didChange",
        &json!({ "textDocument": { "uri": rules } }),
    );
    let logged = editor.wait(|message| message["method"] == "window/logMessage");
    assert_eq!(logged["params"]["type"], 1);
    editor.tell(
        "textDocument/didClose",
        &json!({ "textDocument": { "uri": "file:///never/opened" } }),
    );
    editor.tell("$/unknown", &json!({}));
    assert_eq!(editor.ask("shutdown", &Value::Null)["result"], Value::Null);
    assert_eq!(
        code(&editor.ask("textDocument/hover", &at(&rules, 0, 7))),
        -32600
    );
    editor.tell("exit", &Value::Null);
    assert_eq!(editor.hang_up(), Some(0));
}

#[test]
fn an_editor_that_goes_away_leaves_no_server_behind() {
    let here = folder(&[("a.trap", "")]);
    let editor = Editor::new(here.path());
    assert_eq!(editor.hang_up(), Some(1));
    let mut editor = Editor::new(here.path());
    editor.tell("exit", &Value::Null);
    assert_eq!(editor.hang_up(), Some(1));
}

#[test]
fn a_flood_of_nonsense_ends_the_session() {
    let here = folder(&[("a.trap", "")]);
    let mut editor = Editor::silent(here.path(), &[]);
    // As many as are answered, and one more.
    editor.send_raw(&b"\r\n".repeat(101));
    for _ in 0..101 {
        editor.wait(|message| message.get("error").is_some());
    }
    assert_eq!(editor.hang_up(), Some(1));
}

#[test]
fn a_request_that_is_cancelled_is_answered_all_the_same() {
    let here = folder(&[("a.trap", "")]);
    let mut editor = Editor::new(here.path());
    let rules = uri(here.path(), "a.trap");
    editor.open(&rules, &super::speed::many_rules(1_000));
    // The first one has the set checked; the second waits behind it.
    let params = json!({ "textDocument": { "uri": rules } });
    let first = editor.request("textDocument/documentSymbol", &params);
    let second = editor.request("textDocument/documentSymbol", &params);
    editor.tell("$/cancelRequest", &json!({ "id": second }));
    editor.tell("$/cancelRequest", &json!({ "id": 999 }));
    assert!(editor.answer(first)["result"].is_array());
    assert_eq!(code(&editor.answer(second)), -32800);
    assert_eq!(editor.end(), Some(0));
}

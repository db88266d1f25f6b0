//! A file of a thousand rules stays responsive.

use std::fmt::Write;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::editor::{Editor, at, uri};
use crate::rig::folder;

/// What any answer may take, on a machine that does much else and with a build for tests. What it takes is printed.
const GENEROUS: Duration = Duration::from_secs(10);

/// A file with so many rules of several kinds, six lines each, behind two lines of types.
pub(super) fn many_rules(count: usize) -> String {
    let mut text = String::from(
        "event cpu { host: text, load: float, core: int? }\n\
         event login { user: text, ip: ip, ok: bool }\n",
    );
    for number in 0..count {
        let rule = match number % 3 {
            0 => format!("    on c: cpu\n    where c.load > {number} / 1000 and c.host starts_with \"web-\"\n    by c.host for 5m\n    do page(text: \"{{c.host}}\")\n"),
            1 => format!("    on c: cpu\n    by c.host over {}s\n    having avg(c.load) > 80% and count() > 3\n    do page(text: \"{{c.host}}\")\n", number + 1),
            _ => "    match f: login[not ok]{3} -> w: login[ok and ip == f.last.ip]\n    by user\n    within 5m\n    do page(text: \"{w.user}\")\n".to_owned(),
        };
        let _ = write!(text, "rule r{number} {{\n{rule}}}\n");
    }
    text
}

/// The line of a rule's name.
fn line_of(rule: usize) -> u32 {
    2 + 6 * rule as u32
}

#[test]
fn a_thousand_rules() {
    let here = folder(&[("rules.trap", "")]);
    let mut editor = Editor::new(here.path());
    let rules = uri(here.path(), "rules.trap");
    let text = many_rules(1_000);
    let mut told = vec![format!("{} rules, {} bytes", 1_000, text.len())];
    let mut tell = |what: &str, took: Duration| {
        told.push(format!("{what:<32}{:>8.1} ms", took.as_secs_f64() * 1e3));
        assert!(took < GENEROUS, "{what} took {took:?}");
    };

    let began = Instant::now();
    editor.open(&rules, &text);
    assert_eq!(editor.findings(&rules, 1), json!([]));
    tell("open to findings", began.elapsed());

    // A letter is typed, and taken back.
    let line = line_of(501) + 2;
    let change = |version: i64, from: u32, to: u32, text: &str| {
        json!({
            "textDocument": { "uri": rules, "version": version },
            "contentChanges": [{
                "range": {
                    "start": { "line": line, "character": from },
                    "end": { "line": line, "character": to },
                },
                "text": text,
            }],
        })
    };
    let before = text.lines().nth(line as usize).expect("a line");
    let place = before.find("c.load").expect("a field") as u32 + 6;
    let began = Instant::now();
    editor.tell("textDocument/didChange", &change(2, place, place, "x"));
    let findings = editor.findings(&rules, 2);
    assert_eq!(findings.as_array().map(Vec::len), Some(1), "{findings}");
    tell("a letter to findings", began.elapsed());

    // Behind each letter of a word there are proposals at once: they need not wait for findings.
    editor.tell(
        "textDocument/didChange",
        &change(3, place - 4, place + 1, ""),
    );
    let mut most = Duration::ZERO;
    for (number, letter) in ["l", "o", "a", "d"].into_iter().enumerate() {
        let column = place - 4 + number as u32;
        let began = Instant::now();
        let version = 4 + number as i64;
        editor.tell(
            "textDocument/didChange",
            &change(version, column, column, letter),
        );
        let proposed = editor.ask("textDocument/completion", &at(&rules, line, column + 1));
        most = most.max(began.elapsed());
        let items = proposed["result"]["items"].as_array().expect("a list");
        assert!(
            items.iter().any(|item| item["label"] == "load"),
            "{proposed}"
        );
    }
    tell("a letter to proposals", most);
    assert_eq!(editor.findings(&rules, 7), json!([]));

    let mut ask = |what: &str, method: &str, params: &Value| {
        let began = Instant::now();
        let answer = editor.ask(method, params);
        tell(what, began.elapsed());
        assert!(answer.get("error").is_none(), "{answer}");
        answer["result"].clone()
    };
    let place_of_field = at(&rules, line, place - 2);
    let hover = ask("hover of a field", "textDocument/hover", &place_of_field);
    assert!(
        hover["contents"]["value"]
            .as_str()
            .is_some_and(|told| told.contains("cpu.load")),
        "{hover}"
    );
    let hover = ask(
        "hover of a rule, with bounds",
        "textDocument/hover",
        &at(&rules, line_of(500), 6),
    );
    assert!(
        hover["contents"]["value"]
            .as_str()
            .is_some_and(|told| told.contains("timers")),
        "{hover}"
    );
    let found = ask("definition", "textDocument/definition", &place_of_field);
    assert_eq!(found[0]["range"]["start"]["line"], 0);
    let mut params = place_of_field.clone();
    params["context"] = json!({ "includeDeclaration": true });
    let found = ask("references of a field", "textDocument/references", &params);
    // One in each rule of the first two kinds, and the declaration.
    assert_eq!(found.as_array().map(Vec::len), Some(334 + 333 + 1));
    let mut params = place_of_field.clone();
    params["newName"] = json!("level");
    let edit = ask(
        "rename of a field in 667 rules",
        "textDocument/rename",
        &params,
    );
    let edits = edit["documentChanges"][0]["edits"].as_array();
    assert_eq!(edits.map(Vec::len), Some(334 + 333 + 2));
    let whole = json!({ "textDocument": { "uri": rules } });
    let found = ask("outline", "textDocument/documentSymbol", &whole);
    assert_eq!(found.as_array().map(Vec::len), Some(1_002));
    let found = ask("tokens", "textDocument/semanticTokens/full", &whole);
    assert!(
        found["data"]
            .as_array()
            .is_some_and(|data| data.len() > 100_000)
    );
    let params = json!({
        "textDocument": { "uri": rules },
        "options": { "tabSize": 4, "insertSpaces": true },
    });
    let laid_out = ask("layout", "textDocument/formatting", &params);
    assert!(
        laid_out[0]["newText"]
            .as_str()
            .is_some_and(|text| text.contains("by c.host\n")),
        "{laid_out}"
    );
    assert_eq!(editor.end(), Some(0));
    println!("{}", told.join("\n"));
}

//! `trapjaw check`.

use std::process::Stdio;

use snapbox::str;

use crate::rig::{beside, command, examples, folder};

const FINE: &str = "event login { user: text, ok: bool }\n\
    rule failed { on l: login where not l.ok by l.user do page(user: l.user) }\n";
const ODD: &str = "event login { user: text }\nrule twice { on l: login | login }\n";
const WRONG: &str = "event login { user: text, ok: bool }\n\
    rule failed {\n    on l: login\n    were not l.ok\n}\n";

#[test]
fn sound_rules_are_silent() {
    let here = folder(&[("rules/a.trap", FINE)]);
    command(here.path(), &["check", "rules/a.trap"])
        .assert()
        .code(0)
        .stdout_eq("")
        .stderr_eq("");
    command(here.path(), &["check", "rules", "--output", "json"])
        .assert()
        .code(0)
        .stdout_eq("");
    for example in std::fs::read_dir(examples()).expect("there are examples") {
        let path = example.expect("an example").path();
        if path.is_dir() {
            let path = path.to_str().expect("a path");
            command(here.path(), &["check", path]).assert().code(0);
        }
    }
}

#[test]
fn warnings_are_findings() {
    let here = folder(&[("odd.trap", ODD)]);
    command(here.path(), &["check", "odd.trap"])
        .assert()
        .code(1)
        .stderr_eq("")
        .stdout_eq(str![[r#"
warning[TJ0316]: `login` is named already
 --> odd.trap:2:28
  |
2 | rule twice { on l: login | login }
  |                    -----   ^^^^^
  |                    |
  |                    here

"#]]);
    command(here.path(), &["check", "odd.trap", "--output", "json"])
        .assert()
        .code(1)
        .stdout_eq(str![[r#"
{"code":"TJ0316","end":{"column":33,"line":2,"offset":59},"file":"odd.trap","help":[],"label":"","labels":[{"end":{"column":25,"line":2,"offset":51},"file":"odd.trap","message":"here","start":{"column":20,"line":2,"offset":46}}],"message":"`login` is named already","notes":[],"severity":"warning","start":{"column":28,"line":2,"offset":54},"suggestion":null}

"#]]);
}

#[test]
fn errors_have_a_place_and_what_was_meant() {
    let here = folder(&[("wrong.trap", WRONG)]);
    command(here.path(), &["check", "wrong.trap"])
        .assert()
        .code(2)
        .stderr_eq("")
        .stdout_eq(str![[r#"
error[TJ0014]: expected a clause of the rule or `}`, found `were`
 --> wrong.trap:4:5
  |
4 |     were not l.ok
  |     ^^^^
  |
help: did you mean `where`?
  |
4 |     where not l.ok
  |      +

"#]]);
    command(here.path(), &["check", "--output", "json", "wrong.trap"])
        .assert()
        .code(2)
        .stderr_eq("")
        .stdout_eq(str![[r#"
{"code":"TJ0014","end":{"column":9,"line":4,"offset":75},"file":"wrong.trap","help":[],"label":"","labels":[],"message":"expected a clause of the rule or `}`, found `were`","notes":[],"severity":"error","start":{"column":5,"line":4,"offset":71},"suggestion":{"end":{"column":9,"line":4,"offset":75},"file":"wrong.trap","message":"did you mean `where`?","replacement":"where","start":{"column":5,"line":4,"offset":71}}}

"#]]);
}

#[test]
fn files_that_are_not_there_are_no_fault_of_the_rules() {
    let here = folder(&[("empty/readme", "")]);
    command(here.path(), &["check", "missing.trap"])
        .assert()
        .code(3)
        .stdout_eq(str![[r#"
error[E_RULES_FILE]: missing.trap: No such file or directory (os error 2)

"#]]);
    command(here.path(), &["check", "empty"])
        .assert()
        .code(3)
        .stdout_eq(str![[r#"
error[E_RULES_FILE]: empty: there are no rule files (`*.trap`)

"#]]);
}

#[test]
fn files_that_are_named_together_are_one_rule_set() {
    let here = folder(&[("a/rules.trap", FINE), ("b/rules.trap", ODD)]);
    command(here.path(), &["check", "a", "b"])
        .assert()
        .code(2)
        .stdout_eq(str![[r#"
error[TJ0101]: there is a type `login` already
 --> b/rules.trap:1:7
  |
1 | event login { user: text }
  |       ^^^^^ declared again
  |
 ::: a/rules.trap:1:7
  |
1 | event login { user: text, ok: bool }
  |       ----- declared here

warning[TJ0316]: `login` is named already
 --> b/rules.trap:2:28
  |
2 | rule twice { on l: login | login }
  |                    -----   ^^^^^
  |                    |
  |                    here

"#]]);
}

#[test]
fn actions_are_looked_for_where_a_configuration_is_named() {
    let here = folder(&[
        ("rules/a.trap", FINE),
        (
            "without.toml",
            "rules = [\"rules\"]\n[actions.pager]\ntype = \"log\"\n",
        ),
        (
            "with.toml",
            "rules = [\"rules\"]\n[actions.page]\ntype = \"run\"\nargv = [\"true\"]\n",
        ),
    ]);
    command(here.path(), &["check", "--config", "without.toml"])
        .assert()
        .code(3)
        .stderr_eq("")
        .stdout_eq(str![[r#"
error[E_ACTION_UNKNOWN]: rule `failed` calls `page`, which is no configured action
 --> rules/a.trap:2:55
help: did you mean `pager`? Otherwise add it to trapjaw.toml:

    [actions.page]
    type = "webhook"
    url = "http://127.0.0.1:8080/page"

"#]]);
    command(
        here.path(),
        &["check", "--config", "without.toml", "--output", "json"],
    )
    .assert()
    .code(3)
    .stdout_eq(str![[r#"
{"code":"E_ACTION_UNKNOWN","file":"rules/a.trap","help":["did you mean `pager`? Otherwise add it to trapjaw.toml:\n\n    [actions.page]\n    type = \"webhook\"\n    url = \"http://127.0.0.1:8080/page\"\n"],"message":"rule `failed` calls `page`, which is no configured action","severity":"error","start":{"column":55,"line":2}}

"#]]);
    command(here.path(), &["check", "--config", "with.toml"])
        .assert()
        .code(0)
        .stdout_eq("");
}

#[test]
fn all_that_is_wrong_with_a_configuration_is_told_with_its_place() {
    let here = folder(&[
        ("a.trap", FINE),
        (
            "wrong.toml",
            "[servr]\n[engine]\nshards = \"4\"\n[actions.page]\ntype = \"webhok\"\n",
        ),
    ]);
    command(here.path(), &["check", "--config", "wrong.toml", "a.trap"])
        .assert()
        .code(3)
        .stderr_eq("")
        .stdout_eq(str![[r#"
error[E_CONFIG_KEY]: unknown key `servr` in the configuration
 --> wrong.toml:1:2
  |
1 | [servr]
  |  ^^^^^
help: did you mean `server`?

error[E_CONFIG_VALUE]: `shards` is a whole number from 1 to 256, not this text
 --> wrong.toml:3:10
  |
3 | shards = "4"
  |          ^^^

error[E_CONFIG_VALUE]: `type` is "log" or "webhook" or "run", not this text
 --> wrong.toml:5:8
  |
5 | type = "webhok"
  |        ^^^^^^^^
help: did you mean "webhook"?

"#]]);
    let args = ["check", "--config", "wrong.toml", "--output", "json"];
    command(here.path(), &args)
        .assert()
        .code(3)
        .stdout_eq(str![[r#"
{"code":"E_CONFIG_KEY","file":"wrong.toml","help":["did you mean `server`?"],"message":"unknown key `servr` in the configuration","severity":"error","start":{"column":2,"line":1}}
{"code":"E_CONFIG_VALUE","file":"wrong.toml","message":"`shards` is a whole number from 1 to 256, not this text","severity":"error","start":{"column":10,"line":3}}
{"code":"E_CONFIG_VALUE","file":"wrong.toml","help":["did you mean \"webhook\"?"],"message":"`type` is \"log\" or \"webhook\" or \"run\", not this text","severity":"error","start":{"column":8,"line":5}}

"#]]);
}

#[test]
fn the_exit_code_tells_also_where_nobody_reads() {
    let here = folder(&[("wrong.trap", WRONG)]);
    let (reader, writer) = std::io::pipe().expect("a pipe");
    drop(reader);
    let mut check = beside(here.path(), &["check", "wrong.trap"]);
    let ended = check.stdout(writer).stderr(Stdio::piped()).output();
    let ended = ended.expect("it runs");
    assert_eq!(ended.status.code(), Some(2));
    assert_eq!(String::from_utf8_lossy(&ended.stderr), "");
}

#[test]
fn findings_are_annotations_of_a_workflow() {
    let here = folder(&[("wrong.trap", WRONG), ("odd.trap", ODD)]);
    command(here.path(), &["check", "--output", "github", "wrong.trap"])
        .assert()
        .code(2)
        .stderr_eq("")
        .stdout_eq(str![[r#"
::error file=wrong.trap,line=4,col=5,endColumn=9,title=TJ0014%3A something that is no clause::expected a clause of the rule or `}`, found `were`%0Adid you mean `where`?

"#]]);
    command(here.path(), &["check", "--output", "github", "odd.trap"])
        .assert()
        .code(1)
        .stderr_eq("")
        .stdout_eq(str![[r#"
::warning file=odd.trap,line=2,col=28,endColumn=33,title=TJ0316%3A an event type is named twice::`login` is named already

"#]]);
    command(
        here.path(),
        &["check", "--output", "github", "missing.trap"],
    )
    .assert()
    .code(3)
    .stdout_eq(str![[r#"
::error file=missing.trap,title=E_RULES_FILE::missing.trap: No such file or directory (os error 2)

"#]]);
}

#[test]
fn findings_are_a_log_for_code_scanning() {
    let here = folder(&[("rules/wrong.trap", WRONG), ("fine.trap", FINE)]);
    let args = [
        "check",
        "--output",
        "sarif",
        "--docs",
        "https://rules.example",
        "rules",
    ];
    command(here.path(), &args)
        .assert()
        .code(2)
        .stderr_eq("")
        .stdout_eq(str![[r#"
{
  "$schema": "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json",
  "runs": [
    {
      "columnKind": "utf16CodeUnits",
      "results": [
        {
          "fixes": [
            {
              "artifactChanges": [
                {
                  "artifactLocation": {
                    "uri": "rules/wrong.trap",
                    "uriBaseId": "%SRCROOT%"
                  },
                  "replacements": [
                    {
                      "deletedRegion": {
                        "endColumn": 9,
                        "endLine": 4,
                        "startColumn": 5,
                        "startLine": 4
                      },
                      "insertedContent": {
                        "text": "where"
                      }
                    }
                  ]
                }
              ],
              "description": {
                "text": "did you mean `where`?"
              }
            }
          ],
          "level": "error",
          "locations": [
            {
              "physicalLocation": {
                "artifactLocation": {
                  "uri": "rules/wrong.trap",
                  "uriBaseId": "%SRCROOT%"
                },
                "region": {
                  "endColumn": 9,
                  "endLine": 4,
                  "startColumn": 5,
                  "startLine": 4
                }
              }
            }
          ],
          "message": {
            "text": "expected a clause of the rule or `}`, found `were`\ndid you mean `where`?"
          },
          "ruleId": "TJ0014",
          "ruleIndex": 0
        }
      ],
      "tool": {
        "driver": {
          "name": "trapjaw",
          "rules": [
            {
              "fullDescription": {
                "text": "A rule is made of clauses, each of which begins with its word. Nothing stands between them."
              },
              "help": {
                "markdown": "A rule is made of clauses, each of which begins with its word. Nothing stands between them.\n\nWrong:\n\n```\nrule r { on c: cpu_usage wher c.load > 90% do log(\"x\") }\n```\n\nRight:\n\n```\nrule r { on c: cpu_usage where c.load > 90% do log(\"x\") }\n```",
                "text": "A rule is made of clauses, each of which begins with its word. Nothing stands between them."
              },
              "helpUri": "https://rules.example/errors.html#tj0014-something-that-is-no-clause",
              "id": "TJ0014",
              "shortDescription": {
                "text": "something that is no clause"
              }
            }
          ],
          "semanticVersion": "0.1.0"
        }
      }
    }
  ],
  "version": "2.1.0"
}

"#]]);
    command(here.path(), &["check", "--output", "sarif", "fine.trap"])
        .assert()
        .code(0)
        .stdout_eq(str![[r#"
{
  "$schema": "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json",
  "runs": [
    {
      "columnKind": "utf16CodeUnits",
      "results": [],
      "tool": {
        "driver": {
          "name": "trapjaw",
          "rules": [],
          "semanticVersion": "0.1.0"
        }
      }
    }
  ],
  "version": "2.1.0"
}

"#]]);
}

#[test]
fn a_configuration_s_findings_have_the_same_forms() {
    let here = folder(&[
        ("a.trap", FINE),
        ("wrong.toml", "[servr]\n# 🐜\n[engine]\nshards = \"4\"\n"),
    ]);
    let args = [
        "check",
        "--config",
        "wrong.toml",
        "a.trap",
        "--output",
        "github",
    ];
    command(here.path(), &args)
        .assert()
        .code(3)
        .stdout_eq(str![[r#"
::error file=wrong.toml,line=1,col=2,endColumn=7,title=E_CONFIG_KEY::unknown key `servr` in the configuration%0Adid you mean `server`?
::error file=wrong.toml,line=4,col=10,endColumn=13,title=E_CONFIG_VALUE::`shards` is a whole number from 1 to 256, not this text

"#]]);
}

//! `trapjaw eval`.

use snapbox::str;

use crate::rig::{command, folder};

const RULES: &str = "event cpu { host: text, load: float, core: int? }\nconst HIGH = 90%\n";

#[test]
fn an_expression_is_evaluated_over_an_event() {
    let folder = folder(&[
        ("rules.trap", RULES),
        (
            "day.ndjson",
            "{\"type\":\"cpu\",\"host\":\"a\",\"load\":0.5}\n",
        ),
    ]);
    let value = |args: &[&str], value: &str| {
        command(folder.path(), args)
            .assert()
            .success()
            .stdout_eq(format!("{value}\n"));
    };
    value(&["eval", "1 + 2 * 3"], "7");
    value(
        &["eval", "load > 90%", "--event", r#"{"load":0.95}"#],
        "true",
    );
    value(
        &[
            "eval",
            "--rules",
            "rules.trap",
            "--events",
            "day.ndjson",
            "load > HIGH",
        ],
        "false",
    );
    value(
        &[
            "eval",
            "--rules",
            "rules.trap",
            "--events",
            "day.ndjson",
            "core ?? -1",
        ],
        "-1",
    );
    command(
        folder.path(),
        &["eval", "laod > 1", "--event", r#"{"load":0.95}"#],
    )
    .assert()
    .code(2)
    .stdout_eq("")
    .stderr_eq(str![[r#"
error[TJ0106]: nothing is called `laod` here
 --> expression:1:1
  |
1 | laod > 1
  | ^^^^
  |
help: did you mean `load`?
  |
1 - laod > 1
1 + load > 1
  |

"#]]);
    command(folder.path(), &["eval", "1", "--event", "nothing"])
        .assert()
        .code(3);
}

#[test]
fn lines_are_evaluated_one_after_the_other() {
    let folder = folder(&[]);
    command(folder.path(), &["eval"])
        .stdin("1 + 1\n:event {\"host\":\"web-1\"}\nhost contains \"web\"\n:nonsense\nhost +\n:quit\n1\n")
        .assert()
        .success()
        .stdout_eq(str![[r#"
2
true
there is no :nonsense; :help tells what there is
error[TJ0001]: expected an expression, found the end of the expression
 --> expression:1:7
  |
1 | host +
  |       ^

"#]]);
}

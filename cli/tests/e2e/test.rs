//! `trapjaw test`.

use snapbox::str;

use crate::rig::{command, folder};

const RULES: &str = r#"event cpu { host: text, load: float }

rule hot { on c: cpu where c.load > 90% by c.host for 5m do page(text: "{c.host} is hot") }

test "alerts after five minutes, once" {
    at 0s cpu { host: "a", load: 95% } repeat every 10s until 6m
    expect hot at 5m { host: "a" }
}
"#;

const WRONG: &str = r#"
test "alerts at once" {
    at 0s cpu { host: "a", load: 95% } repeat every 10s until 6m
    expect hot at 0s
    expect no hot { text: "a is hot" }
    expect hot { kind: cleared }
}
"#;

#[test]
fn tests_that_pass_are_told_in_a_line() {
    let folder = folder(&[("rules.trap", RULES)]);
    command(folder.path(), &["test", "rules.trap"])
        .assert()
        .success()
        .stdout_eq(str![[r#"
ok    rules.trap:5  alerts after five minutes, once
1 test, all passed

"#]])
        .stderr_eq("");
}

#[test]
fn a_failure_comes_with_its_timeline() {
    let folder = folder(&[("rules.trap", &format!("{RULES}{WRONG}"))]);
    command(folder.path(), &["test", "--quiet", "rules.trap"])
        .assert()
        .code(1)
        .stdout_eq(str![[r#"
FAIL  rules.trap:10  alerts at once

        0s     at 0s cpu { host: "a", load: 95% } repeat every 10s until 6m
        0s  x  MISSING  expect hot at 0s
        5m  x  REFUSED  raised hot host=a text=a is hot, by expect no hot { text: "a is hot" }
      ever  x  MISSING  expect hot { kind: cleared }
      6m     the end

2 tests, 1 failed

"#]]);
}

#[test]
fn junit_has_a_case_for_each_test() {
    let folder = folder(&[("rules.trap", &format!("{RULES}{WRONG}"))]);
    command(folder.path(), &["test", "--output", "junit", "rules.trap"])
        .assert()
        .code(1)
        .stdout_eq(str![[r#"
<?xml version="1.0" encoding="UTF-8"?>
<testsuites tests="2" failures="1">
  <testsuite name="rules.trap" tests="2" failures="1">
    <testcase classname="rules.trap" name="alerts after five minutes, once"/>
    <testcase classname="rules.trap" name="alerts at once">
      <failure message="rules.trap:10">        0s     at 0s cpu { host: &quot;a&quot;, load: 95% } repeat every 10s until 6m
        0s  x  MISSING  expect hot at 0s
        5m  x  REFUSED  raised hot host=a text=a is hot, by expect no hot { text: &quot;a is hot&quot; }
      ever  x  MISSING  expect hot { kind: cleared }
      6m     the end
</failure>
    </testcase>
  </testsuite>
</testsuites>

"#]]);
}

#[test]
fn coverage_tells_what_no_test_tries() {
    let folder = folder(&[("rules.trap", RULES)]);
    command(folder.path(), &["test", "--coverage", "rules.trap"])
        .assert()
        .success()
        .stdout_eq(str![[r#"
ok    rules.trap:5  alerts after five minutes, once
1 test, all passed

coverage
  hot  2 of 4
         rules.trap:3  never false: c.load > 90%
         rules.trap:3  never clears
  all  2 of 4

"#]]);
}

#[test]
fn each_folder_of_a_collection_is_a_rule_set() {
    let one = "event a { x: int }\nrule r { on a: a do log(\"one\") }\ntest \"one\" { at 0s a { x: 1 } expect r }\n";
    let other = one.replace("one", "other");
    let folder = folder(&[
        ("all/one/rules.trap", one),
        ("all/other/rules.trap", &other),
    ]);
    command(folder.path(), &["test", "all"])
        .assert()
        .success()
        .stdout_eq(str![[r#"
ok    all/one/rules.trap:3  one
ok    all/other/rules.trap:3  other
2 tests, all passed

"#]]);
    command(folder.path(), &["check", "all"]).assert().success();
}

#[test]
fn what_is_wrong_in_a_test_is_an_error_of_the_rules() {
    let folder = folder(&[("rules.trap", &RULES.replace("expect hot", "expect hto"))]);
    let told = command(folder.path(), &["test", "rules.trap"])
        .assert()
        .code(2);
    let told = String::from_utf8_lossy(&told.get_output().stderr).into_owned();
    assert!(
        told.contains("TJ0701") && told.contains("did you mean `hot`?"),
        "{told}"
    );
}

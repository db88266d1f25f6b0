//! `trapjaw fmt`.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use snapbox::str;

use crate::rig::{command, folder};

const UNTIDY: &str =
    "event login{user:text,ok:bool}\nrule failed{on l:login where not l.ok do log( \"x\" )}\n";
const TIDY: &str = "event login { user: text, ok: bool }\nrule failed { on l: login where not l.ok do log(\"x\") }\n";

#[test]
fn files_are_laid_out_in_place() {
    let folder = folder(&[("rules/a.trap", UNTIDY), ("rules/b.trap", TIDY)]);
    let path = folder.path().join("rules/a.trap");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
    command(folder.path(), &["fmt", "--check", "rules"])
        .assert()
        .code(1)
        .stdout_eq("rules/a.trap\n")
        .stderr_eq("");
    command(folder.path(), &["fmt", "rules"])
        .assert()
        .success()
        .stdout_eq("")
        .stderr_eq("");
    assert_eq!(fs::read_to_string(&path).unwrap(), TIDY);
    let mode = fs::metadata(&path).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o640);
    command(folder.path(), &["fmt", "--check", "rules"])
        .assert()
        .success()
        .stdout_eq("");
}

#[test]
fn a_difference_is_shown_and_nothing_is_written() {
    let folder = folder(&[("a.trap", UNTIDY)]);
    command(folder.path(), &["fmt", "--diff", "--check", "a.trap"])
        .assert()
        .code(1)
        .stdout_eq(str![[r#"
--- a/a.trap
+++ b/a.trap
@@ -1,2 +1,2 @@
-event login{user:text,ok:bool}
-rule failed{on l:login where not l.ok do log( "x" )}
+event login { user: text, ok: bool }
+rule failed { on l: login where not l.ok do log("x") }

"#]]);
    assert_eq!(
        fs::read_to_string(folder.path().join("a.trap")).unwrap(),
        UNTIDY
    );
}

#[test]
fn standard_input_goes_to_standard_output() {
    let folder = folder(&[]);
    command(folder.path(), &["fmt", "-"])
        .stdin(UNTIDY)
        .assert()
        .success()
        .stdout_eq(TIDY);
    command(folder.path(), &["fmt", "-"])
        .stdin(TIDY)
        .assert()
        .success()
        .stdout_eq(TIDY);
}

#[test]
fn a_file_with_syntax_errors_is_left_alone() {
    let folder = folder(&[("a.trap", "rule r { on }\n"), ("b.trap", UNTIDY)]);
    let told = command(folder.path(), &["fmt", "a.trap", "b.trap"])
        .assert()
        .code(2)
        .stdout_eq("");
    let told = String::from_utf8_lossy(&told.get_output().stderr).into_owned();
    assert!(told.contains("a.trap:1:"), "{told}");
    let read = |name| fs::read_to_string(folder.path().join(name)).unwrap();
    assert_eq!(read("a.trap"), "rule r { on }\n");
    assert_eq!(read("b.trap"), TIDY);
}

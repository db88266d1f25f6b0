//! The lines of `trapjaw eval` in a terminal.

use crate::rig::folder;
use crate::terminal::Terminal;

#[test]
fn lines_are_edited_and_remembered() {
    let here = folder(&[]);
    let args = ["eval", "--event", r#"{"host":"web-1","load":0.95}"#];
    let mut session = Terminal::start(here.path(), (12, 60), &args);
    session.shows("expressions over an event; :help tells more\n>");
    session.press("laod > 90%\r");
    session.shows_part("help: did you mean `load`?");
    // The line before, with two letters put right: from its begin on.
    session.press("\x1b[A\x01\x1b[C\x1b[3~\x1b[3~oa\r");
    session.shows_part("> load > 90%\ntrue\n>");
    session.press(":event {\"load\":0.5}\r");
    session.shows_part("> :event {\"load\":0.5}\n>");
    session.press("load\r");
    session.shows_part("> load\n0.5\n>");
    session.press("\x04");
    assert_eq!(session.ends(), Some(0));
    // Another session knows what was typed in this one.
    let mut again = Terminal::start(here.path(), (12, 60), &args);
    again.shows_part(">");
    again.press("\x1b[A\x1b[A");
    again.shows_part("> :event {\"load\":0.5}");
    again.press("\x15:quit\r");
    assert_eq!(again.ends(), Some(0));
}

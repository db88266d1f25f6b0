use std::io;
use std::sync::{Arc, Mutex};

use tracing_subscriber::fmt::MakeWriter;

use crate::rig::Rig;

/// Where a test's log goes.
#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl io::Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Lines {
    type Writer = Lines;

    fn make_writer(&'a self) -> Lines {
        self.clone()
    }
}

// One thread runs all of a test, so its subscriber sees all of it.
#[tokio::test(flavor = "current_thread")]
async fn a_log_action_writes_one_line_a_match() {
    let lines = Lines::default();
    let subscriber = tracing_subscriber::fmt()
        .with_writer(lines.clone())
        .with_ansi(false)
        .without_time()
        .finish();
    let guard = tracing::subscriber::set_default(subscriber);
    let rules = r#"
        event e { t: text, n: int }
        rule quiet { on e: e where e.n == 0 do log("text {e.t}") }
        rule loud { severity critical on e: e where e.n == 1 do log(text: e.t, n: e.n) }
        rule mute { severity medium on e: e where e.n == 2 do log(n: e.n) }
    "#;
    let rig = Rig::start(rules, "").await;
    rig.send(concat!(
        "{\"type\":\"e\",\"t\":\"line\\nERROR forged\\u001b[2J\",\"n\":0,\"time\":5}\n",
        "{\"type\":\"e\",\"t\":\"loud\",\"n\":1,\"time\":6}\n",
        "{\"type\":\"e\",\"t\":\"mute\",\"n\":2,\"time\":7}\n"
    ))
    .await;
    rig.metric("trapjaw_action_calls_total{action=\"log\",outcome=\"ok\"} 3")
        .await;
    rig.end().await;
    drop(guard);
    let text = String::from_utf8(lines.0.lock().unwrap().clone()).unwrap();
    let mut told = text.lines().filter(|line| line.contains("trapjaw::action"));
    let mut next = || told.next().unwrap_or_else(|| panic!("{text}")).trim_start();
    let quiet = next();
    assert!(quiet.starts_with("INFO trapjaw::action: text line\\nERROR forged\\u{1b}[2J action=\"log\" rule=\"quiet\" id="), "{quiet}");
    assert!(quiet.contains(" kind=\"matched\" time=5"), "{quiet}");
    let loud = next();
    assert!(loud.starts_with("ERROR trapjaw::action: loud "), "{loud}");
    assert!(
        loud.ends_with("severity=\"critical\" arguments=\"{\\\"n\\\":1}\""),
        "{loud}"
    );
    let mute = next();
    assert!(
        mute.starts_with("WARN trapjaw::action: mute matched "),
        "{mute}"
    );
    assert_eq!(told.next(), None);
}

//! `trapjaw new`: a folder to start from.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::Path;
use std::process::ExitCode;

use anyhow::Result;

use crate::args::New;
use crate::failure::{Unreadable, unwritten};

/// What a starter folder holds. It is checked, laid out, tested and run by the tests of the command.
const FILES: [(&str, &str); 5] = [
    ("rules/hosts.trap", include_str!("files/hosts.trap")),
    ("rules/logins.trap", include_str!("files/logins.trap")),
    ("events.ndjson", include_str!("files/events.ndjson")),
    ("trapjaw.toml", include_str!("files/trapjaw.toml")),
    ("README.md", include_str!("files/README.md")),
];

pub(crate) fn run(args: &New) -> Result<ExitCode> {
    let folder = &args.folder;
    // Nothing that is there is touched, and nothing is written beside it.
    for (name, _) in FILES {
        let path = folder.join(name);
        if path.symlink_metadata().is_ok() {
            let reason = "is there already; name a folder that is new or without such a file";
            return Err(Unreadable::new(&path, &reason).into());
        }
    }
    for (name, text) in FILES {
        let path = folder.join(name);
        write(&path, text).map_err(|error| Unreadable::new(&path, &error))?;
    }
    let mut out = io::stdout().lock();
    let shown = folder.display();
    writeln!(
        out,
        "{shown} holds rules with tests, events to try them on, and a configuration. Go on with\n\n  \
         cd {shown}\n  trapjaw test rules\n  trapjaw replay --rules rules --events events.ndjson\n  trapjaw run"
    )
    .map_err(unwritten)?;
    Ok(ExitCode::SUCCESS)
}

fn write(path: &Path, text: &str) -> io::Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    File::create_new(path)?.write_all(text.as_bytes())
}

//! Expressions one after the other.

use std::io::{self, BufRead, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Result;
use rustyline::DefaultEditor;
use rustyline::error::ReadlineError;
use trapjaw_control::eval::evaluate;
use trapjaw_dsl::source::SourceMap;

use super::{is_terminal, shown};
use crate::failure::unwritten;
use crate::style;

const HELP: &str = "\
an expression      load > 90% and host like \"web-*\"; the event is `e`: e.load
:event {...}       the event from here on, as JSON
:event             the event
:quit              the end; so does Ctrl-D
";

/// Lines of history that are kept.
const HISTORY: usize = 1_000;

pub(super) fn run(rules: &SourceMap, event: String) -> Result<ExitCode> {
    let mut session = Session { rules, event };
    if is_terminal() {
        session.typed()?;
    } else {
        for line in io::stdin().lock().lines() {
            if !session.line(&line?)? {
                break;
            }
        }
    }
    Ok(ExitCode::SUCCESS)
}

struct Session<'r> {
    rules: &'r SourceMap,
    event: String,
}

impl Session<'_> {
    /// Lines that somebody types, with a history.
    fn typed(&mut self) -> Result<()> {
        let config = rustyline::Config::builder()
            .max_history_size(HISTORY)?
            .build();
        let mut editor = DefaultEditor::with_config(config)?;
        let history = history_file();
        if let Some(file) = &history {
            // The first time there is none.
            let _ = editor.load_history(file);
        }
        println!("expressions over an event; :help tells more");
        loop {
            match editor.readline("> ") {
                Ok(line) => {
                    editor.add_history_entry(&line)?;
                    if !self.line(&line)? {
                        break;
                    }
                }
                Err(ReadlineError::Interrupted) => {}
                Err(ReadlineError::Eof) => break,
                Err(error) => return Err(error.into()),
            }
        }
        if let Some(file) = &history {
            // A history that can't be kept is no failure.
            let _ = file.parent().map(std::fs::create_dir_all);
            let _ = editor.save_history(file);
        }
        Ok(())
    }

    /// Does what a line says; `false` at the end.
    fn line(&mut self, line: &str) -> Result<bool> {
        let line = line.trim();
        let mut out = io::stdout().lock();
        let (command, rest) = line.split_once(' ').unwrap_or((line, ""));
        match command {
            "" => Ok(()),
            ":quit" | ":q" => return Ok(false),
            ":help" | ":h" => out.write_all(HELP.as_bytes()),
            ":event" if rest.trim().is_empty() => writeln!(out, "{}", self.event),
            ":event" => {
                rest.trim().clone_into(&mut self.event);
                Ok(())
            }
            command if command.starts_with(':') => {
                writeln!(out, "there is no {command}; :help tells what there is")
            }
            _ => match evaluate(self.rules, &self.event, line) {
                Ok(evaluated) => writeln!(out, "{}", shown(&evaluated)),
                Err(error) => {
                    let text = error.rendered(style::of(&io::stdout()));
                    writeln!(out, "{}", text.trim_end())
                }
            },
        }
        .map_err(unwritten)?;
        Ok(true)
    }
}

/// Where the history is kept (XDG base directories).
fn history_file() -> Option<PathBuf> {
    let state = std::env::var_os("XDG_STATE_HOME").map(PathBuf::from);
    let home = || Some(PathBuf::from(std::env::var_os("HOME")?).join(".local/state"));
    Some(state.or_else(home)?.join("trapjaw").join("history"))
}

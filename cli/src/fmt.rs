//! `trapjaw fmt`.

use std::fs;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result};
use similar::TextDiff;
use tempfile::NamedTempFile;
use trapjaw_control::rules::read_sources;
use trapjaw_dsl::diagnostic::{Diagnostic, render};
use trapjaw_dsl::format::format;
use trapjaw_dsl::source::SourceMap;

use crate::args::Fmt;
use crate::failure::{Unreadable, tell, unwritten};
use crate::{exit, style};

/// Lines around a change that a difference shows.
const CONTEXT: usize = 3;

pub(crate) fn run(args: &Fmt) -> Result<ExitCode> {
    let is_input = args.rules.len() == 1 && args.rules[0].as_os_str() == "-";
    let sources = if is_input {
        input()?
    } else {
        read_sources(&args.rules)?
    };
    let mut errors = Vec::new();
    let mut changes = false;
    for (id, source) in sources.iter() {
        let text = match format(id, source.text()) {
            Ok(text) => text,
            Err(mut found) => {
                errors.append(&mut found);
                continue;
            }
        };
        let changed = text != source.text();
        changes |= changed;
        if changed || is_input {
            let change = Change {
                name: source.name(),
                before: source.text(),
                after: &text,
            };
            tell_or_write(args, is_input, &change)?;
        }
    }
    report(&errors, &sources);
    Ok(if !errors.is_empty() {
        ExitCode::from(exit::RULES)
    } else if changes && args.check {
        ExitCode::from(exit::FINDINGS)
    } else {
        ExitCode::SUCCESS
    })
}

/// What becomes of a file.
struct Change<'s> {
    name: &'s str,
    before: &'s str,
    after: &'s str,
}

fn tell_or_write(args: &Fmt, is_input: bool, change: &Change<'_>) -> Result<()> {
    let mut out = io::stdout().lock();
    if args.diff {
        let (before, after) = (format!("a/{}", change.name), format!("b/{}", change.name));
        let difference = TextDiff::from_lines(change.before, change.after);
        let mut difference = difference.unified_diff();
        let difference = difference.context_radius(CONTEXT).header(&before, &after);
        write!(out, "{difference}").map_err(unwritten)
    } else if args.check {
        if change.before != change.after {
            writeln!(out, "{}", change.name).map_err(unwritten)?;
        }
        Ok(())
    } else if is_input {
        write!(out, "{}", change.after).map_err(unwritten)
    } else {
        replace(Path::new(change.name), change.after)
            .with_context(|| format!("writing {}", change.name))
    }
}

/// Replaces a file in one step, so that a crash leaves the old one or the new one. A link stays a link.
fn replace(path: &Path, text: &str) -> io::Result<()> {
    let path: PathBuf = path.canonicalize()?;
    let folder = path.parent().unwrap_or(Path::new("."));
    let mut file = NamedTempFile::new_in(folder)?;
    file.write_all(text.as_bytes())?;
    file.as_file()
        .set_permissions(fs::metadata(&path)?.permissions())?;
    file.persist(&path)?;
    Ok(())
}

fn input() -> Result<SourceMap> {
    let mut text = String::new();
    io::stdin()
        .read_to_string(&mut text)
        .map_err(|error| Unreadable::new(Path::new("-"), &error))?;
    let mut sources = SourceMap::new();
    sources.add("<stdin>", text);
    Ok(sources)
}

fn report(errors: &[Diagnostic], sources: &SourceMap) {
    if !errors.is_empty() {
        let text = render(errors, sources, style::of(&io::stderr()));
        tell(format_args!("{}\n", text.trim_end()));
    }
}

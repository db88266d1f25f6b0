//! `trapjaw eval`.

mod repl;

use std::io::{self, BufRead, IsTerminal, Read, Write};
use std::process::ExitCode;

use anyhow::Result;
use trapjaw_control::eval::{EvalError, Evaluated, evaluate};
use trapjaw_control::rules::read_sources;
use trapjaw_control::table;
use trapjaw_dsl::source::SourceMap;

use crate::args::Eval;
use crate::failure::{tell, unwritten};
use crate::{exit, input, style};

/// Bytes of an event, at most.
const EVENT: u64 = 1 << 20;

pub(crate) fn run(args: &Eval) -> Result<ExitCode> {
    let rules = if args.rules.is_empty() {
        SourceMap::new()
    } else {
        read_sources(&args.rules)?
    };
    let event = match (&args.event, &args.events) {
        (Some(event), _) => event.clone(),
        (None, Some(path)) => first_line(input::open(path)?.reader)?,
        (None, None) => "{}".to_owned(),
    };
    let Some(expression) = &args.expression else {
        return repl::run(&rules, event);
    };
    match evaluate(&rules, &event, expression) {
        Ok(evaluated) => {
            writeln!(io::stdout(), "{}", shown(&evaluated)).map_err(unwritten)?;
            Ok(ExitCode::SUCCESS)
        }
        Err(error) => {
            tell(error.rendered(style::of(&io::stderr())));
            Ok(match error {
                EvalError::Rules(..) => ExitCode::from(exit::RULES),
                EvalError::Event(_) => ExitCode::from(exit::CONFIGURATION),
            })
        }
    }
}

fn first_line(reader: Box<dyn BufRead + Send>) -> Result<String> {
    let mut line = String::new();
    reader.take(EVENT).read_line(&mut line)?;
    Ok(line)
}

fn shown(evaluated: &Evaluated) -> String {
    table::plain(&evaluated.named.ty, &evaluated.value)
}

/// Does somebody type?
fn is_terminal() -> bool {
    io::stdin().is_terminal() && io::stdout().is_terminal()
}

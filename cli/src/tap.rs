//! `trapjaw tap`.

use std::io::{self, IsTerminal, Write};
use std::process::ExitCode;

use anyhow::{Context, Result};
use indicatif::HumanCount;
use trapjaw_control::remote::{RemoteError, TapLine, Tapping};
use trapjaw_control::table;

use crate::args::Tap;
use crate::connect::remote;
use crate::exit;
use crate::failure::{tell, unwritten};

pub(crate) fn run(args: &Tap) -> Result<ExitCode> {
    let remote = remote(&args.server)?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .context("starting")?;
    runtime.block_on(async {
        let condition = args.condition.as_deref();
        let tapping = match remote.tap(&args.on, condition, args.rate).await {
            Ok(tapping) => tapping,
            Err(RemoteError::Refused {
                rendered: Some(rendered),
                ..
            }) => {
                tell(rendered);
                return Ok(ExitCode::from(exit::RULES));
            }
            Err(error) => {
                let asked = format!("asking {}", remote.address());
                return Err(error).context(asked);
            }
        };
        let mut looking = Looking {
            tapping,
            args,
            told: 0,
            rate: 0,
            unseen: 0,
        };
        let ended = tokio::select! {
            ended = looking.tell_all() => ended,
            interrupted = tokio::signal::ctrl_c() => Ok(interrupted.map(|()| ExitCode::SUCCESS)?),
        };
        looking.tell_left_out();
        ended
    })
}

struct Looking<'a> {
    tapping: Tapping,
    args: &'a Tap,
    told: u64,
    rate: u64,
    unseen: u64,
}

impl Looking<'_> {
    async fn tell_all(&mut self) -> Result<ExitCode> {
        let most = self.args.count.unwrap_or(u64::MAX);
        while self.told < most {
            let line = self.tapping.next().await.context("the tap")?;
            match line {
                Some(TapLine::Event(event)) => {
                    self.told += 1;
                    self.tell_event(&event).map_err(unwritten)?;
                }
                Some(TapLine::LeftOut { rate, unseen }) => {
                    self.rate += rate;
                    self.unseen += unseen;
                }
                Some(TapLine::End(why)) => {
                    tell(format_args!("{}\n", why.trim_end()));
                    break;
                }
                None => {
                    tell("the server ended it\n");
                    break;
                }
            }
        }
        // So many were asked for; a server that went away did not give them.
        let is_short = self.args.count.is_some_and(|count| self.told < count);
        Ok(if is_short {
            ExitCode::FAILURE
        } else {
            ExitCode::SUCCESS
        })
    }

    /// A line at a time: whoever reads wants it now.
    fn tell_event(&self, event: &str) -> io::Result<()> {
        let mut out = io::stdout().lock();
        if self.args.pretty {
            writeln!(out, "{}", table::event(event))?;
        } else {
            writeln!(out, "{event}")?;
        }
        out.flush()
    }

    fn tell_left_out(&self) {
        let Self {
            told, rate, unseen, ..
        } = self;
        if rate + unseen == 0 && !io::stderr().is_terminal() {
            return;
        }
        tell(format_args!(
            "told {}, left out {} beyond {} a second, {} not looked at\n",
            HumanCount(*told),
            HumanCount(*rate),
            HumanCount(self.args.rate.into()),
            HumanCount(*unseen)
        ));
    }
}

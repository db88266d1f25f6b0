//! Which backend drives the sockets, and why.

use super::uring_setup::{Refusal, probe};
use rustix::process::{Resource, getrlimit};
use std::fmt;
use std::str::FromStr;

/// The oldest kernel on which `io_uring` is used: single issuer and deferred task work, multishot accept and receive,
/// and rings of provided buffers are all there from 6.1 on.
const OLDEST_KERNEL: (u32, u32) = (6, 1);

/// What the operator asks for.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub enum Choice {
    /// `io_uring` where the system allows it, else epoll.
    #[default]
    Auto,
    /// `io_uring` or nothing.
    Uring,
    /// epoll.
    Epoll,
}

impl FromStr for Choice {
    type Err = UnknownChoice;

    fn from_str(name: &str) -> Result<Choice, UnknownChoice> {
        match name {
            "auto" => Ok(Choice::Auto),
            "io_uring" | "uring" => Ok(Choice::Uring),
            "epoll" => Ok(Choice::Epoll),
            _ => Err(UnknownChoice(())),
        }
    }
}

/// The name is not that of a driver.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct UnknownChoice(());

impl fmt::Display for UnknownChoice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("expected auto, io_uring or epoll")
    }
}

impl std::error::Error for UnknownChoice {}

/// What drives the sockets.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Backend {
    /// `io_uring`.
    Uring,
    /// epoll.
    Epoll,
}

impl fmt::Display for Backend {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Backend::Uring => "io_uring",
            Backend::Epoll => "epoll",
        })
    }
}

/// A backend with the reason for it; it displays as the sentence that is printed at start-up.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Selection {
    backend: Backend,
    sentence: String,
}

impl Selection {
    /// The backend.
    pub fn backend(&self) -> Backend {
        self.backend
    }
}

impl fmt::Display for Selection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.sentence)
    }
}

/// `io_uring` was asked for and is not to be had; it displays as a sentence with the reason.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Unavailable {
    sentence: String,
}

impl fmt::Display for Unavailable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.sentence)
    }
}

impl std::error::Error for Unavailable {}

/// Chooses the backend by trying what the running kernel grants to this process.
pub fn select(choice: Choice) -> Result<Selection, Unavailable> {
    let uname = rustix::system::uname();
    decide(choice, &uname.release().to_string_lossy(), probe)
}

fn decide(
    choice: Choice,
    release: &str,
    probe: impl FnOnce() -> Result<(), Refusal>,
) -> Result<Selection, Unavailable> {
    let epoll = |sentence| Selection {
        backend: Backend::Epoll,
        sentence,
    };
    if choice == Choice::Epoll {
        return Ok(epoll("epoll: as configured".to_owned()));
    }
    let obstacle = match version(release) {
        Some(version) if version >= OLDEST_KERNEL => {
            probe().err().map(|refusal| refusal.to_string())
        }
        _ => Some(format!(
            "needs Linux {}.{}, this is {release}",
            OLDEST_KERNEL.0, OLDEST_KERNEL.1
        )),
    };
    match (obstacle, choice) {
        (None, _) => Ok(Selection {
            backend: Backend::Uring,
            sentence: format!("io_uring: on Linux {release}"),
        }),
        (Some(obstacle), Choice::Uring) => Err(Unavailable {
            sentence: format!("io_uring: {obstacle}"),
        }),
        (Some(obstacle), _) => Ok(epoll(format!("io_uring: {obstacle}, using epoll"))),
    }
}

/// Major and minor version of a kernel release like `6.1.0-13-amd64`.
fn version(release: &str) -> Option<(u32, u32)> {
    let mut numbers = release.split(|c: char| !c.is_ascii_digit());
    Some((numbers.next()?.parse().ok()?, numbers.next()?.parse().ok()?))
}

/// Descriptors that this process may have: a table of registered files is not larger.
pub(super) fn descriptors() -> usize {
    getrlimit(Resource::Nofile)
        .current
        .map_or(usize::MAX, |limit| {
            usize::try_from(limit).unwrap_or(usize::MAX)
        })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io;

    fn denied(errno: i32) -> Result<(), Refusal> {
        Err(Refusal::Denied(io::Error::from_raw_os_error(errno)))
    }

    #[test]
    fn auto_takes_io_uring_where_it_is_granted() {
        let selection =
            decide(Choice::Auto, "6.1.0-13-amd64", || Ok(())).expect("auto always finds one");
        assert_eq!(
            (selection.backend(), selection.to_string().as_str()),
            (Backend::Uring, "io_uring: on Linux 6.1.0-13-amd64")
        );
    }

    #[test]
    fn auto_falls_back_to_epoll_and_says_why() {
        for (release, probe, sentence) in [
            (
                "6.8.0",
                denied(libc::EPERM),
                "io_uring: refused (EPERM), using epoll",
            ),
            (
                "6.8.0",
                denied(libc::ENOSYS),
                "io_uring: not in this kernel (ENOSYS), using epoll",
            ),
            (
                "6.8.0",
                Err(Refusal::Missing("receive")),
                "io_uring: without the operation receive, using epoll",
            ),
            (
                "5.15.0-91-generic",
                Ok(()),
                "io_uring: needs Linux 6.1, this is 5.15.0-91-generic, using epoll",
            ),
            (
                "unknown",
                Ok(()),
                "io_uring: needs Linux 6.1, this is unknown, using epoll",
            ),
        ] {
            let selection = decide(Choice::Auto, release, || probe).expect("auto always finds one");
            assert_eq!(
                (selection.backend(), selection.to_string().as_str()),
                (Backend::Epoll, sentence)
            );
        }
    }

    #[test]
    fn io_uring_or_nothing_is_an_error_where_it_is_refused() {
        let refused =
            decide(Choice::Uring, "6.8.0", || denied(libc::EPERM)).expect_err("it was denied");
        assert_eq!(refused.to_string(), "io_uring: refused (EPERM)");
    }

    #[test]
    fn epoll_is_taken_without_asking_the_kernel() {
        let selection =
            decide(Choice::Epoll, "6.8.0", || panic!("not asked")).expect("epoll is always there");
        assert_eq!(
            (selection.backend(), selection.to_string().as_str()),
            (Backend::Epoll, "epoll: as configured")
        );
    }

    #[test]
    fn names_of_choices() {
        assert_eq!("auto".parse(), Ok(Choice::Auto));
        assert_eq!("io_uring".parse(), Ok(Choice::Uring));
        assert_eq!("epoll".parse(), Ok(Choice::Epoll));
        assert_eq!(
            "kqueue"
                .parse::<Choice>()
                .map_err(|error| error.to_string()),
            Err("expected auto, io_uring or epoll".to_owned())
        );
    }

    #[test]
    fn the_running_kernel_and_the_choice_agree() {
        let auto = select(Choice::Auto).expect("auto always finds one");
        match select(Choice::Uring) {
            Ok(_) => assert_eq!(auto.backend(), Backend::Uring),
            Err(refused) => {
                println!("{refused}");
                assert_eq!(auto.backend(), Backend::Epoll);
                assert_eq!(auto.to_string(), format!("{refused}, using epoll"));
            }
        }
    }
}

//! Which backend drives the sockets, and why.

use super::delivery::Delivery;
use super::trial;
use super::uring_setup::{Refusal, probe};
use rustix::process::{Resource, getrlimit};
use std::fmt;
use std::str::FromStr;

/// The oldest kernel on which `io_uring` is used: single issuer and deferred task work, multishot accept and receive,
/// and rings of provided buffers are all there from 6.1 on.
const OLDEST_KERNEL: (u32, u32) = (6, 1);

/// The oldest kernel whose bundles are used. Earlier ones know them from 6.10 on, but may put the bytes of one into its
/// buffers out of order; what was corrected in stable kernels can't be told from their number.
const OLDEST_WITH_BUNDLES: (u32, u32) = (6, 17);

/// What the operator asks for.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub enum Choice {
    /// `io_uring` where the system allows it, else epoll.
    #[default]
    Auto,
    /// `io_uring` or nothing.
    Uring,
    /// `io_uring` or nothing, with as much of this as the kernel grants: to compare the ways in which it hands received
    /// bytes over.
    UringWith(Delivery),
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
    /// `io_uring`, which hands received bytes over in this way.
    Uring(Delivery),
    /// epoll.
    Epoll,
}

impl fmt::Display for Backend {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Backend::Uring(_) => "io_uring",
            Backend::Epoll => "epoll",
        })
    }
}

/// A backend with the reason for it; it displays as the sentence that is printed at start-up.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Selection {
    backend: Backend,
    granted: Delivery,
    sentence: String,
}

impl Selection {
    /// The backend.
    pub fn backend(&self) -> Backend {
        self.backend
    }

    /// Every way in which this `io_uring` can hand received bytes over; none for epoll.
    pub fn levels(&self) -> impl Iterator<Item = Delivery> {
        let is_uring = matches!(self.backend, Backend::Uring(_));
        self.granted.levels().filter(move |_| is_uring)
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
    decide(
        choice,
        &uname.release().to_string_lossy(),
        probe,
        trial::holds,
    )
}

fn decide(
    choice: Choice,
    release: &str,
    probe: impl FnOnce() -> Result<Delivery, Refusal>,
    holds: impl Fn(Delivery) -> bool,
) -> Result<Selection, Unavailable> {
    let epoll = |sentence| Selection {
        backend: Backend::Epoll,
        granted: Delivery::WHOLE,
        sentence,
    };
    if choice == Choice::Epoll {
        return Ok(epoll("epoll: as configured".to_owned()));
    }
    let told = match version(release) {
        Some(version) if version >= OLDEST_KERNEL => probe()
            .map(|told| Delivery {
                bundles: told.bundles && version >= OLDEST_WITH_BUNDLES,
                ..told
            })
            .map_err(|refusal| refusal.to_string()),
        _ => Err(format!(
            "needs Linux {}.{}, this is {release}",
            OLDEST_KERNEL.0, OLDEST_KERNEL.1
        )),
    };
    match (told, choice) {
        (Ok(told), _) => {
            let granted = tried(told, holds);
            let wanted = match choice {
                Choice::UringWith(wanted) => wanted,
                _ => Delivery::PREFERRED,
            };
            let delivery = wanted.within(granted);
            Ok(Selection {
                backend: Backend::Uring(delivery),
                granted,
                sentence: format!("io_uring: on Linux {release}, receives {delivery}"),
            })
        }
        (Err(obstacle), Choice::Uring | Choice::UringWith(_)) => Err(Unavailable {
            sentence: format!("io_uring: {obstacle}"),
        }),
        (Err(obstacle), _) => Ok(epoll(format!("io_uring: {obstacle}, using epoll"))),
    }
}

/// Of what the kernel says that it grants, what holds when it is tried: each by itself, and then together.
fn tried(told: Delivery, holds: impl Fn(Delivery) -> bool) -> Delivery {
    let each = Delivery {
        bundles: told.bundles
            && holds(Delivery {
                bundles: true,
                parts: false,
            }),
        parts: told.parts
            && holds(Delivery {
                bundles: false,
                parts: true,
            }),
    };
    if each == Delivery::ALL && !holds(Delivery::ALL) {
        return Delivery::PREFERRED.within(each);
    }
    each
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

    type Told = Result<Delivery, Refusal>;

    const BUNDLES: Delivery = Delivery {
        bundles: true,
        parts: false,
    };

    fn denied(errno: i32) -> Told {
        Err(Refusal::Denied(io::Error::from_raw_os_error(errno)))
    }

    fn decided(choice: Choice, release: &str, told: Told) -> Result<Selection, Unavailable> {
        decide(choice, release, || told, |_| true)
    }

    #[test]
    fn auto_takes_io_uring_where_it_is_granted() {
        let selection = decided(Choice::Auto, "6.1.0-13-amd64", Ok(Delivery::WHOLE))
            .expect("auto always finds one");
        assert_eq!(
            (selection.backend(), selection.to_string().as_str()),
            (
                Backend::Uring(Delivery::WHOLE),
                "io_uring: on Linux 6.1.0-13-amd64, receives whole buffers"
            )
        );
        assert!(selection.levels().eq([Delivery::WHOLE]));
    }

    #[test]
    fn it_is_used_with_as_much_as_the_kernel_grants() {
        let on = |release| {
            decided(Choice::Uring, release, Ok(Delivery::ALL)).expect("nothing is in the way")
        };
        let newest = on("6.18.44");
        assert_eq!(newest.backend(), Backend::Uring(Delivery::PREFERRED));
        assert_eq!(newest.levels().count(), 4);
        let told = format!(
            "io_uring: on Linux 6.18.44, receives {}",
            Delivery::PREFERRED
        );
        assert_eq!(newest.to_string(), told);
        for level in newest.levels() {
            let asked = decided(Choice::UringWith(level), "6.18.44", Ok(Delivery::ALL));
            let asked = asked.expect("nothing is in the way").backend();
            assert_eq!(asked, Backend::Uring(level));
        }
        // Bundles are known there, and not yet right.
        assert!(on("6.16.9").levels().all(|level| !level.bundles));
        assert!(on("6.17.0").levels().any(|level| level.bundles));
        assert!(on("7.0.1").levels().any(|level| level.bundles));
    }

    #[test]
    fn what_does_not_hold_is_not_used() {
        let levels = |holds: fn(Delivery) -> bool| -> Vec<Delivery> {
            let selection = decide(Choice::Auto, "6.18.0", || Ok(Delivery::ALL), holds);
            let selection = selection.expect("auto always finds one");
            let Backend::Uring(used) = selection.backend() else {
                panic!("nothing is in the way: {selection}");
            };
            let levels: Vec<_> = selection.levels().collect();
            assert!(levels.contains(&used));
            levels
        };
        assert_eq!(levels(|_| true).len(), 4);
        assert_eq!(levels(|_| false), [Delivery::WHOLE]);
        assert_eq!(levels(|tried| !tried.parts), [Delivery::WHOLE, BUNDLES]);
        assert!(!levels(|tried| tried != Delivery::ALL).contains(&Delivery::ALL));
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
                Ok(Delivery::WHOLE),
                "io_uring: needs Linux 6.1, this is 5.15.0-91-generic, using epoll",
            ),
            (
                "unknown",
                Ok(Delivery::WHOLE),
                "io_uring: needs Linux 6.1, this is unknown, using epoll",
            ),
        ] {
            let selection = decided(Choice::Auto, release, probe).expect("auto always finds one");
            assert_eq!(
                (selection.backend(), selection.to_string().as_str()),
                (Backend::Epoll, sentence)
            );
            assert_eq!(selection.levels().count(), 0);
        }
    }

    #[test]
    fn io_uring_or_nothing_is_an_error_where_it_is_refused() {
        let refused =
            decided(Choice::Uring, "6.8.0", denied(libc::EPERM)).expect_err("it was denied");
        assert_eq!(refused.to_string(), "io_uring: refused (EPERM)");
    }

    #[test]
    fn epoll_is_taken_without_asking_the_kernel() {
        let asked = || panic!("not asked");
        let selection =
            decide(Choice::Epoll, "6.8.0", asked, |_| true).expect("epoll is always there");
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
            Ok(selection) => assert_eq!(auto, selection),
            Err(refused) => {
                println!("{refused}");
                assert_eq!(auto.backend(), Backend::Epoll);
                assert_eq!(auto.to_string(), format!("{refused}, using epoll"));
            }
        }
    }
}

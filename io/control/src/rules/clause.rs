//! A rule's state clause as rules write it.

use core::fmt;

use trapjaw_program::{Catchup, Clause};

use crate::duration::shown;

/// The clause's text with the rule's time zone; empty for a rule without one.
pub(crate) fn text(clause: Clause, zone: Option<&str>) -> impl fmt::Display {
    let zone = zone.map_or_else(String::new, |zone| format!(" in \"{zone}\""));
    fmt::from_fn(move |f| match clause {
        Clause::Each => Ok(()),
        Clause::Sustained {
            duration,
            gap,
            keep,
        } => {
            write!(f, "for {}", shown(duration))?;
            if let Some(gap) = gap {
                write!(f, " gap {}", shown(gap))?;
            }
            if keep > 0 {
                write!(f, " keep {}", shown(keep))?;
            }
            Ok(())
        }
        Clause::Sliding { length, each } => write!(f, "over {}{}", shown(length), suffix(each)),
        Clause::Tumbling { length } => {
            write!(f, "over {} tumbling{zone}", shown(length))
        }
        Clause::Hopping { length, every } => {
            write!(f, "over {} every {}{zone}", shown(length), shown(every))
        }
        Clause::Counted { count, each } => write!(f, "over {count} events{}", suffix(each)),
        Clause::Batched { count } => write!(f, "over {count} events tumbling"),
        Clause::Session { gap } => write!(f, "over session {}", shown(gap)),
        Clause::All { each } => write!(f, "over all{}", suffix(each)),
        Clause::Match => f.write_str("match"),
        Clause::Every { period, catchup } => {
            write!(f, "every {}{}", shown(period), caught_up(catchup))
        }
        Clause::At { calendar, catchup } => {
            write!(f, "at \"{calendar}\"{zone}{}", caught_up(catchup))
        }
        Clause::Absent { duration, of } => {
            write!(f, "absent {}", shown(duration))?;
            match of {
                Some(_) => f.write_str(" of a table"),
                None => Ok(()),
            }
        }
    })
}

fn suffix(each: bool) -> &'static str {
    if each { " each" } else { "" }
}

fn caught_up(catchup: Catchup) -> &'static str {
    match catchup {
        Catchup::All => "",
        Catchup::One => " catchup one",
        Catchup::Skip => " catchup skip",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use trapjaw_program::Calendar;

    #[test]
    fn a_zone_stands_where_rules_have_it() {
        const DAY: i64 = 86_400_000_000_000;
        let text = |clause| text(clause, Some("Europe/Berlin")).to_string();
        assert_eq!(
            text(Clause::Tumbling { length: DAY }),
            "over 1d tumbling in \"Europe/Berlin\""
        );
        let calendar = Calendar::ALWAYS;
        let catchup = Catchup::One;
        assert_eq!(
            text(Clause::At { calendar, catchup }),
            "at \"* * * * *\" in \"Europe/Berlin\" catchup one"
        );
    }

    #[test]
    fn clauses_read_as_in_rules() {
        const MINUTE: i64 = 60_000_000_000;
        let cases = [
            (Clause::Each, ""),
            (
                Clause::Sustained {
                    duration: 5 * MINUTE,
                    gap: Some(MINUTE),
                    keep: 30 * MINUTE / 60,
                },
                "for 5m gap 1m keep 30s",
            ),
            (
                Clause::Sustained {
                    duration: MINUTE,
                    gap: None,
                    keep: 0,
                },
                "for 1m",
            ),
            (
                Clause::Sliding {
                    length: MINUTE,
                    each: true,
                },
                "over 1m each",
            ),
            (
                Clause::Tumbling {
                    length: 10 * MINUTE,
                },
                "over 10m tumbling",
            ),
            (
                Clause::Hopping {
                    length: 10 * MINUTE,
                    every: MINUTE,
                },
                "over 10m every 1m",
            ),
            (
                Clause::Counted {
                    count: 5,
                    each: true,
                },
                "over 5 events each",
            ),
            (Clause::Batched { count: 5 }, "over 5 events tumbling"),
            (Clause::Session { gap: MINUTE }, "over session 1m"),
            (Clause::All { each: false }, "over all"),
            (
                Clause::Absent {
                    duration: MINUTE / 2,
                    of: None,
                },
                "absent 30s",
            ),
        ];
        for (clause, expected) in cases {
            assert_eq!(text(clause, None).to_string(), expected);
        }
    }
}

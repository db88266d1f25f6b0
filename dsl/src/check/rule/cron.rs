//! Cron expressions: five fields to a calendar.
//!
//! Lists, ranges and steps are read by `croner`, item by item, so that a mistake is told where it is. What other
//! dialects have beside them (seconds, years, `W`, `?`, `@daily`) is refused, with what to write instead.

use core::ops::Range;

use croner::parser::{CronParser, Seconds, Year};
use trapjaw_program::Calendar;

use crate::diagnostic::did_you_mean;

/// Bytes of an expression: more than any one that says something needs.
const MAX_CRON: usize = 512;

/// What is wrong with an expression.
pub(super) struct Fault {
    /// Where in it.
    pub(super) place: Range<usize>,
    pub(super) message: String,
    pub(super) help: Option<String>,
    /// The whole expression as it should be.
    pub(super) right: Option<String>,
}

/// One of the five fields.
struct Field {
    name: &'static str,
    takes: &'static str,
    /// What may stand for numbers, from `first` on.
    names: &'static [&'static str],
    first: u16,
    last: u16,
}

const FIELDS: [Field; 5] = [
    Field {
        name: "minute",
        takes: "a minute is a number from 0 to 59",
        names: &[],
        first: 0,
        last: 59,
    },
    Field {
        name: "hour",
        takes: "an hour is a number from 0 to 23",
        names: &[],
        first: 0,
        last: 23,
    },
    Field {
        name: "day of the month",
        takes: "a day of the month is a number from 1 to 31, or `L` for the last",
        names: &[],
        first: 1,
        last: 31,
    },
    Field {
        name: "month",
        takes: "a month is a number from 1 to 12, or one of `JAN` to `DEC`",
        names: &[
            "JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC",
        ],
        first: 1,
        last: 12,
    },
    Field {
        name: "day of the week",
        takes: "a day of the week is a number from 0 to 7 (0 and 7 are Sunday), or one of `SUN` to `SAT`; `FRI#2` is the \
                second Friday of a month, and `FRIL` the last",
        names: &["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"],
        first: 0,
        last: 6,
    },
];

/// Expressions that have names elsewhere.
const NAMED: [(&str, &str); 7] = [
    ("@yearly", "0 0 1 1 *"),
    ("@annually", "0 0 1 1 *"),
    ("@monthly", "0 0 1 * *"),
    ("@weekly", "0 0 * * SUN"),
    ("@daily", "0 0 * * *"),
    ("@midnight", "0 0 * * *"),
    ("@hourly", "0 * * * *"),
];

/// The calendar of an expression. It may be one that never comes.
pub(super) fn parse(cron: &str) -> Result<Calendar, Fault> {
    if cron.len() > MAX_CRON {
        let message = format!("a cron expression is at most {MAX_CRON} bytes long");
        return Err(Fault::new(0..cron.len(), message));
    }
    let named = NAMED
        .iter()
        .find(|(name, _)| name.eq_ignore_ascii_case(cron.trim()));
    if let Some((_, right)) = named {
        let message = format!("`{}` has no name of its own here", cron.trim());
        return Err(Fault::new(0..cron.len(), message).right((*right).to_owned()));
    }
    let fields = words(cron);
    let [minutes, hours, days, months, weekdays] = &fields[..] else {
        return Err(wrong_number(cron, &fields));
    };
    let field = |number: usize, place: &Range<usize>| FIELDS[number].parse(number, cron, place);
    let (minutes, hours) = (field(0, minutes)?, field(1, hours)?);
    let (days, months) = (field(2, days)?, field(3, months)?);
    let weekdays = field(4, weekdays)?;
    Ok(Calendar {
        minutes: minutes.bits,
        hours: hours.bits as u32,
        days: (!days.is_star).then_some(days.bits as u32),
        months: months.bits as u16,
        weekdays: (!weekdays.is_star).then_some(weekdays.weekdays),
    })
}

/// What a field picks.
#[derive(Default)]
struct Picked {
    /// One a bit; bit 0 of a day of the month is the last.
    bits: u64,
    /// As [`Calendar::weekdays`].
    weekdays: [u8; 7],
    is_star: bool,
}

impl Field {
    /// The field with this number, which stands in the expression at `place`.
    fn parse(&self, number: usize, cron: &str, place: &Range<usize>) -> Result<Picked, Fault> {
        let mut picked = Picked {
            is_star: &cron[place.clone()] == "*",
            ..Picked::default()
        };
        let mut start = place.start;
        for item in cron[place.clone()].split(',') {
            let place = start..start + item.len();
            start = place.end + 1;
            self.item(number, item, &mut picked)
                .map_err(|fault| fault.at(cron, place))?;
        }
        Ok(picked)
    }

    fn item(&self, number: usize, item: &str, picked: &mut Picked) -> Result<(), Wrong> {
        let upper = item.to_ascii_uppercase();
        if number == 2 && upper == "L" {
            picked.bits |= u64::from(Calendar::LAST_DAY);
            return Ok(());
        }
        if number == 4
            && let Some((day, which)) = of_month(&upper)
        {
            let [day] = self.numbers(number, day)?[..] else {
                return Err(self.wrong(item));
            };
            let which = which.ok_or_else(|| self.wrong(item))?;
            picked.weekdays[usize::from(day % 7)] |= which;
            return Ok(());
        }
        for value in self.numbers(number, &upper)? {
            picked.bits |= 1 << value;
            picked.weekdays[usize::from(value % 7)] |= 1;
        }
        Ok(())
    }

    /// The numbers that a range or step stands for.
    fn numbers(&self, number: usize, item: &str) -> Result<Vec<u16>, Wrong> {
        self.check(item)?;
        let mut fields = ["*"; 5];
        fields[number] = item;
        let parser = CronParser::builder()
            .seconds(Seconds::Disallowed)
            .year(Year::Disallowed);
        let Ok(cron) = parser.build().parse(&fields.join(" ")) else {
            return Err(self.wrong(item));
        };
        let pattern = &cron.pattern;
        Ok(match number {
            0 => pattern.minutes.values(),
            1 => pattern.hours.values(),
            2 => pattern.days.values(),
            3 => pattern.months.values(),
            _ => pattern.days_of_week.values(),
        })
    }

    /// Refuses what only means something elsewhere.
    fn check(&self, item: &str) -> Result<(), Wrong> {
        let word = |c: char| c.is_alphabetic();
        let words = item.split(|c| !word(c)).filter(|word| !word.is_empty());
        for word in words {
            if self.names.contains(&word) {
                continue;
            }
            let mut wrong = self.wrong(item);
            let start = self.names.iter().find(|name| word.starts_with(**name));
            let meant = start.copied();
            let meant = meant.or_else(|| did_you_mean(word, self.names.iter().copied()));
            if let Some(meant) = meant {
                wrong.right = Some(item.replace(word, meant));
            }
            return Err(wrong);
        }
        let allowed = |c: char| word(c) || c.is_ascii_digit() || matches!(c, '*' | '-' | '/');
        if item == "?" {
            let mut wrong = self.wrong(item);
            wrong.right = Some("*".to_owned());
            return Err(wrong);
        }
        if item.is_empty() || !item.chars().all(allowed) {
            return Err(self.wrong(item));
        }
        self.steps(item)
    }

    /// Refuses a step that doesn't say how far, and a range that goes down.
    fn steps(&self, item: &str) -> Result<(), Wrong> {
        let (range, step) = match item.split_once('/') {
            Some((range, step)) => (range, Some(step)),
            None => (item, None),
        };
        if let Some(step) = step
            && range != "*"
            && !range.contains('-')
        {
            let mut wrong = self.wrong(item);
            wrong.right = Some(match range {
                "" => format!("*/{step}"),
                from => format!("{from}-{}/{step}", self.last),
            });
            return Err(wrong);
        }
        let Some((from, to)) = range.split_once('-') else {
            return Ok(());
        };
        if let (Some(low), Some(high)) = (self.value(from), self.value(to))
            && low > high
        {
            let mut wrong = self.wrong(item);
            wrong.message = format!("`{item}` goes down, and ranges go up");
            let ends = [self.range(low, self.last), self.range(self.first, high)];
            wrong.right = step.is_none().then(|| ends.join(","));
            return Err(wrong);
        }
        Ok(())
    }

    /// A range as it is written.
    fn range(&self, from: u16, to: u16) -> String {
        let shown = |value: u16| {
            let name = self
                .names
                .get(usize::from(value.saturating_sub(self.first)));
            name.map_or_else(|| value.to_string(), |name| (*name).to_owned())
        };
        if from == to {
            shown(from)
        } else {
            format!("{}-{}", shown(from), shown(to))
        }
    }

    /// The number that a name or number stands for.
    fn value(&self, text: &str) -> Option<u16> {
        let named = self.names.iter().position(|name| *name == text);
        named
            .map(|place| place as u16 + self.first)
            .or_else(|| text.parse().ok())
    }

    fn wrong(&self, item: &str) -> Wrong {
        Wrong {
            message: match item {
                "" => format!("the {} has an empty item", self.name),
                _ => format!("`{item}` is no {}", self.name),
            },
            help: self.takes,
            right: None,
        }
    }
}

/// What is wrong with an item of a field.
struct Wrong {
    message: String,
    help: &'static str,
    /// What is meant in its place.
    right: Option<String>,
}

impl Wrong {
    fn at(self, cron: &str, place: Range<usize>) -> Fault {
        let right = self
            .right
            .map(|right| format!("{}{right}{}", &cron[..place.start], &cron[place.end..]));
        Fault {
            message: self.message,
            help: Some(self.help.to_owned()),
            right,
            place,
        }
    }
}

impl Fault {
    fn new(place: Range<usize>, message: String) -> Self {
        Self {
            place,
            message,
            help: None,
            right: None,
        }
    }

    fn right(self, right: String) -> Self {
        Self {
            right: Some(right),
            ..self
        }
    }
}

/// A day of the week and which of a month's it is: `FRI#2`, `FRIL`. What is no such number is none.
fn of_month(item: &str) -> Option<(&str, Option<u8>)> {
    if let Some((day, nth)) = item.split_once('#') {
        let nth = nth.parse().ok().filter(|nth| (1..=5).contains(nth));
        return Some((day, nth.map(|nth: u32| 1 << nth)));
    }
    let day = item.strip_suffix('L').filter(|day| !day.is_empty())?;
    Some((day, Some(Calendar::LAST_WEEKDAY)))
}

fn wrong_number(cron: &str, fields: &[Range<usize>]) -> Fault {
    let message = match fields.len() {
        0 => "a cron expression has five fields, and this one is empty".to_owned(),
        1 => "a cron expression has five fields, and this has one".to_owned(),
        more => format!("a cron expression has five fields, and this has {more}"),
    };
    let mut fault = Fault::new(0..cron.len(), message);
    fault.help = Some(
        "they are minute, hour, day of the month, month, day of the week: `0 9 * * MON-FRI`"
            .to_owned(),
    );
    // With seconds in front, as some write them: `0 0 9 * * *`.
    if let [seconds, rest @ ..] = fields
        && rest.len() == 5
        && &cron[seconds.clone()] == "0"
    {
        fault = fault.right(cron[rest[0].start..rest[4].end].to_owned());
        fault.help = Some("there is no field for seconds".to_owned());
    }
    fault
}

/// Where the words of a text are.
fn words(text: &str) -> Vec<Range<usize>> {
    let start = |word: &str| word.as_ptr().addr() - text.as_ptr().addr();
    let words = text.split_ascii_whitespace();
    words
        .map(|word| start(word)..start(word) + word.len())
        .collect()
}

#[cfg(test)]
mod tests;

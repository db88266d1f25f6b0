//! Labelled paragraphs for a terminal.

use core::fmt::{self, Formatter};

/// Columns that a line has.
pub(super) const WIDTH: usize = 80;

/// Columns before the text of a paragraph: two, its label, and a gap.
const INDENT: usize = 12;

/// A label and its text, wrapped between words. A word that is longer than a line stands alone.
pub(super) fn paragraph(f: &mut Formatter<'_>, label: &str, text: &str) -> fmt::Result {
    write!(f, "  {label:<width$}", width = INDENT - 2)?;
    let mut column = INDENT;
    for (index, word) in text.split(' ').enumerate() {
        let length = word.chars().count();
        if index > 0 {
            if column + 1 + length > WIDTH {
                write!(f, "\n{:INDENT$}", "")?;
                column = INDENT;
            } else {
                f.write_str(" ")?;
                column += 1;
            }
        }
        f.write_str(word)?;
        column += length;
    }
    writeln!(f)
}

/// A text at the left and one at the right end of a line, if both have room.
pub(super) fn ends(f: &mut Formatter<'_>, left: &str, right: &str) -> fmt::Result {
    let used = left.chars().count() + right.chars().count();
    let gap = WIDTH.saturating_sub(used).max(2);
    writeln!(f, "{left}{:gap$}{right}", "")
}

/// `1 rule`, `2 rules`.
pub(super) fn count(number: usize, one: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{} {one}{plural}", grouped(number as u64))
}

/// A number with its digits in groups of three.
pub(super) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut grouped = String::with_capacity(digits.len() * 4 / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

/// Bytes as people read them: exact up to 10 KiB, then in the unit that leaves at most four digits.
pub(super) fn bytes(number: u64) -> String {
    const UNITS: [&str; 3] = ["KiB", "MiB", "GiB"];
    if number < 10 << 10 {
        return format!("{} B", grouped(number));
    }
    let mut value = number as f64 / 1_024.0;
    let mut unit = 0;
    while value >= 1_024.0 && unit + 1 < UNITS.len() {
        value /= 1_024.0;
        unit += 1;
    }
    let text = format!("{value:.1}");
    format!("{} {}", text.trim_end_matches(".0"), UNITS[unit])
}

/// `a, b, c and 4 more`: the first few of many.
pub(super) fn some<'n>(names: impl ExactSizeIterator<Item = &'n str>, most: usize) -> String {
    let all = names.len();
    let shown: Vec<&str> = names.take(most).collect();
    let text = shown.join(", ");
    match all - shown.len() {
        0 => text,
        more => format!("{text} and {more} more"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(write: impl Fn(&mut Formatter<'_>) -> fmt::Result) -> String {
        fmt::from_fn(write).to_string()
    }

    #[test]
    fn paragraphs_wrap_between_words() {
        let text = ["twelve chars"; 12].join(" ");
        let text = shown(|f| paragraph(f, "where", &text));
        assert_eq!(text.split_whitespace().count(), 25);
        assert!(text.lines().count() > 1);
        for line in text.lines() {
            assert!(line.len() <= WIDTH && line.len() > INDENT, "{line}");
            assert_eq!(line.trim_end(), line);
        }
        let long = "x".repeat(100);
        assert_eq!(shown(|f| paragraph(f, "by", &long)).trim_end().len(), 112);
    }

    #[test]
    fn numbers_read_well() {
        assert_eq!(
            [0, 999, 1_000, 1_048_576].map(grouped),
            ["0", "999", "1,000", "1,048,576"]
        );
        assert_eq!(
            [168, 10_239, 10_240, 1_048_512, 1 << 30, 3 << 29].map(bytes),
            [
                "168 B",
                "10,239 B",
                "10 KiB",
                "1023.9 KiB",
                "1 GiB",
                "1.5 GiB"
            ]
        );
        assert_eq!([count(1, "rule"), count(0, "rule")], ["1 rule", "0 rules"]);
    }

    #[test]
    fn many_names_are_cut_short() {
        let names = ["a", "b", "c"];
        assert_eq!(some(names.into_iter(), 3), "a, b, c");
        assert_eq!(some(names.into_iter(), 1), "a and 2 more");
    }
}

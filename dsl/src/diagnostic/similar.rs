//! Which known name a misspelt one may be.

/// The candidate that is most like `name`, if one is like enough: at most a third of its characters (one in short
/// names) inserted, left out, replaced, or swapped with their neighbour. Case doesn't count. Of equally good ones, the
/// first.
pub fn did_you_mean<'c>(
    name: &str,
    candidates: impl IntoIterator<Item = &'c str>,
) -> Option<&'c str> {
    let name: Vec<char> = name
        .chars()
        .flat_map(char::to_lowercase)
        .take(MAX_LENGTH + 1)
        .collect();
    if name.is_empty() || name.len() > MAX_LENGTH {
        return None;
    }
    let allowed = (name.len() / 3).max(1);
    let mut best: Option<(usize, &str)> = None;
    for candidate in candidates {
        let letters: Vec<char> = candidate
            .chars()
            .flat_map(char::to_lowercase)
            .take(MAX_LENGTH + 1)
            .collect();
        if letters.len().abs_diff(name.len()) > allowed {
            continue;
        }
        let distance = distance(&name, &letters);
        // A name of one letter is one change away from every other.
        if distance <= allowed
            && distance < name.len()
            && best.is_none_or(|(least, _)| distance < least)
        {
            best = Some((distance, candidate));
        }
    }
    best.map(|(_, candidate)| candidate)
}

/// Longer names are compared with nothing: the work grows with the square of the length.
const MAX_LENGTH: usize = 64;

/// How many characters must be inserted, left out, replaced, or swapped with their neighbour (each place once: the
/// optimal string alignment distance).
fn distance(a: &[char], b: &[char]) -> usize {
    let mut before = vec![0; b.len() + 1];
    let mut previous: Vec<usize> = (0..=b.len()).collect();
    for i in 1..=a.len() {
        let mut row = vec![i; b.len() + 1];
        for j in 1..=b.len() {
            let replaced = previous[j - 1] + usize::from(a[i - 1] != b[j - 1]);
            row[j] = replaced.min(previous[j] + 1).min(row[j - 1] + 1);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                row[j] = row[j].min(before[j - 2] + 1);
            }
        }
        before = std::mem::replace(&mut previous, row);
    }
    previous[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_name_is_found() {
        let names = ["host", "hostname", "load", "cpu_usage"];
        assert_eq!(did_you_mean("hots", names), Some("host"));
        assert_eq!(did_you_mean("cpuusage", names), Some("cpu_usage"));
        assert_eq!(did_you_mean("LOAD", names), Some("load"));
        assert_eq!(did_you_mean("hostnam", names), Some("hostname"));
    }

    #[test]
    fn what_is_too_different_is_not_proposed() {
        let names = ["host", "x"];
        assert_eq!(did_you_mean("port_number", names), None);
        assert_eq!(did_you_mean("y", names), None);
        assert_eq!(did_you_mean("", names), None);
        assert_eq!(did_you_mean(&"h".repeat(10_000), names), None);
    }

    #[test]
    fn distances() {
        let of = |a: &str, b: &str| {
            distance(
                &a.chars().collect::<Vec<_>>(),
                &b.chars().collect::<Vec<_>>(),
            )
        };
        assert_eq!(of("", "abc"), 3);
        assert_eq!(of("kitten", "sitting"), 3);
        assert_eq!(of("ab", "ba"), 1);
        assert_eq!(of("same", "same"), 0);
    }
}

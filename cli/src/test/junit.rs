//! Verdicts as `JUnit`'s XML, the form that CI servers read (the schema that Jenkins' `xUnit` plug-in publishes).

use core::fmt::Write;

use super::Verdict;

/// The document: a suite for each file.
pub(super) fn document(verdicts: &[Verdict]) -> String {
    let failed = |verdicts: &[&Verdict]| {
        verdicts
            .iter()
            .filter(|verdict| !verdict.outcome.passed())
            .count()
    };
    let all: Vec<&Verdict> = verdicts.iter().collect();
    let mut text = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    // Writing to memory does not fail.
    let _ = writeln!(
        text,
        "<testsuites tests=\"{}\" failures=\"{}\">",
        all.len(),
        failed(&all)
    );
    for suite in all.chunk_by(|a, b| file(a) == file(b)) {
        let _ = writeln!(
            text,
            "  <testsuite name=\"{}\" tests=\"{}\" failures=\"{}\">",
            escaped(file(suite[0])),
            suite.len(),
            failed(suite)
        );
        for verdict in suite {
            case(&mut text, verdict);
        }
        text.push_str("  </testsuite>\n");
    }
    text.push_str("</testsuites>\n");
    text
}

fn case(text: &mut String, verdict: &Verdict) {
    let _ = write!(
        text,
        "    <testcase classname=\"{}\" name=\"{}\"",
        escaped(file(verdict)),
        escaped(&verdict.title)
    );
    if verdict.outcome.passed() {
        text.push_str("/>\n");
        return;
    }
    let _ = writeln!(
        text,
        ">\n      <failure message=\"{}\">{}</failure>\n    </testcase>",
        escaped(&verdict.place),
        escaped(&verdict.timeline)
    );
}

fn file(verdict: &Verdict) -> &str {
    verdict
        .place
        .rsplit_once(':')
        .map_or(&*verdict.place, |(file, _)| file)
}

fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            // XML 1.0 has no other control characters.
            c if c.is_control() && !matches!(c, '\n' | '\t') => escaped.push('\u{fffd}'),
            c => escaped.push(c),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::escaped;

    #[test]
    fn what_xml_reserves_is_escaped() {
        assert_eq!(
            escaped("a<b & \"c\">\u{1b}\n"),
            "a&lt;b &amp; &quot;c&quot;&gt;\u{fffd}\n"
        );
    }
}

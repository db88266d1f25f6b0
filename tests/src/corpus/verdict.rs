//! A case before the evaluators.

use std::fmt::Write as _;
use std::sync::Arc;

use trapjaw_dsl::diagnostic::{Diagnostic, Style, render};
use trapjaw_dsl::source::{SourceMap, beside};
use trapjaw_event::Event;

use super::case::Case;
use super::history::{history, lines};
use super::notation::{duration, instant};
use super::told::{Expected, Told, difference};
use crate::engine::{self, Cut, NEVER};
use crate::oracle::{self, Options};

/// How the engine takes in each case.
const CUTS: [Cut; 4] = [
    Cut {
        shards: 1,
        batch: 1,
        index_from: 1,
        run_by_run: false,
        share_windows: true,
    },
    Cut {
        shards: 2,
        batch: 7,
        index_from: NEVER,
        run_by_run: false,
        share_windows: true,
    },
    Cut {
        shards: 3,
        batch: 4_096,
        index_from: 1,
        run_by_run: false,
        share_windows: false,
    },
    Cut {
        shards: 1,
        batch: 4_096,
        index_from: 1,
        run_by_run: true,
        share_windows: false,
    },
];

/// Holds every evaluator against the case.
///
/// # Errors
///
/// What is wrong with the case, or where the evaluators part from it, to be read by people.
pub fn verdict(case: &Case) -> Result<(), String> {
    let start = instant(&case.start, 0)?;
    let mut sources = SourceMap::new();
    let rule_file = format!("{}.trap", case.name);
    sources.add(&rule_file, case.rules.as_str());
    for (file, text) in &case.tables {
        sources.add_table(beside(&rule_file, file), text.as_str());
    }
    let (compiled, found) = match trapjaw_dsl::compile(&sources) {
        Ok(compiled) => {
            let warnings = compiled.warnings.clone();
            (Some(compiled), warnings)
        }
        Err(found) => (None, found),
    };
    findings(case, &found, &sources)?;
    let Some(compiled) = compiled else {
        return if case.matches.is_some() {
            Err("the rules don't compile, but the case has `matches`".into())
        } else {
            Ok(())
        };
    };
    let matches = case
        .matches
        .as_ref()
        .ok_or("the rules compile, but the case has no `matches`")?;
    let rules = &compiled.hir;
    let expected: Vec<Expected> = lines(matches)
        .map(|line| Expected::read(line, rules, start))
        .collect::<Result<_, _>>()?;
    let events = history(&case.events, &rules.registry, start)?;
    let mut options = Options {
        by_source: case.by_source,
        ..Options::default()
    };
    if let Some(until) = &case.until {
        options.until = Some(instant(until, start)?);
    }
    if let Some(idle_ttl) = &case.idle_ttl {
        options.idle_ttl = duration(idle_ttl)?;
    }

    let mut failures: Vec<(String, String)> = Vec::new();
    let mut judge = |who: String, told: &[Told]| {
        let Some(difference) = difference(&expected, told) else {
            return;
        };
        match failures.iter_mut().find(|known| known.1 == difference) {
            Some((names, _)) => names.extend([", ", &who]),
            None => failures.push((who, difference)),
        }
    };
    let ran = oracle::run_all(rules, &events, options);
    let late: Vec<&Event> = ran.late.iter().map(|&place| &events[place]).collect();
    let mut wrong = lateness(case, "oracle", &late);
    let told = ran.matches.iter();
    let told = told.map(|found| Told::by_oracle(rules, found, start));
    judge("oracle".into(), &told.collect::<Vec<_>>());
    let program = Arc::new(compiled.program);
    for cut in CUTS {
        let who = format!("engine ({} shards, batches of {})", cut.shards, cut.batch);
        let ran = engine::run_counted(&program, &events, options, cut);
        let told = ran.matches.iter();
        let told = told.map(|found| Told::by_engine(rules, found, start));
        judge(who.clone(), &told.collect::<Vec<_>>());
        wrong += &lateness(case, &who, &ran.late.iter().collect::<Vec<_>>());
        for (name, expected) in &case.counted {
            let found = engine::counter(&ran.counters, name)
                .ok_or_else(|| format!("there is no counter `{name}`"))?;
            if found != *expected {
                writeln!(wrong, "{who}: {name} is {found}, not {expected}").expect("a text grows");
            }
        }
    }
    if failures.is_empty() && wrong.is_empty() {
        return Ok(());
    }
    let mut text = wrong;
    for (who, difference) in failures {
        writeln!(text, "{who}:\n{difference}").expect("a text grows");
    }
    Err(text)
}

/// What is wrong about the events that came too late; nothing if they are those that the case expects.
fn lateness(case: &Case, who: &str, late: &[&Event]) -> String {
    let ids = late.iter().map(|event| event.id.as_deref());
    if ids.eq(case.late.iter().map(|id| Some(&**id))) {
        return String::new();
    }
    let ids: Vec<_> = late.iter().map(|event| &event.id).collect();
    format!("{who}: late are {ids:?}, not {:?}\n", case.late)
}

/// Are the compiler's findings those that the case expects, and no others?
fn findings(case: &Case, found: &[Diagnostic], sources: &SourceMap) -> Result<(), String> {
    let single_spaced = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    let told: Vec<String> = found
        .iter()
        .map(|finding| {
            let text = sources.get(finding.primary.source).text();
            let place = single_spaced(&text[finding.primary.range()]);
            format!("{} {place}", finding.code).trim_end().to_owned()
        })
        .collect();
    let expected: Vec<String> = lines(&case.diagnostics).map(single_spaced).collect();
    let agrees = |expected: &String, told: &String| {
        expected == told
            || expected
                .strip_suffix("...")
                .is_some_and(|start| told.starts_with(start))
    };
    if expected.len() == told.len() && expected.iter().zip(&told).all(|(e, t)| agrees(e, t)) {
        return Ok(());
    }
    let list = |sign: char, lines: &[String]| {
        lines.iter().fold(String::new(), |mut text, line| {
            writeln!(text, "  {sign} {line}").expect("a text grows");
            text
        })
    };
    Err(format!(
        "the compiler's findings:\n{}{}{}",
        list('-', &expected),
        list('+', &told),
        render(found, sources, Style::Plain)
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A case that holds.
    fn right() -> Case {
        Case {
            name: "right".into(),
            about: String::new(),
            cite: String::new(),
            differs: String::new(),
            docs: Vec::new(),
            rules: "event e { k: text, n: int }\n\
                    rule r { on x: e where x.n > 0 by x.k do log(\"n {x.n}\") }"
                .into(),
            tables: [].into(),
            start: "2026-01-01T00:00:00Z".into(),
            events: "0s e k=a n=1\n1s e k=b n=0\n2s e k=b n=2".into(),
            until: None,
            idle_ttl: None,
            by_source: false,
            late: Vec::new(),
            matches: Some("0s r matched k=a x=1 x.n=1: n 1\n2s r matched k=b x=[3]: n 2".into()),
            diagnostics: String::new(),
            counted: [("faults".into(), 0)].into(),
        }
    }

    #[test]
    fn a_right_case_holds() {
        assert_eq!(verdict(&right()), Ok(()));
    }

    #[test]
    fn a_wrong_expectation_is_told_beside_what_is_found() {
        let told = |matches: &str| {
            let case = Case {
                matches: Some(matches.into()),
                ..right()
            };
            verdict(&case).expect_err("it is wrong")
        };
        let missing = told("0s r matched k=a");
        assert!(missing.contains("    0s r matched k=a\n  + 2s r matched k=b x=3: n 2"));
        assert!(missing.starts_with("oracle, engine (1 shards"), "{missing}");
        let second = "2s r matched k=b";
        for first in [
            "1s r matched k=a",
            "0s r raised k=a",
            "0s r matched k=b",
            "0s r matched x=2",
            "0s r matched x=[]",
            "0s r matched x.n=2",
            "0s r matched x.k=[a,a]",
            "0s r matched what=a",
            "0s r matched: n 2",
        ] {
            let told = told(&format!("{first}\n{second}"));
            assert!(told.contains(&format!("  - {first}\n")), "{told}");
        }
    }

    #[test]
    fn an_event_comes_again() {
        let case = Case {
            events: "0s e k=a n=1 repeat every 2s until 4s\n5s e k=b n=1 id=last".into(),
            matches: Some(
                "0s r matched x=1\n2s r matched x=2\n4s r matched x=3\n5s r matched x=last".into(),
            ),
            ..right()
        };
        assert_eq!(verdict(&case), Ok(()));
    }

    #[test]
    fn a_case_that_is_not_one_is_refused() {
        type Spoil = fn(&mut Case);
        let wrong: [(&str, Spoil); 14] = [
            ("no `matches`", |case| case.matches = None),
            ("no such rule", |case| {
                case.matches = Some("0s q matched".into());
            }),
            ("no such kind", |case| {
                case.matches = Some("0s r met".into());
            }),
            ("lacks its kind", |case| case.matches = Some("0s r".into())),
            ("no field `q`", |case| {
                case.events = "0s e k=a n=1 q=1".into();
            }),
            ("is required", |case| case.events = "0s e k=a".into()),
            ("`repeat every", |case| {
                case.events = "0s e k=a n=1 twice".into();
            }),
            ("without end", |case| {
                case.events = "0s e k=a n=1 repeat every 0s until 1s".into();
            }),
            ("no type `f`", |case| case.events = "0s f".into()),
            ("is no int", |case| case.events = "0s e k=a n=one".into()),
            ("no duration", |case| case.until = Some("soon".into())),
            ("no counter", |case| {
                case.counted = [("what".into(), 0)].into();
            }),
            ("findings", |case| case.diagnostics = "TJ0101 x".into()),
            ("has `matches`", |case| {
                case.rules.push_str("rule s { on x: e where x.q }");
                case.diagnostics = "TJ0105 q".into();
            }),
        ];
        for (why, spoil) in wrong {
            let mut case = right();
            spoil(&mut case);
            let told = verdict(&case).expect_err(why);
            assert!(told.contains(why), "{why}: {told}");
        }
    }
}

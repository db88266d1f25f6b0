//! Each function of the editor over small texts, with `$0` where the cursor stands.

mod completion;
mod fix;
mod name;
mod rename;
mod shown;

use super::{Analysis, At};
use crate::source::{SourceMap, Span};

/// Files of a set, parted by lines `//- name`, with one `$0` in one of them.
struct Fixture {
    analysis: Analysis,
    at: At,
    /// The text of the cursor's file, without the cursor.
    text: String,
}

impl Fixture {
    fn new(text: &str) -> Fixture {
        let mut sources = SourceMap::new();
        let mut cursor = None;
        for (name, text) in files(text) {
            let offset = text.find("$0");
            let text = text.replacen("$0", "", 1);
            let source = if name == "owners.csv" {
                sources.add_table(name, &*text)
            } else {
                sources.add(name, &*text)
            };
            if let Some(offset) = offset {
                assert!(cursor.is_none(), "one cursor is enough");
                let offset = offset as u32;
                cursor = Some((At { source, offset }, text));
            }
        }
        let (at, text) = cursor.expect("a fixture has a cursor");
        Fixture {
            analysis: Analysis::new(sources),
            at,
            text,
        }
    }

    /// A place with the text that stands there: `a.trap 3:5 host`.
    fn shown(&self, place: Span) -> String {
        let file = self.analysis.sources().get(place.source);
        let start = file.line_column(place.start);
        let text = &file.text()[place.range()];
        format!("{} {}:{} {text}", file.name(), start.line, start.column)
    }
}

fn files(text: &str) -> Vec<(&str, String)> {
    if !text.starts_with("//- ") {
        return vec![("a.trap", text.to_owned())];
    }
    let files = text.split("//- ").skip(1);
    let files = files.map(|file| file.split_once('\n').expect("a name on a line of its own"));
    files.map(|(name, text)| (name, text.to_owned())).collect()
}

/// Types and rules that most fixtures speak of.
const TYPES: &str = "\
// A sample of one machine.
event cpu { host: text, load: float, core: int? }
event login { user: text, ip: ip, ok: bool }
event deploy = \"com.example.deploy\" { service: text, phase: enum(started, done, failed), order.id: int? } lateness 5s
table owners from \"owners.csv\" key host { host: text, team: text? }
const LIMIT = 45% * 2
const NETS = [10.0.0.0/8, 192.168.0.1]
";

const OWNERS: &str = "//- owners.csv\nhost,team\nweb-1,shop\n";

/// A set of the common types and one more text, with the cursor.
fn with_types(text: &str) -> Fixture {
    Fixture::new(&format!(
        "{OWNERS}//- types.trap\n{TYPES}//- a.trap\n{text}"
    ))
}

#[test]
fn the_common_types_are_right() {
    let fixture = with_types("$0");
    assert_eq!(fixture.analysis.diagnostics(), []);
    assert_eq!(fixture.text, "");
}

/// While a text is written, every part of it is there once with the cursor at its end, and whatever follows it.
#[test]
fn nothing_that_is_half_written_is_too_much() {
    const TEXT: &str = "event é { s: enum(p, q), order.id: int? } lateness 5s\n\
        table owners from \"owners.csv\" key host { host: text }\nconst A = [1, 2] // 🐜\n\
        rule r { on x: e | f where x.order.id in A and x.s == p or owners[x.s].host ~ /a🐜/i by x.s\n\
        over 5m having count(where x.s is null) > 1 emit e { s: q } do log(\"a {x.s:.2}\", b: if x then 1 else 2) }\n\
        rule p { match a: e[s == p]{2,}? strict -> (b: e or not c: e for 5s) until d: e by s within 5m skip to last a }\n\
        test \"t\" { at 0s e { s: p } repeat every 1s until 5s expect no r at 5s { s: p } }";
    let mut looks = 0;
    for (offset, _) in TEXT.char_indices() {
        for rest in ["", " }\nrule z { on e: e do log(\"\") }"] {
            let mut sources = SourceMap::new();
            let text = format!("{}{rest}", &TEXT[..offset]);
            let source = sources.add("a.trap", &*text);
            let analysis = Analysis::new(sources);
            let at = At {
                source,
                offset: offset as u32,
            };
            let range = Span {
                source,
                start: 0,
                end: text.len() as u32,
            };
            looks += analysis.completions(at, &text, &[]).len();
            looks += analysis.definitions(at).len() + analysis.references(at, true).len();
            looks += usize::from(analysis.hover(at).is_some());
            looks += usize::from(analysis.rename(at, "other").is_ok());
            looks += analysis.fixes(range).len() + analysis.symbols(source).len();
            let tokens = analysis.tokens(source);
            assert!(tokens.is_sorted_by_key(|token| token.place));
            looks += tokens.len();
        }
    }
    assert!(looks > 10_000, "only {looks} things were seen");
}

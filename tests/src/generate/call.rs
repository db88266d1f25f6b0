//! Calls of functions, chosen by what they give, and patterns.

use trapjaw_program::function::{Callee, Type, UNITS};

use super::expr::{Names, Place};
use super::random::Random;
use super::schema::Ty;

const REGEXES: [&str; 8] = [
    "/a/",
    "/^b/i",
    "/^$/",
    "/[a-b]+$/",
    "/(?<first>a)?(b)/",
    "/^.$/",
    "/É/i",
    r"/\d+/",
];
const GLOBS: [&str; 8] = ["a*", "*b", "?", "*", "", "[a-b]?", "[!a]*", r"\?*"];
const ZONES: [&str; 4] = ["UTC", "Europe/Berlin", "Asia/Kolkata", "America/New_York"];

/// What a type of the library is here; none for a constant of its own.
fn value_type(ty: Type) -> Option<Ty> {
    Some(match ty {
        Type::Bool => Ty::Bool,
        Type::Int => Ty::Int,
        Type::Float => Ty::Float,
        Type::Text => Ty::Text,
        Type::Time => Ty::Time,
        Type::Duration => Ty::Duration,
        Type::Ip => Ty::Ip,
        Type::Pattern | Type::Zone | Type::Unit | Type::Layout => return None,
    })
}

impl Names<'_> {
    /// A call of a function that gives that type, if there is a field to begin with.
    pub(super) fn call(
        &self,
        random: &mut Random,
        ty: Ty,
        place: Place,
        depth: usize,
    ) -> Option<String> {
        let callees: Vec<Callee> = Callee::all()
            .filter(|callee| value_type(callee.signature().result) == Some(ty))
            .collect();
        if callees.is_empty() {
            return None;
        }
        let callee = random.pick(&callees);
        let mut types = callee.signature().types();
        let first = types.next()?;
        let mut text = format!(
            "{}({}",
            callee.name(),
            self.variable(random, value_type(first)?, place, depth)?
        );
        for next in types {
            text += ", ";
            text += &match next {
                Type::Zone => quoted(random.pick(&ZONES)),
                Type::Unit => quoted(random.pick(&UNITS)),
                Type::Layout => quoted(layout(random, first)),
                // A group that is not there is refused: all have the whole match.
                Type::Pattern if callee.name() == "capture" => {
                    let by_name = callee.signature().types().nth(2) == Some(Type::Text);
                    text += if by_name {
                        "/(?<first>a)?(b)/, \"first\")"
                    } else {
                        "/(?<first>a)?(b)/, 2)"
                    };
                    return Some(text);
                }
                Type::Pattern => random.pick(&REGEXES).into(),
                other => self.expr(random, value_type(other)?, place, depth.min(1)),
            };
        }
        Some(text + ")")
    }
}

/// A text that is held against a pattern.
pub(super) fn matching(random: &mut Random, tested: &str) -> String {
    if random.chance(50) {
        return format!("({tested} ~ {})", random.pick(&REGEXES));
    }
    let not = if random.chance(20) { "not " } else { "" };
    let operator = random.pick(&["like", "ilike"]);
    // A backslash in a glob is one in the text: the raw form keeps it.
    format!("({tested} {not}{operator} r\"{}\")", random.pick(&GLOBS))
}

fn quoted(text: &str) -> String {
    format!("\"{text}\"")
}

/// A format of values of that type.
pub(super) fn layout(random: &mut Random, of: Type) -> &'static str {
    match of {
        Type::Time => random.pick(&["%H:%M", "%d.%m.%Y", "%Y-%m-%dT%H:%M:%S%z", "%a"]),
        Type::Duration => random.pick(&["s", ".1s", "ms", ".3h", "m", ".2d", "us", "ns"]),
        _ => random.pick(&[".2", ".0", "%", ".1%"]),
    }
}

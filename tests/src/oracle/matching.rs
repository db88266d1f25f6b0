//! Whether texts fit patterns, found by trying: globs by recursion, regular expressions by the library's slow machine.

use regex_automata::nfa::thompson::pikevm::PikeVM;
use regex_automata::util::syntax;
use trapjaw_program::{Form, Pattern};

/// Does the pattern match?
pub(super) fn matches(pattern: &Pattern, text: &str) -> bool {
    let fold = |text: &str| -> Vec<char> {
        if pattern.ignores_case() {
            text.chars().map(folded).collect()
        } else {
            text.chars().collect()
        }
    };
    match pattern.form() {
        Form::Glob => glob(&fold(pattern.source()), &fold(text)),
        Form::Regex => {
            let vm = machine(pattern);
            vm.is_match(&mut vm.create_cache(), text)
        }
    }
}

/// What a group took in the leftmost match.
pub(super) fn capture(pattern: &Pattern, text: &str, group: usize) -> Option<String> {
    let vm = machine(pattern);
    let mut captures = vm.create_captures();
    vm.captures(&mut vm.create_cache(), text, &mut captures);
    captures
        .get_group(group)
        .map(|span| text[span.start..span.end].to_owned())
}

/// The text with something else in place of each match.
pub(super) fn replace(pattern: &Pattern, text: &str, with: &str) -> String {
    let vm = machine(pattern);
    let mut cache = vm.create_cache();
    let mut pieces = Vec::new();
    let mut end = 0;
    for found in vm.find_iter(&mut cache, text) {
        pieces.push(&text[end..found.start()]);
        end = found.end();
    }
    pieces.push(&text[end..]);
    pieces.join(with)
}

fn machine(pattern: &Pattern) -> PikeVM {
    let mut builder = PikeVM::builder();
    builder.syntax(syntax::Config::new().case_insensitive(pattern.ignores_case()));
    builder
        .build(pattern.source())
        .expect("the pattern was compiled before")
}

/// A letter without its case, one character for one: the small form of its capital, where either is one character.
pub(super) fn folded(character: char) -> char {
    // `I` is its capital in some languages, but case folding knows none of them.
    if character == 'ı' {
        return character;
    }
    let capital = only(character.to_uppercase()).unwrap_or(character);
    only(capital.to_lowercase()).unwrap_or(character)
}

/// The character, where it is one alone.
fn only(mut characters: impl Iterator<Item = char>) -> Option<char> {
    let first = characters.next();
    first.filter(|_| characters.next().is_none())
}

/// A glob of `*`, `?`, classes and escapes, tried at every place.
fn glob(glob: &[char], text: &[char]) -> bool {
    match (glob, text) {
        ([], _) => text.is_empty(),
        (['*', rest @ ..], _) => (0..=text.len()).any(|skip| self::glob(rest, &text[skip..])),
        (_, []) => false,
        (['?', rest @ ..], [_, behind @ ..]) => self::glob(rest, behind),
        (['\\', plain, rest @ ..], [first, behind @ ..]) => {
            plain == first && self::glob(rest, behind)
        }
        (['[', class @ ..], [first, behind @ ..]) => {
            let close = class
                .iter()
                .position(|c| *c == ']')
                .expect("generated classes close");
            let (negated, members) = match &class[..close] {
                ['!', members @ ..] => (true, members),
                members => (false, members),
            };
            let within = match members {
                [low, '-', high] => (low..=high).contains(&first),
                members => members.contains(first),
            };
            within != negated && self::glob(&class[close + 1..], behind)
        }
        ([plain, rest @ ..], [first, behind @ ..]) => plain == first && self::glob(rest, behind),
    }
}

//! Letters without their case.

/// The text with each character in its folded form: Unicode's simple case folding, one character for one. Two texts
/// are the same but for case if their folded forms are equal. A pattern that ignores case folds the same way.
pub fn folded(text: &str) -> String {
    text.chars().map(fold).collect()
}

fn fold(character: char) -> char {
    if character.is_ascii() {
        return character.to_ascii_lowercase();
    }
    let folded = unicode_case_mapping::case_folded(character);
    folded
        .and_then(|code| char::from_u32(code.get()))
        .unwrap_or(character)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_character_for_one() {
        assert_eq!(folded("STRASSE Ähre ΣΊΣΥΦΟΣ K"), "strasse ähre σίσυφοσ k");
        assert_eq!(folded("ς"), "σ");
        assert_eq!(folded("ß"), "ß");
        assert_eq!(folded("İ"), "İ");
    }

    #[test]
    fn patterns_fold_the_same_way() {
        for character in ('\0'..='\u{1FFFF}').filter(|c| !c.is_ascii() && fold(*c) != *c) {
            let mut buffer = [0; 4];
            let escaped = regex_syntax::escape(character.encode_utf8(&mut buffer));
            let pattern = crate::Pattern::regex(&format!("^{escaped}$"), true).unwrap();
            assert!(
                pattern.matches(&fold(character).to_string()),
                "{character:?}"
            );
        }
    }
}

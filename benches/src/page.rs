//! Parts of pages that programs write: what stands between `<!-- NAME -->` and `<!-- end of NAME -->`.

use core::fmt;

/// A page has no such part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Missing(String);

impl fmt::Display for Missing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(name) = self;
        write!(
            f,
            "the page has no `<!-- {name} -->` with an `<!-- end of {name} -->` behind it"
        )
    }
}

impl std::error::Error for Missing {}

/// The page with another text as its part of this name.
pub fn renew(page: &str, name: &str, text: &str) -> Result<String, Missing> {
    let missing = || Missing(name.to_owned());
    let (before, rest) = page
        .split_once(&format!("<!-- {name} -->\n"))
        .ok_or_else(missing)?;
    let end = format!("<!-- end of {name} -->");
    let (_, after) = rest.split_once(&end).ok_or_else(missing)?;
    let text = text.trim_end();
    Ok(format!("{before}<!-- {name} -->\n\n{text}\n\n{end}{after}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_part_is_another() {
        let page = "a\n<!-- t -->\nold\n<!-- end of t -->\nb\n<!-- u -->\n<!-- end of u -->\n";
        let renewed = renew(page, "t", "new\n").expect("it is there");
        let expected =
            "a\n<!-- t -->\n\nnew\n\n<!-- end of t -->\nb\n<!-- u -->\n<!-- end of u -->\n";
        assert_eq!(renewed, expected);
        assert_eq!(renew(&renewed, "t", "new").as_deref(), Ok(expected));
        assert_eq!(renew(page, "v", ""), Err(Missing("v".to_owned())));
        assert!(renew("<!-- t -->\n", "t", "").is_err());
    }
}

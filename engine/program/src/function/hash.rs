//! `hash`.

use xxhash_rust::xxh3::xxh3_64;

use super::scalar::int;
use super::{Area, Function, Type, takes};

pub(super) const HASH: Function = Function {
    name: "hash",
    area: Area::Texts,
    about: "A number that depends on the text alone, the same on every machine and in every version: XXH3-64 of its bytes, as a signed int. `mod(hash(c.user), 10) == 0` takes about a tenth of the users.",
    signatures: &[takes(&[("x", Type::Text)], Type::Int, |a| {
        int(xxh3_64(a.text(0).as_bytes()) as i64)
    })],
    folds: false,
    examples: &[(r#"hash("")"#, "3244421341483603138")],
};

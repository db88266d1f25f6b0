//! Faults to plant: what the tests have to find, or they are too weak.

use std::fs;
use std::path::{Path, PathBuf};

use serde::Deserialize;

/// A change of the sources that makes rules mean something else.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fault {
    /// A short name.
    pub name: String,
    /// What is wrong then.
    pub about: String,
    /// The file, from the root.
    pub file: String,
    /// What stands there, once.
    pub find: String,
    /// What stands there instead.
    pub plant: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct List {
    fault: Vec<Fault>,
}

/// The repository's root.
pub fn root() -> PathBuf {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR"));
    tests.parent().expect("the crate has a folder").to_owned()
}

/// The faults of `tests/mutations/faults.toml`.
///
/// # Panics
///
/// If the file is no list of faults.
pub fn faults() -> Vec<Fault> {
    let path = root().join("tests/mutations/faults.toml");
    let text = fs::read_to_string(&path).expect("the file of faults can be read");
    let list: List = toml::from_str(&text).expect("it is a list of faults");
    list.fault
}

impl Fault {
    /// The text of its file with the fault in it.
    ///
    /// # Panics
    ///
    /// If its place is not there, or not once.
    pub fn planted(&self, sound: &str) -> String {
        let places = sound.matches(&self.find).count();
        assert_eq!(places, 1, "{}: places in {}", self.name, self.file);
        sound.replacen(&self.find, &self.plant, 1)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_fault_has_a_place_and_a_name_of_its_own() {
        let faults = faults();
        assert!(faults.len() >= 20, "only {} faults", faults.len());
        let mut names = BTreeSet::new();
        for fault in &faults {
            assert!(names.insert(&fault.name), "{} stands twice", fault.name);
            let sound = fs::read_to_string(root().join(&fault.file))
                .unwrap_or_else(|error| panic!("{}: {error}", fault.file));
            assert_ne!(fault.planted(&sound), sound, "{}", fault.name);
        }
    }
}

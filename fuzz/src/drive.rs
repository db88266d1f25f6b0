//! Running a target over a corpus and over mutations of it.

use std::fs;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

use crate::mutate::{XorShift, mutate};
use crate::{Outcome, Target};

/// A run of a target. The same target, files and seed make the same inputs.
#[derive(Clone, Copy, Debug)]
pub struct Drive<'a> {
    /// What is run.
    pub target: &'a Target,
    /// The folder with `corpus` and `regressions`.
    pub folder: &'a Path,
    /// Decides the mutations.
    pub seed: u64,
    /// How many mutations are tried.
    pub runs: u32,
}

/// What a run that found nothing has seen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// Files of the corpus and of the regressions.
    pub files: usize,
    /// Inputs that were what they claim to be.
    pub accepted: u32,
    /// Inputs that were refused.
    pub refused: u32,
}

/// An input for which the target panicked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// The file, or what the mutation was made from.
    pub origin: PathBuf,
    /// The input.
    pub input: Vec<u8>,
}

impl Drive<'_> {
    /// Runs the target over all files, then over mutations of them, up to the first panic.
    ///
    /// # Errors
    ///
    /// The input for which the target panicked. The panic's own message went to where panics are told.
    ///
    /// # Panics
    ///
    /// If there is no corpus, or a file can't be read.
    pub fn run(&self) -> Result<Report, Failure> {
        let name = self.target.name;
        let corpus =
            files(&self.folder.join("corpus").join(name)).expect("each target has a corpus");
        // Git keeps no empty folders: none means that nothing was found so far.
        let regressions = files(&self.folder.join("regressions").join(name)).unwrap_or_default();
        assert!(!corpus.is_empty(), "the corpus of {name} is empty");
        let files = [corpus, regressions].concat();

        let mut report = Report {
            files: files.len(),
            ..Report::default()
        };
        for (path, bytes) in &files {
            self.once(path, bytes, &mut report)?;
        }
        let mut random = XorShift::new(self.seed);
        for _ in 0..self.runs {
            let (path, bytes) = &files[random.below(files.len())];
            let (_, other) = &files[random.below(files.len())];
            let mut input = bytes.clone();
            mutate(&mut input, other, &mut random);
            self.once(path, &input, &mut report)?;
        }
        Ok(report)
    }

    fn once(&self, origin: &Path, input: &[u8], report: &mut Report) -> Result<(), Failure> {
        match catch_unwind(AssertUnwindSafe(|| (self.target.run)(input))) {
            Ok(Outcome::Accepted) => report.accepted += 1,
            Ok(Outcome::Refused) => report.refused += 1,
            Err(_) => {
                return Err(Failure {
                    origin: origin.to_owned(),
                    input: input.to_owned(),
                });
            }
        }
        Ok(())
    }
}

/// The files of a folder with what they hold, by name.
fn files(folder: &Path) -> io::Result<Vec<(PathBuf, Vec<u8>)>> {
    let mut paths = fs::read_dir(folder)?
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<io::Result<Vec<PathBuf>>>()?;
    paths.sort();
    paths
        .into_iter()
        .map(|path| fs::read(&path).map(|bytes| (path, bytes)))
        .collect()
}

//! The way through all stages.

use crate::check::{self, Checked};
use crate::diagnostic::{
    Diagnostic,
    codes::{bounds, internal},
};
use crate::source::{SourceMap, Span};
use crate::{hir, lower};
use trapjaw_program::{RuleSet, Verified, VerifyError, verify};

/// Compiled rules.
#[derive(Clone, Debug)]
pub struct Compiled {
    /// The program, ready to run.
    pub program: Verified<RuleSet>,
    /// What it was made from.
    pub hir: hir::RuleSet,
    /// What compiles, but perhaps not to what was meant.
    pub warnings: Vec<Diagnostic>,
}

/// Reads and checks the files of one rule set. The result tells warnings too; without an error it has rules.
pub fn check_with_warnings(sources: &SourceMap) -> Checked {
    check::check(sources)
}

/// Reads and checks the files of one rule set.
///
/// # Errors
///
/// All findings, warnings among them, if there is an error.
pub fn check(sources: &SourceMap) -> Result<hir::RuleSet, Vec<Diagnostic>> {
    let Checked {
        rules, diagnostics, ..
    } = check::check(sources);
    rules.ok_or(diagnostics)
}

/// Reads, checks and compiles the files of one rule set.
///
/// # Errors
///
/// All findings, warnings among them, if there is an error.
pub fn compile(sources: &SourceMap) -> Result<Compiled, Vec<Diagnostic>> {
    let Checked {
        rules,
        mut diagnostics,
        ..
    } = check::check(sources);
    let Some(hir) = rules else {
        return Err(diagnostics);
    };
    match verify(lower::lower(&hir)) {
        Ok(program) => Ok(Compiled {
            program,
            hir,
            warnings: diagnostics,
        }),
        Err(error) => {
            let place = hir
                .rules
                .first()
                .map(|rule| rule.span)
                .or_else(|| beginning(sources));
            diagnostics.extend(place.map(|place| refused(&error, place)));
            Err(diagnostics)
        }
    }
}

/// Compiles checked rules that were made or changed by a program: probes of a rule's clauses, say. They have to hold
/// what [`hir`] promises.
///
/// # Errors
///
/// What the verifier refuses: rules that are too many or too big, or that don't hold what they have to.
pub fn compile_checked(rules: &hir::RuleSet) -> Result<Verified<RuleSet>, VerifyError> {
    verify(lower::lower(rules))
}

/// What a refusal by the verifier says: the rules are too big, or the compiler is wrong.
fn refused(error: &VerifyError, place: Span) -> Diagnostic {
    if error.code() == "limit" {
        Diagnostic::error(
            bounds::BEYOND_LIMIT,
            place,
            format!("the compiled rules are too big: {error}"),
        )
    } else {
        Diagnostic::error(
            internal::NOT_VERIFIED,
            place,
            format!("the compiled rules were refused: {error}"),
        )
        .with_help("this is a fault of the compiler: please report it with the rules")
    }
}

fn beginning(sources: &SourceMap) -> Option<Span> {
    let (source, _) = sources.iter().next()?;
    Some(Span {
        source,
        start: 0,
        end: 0,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;
    use trapjaw_event::{EventType, Registry};

    #[test]
    fn a_refusal_by_the_verifier_is_a_fault_of_the_compiler() {
        let mut sources = SourceMap::new();
        sources.add("empty.trap", "");
        let place = beginning(&sources).expect("there is a file");
        let mut registry = Registry::new();
        registry
            .add(EventType::new("e", vec![]))
            .expect("it is the first");
        let without_types = RuleSet {
            registry: Arc::new(registry),
            types: vec![],
            tables: vec![],
            rules: vec![],
            order: vec![],
        };
        let error = verify(without_types).expect_err("a type has no predicates");
        let finding = refused(&error, place);
        assert_eq!(finding.code, internal::NOT_VERIFIED);
        assert!(
            finding.message.contains(&error.to_string()),
            "{}",
            finding.message
        );
    }
}

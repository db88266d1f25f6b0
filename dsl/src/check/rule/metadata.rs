//! What a rule says of itself.

use super::super::{Outcome, Reported};
use super::RuleChecker;
use super::clauses::Clauses;
use crate::diagnostic::{Diagnostic, codes::names as codes, did_you_mean};
use crate::hir::Metadata;
use crate::syntax::ast::{AboutClause, LabelsClause, RunbookClause, SeverityClause, StringLiteral};
use std::collections::HashSet;
use trapjaw_event::{FieldType, Severity, Value};

impl RuleChecker<'_> {
    pub(super) fn metadata(&mut self, clauses: &Clauses) -> Outcome<Metadata> {
        let plain =
            |text: Option<StringLiteral>| text.and_then(|text| text.plain_text()).map(Into::into);
        let severity = clauses
            .severity
            .as_ref()
            .map(|clause| self.severity(clause))
            .transpose();
        let labels = clauses
            .labels
            .as_ref()
            .map(|clause| self.labels(clause))
            .transpose();
        Ok(Metadata {
            about: plain(clauses.about.as_ref().and_then(AboutClause::text)),
            severity: severity?,
            labels: labels?.unwrap_or_default(),
            runbook: plain(clauses.runbook.as_ref().and_then(RunbookClause::text)),
        })
    }

    fn severity(&mut self, clause: &SeverityClause) -> Outcome<Severity> {
        let level = clause.level().ok_or(Reported)?;
        let text = level.text();
        text.parse().or_else(|_| {
            let span = self.span(&level);
            let message = format!("there is no severity `{text}`");
            let error = Diagnostic::error(codes::UNKNOWN_SEVERITY, span, message);
            self.exprs
                .refuse(match did_you_mean(&text, Severity::NAMES) {
                    Some(meant) => {
                        error.with_suggestion(span, meant, format!("did you mean `{meant}`?"))
                    }
                    None => error
                        .with_help(format!("the severities are {}", Severity::NAMES.join(", "))),
                })
        })
    }

    fn labels(&mut self, clause: &LabelsClause) -> Outcome<Vec<(Box<str>, Box<str>)>> {
        let record = clause.record().ok_or(Reported)?;
        let mut labels: Vec<(Box<str>, Box<str>)> = Vec::new();
        let mut known = HashSet::new();
        let mut sound = true;
        for field in record.fields() {
            let path = field.path().ok_or(Reported)?;
            let name = path.text();
            if !known.insert(name.clone()) {
                let message = format!("there is a label `{name}` already");
                let span = self.span(&path);
                self.exprs
                    .findings
                    .push(Diagnostic::error(codes::DUPLICATE_FIELD, span, message));
                continue;
            }
            let value = field.value().ok_or(Reported)?;
            match self.exprs.constant(&value, &FieldType::Text, "a label") {
                Ok(Value::Text(value)) => labels.push((name.into(), value)),
                _ => sound = false,
            }
        }
        if sound { Ok(labels) } else { Err(Reported) }
    }
}

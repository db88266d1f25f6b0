//! Which clauses a rule has: each at most once, none that exclude each other.

use super::super::{Outcome, Reported};
use crate::diagnostic::{Diagnostic, codes::rules as codes};
use crate::source::{SourceId, Span};
use crate::syntax::ast::{
    AboutClause, AbsentClause, Action, AstNode, AtClause, ByClause, Clause, EmitClause,
    EveryClause, ForClause, HavingClause, KeepClause, LabelsClause, LimitClause, MatchClause,
    OnClause, OnClearClause, OnTimeoutClause, OverClause, RuleItem, RunbookClause, SeverityClause,
    SkipClause, WhereClause, WithinClause,
};
use crate::syntax::{SyntaxNode, Trapjaw};
use trapjaw_program::When;

/// The clauses of a rule, by their kind.
#[derive(Default)]
pub(super) struct Clauses {
    pub(super) about: Option<AboutClause>,
    pub(super) severity: Option<SeverityClause>,
    pub(super) labels: Option<LabelsClause>,
    pub(super) runbook: Option<RunbookClause>,
    pub(super) on: Option<OnClause>,
    pub(super) pattern: Option<MatchClause>,
    pub(super) every: Option<EveryClause>,
    pub(super) at: Option<AtClause>,
    pub(super) within: Option<WithinClause>,
    pub(super) skip: Option<SkipClause>,
    pub(super) condition: Option<WhereClause>,
    pub(super) by: Option<ByClause>,
    pub(super) lasting: Option<ForClause>,
    pub(super) over: Option<OverClause>,
    pub(super) absent: Option<AbsentClause>,
    pub(super) having: Option<HavingClause>,
    pub(super) limit: Option<LimitClause>,
    pub(super) keep: Option<KeepClause>,
    pub(super) emit: Option<EmitClause>,
    /// `do`, `on clear do` and `on timeout do`, in order of appearance.
    pub(super) actions: Vec<(When, Action)>,
    /// The first `on clear`.
    pub(super) clear: Option<OnClearClause>,
    /// The first `on timeout`.
    pub(super) timeout: Option<OnTimeoutClause>,
}

impl Clauses {
    /// The clauses of a rule that is called what stands at `name`. What is refused is left out: the rest can be
    /// checked as if it were not there.
    pub(super) fn gather(
        item: &RuleItem,
        name: Span,
        source: SourceId,
        findings: &mut Vec<Diagnostic>,
    ) -> Outcome<Clauses> {
        let mut clauses = Clauses::default();
        let mut gathering = Gathering { source, findings };
        for clause in item.clauses() {
            gathering.take(clause, &mut clauses);
        }
        if clauses.is_schedule() {
            return if gathering.refuse_events(&clauses) {
                Err(Reported)
            } else {
                Ok(clauses)
            };
        }
        if clauses.on.is_none() && clauses.pattern.is_none() {
            let error = Diagnostic::error(
                codes::NO_EVENT,
                name,
                "the rule doesn't say which events it sees",
            );
            gathering.findings.push(error.with_help(
                "begin it with `on e: TYPE`, with `match` and a pattern, with `every 5m`, or with `at` and a cron expression",
            ));
            return Err(Reported);
        }
        gathering.refuse_second_state(&clauses);
        Ok(clauses)
    }
}

impl Clauses {
    /// Is it the clock that starts the rule?
    pub(super) fn is_schedule(&self) -> bool {
        self.every.is_some() || self.at.is_some()
    }

    /// The clauses that speak of events.
    fn about_events(&self) -> Vec<&SyntaxNode> {
        let nodes = [
            self.on.as_ref().map(AstNode::syntax),
            self.pattern.as_ref().map(AstNode::syntax),
            self.condition.as_ref().map(AstNode::syntax),
            self.by.as_ref().map(AstNode::syntax),
            self.lasting.as_ref().map(AstNode::syntax),
            self.over.as_ref().map(AstNode::syntax),
            self.absent.as_ref().map(AstNode::syntax),
            self.having.as_ref().map(AstNode::syntax),
            self.limit.as_ref().map(AstNode::syntax),
            self.keep.as_ref().map(AstNode::syntax),
        ];
        nodes.into_iter().flatten().collect()
    }
}

/// Sorts the clauses of one rule.
struct Gathering<'f> {
    source: SourceId,
    findings: &'f mut Vec<Diagnostic>,
}

impl Gathering<'_> {
    fn take(&mut self, clause: Clause, clauses: &mut Clauses) {
        match clause {
            Clause::About(clause) => self.once(&mut clauses.about, clause, "about"),
            Clause::Severity(clause) => self.once(&mut clauses.severity, clause, "severity"),
            Clause::Labels(clause) => self.once(&mut clauses.labels, clause, "labels"),
            Clause::Runbook(clause) => self.once(&mut clauses.runbook, clause, "runbook"),
            Clause::On(clause) => self.once(&mut clauses.on, clause, "on"),
            Clause::Where(clause) => self.once(&mut clauses.condition, clause, "where"),
            Clause::By(clause) => self.once(&mut clauses.by, clause, "by"),
            Clause::For(clause) => self.once(&mut clauses.lasting, clause, "for"),
            Clause::Over(clause) => self.once(&mut clauses.over, clause, "over"),
            Clause::Absent(clause) => self.once(&mut clauses.absent, clause, "absent"),
            Clause::Having(clause) => self.once(&mut clauses.having, clause, "having"),
            Clause::Limit(clause) => self.once(&mut clauses.limit, clause, "limit"),
            Clause::Emit(clause) => self.once(&mut clauses.emit, clause, "emit"),
            Clause::Do(clause) => {
                clauses
                    .actions
                    .extend(clause.actions().map(|action| (When::Fire, action)));
            }
            Clause::OnClear(clause) => {
                clauses
                    .actions
                    .extend(clause.actions().map(|action| (When::Clear, action)));
                clauses.clear.get_or_insert(clause);
            }
            Clause::Match(clause) => self.once(&mut clauses.pattern, clause, "match"),
            Clause::Within(clause) => self.once(&mut clauses.within, clause, "within"),
            Clause::Skip(clause) => self.once(&mut clauses.skip, clause, "skip"),
            Clause::OnTimeout(clause) => {
                let calls = clause.actions().map(|action| (When::Timeout, action));
                clauses.actions.extend(calls);
                clauses.timeout.get_or_insert(clause);
            }
            Clause::Every(clause) => self.once(&mut clauses.every, clause, "every"),
            Clause::At(clause) => self.once(&mut clauses.at, clause, "at"),
            Clause::Keep(clause) => self.once(&mut clauses.keep, clause, "keep *"),
        }
    }

    /// Takes a clause that stands once in a rule.
    fn once<T: AstNode<Language = Trapjaw>>(
        &mut self,
        place: &mut Option<T>,
        clause: T,
        keyword: &str,
    ) {
        let Some(first) = place else {
            *place = Some(clause);
            return;
        };
        let message = format!("the rule has `{keyword}` already");
        let error = Diagnostic::error(codes::REPEATED_CLAUSE, self.span(&clause), message)
            .with_label(self.span(first), "the first one");
        self.findings.push(match keyword {
            "where" | "having" => error.with_help("join the conditions by `and`"),
            "by" => error.with_help("separate the parts of a key by commas"),
            "on" => {
                error.with_help("a rule sees several types when they are joined: `on e: a | b`")
            }
            _ => error,
        });
    }

    /// `for`, `over` and `absent` exclude each other.
    fn refuse_second_state(&mut self, clauses: &Clauses) {
        let states = [
            clauses.lasting.as_ref().map(|clause| self.span(clause)),
            clauses.over.as_ref().map(|clause| self.span(clause)),
            clauses.absent.as_ref().map(|clause| self.span(clause)),
        ];
        let mut states: Vec<Span> = states.into_iter().flatten().collect();
        states.sort();
        if let [first, second, ..] = states[..] {
            let message = "a rule has one of `for`, `over` and `absent`";
            let error = Diagnostic::error(codes::CONFLICTING_CLAUSES, second, message);
            self.findings.push(
                error
                    .with_label(first, "the first one")
                    .with_help("make it two rules"),
            );
        }
    }

    /// A schedule has no events, so that nothing may be said of them. Is anything said?
    fn refuse_events(&mut self, clauses: &Clauses) -> bool {
        let every = clauses.every.as_ref().map(|clause| self.span(clause));
        let at = clauses.at.as_ref().map(|clause| self.span(clause));
        if let (Some(every), Some(at)) = (every, at) {
            let message = "a rule has one of `every` and `at`";
            let error = Diagnostic::error(codes::CONFLICTING_CLAUSES, every.max(at), message);
            let error = error.with_label(every.min(at), "the first one");
            self.findings.push(error.with_help("make it two rules"));
            return true;
        }
        let starts = every.or(at);
        let about_events = clauses.about_events();
        for clause in &about_events {
            let place = Span::new(self.source, clause.text_range());
            let message = "a rule that the clock starts has no events";
            let error = Diagnostic::error(codes::CLAUSE_IN_SCHEDULE, place, message);
            let error = match starts {
                Some(starts) => error.with_label(starts, "the clock starts it"),
                None => error,
            };
            self.findings.push(
                error.with_help(
                    "such a rule has `emit` and `do`; leave this out, or begin with `on`",
                ),
            );
        }
        !about_events.is_empty()
    }

    fn span(&self, node: &impl AstNode<Language = Trapjaw>) -> Span {
        Span::new(self.source, node.syntax().text_range())
    }
}

//! `match`: patterns.

mod bounds;
mod condition;
mod finality;
mod key;
mod shape;
mod tree;

use super::super::expr::{Bindable, Bound, BoundKey, Here, Place, Reading, Subject};
use super::super::{Outcome, Reported, declare::beyond_limit};
use super::RuleChecker;
use super::clauses::Clauses;
use crate::diagnostic::{
    Diagnostic,
    codes::{patterns as codes, rules},
    did_you_mean,
};
use crate::hir::pattern::{Contiguity, Element, ElementId, Node, Pattern, PatternKey, Role, Skip};
use crate::hir::{self, Clause, ExprKind};
use crate::lower;
use crate::source::Span;
use crate::syntax::ast::{AstNode, MatchClause, Name, RuleItem, SkipClause, SkipMode};
use bounds::Waits;
use finality::Finality;
use shape::Branch;
use trapjaw_event::{FieldId, TypeId};
use trapjaw_program::limits::MAX_WAYS;
use tree::{Draft, Tree};

impl RuleChecker<'_> {
    /// A rule with `match`.
    pub(super) fn matching(
        mut self,
        item: &RuleItem,
        clause: &MatchClause,
        clauses: &Clauses,
    ) -> Outcome<hir::Rule> {
        let name = item.name().ok_or(Reported)?;
        self.exprs.subject = Subject::Bound;
        self.exprs.place = Place::Constant;
        self.refuse_beside_match(clause, clauses);
        let metadata = self.metadata(clauses);
        let within = clauses.within.as_ref();
        let within = within.map(|within| self.positive(within.duration(), "the window"));
        let within = within.transpose();
        let limit = self.limit(clauses.limit.as_ref());
        let mut tree = Tree {
            rule: &mut self,
            elements: Vec::new(),
        };
        let root = tree.node(&clause.pattern().ok_or(Reported)?);
        let drafts = tree.elements;
        if root.is_ok() && drafts.iter().all(|draft| draft.role != Role::Binds) {
            let message = "the pattern takes no event";
            let error = Diagnostic::error(codes::MAY_TAKE_NOTHING, self.span(clause), message);
            let help =
                "that events stay away is a rule with `absent`, or a `not` beside an element";
            return self.exprs.refuse(error.with_help(help));
        }
        let key = self.pattern_key(clauses.by.as_ref(), &drafts);
        let (root, key) = (root?, key?);
        let types = types(&drafts);
        let paths = shape::paths(&root, drafts.len());
        self.exprs.bound = Some(bound(&drafts, &paths, &key, &types));
        let elements = self.elements(&drafts, &paths);
        let skip = self.skip(clauses.skip.as_ref(), &drafts);
        let together = self.together(clauses);

        self.exprs.place = Place::Output { window: false };
        self.output_to(false);
        let emit = self.emit(clauses.emit.as_ref());
        let actions = self.actions(&clauses.actions);

        let (elements, skip, within) = (elements?, skip?, within?);
        Waits {
            rule: &mut self,
            elements: &elements,
            within,
        }
        .check(&root);
        self.refuse_timeout_without_window(clauses, within);
        if lower::tree(&root).ways() > MAX_WAYS as u64 {
            let span = self.span(clause);
            let error = beyond_limit(span, "ways to go on from one event in a pattern", MAX_WAYS);
            let help = "the choices of an `and`'s operands multiply: join fewer, or give the parts rules of their own";
            self.exprs.findings.push(error.with_help(help));
        }
        if skip != Skip::None {
            self.warn_of_any(&root, clause);
            Finality {
                rule: &mut self,
                elements: &elements,
                clause: clause.syntax(),
            }
            .check(&root);
        }
        let span = self.exprs.span(item);
        let over = self
            .exprs
            .bound
            .take()
            .map_or_else(Vec::new, |bound| bound.over);
        Ok(hir::Rule {
            name: name.text().into(),
            metadata: metadata?,
            alias: "".into(),
            types,
            any: drafts.iter().any(|draft| draft.binding.any),
            condition: None,
            key: Vec::new(),
            clause: Clause::Each,
            zone: None,
            pattern: Some(Box::new(Pattern {
                root,
                elements,
                key,
                within,
                skip,
                together,
                over,
                reports_timeout: clauses.timeout.is_some(),
            })),
            aggregates: std::mem::take(&mut self.exprs.aggregates),
            having: None,
            limit: limit?,
            keeps_all: clauses.keep.is_some(),
            emit: emit?,
            actions: actions?,
            reports_clear: false,
            span,
        })
    }

    /// Says whether the actions that are checked next are those of a timeout.
    pub(super) fn output_to(&mut self, timeout: bool) {
        if let Some(bound) = &mut self.exprs.bound {
            bound.here = Here::Output { timeout };
        }
    }

    fn refuse_beside_match(&mut self, clause: &MatchClause, clauses: &Clauses) {
        let span = |node: Option<Span>, keyword: &'static str| node.map(|node| (node, keyword));
        let beside = [
            span(clauses.on.as_ref().map(|node| self.span(node)), "on"),
            span(
                clauses.condition.as_ref().map(|node| self.span(node)),
                "where",
            ),
            span(clauses.lasting.as_ref().map(|node| self.span(node)), "for"),
            span(clauses.over.as_ref().map(|node| self.span(node)), "over"),
            span(
                clauses.absent.as_ref().map(|node| self.span(node)),
                "absent",
            ),
            span(
                clauses.having.as_ref().map(|node| self.span(node)),
                "having",
            ),
        ];
        let place = self.span(clause);
        for (span, keyword) in beside.into_iter().flatten() {
            let message = format!("`{keyword}` does not go with `match`");
            let error = Diagnostic::error(codes::BESIDE_MATCH, span, message)
                .with_label(place, "the pattern");
            self.exprs.findings.push(match keyword {
                "where" | "having" => error
                    .with_help("conditions stand in the brackets of the elements: `w: login[ok]`"),
                "on" => error.with_help("the pattern names the events that the rule sees"),
                "for" | "absent" => error
                    .with_help("that events stay away can be said in the pattern: `not x for 5m`"),
                _ => error.with_help("the time that a pattern may take is `within 5m`"),
            });
        }
        if let Some(clear) = &clauses.clear {
            let message = "a match of a pattern never clears";
            let error = Diagnostic::error(rules::CLEAR_WITHOUT_STATE, self.span(clear), message);
            self.exprs
                .findings
                .push(error.with_help("what runs out of time is told by `on timeout`"));
        }
    }

    fn refuse_timeout_without_window(&mut self, clauses: &Clauses, within: Option<i64>) {
        if let (Some(timeout), None) = (&clauses.timeout, within) {
            let message = "`on timeout` needs a time that can run out";
            let error =
                Diagnostic::error(codes::TIMEOUT_WITHOUT_WINDOW, self.span(timeout), message);
            self.exprs
                .findings
                .push(error.with_help("say how long the pattern may take: `within 5m`"));
        }
    }

    /// The elements with their conditions.
    fn elements(&mut self, drafts: &[Draft], paths: &[Vec<Branch>]) -> Outcome<Vec<Element>> {
        self.exprs.place = Place::Where;
        let mut elements = Vec::new();
        let mut sound = true;
        for (place, draft) in drafts.iter().enumerate() {
            if let Some(bound) = &mut self.exprs.bound {
                bound.here = Here::Element(ElementId::new(place as u32));
            }
            let Ok(mut conditions) = self.conditions(draft) else {
                sound = false;
                continue;
            };
            let over = self
                .exprs
                .bound
                .as_ref()
                .map_or(&[][..], |bound| &bound.over);
            for condition in &mut conditions {
                let mut named = condition::spoken_of(condition, over);
                let awaited = |other: &ElementId| {
                    condition::reading(&paths[place], &paths[other.index()]) == Reading::Awaited
                };
                named.retain(awaited);
                condition.awaits = named;
            }
            let name = match &*draft.binding.alias {
                "" => self.type_names(&draft.binding.types),
                alias => alias.to_owned(),
            };
            elements.push(Element {
                name: name.into(),
                named: !draft.binding.alias.is_empty(),
                role: draft.role,
                repeated: paths[place].contains(&Branch::Round),
                types: draft.binding.types.clone(),
                conditions,
                span: draft.span,
            });
        }
        if sound { Ok(elements) } else { Err(Reported) }
    }

    fn type_names(&self, types: &[TypeId]) -> String {
        let registry = &self.exprs.names.registry;
        let names: Vec<&str> = types.iter().map(|&ty| &*registry.get(ty).name).collect();
        names.join("|")
    }

    fn skip(&mut self, clause: Option<&SkipClause>, drafts: &[Draft]) -> Outcome<Skip> {
        let Some(clause) = clause else {
            return Ok(Skip::PastLast);
        };
        match clause.mode().ok_or(Reported)? {
            SkipMode::PastLast => Ok(Skip::PastLast),
            SkipMode::ToNext => Ok(Skip::ToNext),
            SkipMode::None => Ok(Skip::None),
            SkipMode::ToFirst(name) => Ok(Skip::ToFirst(self.target(name, drafts)?)),
            SkipMode::ToLast(name) => Ok(Skip::ToLast(self.target(name, drafts)?)),
        }
    }

    /// Whether the matches of a moment are told as one; refuses what can't be told then.
    fn together(&mut self, clauses: &Clauses) -> bool {
        let clause = clauses.skip.as_ref().filter(|clause| clause.is_together());
        let Some(clause) = clause else {
            return false;
        };
        let place = self.span(clause);
        if let Some(timeout) = &clauses.timeout {
            let message = "`on timeout` does not go with `together`";
            let error =
                Diagnostic::error(codes::TOGETHER_WITH_TIMEOUT, self.span(timeout), message)
                    .with_label(place, "here the matches are told together")
                    .with_note("a timeout asks of each start whether it is in a match: matches that are only counted don't say");
            self.exprs.findings.push(
                error.with_help("let a rule of its own, without `together`, tell the timeouts"),
            );
        }
        if let Some(keep) = &clauses.keep {
            let message = "`keep` keeps fields of events, and no event is told";
            let error = Diagnostic::error(codes::TOGETHER_EVENT, self.span(keep), message)
                .with_label(place, "here the matches are told together");
            self.exprs.findings.push(error.with_help("leave it out"));
        }
        if let Some(bound) = &mut self.exprs.bound {
            bound.together = true;
        }
        true
    }

    fn target(&mut self, name: Option<Name>, drafts: &[Draft]) -> Outcome<ElementId> {
        let name = name.ok_or(Reported)?;
        let text = name.text();
        let bound = drafts.iter().filter(|draft| draft.role == Role::Binds);
        let mut places = drafts.iter();
        let place = places.position(|draft| draft.binding.alias == text);
        if let Some(place) = place {
            self.exprs
                .note_event(self.span(&name), &drafts[place].binding);
        }
        if let Some(place) = place.filter(|&place| drafts[place].role == Role::Binds) {
            return Ok(ElementId::new(place as u32));
        }
        let span = self.span(&name);
        let message = match place {
            Some(_) => format!("`{text}` is never bound"),
            None => format!("there is no element `{text}`"),
        };
        let mut error = Diagnostic::error(codes::SKIP_TARGET, span, message);
        let aliases: Vec<&str> = bound
            .map(|draft| draft.binding.alias.as_str())
            .filter(|alias| !alias.is_empty())
            .collect();
        if let Some(meant) = did_you_mean(&text, aliases.iter().copied()) {
            error = error.with_suggestion(span, meant, format!("did you mean `{meant}`?"));
        } else if !aliases.is_empty() {
            error = error.with_note(format!("the pattern has {}", aliases.join(", ")));
        }
        self.exprs.refuse(error)
    }

    /// Warns of `~>`, which finds all combinations, where one of them is reported.
    fn warn_of_any(&mut self, root: &Node, clause: &MatchClause) {
        if !has_any(root) {
            return;
        }
        let tokens = clause.syntax().descendants_with_tokens();
        let mut tokens = tokens.filter_map(rowan::NodeOrToken::into_token);
        let Some(arrow) =
            tokens.find(|token| token.kind() == crate::syntax::SyntaxKind::TildeArrow)
        else {
            return;
        };
        let span = Span::new(self.exprs.source, arrow.text_range());
        let message = "`~>` finds all combinations, and only the first is reported";
        let warning = Diagnostic::warning(codes::ANY_FOR_ONE, span, message);
        self.exprs.findings.push(
            warning
                .with_suggestion(span, "->", "write `->`")
                .with_help("`skip none` reports all of them"),
        );
    }

    /// Refuses what belongs to a pattern in a rule that has none.
    pub(super) fn refuse_without_match(&mut self, clauses: &Clauses) {
        let mapping = clauses.by.as_ref().and_then(|by| by.mappings().next());
        let found = [
            (
                clauses.within.as_ref().map(|node| self.span(node)),
                "`within` bounds a pattern",
                "a window of time is `over 5m`",
            ),
            (
                clauses.skip.as_ref().map(|node| self.span(node)),
                "`skip` says where a pattern goes on",
                "how often a rule may fire is said by `limit 1 per 5m`",
            ),
            (
                clauses.timeout.as_ref().map(|node| self.span(node)),
                "`on timeout` belongs to a pattern",
                "what clears is told by `on clear`",
            ),
            (
                mapping.map(|node| self.span(&node)),
                "a key maps names between the elements of a pattern",
                "a comparison as a part of a key stands in parentheses, and is written `==`",
            ),
        ];
        for (span, what, help) in found {
            if let Some(span) = span {
                let message = format!("{what}, and there is no `match`");
                let error = Diagnostic::error(codes::WITHOUT_MATCH, span, message);
                self.exprs.findings.push(error.with_help(help));
            }
        }
    }
}

/// The types of all elements, in their order.
fn types(drafts: &[Draft]) -> Vec<TypeId> {
    let mut types = Vec::new();
    for &ty in drafts.iter().flat_map(|draft| &draft.binding.types) {
        if !types.contains(&ty) {
            types.push(ty);
        }
    }
    types
}

fn bound(drafts: &[Draft], paths: &[Vec<Branch>], key: &[PatternKey], types: &[TypeId]) -> Bound {
    let elements = drafts.iter().zip(paths).map(|(draft, path)| Bindable {
        binding: draft.binding.clone(),
        readings: paths
            .iter()
            .map(|own| condition::reading(own, path))
            .collect(),
        binds: draft.role == Role::Binds,
        span: draft.span,
    });
    Bound {
        elements: elements.collect(),
        keys: key
            .iter()
            .map(|part| BoundKey {
                name: part.name.clone(),
                ty: part.ty.clone(),
                fields: key_fields(part, drafts),
            })
            .collect(),
        types: types.to_vec(),
        here: Here::Output { timeout: false },
        together: false,
        over: Vec::new(),
    }
}

/// The fields of the elements that a part of the key is, where it is no more than a field.
fn key_fields(part: &PatternKey, drafts: &[Draft]) -> Vec<(TypeId, FieldId)> {
    let of = part.of.iter().zip(drafts);
    let fields = of.flat_map(|(expr, draft)| match &expr.kind {
        ExprKind::Field(ids) => draft
            .binding
            .types
            .iter()
            .copied()
            .zip(ids.iter().copied())
            .collect(),
        _ => Vec::new(),
    });
    fields.collect()
}

/// Whether a step follows by `~>`.
fn has_any(node: &Node) -> bool {
    match node {
        Node::Element(_) | Node::Not(_) => false,
        Node::Sequence(steps) => steps
            .iter()
            .any(|step| step.contiguity == Contiguity::Any || has_any(&step.node)),
        Node::Or(parts) | Node::And(parts) => parts.iter().any(has_any),
        Node::Repeat(repeat) => has_any(&repeat.body),
    }
}

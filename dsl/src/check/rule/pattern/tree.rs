//! The pattern's tree: parentheses dissolved, chains flat, quantifiers read, and what may not stand where refused.

use super::super::super::expr::Binding;
use super::super::super::{Outcome, Reported, declare::beyond_limit};
use super::super::{RuleChecker, source};
use super::shape::{begins_with_not, ends_open, takes_nothing};
use crate::diagnostic::{Diagnostic, codes::patterns as codes};
use crate::hir::pattern::{Contiguity, ElementId, Node, Not, Repeat, Role, Step};
use crate::source::Span;
use crate::syntax::ast::{
    self, Arrow, AstNode, ElementPattern, NotPattern, Pattern, RepeatPattern, SequencePattern,
};
use trapjaw_program::limits::{MAX_ELEMENTS, MAX_ROUNDS};

/// An element whose condition is not yet checked.
pub(super) struct Draft {
    pub(super) ast: ElementPattern,
    /// Its alias, empty where it has none, and its types.
    pub(super) binding: Binding,
    pub(super) role: Role,
    pub(super) span: Span,
}

/// Builds the tree of one pattern.
pub(super) struct Tree<'r, 'a> {
    pub(super) rule: &'r mut RuleChecker<'a>,
    pub(super) elements: Vec<Draft>,
}

impl Tree<'_, '_> {
    /// A part of the pattern. What is wrong with its elements is told for all of them.
    pub(super) fn node(&mut self, pattern: &Pattern) -> Outcome<Node> {
        match pattern {
            Pattern::Element(element) => Ok(Node::Element(self.element(element, Role::Binds)?)),
            Pattern::Group(group) => self.node(&group.inner().ok_or(Reported)?),
            Pattern::Repeat(repeat) => self.repeat(repeat),
            Pattern::Not(not) => Ok(Node::Not(self.not(not)?)),
            Pattern::Until(until) => self.until(until),
            Pattern::And(and) => self.and(and),
            Pattern::Sequence(sequence) => self.sequence(sequence),
            Pattern::Or(or) => self.or(or),
        }
    }

    fn element(&mut self, element: &ElementPattern, role: Role) -> Outcome<ElementId> {
        let span = self.rule.span(element);
        let alias = element
            .alias()
            .map(|alias| (alias.text(), self.rule.span(&alias)));
        let names: Vec<ast::Name> = element.types().collect();
        let (types, any) = source::types(&names, &mut self.rule.exprs);
        if self.elements.len() == MAX_ELEMENTS {
            let error = beyond_limit(span, "elements in a pattern", MAX_ELEMENTS);
            return self.rule.exprs.refuse(error);
        }
        let id = ElementId::new(self.elements.len() as u32);
        let mut sound = types.is_some();
        if let Some((alias, place)) = &alias {
            let mut others = self.elements.iter();
            if let Some(first) = others.find(|other| other.binding.alias == *alias) {
                let message = format!("there is an element `{alias}` already");
                let error = Diagnostic::error(codes::REPEATED_ALIAS, *place, message)
                    .with_label(first.span, "the first one");
                self.rule.exprs.findings.push(error);
                sound = false;
            }
        }
        let named = element.alias().and_then(|alias| alias.name());
        let named = named.map(|name| self.rule.span(&name));
        let binding = Binding {
            alias: alias.map_or_else(String::new, |(alias, _)| alias),
            named,
            types: types.unwrap_or_default(),
            any,
        };
        if sound {
            self.rule.exprs.note_alias(&binding);
        }
        self.elements.push(Draft {
            ast: element.clone(),
            binding,
            role,
            span,
        });
        if sound { Ok(id) } else { Err(Reported) }
    }

    fn repeat(&mut self, repeat: &RepeatPattern) -> Outcome<Node> {
        let body = repeat.body().ok_or(Reported)?;
        let quantifier = repeat.quantifier().ok_or(Reported)?;
        let span = self.rule.span(&quantifier);
        let node = self.node(&body);
        let bounds = quantifier.bounds().ok_or(Reported)?;
        let wrong = match bounds.max {
            Some(0) => Some("a part that never occurs is left out".to_owned()),
            Some(max) if max < bounds.min => Some(format!(
                "{} rounds at least are more than {max} at most",
                bounds.min
            )),
            _ => None,
        };
        if let Some(message) = wrong {
            let error = Diagnostic::error(codes::BAD_QUANTIFIER, span, message);
            return self.rule.exprs.refuse(error);
        }
        if bounds.max.unwrap_or(bounds.min) > MAX_ROUNDS {
            let error = beyond_limit(span, "rounds of a repetition", MAX_ROUNDS as usize);
            return self.rule.exprs.refuse(error);
        }
        let body = self.taking(node?, &body, "what is repeated")?;
        let contiguity = match quantifier.contiguity() {
            None => Contiguity::Relaxed,
            Some(ast::Contiguity::Strict) => Contiguity::Strict,
            Some(ast::Contiguity::Any) => Contiguity::Any,
        };
        Ok(Node::Repeat(Repeat {
            body: Box::new(body),
            min: bounds.min,
            max: bounds.max,
            reluctant: quantifier.is_reluctant(),
            contiguity,
            until: Vec::new(),
            span,
        }))
    }

    fn not(&mut self, not: &NotPattern) -> Outcome<Not> {
        let body = not.body().ok_or(Reported)?;
        let elements = self.events(&body, Role::Negated, "`not`");
        let duration = not.duration();
        let duration = duration.map(|duration| self.rule.positive(Some(duration), "the duration"));
        Ok(Not {
            elements: elements?,
            duration: duration.transpose()?,
            span: self.rule.span(not),
        })
    }

    fn until(&mut self, until: &ast::UntilPattern) -> Outcome<Node> {
        let body = until.body().ok_or(Reported)?;
        let bound = until.bound().ok_or(Reported)?;
        let node = self.node(&body);
        let elements = self.events(&bound, Role::Ends, "`until`");
        match node? {
            Node::Repeat(mut repeat) => {
                repeat.until.extend(elements?);
                Ok(Node::Repeat(repeat))
            }
            _ => {
                let span = self.rule.span(until);
                let message = "`until` ends a repetition, and nothing is repeated here";
                let error = Diagnostic::error(codes::NOTHING_REPEATED, span, message);
                let help = "say how often: `a+ until x`; or what must not occur: `a -> not x -> b`";
                self.rule.exprs.refuse(error.with_help(help))
            }
        }
    }

    /// The elements of `not` and `until`: one, or several joined by `or`.
    fn events(&mut self, pattern: &Pattern, role: Role, what: &str) -> Outcome<Vec<ElementId>> {
        match pattern {
            Pattern::Element(element) => Ok(vec![self.element(element, role)?]),
            Pattern::Group(group) => self.events(&group.inner().ok_or(Reported)?, role, what),
            Pattern::Or(or) => {
                let parts: Vec<_> = or
                    .operands()
                    .map(|part| self.events(&part, role, what))
                    .collect();
                let parts: Outcome<Vec<_>> = parts.into_iter().collect();
                Ok(parts?.concat())
            }
            other => {
                let span = self.rule.span(other);
                let message = format!("behind {what} stands an event, or one of several");
                let error = Diagnostic::error(codes::NOT_AN_ELEMENT, span, message);
                let help = format!("{what} takes an element, or several: `(x or y)`");
                self.rule.exprs.refuse(error.with_help(help))
            }
        }
    }

    fn and(&mut self, and: &ast::AndPattern) -> Outcome<Node> {
        let mut operands = Vec::new();
        let mut sound = true;
        for operand in and.operands() {
            match self.operand(&operand) {
                // What is joined in parentheses is joined all the same.
                Ok(Node::And(inner)) => operands.extend(inner),
                Ok(node) => operands.push(node),
                Err(Reported) => sound = false,
            }
        }
        if !sound {
            return Err(Reported);
        }
        if operands
            .iter()
            .all(|operand| matches!(operand, Node::Not(_)))
        {
            return self.takes_nothing(self.rule.span(and), "`and`");
        }
        Ok(Node::And(operands))
    }

    fn operand(&mut self, operand: &Pattern) -> Outcome<Node> {
        let node = self.node(operand)?;
        if matches!(node, Node::Not(_)) {
            return Ok(node);
        }
        let node = self.taking(node, operand, "an operand of `and`")?;
        if ends_open(&node) {
            let span = self.rule.span(operand);
            let message = "it is not known when this operand of `and` is done";
            let error = Diagnostic::error(codes::OPEN_OPERAND, span, message);
            let help = "repeat it a fixed number of times, or put it before or behind the `and`";
            return self.rule.exprs.refuse(error.with_help(help));
        }
        Ok(node)
    }

    fn sequence(&mut self, sequence: &SequencePattern) -> Outcome<Node> {
        let mut steps = Vec::new();
        let mut sound = true;
        for step in sequence.steps() {
            let node = self.node(&step.pattern);
            let arrow = step.arrow;
            let contiguity = match &arrow {
                None | Some((Arrow::Then, _)) => Contiguity::Relaxed,
                Some((Arrow::Next, _)) => Contiguity::Strict,
                Some((Arrow::ThenAny, _)) => Contiguity::Any,
            };
            let begins_with_not = node.as_ref().is_ok_and(begins_with_not);
            if let Some((_, token)) = arrow.filter(|_| begins_with_not)
                && contiguity != Contiguity::Relaxed
            {
                let span = Span::new(self.rule.exprs.source, token.text_range());
                let message = format!(
                    "`{}` stands before an event, and `not` has none",
                    token.text()
                );
                let error = Diagnostic::error(codes::ARROW_BEFORE_NOT, span, message);
                self.rule
                    .exprs
                    .findings
                    .push(error.with_suggestion(span, "->", "write `->`"));
                sound = false;
            }
            match node {
                // Its first step follows as the group does, unless that may be passed by.
                Ok(Node::Sequence(inner)) if begins_with_not || !takes_nothing(&inner[0].node) => {
                    let at = steps.len();
                    steps.extend(inner);
                    steps[at].contiguity = contiguity;
                }
                Ok(node) => steps.push(Step { contiguity, node }),
                Err(Reported) => sound = false,
            }
        }
        if sound {
            Ok(Node::Sequence(steps))
        } else {
            Err(Reported)
        }
    }

    fn or(&mut self, or: &ast::OrPattern) -> Outcome<Node> {
        let mut alternatives = Vec::new();
        let mut sound = true;
        for operand in or.operands() {
            if let Pattern::Sequence(_) = operand {
                // The node reaches to where the next token begins.
                let text = operand.syntax().text().to_string();
                let text = text.trim_end();
                let mut span = self.rule.span(&operand);
                span.end = span.start + text.len() as u32;
                let message = "`or` binds less than an arrow";
                let warning = Diagnostic::warning(codes::OR_BESIDE_ARROW, span, message);
                let shown = format!("({text})");
                self.rule.exprs.findings.push(warning.with_suggestion(
                    span,
                    shown,
                    "put parentheses around what belongs together",
                ));
            }
            match self.alternative(&operand) {
                Ok(Node::Or(inner)) => alternatives.extend(inner),
                Ok(node) => alternatives.push(node),
                Err(Reported) => sound = false,
            }
        }
        if sound {
            Ok(Node::Or(alternatives))
        } else {
            Err(Reported)
        }
    }

    fn alternative(&mut self, operand: &Pattern) -> Outcome<Node> {
        match self.node(operand)? {
            Node::Not(not) if not.duration.is_some() => Ok(Node::Not(not)),
            Node::Not(not) => {
                let message = "that this does not occur is true at once";
                let error = Diagnostic::error(codes::NOT_ALTERNATIVE, not.span, message);
                let help = "say for how long: `not x for 10s`";
                self.rule.exprs.refuse(error.with_help(help))
            }
            node => self.taking(node, operand, "an alternative of `or`"),
        }
    }

    /// The node, if it takes an event in any case.
    fn taking(&mut self, node: Node, pattern: &Pattern, what: &str) -> Outcome<Node> {
        if takes_nothing(&node) {
            let span = self.rule.span(pattern);
            return self.takes_nothing(span, what);
        }
        Ok(node)
    }

    pub(super) fn takes_nothing<T>(&mut self, span: Span, what: &str) -> Outcome<T> {
        let message = format!("{what} must take an event, and this may take none");
        let error = Diagnostic::error(codes::MAY_TAKE_NOTHING, span, message);
        let help = "what is optional is said around it: `(a or b)?`";
        self.rule.exprs.refuse(error.with_help(help))
    }
}

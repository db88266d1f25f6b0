//! What the matches of a rule have in common, of all rules put together.
//!
//! Where there are many rules nearly each match is of another one, whose name, alias, actions and constants lie each somewhere
//! else in memory: to tell a match would be to wait for a dozen of them. So what is asked of a rule for each match stands
//! here side by side, a cache line a rule and a few bytes beside it, and is looked at for several matches at once.

use core::hint::black_box;
use std::sync::Arc;

use trapjaw_event::{FieldId, FieldType, RuleId, Value};
use trapjaw_program::{Action, Envelope, Input, Opcode, Rule, RuleSet, Table, When};

use crate::vm::{self, Bound, Selection};

/// What is told of each rule's matches, by rule.
#[derive(Debug, Default)]
pub(crate) struct Briefs {
    rules: Vec<Brief>,
    calls: Vec<Call>,
    arguments: Vec<Argument>,
    /// What identities begin with, rule by rule.
    identities: Vec<u8>,
    /// Aliases and constant texts, rule by rule.
    texts: String,
}

/// A place among things that stand one behind the other.
#[derive(Clone, Copy, Debug)]
struct Span {
    begin: u32,
    end: u32,
}

impl Span {
    fn of<T>(self, all: &[T]) -> &[T] {
        &all[self.begin as usize..self.end as usize]
    }
}

/// Of one rule.
#[derive(Clone, Debug)]
#[repr(align(64))]
pub(crate) struct Brief {
    identity: Span,
    alias: Span,
    calls: Span,
    /// How many aggregates a match tells.
    pub(crate) aggregates: u32,
    /// Has it a key?
    pub(crate) has_key: bool,
}

/// A call of an action.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    /// Place among the rule's actions.
    pub(crate) place: u32,
    pub(crate) when: When,
    /// `None` where they have to be computed.
    arguments: Option<Span>,
    /// Is there one that is read from the match's row?
    reads: bool,
}

/// An argument that takes no computing.
#[derive(Clone, Debug)]
pub(crate) enum Argument {
    /// A constant, but for texts.
    Constant(Value),
    Text(TextSpan),
    /// A field of the match's row.
    Field(FieldId),
    Envelope(Envelope),
}

/// A text among those of all rules.
#[derive(Clone, Copy, Debug)]
pub(crate) struct TextSpan(Span);

impl Briefs {
    pub(crate) fn new(rules: &RuleSet) -> Self {
        let mut briefs = Self::default();
        for rule in &rules.rules {
            briefs.add(rule, &rules.tables);
        }
        briefs
    }

    fn add(&mut self, rule: &Rule, tables: &[Arc<Table>]) {
        let begin = self.identities.len() as u32;
        self.identities
            .extend_from_slice(&(rule.name.len() as u64).to_le_bytes());
        self.identities.extend_from_slice(rule.name.as_bytes());
        self.identities
            .extend_from_slice(&rule.meaning.to_le_bytes());
        let end = self.identities.len() as u32;
        let alias = self.add_text(&rule.alias);
        let first = self.calls.len() as u32;
        for (action, place) in rule.actions.iter().zip(0..) {
            let plain = plain_arguments(rule, action, tables);
            let reads = |argument: &Argument| {
                matches!(argument, Argument::Field(_) | Argument::Envelope(_))
            };
            let call = Call {
                place,
                when: action.when,
                reads: plain.iter().flatten().any(reads),
                arguments: plain.map(|plain| self.add_arguments(plain)),
            };
            self.calls.push(call);
        }
        self.rules.push(Brief {
            identity: Span { begin, end },
            alias,
            calls: Span {
                begin: first,
                end: self.calls.len() as u32,
            },
            aggregates: rule.aggregates.len() as u32,
            has_key: !rule.key.is_empty(),
        });
    }

    fn add_text(&mut self, text: &str) -> Span {
        let begin = self.texts.len() as u32;
        self.texts.push_str(text);
        let end = self.texts.len() as u32;
        Span { begin, end }
    }

    fn add_arguments(&mut self, plain: Vec<Argument>) -> Span {
        let begin = self.arguments.len() as u32;
        for argument in plain {
            let argument = match argument {
                Argument::Constant(Value::Text(text)) => {
                    Argument::Text(TextSpan(self.add_text(&text)))
                }
                other => other,
            };
            self.arguments.push(argument);
        }
        let end = self.arguments.len() as u32;
        Span { begin, end }
    }

    /// Of one rule.
    pub(crate) fn of(&self, rule: RuleId) -> &Brief {
        &self.rules[rule.index()]
    }

    /// What the identities of a rule's matches begin with: its name and its meaning.
    pub(crate) fn identity(&self, brief: &Brief) -> &[u8] {
        brief.identity.of(&self.identities)
    }

    /// The rule's name of the event that a match is about.
    pub(crate) fn alias(&self, brief: &Brief) -> &str {
        self.text(TextSpan(brief.alias))
    }

    /// The calls of a rule's actions, in order.
    pub(crate) fn calls(&self, brief: &Brief) -> &[Call] {
        brief.calls.of(&self.calls)
    }

    /// The arguments of a call that take no computing, of a match that has a row, or has none; `None` where some do.
    pub(crate) fn arguments(&self, call: &Call, has_row: bool) -> Option<&[Argument]> {
        let plain = call.arguments.filter(|_| has_row || !call.reads)?;
        Some(plain.of(&self.arguments))
    }

    pub(crate) fn text(&self, TextSpan(Span { begin, end }): TextSpan) -> &str {
        &self.texts[begin as usize..end as usize]
    }

    /// Looks at what is told of these rules, for all of them in one go: one match after the other each would wait for memory by
    /// itself.
    pub(crate) fn look_ahead(&self, rules: impl Iterator<Item = RuleId>) {
        let mut seen = 0;
        for rule in rules {
            let brief = self.of(rule);
            seen ^= self.identities[brief.identity.begin as usize];
            if let [call, ..] = self.calls(brief)
                && let Some([argument, ..]) = self.arguments(call, true)
            {
                seen ^= u8::from(matches!(argument, Argument::Text(_)));
            }
        }
        black_box(seen);
    }

    /// Bytes that it takes.
    pub(crate) fn bytes(&self) -> usize {
        size_of_val(&*self.rules)
            + size_of_val(&*self.calls)
            + size_of_val(&*self.arguments)
            + self.identities.len()
            + self.texts.len()
    }
}

/// An action's arguments if each of them is a constant or is read as it stands from the one event that the rule is about.
fn plain_arguments(rule: &Rule, action: &Action, tables: &[Arc<Table>]) -> Option<Vec<Argument>> {
    let code = &action.code;
    let mut instructions = code.instructions.iter();
    if !instructions.all(|inst| inst.op == Opcode::Load) {
        return None;
    }
    let nothing = |_| Bound::Value(trapjaw_event::ValueRef::Null);
    let constants = vm::run(code, tables, nothing, Selection::All(1));
    let source = match &*rule.sources {
        [source] if rule.pattern.is_none() => Some(source),
        _ => None,
    };
    let argument = |&output: &u32| {
        let value = &code.outputs[output as usize];
        if value.operand.is_constant() {
            let constant = constants.value(output as usize, 0).to_value();
            return Some(Argument::Constant(constant));
        }
        let load = code.instructions[value.operand.index()];
        match code.inputs[load.a.index()].input {
            Input::Kept(kept) => {
                let ty = &rule.kept.get(usize::from(kept))?.ty;
                // A code that names no variant is null.
                let is_plain = *ty == value.ty && !matches!(ty, FieldType::Enum(_));
                let field = source?.kept[usize::from(kept)];
                is_plain.then_some(Argument::Field(field))
            }
            Input::Envelope(field) => {
                let is_plain = match field {
                    Envelope::Time => value.ty == FieldType::Time,
                    Envelope::Severity => false,
                    Envelope::Type | Envelope::Source | Envelope::Id | Envelope::Subject => {
                        value.ty == FieldType::Text
                    }
                };
                source?;
                is_plain.then_some(Argument::Envelope(field))
            }
            Input::Field(_) | Input::Aggregate(_) => None,
        }
    };
    action.outputs.iter().map(argument).collect()
}

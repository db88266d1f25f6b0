//! Code to text.

use core::fmt::{self, Display, Formatter};

use trapjaw_event::FieldType;

use crate::code::{Code, Const, Input, Inst, Operand};
use crate::matcher::Form;
use crate::op::{Opcode, Takes};

/// The code's text, which [`assemble`](crate::assemble) reads. Code that is not sound is shown as far as it goes.
impl Display for Code {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        Lines::new(self, "", &|_| None).fmt(f)
    }
}

/// What a line of a listing may have a comment on.
#[derive(Clone, Copy)]
pub(super) enum Subject {
    /// A load of this input.
    Input(Input),
    /// The output with this index.
    Output(usize),
}

/// Code, indented, with comments.
pub(super) struct Lines<'a> {
    code: &'a Code,
    indent: &'a str,
    comment: &'a dyn Fn(Subject) -> Option<String>,
}

impl<'a> Lines<'a> {
    pub(super) fn new(
        code: &'a Code,
        indent: &'a str,
        comment: &'a dyn Fn(Subject) -> Option<String>,
    ) -> Self {
        Self {
            code,
            indent,
            comment,
        }
    }

    fn line(
        &self,
        f: &mut Formatter<'_>,
        line: &dyn Display,
        subject: Option<Subject>,
    ) -> fmt::Result {
        match subject.and_then(self.comment) {
            Some(comment) if !comment.is_empty() => {
                let comment: String = comment.chars().flat_map(visible).collect();
                writeln!(f, "{}{:<40} ; {comment}", self.indent, line.to_string())
            }
            _ => writeln!(f, "{}{line}", self.indent),
        }
    }

    fn inst(&self, f: &mut Formatter<'_>, inst: Inst) -> fmt::Result {
        write!(f, "{}", inst.op)?;
        if inst.op == Opcode::Load {
            return match self.code.inputs.get(inst.a.index()) {
                Some(slot) => write!(f, " {} : {}", slot.input, slot.kind),
                None => write!(f, " {:?}?", inst.a),
            };
        }
        if inst.op == Opcode::Call {
            return match self.code.calls.get(inst.a.index()) {
                Some(call) => {
                    write!(f, " {} ", call.callee)?;
                    list(f, "", &call.arguments, |f, &operand| {
                        write!(f, "{}", self.operand(operand))
                    })
                }
                None => write!(f, " {:?}?", inst.a),
            };
        }
        let places = inst.op.operands();
        write!(f, " {}", self.operand(inst.a))?;
        if places[1] != Takes::Nothing {
            write!(f, ", {}", self.operand(inst.b))?;
        }
        Ok(())
    }

    fn operand(&self, operand: Operand) -> impl Display {
        let constants = &self.code.constants;
        fmt::from_fn(move |f| {
            if !operand.is_constant() {
                return write!(f, "{operand:?}");
            }
            match constants.get(operand.index()) {
                Some(value) => constant(f, value),
                None => write!(f, "{operand:?}?"),
            }
        })
    }
}

impl Display for Lines<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        for (index, inst) in self.code.instructions.iter().enumerate() {
            let line = fmt::from_fn(|f| {
                write!(f, "r{index} = ")?;
                self.inst(f, *inst)
            });
            let slot = (self.code.inputs.get(inst.a.index())).filter(|_| inst.op == Opcode::Load);
            self.line(f, &line, slot.map(|slot| Subject::Input(slot.input)))?;
        }
        for (index, output) in self.code.outputs.iter().enumerate() {
            let line = fmt::from_fn(|f| {
                write!(f, "-> {} : ", self.operand(output.operand))?;
                ty(f, &output.ty)
            });
            self.line(f, &line, Some(Subject::Output(index)))?;
        }
        Ok(())
    }
}

fn constant(f: &mut Formatter<'_>, constant: &Const) -> fmt::Result {
    match constant {
        Const::Bool(value) => write!(f, "{value}"),
        Const::Int(value) => write!(f, "{value}"),
        Const::Float(value) => write!(f, "{value:?}"),
        Const::Text(value) => quoted(f, value),
        Const::Ip(value) => write!(f, "{value}"),
        Const::IntSet(values) => list(f, "{}", values, |f, value| write!(f, "{value}")),
        Const::FloatSet(values) => list(f, "{}", values, |f, value| write!(f, "{value:?}")),
        Const::TextSet(values) => list(f, "{}", values, |f, value| quoted(f, value)),
        Const::IpSet(values) => list(f, "{}", values, |f, value| write!(f, "{value}")),
        Const::Names(values) => list(f, "[]", values, |f, value| quoted(f, value)),
        Const::Table(table) => write!(f, "table {table}"),
        Const::Column(table, field) => write!(f, "column {table} {field}"),
        Const::Pattern(value) => {
            let form = match value.form() {
                Form::Regex => "pattern",
                Form::Glob => "glob",
            };
            let flag = if value.ignores_case() { "-i" } else { "" };
            write!(f, "{form}{flag} ")?;
            quoted(f, value.source())
        }
        Const::Zone(value) => {
            f.write_str("zone ")?;
            quoted(f, value.name())
        }
        Const::Networks(values) => {
            f.write_str("networks ")?;
            list(f, "{}", values, |f, (first, last)| {
                write!(f, "{first}, {last}")
            })
        }
    }
}

fn ty(f: &mut Formatter<'_>, ty: &FieldType) -> fmt::Result {
    match ty {
        FieldType::Enum(names) => {
            f.write_str("enum")?;
            list(f, "()", names, |f, name| quoted(f, name))
        }
        plain => write!(f, "{plain}"),
    }
}

fn list<T>(
    f: &mut Formatter<'_>,
    brackets: &str,
    values: &[T],
    mut each: impl FnMut(&mut Formatter<'_>, &T) -> fmt::Result,
) -> fmt::Result {
    let (open, close) = brackets.split_at(brackets.len() / 2);
    f.write_str(open)?;
    for (index, value) in values.iter().enumerate() {
        if index > 0 {
            f.write_str(", ")?;
        }
        each(f, value)?;
    }
    f.write_str(close)
}

/// A text in quotes; what is no visible character is escaped.
fn quoted(f: &mut Formatter<'_>, text: &str) -> fmt::Result {
    write!(f, "\"")?;
    for character in text.chars() {
        match character {
            '"' => f.write_str("\\\"")?,
            '\\' => f.write_str("\\\\")?,
            other => visible(other).try_for_each(|c| write!(f, "{c}"))?,
        }
    }
    write!(f, "\"")
}

/// A character, escaped if it is no visible one.
fn visible(character: char) -> impl Iterator<Item = char> {
    let plain = matches!(character, '"' | '\'' | '\\');
    let escaped = (!plain).then(|| character.escape_debug());
    (plain.then_some(character).into_iter()).chain(escaped.into_iter().flatten())
}

//! Text to code.

use core::fmt;
use std::vec;

use trapjaw_event::{FieldId, FieldType, Ip};

use super::token::{Token, tokens};
use crate::code::{Call, Code, Const, Envelope, Input, Inst, Kind, Operand, Output, Slot};
use crate::function::{Callee, Type, by_name};
use crate::limits::{MAX_INPUTS, MAX_INSTRUCTIONS, MAX_OUTPUTS};
use crate::matcher::Pattern;
use crate::op::{Opcode, Takes};
use crate::pool::Pool;
use crate::table::TableId;
use crate::zone::Zone;

/// Reads the text of code; inputs and constants are numbered in order of first use. It checks the form alone:
/// verification judges the meaning.
///
/// ```
/// use trapjaw_program::assemble;
///
/// let code = assemble("r0 = load field 0 : float\nr1 = gt.float r0, 0.9 ; hot\n-> r1 : bool\n")?;
/// assert_eq!(code.instructions.len(), 2);
/// # Ok::<(), trapjaw_program::AssembleError>(())
/// ```
///
/// # Errors
///
/// The first line that is not of this form, with the reason.
pub fn assemble(text: &str) -> Result<Code, AssembleError> {
    let mut assembler = Assembler::default();
    for (line, number) in text.lines().zip(1..) {
        let read = tokens(line).and_then(|tokens| {
            if tokens.is_empty() {
                return Ok(());
            }
            assembler.line(Line(tokens.into_iter()))
        });
        read.map_err(|reason| AssembleError {
            line: number,
            reason,
        })?;
    }
    Ok(Code {
        inputs: assembler.pool.inputs,
        constants: assembler.pool.constants,
        calls: assembler.pool.calls,
        instructions: assembler.instructions,
        outputs: assembler.outputs,
    })
}

#[derive(Default)]
struct Assembler {
    pool: Pool,
    instructions: Vec<Inst>,
    outputs: Vec<Output>,
}

impl Assembler {
    fn line(&mut self, mut line: Line<'_>) -> Result<(), String> {
        match line.word()? {
            "->" => {
                let operand = self.operand(&mut line, Takes::AnyRegister)?;
                line.colon()?;
                let ty = line.ty()?;
                self.outputs.push(Output { operand, ty });
                limited("outputs", self.outputs.len(), MAX_OUTPUTS)?;
            }
            register => {
                let expected = format!("r{}", self.instructions.len());
                if register != expected {
                    return Err(format!("`{register}` where `{expected}` comes next"));
                }
                line.mark('=')?;
                let mnemonic = line.word()?;
                let op = Opcode::from_mnemonic(mnemonic)
                    .ok_or_else(|| format!("no operation `{mnemonic}`"))?;
                let inst = self.inst(op, &mut line)?;
                self.instructions.push(inst);
                limited("instructions", self.instructions.len(), MAX_INSTRUCTIONS)?;
            }
        }
        line.end()
    }

    fn inst(&mut self, op: Opcode, line: &mut Line<'_>) -> Result<Inst, String> {
        if op == Opcode::Call {
            let callee = line.callee()?;
            let mut arguments = Vec::new();
            for index in 0..callee.signature().parameters.len() {
                if index > 0 {
                    line.mark(',')?;
                }
                arguments.push(self.operand(line, Takes::AnyRegister)?);
            }
            let arguments = arguments.into();
            let index = self.pool.call(Call { callee, arguments });
            let a = Operand::register(index);
            let b = Operand::register(0);
            return Ok(Inst { op, a, b });
        }
        let mut operands = [Operand::register(0); 2];
        for (index, takes) in op.operands().into_iter().enumerate() {
            if takes == Takes::Nothing {
                break;
            }
            if index > 0 {
                line.mark(',')?;
            }
            operands[index] = self.operand(line, takes)?;
        }
        let [a, b] = operands;
        Ok(Inst { op, a, b })
    }

    fn operand(&mut self, line: &mut Line<'_>, takes: Takes) -> Result<Operand, String> {
        if takes == Takes::Input {
            let input = line.input()?;
            line.colon()?;
            let kind = line.kind()?;
            let index = self.pool.input(Slot { input, kind });
            limited("inputs", self.pool.inputs.len(), MAX_INPUTS)?;
            return Ok(Operand::register(index));
        }
        let token = line.next()?;
        if let Token::Word(word) = token
            && let Some(number) = word.strip_prefix('r')
        {
            let number = number.parse().ok().filter(|n: &u32| n >> 31 == 0);
            let register = number.ok_or_else(|| format!("no register `{word}`"))?;
            return Ok(Operand::register(register));
        }
        let constant = line.constant(token, takes)?;
        Ok(self.pool.constant(constant))
    }
}

/// The pieces of a line that are still to come.
struct Line<'a>(vec::IntoIter<Token<'a>>);

impl<'a> Line<'a> {
    fn next(&mut self) -> Result<Token<'a>, String> {
        self.0.next().ok_or_else(|| "the line ends early".into())
    }

    fn word(&mut self) -> Result<&'a str, String> {
        match self.next()? {
            Token::Word(word) => Ok(word),
            other => Err(format!("{} where a name belongs", other.shown())),
        }
    }

    fn mark(&mut self, mark: char) -> Result<(), String> {
        match self.next()? {
            Token::Mark(found) if found == mark => Ok(()),
            other => Err(format!("{} where `{mark}` belongs", other.shown())),
        }
    }

    fn number(&mut self) -> Result<u16, String> {
        let word = self.word()?;
        word.parse().map_err(|_| format!("no number `{word}`"))
    }

    fn colon(&mut self) -> Result<(), String> {
        match self.next()? {
            Token::Word(":") => Ok(()),
            other => Err(format!("{} where `:` belongs", other.shown())),
        }
    }

    fn end(&mut self) -> Result<(), String> {
        match self.0.next() {
            None => Ok(()),
            Some(token) => Err(format!("{} behind the end", token.shown())),
        }
    }

    fn input(&mut self) -> Result<Input, String> {
        let space = self.word()?;
        let name = self.word()?;
        let index = || {
            name.parse::<u16>()
                .map_err(|_| format!("no number `{name}`"))
        };
        match space {
            "field" => Ok(Input::Field(FieldId::new(index()?))),
            "kept" => Ok(Input::Kept(index()?)),
            "aggregate" => Ok(Input::Aggregate(index()?)),
            "envelope" => Envelope::by_name(name)
                .map(Input::Envelope)
                .ok_or_else(|| format!("no envelope field `{name}`")),
            other => Err(format!("no input `{other}`")),
        }
    }

    /// A function with the types of its parameters.
    fn callee(&mut self) -> Result<Callee, String> {
        let name = self.word()?;
        let function = by_name(name).ok_or_else(|| format!("no function `{name}`"))?;
        self.mark('(')?;
        let mut names = vec![self.word()?];
        loop {
            match self.next()? {
                Token::Mark(',') => names.push(self.word()?),
                Token::Mark(')') => break,
                other => return Err(format!("{} where `)` belongs", other.shown())),
            }
        }
        let same =
            |types: &mut dyn Iterator<Item = Type>| types.map(Type::name).eq(names.iter().copied());
        let signatures = &mut function.signatures.iter();
        let signature = signatures.position(|signature| same(&mut signature.types()));
        let callee = signature.and_then(|signature| Callee::new(name, signature));
        callee.ok_or_else(|| format!("`{name}` does not take {}", names.join(", ")))
    }

    fn quoted(&mut self) -> Result<String, String> {
        match self.next()? {
            Token::Text(text) => Ok(text),
            other => Err(format!("{} where a text belongs", other.shown())),
        }
    }

    /// Pairs of addresses in braces.
    fn networks(&mut self) -> Result<Const, String> {
        self.mark('{')?;
        let ends: Vec<Ip> = all(self.values('}')?, |value| match value {
            Const::Ip(value) => Some(value),
            _ => None,
        })?;
        let (pairs, rest) = ends.as_chunks::<2>();
        if !rest.is_empty() {
            return Err("a range of addresses without its end".into());
        }
        Ok(Const::Networks(
            pairs.iter().map(|[first, last]| (*first, *last)).collect(),
        ))
    }

    fn kind(&mut self) -> Result<Kind, String> {
        let name = self.word()?;
        let mut kinds = [Kind::Bool, Kind::Int, Kind::Float, Kind::Text, Kind::Ip].into_iter();
        kinds
            .find(|kind| kind.name() == name)
            .ok_or_else(|| format!("no kind `{name}`"))
    }

    fn ty(&mut self) -> Result<FieldType, String> {
        Ok(match self.word()? {
            "bool" => FieldType::Bool,
            "int" => FieldType::Int,
            "float" => FieldType::Float,
            "text" => FieldType::Text,
            "time" => FieldType::Time,
            "duration" => FieldType::Duration,
            "ip" => FieldType::Ip,
            "enum" => {
                self.mark('(')?;
                FieldType::Enum(texts(self.values(')')?)?)
            }
            other => return Err(format!("no type `{other}`")),
        })
    }

    fn constant(&mut self, token: Token<'a>, takes: Takes) -> Result<Const, String> {
        match token {
            Token::Mark('[') => Ok(Const::Names(texts(self.values(']')?)?)),
            Token::Mark('{') => set(self.values('}')?, takes),
            Token::Word("table") => Ok(Const::Table(TableId::new(self.number()?))),
            Token::Word("column") => {
                Ok(Const::Column(TableId::new(self.number()?), self.number()?))
            }
            Token::Word("networks") => self.networks(),
            Token::Word("zone") => {
                let name = self.quoted()?;
                let zone = Zone::by_name(&name).map(Const::Zone);
                zone.ok_or_else(|| format!("no zone `{name}`"))
            }
            Token::Word(form @ ("pattern" | "pattern-i" | "glob" | "glob-i")) => {
                let source = self.quoted()?;
                let ignore_case = form.ends_with("-i");
                let pattern = if form.starts_with("glob") {
                    Pattern::glob(&source, ignore_case)
                } else {
                    Pattern::regex(&source, ignore_case)
                };
                pattern
                    .map(Const::Pattern)
                    .map_err(|error| error.to_string())
            }
            token => single(token),
        }
    }

    /// The values up to a closing mark, parted by commas.
    fn values(&mut self, close: char) -> Result<Vec<Const>, String> {
        let mut values = Vec::new();
        loop {
            match self.next()? {
                Token::Mark(mark) if mark == close && values.is_empty() => return Ok(values),
                token => values.push(single(token)?),
            }
            match self.next()? {
                Token::Mark(',') => {}
                Token::Mark(mark) if mark == close => return Ok(values),
                other => return Err(format!("{} where `{close}` belongs", other.shown())),
            }
        }
    }
}

/// One value: its form tells its kind.
fn single(token: Token<'_>) -> Result<Const, String> {
    let word = match token {
        Token::Text(text) => return Ok(Const::Text(text.into())),
        Token::Word(word) => word,
        Token::Mark(mark) => return Err(format!("`{mark}` where a value belongs")),
    };
    let digits = word.strip_prefix('-').unwrap_or(word);
    if !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit()) {
        let value = word.parse().map(Const::Int);
        return value.map_err(|_| format!("`{word}` is beyond 64 bits"));
    }
    if let Ok(value) = word.parse::<bool>() {
        return Ok(Const::Bool(value));
    }
    if let Ok(value) = word.parse::<Ip>() {
        return Ok(Const::Ip(value));
    }
    let value = word.parse().map(Const::Float);
    value.map_err(|_| format!("no value `{word}`"))
}

/// A set of the values' kind; where there are none, of the kind that its place takes.
fn set(values: Vec<Const>, takes: Takes) -> Result<Const, String> {
    let kind = match (values.first(), takes) {
        (Some(value), _) => value.kind(),
        (None, Takes::Set(kind)) => Some(kind),
        (None, _) => None,
    };
    match kind {
        Some(Kind::Int) => all(values, |value| match value {
            Const::Int(value) => Some(value),
            _ => None,
        })
        .map(Const::IntSet),
        Some(Kind::Float) => all(values, |value| match value {
            Const::Float(value) => Some(value),
            _ => None,
        })
        .map(Const::FloatSet),
        Some(Kind::Text) => texts(values).map(Const::TextSet),
        Some(Kind::Ip) => all(values, |value| match value {
            Const::Ip(value) => Some(value),
            _ => None,
        })
        .map(Const::IpSet),
        Some(Kind::Bool) | None => Err("no set is of this kind".into()),
    }
}

fn texts<C: FromIterator<Box<str>>>(values: Vec<Const>) -> Result<C, String> {
    all(values, |value| match value {
        Const::Text(value) => Some(value),
        _ => None,
    })
}

fn all<T, C: FromIterator<T>>(
    values: Vec<Const>,
    of_kind: impl FnMut(Const) -> Option<T>,
) -> Result<C, String> {
    let values: Option<C> = values.into_iter().map(of_kind).collect();
    values.ok_or_else(|| "values of several kinds in one list".into())
}

fn limited(what: &str, count: usize, limit: usize) -> Result<(), String> {
    if count <= limit {
        return Ok(());
    }
    Err(format!("more than {limit} {what}"))
}

/// Why a text is no code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AssembleError {
    line: usize,
    reason: String,
}

impl AssembleError {
    /// The line, counted from 1.
    pub fn line(&self) -> usize {
        self.line
    }

    /// What is wrong with it.
    pub fn reason(&self) -> &str {
        &self.reason
    }
}

impl fmt::Display for AssembleError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}", self.line, self.reason)
    }
}

impl core::error::Error for AssembleError {}

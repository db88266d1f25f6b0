//! One code: operands exist, precede their use and have the kinds of the op table.

use std::collections::HashSet;
use std::sync::Arc;

use trapjaw_event::{EventType, FieldType};

use super::constant;
use super::error::{Fault, VerifyError, Within, limited};
use crate::code::{Call, Code, Const, Input, Inst, Kind, Operand, Output, Slot};
use crate::function::Type;
use crate::limits::{
    MAX_CONSTANTS, MAX_DIGITS, MAX_INPUTS, MAX_INSTRUCTIONS, MAX_OUTPUTS, MAX_PATTERNS_SIZE,
};
use crate::op::{Gives, Takes};
use crate::pattern::Read;
use crate::rule::{Aggregate, Kept};
use crate::table::{Table, TableId};

/// What code at a place may read.
#[derive(Clone, Copy, Debug)]
pub enum Scope<'a> {
    /// Code over the events of one type: its fields and the envelope.
    Event(&'a EventType),
    /// Code over a rule's results: its kept fields, the envelope of its alias, its aggregates.
    Rule {
        /// [`Rule::kept`](crate::Rule::kept).
        kept: &'a [Kept],
        /// [`Rule::aggregates`](crate::Rule::aggregates).
        aggregates: &'a [Aggregate],
    },
    /// Code over what a pattern has bound, and over an event under test where there is one.
    Pattern {
        /// The type of the event under test.
        event: Option<&'a EventType>,
        /// [`Pattern::reads`](crate::pattern::Pattern::reads).
        reads: &'a [Read],
        /// [`Rule::aggregates`](crate::Rule::aggregates).
        aggregates: &'a [Aggregate],
    },
    /// Code by itself, as in tests: these inputs and no others.
    Slots(&'a [Slot]),
}

impl Scope<'_> {
    /// The kind of an input, if code may read it.
    fn kind(&self, input: Input) -> Option<Kind> {
        match (self, input) {
            (Self::Slots(slots), _) => slots
                .iter()
                .find(|slot| slot.input == input)
                .map(|slot| slot.kind),
            (
                Self::Event(_) | Self::Rule { .. } | Self::Pattern { event: Some(_), .. },
                Input::Envelope(envelope),
            ) => Some(envelope.kind()),
            (
                Self::Event(ty)
                | Self::Pattern {
                    event: Some(ty), ..
                },
                Input::Field(id),
            ) => Some(Kind::of(&ty.fields.get(id.index())?.ty)),
            (Self::Pattern { reads, .. }, Input::Kept(index)) => {
                Some(Kind::of(&reads.get(usize::from(index))?.ty))
            }
            (Self::Rule { kept, .. }, Input::Kept(index)) => {
                Some(Kind::of(&kept.get(usize::from(index))?.ty))
            }
            (
                Self::Rule { aggregates, .. } | Self::Pattern { aggregates, .. },
                Input::Aggregate(index),
            ) => Some(Kind::of(&aggregates.get(usize::from(index))?.ty)),
            (Self::Event(_), Input::Kept(_) | Input::Aggregate(_))
            | (Self::Rule { .. } | Self::Pattern { .. }, Input::Field(_))
            | (Self::Pattern { .. }, Input::Envelope(_)) => None,
        }
    }
}

pub(super) fn check(
    code: &Code,
    scope: &Scope<'_>,
    tables: &[Arc<Table>],
) -> Result<(), VerifyError> {
    limited("inputs", code.inputs.len(), MAX_INPUTS)?;
    limited("constants", code.constants.len(), MAX_CONSTANTS)?;
    limited("calls", code.calls.len(), MAX_INSTRUCTIONS)?;
    limited("instructions", code.instructions.len(), MAX_INSTRUCTIONS)?;
    limited("outputs", code.outputs.len(), MAX_OUTPUTS)?;
    inputs(&code.inputs, scope)?;
    for (index, value) in code.constants.iter().enumerate() {
        constant::check(value).within(|| format!("constant {index}"))?;
    }
    let patterns = code.constants.iter().map(|constant| match constant {
        Const::Pattern(pattern) => pattern.size(),
        _ => 0,
    });
    limited("bytes in patterns", patterns.sum(), MAX_PATTERNS_SIZE)?;
    let mut lanes = Lanes {
        code,
        tables,
        registers: Vec::with_capacity(code.instructions.len()),
    };
    for (index, inst) in code.instructions.iter().enumerate() {
        let kind = lanes
            .result(*inst)
            .within(|| format!("instruction {index}"))?;
        lanes.registers.push(kind);
    }
    for (index, output) in code.outputs.iter().enumerate() {
        lanes.output(output).within(|| format!("output {index}"))?;
    }
    Ok(())
}

fn inputs(inputs: &[Slot], scope: &Scope<'_>) -> Result<(), VerifyError> {
    let mut seen = HashSet::with_capacity(inputs.len());
    for (index, slot) in inputs.iter().enumerate() {
        let refused = |fault, reason: String| {
            Err(VerifyError::new(fault, reason)).within(|| format!("input {index}"))
        };
        if !seen.insert(slot.input) {
            return refused(Fault::InputRepeated, format!("{} again", slot.input));
        }
        match scope.kind(slot.input) {
            None => {
                let reason = format!("{} is not to be read here", slot.input);
                return refused(Fault::InputUnknown, reason);
            }
            Some(kind) if kind != slot.kind => {
                let reason = format!("{} is {kind}, not {}", slot.input, slot.kind);
                return refused(Fault::InputKind, reason);
            }
            Some(_) => {}
        }
    }
    Ok(())
}

/// The kinds of the registers made so far.
struct Lanes<'a> {
    code: &'a Code,
    tables: &'a [Arc<Table>],
    registers: Vec<Kind>,
}

impl Lanes<'_> {
    /// The kind of the register that an instruction makes.
    fn result(&self, inst: Inst) -> Result<Kind, VerifyError> {
        let places = inst.op.operands();
        self.place(places[0], inst.a)
            .within(|| "first operand".into())?;
        self.place(places[1], inst.b)
            .within(|| "second operand".into())?;
        match inst.op.result() {
            Gives::OfInput => Ok(self.code.inputs[inst.a.index()].kind),
            Gives::OfCall => self.call(&self.code.calls[inst.a.index()]),
            Gives::Lane(kind) => {
                let operands = [inst.a, inst.b];
                let moving = places.iter().zip(operands).any(|(takes, operand)| {
                    // What a table holds is not the code's: looking a constant up is no constant.
                    matches!(takes, Takes::Table(_))
                        || matches!(takes, Takes::Lane(_) | Takes::AnyRegister)
                            && !operand.is_constant()
                });
                if !moving {
                    return Err(VerifyError::new(
                        Fault::OperandFixed,
                        format!("{} of constants alone", inst.op),
                    ));
                }
                Ok(kind)
            }
        }
    }

    /// The kind that a call gives; its arguments are those of the signature.
    fn call(&self, call: &Call) -> Result<Kind, VerifyError> {
        let signature = call.callee.signature();
        if call.arguments.len() != signature.parameters.len() {
            let reason = format!("{} with {} arguments", call.callee, call.arguments.len());
            return Err(VerifyError::new(Fault::CallArguments, reason));
        }
        for (&operand, (name, ty)) in call.arguments.iter().zip(signature.parameters) {
            self.argument(operand, *ty)
                .within(|| format!("argument `{name}`"))?;
        }
        if call.arguments.iter().all(|operand| operand.is_constant()) {
            let reason = format!("{} of constants alone", call.callee);
            return Err(VerifyError::new(Fault::OperandFixed, reason));
        }
        Ok(call.callee.kind())
    }

    fn argument(&self, operand: Operand, ty: Type) -> Result<(), VerifyError> {
        match (ty, ty.kind()) {
            (_, Some(kind)) => self.place(Takes::Lane(kind), operand),
            (Type::Pattern, None) => self.place(Takes::Pattern, operand),
            (_, None) => match self.constant(operand)? {
                Const::Zone(_) => Ok(()),
                other => Err(mismatch(operand, "zone", other.what())),
            },
        }
    }

    fn place(&self, takes: Takes, operand: Operand) -> Result<(), VerifyError> {
        match takes {
            Takes::Nothing if operand.bits() == 0 => Ok(()),
            Takes::Nothing => Err(VerifyError::new(
                Fault::OperandSpare,
                format!("{operand:?} where there is none"),
            )),
            Takes::Input if operand.is_constant() || operand.index() >= self.code.inputs.len() => {
                Err(VerifyError::new(
                    Fault::OperandInput,
                    format!("no input {operand:?}"),
                ))
            }
            Takes::Input => Ok(()),
            Takes::Call if operand.is_constant() || operand.index() >= self.code.calls.len() => {
                Err(VerifyError::new(
                    Fault::OperandCall,
                    format!("no call {operand:?}"),
                ))
            }
            Takes::Call => Ok(()),
            Takes::Pattern => match self.constant(operand)? {
                Const::Pattern(_) => Ok(()),
                other => Err(mismatch(operand, "pattern", other.what())),
            },
            Takes::Networks => match self.constant(operand)? {
                Const::Networks(_) => Ok(()),
                other => Err(mismatch(operand, "networks", other.what())),
            },
            Takes::Lane(wanted) => match self.lane(operand)? {
                kind if kind == wanted => Ok(()),
                kind => Err(mismatch(operand, wanted.name(), kind.name())),
            },
            // A constant is no register, and so has no place here whatever its kind.
            Takes::AnyRegister if operand.is_constant() => {
                Err(mismatch(operand, "register", "constant"))
            }
            Takes::AnyRegister => self.lane(operand).map(drop),
            Takes::Set(kind) => match self.constant(operand)? {
                set if set.set_kind() == Some(kind) => Ok(()),
                other => Err(mismatch(operand, &format!("set of {kind}"), other.what())),
            },
            Takes::Names => match self.constant(operand)? {
                Const::Names(_) => Ok(()),
                other => Err(mismatch(operand, "names", other.what())),
            },
            Takes::Table(wanted) => match self.constant(operand)? {
                Const::Table(id) => match Kind::of(self.table(*id)?.key_type()) {
                    kind if kind == wanted => Ok(()),
                    kind => Err(mismatch(
                        operand,
                        &format!("table by {wanted}"),
                        kind.name(),
                    )),
                },
                other => Err(mismatch(operand, "table", other.what())),
            },
            Takes::Column(wanted) => match self.constant(operand)? {
                Const::Column(id, place) => match self.column(*id, *place)? {
                    kind if kind == wanted => Ok(()),
                    kind => Err(mismatch(operand, wanted.name(), kind.name())),
                },
                other => Err(mismatch(operand, "field of a table", other.what())),
            },
            Takes::Digits => match self.constant(operand)? {
                Const::Int(digits) if (0..=MAX_DIGITS).contains(digits) => Ok(()),
                Const::Int(digits) => Err(VerifyError::new(
                    Fault::Digits,
                    format!("{digits} digits, not 0 to {MAX_DIGITS}"),
                )),
                other => Err(mismatch(operand, "int", other.what())),
            },
        }
    }

    fn table(&self, id: TableId) -> Result<&Table, VerifyError> {
        let table = self.tables.get(id.index()).map(|table| &**table);
        table.ok_or_else(|| VerifyError::new(Fault::TableUnknown, format!("no table {id}")))
    }

    fn column(&self, id: TableId, place: u16) -> Result<Kind, VerifyError> {
        let table = self.table(id)?;
        let field = table.fields().get(usize::from(place));
        let unknown = || {
            let reason = format!("table `{}` has no field {place}", table.name());
            VerifyError::new(Fault::TableField, reason)
        };
        field.map(|field| Kind::of(&field.ty)).ok_or_else(unknown)
    }

    fn output(&self, output: &Output) -> Result<(), VerifyError> {
        if let FieldType::Enum(names) = &output.ty {
            constant::variants(names)?;
        }
        let kind = self.lane(output.operand)?;
        if kind != Kind::of(&output.ty) {
            return Err(VerifyError::new(
                Fault::OutputKind,
                format!("{:?} is {kind}, not {}", output.operand, output.ty),
            ));
        }
        match (&output.ty, self.fixed(output.operand)) {
            (FieldType::Enum(names), Some(Const::Int(code)))
                if !usize::try_from(*code).is_ok_and(|code| code < names.len()) =>
            {
                Err(VerifyError::new(
                    Fault::EnumCode,
                    format!("{code} is no variant of {}", output.ty),
                ))
            }
            _ => Ok(()),
        }
    }

    /// The kind of a register or single constant.
    fn lane(&self, operand: Operand) -> Result<Kind, VerifyError> {
        if operand.is_constant() {
            let constant = self.constant(operand)?;
            return constant
                .kind()
                .ok_or_else(|| mismatch(operand, "single value", constant.what()));
        }
        self.registers.get(operand.index()).copied().ok_or_else(|| {
            VerifyError::new(
                Fault::OperandRegister,
                format!("{operand:?} is not made before"),
            )
        })
    }

    fn constant(&self, operand: Operand) -> Result<&Const, VerifyError> {
        if !operand.is_constant() {
            return Err(mismatch(operand, "constant", "register"));
        }
        self.fixed(operand).ok_or_else(|| {
            VerifyError::new(Fault::OperandConstant, format!("no constant {operand:?}"))
        })
    }

    fn fixed(&self, operand: Operand) -> Option<&Const> {
        let constants = &self.code.constants;
        constants
            .get(operand.index())
            .filter(|_| operand.is_constant())
    }
}

fn mismatch(operand: Operand, wanted: &str, found: &str) -> VerifyError {
    VerifyError::new(
        Fault::OperandKind,
        format!("{operand:?} is {found}, not {wanted}"),
    )
}

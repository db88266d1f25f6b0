//! The virtual machine: runs code over columns.
//!
//! An instruction is one loop over a column; its dispatch is paid once a batch. Verified code cannot
//! fail: operands exist, kinds agree. Registers borrow the batch's own columns where they can.

mod arithmetic;
pub(crate) mod bits;
mod call;
mod choice;
mod compare;
mod format;
mod load;
mod logic;
mod register;
mod table;
mod text;

use std::borrow::Cow;
use std::sync::Arc;

use trapjaw_event::{FieldType, Ip, PlainText, ValueRef};
use trapjaw_program::{Code, Const, Input, Inst, Kind, Opcode, Operand, Table, case};

pub(crate) use load::{Bound, Selection};
pub(crate) use register::{Arg, TextValues};
use register::{Bools, Lane, Register, octets};
pub(crate) use text::TextArg;

use crate::counters::Faults;

/// The registers after a run.
#[derive(Debug)]
pub(crate) struct Registers<'a> {
    code: &'a Code,
    tables: &'a [Arc<Table>],
    rows: usize,
    made: Vec<Register<'a>>,
    faults: Faults,
}

/// Runs `code` over the selected rows of the columns that `bind` gives for its inputs. It looks things up in `tables`,
/// with which it was verified.
pub(crate) fn run<'a>(
    code: &'a Code,
    tables: &'a [Arc<Table>],
    bind: impl Fn(Input) -> Bound<'a>,
    selection: Selection<'_>,
) -> Registers<'a> {
    let mut run = Registers {
        code,
        tables,
        rows: selection.len(),
        made: Vec::with_capacity(code.instructions.len()),
        faults: Faults::default(),
    };
    for inst in &code.instructions {
        let register = if inst.op == Opcode::Load {
            let slot = code.inputs[inst.a.index()];
            load::load(bind(slot.input), slot.kind, selection)
        } else {
            run.execute(*inst)
        };
        run.made.push(register);
    }
    run
}

impl<'a> Registers<'a> {
    /// Number of rows.
    pub(crate) fn rows(&self) -> usize {
        self.rows
    }

    /// Values that became null for want of a result.
    pub(crate) fn faults(&self) -> Faults {
        self.faults
    }

    /// Rows for which a bool output is true.
    pub(crate) fn truth(&self, output: u32) -> Cow<'_, [u64]> {
        self.bools(self.code.outputs[output as usize].operand).0
    }

    /// An output's ints with the rows that are known.
    pub(crate) fn ints_of(&self, output: usize) -> (Arg<'_, i64>, Option<&[u64]>) {
        self.ints(self.code.outputs[output].operand)
    }

    /// An output's floats with the rows that are known.
    pub(crate) fn floats_of(&self, output: usize) -> (Arg<'_, f64>, Option<&[u64]>) {
        self.floats(self.code.outputs[output].operand)
    }

    /// An output's texts.
    pub(crate) fn texts_of(&self, output: usize) -> TextArg<'_> {
        self.texts(self.code.outputs[output].operand).0
    }

    /// An output's addresses.
    pub(crate) fn ips_of(&self, output: usize) -> Arg<'_, [u8; 16]> {
        self.ips(self.code.outputs[output].operand).0
    }

    /// The rows for which an output is known; `None`: all.
    pub(crate) fn known_of(&self, output: usize) -> Option<&[u64]> {
        self.known(self.code.outputs[output].operand)
    }

    /// The codes and values of an output that is a dictionary column.
    pub(crate) fn dictionary_of(&self, output: usize) -> Option<(&[u16], PlainText<'a>)> {
        let operand = self.code.outputs[output].operand;
        if operand.is_constant() {
            return None;
        }
        match &self.made[operand.index()] {
            Register::Text(texts) => match &texts.values {
                TextValues::Dictionary(codes, values) => Some((codes, *values)),
                _ => None,
            },
            _ => None,
        }
    }

    /// One row's value of an output.
    pub(crate) fn value(&self, output: usize, row: usize) -> ValueRef<'_> {
        let output = &self.code.outputs[output];
        let operand = output.operand;
        if self
            .known(operand)
            .is_some_and(|known| !bits::get(known, row))
        {
            return ValueRef::Null;
        }
        match &output.ty {
            FieldType::Bool => ValueRef::Bool(bits::get(&self.bools(operand).0, row)),
            FieldType::Int => ValueRef::Int(self.ints(operand).0.get(row)),
            FieldType::Time => ValueRef::Time(self.ints(operand).0.get(row)),
            FieldType::Duration => ValueRef::Duration(self.ints(operand).0.get(row)),
            FieldType::Enum(names) => {
                // A code that names no variant is null.
                let code = usize::try_from(self.ints(operand).0.get(row)).ok();
                code.filter(|&code| code < names.len())
                    .map_or(ValueRef::Null, |code| ValueRef::Enum(code as u16))
            }
            // Adding zero makes -0.0 read as 0.0.
            FieldType::Float => ValueRef::Float(self.floats(operand).0.get(row) + 0.0),
            FieldType::Ip => ValueRef::Ip(Ip::from_octets(self.ips(operand).0.get(row))),
            FieldType::Text => ValueRef::Text(match self.texts(operand).0 {
                TextArg::Each(texts) => texts.get(row),
                TextArg::One(text) => text,
            }),
        }
    }

    /// One row's value of an output that is a float; `None` for null.
    #[inline]
    pub(crate) fn float(&self, output: usize, row: usize) -> Option<f64> {
        let (values, known) = self.floats(self.code.outputs[output].operand);
        let is_known = known.is_none_or(|known| bits::get(known, row));
        // Adding zero makes -0.0 read as 0.0.
        is_known.then(|| values.get(row) + 0.0)
    }

    fn constant(&self, operand: Operand) -> &'a Const {
        &self.code.constants[operand.index()]
    }

    fn known(&self, operand: Operand) -> Option<&[u64]> {
        if operand.is_constant() {
            None
        } else {
            self.made[operand.index()].known()
        }
    }

    fn bools(&self, operand: Operand) -> (Cow<'_, [u64]>, Option<&[u64]>) {
        if operand.is_constant() {
            let Const::Bool(value) = *self.constant(operand) else {
                mismatch()
            };
            let mut truth = vec![if value { u64::MAX } else { 0 }; bits::words(self.rows)];
            bits::clear_tail(&mut truth, self.rows);
            return (Cow::Owned(truth), None);
        }
        let Register::Bool(bools) = &self.made[operand.index()] else {
            mismatch()
        };
        (Cow::Borrowed(&bools.truth), bools.known.as_deref())
    }

    fn ints(&self, operand: Operand) -> (Arg<'_, i64>, Option<&[u64]>) {
        if operand.is_constant() {
            let Const::Int(value) = *self.constant(operand) else {
                mismatch()
            };
            return (Arg::One(value), None);
        }
        let Register::Int(lane) = &self.made[operand.index()] else {
            mismatch()
        };
        (Arg::Each(&lane.values), lane.known.as_deref())
    }

    fn floats(&self, operand: Operand) -> (Arg<'_, f64>, Option<&[u64]>) {
        if operand.is_constant() {
            let Const::Float(value) = *self.constant(operand) else {
                mismatch()
            };
            return (Arg::One(value), None);
        }
        let Register::Float(lane) = &self.made[operand.index()] else {
            mismatch()
        };
        (Arg::Each(&lane.values), lane.known.as_deref())
    }

    fn ips(&self, operand: Operand) -> (Arg<'_, [u8; 16]>, Option<&[u64]>) {
        if operand.is_constant() {
            let Const::Ip(value) = self.constant(operand) else {
                mismatch()
            };
            return (Arg::One(octets(value)), None);
        }
        let Register::Ip(lane) = &self.made[operand.index()] else {
            mismatch()
        };
        (Arg::Each(&lane.values), lane.known.as_deref())
    }

    fn texts(&self, operand: Operand) -> (TextArg<'_>, Option<&[u64]>) {
        if operand.is_constant() {
            let Const::Text(value) = self.constant(operand) else {
                mismatch()
            };
            return (TextArg::One(value), None);
        }
        let Register::Text(texts) = &self.made[operand.index()] else {
            mismatch()
        };
        let arg = match &texts.values {
            TextValues::One(text) => TextArg::One(text),
            values => TextArg::Each(values),
        };
        (arg, texts.known.as_deref())
    }

    fn execute(&mut self, Inst { op, a, b }: Inst) -> Register<'a> {
        use Opcode as O;
        match op {
            O::Load => unreachable!("loads are bound by `run`"),
            O::Not | O::And | O::Or | O::EqBool | O::NeBool | O::CoalesceBool | O::IsNull => {
                self.logic(op, a, b)
            }
            O::EqInt | O::NeInt | O::LtInt | O::LeInt | O::GtInt | O::GeInt => {
                compare::ordered(self.rows, op, self.ints(a), self.ints(b))
            }
            O::EqFloat | O::NeFloat | O::LtFloat | O::LeFloat | O::GtFloat | O::GeFloat => {
                compare::ordered(self.rows, op, self.floats(a), self.floats(b))
            }
            O::EqIp | O::NeIp | O::LtIp | O::LeIp | O::GtIp | O::GeIp => {
                compare::ordered(self.rows, op, self.ips(a), self.ips(b))
            }
            O::EqText | O::NeText | O::LtText | O::LeText | O::GtText | O::GeText => {
                text::compare(self.rows, op, self.texts(a), self.texts(b))
            }
            O::Contains | O::StartsWith | O::EndsWith => {
                text::test(self.rows, op, self.texts(a), self.texts(b))
            }
            O::InInt | O::InFloat | O::InText | O::InIp | O::InNetworks => self.member(a, b),
            O::RowInt | O::RowText | O::RowIp => self.rows_of(a, b),
            O::HasInt | O::HasText | O::HasIp => self.is_key(a, b),
            O::CellBool | O::CellInt | O::CellFloat | O::CellText | O::CellIp => {
                let Const::Column(table, field) = *self.constant(b) else {
                    mismatch()
                };
                let cells = self.tables[table.index()].cells(usize::from(field));
                table::cells_of(self.rows, self.ints(a), cells)
            }
            O::AddInt | O::SubInt | O::MulInt | O::NegInt => {
                let b = if op == O::NegInt {
                    (Arg::One(0), None)
                } else {
                    self.ints(b)
                };
                let (register, faults) = arithmetic::ints(self.rows, op, self.ints(a), b);
                self.faults += faults;
                register
            }
            O::AddFloat | O::SubFloat | O::MulFloat | O::DivFloat | O::NegFloat => {
                let b = if op == O::NegFloat {
                    (Arg::One(0.0), None)
                } else {
                    self.floats(b)
                };
                let (register, faults) = arithmetic::floats(self.rows, op, self.floats(a), b);
                self.faults += faults;
                register
            }
            O::IntOfFloat => {
                let (register, faults) = arithmetic::int_of_float(self.rows, self.floats(a));
                self.faults += faults;
                register
            }
            O::Call => {
                let (register, faults) = self.call(&self.code.calls[a.index()]);
                self.faults += faults;
                register
            }
            O::WhenBool | O::WhenInt | O::WhenFloat | O::WhenText | O::WhenIp => {
                self.when(op, a, b)
            }
            O::Matches => {
                let Const::Pattern(pattern) = self.constant(b) else {
                    mismatch()
                };
                text::unary(self.rows, self.texts(a), |text| pattern.matches(text))
            }
            O::Fold => text::map(self.rows, self.texts(a), case::folded),
            O::FloatOfInt => arithmetic::float_of_int(self.rows, self.ints(a)),
            O::CoalesceInt => {
                Register::Int(compare::coalesce(self.rows, self.ints(a), self.ints(b)))
            }
            O::CoalesceFloat => {
                Register::Float(compare::coalesce(self.rows, self.floats(a), self.floats(b)))
            }
            O::CoalesceIp => Register::Ip(compare::coalesce(self.rows, self.ips(a), self.ips(b))),
            O::CoalesceText => text::coalesce(self.rows, self.texts(a), self.texts(b)),
            O::Concat => text::concat(self.rows, self.texts(a).0, self.texts(b).0),
            O::FormatBool
            | O::FormatInt
            | O::FormatFloat
            | O::FormatFixed
            | O::FormatText
            | O::FormatTime
            | O::FormatDuration
            | O::FormatIp
            | O::FormatEnum => self.format(op, a, b),
        }
    }

    fn table(&self, operand: Operand) -> &'a Table {
        let Const::Table(id) = *self.constant(operand) else {
            mismatch()
        };
        &self.tables[id.index()]
    }

    /// The rows of a table whose keys `a` has.
    fn rows_of(&self, a: Operand, b: Operand) -> Register<'a> {
        let (rows, table) = (self.rows, self.table(b));
        match Kind::of(table.key_type()) {
            Kind::Text => table::rows_of_texts(rows, self.texts(a), table),
            Kind::Ip => table::rows_of(rows, self.ips(a), |key| {
                table.row_of_ip(Ip::from_octets(key))
            }),
            _ => table::rows_of(rows, self.ints(a), |key| table.row_of_int(key)),
        }
    }

    /// Is `a` a key of a table?
    fn is_key(&self, a: Operand, b: Operand) -> Register<'a> {
        let (rows, table) = (self.rows, self.table(b));
        match Kind::of(table.key_type()) {
            Kind::Text => text::unary(rows, self.texts(a), |key| table.row_of_text(key).is_some()),
            Kind::Ip => compare::unary(rows, self.ips(a), |key| {
                table.row_of_ip(Ip::from_octets(key)).is_some()
            }),
            _ => compare::unary(rows, self.ints(a), |key| table.row_of_int(key).is_some()),
        }
    }

    /// `a in b` for a constant set.
    fn member(&self, a: Operand, b: Operand) -> Register<'a> {
        let rows = self.rows;
        match self.constant(b) {
            Const::IntSet(set) => compare::unary(rows, self.ints(a), |value| {
                set.binary_search(&value).is_ok()
            }),
            Const::FloatSet(set) => {
                compare::unary(rows, self.floats(a), |value| set.contains(&value))
            }
            Const::IpSet(set) => compare::unary(rows, self.ips(a), |value| {
                set.binary_search(&Ip::from_octets(value)).is_ok()
            }),
            Const::Networks(ranges) => compare::unary(rows, self.ips(a), |value| {
                let value = Ip::from_octets(value);
                let next = ranges.partition_point(|(first, _)| *first <= value);
                next > 0 && value <= ranges[next - 1].1
            }),
            Const::TextSet(set) => {
                let member = |text: &str| set.binary_search_by(|item| (**item).cmp(text)).is_ok();
                text::unary(rows, self.texts(a), member)
            }
            _ => mismatch(),
        }
    }
}

/// Verified code has no operand of the wrong kind.
#[cold]
fn mismatch() -> ! {
    unreachable!("the verifier has checked the operands' kinds")
}

/// Rows known in both.
fn both(a: Option<&[u64]>, b: Option<&[u64]>) -> Option<Vec<u64>> {
    match (a, b) {
        (None, None) => None,
        (Some(known), None) | (None, Some(known)) => Some(known.to_vec()),
        (Some(a), Some(b)) => Some(a.iter().zip(b).map(|(a, b)| a & b).collect()),
    }
}

/// A bool register: what is not known is not true.
fn bools<'a>(mut truth: Vec<u64>, known: Option<Vec<u64>>) -> Register<'a> {
    if let Some(known) = &known {
        for (truth, known) in truth.iter_mut().zip(known) {
            *truth &= known;
        }
    }
    Register::Bool(Bools {
        truth: Cow::Owned(truth),
        known: known.map(Cow::Owned),
    })
}

fn lane<'a, T: Clone>(values: Vec<T>, known: Option<Vec<u64>>) -> Lane<'a, T> {
    Lane {
        values: Cow::Owned(values),
        known: known.map(Cow::Owned),
    }
}

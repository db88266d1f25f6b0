//! Code from bytes that may be anything.

use core::fmt;

use trapjaw_event::{FieldId, FieldType, Ip};

use crate::code::{Call, Code, Const, Input, Inst, Operand, Output, Slot};
use crate::encode::{VERSION, envelope, kind};
use crate::function::Callee;
use crate::limits::{
    MAX_CONSTANTS, MAX_INPUTS, MAX_INSTRUCTIONS, MAX_OUTPUTS, MAX_PARAMETERS, MAX_SET,
};
use crate::matcher::Pattern;
use crate::op::Opcode;
use crate::table::TableId;
use crate::zone::Zone;

impl Code {
    /// The code that these bytes encode. It may mean nothing: verification judges that.
    ///
    /// Memory is bounded by the bytes' length, whatever counts they announce.
    ///
    /// # Errors
    ///
    /// If the bytes end early or late, a number stands for nothing, a count is above its limit, or a text is not UTF-8.
    pub fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        let mut reader = Reader { bytes, offset: 0 };
        if reader.u8()? != VERSION {
            return Err(reader.refused("another version"));
        }
        let code = Self {
            inputs: reader.all(MAX_INPUTS, Reader::slot)?,
            constants: reader.all(MAX_CONSTANTS, Reader::constant)?,
            calls: reader.all(MAX_INSTRUCTIONS, Reader::call)?,
            instructions: reader.all(MAX_INSTRUCTIONS, Reader::inst)?,
            outputs: reader.all(MAX_OUTPUTS, Reader::output)?,
        };
        if reader.offset == bytes.len() {
            Ok(code)
        } else {
            Err(reader.refused("bytes behind the end"))
        }
    }
}

struct Reader<'a> {
    bytes: &'a [u8],
    offset: usize,
}

impl Reader<'_> {
    fn refused(&self, reason: &'static str) -> DecodeError {
        DecodeError {
            offset: self.offset,
            reason,
        }
    }

    fn take(&mut self, count: usize) -> Result<&[u8], DecodeError> {
        match self.bytes[self.offset..].get(..count) {
            Some(bytes) => {
                self.offset += count;
                Ok(bytes)
            }
            None => Err(self.refused("the bytes end early")),
        }
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], DecodeError> {
        let mut array = [0; N];
        array.copy_from_slice(self.take(N)?);
        Ok(array)
    }

    fn u8(&mut self) -> Result<u8, DecodeError> {
        self.array::<1>().map(|[byte]| byte)
    }

    fn u16(&mut self) -> Result<u16, DecodeError> {
        self.array().map(u16::from_le_bytes)
    }

    fn u32(&mut self) -> Result<u32, DecodeError> {
        self.array().map(u32::from_le_bytes)
    }

    fn i64(&mut self) -> Result<i64, DecodeError> {
        self.array().map(i64::from_le_bytes)
    }

    fn float(&mut self) -> Result<f64, DecodeError> {
        self.array()
            .map(|bytes| f64::from_bits(u64::from_le_bytes(bytes)))
    }

    fn text(&mut self) -> Result<Box<str>, DecodeError> {
        let length = self.u32()? as usize;
        let text = str::from_utf8(self.take(length)?).map(Box::from);
        text.map_err(|_| self.refused("a text that is not UTF-8"))
    }

    fn ip(&mut self) -> Result<Ip, DecodeError> {
        self.array().map(Ip::from_octets)
    }

    /// A sequence. No room is made in advance: each entry has at least one byte, so bytes bound entries.
    fn all<T, C: FromIterator<T>>(
        &mut self,
        limit: usize,
        mut entry: impl FnMut(&mut Self) -> Result<T, DecodeError>,
    ) -> Result<C, DecodeError> {
        let count = self.u32()? as usize;
        if count > limit {
            return Err(self.refused("a count above its limit"));
        }
        (0..count).map(|_| entry(self)).collect()
    }

    fn slot(&mut self) -> Result<Slot, DecodeError> {
        let tag = self.u8()?;
        let number = self.u16()?;
        let input = match tag {
            0 => Some(Input::Field(FieldId::new(number))),
            1 => envelope(number).map(Input::Envelope),
            2 => Some(Input::Kept(number)),
            3 => Some(Input::Aggregate(number)),
            _ => None,
        };
        let input = input.ok_or_else(|| self.refused("no such input"))?;
        let kind = kind(self.u8()?).ok_or_else(|| self.refused("no such kind"))?;
        Ok(Slot { input, kind })
    }

    fn constant(&mut self) -> Result<Const, DecodeError> {
        Ok(match self.u8()? {
            0 => match self.u8()? {
                0 => Const::Bool(false),
                1 => Const::Bool(true),
                _ => return Err(self.refused("no such bool")),
            },
            1 => Const::Int(self.i64()?),
            2 => Const::Float(self.float()?),
            3 => Const::Text(self.text()?),
            4 => Const::Ip(self.ip()?),
            5 => Const::IntSet(self.all(MAX_SET, Self::i64)?),
            6 => Const::FloatSet(self.all(MAX_SET, Self::float)?),
            7 => Const::TextSet(self.all(MAX_SET, Self::text)?),
            8 => Const::IpSet(self.all(MAX_SET, Self::ip)?),
            9 => Const::Names(self.all(MAX_SET, Self::text)?),
            10 => Const::Table(self.u16().map(TableId::new)?),
            11 => Const::Column(self.u16().map(TableId::new)?, self.u16()?),
            12 => Const::Pattern(self.pattern()?),
            13 => {
                let zone = Zone::by_name(&self.text()?);
                Const::Zone(zone.ok_or_else(|| self.refused("no such zone"))?)
            }
            14 => Const::Networks(self.all(MAX_SET, |reader| Ok((reader.ip()?, reader.ip()?)))?),
            _ => return Err(self.refused("no such constant")),
        })
    }

    /// A pattern is compiled here, within its limits; bytes that are none are refused.
    fn pattern(&mut self) -> Result<Pattern, DecodeError> {
        let (form, ignore_case) = (self.u8()?, self.u8()?);
        let source = self.text()?;
        let pattern = match (form, ignore_case) {
            (0, 0 | 1) => Pattern::regex(&source, ignore_case == 1),
            (1, 0 | 1) => Pattern::glob(&source, ignore_case == 1),
            _ => return Err(self.refused("no such form of patterns")),
        };
        pattern.map_err(|_| self.refused("a text that is no pattern"))
    }

    fn call(&mut self) -> Result<Call, DecodeError> {
        let name = self.text()?;
        let callee = Callee::new(&name, usize::from(self.u8()?));
        Ok(Call {
            callee: callee.ok_or_else(|| self.refused("no such function"))?,
            arguments: self.all(MAX_PARAMETERS, Self::operand)?,
        })
    }

    fn inst(&mut self) -> Result<Inst, DecodeError> {
        let op = Opcode::from_number(self.u8()?).ok_or_else(|| self.refused("no such opcode"))?;
        Ok(Inst {
            op,
            a: self.operand()?,
            b: self.operand()?,
        })
    }

    fn operand(&mut self) -> Result<Operand, DecodeError> {
        self.u32().map(Operand::from_bits)
    }

    fn output(&mut self) -> Result<Output, DecodeError> {
        Ok(Output {
            operand: self.operand()?,
            ty: self.ty()?,
        })
    }

    fn ty(&mut self) -> Result<FieldType, DecodeError> {
        Ok(match self.u8()? {
            0 => FieldType::Bool,
            1 => FieldType::Int,
            2 => FieldType::Float,
            3 => FieldType::Text,
            4 => FieldType::Time,
            5 => FieldType::Duration,
            6 => FieldType::Ip,
            7 => FieldType::Enum(self.all(MAX_SET, Self::text)?),
            _ => return Err(self.refused("no such type")),
        })
    }
}

/// Why bytes are no code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DecodeError {
    offset: usize,
    reason: &'static str,
}

impl DecodeError {
    /// How many bytes were read before it.
    pub fn offset(&self) -> usize {
        self.offset
    }
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "byte {}: {}", self.offset, self.reason)
    }
}

impl core::error::Error for DecodeError {}

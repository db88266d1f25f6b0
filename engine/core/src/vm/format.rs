//! Values as text, null as `null`.

use trapjaw_event::{Ip, format};
use trapjaw_program::{Const, Opcode, Operand};

use super::register::Register;
use super::{Registers, bits, mismatch, text};

impl<'a> Registers<'a> {
    pub(super) fn format(&self, op: Opcode, a: Operand, b: Operand) -> Register<'a> {
        let known = self.known(a);
        let show = |show: &dyn Fn(usize) -> String| {
            let texts = (0..self.rows).map(|row| match known {
                Some(known) if !bits::get(known, row) => "null".into(),
                _ => show(row).into_boxed_str(),
            });
            text::made(texts.collect(), None)
        };
        match op {
            Opcode::FormatBool => {
                let (truth, _) = self.bools(a);
                show(&|row| bits::get(&truth, row).to_string())
            }
            Opcode::FormatInt => show(&|row| self.ints(a).0.get(row).to_string()),
            Opcode::FormatTime => show(&|row| format::Time(self.ints(a).0.get(row)).to_string()),
            Opcode::FormatDuration => {
                show(&|row| format::Duration(self.ints(a).0.get(row)).to_string())
            }
            Opcode::FormatFloat => {
                show(&|row| format::Float(self.floats(a).0.get(row)).to_string())
            }
            Opcode::FormatFixed => {
                let Const::Int(digits) = *self.constant(b) else {
                    mismatch()
                };
                show(&|row| {
                    format!(
                        "{:.*}",
                        digits as usize,
                        format::Float(self.floats(a).0.get(row))
                    )
                })
            }
            Opcode::FormatIp => show(&|row| Ip::from_octets(self.ips(a).0.get(row)).to_string()),
            Opcode::FormatEnum => {
                let Const::Names(names) = self.constant(b) else {
                    mismatch()
                };
                show(&|row| {
                    let code = usize::try_from(self.ints(a).0.get(row)).ok();
                    code.and_then(|code| names.get(code))
                        .map_or("null", |name| name)
                        .to_owned()
                })
            }
            _ => show(&|row| match self.texts(a).0 {
                text::TextArg::Each(texts) => texts.get(row).to_owned(),
                text::TextArg::One(text) => text.to_owned(),
            }),
        }
    }
}

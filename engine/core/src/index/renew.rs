//! The index of a type after a reload.
//!
//! What conditions are found by lasts, as it is, for those that are still there: it is the first layer, and shared with what was
//! before. Conditions that are new are planned by themselves, and make a second layer, or are computed for all rows where they
//! are few; the next reload makes that part anew. So a reload takes as long as comparing the programs, and indexing what
//! changed since the first layer was made. Once that is much, all is made anew.

use std::sync::Arc;

use trapjaw_program::{Code, Operand};

use super::build::{Base, place};
use super::plan::plan;
use super::sample::Shares;
use super::{Conditions, Layer, Read, Where};

/// Of the conditions that are found by a witness, one in so many may be new or gone before all is made anew. It costs each
/// reload an index of that many, and each row a look among them.
const CHANGED: usize = 8;

impl Conditions {
    /// For another program of the type; `None` where too much has changed.
    pub(super) fn renewed(
        &self,
        old: &Code,
        code: &Code,
        (from, shares): (usize, Option<&Shares<'_>>),
    ) -> Option<Self> {
        let layer = self.layers.first()?;
        let items = layer.lookup.items.len();
        // By register of the old program.
        let mut item_of = vec![None; old.instructions.len()];
        let placed = self.places.iter().zip(&old.outputs);
        for (place, output) in placed.filter(|(_, output)| !output.operand.is_constant()) {
            item_of[output.operand.index()] = match *place {
                Where::Item(item) if (item as usize) < items => Some(item),
                _ => None,
            };
        }
        let counterparts = code.counterparts(old);
        let mut is_live = vec![false; items];
        let mut places = vec![Where::Base(0); code.outputs.len()];
        for (place, output) in places.iter_mut().zip(&code.outputs) {
            let of_old = (!output.operand.is_constant())
                .then(|| counterparts[output.operand.index()])
                .flatten();
            if let Some(item) = of_old.and_then(|register| item_of[register as usize]) {
                *place = Where::Item(item);
                is_live[item as usize] = true;
            }
        }
        let others = places.iter().zip(0..);
        let others = others.filter(|(place, _)| matches!(place, Where::Base(_)));
        let planned = plan(code, others.map(|(_, condition)| condition), (from, shares));
        let gone = is_live.iter().filter(|is_live| !**is_live).count();
        if (planned.len() + gone) * CHANGED > items {
            return None;
        }
        place(&mut places, &planned, items as u32);
        let mut base = Base::new(code);
        base.compute(&mut places);
        let mut layers = vec![layer.kept(&mut base, &counterparts, old, is_live)?];
        if !planned.is_empty() {
            layers.push(Layer::new(&mut base, &planned)?);
        }
        Some(Self {
            base: base.finish(),
            places,
            layers,
            is_measured: self.is_measured,
        })
    }
}

impl Layer {
    /// The same look-up, of what is still asked. `counterparts`: by register of the new program, that of the old one.
    fn kept(
        &self,
        base: &mut Base<'_>,
        counterparts: &[Option<u32>],
        old: &Code,
        is_live: Vec<bool>,
    ) -> Option<Self> {
        let mut now = vec![None; old.instructions.len()];
        for (of_old, register) in counterparts.iter().zip(0..) {
            if let Some(of_old) = *of_old {
                now[of_old as usize] = Some(Operand::register(register));
            }
        }
        // What nobody asks is not computed: it may have no result, which would be counted.
        let mut is_asked = vec![false; self.columns.len()];
        let live = (0..).zip(&is_live).filter(|(_, is_live)| **is_live);
        for (item, _) in live {
            is_asked[usize::from(self.lookup.witnesses[item as usize])] = true;
            for check in self.lookup.checks(item) {
                is_asked[usize::from(check.column())] = true;
            }
        }
        let columns = self.columns.iter().zip(is_asked).map(|(read, is_asked)| {
            let Some(read) = read.filter(|_| is_asked) else {
                return Some(None);
            };
            // Whatever a condition that stays reads has stayed.
            let operand = now[read.operand.index()]?;
            let output = base.push(operand, read.kind);
            Some(Some(Read {
                operand,
                output,
                ..read
            }))
        });
        let columns: Option<Vec<Option<Read>>> = columns.collect();
        Some(Self {
            columns: columns?,
            lookup: Arc::clone(&self.lookup),
            is_live,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use trapjaw_event::{FieldId, FieldType};
    use trapjaw_program::{CodeBuilder, Const, Input, Kind, Opcode};

    /// `n == wanted and m > 5` for each.
    fn code(wanted: impl IntoIterator<Item = i64>) -> Code {
        let mut builder = CodeBuilder::new();
        let [n, m] = [0, 1].map(|field| {
            let input = Input::Field(FieldId::new(field));
            builder.load(input, Kind::Int)
        });
        for wanted in wanted {
            let wanted = builder.constant(Const::Int(wanted));
            let is_wanted = builder.binary(Opcode::EqInt, n, wanted);
            let five = builder.constant(Const::Int(5));
            let is_above = builder.binary(Opcode::GtInt, m, five);
            let both = builder.binary(Opcode::And, is_wanted, is_above);
            builder.output(both, FieldType::Bool);
        }
        builder.finish()
    }

    fn lasts(before: &Conditions, after: &Conditions) -> bool {
        Arc::ptr_eq(&before.layers[0].lookup, &after.layers[0].lookup)
    }

    #[test]
    fn what_stays_is_found_as_before() {
        let (old, from) = (code(0..100), 8);
        let first = Conditions::new(&old, (from, None)).expect("a hundred are looked up");
        // One in the middle is another.
        let one = code((0..40).chain([1_000]).chain(41..100));
        let second = first
            .renewed(&old, &one, (from, None))
            .expect("nearly all stay");
        assert!(lasts(&first, &second));
        let items = |conditions: &Conditions| {
            let places = conditions.places.iter();
            let items = places.filter(|place| matches!(place, Where::Item(_)));
            items.count()
        };
        assert_eq!((items(&second), second.layers.len()), (99, 1));
        assert!(!second.layers[0].is_live[40]);
        // It is there again, as one of enough new ones for a look-up of their own.
        let ten = code((0..100).rev().chain(500..510));
        let third = second
            .renewed(&one, &ten, (from, None))
            .expect("nearly all stay");
        assert!(lasts(&first, &third));
        assert_eq!((items(&third), third.layers.len()), (110, 2));
        assert!(!third.layers[0].is_live[40]);
        // What is new is counted from where the first layer was made, so that it does not become more and more.
        let more = code((0..100).chain(500..520));
        assert!(third.renewed(&ten, &more, (from, None)).is_none());
        let gone = code(20..100);
        assert!(third.renewed(&ten, &gone, (from, None)).is_none());
    }
}

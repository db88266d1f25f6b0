//! Looking rows up: which conditions have their witness in a row, and which of these are true.

use std::borrow::Cow;
use std::sync::Arc;

use trapjaw_program::{Code, Input, Kind, Table};

use super::conjunct::{float_key, float_of, ip_key};
use super::hits::Hits;
use super::lists::ListId;
use super::{Check, Guard, Keys, Layer, Lookup, NO_REST, Read, Slot, TypeIndex};
use crate::vm::{self, Arg, Bound, Registers, Selection, TextArg, bits};

/// A column that the index reads.
struct Column<'r> {
    values: Values<'r>,
    known: Option<&'r [u64]>,
}

enum Values<'r> {
    Bools(Cow<'r, [u64]>),
    Ints(Arg<'r, i64>),
    Floats(Arg<'r, f64>),
    Texts(TextArg<'r>),
    Ips(Arg<'r, [u8; 16]>),
    /// Nobody asks for them.
    Unasked,
}

impl<'r> Column<'r> {
    fn new(base: &'r Registers<'_>, read: Option<Read>) -> Self {
        let Some(Read { output, kind, .. }) = read else {
            let values = Values::Unasked;
            return Self {
                values,
                known: None,
            };
        };
        let output = output as usize;
        let values = match kind {
            Kind::Bool => Values::Bools(base.truth(output as u32)),
            Kind::Int => Values::Ints(base.ints_of(output).0),
            Kind::Float => Values::Floats(base.floats_of(output).0),
            Kind::Text => Values::Texts(base.texts_of(output)),
            Kind::Ip => Values::Ips(base.ips_of(output)),
        };
        Self {
            values,
            known: base.known_of(output),
        }
    }

    #[inline]
    fn is_known(&self, row: usize) -> bool {
        self.known.is_none_or(|known| bits::get(known, row))
    }

    /// Is the row's number known, and its key in the range?
    #[inline]
    fn is_within(&self, row: usize, low: i64, high: i64) -> bool {
        let key = match &self.values {
            Values::Ints(values) => values.get(row),
            Values::Floats(values) => float_key(values.get(row)),
            _ => return false,
        };
        low <= key && key <= high && self.is_known(row)
    }

    fn is_text(&self, row: usize, text: &str) -> bool {
        matches!(&self.values, Values::Texts(values) if values.get(row) == text)
            && self.is_known(row)
    }
}

/// A search of one layer over one section.
struct Search<'i, 'r> {
    lookup: &'i Lookup,
    /// The number of the layer's first item.
    first: u32,
    columns: Vec<Column<'r>>,
    /// What was found so far: condition and row.
    found: Vec<(u32, u32)>,
}

impl TypeIndex {
    /// The rows for which its conditions are true. `base`: its [base](Self::base) over all rows.
    pub(crate) fn search<'a>(
        &'a self,
        base: &Registers<'_>,
        rows: usize,
        bind: impl Fn(Input) -> Bound<'a>,
        tables: &'a [Arc<Table>],
    ) -> Hits {
        let layers = &self.conditions.layers;
        let mut found = Vec::new();
        let mut first = 0;
        for Layer {
            lookup, columns, ..
        } in layers
        {
            let columns = columns.iter();
            let mut search = Search {
                lookup,
                first,
                columns: columns.map(|&read| Column::new(base, read)).collect(),
                found,
            };
            for slot in &lookup.slots {
                search.slot(slot, rows);
            }
            found = search.found;
            first += lookup.items.len() as u32;
        }
        let mut hits = Hits::new(&mut found, self.conditions.items());
        if layers.iter().any(|layer| !layer.lookup.rests.is_empty()) {
            hits.retain(|item, rows| {
                let rest = match rest(layers, item) {
                    Rest::Nothing => return None,
                    Rest::Unasked => return Some(Vec::new()),
                    Rest::Of(rest) => rest,
                };
                let registers = vm::run(rest, tables, &bind, Selection::Rows(rows));
                let mut outputs = (0..rest.outputs.len() as u32).map(|at| registers.truth(at));
                let mut all = outputs.next()?.into_owned();
                for other in outputs {
                    for (all, other) in all.iter_mut().zip(other.iter()) {
                        *all &= other;
                    }
                }
                Some(all)
            });
        }
        hits
    }
}

/// What is left of a condition beside what was looked up and compared.
enum Rest<'i> {
    Nothing,
    /// The condition is not one of the type's any more: what it reads may not be there.
    Unasked,
    Of(&'i Code),
}

fn rest(layers: &[Layer], item: u32) -> Rest<'_> {
    let mut item = item as usize;
    for Layer {
        lookup, is_live, ..
    } in layers
    {
        let Some(found) = lookup.items.get(item) else {
            item -= lookup.items.len();
            continue;
        };
        return match found.rest {
            NO_REST => Rest::Nothing,
            _ if !is_live[item] => Rest::Unasked,
            rest => Rest::Of(&lookup.rests[rest as usize]),
        };
    }
    Rest::Nothing
}

impl Search<'_, '_> {
    fn slot(&mut self, slot: &Slot, rows: usize) {
        let columns = core::mem::take(&mut self.columns);
        let of = &columns[usize::from(slot.column)];
        match (&of.values, &slot.keys) {
            (Values::Ints(values), Keys::Numbers(numbers)) => {
                for row in candidates(slot, &columns, rows) {
                    numbers.at(values.get(row), |list| self.list(&columns, list, row));
                }
            }
            (Values::Floats(values), Keys::Numbers(numbers)) => {
                for row in candidates(slot, &columns, rows) {
                    let key = float_key(values.get(row));
                    numbers.at(key, |list| self.list(&columns, list, row));
                }
            }
            (Values::Ips(values), Keys::Ips(ips)) => {
                for row in candidates(slot, &columns, rows) {
                    let key = ip_key(values.get(row));
                    ips.at(key, |list| self.list(&columns, list, row));
                }
            }
            (Values::Texts(texts), Keys::Words(words)) => {
                let mut memory = Memory::new(*texts);
                let mut found = Vec::new();
                for row in candidates(slot, &columns, rows) {
                    let lists = memory.lists(*texts, row, &mut found, |text, found| {
                        words.at(text, |list| found.push(list));
                    });
                    for &list in lists {
                        self.list(&columns, list, row);
                    }
                }
            }
            (Values::Unasked, _) => {}
            _ => unreachable!("an index looks columns up by what they hold"),
        }
        self.columns = columns;
    }

    /// A row has the witness of these conditions.
    #[inline]
    fn list(&mut self, columns: &[Column<'_>], list: ListId, row: usize) {
        if let Some(Guard { column, low, high }) = self.lookup.guards[list as usize]
            && !columns[usize::from(column)].is_within(row, low, high)
        {
            return;
        }
        for &item in self.lookup.lists.items(list) {
            let holds = |check: &Check| match check {
                Check::Within { column, low, high } => {
                    columns[usize::from(*column)].is_within(row, *low, *high)
                }
                Check::Text { column, text } => columns[usize::from(*column)].is_text(row, text),
                Check::True { column } => match &columns[usize::from(*column)].values {
                    Values::Bools(truth) => bits::get(truth, row),
                    _ => false,
                },
            };
            if self.lookup.checks(item).iter().all(holds) {
                self.found.push((self.first + item, row as u32));
            }
        }
    }
}

/// The rows in which a column is to be looked up: it is known there, and the guards let them through.
#[expect(
    clippy::needless_bitwise_bool,
    reason = "a loop without branches is vector code"
)]
fn candidates(slot: &Slot, columns: &[Column<'_>], rows: usize) -> impl Iterator<Item = usize> {
    let mut through = vec![u64::MAX; bits::words(rows)];
    bits::clear_tail(&mut through, rows);
    let mut keep = |bits: &[u64]| {
        for (through, bits) in through.iter_mut().zip(bits) {
            *through &= bits;
        }
    };
    if let Some(known) = columns[usize::from(slot.column)].known {
        keep(known);
    }
    for Guard { column, low, high } in &slot.guards {
        let column = &columns[usize::from(*column)];
        let mut within = Vec::with_capacity(bits::words(rows));
        match &column.values {
            Values::Ints(Arg::Each(values)) => {
                bits::test_each(values, &mut within, |value| {
                    (*low <= value) & (value <= *high)
                });
            }
            Values::Floats(Arg::Each(values)) => {
                let (low, high) = (float_of(*low), float_of(*high));
                bits::test_each(values, &mut within, |value| {
                    (low <= value) & (value <= high)
                });
            }
            // The same for each row: the rows are looked at one by one.
            _ => continue,
        }
        keep(&within);
        if let Some(known) = column.known {
            keep(known);
        }
    }
    (0..).zip(through).flat_map(|(word, bits)| {
        let mut rest = bits;
        core::iter::from_fn(move || {
            let bit = (rest != 0).then(|| rest.trailing_zeros() as usize)?;
            rest &= rest - 1;
            Some(word * 64 + bit)
        })
    })
}

/// What was found for the values of a dictionary, each looked up once, when a row first has it.
struct Memory {
    /// By code: where in `lists` what was found for it stands; `UNSEEN` before it was looked for.
    of_codes: Vec<(u32, u32)>,
    lists: Vec<ListId>,
}

const UNSEEN: (u32, u32) = (u32::MAX, 0);

impl Memory {
    fn new(texts: TextArg<'_>) -> Self {
        let distinct = match texts {
            TextArg::Each(values) => values.distinct(),
            TextArg::One(_) => 1,
        };
        Self {
            of_codes: vec![UNSEEN; distinct],
            lists: Vec::new(),
        }
    }

    /// The lists for a row's text: remembered, or found by `find` and put into `found` where there are no codes.
    #[inline]
    fn lists<'m>(
        &'m mut self,
        texts: TextArg<'_>,
        row: usize,
        found: &'m mut Vec<ListId>,
        find: impl Fn(&str, &mut Vec<ListId>),
    ) -> &'m [ListId] {
        let code = match texts {
            TextArg::One(_) => Some(0),
            TextArg::Each(values) => values.codes().map(|codes| usize::from(codes[row])),
        };
        let Some(code) = code else {
            found.clear();
            find(texts.get(row), found);
            return found;
        };
        if self.of_codes[code] == UNSEEN {
            let start = self.lists.len() as u32;
            find(texts.get(row), &mut self.lists);
            self.of_codes[code] = (start, self.lists.len() as u32);
        }
        let (start, end) = self.of_codes[code];
        &self.lists[start as usize..end as usize]
    }
}

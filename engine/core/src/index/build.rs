//! Making the index of a type's conditions.

use std::collections::HashMap;
use std::sync::Arc;

use trapjaw_event::FieldType;
use trapjaw_program::{Code, Kind, Operand, Output};

use super::conjunct::{Literal, Test, faulty, is_load, kind};
use super::keys::Numbers;
use super::lists::Lists;
use super::plan::{Planned, plan};
use super::sample::Shares;
use super::texts::Words;
use super::{Check, Conditions, Guard, Item, Keys, Layer, Lookup, NO_REST, Read, Slot, Where};

/// The outputs of the base.
pub(super) struct Base<'c> {
    pub(super) code: &'c Code,
    outputs: Vec<Output>,
}

/// Columns are numbered by `u16`; conditions that need more stay in the program.
const MAX_COLUMNS: usize = u16::MAX as usize;

impl<'c> Base<'c> {
    /// That computes nothing yet.
    pub(super) fn new(code: &'c Code) -> Self {
        Self {
            code,
            outputs: Vec::new(),
        }
    }

    /// Adds the conditions that have no other place.
    pub(super) fn compute(&mut self, places: &mut [Where]) {
        for (place, output) in places.iter_mut().zip(&self.code.outputs) {
            if let Where::Base(place) = place {
                *place = self.push(output.operand, Kind::Bool);
            }
        }
    }

    /// Adds what is to be computed for all rows, and tells which output it is.
    pub(super) fn push(&mut self, operand: Operand, kind: Kind) -> u32 {
        let ty = match kind {
            Kind::Bool => FieldType::Bool,
            Kind::Int => FieldType::Int,
            Kind::Float => FieldType::Float,
            Kind::Text => FieldType::Text,
            Kind::Ip => FieldType::Ip,
        };
        self.outputs.push(Output { operand, ty });
        self.outputs.len() as u32 - 1
    }

    /// Its code.
    pub(super) fn finish(self) -> Code {
        self.code.part(&self.outputs)
    }
}

/// What a layer reads as columns, each once.
#[derive(Default)]
struct Columns {
    all: Vec<Option<Read>>,
    known: HashMap<Operand, u16>,
}

impl Columns {
    fn of(&mut self, base: &mut Base<'_>, operand: Operand) -> u16 {
        if let Some(&column) = self.known.get(&operand) {
            return column;
        }
        let kind = kind(base.code, operand);
        let output = base.push(operand, kind);
        let column = self.all.len() as u16;
        self.all.push(Some(Read {
            operand,
            output,
            kind,
        }));
        self.known.insert(operand, column);
        column
    }
}

/// The values of a column that are looked up, each with its condition.
#[derive(Default)]
struct Values {
    numbers: Vec<(i64, i64, u32)>,
    ips: Vec<(u128, u128, u32)>,
    texts: Vec<(Box<str>, u32)>,
    literals: Vec<(Literal, u32)>,
}

impl Values {
    fn add(&mut self, test: &Test, item: u32) {
        match test {
            Test::Range { low, high, .. } => self.numbers.push((*low, *high, item)),
            Test::OneOf { keys, .. } => {
                self.numbers
                    .extend(keys.iter().map(|&key| (key, key, item)));
            }
            Test::Ip { ranges, .. } => {
                self.ips
                    .extend(ranges.iter().map(|&(low, high)| (low, high, item)));
            }
            Test::Text { texts, .. } => {
                self.texts
                    .extend(texts.iter().map(|text| (text.clone(), item)));
            }
            Test::Contains { literals, .. } => {
                self.literals
                    .extend(literals.iter().map(|literal| (literal.clone(), item)));
            }
            Test::Other => {}
        }
    }

    fn keys(self, kind: Kind, lists: &mut Lists) -> Option<Keys> {
        Some(match kind {
            Kind::Text => Keys::Words(Words::new(self.texts, self.literals, lists)?),
            Kind::Ip => Keys::Ips(Numbers::new(self.ips, lists)),
            _ => Keys::Numbers(Numbers::new(self.numbers, lists)),
        })
    }
}

impl Conditions {
    /// Of a type's program; `None` where too few of its conditions have a witness.
    pub(super) fn new(code: &Code, (from, shares): (usize, Option<&Shares<'_>>)) -> Option<Self> {
        if code.outputs.len() < from {
            return None;
        }
        let planned = plan(code, 0..code.outputs.len() as u32, (from, shares));
        if planned.is_empty() {
            return None;
        }
        let mut places = vec![Where::Base(0); code.outputs.len()];
        let mut base = Base::new(code);
        place(&mut places, &planned, 0);
        base.compute(&mut places);
        let layer = Layer::new(&mut base, &planned)?;
        Some(Self {
            base: base.finish(),
            places,
            layers: vec![layer],
            is_measured: shares.is_some(),
        })
    }
}

/// Says where conditions with a witness are found, as items from `first` on.
pub(super) fn place(places: &mut [Where], planned: &[Planned], first: u32) {
    for (planned, item) in planned.iter().zip(first..) {
        places[planned.condition as usize] = Where::Item(item);
    }
}

impl Layer {
    /// Of conditions with their witnesses. `None` where they need too many columns, or literals that are too large to be
    /// looked for at once.
    pub(super) fn new(base: &mut Base<'_>, planned: &[Planned]) -> Option<Self> {
        let mut columns = Columns::default();
        let (mut slots, lists, found) = slots(base, &mut columns, planned)?;
        let mut remainders = Remainders {
            faulty: faulty(base.code),
            columns,
            items: Vec::with_capacity(planned.len()),
            checks: Vec::new(),
            rests: Vec::new(),
        };
        for planned in planned {
            remainders.add(base, planned);
        }
        let Remainders {
            columns,
            items,
            checks,
            rests,
            ..
        } = remainders;
        if columns.all.len() >= MAX_COLUMNS {
            return None;
        }
        let mut witnesses = vec![0; items.len()];
        for (slot, found) in slots.iter_mut().zip(&found) {
            slot.guards = slot_guards(slot, found, &items, &checks);
            for &item in found {
                witnesses[item as usize] = slot.column;
            }
        }
        let guards = (0..lists.len() as u32).map(|list| guard(lists.items(list), &items, &checks));
        let guards = guards.collect();
        Some(Self {
            columns: columns.all,
            is_live: vec![true; items.len()],
            lookup: Arc::new(Lookup {
                slots,
                lists,
                guards,
                items,
                witnesses,
                checks,
                rests,
            }),
        })
    }
}

/// The columns that are looked up, and the conditions that are found by each. `None` where the literals of one of them are
/// too large to be looked for at once.
fn slots(
    base: &mut Base<'_>,
    columns: &mut Columns,
    planned: &[Planned],
) -> Option<(Vec<Slot>, Lists, Vec<Vec<u32>>)> {
    let mut order: Vec<Operand> = Vec::new();
    let mut values: HashMap<Operand, (Values, Vec<u32>)> = HashMap::new();
    for (planned, item) in planned.iter().zip(0..) {
        let test = &planned.conjuncts[planned.witness].test;
        let Some(of) = test.operand() else { continue };
        let (values, found) = values.entry(of).or_insert_with(|| {
            order.push(of);
            Default::default()
        });
        values.add(test, item);
        found.push(item);
    }
    let mut lists = Lists::default();
    let mut slots = Vec::with_capacity(order.len());
    let mut found = Vec::with_capacity(order.len());
    for of in order {
        let column = columns.of(base, of);
        let (values, of_column) = values.remove(&of).unwrap_or_default();
        let keys = values.keys(kind(base.code, of), &mut lists)?;
        slots.push(Slot {
            column,
            keys,
            guards: Vec::new(),
        });
        found.push(of_column);
    }
    Some((slots, lists, found))
}

/// What is left of conditions beside their witnesses.
struct Remainders {
    /// By register of the type's program.
    faulty: Vec<bool>,
    columns: Columns,
    items: Vec<Item>,
    checks: Vec<Check>,
    rests: Vec<Code>,
}

impl Remainders {
    fn add(&mut self, base: &mut Base<'_>, planned: &Planned) {
        let start = self.checks.len() as u32;
        let mut rest = Vec::new();
        for (conjunct, index) in planned.conjuncts.iter().zip(0..) {
            let test = &conjunct.test;
            let is_exact = !matches!(
                test,
                Test::Contains {
                    is_exact: false,
                    ..
                }
            );
            if index == planned.witness && is_exact {
                continue;
            }
            // What is a column of the base already, or has to be computed for all rows, is read there.
            let of = test.operand().filter(|&of| {
                is_load(base.code, of)
                    || self.faulty[of.index()]
                    || self.columns.known.contains_key(&of)
            });
            match (test, of) {
                (Test::Range { low, high, .. }, Some(of)) => self.checks.push(Check::Within {
                    column: self.columns.of(base, of),
                    low: *low,
                    high: *high,
                }),
                (Test::Text { texts, .. }, Some(of)) if texts.len() == 1 => {
                    self.checks.push(Check::Text {
                        column: self.columns.of(base, of),
                        text: texts[0].clone(),
                    });
                }
                _ => {
                    for &truth in &conjunct.truths {
                        if is_load(base.code, truth) || self.faulty[truth.index()] {
                            let column = self.columns.of(base, truth);
                            self.checks.push(Check::True { column });
                        } else {
                            rest.push(Output {
                                operand: truth,
                                ty: FieldType::Bool,
                            });
                        }
                    }
                }
            }
        }
        let rest = if rest.is_empty() {
            NO_REST
        } else {
            self.rests.push(base.code.part(&rest));
            self.rests.len() as u32 - 1
        };
        self.items.push(Item {
            checks: start..self.checks.len() as u32,
            rest,
        });
    }
}

/// The range of a number outside of which none of some conditions is true.
fn guard(list: &[u32], items: &[Item], checks: &[Check]) -> Option<Guard> {
    let checks_of = |item: u32| {
        let Item { checks: range, .. } = &items[item as usize];
        checks[range.start as usize..range.end as usize].iter()
    };
    let within = |item: u32, wanted: u16| {
        checks_of(item).find_map(|check| match check {
            Check::Within { column, low, high } if *column == wanted => Some((*low, *high)),
            _ => None,
        })
    };
    let columns = checks_of(*list.first()?).filter_map(|check| match check {
        Check::Within { column, .. } => Some(*column),
        _ => None,
    });
    let guards = columns.filter_map(|column| {
        let mut ranges = list.iter().map(|&item| within(item, column));
        let first = ranges.next()??;
        let hull = ranges.try_fold(first, |hull, range| {
            let range = range?;
            Some((hull.0.min(range.0), hull.1.max(range.1)))
        });
        let (low, high) = hull?;
        Some(Guard { column, low, high })
    });
    guards.into_iter().find(|guard| !guard.is_idle())
}

/// What lies outside of the values that a column is looked up for, and outside of what the conditions that are found by it
/// ask for besides.
fn slot_guards(slot: &Slot, found: &[u32], items: &[Item], checks: &[Check]) -> Vec<Guard> {
    let own = match &slot.keys {
        Keys::Numbers(numbers) => numbers.hull(),
        Keys::Ips(_) | Keys::Words(_) => None,
    };
    let own = own.map(|(low, high)| Guard {
        column: slot.column,
        low,
        high,
    });
    let guards = own.into_iter().chain(guard(found, items, checks));
    guards.filter(|guard| !guard.is_idle()).collect()
}

//! Making the index of a type.

use std::collections::HashMap;

use trapjaw_event::FieldType;
use trapjaw_program::{Code, Kind, Operand, Output, RuleSet};

use super::conjunct::{Literal, Test, faulty, is_load, kind};
use super::keys::Numbers;
use super::lists::Lists;
use super::plan::{Planned, plan};
use super::readers::Readers;
use super::texts::Words;
use super::{Check, Guard, Item, Keys, NO_REST, Slot, TypeIndex, Where};

/// The outputs of the base, and which of them are read as columns.
struct Base<'c> {
    code: &'c Code,
    outputs: Vec<Output>,
    columns: Vec<(u32, Kind)>,
    known: HashMap<Operand, u16>,
}

/// Columns are numbered by `u16`; conditions that need more stay in the program.
const MAX_COLUMNS: usize = u16::MAX as usize;

impl Base<'_> {
    fn push(&mut self, operand: Operand, kind: Kind) -> u32 {
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

    fn column(&mut self, operand: Operand) -> u16 {
        if let Some(&column) = self.known.get(&operand) {
            return column;
        }
        let kind = kind(self.code, operand);
        let output = self.push(operand, kind);
        let column = self.columns.len() as u16;
        self.columns.push((output, kind));
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

impl TypeIndex {
    /// The index of a type; `None` where too few of its conditions have a witness.
    pub(super) fn new(rules: &RuleSet, ty: usize, from: usize) -> Option<Self> {
        let code = &rules.types[ty].code;
        if code.outputs.len() < from {
            return None;
        }
        let planned = plan(code, from);
        if planned.is_empty() {
            return None;
        }
        let mut places = vec![Where::Base(0); code.outputs.len()];
        for (planned, item) in planned.iter().zip(0..) {
            places[planned.condition as usize] = Where::Item(item);
        }
        let mut base = Base {
            code,
            outputs: Vec::new(),
            columns: Vec::new(),
            known: HashMap::new(),
        };
        for (place, output) in places.iter_mut().zip(&code.outputs) {
            if let Where::Base(place) = place {
                *place = base.push(output.operand, Kind::Bool);
            }
        }
        let (mut slots, lists, found) = slots(&mut base, &planned)?;
        let mut remainders = Remainders {
            faulty: faulty(code),
            items: Vec::with_capacity(planned.len()),
            checks: Vec::new(),
            rests: Vec::new(),
        };
        for planned in &planned {
            remainders.add(&mut base, planned);
        }
        if base.columns.len() >= MAX_COLUMNS {
            return None;
        }
        let Remainders {
            items,
            checks,
            rests,
            ..
        } = remainders;
        for (slot, found) in slots.iter_mut().zip(&found) {
            slot.guards = slot_guards(slot, found, &items, &checks);
        }
        let guards = (0..lists.len() as u32).map(|list| guard(lists.items(list), &items, &checks));
        Some(Self {
            guards: guards.collect(),
            base: code.part(&base.outputs),
            columns: base.columns,
            readers: Readers::new(rules, ty, &places, items.len()),
            places,
            slots,
            lists,
            items,
            checks,
            rests,
        })
    }
}

/// The columns that are looked up, and the conditions that are found by each. `None` where the literals of one of them are too large to be looked for at once.
fn slots(base: &mut Base<'_>, planned: &[Planned]) -> Option<(Vec<Slot>, Lists, Vec<Vec<u32>>)> {
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
        let column = base.column(of);
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
                is_load(base.code, of) || self.faulty[of.index()] || base.known.contains_key(&of)
            });
            match (test, of) {
                (Test::Range { low, high, .. }, Some(of)) => self.checks.push(Check::Within {
                    column: base.column(of),
                    low: *low,
                    high: *high,
                }),
                (Test::Text { texts, .. }, Some(of)) if texts.len() == 1 => {
                    self.checks.push(Check::Text {
                        column: base.column(of),
                        text: texts[0].clone(),
                    });
                }
                _ => {
                    for &truth in &conjunct.truths {
                        if is_load(base.code, truth) || self.faulty[truth.index()] {
                            let column = base.column(truth);
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

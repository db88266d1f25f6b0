//! Expressions as text, by their type.

use trapjaw_program::function::Type;

use super::call;
use super::random::Random;
use super::schema::{Schema, Ty};

/// What expressions of a rule can name.
pub(super) struct Names<'s> {
    pub(super) schema: &'s Schema,
    pub(super) alias: &'static str,
    /// The fields that all of the rule's types have, and the envelope's.
    pub(super) fields: Vec<(&'static str, Ty)>,
}

/// Where an expression stands decides what it can hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// `where` and `by`, arguments and filters of aggregates: fields alone.
    Row,
    /// Arguments of float sums: additions of the field's values and such that leave sums exact.
    Summed,
    /// `having`, `emit` and `do` of a window: aggregates too.
    Window,
}

impl Names<'_> {
    /// An expression of that type. `depth` bounds how far it nests.
    pub(super) fn expr(&self, random: &mut Random, ty: Ty, place: Place, depth: usize) -> String {
        if place == Place::Window
            && random.chance(45)
            && let Some(aggregate) = self.aggregate(random, ty)
        {
            return aggregate;
        }
        let operation = match depth.checked_sub(1) {
            Some(depth) if random.chance(55) => self.operation(random, ty, place, depth),
            _ => None,
        };
        operation.unwrap_or_else(|| self.leaf(random, ty))
    }

    /// A field, or an operation whose first operand is one: what is constant folds away.
    pub(super) fn variable(
        &self,
        random: &mut Random,
        ty: Ty,
        place: Place,
        depth: usize,
    ) -> Option<String> {
        if random.chance(12)
            && let Some(found) = self.lookup(random, ty)
        {
            return Some(found);
        }
        let operation = match depth.checked_sub(1) {
            Some(depth) if random.chance(40) => self.operation(random, ty, place, depth),
            _ => None,
        };
        operation.or_else(|| self.field(random, ty))
    }

    /// `table[key].field`, of a table that has a field of that type.
    fn lookup(&self, random: &mut Random, ty: Ty) -> Option<String> {
        let tables = self.schema.tables.iter();
        let found: Vec<_> = tables
            .flat_map(|table| table.fields.iter().map(move |field| (table, field)))
            .filter(|(_, (_, of))| *of == ty)
            .collect();
        if found.is_empty() {
            return None;
        }
        let (table, (field, _)) = random.pick(&found);
        let key = match self.field(random, table.key) {
            Some(key) if random.chance(90) => key,
            _ => self.schema.literal(random, table.key),
        };
        Some(format!("{}[{key}].{field}", table.name))
    }

    /// An operation on a [`variable`](Self::variable) whose result is of that type, if there is a field for it.
    fn operation(&self, random: &mut Random, ty: Ty, place: Place, depth: usize) -> Option<String> {
        let left = |random: &mut Random, ty| self.variable(random, ty, place, depth);
        let right = |random: &mut Random, ty| self.expr(random, ty, place, depth);
        let operator = random.pick(&["+", "-", "*"]);
        // Sums of floats have to stay exact.
        let exact = ty == Ty::Float && place == Place::Summed;
        if !exact
            && random.chance(25)
            && let Some(call) = self.call(random, ty, place, depth)
        {
            return Some(call);
        }
        if !exact && random.chance(12) {
            let condition = self.condition(random, place, depth.min(1));
            // A choice between two bare variants would have no type.
            let a = left(random, ty)?;
            let b = if ty.variants().is_empty() {
                right(random, ty)
            } else {
                self.schema.literal(random, ty)
            };
            return Some(format!("(if {condition} then {a} else {b})"));
        }
        // Variants have no type of their own, and stand beside what has one.
        if random.chance(20) || !ty.variants().is_empty() || ty == Ty::Ip {
            let default = if ty.variants().is_empty() {
                right(random, ty)
            } else {
                self.schema.literal(random, ty)
            };
            return Some(format!("({} ?? {default})", left(random, ty)?));
        }
        Some(match ty {
            Ty::Bool => self.condition(random, place, depth),
            Ty::Int if random.chance(15) => format!("(-{})", left(random, ty)?),
            Ty::Int => format!("({} {operator} {})", left(random, ty)?, right(random, ty)),
            Ty::Float if place == Place::Summed => {
                let factor = random.pick(&["0.5", "2.0", "(-1.0)"]);
                format!("({} * {factor})", left(random, ty)?)
            }
            Ty::Float if random.chance(35) => {
                let (ty, constant) =
                    random.pick(&[(Ty::Float, "0.5"), (Ty::Int, "4"), (Ty::Duration, "2s")]);
                // A divisor that is always zero is refused.
                let divisor = match self.variable(random, ty, place, depth) {
                    Some(divisor) if random.chance(60) => divisor,
                    _ => constant.into(),
                };
                format!("({} / {divisor})", left(random, ty)?)
            }
            Ty::Float => {
                // An int beside a float becomes one.
                let other = if random.chance(20) { Ty::Int } else { ty };
                format!(
                    "({} {operator} {})",
                    left(random, ty)?,
                    right(random, other)
                )
            }
            Ty::Time => {
                let operator = random.pick(&["+", "-"]);
                format!(
                    "({} {operator} {})",
                    left(random, ty)?,
                    right(random, Ty::Duration)
                )
            }
            Ty::Duration => match random.below(6) {
                4 => {
                    let factor = right(random, Ty::Float);
                    format!("({} * {factor})", left(random, ty)?)
                }
                5 => {
                    let (ty, constant) = random.pick(&[(Ty::Float, "0.3"), (Ty::Int, "7")]);
                    let divisor = match self.variable(random, ty, place, depth) {
                        Some(divisor) if random.chance(60) => divisor,
                        _ => constant.into(),
                    };
                    format!("({} / {divisor})", left(random, Ty::Duration)?)
                }
                0 => format!(
                    "({} - {})",
                    left(random, Ty::Time)?,
                    right(random, Ty::Time)
                ),
                1 => format!("({} * {})", left(random, ty)?, right(random, Ty::Int)),
                2 => format!("(-{})", left(random, ty)?),
                _ => {
                    let operator = random.pick(&["+", "-"]);
                    format!("({} {operator} {})", left(random, ty)?, right(random, ty))
                }
            },
            Ty::Text | Ty::Ip | Ty::Level | Ty::Phase | Ty::Severity => {
                self.interpolation(random, place)
            }
        })
    }

    /// A condition; its comparisons come out either way.
    pub(super) fn condition(&self, random: &mut Random, place: Place, depth: usize) -> String {
        if depth > 0 && random.chance(35) {
            let operand = |random: &mut Random| self.condition(random, place, depth - 1);
            return match random.below(5) {
                0 | 1 => format!("({} and {})", operand(random), operand(random)),
                2 | 3 => format!("({} or {})", operand(random), operand(random)),
                _ => format!("(not {})", operand(random)),
            };
        }
        let ty = random.weighted(&[
            (6, Ty::Int),
            (5, Ty::Float),
            (3, Ty::Text),
            (2, Ty::Bool),
            (1, Ty::Time),
            (2, Ty::Duration),
            (1, Ty::Ip),
            (2, Ty::Level),
            (1, Ty::Phase),
            (1, Ty::Severity),
        ]);
        let aggregate = if place == Place::Window && random.chance(50) {
            self.aggregate(random, ty)
        } else {
            None
        };
        let tested = aggregate.or_else(|| self.variable(random, ty, place, depth));
        let Some(tested) = tested else {
            return self.condition_of_last_resort(random);
        };
        let tables = self.schema.tables.iter().filter(|table| table.key == ty);
        let tables: Vec<&str> = tables.map(|table| &*table.name).collect();
        if !tables.is_empty() && random.chance(25) {
            let is = random.pick(&["in", "not in"]);
            return format!("({tested} {is} {})", random.pick(&tables));
        }
        let literal = |random: &mut Random| self.schema.literal(random, ty);
        match random.below(10) {
            0 => format!("({tested} is null)"),
            1 => format!("({tested} is not null)"),
            2 if ty == Ty::Ip => {
                let networks = [
                    "10.0.0.0/31",
                    "10.0.0.0/8",
                    "ip\"2001:db8::/32\"",
                    "192.168.1.7",
                ];
                let members: Vec<&str> = (0..random.between(1, 3))
                    .map(|_| random.pick(&networks))
                    .collect();
                format!("({tested} in [{}])", members.join(", "))
            }
            4 if !matches!(ty, Ty::Bool) && ty.variants().is_empty() => {
                let not = random.pick(&["", "", "not "]);
                let (low, high) = (literal(random), literal(random));
                format!("({tested} {not}between {low} and {high})")
            }
            2 | 3 => {
                let members: Vec<String> =
                    (0..random.between(1, 4)).map(|_| literal(random)).collect();
                format!("({tested} in [{}])", members.join(", "))
            }
            _ => self.comparison(random, &tested, ty, place, depth),
        }
    }

    fn comparison(
        &self,
        random: &mut Random,
        tested: &str,
        ty: Ty,
        place: Place,
        depth: usize,
    ) -> String {
        let other = |random: &mut Random| {
            let other = if ty == Ty::Float && random.chance(15) {
                Ty::Int
            } else {
                ty
            };
            // Bare variants on the right alone: they have no type of their own.
            if random.chance(75) || depth == 0 {
                self.schema.literal(random, other)
            } else {
                self.expr(random, other, place, depth - 1)
            }
        };
        match ty {
            Ty::Bool if random.chance(60) => format!("({tested} ?? {})", random.chance(50)),
            Ty::Bool | Ty::Ip => {
                let operator = random.pick(&["==", "!="]);
                format!("({tested} {operator} {})", other(random))
            }
            Ty::Text if random.chance(25) => call::matching(random, tested),
            Ty::Text if random.chance(50) => {
                let test = random.pick(&[
                    "contains",
                    "starts_with",
                    "ends_with",
                    "icontains",
                    "istarts_with",
                    "iends_with",
                ]);
                format!("({tested} {test} {})", other(random))
            }
            _ => {
                let operator = random.pick(&["==", "!=", "<", "<=", ">", ">=", ">", ">="]);
                format!("({tested} {operator} {})", other(random))
            }
        }
    }

    /// What can be asked of any event.
    fn condition_of_last_resort(&self, random: &mut Random) -> String {
        let alias = self.alias;
        match random.below(3) {
            0 => format!("({alias}.source == \"s1\")"),
            1 => format!("({alias}.severity is null)"),
            _ => format!(
                "({alias}.time >= {})",
                self.schema.literal(random, Ty::Time)
            ),
        }
    }

    /// A field of that type, if there is one.
    pub(super) fn field(&self, random: &mut Random, ty: Ty) -> Option<String> {
        let fields: Vec<&str> = self
            .fields
            .iter()
            .filter(|field| field.1 == ty)
            .map(|field| field.0)
            .collect();
        if fields.is_empty() {
            return None;
        }
        let name = random.pick(&fields);
        Some(if random.chance(15) {
            name.into()
        } else {
            format!("{}.{name}", self.alias)
        })
    }

    /// A field, a constant or a literal; of an enum a field where there is one.
    fn leaf(&self, random: &mut Random, ty: Ty) -> String {
        let constants: Vec<&str> = self
            .schema
            .constants
            .iter()
            .filter(|(_, of, _)| *of == ty)
            .map(|(name, ..)| &**name)
            .collect();
        match self.field(random, ty) {
            Some(field) if random.chance(65) || !ty.variants().is_empty() => field,
            _ if !constants.is_empty() && random.chance(40) => random.pick(&constants).into(),
            _ => self.schema.literal(random, ty),
        }
    }

    /// An aggregate of that type, where there is one.
    fn aggregate(&self, random: &mut Random, ty: Ty) -> Option<String> {
        let any = |random: &mut Random| random.pick(&Ty::ALL);
        let chosen = random.pick(&["first", "last"]);
        let (function, argument) = match ty {
            Ty::Int => match random.below(8) {
                0 | 1 => ("count", None),
                2 => (
                    "count",
                    Some(random.pick(&[Ty::Int, Ty::Float, Ty::Duration])),
                ),
                3 => ("sum", Some(ty)),
                4 | 5 => ("distinct", Some(any(random))),
                _ => (random.pick(&["min", "max", chosen]), Some(ty)),
            },
            Ty::Float => match random.below(8) {
                0 => ("avg", Some(Ty::Int)),
                1 => ("avg", Some(ty)),
                2 => ("sum", Some(ty)),
                3 => ("rate", None),
                4 => ("rate", Some(random.pick(&[Ty::Int, ty]))),
                5 => ("quantile", Some(random.pick(&[Ty::Int, ty]))),
                _ => (random.pick(&["min", "max", chosen]), Some(ty)),
            },
            Ty::Duration => (
                random.pick(&["sum", "avg", "min", "max", "quantile", chosen]),
                Some(ty),
            ),
            Ty::Time | Ty::Level | Ty::Phase => (random.pick(&["min", "max", chosen]), Some(ty)),
            Ty::Bool | Ty::Text | Ty::Ip | Ty::Severity => (chosen, Some(ty)),
        };
        let argument = match argument {
            None => String::new(),
            // A field, so that a bare variant or a constant is never all there is.
            Some(ty) => match self.field(random, ty)? {
                field if random.chance(80) => field,
                field if ty == Ty::Float => format!("({field} * 0.5)"),
                field if ty == Ty::Int => {
                    format!("({field} + {})", self.expr(random, ty, Place::Summed, 1))
                }
                field => field,
            },
        };
        let argument = match function {
            "quantile" => format!(
                "{argument}, {}",
                random.pick(&["0", "0.25", "50%", "0.9", "1"])
            ),
            _ => argument,
        };
        let filter = if random.chance(25) {
            format!("where {}", self.condition(random, Place::Row, 1))
        } else {
            String::new()
        };
        let space = if argument.is_empty() || filter.is_empty() {
            ""
        } else {
            " "
        };
        Some(format!("{function}({argument}{space}{filter})"))
    }

    /// `"load {c.load:.2} on {c.host}"`.
    pub(super) fn interpolation(&self, random: &mut Random, place: Place) -> String {
        let mut text = String::from("\"");
        for _ in 0..random.between(1, 3) {
            text += random.pick(&["", "x ", " é ", "= "]);
            let ty = random.pick(&Ty::ALL);
            let value = match self.aggregate(random, ty) {
                Some(aggregate) if place == Place::Window && random.chance(50) => Some(aggregate),
                _ => self.field(random, ty),
            };
            // A literal text inside would need its own quotes.
            if let Some(value) = value.filter(|value| !value.contains('"')) {
                let format = match ty {
                    Ty::Float => random.pick(&["", ":.2", ":.0", ":.1%"]).to_owned(),
                    Ty::Time if random.chance(50) => {
                        let zone = random.pick(&["", " in Asia/Kolkata"]);
                        format!(":{}{zone}", call::layout(random, Type::Time))
                    }
                    Ty::Duration if random.chance(50) => {
                        format!(":{}", call::layout(random, Type::Duration))
                    }
                    _ => String::new(),
                };
                text.extend(["{", &value, &format, "}"]);
            }
        }
        if !text.contains('{') {
            text.extend(["{", self.alias, ".source}"]);
        }
        text + "\""
    }
}

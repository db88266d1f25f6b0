//! Conditions taken apart: what all has to be true, and which values of what decide it.

use trapjaw_event::Ip;
use trapjaw_program::{Code, Const, Inst, Kind, Opcode, Operand};

/// Something that has to be true for a condition to be true.
#[derive(Clone, Debug)]
pub(super) struct Conjunct {
    /// The registers that say whether it is: all have to be true.
    pub(super) truths: Vec<Operand>,
    /// What it tests.
    pub(super) test: Test,
}

/// A test of one operand against constants. It is true exactly where the operand is known and is one of what the test names,
/// but for [`Test::Contains`] that is not exact.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Test {
    /// An int or float whose [key](float_key) lies within; both ends belong to it.
    Range { of: Operand, low: i64, high: i64 },
    /// An int or float with one of these keys, which rise.
    OneOf { of: Operand, keys: Vec<i64> },
    /// One of these texts.
    Text { of: Operand, texts: Vec<Box<str>> },
    /// An address in one of these ranges, which are apart; both ends belong to them.
    Ip {
        of: Operand,
        ranges: Vec<(u128, u128)>,
    },
    /// A text in which one of these stands. If it is not exact, such a text need not satisfy the test.
    Contains {
        of: Operand,
        literals: Vec<Literal>,
        is_exact: bool,
    },
    /// Something else.
    Other,
}

/// Bytes that stand in a text, at a place of it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Literal {
    pub(super) bytes: Box<[u8]>,
    pub(super) place: Place,
}

/// Where bytes stand in a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Place {
    Anywhere,
    Start,
    End,
}

impl Literal {
    /// Does a text have it?
    pub(super) fn is_in(&self, text: &str) -> bool {
        let text = text.as_bytes();
        match self.place {
            Place::Anywhere => memchr::memmem::find(text, &self.bytes).is_some(),
            Place::Start => text.starts_with(&self.bytes),
            Place::End => text.ends_with(&self.bytes),
        }
    }
}

impl Test {
    /// What it reads; `None` where it is none of those that read one operand.
    pub(super) fn operand(&self) -> Option<Operand> {
        match self {
            Self::Range { of, .. }
            | Self::OneOf { of, .. }
            | Self::Text { of, .. }
            | Self::Ip { of, .. }
            | Self::Contains { of, .. } => Some(*of),
            Self::Other => None,
        }
    }
}

/// An integer that orders as the float does; `-0.0` is `0.0`. Never asked of NaN.
#[inline]
pub(super) fn float_key(value: f64) -> i64 {
    let bits = (value + 0.0).to_bits() as i64;
    bits ^ (((bits >> 63) as u64) >> 1) as i64
}

/// The float with this key; beyond the infinities, these.
pub(super) fn float_of(key: i64) -> f64 {
    let key = key.clamp(float_key(f64::NEG_INFINITY), float_key(f64::INFINITY));
    f64::from_bits((key ^ (((key >> 63) as u64) >> 1) as i64) as u64)
}

pub(super) fn ip_key(octets: [u8; 16]) -> u128 {
    u128::from_be_bytes(octets)
}

/// What has to be true for a condition to be true, ranges of the same operand put together; `None` of a condition that is a constant.
///
/// A conjunction is true exactly where each of its operands is: what is not known is not true.
pub(super) fn conjuncts(code: &Code, condition: Operand) -> Option<Vec<Conjunct>> {
    let mut found: Vec<Conjunct> = Vec::new();
    let mut open = vec![condition];
    while let Some(truth) = open.pop() {
        if truth.is_constant() {
            match code.constants[truth.index()] {
                Const::Bool(true) => continue,
                _ => return None,
            }
        }
        let inst = code.instructions[truth.index()];
        if inst.op == Opcode::And {
            // The first operand is looked at first.
            open.extend([inst.b, inst.a]);
            continue;
        }
        let test = test(code, inst);
        if let Test::Range { of, low, high } = test
            && let Some((truths, range)) =
                found.iter_mut().find_map(|other| match &mut other.test {
                    Test::Range {
                        of: other_of,
                        low,
                        high,
                    } if *other_of == of => Some((&mut other.truths, (low, high))),
                    _ => None,
                })
        {
            truths.push(truth);
            *range.0 = low.max(*range.0);
            *range.1 = high.min(*range.1);
            continue;
        }
        let truths = vec![truth];
        found.push(Conjunct { truths, test });
    }
    (!found.is_empty()).then_some(found)
}

/// What an instruction that makes a bool tests.
fn test(code: &Code, Inst { op, a, b }: Inst) -> Test {
    use Opcode as O;
    let constant = |operand: Operand| {
        operand
            .is_constant()
            .then(|| &code.constants[operand.index()])
    };
    match op {
        O::EqInt | O::LtInt | O::LeInt | O::GtInt | O::GeInt => match (constant(a), constant(b)) {
            (None, Some(Const::Int(bound))) => range(a, op, *bound),
            (Some(Const::Int(bound)), None) => range(b, mirrored(op), *bound),
            _ => Test::Other,
        },
        O::EqFloat | O::LtFloat | O::LeFloat | O::GtFloat | O::GeFloat => {
            match (constant(a), constant(b)) {
                (None, Some(Const::Float(bound))) => range(a, op, float_key(*bound)),
                (Some(Const::Float(bound)), None) => range(b, mirrored(op), float_key(*bound)),
                _ => Test::Other,
            }
        }
        O::EqText => match (constant(a), constant(b)) {
            (None, Some(Const::Text(text))) => texts(a, core::slice::from_ref(text)),
            (Some(Const::Text(text)), None) => texts(b, core::slice::from_ref(text)),
            _ => Test::Other,
        },
        O::EqIp => match (constant(a), constant(b)) {
            (None, Some(Const::Ip(ip))) => ips(a, [(*ip, *ip)]),
            (Some(Const::Ip(ip)), None) => ips(b, [(*ip, *ip)]),
            _ => Test::Other,
        },
        O::InInt => match constant(b) {
            Some(Const::IntSet(set)) => one_of(a, set.iter().copied()),
            _ => Test::Other,
        },
        O::InFloat => match constant(b) {
            Some(Const::FloatSet(set)) => one_of(a, set.iter().copied().map(float_key)),
            _ => Test::Other,
        },
        O::InText => match constant(b) {
            Some(Const::TextSet(set)) => texts(a, set),
            _ => Test::Other,
        },
        O::InIp => match constant(b) {
            Some(Const::IpSet(set)) => ips(a, set.iter().map(|ip| (*ip, *ip))),
            _ => Test::Other,
        },
        O::InNetworks => match constant(b) {
            Some(Const::Networks(ranges)) => ips(a, ranges.iter().copied()),
            _ => Test::Other,
        },
        O::Contains | O::StartsWith | O::EndsWith => match constant(b) {
            Some(Const::Text(text)) if !a.is_constant() && !text.is_empty() => Test::Contains {
                of: a,
                literals: vec![Literal {
                    bytes: text.as_bytes().into(),
                    place: match op {
                        O::Contains => Place::Anywhere,
                        O::StartsWith => Place::Start,
                        _ => Place::End,
                    },
                }],
                is_exact: true,
            },
            _ => Test::Other,
        },
        O::Matches => match constant(b) {
            Some(Const::Pattern(pattern)) if !a.is_constant() => match pattern.required() {
                Some(literals) => Test::Contains {
                    of: a,
                    literals: literals
                        .into_iter()
                        .map(|bytes| Literal {
                            bytes,
                            place: Place::Anywhere,
                        })
                        .collect(),
                    is_exact: false,
                },
                None => Test::Other,
            },
            _ => Test::Other,
        },
        _ => Test::Other,
    }
}

/// The comparison that says the same with its operands the other way round.
fn mirrored(op: Opcode) -> Opcode {
    use Opcode as O;
    match op {
        O::LtInt => O::GtInt,
        O::LeInt => O::GeInt,
        O::GtInt => O::LtInt,
        O::GeInt => O::LeInt,
        O::LtFloat => O::GtFloat,
        O::LeFloat => O::GeFloat,
        O::GtFloat => O::LtFloat,
        O::GeFloat => O::LeFloat,
        same => same,
    }
}

fn range(of: Operand, op: Opcode, bound: i64) -> Test {
    use Opcode as O;
    let (low, high) = match op {
        O::EqInt | O::EqFloat => (bound, bound),
        // Nothing is below the least: an empty range.
        O::LtInt | O::LtFloat => match bound.checked_sub(1) {
            Some(high) => (i64::MIN, high),
            None => (i64::MAX, i64::MIN),
        },
        O::LeInt | O::LeFloat => (i64::MIN, bound),
        O::GtInt | O::GtFloat => match bound.checked_add(1) {
            Some(low) => (low, i64::MAX),
            None => (i64::MAX, i64::MIN),
        },
        _ => (bound, i64::MAX),
    };
    Test::Range { of, low, high }
}

fn one_of(of: Operand, keys: impl Iterator<Item = i64>) -> Test {
    if of.is_constant() {
        return Test::Other;
    }
    let mut keys: Vec<i64> = keys.collect();
    keys.sort_unstable();
    keys.dedup();
    Test::OneOf { of, keys }
}

fn texts(of: Operand, texts: &[Box<str>]) -> Test {
    if of.is_constant() {
        return Test::Other;
    }
    Test::Text {
        of,
        texts: texts.to_vec(),
    }
}

fn ips(of: Operand, ranges: impl IntoIterator<Item = (Ip, Ip)>) -> Test {
    if of.is_constant() {
        return Test::Other;
    }
    let key = |ip: Ip| ip_key(ip.octets());
    Test::Ip {
        of,
        ranges: (ranges.into_iter())
            .map(|(first, last)| (key(first), key(last)))
            .collect(),
    }
}

/// By register: may something be null in it for want of a result? Such code runs over all rows, so that what is counted does not
/// depend on which rows a condition came to.
pub(super) fn faulty(code: &Code) -> Vec<bool> {
    let mut faulty: Vec<bool> = Vec::with_capacity(code.instructions.len());
    for inst in &code.instructions {
        let may = inst.op.may_fault() || inst.registers(code).any(|register| faulty[register]);
        faulty.push(may);
    }
    faulty
}

/// Is it a register that is a column as it stands?
pub(super) fn is_load(code: &Code, operand: Operand) -> bool {
    !operand.is_constant() && code.instructions[operand.index()].op == Opcode::Load
}

/// The kind of a register.
pub(super) fn kind(code: &Code, register: Operand) -> Kind {
    code.kind(register).unwrap_or(Kind::Bool)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_order_as_floats_do() {
        let floats = [
            f64::NEG_INFINITY,
            -1e300,
            -1.0,
            -1e-310,
            0.0,
            5e-324,
            1.0,
            1e300,
            f64::INFINITY,
        ];
        for pair in floats.windows(2) {
            assert!(float_key(pair[0]) < float_key(pair[1]), "{pair:?}");
        }
        assert_eq!(float_key(-0.0), float_key(0.0));
        for float in floats {
            assert_eq!(float_of(float_key(float)), float);
        }
        assert_eq!(float_of(i64::MAX), f64::INFINITY);
        assert_eq!(float_of(i64::MIN), f64::NEG_INFINITY);
    }

    #[test]
    fn nothing_is_beyond_the_ends() {
        let of = Operand::register(0);
        let empty = |op, bound| match range(of, op, bound) {
            Test::Range { low, high, .. } => low > high,
            _ => false,
        };
        assert!(empty(Opcode::LtInt, i64::MIN));
        assert!(empty(Opcode::GtInt, i64::MAX));
        assert!(!empty(Opcode::GtInt, i64::MAX - 1));
    }
}

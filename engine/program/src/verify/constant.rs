//! Constants: floats in their one form, sets in order, texts of bounded length.

use trapjaw_event::Ip;
use trapjaw_event::limits::{MAX_TEXT, MAX_VARIANTS};

use super::error::{Fault, VerifyError, limited};
use crate::code::Const;
use crate::limits::MAX_SET;

pub(super) fn check(constant: &Const) -> Result<(), VerifyError> {
    match constant {
        Const::Bool(_) | Const::Int(_) | Const::Ip(_) | Const::Table(_) | Const::Column(..) => {
            Ok(())
        }
        Const::Float(value) => float(*value),
        Const::Text(value) => text(value),
        Const::IntSet(values) => sorted(values),
        Const::FloatSet(values) => {
            values.iter().try_for_each(|value| float(*value))?;
            sorted(values)
        }
        Const::TextSet(values) => {
            values.iter().try_for_each(|value| text(value))?;
            sorted(values)
        }
        Const::IpSet(values) => sorted(values),
        Const::Names(names) => variants(names),
        // There are none that are not sound.
        Const::Pattern(_) | Const::Zone(_) => Ok(()),
        Const::Networks(ranges) => networks(ranges),
    }
}

/// An enum has names, and no more than codes can tell apart.
pub(super) fn variants(names: &[Box<str>]) -> Result<(), VerifyError> {
    if names.is_empty() || names.len() > MAX_VARIANTS {
        return Err(VerifyError::new(
            Fault::Enum,
            format!(
                "an enum with {} names, not 1 to {MAX_VARIANTS}",
                names.len()
            ),
        ));
    }
    names.iter().try_for_each(|name| text(name))
}

fn float(value: f64) -> Result<(), VerifyError> {
    if value.is_nan() || (value == 0.0 && value.is_sign_negative()) {
        return Err(VerifyError::new(
            Fault::ConstantFloat,
            format!("{value:?} is no value of a float"),
        ));
    }
    Ok(())
}

fn text(value: &str) -> Result<(), VerifyError> {
    limited("bytes in a text", value.len(), MAX_TEXT)
}

fn networks(ranges: &[(Ip, Ip)]) -> Result<(), VerifyError> {
    limited("values in a set", ranges.len(), MAX_SET)?;
    let backwards = ranges.iter().position(|(first, last)| first > last);
    let overlap = ranges.windows(2).position(|pair| pair[0].1 >= pair[1].0);
    match backwards.or(overlap) {
        None => Ok(()),
        Some(index) => Err(VerifyError::new(
            Fault::ConstantOrder,
            format!("range {index} of addresses is not in order"),
        )),
    }
}

fn sorted<T: PartialOrd>(values: &[T]) -> Result<(), VerifyError> {
    limited("values in a set", values.len(), MAX_SET)?;
    match values.windows(2).position(|pair| pair[0] >= pair[1]) {
        None => Ok(()),
        Some(index) => Err(VerifyError::new(
            Fault::ConstantOrder,
            format!("value {} of a set is not above the one before", index + 1),
        )),
    }
}

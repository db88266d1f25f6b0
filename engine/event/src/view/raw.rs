//! Archived numbers as native ones: the crate's only unsafe code.

use rkyv::rend::{f64_le, i64_le, u16_le, u32_le, u64_le};

#[cfg(not(target_endian = "little"))]
compile_error!("columns are read in place, so the target has to be little-endian as the wire is");

/// A number as archived, which on this target has the bytes of a native one.
///
/// # Safety
///
/// `Native` has the same size, alignment and byte order, and all bit patterns are valid for it.
pub(crate) unsafe trait Archived: Sized {
    /// The native number.
    type Native: Copy;
}

macro_rules! archived {
    ($($archived:ty => $native:ty),* $(,)?) => {
        $(
            const _: () = assert!(size_of::<$archived>() == size_of::<$native>());
            const _: () = assert!(align_of::<$archived>() == align_of::<$native>());
            // SAFETY: size and alignment are asserted above; `rend` keeps the number in little-endian order behind
            // `repr(C)`, which is this target's order; integers and floats take every bit pattern.
            unsafe impl Archived for $archived {
                type Native = $native;
            }
        )*
    };
}

archived! {
    u16_le => u16,
    u32_le => u32,
    u64_le => u64,
    i64_le => i64,
    f64_le => f64,
}

/// The same numbers, natively.
pub(crate) fn native<T: Archived>(archived: &[T]) -> &[T::Native] {
    // SAFETY: `Archived` promises that a native number has the size, alignment and bytes of an archived one, so the
    // slice's memory is a slice of as many native numbers; the lifetime stays the slice's.
    unsafe { core::slice::from_raw_parts(archived.as_ptr().cast::<T::Native>(), archived.len()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_stay_what_they_are() {
        let floats = [1.5, -0.0, f64::INFINITY].map(f64_le::from_native);
        assert_eq!(native(&floats), [1.5, 0.0, f64::INFINITY]);
        assert_eq!(
            native(&[i64::MIN, -2, 3].map(i64_le::from_native)),
            [i64::MIN, -2, 3]
        );
        assert_eq!(native(&[0xabcd, 1].map(u16_le::from_native)), [0xabcd, 1]);
        assert_eq!(
            native(&[0xabcd_ef01].map(u32_le::from_native)),
            [0xabcd_ef01]
        );
        assert_eq!(
            native(&[u64::MAX, 5].map(u64_le::from_native)),
            [u64::MAX, 5]
        );
        assert!(native::<u64_le>(&[]).is_empty());
    }
}

//! Blocks of all sizes and alignments, as a program's containers ask for them.
#![forbid(unsafe_code)]

use trapjaw_heap::Heap;

#[global_allocator]
static HEAP: Heap = Heap;

/// A value with an alignment of its own, and a mark.
trait Marked: Clone + Default + PartialEq + core::fmt::Debug {
    fn marked(mark: u8) -> Self;
}

macro_rules! numbers {
    ($($number:ty)*) => {$(
        impl Marked for $number {
            fn marked(mark: u8) -> Self {
                mark.into()
            }
        }
    )*};
}

macro_rules! aligned {
    ($($name:ident $align:literal)*) => {$(
        #[repr(align($align))]
        #[derive(Clone, Debug, Default, PartialEq)]
        struct $name(u8);

        impl Marked for $name {
            fn marked(mark: u8) -> Self {
                Self(mark)
            }
        }
    )*};
}

numbers! { u8 u16 u32 u64 u128 }
aligned! { Aligned32 32 Aligned64 64 Aligned256 256 Aligned4096 4096 }

fn check<T: Marked>(values: &[T], mark: u8) {
    assert_eq!(values.as_ptr().addr() % align_of::<T>(), 0);
    assert!(values.iter().all(|value| *value == T::marked(mark)));
}

/// Many at a time, so that blocks of all lists are taken, given back, and taken again.
fn churn<T: Marked>(most: usize) {
    let mut held: Vec<(Vec<T>, u8)> = Vec::new();
    for number in 0..3_000_usize {
        let mark = number as u8;
        let length = number * 7 % most + 1;
        let mut values = if number.is_multiple_of(2) {
            vec![T::marked(mark); length]
        } else {
            let mut values = vec![T::default(); length];
            check(&values, 0);
            values.fill(T::marked(mark));
            values
        };
        check(&values, mark);
        // Grown one by one, then shrunk.
        for _ in 0..length % 50 {
            values.push(T::marked(mark));
        }
        check(&values, mark);
        values.truncate(length.div_ceil(3));
        values.shrink_to_fit();
        check(&values, mark);
        held.push((values, mark));
        if number % 3 == 2 {
            let (values, mark) = held.swap_remove(number * 7 % held.len());
            check(&values, mark);
        }
    }
    for (values, mark) in held {
        check(&values, mark);
    }
}

#[test]
fn blocks_are_aligned_and_keep_what_is_in_them() {
    churn::<u8>(3_000);
    churn::<u16>(1_500);
    churn::<u32>(800);
    churn::<u64>(400);
    churn::<u128>(200);
    churn::<Aligned32>(100);
    churn::<Aligned64>(60);
    churn::<Aligned256>(20);
    churn::<Aligned4096>(3);
}

#[test]
fn large_blocks_come_and_go() {
    for size in [1 << 16, (1 << 20) + 3, 9 << 20] {
        let mut values = vec![7_u8; size];
        values.resize(2 * size, 7);
        check(&values, 7);
    }
}

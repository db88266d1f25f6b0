use super::*;
use proptest::prelude::*;
use std::collections::VecDeque;

/// A window of one aggregate beside its values, with the number of combinations of the last operation.
struct Checked<C: Combine> {
    op: Counting<C>,
    chunks: Chunks,
    fifo: Fifo,
    daba: Daba<Counting<C>>,
    values: VecDeque<C::Value>,
}

#[derive(Default)]
struct Counting<C> {
    op: C,
    combines: u32,
}

impl<C: Combine> Combine for Counting<C> {
    type Value = C::Value;
    const IDENTITY: C::Value = C::IDENTITY;

    fn combine(&mut self, older: C::Value, newer: C::Value) -> C::Value {
        self.combines += 1;
        self.op.combine(older, newer)
    }

    fn to_word(value: C::Value) -> u64 {
        C::to_word(value)
    }

    fn from_word(word: u64) -> C::Value {
        C::from_word(word)
    }
}

/// Maps `x -> a x + b` over the integers modulo 2^32, joined by composition: associative, but the order
/// matters.
#[derive(Default)]
struct Affine;

impl Combine for Affine {
    type Value = (u32, u32);
    const IDENTITY: (u32, u32) = (1, 0);

    fn combine(&mut self, older: (u32, u32), newer: (u32, u32)) -> (u32, u32) {
        (
            newer.0.wrapping_mul(older.0),
            newer.0.wrapping_mul(older.1).wrapping_add(newer.1),
        )
    }

    fn to_word((a, b): (u32, u32)) -> u64 {
        u64::from(a) << 32 | u64::from(b)
    }

    fn from_word(word: u64) -> (u32, u32) {
        ((word >> 32) as u32, word as u32)
    }
}

impl<C: Combine + Default> Checked<C> {
    fn new() -> Self {
        Self {
            op: Counting::default(),
            chunks: Chunks::new(2, 1 << 22),
            fifo: Fifo::default(),
            daba: Daba::new(1),
            values: VecDeque::new(),
        }
    }

    fn push(&mut self, value: C::Value) {
        let row = self
            .chunks
            .push(&mut self.fifo)
            .expect("the pool is large enough");
        row.copy_from_slice(&[!0, C::to_word(value)]);
        self.op.combines = 0;
        self.daba
            .pushed(&mut self.op, value, &mut self.chunks, &self.fifo);
        assert!(self.op.combines <= PUSH_COMBINES);
        self.values.push_back(value);
    }

    fn pop(&mut self) {
        if self.values.pop_front().is_some() {
            self.chunks.pop_front(&mut self.fifo);
            self.op.combines = 0;
            self.daba.popped(&mut self.op, &mut self.chunks, &self.fifo);
            assert!(self.op.combines <= EVICT_COMBINES);
        }
    }

    fn clear(&mut self) {
        self.values.clear();
        self.chunks.clear(&mut self.fifo);
        self.daba.cleared();
    }

    /// The aggregate's word and the word that all values combine to, one after the other.
    fn words(&mut self) -> (u64, u64) {
        self.op.combines = 0;
        let value = self.daba.value(&mut self.op, &self.chunks, &self.fifo);
        assert!(self.op.combines <= 1);
        let mut op = C::default();
        let expected = self
            .values
            .iter()
            .fold(C::IDENTITY, |all, &value| op.combine(all, value));
        (C::to_word(value), C::to_word(expected))
    }
}

#[derive(Clone, Debug)]
enum Step<T> {
    Push(T),
    Pop(u8),
    Clear,
}

/// Random windows that grow, shrink, run empty, and stay at one length for a while.
fn steps<T: Clone + std::fmt::Debug>(
    values: impl Strategy<Value = T>,
) -> impl Strategy<Value = Vec<Step<T>>> {
    let step = prop_oneof![
        60 => values.prop_map(Step::Push),
        20 => Just(Step::Pop(1)),
        10 => (2u8..12).prop_map(Step::Pop),
        1 => Just(Step::Clear),
    ];
    prop::collection::vec(step, 1..500)
}

fn check<C: Combine + Default>(steps: Vec<Step<C::Value>>) -> Result<(), TestCaseError> {
    let mut window = Checked::<C>::new();
    for step in steps {
        match step {
            Step::Push(value) => window.push(value),
            Step::Pop(rows) => {
                for _ in 0..rows {
                    window.pop();
                    let (found, expected) = window.words();
                    prop_assert_eq!(found, expected);
                }
            }
            Step::Clear => window.clear(),
        }
        let (found, expected) = window.words();
        prop_assert_eq!(found, expected);
    }
    Ok(())
}

fn floats() -> impl Strategy<Value = f64> {
    prop_oneof![
        Just(f64::NAN),
        Just(f64::INFINITY),
        Just(f64::NEG_INFINITY),
        (0u8..20).prop_map(f64::from),
        any::<i32>().prop_map(f64::from),
    ]
}

fn integers() -> impl Strategy<Value = i64> {
    prop_oneof![Just(i64::MAX), Just(i64::MIN), 0i64..20, any::<i64>()]
}

proptest! {
    #[test]
    fn smallest_float(steps in steps(floats())) {
        check::<MinFloat>(steps)?;
    }

    #[test]
    fn largest_float(steps in steps(floats())) {
        check::<MaxFloat>(steps)?;
    }

    #[test]
    fn smallest_integer(steps in steps(integers())) {
        check::<MinInt>(steps)?;
    }

    #[test]
    fn largest_integer(steps in steps(integers())) {
        check::<MaxInt>(steps)?;
    }

    #[test]
    fn order_is_kept(steps in steps(any::<(u32, u32)>())) {
        check::<Affine>(steps)?;
    }
}

#[test]
fn no_operation_combines_more_than_its_bound() {
    // Long enough for several joins of a back part of thousands of rows; the bounds are asserted at each
    // step.
    let mut window = Checked::<MaxInt>::new();
    let mut most = 0;
    for round in 0..3i64 {
        for value in 0..20_000 {
            window.push(value * 7919 % 10_007);
            most = most.max(window.op.combines);
            if value % 3 < round {
                window.pop();
            }
        }
        let (found, expected) = window.words();
        assert_eq!(found, expected);
    }
    assert_eq!(most, PUSH_COMBINES, "the bound is tight");
    while !window.fifo.is_empty() {
        window.pop();
    }
    assert_eq!(
        window.words(),
        (i64::MIN.cast_unsigned(), i64::MIN.cast_unsigned())
    );
}

#[test]
fn two_aggregates_share_the_rows() {
    let mut chunks = Chunks::new(2, 1 << 20);
    let mut fifo = Fifo::default();
    let (mut min, mut max) = (Daba::<MinFloat>::new(0), Daba::<MaxFloat>::new(1));
    for step in 0..1000u32 {
        let value = f64::from(step * 37 % 101);
        chunks
            .push(&mut fifo)
            .expect("the pool is large enough")
            .fill(value.to_bits());
        min.pushed(&mut MinFloat, value, &mut chunks, &fifo);
        max.pushed(&mut MaxFloat, value, &mut chunks, &fifo);
        if fifo.len() > 101 {
            chunks.pop_front(&mut fifo);
            min.popped(&mut MinFloat, &mut chunks, &fifo);
            max.popped(&mut MaxFloat, &mut chunks, &fifo);
        }
    }
    // 37 and 101 have no common factor: any 101 neighbours are all the values from 0 to 100.
    assert_eq!(min.value(&mut MinFloat, &chunks, &fifo), 0.0);
    assert_eq!(max.value(&mut MaxFloat, &chunks, &fifo), 100.0);
}

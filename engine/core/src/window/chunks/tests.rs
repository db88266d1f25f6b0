use super::*;
use proptest::prelude::*;
use std::collections::VecDeque;

/// Words of a row in these tests: a serial number, and its complement.
const WIDTH: usize = 2;

fn push(chunks: &mut Chunks, fifo: &mut Fifo, number: u64) -> Result<(), Full> {
    chunks.push(fifo)?.copy_from_slice(&[number, !number]);
    Ok(())
}

/// Every unit of the pool is in exactly one place: a window, a free list, or not yet handed out.
fn check_units(chunks: &Chunks, fifos: &[Fifo]) {
    let mut seen = vec![false; chunks.segments.len() << SEGMENT_BITS];
    let mut count = 0;
    let mut visit = |first: u32, last: u32| {
        let mut chunk = first;
        let mut visited = 0;
        while chunk != NONE {
            for unit in 0..units(class_of(chunk)) {
                let unit = (chunk >> CLASS_BITS) as usize + unit;
                assert!(
                    !std::mem::replace(&mut seen[unit], true),
                    "unit {unit} is in two places"
                );
                visited += 1;
            }
            chunk = if chunk == last {
                NONE
            } else {
                chunks.links(chunk).1
            };
        }
        count += visited;
        visited
    };
    let mut used = 0;
    for fifo in fifos {
        let visited = visit(fifo.head, fifo.tail);
        assert_eq!(visited, fifo.units as usize);
        used += visited;
    }
    for first in chunks.free.into_iter().chain([chunks.unsorted]) {
        visit(first, NONE);
    }
    assert_eq!(
        count + chunks.fresh_end - chunks.fresh,
        chunks.reserved_units
    );
    assert_eq!(used, chunks.used_units);
    assert!(chunks.reserved_bytes() <= chunks.limit());
}

#[derive(Clone, Debug)]
enum Step {
    Push(u16),
    Pop(u16),
    Clear,
}

fn steps() -> impl Strategy<Value = Vec<(usize, Step)>> {
    let step = prop_oneof![
        6 => prop_oneof![1u16..5, 1u16..700].prop_map(Step::Push),
        4 => prop_oneof![1u16..5, 1u16..700].prop_map(Step::Pop),
        1 => Just(Step::Clear),
    ];
    prop::collection::vec((0usize..4, step), 1..60)
}

proptest! {
    #[test]
    fn windows_hold_their_rows_in_order(steps in steps(), limit in prop_oneof![Just(20_000), Just(1 << 20)]) {
        let mut chunks = Chunks::new(WIDTH, limit);
        let mut fifos = [Fifo::default(); 4];
        let mut models: [VecDeque<u64>; 4] = Default::default();
        let mut number = 0;
        for (key, step) in steps {
            let (fifo, model) = (&mut fifos[key], &mut models[key]);
            match step {
                Step::Push(rows) => for _ in 0..rows {
                    number += 1;
                    if push(&mut chunks, fifo, number).is_ok() {
                        model.push_back(number);
                    } else {
                        // Refused only when nothing is free and not one more unit fits.
                        prop_assert!(chunks.free == [NONE; CLASSES] && chunks.unsorted == NONE);
                        prop_assert!(chunks.reserved_bytes() + chunks.unit_bytes() > limit);
                    }
                },
                Step::Pop(rows) => for _ in 0..rows {
                    chunks.pop_front(fifo);
                    model.pop_front();
                },
                Step::Clear => {
                    chunks.clear(fifo);
                    model.clear();
                }
            }
            check_units(&chunks, &fifos);
            for (fifo, model) in fifos.iter().zip(&models) {
                prop_assert_eq!(fifo.len() as usize, model.len());
                prop_assert_eq!(fifo.is_empty(), model.is_empty());
                prop_assert_eq!(chunks.front(fifo).map(|row| row[0]), model.front().copied());
                prop_assert_eq!(chunks.back(fifo).map(|row| row[0]), model.back().copied());
                prop_assert!(chunks.rows(fifo).map(|row| row[0]).eq(model.iter().copied()));
                prop_assert!(chunks.rows(fifo).all(|row| row[1] == !row[0]));
                let mut cursor = fifo.end();
                for &expected in model.iter().rev() {
                    cursor = chunks.backward(cursor);
                    prop_assert_eq!(chunks.row(cursor)[0], expected);
                }
                prop_assert_eq!(cursor, fifo.front());
            }
        }
    }
}

#[test]
fn rows_keep_their_place() -> Result<(), Full> {
    let mut chunks = Chunks::new(WIDTH, 1 << 24);
    let mut fifo = Fifo::default();
    let mut places = Vec::new();
    for number in 0..100_000 {
        push(&mut chunks, &mut fifo, number)?;
        places.push(chunks.backward(fifo.end()));
    }
    let mut cursor = fifo.front();
    for (number, &place) in places.iter().enumerate() {
        assert_eq!(cursor, place);
        assert_eq!(chunks.row(place), [number as u64, !(number as u64)]);
        cursor = chunks.forward(cursor);
    }
    assert_eq!(cursor, fifo.end());
    Ok(())
}

#[test]
fn a_long_window_spends_little_beyond_its_rows() -> Result<(), Full> {
    let mut chunks = Chunks::new(WIDTH, 1 << 24);
    let mut fifo = Fifo::default();
    for number in 0..10_000 {
        push(&mut chunks, &mut fifo, number)?;
    }
    assert!(
        chunks.fifo_bytes(&fifo) <= 10_000 * 16 * 107 / 100,
        "{} bytes",
        chunks.fifo_bytes(&fifo)
    );
    // A sliding window recycles its chunks: the pool stops growing.
    let reserved = chunks.reserved_bytes();
    for number in 10_000..200_000 {
        push(&mut chunks, &mut fifo, number)?;
        chunks.pop_front(&mut fifo);
    }
    assert!(chunks.reserved_bytes() <= reserved + 2 * 65_536);
    Ok(())
}

#[test]
fn a_small_window_takes_a_small_chunk() -> Result<(), Full> {
    let mut chunks = Chunks::new(WIDTH, 1 << 20);
    let mut fifo = Fifo::default();
    push(&mut chunks, &mut fifo, 1)?;
    assert_eq!(chunks.used_bytes(), 8 * 16);
    chunks.pop_front(&mut fifo);
    assert_eq!((chunks.used_bytes(), fifo), (0, Fifo::default()));
    Ok(())
}

#[test]
fn the_limit_refuses_and_recovers() -> Result<(), Full> {
    let limit = 1 << 16;
    let mut chunks = Chunks::new(WIDTH, limit);
    let mut fifo = Fifo::default();
    let mut number = 0;
    while push(&mut chunks, &mut fifo, number).is_ok() {
        number += 1;
    }
    assert!(
        number >= (limit / 16) as u64 * 9 / 10,
        "refused after {number} rows"
    );
    assert_eq!(push(&mut chunks, &mut fifo, number), Err(Full { limit }));
    assert_eq!(u64::from(fifo.len()), number);
    chunks.clear(&mut fifo);
    push(&mut chunks, &mut fifo, 7)?;
    assert_eq!(chunks.front(&fifo), Some([7, !7].as_slice()));
    Ok(())
}

#[test]
fn a_pool_without_room_for_one_chunk_refuses_all() {
    let mut chunks = Chunks::new(WIDTH, 8 * 16 - 1);
    assert_eq!(
        chunks.push(&mut Fifo::default()).err(),
        Some(Full { limit: 127 })
    );
    assert_eq!(chunks.reserved_bytes(), 0);
}

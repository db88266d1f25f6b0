//! Reading ahead: blocks are read by one thread, made into batches by others, and handed on in their order.

use std::num::NonZero;
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, SyncSender};
use std::sync::{Mutex, PoisonError};
use std::thread;

use trapjaw_event::Registry;

use super::block::BEGIN;
use super::{Block, InputError, Parsed, Recording, Target};
use crate::limits::{BLOCKS_AHEAD, MAX_READERS};

/// A block that was made into batches: for each rule set, in their order.
pub(crate) struct Piece {
    /// The file, where there are several.
    pub(crate) file: Option<Arc<str>>,
    pub(crate) parsed: Vec<Parsed>,
}

/// A block on its way, with its file's name.
type Read = (Option<Arc<str>>, Block);

/// What a thread made of a block; the block itself where the clock has to be known for it.
type Made = Result<Piece, Read>;

/// Reads a recording for these registries, in batches of so many rows, and hands the pieces to `take` in their order,
/// on this thread. Ends early where `take` does.
///
/// How many threads there are shows nowhere: a block's events depend on the blocks before it in one thing, the time of
/// events that have none, and a block with such an event is made again here, where that time is known.
pub(crate) fn read_ahead<E>(
    mut recording: Recording,
    registries: &[Arc<Registry>],
    rows: usize,
    mut take: impl FnMut(Piece) -> Result<(), E>,
) -> Result<Option<InputError>, E> {
    recording.set_registries(registries.to_vec());
    let position = recording.position();
    let threads = thread::available_parallelism()
        .map_or(1, NonZero::get)
        .min(MAX_READERS);
    // Pieces in their order, each from whichever thread makes it.
    let (order, ordered) = mpsc::sync_channel::<Result<Receiver<Made>, InputError>>(BLOCKS_AHEAD);
    let (hand, handed) = mpsc::sync_channel::<(Read, SyncSender<Made>)>(BLOCKS_AHEAD);
    let handed = Mutex::new(handed);
    let targets = || -> Vec<Target> {
        let each = registries.iter().enumerate();
        each.map(|(place, registry)| Target::new(place, registry, rows))
            .collect()
    };
    thread::scope(|scope| {
        scope.spawn(move || {
            loop {
                let read = match recording.next_block() {
                    Ok(Some(block)) => (recording.file(), block),
                    Ok(None) => return,
                    Err(error) => {
                        // Whoever takes has gone: nobody wants to know.
                        let _ = order.send(Err(error));
                        return;
                    }
                };
                let (made, will_be_made) = mpsc::sync_channel(1);
                if order.send(Ok(will_be_made)).is_err() || hand.send((read, made)).is_err() {
                    return;
                }
            }
        });
        for _ in 0..threads {
            let (handed, mut targets) = (&handed, targets());
            scope.spawn(move || {
                loop {
                    let next = handed.lock().unwrap_or_else(PoisonError::into_inner).recv();
                    let Ok(((file, block), made)) = next else {
                        return;
                    };
                    let parsed: Result<Vec<Parsed>, _> = targets
                        .iter_mut()
                        .map(|target| target.parse(&block, None))
                        .collect();
                    let piece = match parsed {
                        Ok(parsed) => Ok(Piece { file, parsed }),
                        Err(_) => Err((file, block)),
                    };
                    let _ = made.send(piece);
                }
            });
        }
        let mut own = targets();
        let mut clocks = vec![BEGIN; registries.len()];
        let mut failed = None;
        for next in ordered {
            let made = match next {
                Ok(made) => made.recv().expect("blocks are made without a panic"),
                Err(error) => {
                    failed = Some(error);
                    break;
                }
            };
            let piece = made.unwrap_or_else(|(file, block)| Piece {
                file,
                parsed: own
                    .iter_mut()
                    .zip(&clocks)
                    .map(|(target, &clock)| {
                        let known = target.parse(&block, Some(clock));
                        known.expect("the clock is given")
                    })
                    .collect(),
            });
            for (clock, parsed) in clocks.iter_mut().zip(&piece.parsed) {
                *clock = parsed.clock(*clock);
            }
            let events = piece.parsed.last().map_or(0, |parsed| parsed.events);
            take(piece)?;
            position.judged(events);
        }
        Ok(failed)
    })
}

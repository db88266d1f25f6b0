//! Taps: copies of the batches that are taken in, for somebody who looks on.
//!
//! Who looks on must not hold up what is looked at. So a shard copies a batch as it is, which costs as little as
//! copying its bytes does, and only while the tap has room; what finds none is counted and not kept. What a tap wants
//! to see of the batches is its own affair, on its own thread. While nobody looks on, a shard asks one number a batch.

use std::collections::VecDeque;
use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};

use trapjaw_event::{BatchBytes, BatchView, Binding};
use trapjaw_program::{RuleSet, Verified};

use crate::limits::{TAP_BYTES, TAPS};

/// A batch as it was taken in.
#[derive(Clone, Debug)]
pub struct Tapped {
    /// Its bytes; they were checked against these bindings.
    pub batch: BatchBytes,
    /// By schema number.
    pub bindings: Vec<Option<Arc<Binding>>>,
    /// The rules that held: types are those of their registry.
    pub rules: Arc<Verified<RuleSet>>,
    /// When it was taken in, on the clock of [`monotonic`](crate::time::monotonic).
    pub ingest: u64,
}

/// Looks on. When it is dropped, shards copy nothing for it any more.
pub struct Tap {
    basin: Arc<Basin>,
    taps: Arc<Taps>,
}

/// What runs into a tap.
struct Basin {
    /// Names of the event types that are wanted; empty for all.
    types: Vec<Box<str>>,
    held: Mutex<Held>,
}

#[derive(Default)]
struct Held {
    batches: VecDeque<Tapped>,
    bytes: usize,
    /// Rows of wanted types that found no room.
    missed: u64,
}

/// The taps of a plane, which its shards share.
#[derive(Default)]
pub(crate) struct Taps {
    /// How many there are, to be asked without a lock.
    count: AtomicUsize,
    basins: Mutex<Vec<Weak<Basin>>>,
}

impl Taps {
    /// Opens a tap on events of these types, of all where none is named; `None` while there are [`TAPS`] of them.
    pub(crate) fn open(self: &Arc<Self>, types: Vec<Box<str>>) -> Option<Tap> {
        let mut basins = self.basins.lock().unwrap_or_else(PoisonError::into_inner);
        if basins.len() >= TAPS {
            return None;
        }
        let basin = Arc::new(Basin {
            types,
            held: Mutex::default(),
        });
        basins.push(Arc::downgrade(&basin));
        self.count.store(basins.len(), Ordering::Release);
        Some(Tap {
            basin,
            taps: Arc::clone(self),
        })
    }

    /// Does anybody look on?
    pub(super) fn any(&self) -> bool {
        self.count.load(Ordering::Relaxed) > 0
    }

    /// Shows a batch that is about to be taken in.
    pub(super) fn show(
        &self,
        (bytes, batch): (&[u8], BatchView<'_>),
        bindings: &[Option<Arc<Binding>>],
        rules: &Arc<Verified<RuleSet>>,
        ingest: u64,
    ) {
        let basins = self.basins.lock().unwrap_or_else(PoisonError::into_inner);
        for basin in basins.iter().filter_map(Weak::upgrade) {
            let wanted: usize = batch
                .sections()
                .filter(|section| {
                    let name = &rules.registry.get(section.type_id()).name;
                    basin.types.is_empty() || basin.types.contains(name)
                })
                .map(trapjaw_event::SectionView::rows)
                .sum();
            if wanted == 0 {
                continue;
            }
            let mut held = basin.held.lock().unwrap_or_else(PoisonError::into_inner);
            if held.bytes + bytes.len() > TAP_BYTES {
                held.missed += wanted as u64;
                continue;
            }
            held.bytes += bytes.len();
            held.batches.push_back(Tapped {
                batch: BatchBytes::copy_of(bytes),
                bindings: bindings.to_vec(),
                rules: Arc::clone(rules),
                ingest,
            });
        }
    }
}

impl Tap {
    /// The oldest batch that was copied.
    pub fn pop(&self) -> Option<Tapped> {
        let mut held = self
            .basin
            .held
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let tapped = held.batches.pop_front()?;
        held.bytes -= tapped.batch.len();
        Some(tapped)
    }

    /// How many events of the wanted types were not copied for want of room since this was asked last.
    pub fn take_missed(&self) -> u64 {
        let mut held = self
            .basin
            .held
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        core::mem::take(&mut held.missed)
    }
}

impl Drop for Tap {
    fn drop(&mut self) {
        let mut basins = self
            .taps
            .basins
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let mine = Arc::as_ptr(&self.basin);
        basins.retain(|basin| basin.as_ptr() != mine);
        self.taps.count.store(basins.len(), Ordering::Release);
    }
}

impl fmt::Debug for Tap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tap")
            .field("types", &self.basin.types)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Taps {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Taps({})", self.count.load(Ordering::Relaxed))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    use trapjaw_program::{TypeProgram, verify};

    use trapjaw_event::{BatchBuilder, Event, EventType, Field, FieldType, Registry, Value, check};

    fn rules() -> Arc<Verified<RuleSet>> {
        let mut registry = Registry::new();
        for name in ["a", "b"] {
            registry
                .add(EventType::new(
                    name,
                    vec![Field::new("text", FieldType::Text)],
                ))
                .expect("a type");
        }
        let set = RuleSet {
            types: vec![TypeProgram::default(); registry.len()],
            registry: Arc::new(registry),
            rules: Vec::new(),
            tables: Vec::new(),
            order: Vec::new(),
        };
        Arc::new(verify(set).expect("no rules are sound"))
    }

    #[test]
    fn a_tap_holds_what_it_has_room_for_and_counts_the_rest() {
        let rules = rules();
        let (a, _) = rules.registry.iter().next().expect("a type");
        let mut builder = BatchBuilder::new(Arc::clone(&rules.registry));
        let event = Event {
            type_id: a,
            time: 1,
            source: "".into(),
            id: None,
            subject: None,
            severity: None,
            values: vec![Value::Text("x".repeat(200_000).into())],
        };
        for _ in 0..3 {
            builder.push(&event).expect("it fits");
        }
        let bytes = builder.finish();
        let bindings: Vec<_> = rules
            .registry
            .iter()
            .map(|(id, _)| Some(Arc::new(Binding::identity(&rules.registry, id))))
            .collect();
        let batch = check(&bytes, &bindings).expect("it was just built");
        let taps = Arc::new(Taps::default());
        assert!(!taps.any());
        let all = taps.open(Vec::new()).expect("there is room");
        let other = taps.open(vec!["b".into()]).expect("there is room");
        let shown = TAP_BYTES / bytes.len() + 5;
        for _ in 0..shown {
            taps.show((&bytes, batch), &bindings, &rules, 1);
        }
        assert!(other.pop().is_none() && other.take_missed() == 0);
        let mut held = 0;
        while let Some(tapped) = all.pop() {
            assert_eq!(
                check(&tapped.batch, &tapped.bindings)
                    .expect("as before")
                    .rows(),
                3
            );
            held += 1;
        }
        assert_eq!(held, TAP_BYTES / bytes.len());
        assert_eq!(all.take_missed(), 3 * 5);
        assert_eq!(all.take_missed(), 0);
        drop((all, other));
        assert!(!taps.any());
    }

    #[test]
    fn there_are_only_so_many() {
        let taps = Arc::new(Taps::default());
        let mut open: Vec<_> = (0..TAPS).filter_map(|_| taps.open(Vec::new())).collect();
        assert_eq!(open.len(), TAPS);
        assert!(taps.open(Vec::new()).is_none());
        open.pop();
        assert!(taps.open(Vec::new()).is_some());
    }
}

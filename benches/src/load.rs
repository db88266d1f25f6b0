//! Generated events: uniform draws from a seed, as prepared batches.

use std::sync::Arc;

use trapjaw_event::{BatchBuilder, BatchBytes, Binding, Registry, Row, TypeId, ValueRef};

/// A small generator of uniform draws (xorshift64*): what matters is that it is the same everywhere.
#[derive(Clone, Debug)]
pub struct Draws(u64);

impl Draws {
    /// From a seed.
    pub fn new(seed: u64) -> Self {
        Self(seed | 1)
    }

    /// 64 bits.
    pub fn bits(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D)
    }

    /// Uniform in 0..1.
    pub fn unit(&mut self) -> f64 {
        (self.bits() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// Uniform below `n`.
    pub fn below(&mut self, n: u64) -> u64 {
        ((u128::from(self.bits()) * u128::from(n)) >> 64) as u64
    }
}

/// One `cpu` event: `cpu { host: text, load: float, region: int }`.
#[derive(Clone, Copy, Debug)]
pub struct Cpu {
    /// Number of the host.
    pub host: u32,
    /// Uniform in 0..1.
    pub load: f64,
    /// Uniform below 16.
    pub region: i64,
    /// Nanoseconds; 1,000 events a millisecond.
    pub time: i64,
}

/// The declaration of [`Cpu`].
pub const CPU: &str = "event cpu { host: text, load: float, region: int }\n";

/// The `number`-th event of a stream of `hosts` hosts.
pub fn cpu(draws: &mut Draws, number: u64, hosts: u32) -> Cpu {
    Cpu {
        host: draws.below(u64::from(hosts)) as u32,
        load: draws.unit(),
        region: draws.below(16) as i64,
        time: number as i64 * 1_000,
    }
}

/// Writes [`Cpu`] events into batches.
#[derive(Clone, Debug)]
pub struct CpuRows {
    type_id: TypeId,
    names: Vec<String>,
}

impl CpuRows {
    /// Of `hosts` hosts.
    ///
    /// # Panics
    ///
    /// If the registry has no `cpu`.
    pub fn new(registry: &Registry, hosts: u32) -> Self {
        Self {
            type_id: registry.by_name("cpu").expect("the rules declare cpu"),
            names: (0..hosts).map(|host| format!("host-{host}")).collect(),
        }
    }

    /// Appends an event.
    pub fn write(&self, builder: &mut BatchBuilder, event: &Cpu) {
        let values = [
            ValueRef::Text(&self.names[event.host as usize]),
            ValueRef::Float(event.load),
            ValueRef::Int(event.region),
        ];
        push(builder, self.type_id, event.time, &values);
    }
}

/// Appends an event that has nothing but its fields and its time.
///
/// # Panics
///
/// If the batch has no room.
pub fn push(builder: &mut BatchBuilder, type_id: TypeId, time: i64, values: &[ValueRef<'_>]) {
    let row = Row {
        type_id,
        time,
        source: "",
        id: None,
        subject: None,
        severity: None,
        values,
    };
    builder
        .push_row(&row)
        .expect("a batch has room for its rows");
}

/// Prepared batches, and the events that they hold.
#[derive(Debug)]
pub struct Load<E = Cpu> {
    /// The batches.
    pub batches: Vec<BatchBytes>,
    /// Bindings for all of them.
    pub bindings: Vec<Option<Arc<Binding>>>,
    /// Events of a batch.
    pub rows: usize,
    /// Their events, in order.
    pub events: Vec<E>,
}

impl Load {
    /// `count` events in batches of `rows`.
    pub fn cpu(registry: &Arc<Registry>, seed: u64, count: u64, rows: usize, hosts: u32) -> Self {
        let mut draws = Draws::new(seed);
        let events = (0..count).map(|number| cpu(&mut draws, number, hosts));
        let writer = CpuRows::new(registry, hosts);
        Self::new(registry, events.collect(), rows, |builder, event| {
            writer.write(builder, event);
        })
    }
}

impl<E> Load<E> {
    /// These events in batches of `rows`, each appended by `write`.
    pub fn new(
        registry: &Arc<Registry>,
        events: Vec<E>,
        rows: usize,
        write: impl Fn(&mut BatchBuilder, &E),
    ) -> Self {
        let mut builder = BatchBuilder::new(Arc::clone(registry));
        let batches = events.chunks(rows).map(|events| {
            for event in events {
                write(&mut builder, event);
            }
            builder.finish()
        });
        Self {
            batches: batches.collect(),
            bindings: bindings(registry),
            rows,
            events,
        }
    }
}

/// Bindings of batches that were built from a registry.
pub fn bindings(registry: &Registry) -> Vec<Option<Arc<Binding>>> {
    registry
        .iter()
        .map(|(id, _)| Some(Arc::new(Binding::identity(registry, id))))
        .collect()
}

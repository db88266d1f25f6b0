//! One measurement for each layer that an event passes, small enough to be repeated, and to be counted in instructions.
//!
//! What is timed (`cargo bench`) and what is counted (`.ci/run instructions`) is the same work. Each layer knows what has to come of it
//! without asking the engine.

mod door;
mod outlet;
mod rules;

/// Rows of a batch.
const ROWS: usize = 4_096;
/// Different hosts, users and keys.
const KEYS: u32 = 1_000;
/// Batches before those that are measured: memory, code and state are warm then.
const WARM: usize = 8;
/// Batches that are measured.
const MEASURED: usize = 8;
/// Events that are measured, of each layer.
pub const EVENTS: u64 = (MEASURED * ROWS) as u64;

/// Takes all measured events once: what came of it. It is for one call, for state goes on.
type Pass = Box<dyn FnMut() -> u64>;

/// The work of one layer.
pub struct Layer {
    /// Its name, an identifier.
    pub name: &'static str,
    load: fn() -> Loaded,
}

/// A layer whose events are made, and which can be measured any number of times.
pub struct Loaded {
    /// What has to come of a pass: matches, or rows.
    expected: u64,
    ready: Box<dyn Fn() -> Pass>,
}

/// A layer in its state before the measured events.
pub struct Ready {
    pass: Pass,
    expected: u64,
}

impl Layer {
    /// Makes the events.
    pub fn load(&self) -> Loaded {
        (self.load)()
    }
}

impl Loaded {
    /// A state of its own, into which the first half of the events has gone.
    pub fn ready(&self) -> Ready {
        Ready {
            pass: (self.ready)(),
            expected: self.expected,
        }
    }
}

impl Ready {
    /// Does the work once. Nothing but this is to be measured.
    ///
    /// # Panics
    ///
    /// If something else came of it than had to.
    pub fn run(&mut self) {
        let found = (self.pass)();
        assert_eq!(found, self.expected, "a layer's result");
    }
}

/// All layers, in the order in which an event passes them.
pub const LAYERS: [Layer; 17] = [
    Layer {
        name: "build",
        load: door::build,
    },
    Layer {
        name: "decode",
        load: door::decode,
    },
    Layer {
        name: "predicates_one",
        load: rules::predicates_one,
    },
    Layer {
        name: "predicates_ten",
        load: rules::predicates_ten,
    },
    Layer {
        name: "index_equal",
        load: rules::index_equal,
    },
    Layer {
        name: "index_mixed",
        load: rules::index_mixed,
    },
    Layer {
        name: "window_all",
        load: rules::window_all,
    },
    Layer {
        name: "window_sliding",
        load: rules::window_sliding,
    },
    Layer {
        name: "window_tumbling",
        load: rules::window_tumbling,
    },
    Layer {
        name: "window_hopping",
        load: rules::window_hopping,
    },
    Layer {
        name: "window_distinct",
        load: rules::window_distinct,
    },
    Layer {
        name: "pattern_strict",
        load: rules::pattern_strict,
    },
    Layer {
        name: "pattern_relaxed",
        load: rules::pattern_relaxed,
    },
    Layer {
        name: "pattern_all",
        load: rules::pattern_all,
    },
    Layer {
        name: "pattern_repeated",
        load: rules::pattern_repeated,
    },
    Layer {
        name: "exchange",
        load: outlet::exchange,
    },
    Layer {
        name: "outbox",
        load: outlet::outbox,
    },
];

/// The layer of this name.
///
/// # Panics
///
/// If there is none.
pub fn by_name(name: &str) -> &'static Layer {
    let found = LAYERS.iter().find(|layer| layer.name == name);
    found.unwrap_or_else(|| panic!("there is no layer {name}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_layer_gives_what_it_has_to_and_gives_it_again() {
        for layer in &LAYERS {
            let loaded = layer.load();
            loaded.ready().run();
            loaded.ready().run();
        }
    }

    #[test]
    fn each_layer_is_counted() {
        let counted = include_str!("../../examples/instructions.rs");
        let names: Vec<&str> = LAYERS.iter().map(|layer| layer.name).collect();
        let named = counted.lines().filter_map(|line| {
            let (name, again) = line.strip_prefix("#[bench::")?.split_once("(\"")?;
            assert_eq!(again, format!("{name}\")]"));
            Some(name)
        });
        assert_eq!(named.collect::<Vec<_>>(), names);
    }
}

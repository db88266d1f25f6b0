//! Hashes that matches are identified by.

use xxhash_rust::xxh3::{Xxh3, xxh3_128};

/// XXH3-128 of a few parts, one after the other. Most identities are of so few bytes that hashing them at once takes a fraction of what
/// it takes to set a stream up.
pub(crate) struct Hash128 {
    bytes: [u8; 240],
    length: usize,
    stream: Option<Box<Xxh3>>,
}

impl Default for Hash128 {
    fn default() -> Self {
        Self {
            bytes: [0; 240],
            length: 0,
            stream: None,
        }
    }
}

impl Hash128 {
    #[inline]
    pub(crate) fn update(&mut self, part: &[u8]) {
        let end = self.length + part.len();
        match self.bytes.get_mut(self.length..end) {
            Some(room) if self.stream.is_none() => {
                room.copy_from_slice(part);
                self.length = end;
            }
            _ => self.update_stream(part),
        }
    }

    #[inline(never)]
    fn update_stream(&mut self, part: &[u8]) {
        let stream = self.stream.get_or_insert_with(|| {
            let mut stream = Box::new(Xxh3::new());
            stream.update(&self.bytes[..self.length]);
            stream
        });
        stream.update(part);
    }

    pub(crate) fn finish(&self) -> u128 {
        match &self.stream {
            Some(stream) => stream.digest128(),
            None => xxh3_128(&self.bytes[..self.length]),
        }
    }
}

/// The identity of events that a pattern has bound, each with its element, in order.
pub(crate) fn identity_of_all(bound: impl ExactSizeIterator<Item = (u16, u128)>) -> u128 {
    // All at once: a hash that is fed in parts has a large state.
    let mut bytes = Vec::with_capacity(bound.len() * (size_of::<u16>() + size_of::<u128>()));
    for (element, identity) in bound {
        bytes.extend_from_slice(&element.to_le_bytes());
        bytes.extend_from_slice(&identity.to_le_bytes());
    }
    xxh3_128(&bytes)
}

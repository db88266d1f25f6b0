//! Bounded, repeatable changes of bytes.

/// Marsaglia's `xorshift64` ("Xorshift RNGs", 2003): the same seed gives the same numbers everywhere.
#[derive(Clone, Debug)]
pub struct XorShift(u64);

impl XorShift {
    /// A generator; seed 0, from which nothing would come, is another.
    pub const fn new(seed: u64) -> Self {
        Self(if seed == 0 {
            0x9e37_79b9_7f4a_7c15
        } else {
            seed
        })
    }

    /// The next number, never 0.
    pub const fn word(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    /// A number below `bound`; 0 if that is 0.
    pub fn below(&mut self, bound: usize) -> usize {
        // The low bits of neighbours are alike; the high ones are not.
        let number = (self.word() >> 16) as usize;
        number.checked_rem(bound).unwrap_or(0)
    }

    /// The next byte.
    pub fn byte(&mut self) -> u8 {
        (self.word() >> 32) as u8
    }
}

/// Most bytes of a mutated input.
pub(crate) const MAX_LENGTH: usize = 16 * 1_024;

/// Numbers at which lengths, offsets and counts go wrong.
const EDGES: [u64; 12] = [
    0,
    1,
    0x7f,
    0xff,
    0x7fff,
    0xffff,
    0x10_0000,
    0x7fff_ffff,
    0xffff_ffff,
    0x7fff_ffff_ffff_ffff,
    0x8000_0000_0000_0000,
    0xffff_ffff_ffff_ffff,
];

/// Changes the bytes once to a few times; `other` gives pieces.
pub(crate) fn mutate(bytes: &mut Vec<u8>, other: &[u8], random: &mut XorShift) {
    for _ in 0..=random.below(4) {
        once(bytes, other, random);
    }
    bytes.truncate(MAX_LENGTH);
}

fn once(bytes: &mut Vec<u8>, other: &[u8], random: &mut XorShift) {
    let at = random.below(bytes.len());
    let length = 1 + random.below(32);
    match random.below(10) {
        0..=2 => {
            if let Some(byte) = bytes.get_mut(at) {
                *byte ^= 1 << random.below(8);
            }
        }
        3 => {
            if let Some(byte) = bytes.get_mut(at) {
                *byte = random.byte();
            }
        }
        4 => {
            // An aligned number of 1, 2, 4 or 8 bytes becomes one that is likely wrong.
            let size = 1_usize << random.below(4);
            let edge = EDGES[random.below(EDGES.len())].to_le_bytes();
            let at = at / size * size;
            if let Some(number) = bytes.get_mut(at..at + size) {
                number.copy_from_slice(&edge[..size]);
            }
        }
        5 => {
            let end = (at + length).min(bytes.len());
            bytes.drain(at..end);
        }
        6 => {
            let end = (at + length).min(bytes.len());
            let piece = bytes[at..end].to_vec();
            let to = random.below(bytes.len() + 1);
            bytes.splice(to..to, piece);
        }
        7 => {
            let from = random.below(other.len());
            let piece = &other[from..(from + length).min(other.len())];
            let to = random.below(bytes.len() + 1);
            bytes.splice(to..to, piece.iter().copied());
        }
        8 => {
            let from = random.below(other.len());
            let piece = &other[from..(from + length).min(other.len())];
            let end = (at + piece.len()).min(bytes.len());
            bytes.splice(at..end, piece.iter().copied());
        }
        _ => bytes.truncate(at),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_mutates_the_same_way() {
        let run = |seed| {
            let mut random = XorShift::new(seed);
            let mut bytes: Vec<u8> = (0..100).collect();
            (0..50).for_each(|_| mutate(&mut bytes, &[1, 2, 3], &mut random));
            bytes
        };
        assert_eq!(run(1), run(1));
        assert_ne!(run(1), run(2));
        assert_ne!(XorShift::new(0).word(), 0);
    }

    #[test]
    fn anything_can_be_mutated() {
        let mut random = XorShift::new(3);
        let mut lengths = std::collections::BTreeSet::new();
        for _ in 0..2_000 {
            let mut bytes = vec![7; random.below(3)];
            mutate(&mut bytes, &[], &mut random);
            lengths.insert(bytes.len());
        }
        assert!(lengths.len() > 2, "{lengths:?}");
        let mut long = vec![0; MAX_LENGTH + 10];
        mutate(&mut long, &[1; 64], &mut random);
        assert!(long.len() <= MAX_LENGTH);
    }
}

//! The order in which buffers were given to the kernel, and what a completion says in terms of it.
//!
//! The kernel takes buffers in the order of the ring. A completion names the first one and says how many bytes there are
//! in all; where it fills several at once, the others are those that were given next, each full but the last. Which byte
//! lies where therefore follows from the order alone. Whether the kernel goes on in a buffer that is filled in parts
//! follows from its length: it does until the last byte is written. (The completion's flag says so too, but kernels have lost
//! it where a bundle is put together of two receives, and at the end of a stream.)

/// The places of a ring of buffers.
pub(super) struct Order {
    /// The buffer in each place.
    given: Vec<u16>,
    /// Where each buffer was given last, counted on from the start, modulo 2^16.
    position: Vec<u16>,
    /// Buffers given so far, modulo 2^16.
    tail: u16,
}

impl Order {
    /// An empty ring with so many places, a power of two, for as many buffers.
    pub(super) fn new(places: u16) -> Order {
        assert!(places.is_power_of_two(), "the ring is indexed by a mask");
        Order {
            given: vec![0; usize::from(places)],
            position: vec![0; usize::from(places)],
            tail: 0,
        }
    }

    /// Buffers given so far, modulo 2^16.
    pub(super) fn tail(&self) -> u16 {
        self.tail
    }

    /// The place of the buffer that was given as that one.
    fn place(&self, position: u16) -> usize {
        usize::from(position) & (self.given.len() - 1)
    }

    /// The buffer that still stands in the next place, if it was not given again since.
    pub(super) fn in_next_place(&self) -> Option<u16> {
        let id = self.given[self.place(self.tail)];
        let there = self.tail.wrapping_sub(self.given.len() as u16);
        (self.position[usize::from(id)] == there).then_some(id)
    }

    /// Gives a buffer; returns its place.
    pub(super) fn give(&mut self, id: u16) -> usize {
        let place = self.place(self.tail);
        self.given[place] = id;
        self.position[usize::from(id)] = self.tail;
        self.tail = self.tail.wrapping_add(1);
        place
    }

    /// The buffers of a completion that names `first` and has `len` bytes, with the bytes in each. `room` says how many
    /// bytes a buffer takes that is with the kernel, at least one.
    pub(super) fn parts<'a>(
        &'a self,
        first: u16,
        len: usize,
        room: impl Fn(u16) -> usize + 'a,
    ) -> impl Iterator<Item = (u16, usize)> + 'a {
        let (mut id, mut left) = (first, len);
        std::iter::from_fn(move || {
            if left == 0 {
                return None;
            }
            let part = (id, left.min(room(id)));
            left -= part.1;
            let next = self.position[usize::from(id)].wrapping_add(1);
            id = self.given[self.place(next)];
            Some(part)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(order: &Order, first: u16, len: usize, room: &[usize]) -> Vec<(u16, usize)> {
        order
            .parts(first, len, |id| room[usize::from(id)])
            .collect()
    }

    #[test]
    fn a_bundle_follows_the_order_of_giving_and_not_of_numbers() {
        let mut order = Order::new(4);
        for id in [2, 0, 3, 1] {
            order.give(id);
        }
        let whole = [64; 4];
        assert_eq!(parts(&order, 2, 64, &whole), [(2, 64)]);
        assert_eq!(parts(&order, 2, 65, &whole), [(2, 64), (0, 1)]);
        assert_eq!(parts(&order, 0, 192, &whole), [(0, 64), (3, 64), (1, 64)]);
        assert_eq!(parts(&order, 1, 0, &whole), []);
    }

    #[test]
    fn a_bundle_goes_around_the_end_of_the_ring() {
        let mut order = Order::new(4);
        for id in [0, 1, 2, 3, 1, 0] {
            order.give(id);
        }
        assert_eq!(parts(&order, 3, 150, &[64; 4]), [(3, 64), (1, 64), (0, 22)]);
    }

    #[test]
    fn the_first_buffer_of_a_bundle_may_be_filled_in_part_before() {
        let mut order = Order::new(2);
        order.give(1);
        order.give(0);
        assert_eq!(parts(&order, 1, 10, &[64, 7]), [(1, 7), (0, 3)]);
    }

    #[test]
    fn positions_wrap() {
        let mut order = Order::new(2);
        for _ in 0..40_000 {
            order.give(0);
            order.give(1);
        }
        assert_eq!((order.tail(), order.in_next_place()), (14_464, Some(0)));
        assert_eq!(parts(&order, 0, 3, &[2, 2]), [(0, 2), (1, 1)]);
    }

    #[test]
    fn a_place_is_known_to_be_taken() {
        let mut order = Order::new(2);
        assert_eq!(order.in_next_place(), None);
        order.give(1);
        assert_eq!(order.in_next_place(), None);
        order.give(0);
        assert_eq!(order.in_next_place(), Some(1));
        // Given again elsewhere: its first place is free.
        order.give(0);
        assert_eq!(order.in_next_place(), None);
    }
}

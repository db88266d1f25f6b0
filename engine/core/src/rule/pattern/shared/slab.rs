//! Numbered places that are used again.

/// Places for values of one kind. What is freed is told by its owner; a place that is free holds the number of the next
/// free one.
#[derive(Debug)]
pub(super) struct Slab<T> {
    all: Vec<T>,
    free: u32,
    live: usize,
}

/// Places that are kept though nothing is there.
pub(super) const SPARE: usize = 1 << 12;

/// No place.
pub(super) const NONE: u32 = u32::MAX;

/// A value whose place may be free.
pub(super) trait Place: Copy {
    /// Makes its place a free one, with the number of the next.
    fn set_free(&mut self, next: u32);

    /// The next free place.
    fn next(&self) -> u32;
}

impl<T> Default for Slab<T> {
    fn default() -> Self {
        Self {
            all: Vec::new(),
            free: NONE,
            live: 0,
        }
    }
}

impl<T: Place> Slab<T> {
    #[inline]
    pub(super) fn insert(&mut self, value: T) -> u32 {
        self.live += 1;
        if self.free == NONE {
            return self.push(value);
        }
        let id = self.free;
        let place = &mut self.all[id as usize];
        self.free = place.next();
        *place = value;
        id
    }

    #[inline(never)]
    fn push(&mut self, value: T) -> u32 {
        if self.all.len() == self.all.capacity() {
            // Memory that was never used counts too: what may be unused is an eighth.
            self.all.reserve_exact(self.all.len() / 8 + 64);
        }
        self.all.push(value);
        self.all.len() as u32 - 1
    }

    #[inline]
    pub(super) fn remove(&mut self, id: u32) {
        self.live -= 1;
        self.all[id as usize].set_free(self.free);
        self.free = id;
        if self.live == 0 && self.all.len() > SPARE {
            self.give_back();
        }
    }

    /// Nothing points here: what grew in a flood is given back.
    #[cold]
    fn give_back(&mut self) {
        *self = Self::default();
    }

    /// Bytes of what is there.
    pub(super) fn bytes(&self) -> usize {
        self.live * size_of::<T>()
    }

    pub(super) fn len(&self) -> usize {
        self.live
    }

    pub(super) fn is_empty(&self) -> bool {
        self.live == 0
    }
}

impl<T> core::ops::Index<u32> for Slab<T> {
    type Output = T;

    #[inline]
    fn index(&self, id: u32) -> &T {
        &self.all[id as usize]
    }
}

impl<T> core::ops::IndexMut<u32> for Slab<T> {
    #[inline]
    fn index_mut(&mut self, id: u32) -> &mut T {
        &mut self.all[id as usize]
    }
}

//! Posting lists: the conditions for which a value of a column is a witness.

/// A list's number.
pub(super) type ListId = u32;

/// No list.
pub(super) const NO_LIST: ListId = u32::MAX;

/// Lists of conditions end to end.
#[derive(Debug, Default)]
pub(super) struct Lists {
    /// Where each begins, and the end of the last.
    starts: Vec<u32>,
    items: Vec<u32>,
}

impl Lists {
    /// Adds a list.
    pub(super) fn add(&mut self, items: Vec<u32>) -> ListId {
        if self.starts.is_empty() {
            self.starts.push(0);
        }
        self.items.extend(items);
        self.starts.push(self.items.len() as u32);
        self.starts.len() as u32 - 2
    }

    /// The conditions of a list.
    #[inline]
    pub(super) fn items(&self, list: ListId) -> &[u32] {
        let list = list as usize;
        &self.items[self.starts[list] as usize..self.starts[list + 1] as usize]
    }

    /// How many lists there are.
    pub(super) fn len(&self) -> usize {
        self.starts.len().saturating_sub(1)
    }

    /// Bytes that they take.
    pub(super) fn bytes(&self) -> usize {
        size_of_val(&*self.starts) + size_of_val(&*self.items)
    }
}

//! How many octets of the heap the parts of a report take, at most; what an allocator takes for itself is not in it.

use super::aggregate::{DkimResult, PolicyPublished, Reason, ReportRow, SpfResult, Text};
use alloc::{boxed::Box, string::String, vec::Vec};
use mail_base::Name;

/// A tree makes room for so many entries at once.
const LEAF: usize = 11;

/// How many times its own size an entry takes in a tree: of eleven places in a node five may be filled, and there are
/// the nodes above.
const ENTRY: usize = 3;

/// What a value owns on the heap.
pub(super) trait Weight {
    fn weight(&self) -> usize;
}

/// How many octets may be kept, and how many are.
#[derive(Clone, Copy, Debug)]
pub(super) struct Room {
    taken: usize,
    limit: usize,
}

impl Room {
    pub(super) fn new(limit: usize) -> Self {
        Self { taken: 0, limit }
    }

    pub(super) fn with_limit(self, limit: usize) -> Self {
        Self { limit, ..self }
    }

    pub(super) fn has(&self, octets: usize) -> bool {
        octets <= self.limit.saturating_sub(self.taken)
    }

    /// Takes so many octets, if there is room for them.
    pub(super) fn take(&mut self, octets: usize) -> bool {
        let has_room = self.has(octets);
        if has_room {
            self.taken = self.taken.saturating_add(octets);
        }
        has_room
    }

    pub(super) fn give_back(&mut self, octets: usize) {
        self.taken = self.taken.saturating_sub(octets);
    }
}

/// A row by itself, and its place in the tree of its group.
pub(super) fn of_row(row: &ReportRow) -> usize {
    let place = size_of::<(Box<ReportRow>, u64)>().saturating_mul(ENTRY);
    [place, size_of::<ReportRow>(), row.weight()].into_iter().sum()
}

/// The place of a group `G` of this domain in the tree of all, and the first room for rows.
pub(super) fn of_group<G>(at: &Name) -> usize {
    let place = size_of::<((u64, Name), G)>().saturating_mul(ENTRY);
    let rows = size_of::<(Box<ReportRow>, u64)>().saturating_mul(LEAF.saturating_add(1));
    [place, rows, at.as_str().len(), size_of::<[usize; 2]>()].into_iter().sum()
}

impl Weight for String {
    fn weight(&self) -> usize {
        self.capacity()
    }
}

impl<T: Weight> Weight for Option<T> {
    fn weight(&self) -> usize {
        self.as_ref().map_or(0, T::weight)
    }
}

impl<T: Weight> Weight for Vec<T> {
    fn weight(&self) -> usize {
        let elements: usize = self.iter().map(T::weight).sum();
        elements.saturating_add(self.capacity().saturating_mul(size_of::<T>()))
    }
}

impl Weight for Text {
    fn weight(&self) -> usize {
        [self.text.weight(), self.lang.weight()].into_iter().sum()
    }
}

impl Weight for Reason {
    fn weight(&self) -> usize {
        self.comment.weight()
    }
}

impl Weight for DkimResult {
    fn weight(&self) -> usize {
        [self.domain.weight(), self.selector.weight(), self.human_result.weight()].into_iter().sum()
    }
}

impl Weight for SpfResult {
    fn weight(&self) -> usize {
        [self.domain.weight(), self.human_result.weight()].into_iter().sum()
    }
}

impl Weight for ReportRow {
    fn weight(&self) -> usize {
        let envelope = [self.header_from.weight(), self.envelope_from.weight(), self.envelope_to.weight()];
        let results = [self.reasons.weight(), self.dkim.weight(), self.spf.weight()];
        envelope.into_iter().chain(results).sum()
    }
}

impl Weight for PolicyPublished {
    fn weight(&self) -> usize {
        [self.domain.weight(), self.fo.weight()].into_iter().sum()
    }
}

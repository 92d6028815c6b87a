//! A list that is almost always one.

use alloc::vec::Vec;

/// A list whose first element takes no memory of its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Few<T> {
    first: Option<T>,
    rest: Vec<T>,
}

impl<T> Few<T> {
    pub(crate) const fn new() -> Self {
        Self { first: None, rest: Vec::new() }
    }

    pub(crate) fn push(&mut self, element: T) {
        match self.first {
            None => self.first = Some(element),
            Some(_) => self.rest.push(element),
        }
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &T> {
        self.first.iter().chain(&self.rest)
    }

    pub(crate) fn first(&self) -> Option<&T> {
        self.first.as_ref()
    }

    pub(crate) fn len(&self) -> usize {
        usize::from(self.first.is_some()).saturating_add(self.rest.len())
    }
}

impl<T: Clone> From<&[T]> for Few<T> {
    fn from(elements: &[T]) -> Self {
        let mut few = Self::new();
        elements.iter().cloned().for_each(|element| few.push(element));
        few
    }
}

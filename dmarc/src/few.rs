//! A list that is almost always one.

use alloc::{vec, vec::Vec};
use core::{mem, ops::Deref, slice};

/// A list that takes no memory of its own while it has only one element. It is read as a slice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Few<T> {
    One(T),
    Other(Vec<T>),
}

impl<T> Few<T> {
    #[inline]
    pub(crate) fn push(&mut self, element: T) {
        match self {
            Self::Other(elements) if elements.is_empty() => *self = Self::One(element),
            Self::Other(elements) => elements.push(element),
            Self::One(_) => {
                if let Self::One(first) = mem::take(self) {
                    *self = Self::Other(vec![first, element]);
                }
            }
        }
    }

    pub(crate) fn into_first(self) -> Option<T> {
        match self {
            Self::One(element) => Some(element),
            Self::Other(elements) => elements.into_iter().next(),
        }
    }
}

impl<T> Default for Few<T> {
    fn default() -> Self {
        Self::Other(Vec::new())
    }
}

impl<T> Deref for Few<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        match self {
            Self::One(element) => slice::from_ref(element),
            Self::Other(elements) => elements,
        }
    }
}

impl<T: Clone> From<&[T]> for Few<T> {
    fn from(elements: &[T]) -> Self {
        match elements {
            [element] => Self::One(element.clone()),
            _ => Self::Other(elements.to_vec()),
        }
    }
}

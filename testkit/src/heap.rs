//! A heap that counts: how many octets are in use, the most that ever were, and how many allocations were made.
//!
//! A test binary installs it with `#[global_allocator] static HEAP: testkit::heap::Counting = Counting;`. The
//! counts are those of the thread: what the test harness or another test does beside it is not in them.
#![allow(unsafe_code)]

use std::{
    alloc::{GlobalAlloc, Layout, System},
    cell::Cell,
};

thread_local! {
    // without a destructor and without an initial allocation, so that they can be used inside of the allocator
    static IN_USE: Cell<isize> = const { Cell::new(0) };
    static MOST: Cell<isize> = const { Cell::new(0) };
    static ALLOCATIONS: Cell<usize> = const { Cell::new(0) };
}

/// The system's allocator, with counts.
#[derive(Debug)]
pub struct Counting;

fn grow(octets: usize) {
    ALLOCATIONS.set(ALLOCATIONS.get().saturating_add(1));
    let in_use = IN_USE.get().saturating_add_unsigned(octets);
    IN_USE.set(in_use);
    MOST.set(MOST.get().max(in_use));
}

/// What another thread has taken can be given back here, so that less than nothing may be in use.
fn shrink(octets: usize) {
    IN_USE.set(IN_USE.get().saturating_sub_unsigned(octets));
}

// SAFETY: every call is passed on to the system's allocator as it is.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        grow(layout.size());
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        shrink(layout.size());
        unsafe { System.dealloc(pointer, layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        // the old block may live until the new one is filled
        grow(size);
        shrink(layout.size());
        unsafe { System.realloc(pointer, layout, size) }
    }
}

/// What a piece of work took from the heap.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Usage {
    /// The most octets in use at any time, above those in use before.
    pub most: usize,
    /// How many allocations were made, enlargements counted.
    pub allocations: usize,
}

/// Runs a piece of work and tells what it took.
pub fn measure<T>(work: impl FnOnce() -> T) -> (T, Usage) {
    let before = IN_USE.get();
    MOST.set(before);
    let allocations = ALLOCATIONS.get();
    let output = work();
    let most = usize::try_from(MOST.get().saturating_sub(before)).unwrap_or(0);
    (output, Usage { most, allocations: ALLOCATIONS.get().saturating_sub(allocations) })
}

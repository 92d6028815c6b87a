//! A heap that counts: how many octets are in use, the most that ever were, and how many allocations were made.
//!
//! A test binary installs it with `#[global_allocator] static HEAP: testkit::heap::Counting = Counting;` and
//! holds one test, because the counts are those of the whole process.
#![allow(unsafe_code)]

use std::{
    alloc::{GlobalAlloc, Layout, System},
    sync::atomic::{AtomicUsize, Ordering::SeqCst},
};

static IN_USE: AtomicUsize = AtomicUsize::new(0);
static MOST: AtomicUsize = AtomicUsize::new(0);
static ALLOCATIONS: AtomicUsize = AtomicUsize::new(0);

/// The system's allocator, with counts.
#[derive(Debug)]
pub struct Counting;

fn grow(octets: usize) {
    ALLOCATIONS.fetch_add(1, SeqCst);
    let in_use = IN_USE.fetch_add(octets, SeqCst).saturating_add(octets);
    MOST.fetch_max(in_use, SeqCst);
}

// SAFETY: every call is passed on to the system's allocator as it is.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        grow(layout.size());
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        IN_USE.fetch_sub(layout.size(), SeqCst);
        unsafe { System.dealloc(pointer, layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        // the old block may live until the new one is filled
        grow(size);
        IN_USE.fetch_sub(layout.size(), SeqCst);
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
    let before = IN_USE.load(SeqCst);
    MOST.store(before, SeqCst);
    let allocations = ALLOCATIONS.load(SeqCst);
    let output = work();
    let usage = Usage {
        most: MOST.load(SeqCst).saturating_sub(before),
        allocations: ALLOCATIONS.load(SeqCst).saturating_sub(allocations),
    };
    (output, usage)
}

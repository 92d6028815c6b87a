//! Links every crate that says it needs no std. See `Cargo.toml`.
#![no_std]

extern crate alloc;
#[cfg(feature = "with-std")]
extern crate std;

use core::{
    alloc::{GlobalAlloc, Layout},
    panic::PanicInfo,
    ptr,
};

pub use {apop, auth_results, dkim, dmarc, mail_base, pop3_proto, sasl, smtp_proto, spf};

/// Nothing is ever run, so nothing is ever allocated.
struct NoHeap;

unsafe impl GlobalAlloc for NoHeap {
    unsafe fn alloc(&self, _: Layout) -> *mut u8 {
        ptr::null_mut()
    }

    unsafe fn dealloc(&self, _: *mut u8, _: Layout) {}
}

#[global_allocator]
static HEAP: NoHeap = NoHeap;

#[panic_handler]
fn panic(_: &PanicInfo<'_>) -> ! {
    loop {}
}

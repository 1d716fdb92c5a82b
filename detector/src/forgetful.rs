//! Memory that forgets: what is freed is overwritten first.
//!
//! A [`nattsyn_models::Frame`] is overwritten when it is dropped; but the network's own tensors,
//! a decoder's buffers and whatever a library copies are freed as they are. The eye makes this
//! its allocator, so that no part of a picture outlives the look, whoever held it. It does not
//! reach stacks, registers, and memory that a driver maps.

use std::alloc::{GlobalAlloc, Layout, System};

/// The system's allocator, which overwrites what is given back.
#[derive(Clone, Copy, Debug, Default)]
pub struct ForgetfulMemory;

#[expect(unsafe_code, reason = "an allocator is a promise about raw memory")]
// SAFETY: every call is the system allocator's, with the same arguments; before memory is given
// back to it, the bytes that were lent are written to, which their owner no longer reads.
// `realloc` is left to its default, which allocates, copies and gives back: nothing grows or
// moves with its old place left as it was.
unsafe impl GlobalAlloc for ForgetfulMemory {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: as the caller promises.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        // SAFETY: as the caller promises.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        // SAFETY: the caller gives back `layout.size()` bytes at `memory`, all of them its own.
        // The C library's own call is one that no optimiser leaves out.
        unsafe {
            libc::explicit_bzero(memory.cast(), layout.size());
            System.dealloc(memory, layout);
        }
    }
}

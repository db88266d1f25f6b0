//! The allocator of all programs: mimalloc, asked for alignment only where that is more than it gives anyway.
//!
//! Rust names an alignment with each allocation, and the crate `mimalloc` hands all of them to `mi_malloc_aligned`. That takes twice
//! the instructions of `mi_malloc` at best, and four times where the free list at hand has run empty, for then it asks for a
//! larger block within which it could align, of another list, and never fills the first one up again (version 3.x, `alloc-aligned.c`).
//! See decision 0049.
#![deny(unsafe_code)]

mod mimalloc;

pub use mimalloc::Heap;

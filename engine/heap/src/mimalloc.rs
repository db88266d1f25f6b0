//! mimalloc as the global allocator: the crate's only unsafe code.
#![expect(
    unsafe_code,
    reason = "an allocator is unsafe by its trait, and mimalloc is written in C"
)]

use core::alloc::{GlobalAlloc, Layout};

use libmimalloc_sys as mi;

/// mimalloc as the global allocator of a program.
///
/// ```
/// #[global_allocator]
/// static HEAP: trapjaw_heap::Heap = trapjaw_heap::Heap;
///
/// assert_eq!(vec![0_u128; 3].as_ptr().addr() % align_of::<u128>(), 0);
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct Heap;

/// Are blocks of this size aligned as the layout asks, whoever asks for them?
///
/// Blocks of mimalloc are of whole words and begin at whole words, and those of 16 bytes or more at 16 bytes, as C asks of `malloc` for
/// its `max_align_t` (`MI_MAX_ALIGN_SIZE`).
#[inline]
fn is_aligned_anyway(size: usize, align: usize) -> bool {
    align <= size_of::<usize>() || (align <= 16 && size >= 16)
}

// SAFETY: each function gives what mimalloc gives, which is a block of that size or null, and aligned: either as all of its
// blocks are, or because it was asked to. `mi_free` and `mi_realloc` take blocks of either origin.
unsafe impl GlobalAlloc for Heap {
    #[inline]
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let (size, align) = (layout.size(), layout.align());
        // SAFETY: mimalloc takes any size, and any alignment that a layout may have.
        unsafe {
            if is_aligned_anyway(size, align) {
                mi::mi_malloc(size).cast()
            } else {
                mi::mi_malloc_aligned(size, align).cast()
            }
        }
    }

    #[inline]
    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        let (size, align) = (layout.size(), layout.align());
        // SAFETY: as in `alloc`.
        unsafe {
            if is_aligned_anyway(size, align) {
                mi::mi_zalloc(size).cast()
            } else {
                mi::mi_zalloc_aligned(size, align).cast()
            }
        }
    }

    #[inline]
    unsafe fn dealloc(&self, ptr: *mut u8, _layout: Layout) {
        // SAFETY: the caller gives back what an allocation gave.
        unsafe { mi::mi_free(ptr.cast()) }
    }

    #[inline]
    unsafe fn realloc(&self, ptr: *mut u8, layout: Layout, new_size: usize) -> *mut u8 {
        let align = layout.align();
        // SAFETY: the caller gives what an allocation gave; where it stays in its block, it stays aligned.
        unsafe {
            if is_aligned_anyway(new_size, align) {
                mi::mi_realloc(ptr.cast(), new_size).cast()
            } else {
                mi::mi_realloc_aligned(ptr.cast(), new_size, align).cast()
            }
        }
    }
}

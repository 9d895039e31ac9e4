//! What crosses the border to C: byte strings, and errors in place of panics. The contract is in
//! `include/driftwood_crates.h`.
use std::panic::{catch_unwind, AssertUnwindSafe};
use std::ptr;
use std::slice;

/// Bytes that Rust allocated and C must give back with `dw_bytes_free`.
#[repr(C)]
pub struct DwBytes {
    data: *mut u8,
    size: usize,
}

impl DwBytes {
    pub fn from_vec(bytes: Vec<u8>) -> Self {
        let boxed = bytes.into_boxed_slice();
        let size = boxed.len();
        Self {
            data: Box::into_raw(boxed).cast(),
            size,
        }
    }
}

#[no_mangle]
pub unsafe extern "C" fn dw_bytes_free(bytes: DwBytes) {
    if !bytes.data.is_null() {
        drop(Box::from_raw(ptr::slice_from_raw_parts_mut(
            bytes.data, bytes.size,
        )));
    }
}

pub unsafe fn bytes_of<'a>(data: *const u8, size: usize) -> &'a [u8] {
    if size == 0 {
        &[]
    } else {
        slice::from_raw_parts(data, size)
    }
}

/// Runs `work`; a panic becomes None.
pub fn without_panics<T>(work: impl FnOnce() -> T) -> Option<T> {
    catch_unwind(AssertUnwindSafe(work)).ok()
}

//! SHA-256. The contract is in `include/driftwood_crates.h`.
use sha2::{Digest, Sha256};

use crate::border::bytes_of;

#[no_mangle]
pub unsafe extern "C" fn dw_sha256(bytes: *const u8, size: usize, out: *mut u8) {
    let digest: [u8; 32] = Sha256::digest(bytes_of(bytes, size)).into();
    out.cast::<[u8; 32]>().write_unaligned(digest);
}

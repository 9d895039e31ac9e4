//! Thin C entry points to the Rust libraries that Driftwood stands on: Wasmtime's own C API,
//! carried along as it is, and the `tokenizers` crate. Nothing here decides anything; the C++ side
//! wraps it at once.
extern crate wasmtime_c_api as _;

mod tokenizer;

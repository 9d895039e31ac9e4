//! Thin C entry points to the Rust libraries that Driftwood stands on: Wasmtime's own C API,
//! carried along as it is, the `tokenizers` crate and SHA-256; and the global-export pass over
//! modules, the one thing that is decided here. The C++ side wraps it at once.
extern crate wasmtime_c_api as _;

mod border;
mod freezable;
mod sha256;
mod tokenizer;

// C entry points of the Rust static library in crates/. Wasmtime's C API is in the same archive and
// comes with its own headers. Rust keeps nothing of what it is given; every returned byte string is
// freed with dw_bytes_free. No function prints or aborts; false means that `error` holds one
// sentence.
//
// Threads: a tokenizer may be used by several threads at once; creating and freeing it may not
// overlap use.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct dw_bytes {
  uint8_t* data;
  size_t size;  // bytes
} dw_bytes;

void dw_bytes_free(dw_bytes bytes);

typedef struct dw_tokenizer dw_tokenizer;

// Reads a Hugging Face tokenizer.json; its truncation and padding are switched off.
bool dw_tokenizer_new(const uint8_t* json, size_t size, dw_tokenizer** out, dw_bytes* error);
void dw_tokenizer_free(dw_tokenizer* tokenizer);

// The largest token id plus one, added tokens included.
size_t dw_tokenizer_vocabulary_size(const dw_tokenizer* tokenizer);

// UTF-8 text to ids, returned as packed native u32. `add_special` runs the file's post-processor
// (BOS).
bool dw_tokenizer_encode(const dw_tokenizer* tokenizer, const uint8_t* text, size_t size,
                         bool add_special, dw_bytes* out, dw_bytes* error);

// Ids to UTF-8 text; bytes that form no character become U+FFFD; unknown ids are skipped.
bool dw_tokenizer_decode(const dw_tokenizer* tokenizer, const uint32_t* ids, size_t count,
                         bool skip_special, dw_bytes* out, dw_bytes* error);

// The id of a token given by its exact text; false where there is none.
bool dw_tokenizer_token_id(const dw_tokenizer* tokenizer, const uint8_t* token, size_t size,
                           uint32_t* id);

typedef enum dw_freezability {
  DW_FREEZABLE = 0,
  DW_NOT_FREEZABLE = 1,
  DW_MALFORMED = 2,
} dw_freezability;

// The global-export pass over a WebAssembly module, linear in its size. `out` becomes
// - freezable: the module with each mutable global that it defines exported, after what it exports
//   itself and by ascending number, as "driftwood:global:N"; N counts imported globals too. Every
//   other section is kept byte for byte.
// - not freezable: why, as UTF-8 that continues "The guest ". The module has a start section, an
//   instruction that changes a table or drops a segment, a mutable global that is imported or holds
//   a reference, more than 4,096 mutable globals, or exports such a name itself.
// - malformed: nothing, since the bytes cannot be walked to their end. Neither of the other answers
//   says that a module is valid.
dw_freezability dw_make_freezable(const uint8_t* wasm, size_t size, dw_bytes* out);

// The SHA-256 of `size` bytes; `out` takes 32.
void dw_sha256(const uint8_t* bytes, size_t size, uint8_t* out);

#ifdef __cplusplus
}
#endif

// Every function that a guest may import, by name and type. The module check and the linker read
// this table.
#pragma once

#include <new>
#include <span>
#include <stdexcept>
#include <string_view>

#include "core/error.h"
#include "guest/guest_state.h"
#include "guest/wasmtime_handles.h"

namespace driftwood::guest {

struct Import {
  std::string_view module;
  std::string_view name;
  std::string_view parameters;  // a letter each: i is i32, I is i64
  std::string_view results;
  // Unchecked: reads its arguments from, and writes its result to, values of the types above.
  wasmtime_func_unchecked_callback_t call;
};

inline constexpr std::string_view kAbiModule = "driftwood";
inline constexpr std::string_view kWasiModule = "wasi_snapshot_preview1";

std::span<const Import> abi_imports();
std::span<const Import> wasi_imports();

// The import of this name, or null.
const Import* find_import(std::string_view module, std::string_view name);

// The letter of a type: those above, f is f32, F f64, V v128, and ? a reference.
char type_letter(const wasm_valtype_t& type);

// The letters of a function type's parameters or results.
std::string type_letters(const wasm_valtype_vec_t& types);

// Adds every import to the linker.
void define_imports(wasmtime_linker_t* linker);

// The guest that called an import.
GuestState& calling_guest(wasmtime_caller_t* caller);

// The trap that an exception becomes. Precondition: one is being handled.
wasm_trap_t* trap_of_exception() noexcept;

// Runs the body of an import, since no exception may cross Wasmtime: when the host has not the
// memory for it, `without_memory` answers instead; any other exception ends the guest.
template <typename Body, typename WithoutMemory>
wasm_trap_t* run_import(Body body, WithoutMemory without_memory) noexcept {
  try {
    try {
      body();
    } catch (const std::bad_alloc&) {
      without_memory();
    } catch (const std::length_error&) {
      without_memory();
    }
    return nullptr;
  } catch (...) {
    return trap_of_exception();
  }
}

}  // namespace driftwood::guest

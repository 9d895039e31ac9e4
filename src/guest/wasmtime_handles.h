// Owners for the objects of Wasmtime's C API.
#pragma once

#include <wasmtime.h>

#include <memory>

namespace driftwood::guest {

template <auto kDelete>
struct DeleteWith {
  template <typename T>
  void operator()(T* object) const {
    kDelete(object);
  }
};

using OwnedEngine = std::unique_ptr<wasm_engine_t, DeleteWith<wasm_engine_delete>>;
using OwnedError = std::unique_ptr<wasmtime_error_t, DeleteWith<wasmtime_error_delete>>;
using OwnedFunctionType = std::unique_ptr<wasm_functype_t, DeleteWith<wasm_functype_delete>>;
using OwnedInstancePre =
    std::unique_ptr<wasmtime_instance_pre_t, DeleteWith<wasmtime_instance_pre_delete>>;
using OwnedLinker = std::unique_ptr<wasmtime_linker_t, DeleteWith<wasmtime_linker_delete>>;
using OwnedModule = std::unique_ptr<wasmtime_module_t, DeleteWith<wasmtime_module_delete>>;
using OwnedStore = std::unique_ptr<wasmtime_store_t, DeleteWith<wasmtime_store_delete>>;
using OwnedTrap = std::unique_ptr<wasm_trap_t, DeleteWith<wasm_trap_delete>>;

// A vector of the C API, freed at the end of its scope.
template <typename Vector, auto kDelete>
struct OwnedVector : Vector {
  OwnedVector() : Vector{} {}
  ~OwnedVector() { kDelete(this); }
  OwnedVector(const OwnedVector&) = delete;
  OwnedVector& operator=(const OwnedVector&) = delete;
};

using OwnedBytes = OwnedVector<wasm_byte_vec_t, wasm_byte_vec_delete>;
using OwnedFrames = OwnedVector<wasm_frame_vec_t, wasm_frame_vec_delete>;
using OwnedImportTypes = OwnedVector<wasm_importtype_vec_t, wasm_importtype_vec_delete>;
using OwnedExportTypes = OwnedVector<wasm_exporttype_vec_t, wasm_exporttype_vec_delete>;

}  // namespace driftwood::guest

#include "guest/compiled.h"
#include "guest/import_table.h"
#include "guest/memory_creator.h"
#include "os/process.h"

namespace driftwood::guest {
namespace {

// The compiler's threads belong to the process that compiled first; a child of fork has not got
// them, and would wait for ever. ThreadSanitizer cannot see how they, which it did not build, wait
// for each other.
bool compiles_in_parallel() {
#if defined(DRIFTWOOD_THREAD_SANITIZED)
  return false;
#else
  static const std::int64_t first_process = os::process_id();
  return os::process_id() == first_process;
#endif
}

// What a guest may use of WebAssembly is part of its ABI, so each proposal that Wasmtime lets
// choose is named here. Garbage collection and exceptions are not built in. What could not be
// frozen, such as start sections and changes of tables, Module::compile refuses.
void pin_features(wasm_config_t* config) {
  wasmtime_config_wasm_simd_set(config, true);
  wasmtime_config_wasm_bulk_memory_set(config, true);
  wasmtime_config_wasm_multi_value_set(config, true);
  wasmtime_config_wasm_relaxed_simd_set(config, false);
  wasmtime_config_wasm_threads_set(config, false);
  wasmtime_config_shared_memory_set(config, false);
  wasmtime_config_wasm_tail_call_set(config, false);
  wasmtime_config_wasm_multi_memory_set(config, false);
  wasmtime_config_wasm_memory64_set(config, false);
  wasmtime_config_wasm_wide_arithmetic_set(config, false);
  wasmtime_config_wasm_custom_page_sizes_set(config, false);
  wasmtime_config_wasm_stack_switching_set(config, false);
  wasmtime_config_gc_support_set(config, false);
  // The bits of a NaN would otherwise differ between machines.
  wasmtime_config_cranelift_nan_canonicalization_set(config, true);
}

}  // namespace

Engine::Engine(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Engine::~Engine() = default;

Result<std::shared_ptr<Engine>> Engine::create(const std::string& cache_folder) {
  wasm_config_t* config = wasm_config_new();
  pin_features(config);
  install_memory_creator(config);
  wasmtime_config_epoch_interruption_set(config, true);
  wasmtime_config_parallel_compilation_set(config, compiles_in_parallel());
  OwnedEngine engine(wasm_engine_new_with_config(config));  // takes the config
  if (engine == nullptr) {
    return fail(ErrorCode::unsupported, "Wasmtime does not run on this machine.");
  }
  OwnedLinker linker(wasmtime_linker_new(engine.get()));
  define_imports(linker.get());
  return std::shared_ptr<Engine>(
      new Engine(std::make_unique<Impl>(std::move(engine), std::move(linker), cache_folder)));
}

}  // namespace driftwood::guest

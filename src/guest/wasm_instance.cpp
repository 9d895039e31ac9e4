// A guest as an instance of a WebAssembly module in a store of its own.
#include <algorithm>
#include <array>

#include "core/check.h"
#include "guest/call_watch.h"
#include "guest/compiled.h"
#include "guest/failure.h"
#include "guest/guest_instance.h"
#include "guest/memory_creator.h"

namespace driftwood::guest {
namespace {

constexpr std::int64_t kMostTableElements = 1 << 20;

// Called when the engine's epoch has advanced, which its ticker does, and interrupt() of any guest.
wasmtime_error_t* epoch_advanced(wasmtime_context_t*, void* watch, std::uint64_t* deadline_delta,
                                 wasmtime_update_deadline_kind_t* kind) noexcept {
  try {
    if (const std::optional<Error>& ending = static_cast<CallWatch*>(watch)->check()) {
      return wasmtime_error_new(ending->message().c_str());
    }
  } catch (...) {  // no exception may cross Wasmtime
    return wasmtime_error_new("it is to end, and the host has not the memory to say why");
  }
  *deadline_delta = 1;
  *kind = WASMTIME_UPDATE_DEADLINE_CONTINUE;
  return nullptr;
}

class WasmInstance final : public GuestInstance {
 public:
  WasmInstance(std::shared_ptr<const Module> module, Services services)
      : GuestInstance(std::move(services)),
        module_(std::move(module)),
        watch_(state.services.limits.call_ns) {}

  // Instantiates the module. Errors: as Guest::create.
  Result<void> begin();

  Result<std::int32_t> start() override;
  Result<std::int32_t> resume(std::int32_t event, std::int32_t status) override;
  void set_watch(std::function<Result<void>()> watch) override { watch_.owner = std::move(watch); }
  void interrupt() override;

 private:
  wasmtime_context_t* context() const { return wasmtime_store_context(store_.get()); }

  void make_store();
  Result<void> instantiate();
  wasmtime_func_t export_function(std::string_view name) const;
  Result<void> call(std::string_view name, const wasmtime_func_t& function,
                    std::span<wasmtime_val_raw_t> values);

  std::shared_ptr<const Module> module_;
  CallWatch watch_;
  OwnedStore
      store_;  // goes first: its memory is a share of the region, and its imports use the state
  wasmtime_instance_t instance_ = {};
  wasmtime_func_t start_ = {};
  wasmtime_func_t resume_ = {};
};

void WasmInstance::make_store() {
  store_.reset(wasmtime_store_new(module_->impl().engine->impl().engine.get(), &state, nullptr));
  const auto memory_bytes =
      static_cast<std::int64_t>(std::min(state.services.limits.memory_bytes, kReservedBytes));
  wasmtime_store_limiter(store_.get(), memory_bytes, kMostTableElements, /*instances=*/1,
                         /*tables=*/1,
                         /*memories=*/1);
  wasmtime_store_epoch_deadline_callback(store_.get(), epoch_advanced, &watch_, nullptr);
  wasmtime_context_set_epoch_deadline(context(), 1);
}

Result<void> WasmInstance::instantiate() {
  MemoryCapture capture;
  wasm_trap_t* trap = nullptr;
  const os::Ticker::Work work(module_->impl().engine->impl().ticker);
  const OwnedError error(wasmtime_instance_pre_instantiate(module_->impl().instance_pre.get(),
                                                           context(), &instance_, &trap));
  const OwnedTrap owned_trap(trap);
  state.memory = GuestMemory(capture.region);
  if (capture.error) return std::unexpected(*capture.error);
  if (owned_trap != nullptr || watch_.ending()) {
    return std::unexpected(guest_failure("start section", owned_trap, error, watch_.ending()));
  }
  if (error != nullptr) {
    return fail(ErrorCode::limit, "The guest cannot be instantiated: {}", message_of(*error));
  }
  DW_CHECK(capture.region != nullptr);
  return {};
}

wasmtime_func_t WasmInstance::export_function(std::string_view name) const {
  wasmtime_extern_t item;
  DW_CHECK(wasmtime_instance_export_get(context(), &instance_, name.data(), name.size(), &item));
  DW_CHECK(item.kind == WASMTIME_EXTERN_FUNC);
  return item.of.func;  // owns nothing
}

// Precondition: `values` has room for the parameters and the results, whose types Module::compile
// checked.
Result<void> WasmInstance::call(std::string_view name, const wasmtime_func_t& function,
                                std::span<wasmtime_val_raw_t> values) {
  watch_.begin();
  wasm_trap_t* trap = nullptr;
  const os::Ticker::Work work(module_->impl().engine->impl().ticker);
  const OwnedError error(
      wasmtime_func_call_unchecked(context(), &function, values.data(), values.size(), &trap));
  const OwnedTrap owned_trap(trap);
  if (owned_trap == nullptr && error == nullptr) return {};
  return std::unexpected(guest_failure(name, owned_trap, error, watch_.ending()));
}

Result<void> WasmInstance::begin() {
  make_store();
  DW_TRY(instantiate());
  start_ = export_function(kStartExport);
  resume_ = export_function(kResumeExport);
  return {};
}

Result<std::int32_t> WasmInstance::start() {
  if (module_->impl().has_initialize) {
    DW_TRY(call(kInitializeExport, export_function(kInitializeExport), {}));
  }
  std::array<wasmtime_val_raw_t, 1> values = {};
  DW_TRY(call(kStartExport, start_, values));
  return values[0].i32;
}

Result<std::int32_t> WasmInstance::resume(std::int32_t event, std::int32_t status) {
  std::array<wasmtime_val_raw_t, 2> values = {};
  values[0].i32 = event;
  values[1].i32 = status;
  DW_TRY(call(kResumeExport, resume_, values));
  return values[0].i32;
}

void WasmInstance::interrupt() {
  watch_.interrupt();
  wasmtime_engine_increment_epoch(module_->impl().engine->impl().engine.get());
}

}  // namespace

Result<std::unique_ptr<GuestInstance>> make_wasm_instance(std::shared_ptr<const Module> module,
                                                          Services services) {
  DW_CHECK(module != nullptr);
  const std::uint64_t memory_bytes = module->impl().memory_bytes;
  if (memory_bytes > services.limits.memory_bytes) {
    return fail(ErrorCode::limit, "The guest's memory begins with {} bytes, over its limit of {}.",
                memory_bytes, services.limits.memory_bytes);
  }
  auto instance = std::make_unique<WasmInstance>(std::move(module), std::move(services));
  DW_TRY(instance->begin());
  return instance;
}

}  // namespace driftwood::guest

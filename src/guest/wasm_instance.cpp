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

// How a type is called and how many bytes its values have.
struct TypeInfo {
  wasmtime_valkind_t kind;
  std::size_t size_bytes;
};

TypeInfo info_of(char type) {
  switch (type) {
    case 'i':
      return {WASMTIME_I32, 4};
    case 'I':
      return {WASMTIME_I64, 8};
    case 'f':
      return {WASMTIME_F32, 4};
    case 'F':
      return {WASMTIME_F64, 8};
    default:
      return {WASMTIME_V128, 16};
  }
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

  std::shared_ptr<const Module> module() const override { return module_; }
  std::vector<Global> globals() const override;
  Result<void> set_globals(std::span<const Global> globals) override;
  Result<void> grow_memory(std::uint64_t bytes) override;
  void clear_data() override;

 private:
  wasmtime_context_t* context() const { return wasmtime_store_context(store_.get()); }

  void make_store();
  Result<void> instantiate();
  // An export that Module::compile found.
  wasmtime_extern_t export_of(std::string_view name, wasmtime_extern_kind_t kind) const;
  Result<void> call(std::string_view name, const wasmtime_func_t& function,
                    std::span<wasmtime_val_raw_t> values);

  std::shared_ptr<const Module> module_;
  CallWatch watch_;
  OwnedStore
      store_;  // goes first: its memory is a share of the region, and its imports use the state
  wasmtime_instance_t instance_ = {};
  wasmtime_func_t start_ = {};
  wasmtime_func_t resume_ = {};
  wasmtime_memory_t memory_ = {};
  std::vector<wasmtime_global_t> globals_;  // of module_->impl().mutable_globals
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
  const OwnedError error(wasmtime_instance_pre_instantiate(module_->impl().instance_pre.get(),
                                                           context(), &instance_, &trap));
  const OwnedTrap owned_trap(trap);
  state.memory = GuestMemory(capture.region);
  if (capture.error) return std::unexpected(*capture.error);
  if (owned_trap != nullptr) {  // by a segment that lies outside its memory or table
    return std::unexpected(guest_failure("instantiation", owned_trap, error, std::nullopt));
  }
  if (error != nullptr) {
    return fail(ErrorCode::limit, "The guest cannot be instantiated: {}", message_of(*error));
  }
  DW_CHECK(capture.region != nullptr);
  return {};
}

wasmtime_extern_t WasmInstance::export_of(std::string_view name,
                                          wasmtime_extern_kind_t kind) const {
  wasmtime_extern_t item;
  DW_CHECK(wasmtime_instance_export_get(context(), &instance_, name.data(), name.size(), &item));
  DW_CHECK(item.kind == kind);  // none of the kinds asked for here owns anything
  return item;
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
  // Looking for them takes longer than instantiating.
  std::call_once(module_->impl().data_pages_once,
                 [this] { module_->impl().data_pages = state.memory.region()->touched_pages(); });
  start_ = export_of(kStartExport, WASMTIME_EXTERN_FUNC).of.func;
  resume_ = export_of(kResumeExport, WASMTIME_EXTERN_FUNC).of.func;
  memory_ = export_of(kMemoryExport, WASMTIME_EXTERN_MEMORY).of.memory;
  for (const MutableGlobal& global : module_->impl().mutable_globals) {
    const std::string name = fmt::format("{}{}", kGlobalExportPrefix, global.index);
    globals_.push_back(export_of(name, WASMTIME_EXTERN_GLOBAL).of.global);
  }
  return {};
}

Result<std::int32_t> WasmInstance::start() {
  if (module_->impl().has_initialize) {
    DW_TRY(call(kInitializeExport, export_of(kInitializeExport, WASMTIME_EXTERN_FUNC).of.func, {}));
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

std::vector<Global> WasmInstance::globals() const {
  std::vector<Global> globals;
  for (std::size_t i = 0; i < globals_.size(); ++i) {
    const MutableGlobal& known = module_->impl().mutable_globals[i];
    Global global{.index = known.index, .type = known.type};
    wasmtime_val_t value;
    wasmtime_global_get(context(), &globals_[i], &value);
    std::copy_n(reinterpret_cast<const std::byte*>(&value.of), info_of(known.type).size_bytes,
                global.bits.begin());
    globals.push_back(global);
  }
  return globals;
}

Result<void> WasmInstance::set_globals(std::span<const Global> globals) {
  if (globals.size() != globals_.size()) {
    return fail(ErrorCode::corrupt, "There are {} globals for a guest whose module has {}.",
                globals.size(), globals_.size());
  }
  for (std::size_t i = 0; i < globals.size(); ++i) {
    const MutableGlobal& known = module_->impl().mutable_globals[i];
    if (globals[i].index != known.index || globals[i].type != known.type) {
      return fail(ErrorCode::corrupt,
                  "Global {} of type {:?} stands where the guest's module has global {} of type "
                  "{:?}.",
                  globals[i].index, globals[i].type, known.index, known.type);
    }
  }
  for (std::size_t i = 0; i < globals.size(); ++i) {
    const TypeInfo info = info_of(globals[i].type);
    wasmtime_val_t value = {};
    value.kind = info.kind;
    std::copy_n(globals[i].bits.begin(), info.size_bytes, reinterpret_cast<std::byte*>(&value.of));
    const OwnedError error(wasmtime_global_set(context(), &globals_[i], &value));
    DW_CHECK(error == nullptr);  // it is mutable and of this type
  }
  return {};
}

void WasmInstance::clear_data() {
  std::byte* const base = state.memory.region()->base();
  for (const os::PageRange& range : module_->impl().data_pages) {
    std::fill_n(base + range.offset_bytes, range.size_bytes, std::byte{0});
  }
}

Result<void> WasmInstance::grow_memory(std::uint64_t bytes) {
  const std::uint64_t before = wasmtime_memory_data_size(context(), &memory_);
  if (bytes % memory::kWasmPageBytes != 0 || bytes < before) {
    return fail(ErrorCode::corrupt,
                "A memory of {} bytes cannot become one of {}: it grows by multiples of {}.",
                before, bytes, memory::kWasmPageBytes);
  }
  std::uint64_t previous_pages = 0;
  const OwnedError error(wasmtime_memory_grow(
      context(), &memory_, (bytes - before) / memory::kWasmPageBytes, &previous_pages));
  if (error == nullptr) return {};
  return fail(ErrorCode::limit,
              "The guest's memory cannot grow from {} to {} bytes (its owner's limit is {}): {}",
              before, bytes, state.services.limits.memory_bytes, message_of(*error));
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

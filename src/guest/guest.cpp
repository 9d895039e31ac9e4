#include "guest/guest.h"

#include <algorithm>
#include <array>

#include "core/check.h"
#include "guest/abi.h"
#include "guest/call_watch.h"
#include "guest/compiled.h"
#include "guest/failure.h"
#include "guest/guest_state.h"
#include "guest/memory_creator.h"

namespace driftwood::guest {
namespace {

constexpr std::int64_t kMostTableElements = 1 << 20;

enum class Phase { fresh, waiting, finished, failed };

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

}  // namespace

struct Guest::Impl {
  explicit Impl(std::shared_ptr<const Module> given_module, Services services)
      : module(std::move(given_module)),
        state(std::move(services)),
        watch(state.services.limits.call_ns) {}

  std::shared_ptr<const Module> module;
  GuestState state;
  CallWatch watch;
  OwnedStore
      store;  // goes first: its memory is a share of the region, and its imports use the state
  wasmtime_instance_t instance = {};
  wasmtime_func_t start = {};
  wasmtime_func_t resume = {};
  Phase phase = Phase::fresh;

  wasmtime_context_t* context() const { return wasmtime_store_context(store.get()); }

  void make_store();
  Result<void> instantiate();
  wasmtime_func_t export_function(std::string_view name) const;
  Result<void> call(std::string_view name, const wasmtime_func_t& function,
                    std::span<wasmtime_val_raw_t> values);
  Result<Next> call_for_next(std::string_view name, const wasmtime_func_t& function,
                             std::span<wasmtime_val_raw_t> values);
  Result<Next> check_next(std::string_view name, std::int32_t next);
};

void Guest::Impl::make_store() {
  store.reset(wasmtime_store_new(module->impl().engine->impl().engine.get(), &state, nullptr));
  const auto memory_bytes =
      static_cast<std::int64_t>(std::min(state.services.limits.memory_bytes, kReservedBytes));
  wasmtime_store_limiter(store.get(), memory_bytes, kMostTableElements, /*instances=*/1,
                         /*tables=*/1,
                         /*memories=*/1);
  wasmtime_store_epoch_deadline_callback(store.get(), epoch_advanced, &watch, nullptr);
  wasmtime_context_set_epoch_deadline(context(), 1);
}

Result<void> Guest::Impl::instantiate() {
  MemoryCapture capture;
  wasm_trap_t* trap = nullptr;
  const os::Ticker::Work work(module->impl().engine->impl().ticker);
  const OwnedError error(wasmtime_instance_pre_instantiate(module->impl().instance_pre.get(),
                                                           context(), &instance, &trap));
  const OwnedTrap owned_trap(trap);
  state.memory = GuestMemory(capture.region);
  if (capture.error) return std::unexpected(*capture.error);
  if (owned_trap != nullptr || watch.ending()) {
    return std::unexpected(guest_failure("start section", owned_trap, error, watch.ending()));
  }
  if (error != nullptr) {
    return fail(ErrorCode::limit, "The guest cannot be instantiated: {}", message_of(*error));
  }
  DW_CHECK(capture.region != nullptr);
  return {};
}

wasmtime_func_t Guest::Impl::export_function(std::string_view name) const {
  wasmtime_extern_t item;
  DW_CHECK(wasmtime_instance_export_get(context(), &instance, name.data(), name.size(), &item));
  DW_CHECK(item.kind == WASMTIME_EXTERN_FUNC);
  return item.of.func;  // owns nothing
}

// Precondition: `values` has room for the parameters and the results, whose types Module::compile
// checked.
Result<void> Guest::Impl::call(std::string_view name, const wasmtime_func_t& function,
                               std::span<wasmtime_val_raw_t> values) {
  watch.begin();
  state.output_bytes = 0;
  wasm_trap_t* trap = nullptr;
  const os::Ticker::Work work(module->impl().engine->impl().ticker);
  const OwnedError error(
      wasmtime_func_call_unchecked(context(), &function, values.data(), values.size(), &trap));
  const OwnedTrap owned_trap(trap);
  if (owned_trap == nullptr && error == nullptr) return {};
  return std::unexpected(guest_failure(name, owned_trap, error, watch.ending()));
}

Result<Next> Guest::Impl::call_for_next(std::string_view name, const wasmtime_func_t& function,
                                        std::span<wasmtime_val_raw_t> values) {
  state.drop_run();
  const Result<void> called = call(name, function, values);
  Result<Next> next = called ? check_next(name, values[0].i32) : pass_on(called);
  if (!next) {
    phase = Phase::failed;
    state.drop_run();
  } else {
    phase = *next == Next::finished ? Phase::finished : Phase::waiting;
  }
  if (phase != Phase::waiting) {
    state.standard_output.flush();
    state.standard_error.flush();
  }
  return next;
}

Result<Next> Guest::Impl::check_next(std::string_view name, std::int32_t next) {
  if (next < 0) {
    return fail(ErrorCode::guest_failed, "The guest's {} ended with {} ({}).{}", name, next,
                abi_code_name(next),
                state.error_text.empty() ? "" : " Its last error: " + sentence(state.error_text));
  }
  if (next > static_cast<std::int32_t>(Next::finished)) {
    return fail(ErrorCode::guest_failed,
                "The guest's {} returned {}; the last that has a meaning is {}.", name, next,
                static_cast<std::int32_t>(Next::finished));
  }
  const auto known = static_cast<Next>(next);
  if (known == Next::run && !state.run) {
    return fail(ErrorCode::guest_failed, "The guest's {} waits for a run, but asked for none.",
                name);
  }
  if (known != Next::run && state.run) {
    return fail(ErrorCode::guest_failed, "The guest's {} asked for run {}, but returned {}.", name,
                state.run->number, next);
  }
  return known;
}

Guest::Guest(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

Guest::~Guest() {
  impl_->state.standard_output.flush();
  impl_->state.standard_error.flush();
}

Result<std::unique_ptr<Guest>> Guest::create(std::shared_ptr<const Module> module,
                                             Services services) {
  DW_CHECK(module != nullptr && services.device != nullptr);
  DW_CHECK(services.write_output && services.random_bits && services.now_ns);
  const std::uint64_t memory_bytes = module->impl().memory_bytes;
  if (memory_bytes > services.limits.memory_bytes) {
    return fail(ErrorCode::limit, "The guest's memory begins with {} bytes, over its limit of {}.",
                memory_bytes, services.limits.memory_bytes);
  }
  const bool has_initialize = module->impl().has_initialize;
  std::unique_ptr<Guest> guest(
      new Guest(std::make_unique<Impl>(std::move(module), std::move(services))));
  Impl& impl = *guest->impl_;
  impl.make_store();
  DW_TRY(impl.instantiate());
  impl.start = impl.export_function(kStartExport);
  impl.resume = impl.export_function(kResumeExport);
  if (has_initialize) {
    DW_TRY(impl.call(kInitializeExport, impl.export_function(kInitializeExport), {}));
  }
  return guest;
}

Result<Next> Guest::start() {
  if (impl_->phase != Phase::fresh) {
    return fail(ErrorCode::invalid_argument, "The guest was started already.");
  }
  std::array<wasmtime_val_raw_t, 1> values = {};
  return impl_->call_for_next(kStartExport, impl_->start, values);
}

Result<Next> Guest::resume(Event event, const Result<void>& outcome) {
  switch (impl_->phase) {
    case Phase::fresh:
      return fail(ErrorCode::invalid_argument, "The guest was not started yet.");
    case Phase::finished:
      return fail(ErrorCode::guest_failed, "The guest has finished.");
    case Phase::failed:
      return fail(ErrorCode::guest_failed, "The guest has failed before.");
    case Phase::waiting:
      break;
  }
  std::array<wasmtime_val_raw_t, 2> values = {};
  values[0].i32 = static_cast<std::int32_t>(event);
  if (!outcome) {
    impl_->state.error_text = outcome.error().message();
    values[1].i32 = abi_code(outcome.error().code());
  }
  return impl_->call_for_next(kResumeExport, impl_->resume, values);
}

void Guest::set_message(std::string message) {
  impl_->state.message = std::move(message);
  impl_->state.log_budget.renew();
}

const std::optional<RunRequest>& Guest::run() const {
  return impl_->state.run;
}

void Guest::set_watch(std::function<Result<void>()> watch) {
  impl_->watch.owner = std::move(watch);
}

void Guest::interrupt() {
  impl_->watch.interrupt();
  wasmtime_engine_increment_epoch(impl_->module->impl().engine->impl().engine.get());
}

memory::Region& Guest::region() const {
  return *impl_->state.memory.region();
}

}  // namespace driftwood::guest

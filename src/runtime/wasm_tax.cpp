#include <driftwood/bench.h>

#include "core/error.h"
#include "device/registry.h"
#include "os/process.h"
#include "runtime/builtin_guests.h"
#include "runtime/statistics.h"
#include "runtime/token_loop.h"

namespace driftwood {
namespace {

constexpr int kWarmUps = 5;

struct Times {
  std::vector<double> ms, outside_us;
  std::uint64_t whole_rows = 0;

  Result<double> add(TokenLoop& loop, bool counts) {
    DW_TRY_ASSIGN(const TokenTime time, loop.next());
    if (counts) {
      ms.push_back(time.total_ms());
      outside_us.push_back(static_cast<double>(time.outside_ns) * 1e-3);
      whole_rows += time.runs > 1;
    }
    return time.total_ms();
  }
};

struct Both {
  std::unique_ptr<TokenLoop> wasm, native;
};

Result<Both> make_both(device::Device& device, const std::shared_ptr<const model::Model>& model,
                       const NativeGuest& native) {
  DW_TRY_ASSIGN(const auto engine, guest::Engine::create());
  DW_TRY_ASSIGN(const auto bytes, builtin_guest_bytes("llama"));
  DW_TRY_ASSIGN(auto module, guest::Module::compile(engine, bytes));
  const auto make_native = [&](guest::Services services) {
    return guest::Guest::create_native({native.start, native.resume}, std::move(services));
  };
  Both both;
  DW_TRY_ASSIGN(both.wasm, TokenLoop::create(device, model, wasm_llama(std::move(module))));
  DW_TRY_ASSIGN(both.native, TokenLoop::create(device, model, make_native));
  return both;
}

}  // namespace

Result<TaxReport> measure_wasm_tax(const TaxOptions& options) {
  const auto step = [&](std::string_view what) {
    if (options.on_progress) options.on_progress(what);
  };
  DW_TRY_ASSIGN(
      const auto device,
      device::open_device(options.runtime.device, {.thread_count = options.runtime.thread_count,
                                                   .isa = options.runtime.isa}));
  DW_TRY_ASSIGN(const auto model, open_or_seed(options.model_folder));
  step("reading the prompt twice");
  DW_TRY_ASSIGN(const Both both, make_both(*device, model, options.native));
  const nlohmann::json settings = {
      {"temperature", options.temperature}, {"top_p", options.top_p}, {"top_k", 0}};
  DW_TRY(both.wasm->begin(prompt_of(options.context), settings));
  DW_TRY(both.native->begin(prompt_of(options.context), settings));

  step("timing pairs of tokens");
  Times wasm, native;
  std::vector<double> ratios;
  for (int pair = -kWarmUps; pair < static_cast<int>(options.pairs); ++pair) {
    const bool counts = pair >= 0;
    // The order alternates, since each finds what the other left in the caches.
    const bool wasm_first = pair % 2 == 0;
    DW_TRY_ASSIGN(const double first_ms,
                  wasm_first ? wasm.add(*both.wasm, counts) : native.add(*both.native, counts));
    DW_TRY_ASSIGN(const double second_ms,
                  wasm_first ? native.add(*both.native, counts) : wasm.add(*both.wasm, counts));
    if (counts) ratios.push_back(wasm_first ? first_ms / second_ms : second_ms / first_ms);
  }
  return TaxReport{.processor = os::processor_name(),
                   .device = device->capabilities().description,
                   .model = model->name,
                   .wasm_ms = spread_of(wasm.ms),
                   .native_ms = spread_of(native.ms),
                   .wasm_outside_us = spread_of(wasm.outside_us),
                   .native_outside_us = spread_of(native.outside_us),
                   .ratio = median(ratios),
                   .ratio_interval = interval_of_median(ratios),
                   .whole_rows = wasm.whole_rows};
}

}  // namespace driftwood

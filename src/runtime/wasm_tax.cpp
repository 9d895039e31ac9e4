#include "runtime/wasm_tax.h"

#include "runtime/statistics.h"
#include "runtime/token_loop.h"

namespace driftwood {
namespace {

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

struct Sampling {
  const char* name;
  nlohmann::json settings;
};

const Sampling kSamplings[] = {
    {"greedy", {{"temperature", 0}}},
    {"temperature 0.8, top-p 0.95", {{"temperature", 0.8}, {"top_p", 0.95}, {"top_k", 0}}},
};

Result<BenchReport::Tax> measure_pairs(TokenLoop& wasm_loop, TokenLoop& native_loop,
                                       const Sampling& sampling,
                                       const std::vector<std::int32_t>& prompt,
                                       std::uint32_t pairs) {
  DW_TRY(wasm_loop.begin(prompt, sampling.settings));
  DW_TRY(native_loop.begin(prompt, sampling.settings));
  Times wasm, native;
  std::vector<double> ratios;
  for (int pair = -kTaxWarmUps; pair < static_cast<int>(pairs); ++pair) {
    const bool counts = pair >= 0;
    // The order alternates, since each finds what the other left in the caches.
    const bool wasm_first = pair % 2 == 0;
    DW_TRY_ASSIGN(const double first_ms,
                  wasm_first ? wasm.add(wasm_loop, counts) : native.add(native_loop, counts));
    DW_TRY_ASSIGN(const double second_ms,
                  wasm_first ? native.add(native_loop, counts) : wasm.add(wasm_loop, counts));
    if (counts) ratios.push_back(wasm_first ? first_ms / second_ms : second_ms / first_ms);
  }
  DW_TRY(wasm_loop.end());
  DW_TRY(native_loop.end());
  return BenchReport::Tax{.sampling = sampling.name,
                          .wasm_ms = spread_of(wasm.ms),
                          .native_ms = spread_of(native.ms),
                          .wasm_outside_us = spread_of(wasm.outside_us),
                          .native_outside_us = spread_of(native.outside_us),
                          .ratio = median(ratios),
                          .ratio_interval = interval_of_median(ratios),
                          .whole_rows = wasm.whole_rows};
}

}  // namespace

Result<std::vector<BenchReport::Tax>> measure_wasm_tax(
    device::Device& device, const std::shared_ptr<const model::Model>& model,
    std::shared_ptr<const guest::Module> llama, const NativeGuest& native_llama,
    const std::vector<std::int32_t>& prompt, std::uint32_t pairs) {
  DW_TRY_ASSIGN(const auto wasm, TokenLoop::create(device, model, wasm_llama(std::move(llama))));
  DW_TRY_ASSIGN(const auto native, TokenLoop::create(device, model, [&](guest::Services services) {
                  return guest::Guest::create_native({native_llama.start, native_llama.resume},
                                                     std::move(services));
                }));
  std::vector<BenchReport::Tax> taxes;
  for (const Sampling& sampling : kSamplings) {
    DW_TRY_ASSIGN(auto tax, measure_pairs(*wasm, *native, sampling, prompt, pairs));
    taxes.push_back(std::move(tax));
  }
  return taxes;
}

}  // namespace driftwood

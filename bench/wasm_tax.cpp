// What does WebAssembly cost a token? The built-in llama guest runs as WebAssembly and compiled
// into this program, over one device and one model, token by token in turn.
//
//   wasm_tax [--model FOLDER] [--threads N] [--pairs N] [--temperature T] [--top-p P] [--json]
#include <driftwood/bench.h>
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "driftwood.h"

namespace {

using driftwood::Spread;
using driftwood::TaxReport;

nlohmann::ordered_json to_json(const Spread& spread) {
  return {{"median", spread.median},
          {"lower_quartile", spread.lower},
          {"upper_quartile", spread.upper}};
}

nlohmann::ordered_json to_json(const TaxReport& report) {
  return {{"processor", report.processor},
          {"device", report.device},
          {"model", report.model},
          {"pairs", report.wasm_ms.count},
          {"ratio", report.ratio},
          {"ratio_interval", {report.ratio_interval.low, report.ratio_interval.high}},
          {"wasm_ms", to_json(report.wasm_ms)},
          {"native_ms", to_json(report.native_ms)},
          {"wasm_outside_us", to_json(report.wasm_outside_us)},
          {"native_outside_us", to_json(report.native_outside_us)},
          {"whole_rows", report.whole_rows}};
}

std::string shown(const Spread& spread) {
  return fmt::format("{:.4g} ({:.4g} to {:.4g})", spread.median, spread.lower, spread.upper);
}

void print_report(const TaxReport& report) {
  fmt::print("{}; {}; {}; {} pairs; medians, and the quartiles in brackets\n", report.processor,
             report.device, report.model, report.wasm_ms.count);
  fmt::print("  a token, WebAssembly      {} ms\n", shown(report.wasm_ms));
  fmt::print("  a token, native           {} ms\n", shown(report.native_ms));
  fmt::print("  WebAssembly costs         {:+.3f} % ({:+.3f} to {:+.3f}, 95 % of the median)\n",
             (report.ratio - 1) * 100, (report.ratio_interval.low - 1) * 100,
             (report.ratio_interval.high - 1) * 100);
  fmt::print("  outside the device, WebAssembly  {} us\n", shown(report.wasm_outside_us));
  fmt::print("  outside the device, native       {} us\n", shown(report.native_outside_us));
  fmt::print("  tokens that needed the whole row of logits: {}\n", report.whole_rows);
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app{"What does WebAssembly cost a token?"};
  driftwood::TaxOptions options;
  options.native = {driftwood_start, driftwood_resume};
  bool json = false;
  app.add_option("--model", options.model_folder, "Hugging Face folder (default: seeded)");
  app.add_option("--threads", options.runtime.thread_count, "Threads of the CPU device");
  app.add_option("--pairs", options.pairs, "Pairs of tokens")->check(CLI::Range(1u, 100000u));
  app.add_option("--context", options.context, "Tokens before")->check(CLI::Range(1u, 1000000u));
  app.add_option("--temperature", options.temperature, "0: greedy");
  app.add_option("--top-p", options.top_p, "With a temperature: mass of the nucleus");
  app.add_flag("--json", json, "Print one JSON object");
  CLI11_PARSE(app, argc, argv);

  const auto report = driftwood::measure_wasm_tax(options);
  if (!report) {
    fmt::print(stderr, "wasm_tax: {}\n", report.error().message());
    return 1;
  }
  if (json) {
    fmt::print("{}\n", to_json(*report).dump());
  } else {
    print_report(*report);
  }
  return 0;
}

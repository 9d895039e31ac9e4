// `driftwood bench`: how fast this machine is with this model, and what it could be at most.
#include <driftwood/bench.h>
#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "cli/commands.h"
#include "cli/model.h"
#include "cli/terminal.h"

namespace driftwood::cli {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::string_view kQuestion =
    "How fast is this machine with this model, and how much of what it can do is that?";

struct BenchCommandOptions {
  BenchOptions bench;
  bool json = false;
};

Json to_json(const Spread& spread) {
  return {{"median", spread.median},
          {"lower_quartile", spread.lower},
          {"upper_quartile", spread.upper},
          {"count", spread.count}};
}

Json to_json(const BenchReport::Tax& tax) {
  return {{"sampling", tax.sampling},
          {"pairs", tax.wasm_ms.count},
          {"ratio", tax.ratio},
          {"ratio_interval", {tax.ratio_interval.low, tax.ratio_interval.high}},
          {"wasm_ms", to_json(tax.wasm_ms)},
          {"native_ms", to_json(tax.native_ms)},
          {"wasm_outside_us", to_json(tax.wasm_outside_us)},
          {"native_outside_us", to_json(tax.native_outside_us)},
          {"whole_rows", tax.whole_rows}};
}

Json to_json(const BenchReport::Batch& batch) {
  return {{"sequences", batch.sequences},
          {"step_flops", batch.step_flops},
          {"step_bytes", batch.step_bytes},
          {"step_ms", to_json(batch.step_ms)},
          {"share_of_arithmetic", to_json(batch.share_of_arithmetic)},
          {"share_of_read", to_json(batch.share_of_read)},
          {"share_of_limit", to_json(batch.share_of_limit)}};
}

Json to_json(const BenchReport& report) {
  Json contexts = Json::array(), ops = Json::array(), taxes = Json::array();
  for (const auto& context : report.contexts) {
    contexts.push_back({{"tokens", context.tokens},
                        {"prefill_ms", context.prefill_ms},
                        {"token_ms", to_json(context.token_ms)},
                        {"outside_us_per_token", to_json(context.outside_us_per_token)},
                        {"bytes_per_token", context.bytes_per_token},
                        {"cold_token_ms", to_json(context.cold_token_ms)},
                        {"share_of_read", to_json(context.share_of_read)}});
  }
  for (const auto& op : report.ops) {
    ops.push_back({{"name", op.name},
                   {"count", op.count},
                   {"us", op.us},
                   {"bytes_per_second", op.bytes_per_second}});
  }
  for (const auto& tax : report.taxes) taxes.push_back(to_json(tax));
  Json all = {{"question", kQuestion},
              {"processor", report.processor},
              {"device", report.device},
              {"model", report.model},
              {"weight_bytes", report.weight_bytes},
              {"load_ms", report.load_ms},
              {"read_bytes_per_second", report.read_bytes_per_second},
              {"read_streams", report.read_streams},
              {"flops", report.flops},
              {"contexts", contexts},
              {"ops", ops},
              {"host_us_per_token", to_json(report.host_us_per_token)}};
  if (report.batch) all["batch"] = to_json(*report.batch);
  if (report.text_us_per_token) all["text_us_per_token"] = to_json(*report.text_us_per_token);
  all["wasm_tax"] = taxes;
  all["guests"] = {{"count", report.guests.count},
                   {"create_us", to_json(report.guests.create_us)},
                   {"resident_bytes", report.guests.resident_bytes}};
  return all;
}

// "12.3 (12.1 to 12.6)": the median and the quartiles.
std::string shown(const Spread& spread, double scale = 1) {
  return fmt::format("{:.4g} ({:.4g} to {:.4g})", spread.median * scale, spread.lower * scale,
                     spread.upper * scale);
}

void print_batch(const BenchReport::Batch& batch) {
  fmt::print("\n{} actors in one submission\n", batch.sequences);
  fmt::print("  a token of each  {} ms, {:.1f} tokens/s, {:.1f} GFLOP/s, {:.2f} GB/s\n",
             shown(batch.step_ms), batch.sequences / batch.step_ms.median * 1e3,
             batch.step_flops / batch.step_ms.median * 1e-6,
             batch.step_bytes / batch.step_ms.median * 1e-6);
  fmt::print("    of the arithmetic around it  {} %\n", shown(batch.share_of_arithmetic, 100));
  fmt::print("    of the read probe before it  {} %\n", shown(batch.share_of_read, 100));
  fmt::print("    of what limits it            {} %\n", shown(batch.share_of_limit, 100));
}

void print_report(const BenchReport& report) {
  fmt::print(
      "{}\n{}; {}; {}, {:.1f} MB of weights, "
      "loaded in {:.1f} ms\nMedians, and the quartiles in brackets.\n",
      kQuestion, report.processor, report.device, report.model,
      static_cast<double>(report.weight_bytes) * 1e-6, report.load_ms);
  fmt::print("\nthe machine     reads {:.2f} GB/s ({} streams a thread), {:.1f} GFLOP/s in f32\n",
             report.read_bytes_per_second * 1e-9, report.read_streams, report.flops * 1e-9);
  for (const auto& context : report.contexts) {
    fmt::print("\nafter {} tokens\n", context.tokens);
    fmt::print("  prefill       {:.2f} ms, {:.1f} tokens/s\n", context.prefill_ms,
               context.tokens / context.prefill_ms * 1e3);
    fmt::print("  each token    {} ms, {:.1f} tokens/s, {:.2f} GB/s\n", shown(context.token_ms),
               1e3 / context.token_ms.median,
               context.bytes_per_token / context.token_ms.median * 1e-6);
    fmt::print("    outside the device          {} us\n", shown(context.outside_us_per_token));
    fmt::print("  with cold caches  {} ms\n", shown(context.cold_token_ms));
    fmt::print("    of the read probe before it {} %\n", shown(context.share_of_read, 100));
  }
  fmt::print("\nops of a token               count         us    GB/s\n");
  for (const auto& op : report.ops) {
    fmt::print("  {:<28} {:>3} {:>10.1f} {:>7.2f}\n", op.name, op.count, op.us,
               op.bytes_per_second * 1e-9);
  }
  if (report.batch) print_batch(*report.batch);
  fmt::print("\nhost's part of a token, on a device that computes nothing\n");
  fmt::print("  start, resume, choice, output {} us\n", shown(report.host_us_per_token));
  if (report.text_us_per_token) {
    fmt::print("  the same, spelt as text       {} us\n", shown(*report.text_us_per_token));
  }
  for (const auto& tax : report.taxes) {
    fmt::print("\nWebAssembly against the same source compiled natively, {} pairs of tokens, {}\n",
               tax.wasm_ms.count, tax.sampling);
    fmt::print("  a token       {} ms, native {} ms\n", shown(tax.wasm_ms), shown(tax.native_ms));
    fmt::print("  costs         {:+.3f} % ({:+.3f} to {:+.3f} with 95 %)\n", (tax.ratio - 1) * 100,
               (tax.ratio_interval.low - 1) * 100, (tax.ratio_interval.high - 1) * 100);
    fmt::print("  outside the device, WebAssembly  {} us\n", shown(tax.wasm_outside_us));
    fmt::print("  outside the device, native       {} us\n", shown(tax.native_outside_us));
    fmt::print("  tokens that needed the whole row of logits: {}\n", tax.whole_rows);
  }
  fmt::print("\n{} guests alive\n  making one    {} us\n  resident      {:.1f} KB each\n",
             report.guests.count, shown(report.guests.create_us),
             report.guests.resident_bytes * 1e-3);
}

int run_bench(BenchCommandOptions options) {
  options.bench.on_progress = [](std::string_view step) { show_progress(step); };
  if (!options.bench.model_folder.empty()) {
    auto folder = find_model(options.bench.model_folder);
    if (!folder) return report(folder.error());
    options.bench.model_folder = *std::move(folder);
  }
  const auto measured = bench(options.bench);
  clear_progress();
  if (!measured) return report(measured.error());
  if (options.json) {
    fmt::print("{}\n", to_json(*measured).dump(-1, ' ', false, Json::error_handler_t::replace));
  } else {
    print_report(*measured);
  }
  return kSuccess;
}

}  // namespace

void add_bench(CLI::App& app, Command& chosen, const NativeGuest& native_llama) {
  auto options = std::make_shared<BenchCommandOptions>();
  options->bench.native_llama = native_llama;
  CLI::App* command = app.add_subcommand(
      "bench", "Measure tokens and ops, and how much of the machine's best they reach");
  add_device_options(*command, options->bench.runtime, "the best one");
  command
      ->add_option("--model", options->bench.model_folder,
                   fmt::format("{} (default: a seeded model made in memory)", kLlamaHelp))
      ->check(not_empty());
  command
      ->add_option("--contexts", options->bench.contexts,
                   "Tokens before the measured ones, separated by commas (default: what fits of "
                   "16,256,1024)")
      ->delimiter(',')
      ->transform(whole_number(1, 16777216));
  command
      ->add_option("--tokens", options->bench.decode_tokens,
                   "Tokens to measure at each context (default: 24)")
      ->transform(whole_number(1, 100000));
  command
      ->add_option("--guests", options->bench.guest_count,
                   "Guests to have alive at once (default: 64)")
      ->transform(whole_number(1, 10000));
  command
      ->add_option("--pairs", options->bench.tax_pairs,
                   "Pairs of tokens to measure WebAssembly's cost with (default: 50)")
      ->transform(whole_number(1, 100000));
  command->add_flag("--json", options->json, "Print one JSON object");
  command->footer(
      "Examples:\n"
      "  driftwood bench\n"
      "  driftwood bench --model path/to/folder --threads 2 --contexts 16,512\n"
      "  driftwood bench --json | jq .host_us_per_token.median");
  command->callback([options, &chosen] { chosen = [options] { return run_bench(*options); }; });
}

}  // namespace driftwood::cli

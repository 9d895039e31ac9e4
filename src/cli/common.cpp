#include <cstdio>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "cli/commands.h"
#include "cli/interrupt.h"
#include "cli/terminal.h"

namespace driftwood::cli {

CLI::Validator not_empty() {
  return CLI::Validator(
      [](std::string& text) { return std::string(text.empty() ? "the value is empty" : ""); }, "");
}

void add_device_options(CLI::App& command, RuntimeOptions& options,
                        std::string_view default_device) {
  std::vector<std::string> usable = device_names();
  usable.push_back("auto");
  command
      .add_option("--device", options.device,
                  fmt::format("Compute device: {} (default: {})", fmt::join(device_names(), ", "),
                              default_device))
      ->check(CLI::IsMember(usable))
      ->group("Device");
  command
      .add_option("--threads", options.thread_count,
                  "Threads of the CPU device (default: every processor that the process may use)")
      ->check(CLI::Range(1u, 1024u))
      ->group("Device");
  command
      .add_option(
          "--isa", options.isa,
          "Instruction set of the CPU device: avx2, avx512, neon, portable (default: the best)")
      ->check(CLI::IsMember({"avx2", "avx512", "neon", "portable"}))
      ->group("Device");
}

void add_kv_dtype_option(CLI::App& command, std::string& kv_dtype) {
  command
      .add_option("--kv-dtype", kv_dtype,
                  "KV cache: f32, bf16, f16 (default: f32 with f32 weights, otherwise bf16)")
      ->check(CLI::IsMember({"f32", "bf16", "f16"}));
}

int report(const Error& error) {
  clear_progress();
  fmt::print(stderr, "driftwood: {}\n", printable(error.message()));
  return interrupted() ? kInterrupted : kFailure;
}

int report_usage(std::string_view sentence) {
  fmt::print(stderr, "driftwood: {}\n", printable(sentence));
  return kUsage;
}

}  // namespace driftwood::cli

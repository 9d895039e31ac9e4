#include <charconv>
#include <cstdio>
#include <cstdlib>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "cli/commands.h"
#include "cli/interrupt.h"
#include "cli/terminal.h"

namespace driftwood::cli {

CLI::Validator whole_number(std::uint64_t least, std::uint64_t most) {
  const std::string what = fmt::format("a whole number from {} to {}", least, most);
  return CLI::Validator(
      [=](std::string& text) {
        std::uint64_t number = 0;
        const char* const end = text.data() + text.size();
        const auto parsed = std::from_chars(text.data(), end, number);
        const bool is_number = parsed.ec == std::errc() && parsed.ptr == end;
        if (!is_number || number < least || number > most) {
          return fmt::format("{} is not {}", text, what);
        }
        text = std::to_string(number);
        return std::string();
      },
      "");
}

CLI::Validator not_empty() {
  return CLI::Validator(
      [](std::string& text) { return std::string(text.empty() ? "the value is empty" : ""); }, "");
}

// As Runtime::create takes it; whether the device is there is found when it is opened.
CLI::Validator device_name() {
  return CLI::Validator(
      [](std::string& text) {
        const bool is_numbered = text.starts_with("vulkan:") && text.size() > 7 &&
                                 text.size() < 12 &&
                                 text.find_first_not_of("0123456789", 7) == std::string::npos;
        if (is_numbered || text == "auto" || text == "cpu" || text == "vulkan")
          return std::string();
        return fmt::format("{} is not one of auto, cpu, vulkan, vulkan:N", text);
      },
      "");
}

void add_device_options(CLI::App& command, RuntimeOptions& options,
                        std::string_view default_device) {
  options.cache_folder = find_cache_folder();
  options.on_upload = [](std::uint64_t done_bytes, std::uint64_t all_bytes) {
    show_progress(fmt::format("copying weights to the GPU, {} of {} MB", done_bytes / 1'000'000,
                              all_bytes / 1'000'000));
  };
  command
      .add_option("--device", options.device,
                  fmt::format("Compute device: auto, cpu, vulkan, or vulkan:N for the Nth GPU as "
                              "`driftwood devices` lists them (default: {})",
                              default_device))
      ->check(device_name())
      ->group("Device");
  command
      .add_option("--threads", options.thread_count,
                  "Threads of the CPU device (default: every processor that the process may use)")
      ->transform(whole_number(1, 1024))
      ->group("Device");
  command
      .add_option(
          "--isa", options.isa,
          "Instruction set of the CPU device: avx2, avx512, neon, portable (default: the best)")
      ->check(CLI::IsMember({"avx2", "avx512", "neon", "portable"}))
      ->group("Device");
}

std::string find_cache_folder() {
  // Set but empty, it says that there is to be none.
  if (const char* chosen = std::getenv("DRIFTWOOD_CACHE"); chosen != nullptr) return chosen;
#if defined(__APPLE__)
  return folder_from("HOME", "/Library/Caches/driftwood");
#else
  std::string folder = folder_from("XDG_CACHE_HOME", "/driftwood");
  if (folder.empty()) folder = folder_from("HOME", "/.cache/driftwood");
  return folder;
#endif
}

std::string folder_from(const char* variable, const char* below) {
  const char* value = std::getenv(variable);
  return value == nullptr || *value == '\0' ? std::string() : std::string(value) + below;
}

CLI::Option* add_kv_dtype_option(CLI::App& command, std::string& kv_dtype) {
  return command
      .add_option("--kv-dtype", kv_dtype,
                  "KV cache: f32, bf16, f16 (default: f32 with f32 weights, otherwise bf16)")
      ->check(CLI::IsMember({"f32", "bf16", "f16"}));
}

int report(const Error& error) {
  clear_progress();
  say("driftwood: {}\n", printable(error.message()));
  return interrupted() ? kInterrupted : kFailure;
}

int report_usage(std::string_view sentence) {
  say("driftwood: {}\n", printable(sentence));
  return kUsage;
}

}  // namespace driftwood::cli

#include <driftwood/probe.h>
#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "cli/commands.h"
#include "cli/model.h"
#include "cli/terminal.h"

namespace driftwood::cli {
namespace {

struct ProbeCommandOptions {
  ProbeOptions probe;  // with an empty device name: every device
  bool json = false;
};

nlohmann::ordered_json to_json(const ProbeReport& report) {
  return {{"name", report.name},
          {"description", report.description},
          {"pointer_identity", report.pointer_identity},
          {"byte_identity", report.byte_identity},
          {"rss_delta_zero_copy_bytes", report.rss_delta_zero_copy_bytes},
          {"rss_delta_copy_bytes", report.rss_delta_copy_bytes},
          {"matmul_elements", report.matmul_elements},
          {"matmul_errors", report.matmul_errors},
          {"matmul_ms", report.matmul_ms},
          {"matmul_copy_ms", report.matmul_copy_ms},
          {"copying_costs_ms", report.copying_costs_ms},
          {"host_call_ns", report.host_call_ns},
          {"copied_bytes_per_token", report.copied_bytes_per_token},
          {"link_bytes_per_token", report.link_bytes_per_token},
          {"load_ms", report.load_ms},
          {"prefill_5_ms", report.prefill_5_ms},
          {"token_ms", report.token_ms}};
}

void print_table(const ProbeReport& report, const std::string& model) {
  constexpr double kMegabyte = 1e6;
  fmt::print("{}\n", report.description);
  const auto row = [](std::string_view what, const std::string& value) {
    fmt::print("  {:<58} {}\n", what, value);
  };
  row("the device's address of a window is the guest's", report.pointer_identity ? "yes" : "NO");
  row("a number written by the guest comes back changed in place",
      report.byte_identity ? "yes" : "NO");
  row("resident memory for a window of 16 MiB, in place",
      fmt::format("{:+.2f} MB", static_cast<double>(report.rss_delta_zero_copy_bytes) / kMegabyte));
  row("resident memory for a window of 16 MiB, copied",
      fmt::format("{:+.2f} MB", static_cast<double>(report.rss_delta_copy_bytes) / kMegabyte));
  row("128 x 128 matrix product, wrong elements",
      fmt::format("{} of {}", report.matmul_errors, report.matmul_elements));
  row("128 x 128 matrix product, in place", fmt::format("{:.4f} ms", report.matmul_ms));
  row("128 x 128 matrix product, copying in and out",
      fmt::format("{:.4f} ms", report.matmul_copy_ms));
  row("what copying takes longer, pair by pair",
      fmt::format("{:+.4f} ms", report.copying_costs_ms));
  row("a call from the guest into the host", fmt::format("{:.1f} ns", report.host_call_ns));
  row("bytes copied per token", fmt::format("{:g}", report.copied_bytes_per_token));
  row("bytes copied over a link per token", fmt::format("{:g}", report.link_bytes_per_token));
  fmt::print("  with {}:\n", model);
  row("load", fmt::format("{:.1f} ms", report.load_ms));
  row("prefill of 5 tokens", fmt::format("{:.2f} ms", report.prefill_5_ms));
  row("each further token", fmt::format("{:.2f} ms", report.token_ms));
}

// Whether the device passed everything but for the times.
bool holds(const ProbeReport& report) {
  return report.pointer_identity && report.byte_identity && report.matmul_errors == 0 &&
         report.copied_bytes_per_token == 0;
}

int run_probe(ProbeCommandOptions options) {
  options.probe.on_progress = [](std::string_view step) { show_progress(step); };
  if (!options.probe.model_folder.empty()) {
    auto folder = find_model(options.probe.model_folder);
    if (!folder) return report(folder.error());
    options.probe.model_folder = *std::move(folder);
  }
  std::vector<std::string> names{options.probe.runtime.device};
  if (names.front().empty()) {
    names.clear();
    for (const DeviceDescription& device : list_devices()) {
      if (device.missing.empty()) names.push_back(device.name);
    }
  }
  nlohmann::ordered_json devices = nlohmann::ordered_json::array();
  bool proved = true;
  for (const auto& name : names) {
    options.probe.runtime.device = name;
    const auto measured = probe(options.probe);
    clear_progress();
    if (!measured) return report(measured.error());
    proved = proved && holds(*measured);
    if (options.json) {
      devices.push_back(to_json(*measured));
    } else {
      print_table(*measured, options.probe.model_folder.empty()
                                 ? "a seeded model of 4 layers made in memory"
                                 : options.probe.model_folder);
    }
  }
  if (options.json) fmt::print("{}\n", nlohmann::ordered_json{{"devices", devices}}.dump());
  if (proved) return kSuccess;
  return report(Error(ErrorCode::unsupported, "The device does not work on the guest's bytes."));
}

}  // namespace

void add_probe(CLI::App& app, Command& chosen) {
  auto options = std::make_shared<ProbeCommandOptions>();
  CLI::App* command = app.add_subcommand(
      "probe", "Prove on this machine that guest and device work on the same bytes");
  options->probe.runtime.device.clear();
  add_device_options(*command, options->probe.runtime, "every one that is here");
  command
      ->add_option(
          "--model", options->probe.model_folder,
          fmt::format("What to time tokens with: {} (default: a seeded model made in memory)",
                      kLlamaHelp))
      ->check(not_empty());
  command->add_flag("--json", options->json, "Print one JSON object");
  command->footer(
      "Examples:\n"
      "  driftwood probe\n"
      "  driftwood probe --json --model path/to/folder | jq .devices[0].token_ms");
  command->callback([options, &chosen] { chosen = [options] { return run_probe(*options); }; });
}

}  // namespace driftwood::cli

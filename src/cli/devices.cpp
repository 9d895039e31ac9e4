#include <driftwood/device.h>
#include <fmt/format.h>

#include <memory>
#include <nlohmann/json.hpp>

#include "cli/commands.h"
#include "cli/terminal.h"

namespace driftwood::cli {
namespace {

int run_devices(bool as_json) {
  const std::vector<DeviceDescription> devices = list_devices();
  if (as_json) {
    auto all = nlohmann::ordered_json::array();
    for (const DeviceDescription& device : devices) {
      all.push_back({{"name", device.name},
                     {"description", device.description},
                     {"usable", device.missing.empty()},
                     {"missing", device.missing}});
    }
    fmt::print("{}\n", nlohmann::ordered_json{{"devices", all}}.dump());
    return kSuccess;
  }
  for (const DeviceDescription& device : devices) {
    fmt::print("{:<10}  {}\n", device.name, printable(device.description));
    if (!device.missing.empty()) {
      fmt::print("{:<10}  cannot be used: {}\n", "", printable(device.missing));
    }
  }
  return kSuccess;
}

}  // namespace

void add_devices(CLI::App& app, Command& chosen) {
  auto as_json = std::make_shared<bool>(false);
  CLI::App* command = app.add_subcommand(
      "devices", "List the devices of this machine, and what is missing for those it cannot use");
  command->add_flag("--json", *as_json, "Print one JSON object");
  command->footer(
      "Examples:\n"
      "  driftwood devices\n"
      "  driftwood devices --json | jq -r '.devices[] | select(.usable).name'");
  command->callback([as_json, &chosen] { chosen = [as_json] { return run_devices(*as_json); }; });
}

}  // namespace driftwood::cli

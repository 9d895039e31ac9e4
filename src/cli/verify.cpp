// `driftwood verify`: whether a frozen actor is whole.
#include <driftwood/frozen.h>
#include <fmt/format.h>

#include "cli/commands.h"

namespace driftwood::cli {
namespace {

int verify(const std::string& path) {
  const auto verified = verify_frozen(path);
  if (!verified) return report(verified.error());
  fmt::print("whole\n");
  return kSuccess;
}

}  // namespace

void add_verify(CLI::App& app, Command& chosen) {
  auto path = std::make_shared<std::string>();
  CLI::App* command =
      app.add_subcommand("verify", "Check all of a frozen actor without running anything");
  command->add_option("FILE", *path, "The file")->required()->check(not_empty());
  command->footer(
      "Checks the structure, every checksum, the module, the programs and every number, and needs "
      "no model.\n"
      "Exits with 0 only if nothing is wrong. Of a thin file, what needs its module is not "
      "checked.\n\n"
      "Examples:\n"
      "  driftwood verify night.safetensors && driftwood thaw night.safetensors");
  command->callback([path, &chosen] { chosen = [path] { return verify(*path); }; });
}

}  // namespace driftwood::cli

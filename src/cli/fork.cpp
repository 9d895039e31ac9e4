// `driftwood fork`: one frozen actor becomes several.
#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "cli/commands.h"
#include "cli/saving.h"
#include "cli/thawing.h"

namespace driftwood::cli {
namespace {

struct ForkCommand {
  FrozenOptions frozen;
  std::vector<std::string> outputs;
  bool thin = false;
  bool json = false;
  RuntimeOptions runtime;
};

int fork(const ForkCommand& options) {
  for (const std::string& path : options.outputs) {
    if (auto can = check_can_save(path); !can) return report(can.error());
  }
  const auto runtime = Runtime::create(options.runtime);
  if (!runtime) return report(runtime.error());
  const auto thawed = thaw_file(*runtime, options.frozen);
  if (!thawed) return report(thawed.error());
  if (thawed->report->sameness != Sameness::identical) tell(*runtime, options.frozen, *thawed);
  auto written = nlohmann::ordered_json::array();
  for (const std::string& path : options.outputs) {
    const auto forked = thawed->actor.fork();
    if (!forked) return report(forked.error());
    const SaveOptions output{.path = path, .thin = options.thin, .steps = std::nullopt};
    const auto saved = save(*forked, output, ActorStatus::idle);
    if (!saved) return report(saved.error());
    written.push_back((*saved)->to_json());
    tell(*saved);
  }
  if (options.json) fmt::print("{}\n", written.dump());
  return kSuccess;
}

}  // namespace

void add_fork(CLI::App& app, Command& chosen) {
  auto options = std::make_shared<ForkCommand>();
  CLI::App* command =
      app.add_subcommand("fork", "Make several frozen actors of one, each to go its own way");
  add_frozen_options(*command, options->frozen);
  command->add_option("OUT", options->outputs, "The files to write, one for each fork")
      ->required()
      ->check(not_empty());
  add_thin_option(*command, options->thin);
  command->add_flag("--json", options->json, "Print one JSON list with file, bytes and rows");
  add_device_options(*command, options->runtime, "the best one");
  command->footer(
      "FILE is thawed and forked in memory; each OUT goes on as FILE would.\n\n"
      "Examples:\n"
      "  driftwood fork night.safetensors one.safetensors two.safetensors\n"
      "  driftwood fork --model path/to/folder --thin talk.safetensors a.safetensors");
  command->callback([options, &chosen] { chosen = [options] { return fork(*options); }; });
}

}  // namespace driftwood::cli

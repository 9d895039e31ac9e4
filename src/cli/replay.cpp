// `driftwood replay`: a frozen actor's life once more, and whether it comes to the same bits.
#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "cli/commands.h"
#include "cli/terminal.h"
#include "cli/thawing.h"

namespace driftwood::cli {
namespace {

struct ReplayCommand {
  FrozenOptions frozen;
  RuntimeOptions runtime;
  bool json = false;
};

int replay(const ReplayCommand& options) {
  const auto runtime = Runtime::create(options.runtime);
  if (!runtime) return report(runtime.error());
  const auto found = find_surroundings(*runtime, options.frozen);
  if (!found) return report(found.error());
  show_progress("replaying");
  const auto replayed = runtime->replay(options.frozen.path, found->model, found->options);
  clear_progress();
  if (!replayed) return report(advise(replayed.error(), options.frozen, *found));
  if (options.json) {
    const nlohmann::ordered_json out = {{"equal", replayed->is_equal},
                                        {"calls", replayed->calls},
                                        {"difference", replayed->difference}};
    fmt::print("{}\n", out.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace));
  } else if (replayed->is_equal) {
    fmt::print("the same bits after {} calls of the guest\n", replayed->calls);
  } else {
    fmt::print("not the same bits after {} calls of the guest: {}\n", replayed->calls,
               printable(replayed->difference));
  }
  return replayed->is_equal ? kSuccess : kFailure;
}

}  // namespace

void add_replay(CLI::App& app, Command& chosen) {
  auto options = std::make_shared<ReplayCommand>();
  CLI::App* command = app.add_subcommand(
      "replay", "Do again all that a frozen actor did, and compare where that leads");
  add_frozen_options(*command, options->frozen);
  command->add_flag("--json", options->json, "Print one JSON object");
  add_device_options(*command, options->runtime, "the best one");
  command->footer(
      "The messages, random bits, times and interruptions come from the file. Exits with 0 only "
      "if every\n"
      "byte of guest, states and registers is the same.\n\n"
      "Examples:\n"
      "  driftwood replay night.safetensors\n"
      "  driftwood replay --model path/to/folder --isa portable talk.safetensors");
  command->callback([options, &chosen] { chosen = [options] { return replay(*options); }; });
}

}  // namespace driftwood::cli

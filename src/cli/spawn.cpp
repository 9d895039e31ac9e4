#include "cli/spawn.h"

#include <future>
#include <optional>
#include <utility>

#include "cli/commands.h"
#include "cli/guest.h"
#include "cli/model.h"
#include "cli/terminal.h"

namespace driftwood::cli {

std::vector<CLI::Option*> add_spawn_options(CLI::App& command, SpawnOptions& options) {
  command.add_option("--model", options.model, std::string(kModelHelp) + kDefaultModelHelp)
      ->check(not_empty());
  command.add_option("--guest", options.guest, std::string("Guest to run: ") + kGuestHelp)
      ->check(not_empty());
  CLI::Option* context =
      command
          .add_option(
              "--context", options.actor.context_rows,
              "Tokens that the model looks back on, at most (default: what the model allows)")
          ->transform(whole_number(1, 2147483647));
  return {context, add_kv_dtype_option(command, options.actor.kv_dtype)};
}

Result<Spawned> spawn(const Runtime& runtime, const SpawnOptions& options) {
  // Compiling a guest and reading a large tokenizer take about as long as each other.
  auto compiling = std::async([&] { return find_guest(runtime, options.guest); });
  std::optional<Model> model;
  if (!options.model.empty() || !options.may_lack_model) {
    auto opened = open_model(runtime, options.model);
    if (!opened) return std::unexpected(opened.error());
    model = *std::move(opened);
  }
  const auto guest = compiling.get();
  if (!guest) return std::unexpected(guest.error());
  auto actor = runtime.spawn(*guest, model, options.actor);
  clear_progress();
  if (!actor) return std::unexpected(actor.error());
  return Spawned{*std::move(actor), model ? model->weight_bytes() : 0};
}

}  // namespace driftwood::cli

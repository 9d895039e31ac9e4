#include "cli/saving.h"

#include <driftwood/frozen.h>
#include <fmt/format.h>

#include <csignal>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "cli/commands.h"
#include "cli/fail.h"
#include "cli/interrupt.h"
#include "cli/terminal.h"
#include "cli/text_output.h"

namespace driftwood::cli {
namespace {

using OnRecord = std::function<void(std::string_view record)>;

Result<ActorStatus> work_in_steps(Actor& actor, std::uint64_t steps, const OnRecord& on_record) {
  const PauseOnInterrupt guard;
  auto status = actor.run(on_record, 0);
  const auto goes_on = [&] { return steps > 0 && !interrupted() && !TextOutput::failure(); };
  for (; status && *status == ActorStatus::paused && goes_on(); --steps) {
    status = actor.run(on_record, 1);
  }
  return status;
}

}  // namespace

CLI::Option* add_thin_option(CLI::App& command, bool& thin) {
  return command
      .add_flag("--thin", thin,
                "Leave the guest's module out of the file; --guest brings it when it is needed")
      ->group("Saving");
}

void add_save_options(CLI::App& command, SaveOptions& options) {
  CLI::Option* save = command
                          .add_option("--save", options.path,
                                      "Save the conversation in this file at the end, or where "
                                      "Ctrl-C stops it")
                          ->check(not_empty())
                          ->group("Saving");
  command
      .add_option("--steps", options.steps,
                  "With --save: stop after so many steps; one is the guest's start, one each piece "
                  "of the prompt, one each token")
      ->transform(whole_number(1, 4294967295))
      ->needs(save)
      ->group("Saving");
  add_thin_option(command, options.thin)->needs(save);
}

nlohmann::ordered_json Saved::to_json() const {
  return {{"file", path}, {"bytes", report.file_bytes}, {"rows", report.state_rows}};
}

Result<ActorStatus> work(Actor& actor, const SaveOptions& options, std::string_view progress,
                         const OnRecord& on_record) {
  const OnRecord show = [&](std::string_view record) {
    clear_progress();
    on_record(record);
  };
  show_progress(progress);
  const auto run = [&] {
    if (!options.path.empty()) {
      // A reader that goes away stops the work, and what was done is saved.
      std::signal(SIGPIPE, SIG_IGN);
      return work_in_steps(actor, options.steps.value_or(UINT64_MAX), show);
    }
    const CancelOnInterrupt guard(actor);
    return actor.run(show);
  };
  const auto status = run();
  clear_progress();
  return status;
}

Result<void> check_can_save(const std::string& path) {
  namespace fs = std::filesystem;
  if (path.empty()) return {};
  std::error_code error;
  const fs::path target = fs::weakly_canonical(path, error);  // through links
  if (fs::is_directory(target, error)) {
    return fail(ErrorCode::invalid_argument, "\"{}\" is a folder; name a file in it.", path);
  }
  const fs::path folder = target.has_parent_path() ? target.parent_path() : fs::path(".");
  if (!fs::is_directory(folder, error)) {
    return fail(ErrorCode::not_found, "There is no folder \"{}\" to write file \"{}\" into.",
                folder.string(), path);
  }
  return {};
}

Result<void> check_can_save(const SaveOptions& options, std::uint64_t message_bytes) {
  if (options.path.empty()) return {};
  if (message_bytes > kMostFrozenTextBytes) {
    return fail(ErrorCode::limit,
                "The message has {} bytes; an actor in the midst of one is saved with at most {}.",
                message_bytes, kMostFrozenTextBytes);
  }
  return check_can_save(options.path);
}

Result<std::optional<Saved>> save(const Actor& actor, const SaveOptions& options,
                                  ActorStatus status) {
  if (options.path.empty()) return std::nullopt;
  const auto report =
      actor.freeze(options.path, {.thin = options.thin, .durability = Durability::synced});
  if (!report) return std::unexpected(report.error());
  return Saved{options.path, *report, status == ActorStatus::paused};
}

void tell(const std::optional<Saved>& saved) {
  if (!saved || !error_is_terminal()) return;
  say("{} tokens in {} ({} bytes){}\n", saved->report.state_rows, printable(saved->path),
      saved->report.file_bytes, saved->is_paused ? "; driftwood run --resume goes on" : "");
}

}  // namespace driftwood::cli

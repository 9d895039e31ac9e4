#include "cli/thawing.h"

#include <chrono>
#include <utility>

#include "cli/commands.h"
#include "cli/guest.h"
#include "cli/model.h"
#include "cli/terminal.h"

namespace driftwood::cli {

void add_frozen_options(CLI::App& command, FrozenOptions& options) {
  command.add_option("FILE", options.path, "The file with the frozen actor")
      ->required()
      ->check(not_empty());
  command
      .add_option("--model", options.model,
                  std::string(kModelHelp) + "; the one that it was frozen with" + kDefaultModelHelp)
      ->check(not_empty());
  command
      .add_option("--guest", options.guest, std::string("The guest of a thin file: ") + kGuestHelp)
      ->check(not_empty());
  command.add_flag("--verify", options.verify, "Compare the checksums of all bytes first");
}

Result<Surroundings> find_surroundings(const Runtime& runtime, const FrozenOptions& options) {
  auto info = inspect_frozen(options.path);
  if (!info) return std::unexpected(info.error());
  Surroundings found{
      .info = *std::move(info),
      .model = std::nullopt,
      .options = {.limits = {}, .undo_turns = 0, .guest = std::nullopt, .verify = options.verify}};
  if (found.info.model || !options.model.empty()) {
    auto model = open_model(runtime, options.model);
    if (!model) return std::unexpected(model.error());
    found.model = *std::move(model);
  }
  if (found.info.is_thin || !options.guest.empty()) {
    auto guest = find_guest(runtime, options.guest);
    if (!guest) return std::unexpected(guest.error());
    found.options.guest = *std::move(guest);
  }
  return found;
}

Error advise(const Error& error, const FrozenOptions& options, const Surroundings& found) {
  if (error.code() != ErrorCode::invalid_argument) return error;
  const FrozenInfo& info = found.info;
  std::string advice;
  if (found.model && info.model && found.model->fingerprint() != *info.model) {
    advice = options.model.empty() ? " Name the model with --model."
                                   : " Name the model that it was frozen with.";
  } else if (info.is_thin) {
    advice = options.guest.empty() ? " Name the guest with --guest."
                                   : " Name the guest that it was frozen with.";
  } else if (!options.guest.empty()) {
    advice = " Leave --guest out: the guest is in the file.";
  }
  // Only tokens can be computed again, and only by the tokenizer that they are of.
  const bool has_tokens = info.model && !info.model->tokenizer.empty() && info.state_rows > 0;
  if (has_tokens && found.model && found.model->fingerprint().tokenizer == info.model->tokenizer) {
    advice += " Or have its tokens computed again by those that are here: thaw --reprefill.";
  }
  return Error(error.code(), error.message() + advice);
}

Result<Thawed> thaw_file(const Runtime& runtime, const FrozenOptions& options) {
  auto found = find_surroundings(runtime, options);
  if (!found) return std::unexpected(found.error());
  show_progress("thawing");
  using Clock = std::chrono::steady_clock;
  const Clock::time_point begin = Clock::now();
  auto thawed = runtime.thaw(options.path, found->model, found->options);
  const std::chrono::duration<double, std::milli> taken = Clock::now() - begin;
  clear_progress();
  if (!thawed) return std::unexpected(advise(thawed.error(), options, *found));
  return Thawed{.actor = std::move(thawed->actor),
                .report = thawed->report,
                .info = std::move(found->info),
                .weight_bytes = found->model ? found->model->weight_bytes() : 0,
                .thaw_ms = taken.count()};
}

Result<Thawed> reprefill_file(const Runtime& runtime, const FrozenOptions& options) {
  auto info = inspect_frozen(options.path);
  if (!info) return std::unexpected(info.error());
  const auto model = open_model(runtime, options.model);
  if (!model) return std::unexpected(model.error());
  const auto guest = find_guest(runtime, options.guest);
  if (!guest) return std::unexpected(guest.error());
  auto actor = runtime.reprefill(options.path, *guest, *model, {});
  if (!actor) return std::unexpected(actor.error());
  return Thawed{.actor = *std::move(actor),
                .report = std::nullopt,
                .info = *std::move(info),
                .weight_bytes = model->weight_bytes(),
                .thaw_ms = 0};
}

void tell(const Runtime& runtime, const FrozenOptions& options, const Thawed& thawed) {
  if (!thawed.report) {
    say("{}: {} tokens are computed again; what follows is this model's and this guest's.\n",
        printable(options.path), thawed.info.state_rows);
    return;
  }
  const ThawReport& report = *thawed.report;
  const bool is_identical = report.sameness == Sameness::identical;
  say("{}: {}, {} tokens, {} bytes read in {:.2f} ms\n", printable(options.path),
      is_identical ? "identical" : "same-state", report.state_rows, report.bytes_read,
      thawed.thaw_ms);
  if (is_identical) return;
  say("The state is exact, but this device sums in another order ({}) than the one that it "
      "was frozen from ({}).\n",
      runtime.device().numerics, printable(thawed.info.numerics));
}

}  // namespace driftwood::cli

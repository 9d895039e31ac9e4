#include "cli/resume.h"

#include <fmt/format.h>

#include <cstdio>
#include <string_view>

#include "cli/commands.h"
#include "cli/interrupt.h"
#include "cli/record_printer.h"
#include "cli/terminal.h"

namespace driftwood::cli {
namespace {

// Whether the actor has something to do or to say without another message.
bool goes_on(const FrozenInfo& info) {
  const bool is_at_rest = info.next == "idle" || info.next == "finished";
  return !is_at_rest || info.waiting_messages > 0 || info.waiting_records > 0;
}

int go_on(Thawed& thawed, const ResumeOptions& options) {
  if (options.message) thawed.actor.send(*options.message, options.timeout_ns);
  RecordPrinter printer(options.json, RecordPrinter::Protocol::any, thawed.weight_bytes);
  const auto status = work(thawed.actor, options.save, "going on",
                           [&](std::string_view record) { printer.take(record); });
  if (!status) return report(status.error());
  if (const auto failure = printer.failure(*status)) return report(*failure);
  const auto saved = save(thawed.actor, options.save, *status);
  if (!saved) return report(saved.error());
  printer.finish(*saved);
  tell(*saved);
  if (printer.ended_by_deadline() && !options.json) {
    say("driftwood: The time for the answer was over.\n");
  }
  return interrupted() ? kInterrupted : kSuccess;
}

}  // namespace

int resume(const Runtime& runtime, const ResumeOptions& options) {
  const std::uint64_t message_bytes = options.message ? options.message->size() : 0;
  if (auto can = check_can_save(options.save, message_bytes); !can) return report(can.error());
  auto thawed = options.reprefill ? reprefill_file(runtime, options.frozen)
                                  : thaw_file(runtime, options.frozen);
  if (!thawed) return report(thawed.error());
  if (options.report || thawed->report->sameness != Sameness::identical) {
    tell(runtime, options.frozen, *thawed);
  }
  if (options.message && thawed->info.next == "finished") {
    return report(Error(ErrorCode::invalid_argument,
                        fmt::format("The guest in \"{}\" has finished and takes no more messages.",
                                    options.frozen.path)));
  }
  if (options.message || options.reprefill || goes_on(thawed->info)) return go_on(*thawed, options);
  if (options.report) return kSuccess;
  return report_usage(fmt::format(
      "No answer is under way in \"{}\"; give a PROMPT for the next one.", options.frozen.path));
}

}  // namespace driftwood::cli

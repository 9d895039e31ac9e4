// `driftwood thaw`: a frozen actor goes on, and what is guaranteed of that.
#include "cli/commands.h"
#include "cli/resume.h"

namespace driftwood::cli {
namespace {

struct ThawCommand {
  ResumeOptions resume;
  RuntimeOptions runtime;
};

int thaw(const ThawCommand& options) {
  const auto runtime = Runtime::create(options.runtime);
  if (!runtime) return report(runtime.error());
  return resume(*runtime, options.resume);
}

}  // namespace

void add_thaw(CLI::App& app, Command& chosen) {
  auto options = std::make_shared<ThawCommand>();
  options->resume.report = true;
  CLI::App* command =
      app.add_subcommand("thaw", "Go on with a frozen actor, and say what is guaranteed of it");
  add_frozen_options(*command, options->resume.frozen);
  command->add_flag("--reprefill", options->resume.reprefill,
                    "For another model or guest than it was frozen with: compute its tokens again");
  command->add_flag("--json", options->resume.json, "Print one JSON line for every record");
  add_save_options(*command, options->resume.save);
  add_device_options(*command, options->runtime, "the best one");
  command->footer(
      "Prints what follows, as \"driftwood run --resume FILE\" does, and on standard error one "
      "line: identical\n"
      "(the bits that it would have had) or same-state (the state is exact, but this device sums "
      "in another\n"
      "order), tokens, bytes read, milliseconds. That the bulk of the file is as it was written is "
      "looked at with\n"
      "--verify alone. An actor that has nothing to do is thawed all the same.\n\n"
      "A file is refused by another model or guest than it was frozen with. With --reprefill this "
      "model and this\n"
      "guest compute its tokens again, by the same tokenizer, and go on from there with the answer "
      "that was under\n"
      "way; what comes is theirs, and may differ from what would have come.\n\n"
      "Examples:\n"
      "  driftwood thaw night.safetensors\n"
      "  driftwood thaw --verify --model path/to/folder talk.safetensors\n"
      "  driftwood thaw --reprefill --model path/to/finetuned night.safetensors\n"
      "  driftwood thaw thin.safetensors --guest my_guest.wasm --save next.safetensors --steps 9");
  command->callback([options, &chosen] { chosen = [options] { return thaw(*options); }; });
}

}  // namespace driftwood::cli

// `driftwood freeze`: a conversation that was begun, in a file, its text waiting there.
#include <driftwood/runtime.h>
#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <utility>
#include <variant>

#include "cli/commands.h"
#include "cli/interrupt.h"
#include "cli/request_options.h"
#include "cli/saving.h"
#include "cli/spawn.h"
#include "cli/terminal.h"

namespace driftwood::cli {
namespace {

struct FreezeCommand {
  RequestOptions request;
  SpawnOptions spawn;
  RuntimeOptions runtime;
  SaveOptions save = {.path = {}, .thin = false, .steps = 2};
  bool json = false;
};

// The error that the guest answered with, if it did: the records that wait are looked at in a fork,
// since they are to stay.
std::optional<Error> find_refusal(const Actor& actor) {
  auto fork = actor.fork();
  if (!fork) return fork.error();
  for (const OutputRecord& waiting : fork->take_output()) {
    const auto record = parse_generate_record(waiting.bytes);
    if (!record) return record.error();
    if (const auto* error = std::get_if<Error>(&*record)) return *error;
  }
  return std::nullopt;
}

int freeze(FreezeCommand options) {
  if (auto read = read_request_options(options.request); !read) {
    return report_usage(read.error().message());
  }
  auto message = make_message(options.request, options.json);
  if (!message) return report(message.error());
  if (auto can = check_can_save(options.save, message->size()); !can) return report(can.error());
  const auto runtime = Runtime::create(options.runtime);
  if (!runtime) return report(runtime.error());
  auto spawned = spawn(*runtime, options.spawn);
  if (!spawned) return report(spawned.error());

  Actor* const actor = &spawned->actor;
  actor->send(*std::move(message), options.request.timeout_ns());
  show_progress("reading the prompt");
  std::size_t ready = 1;
  {
    const PauseOnInterrupt guard;
    for (std::uint64_t left = *options.save.steps; left > 0 && ready > 0 && !interrupted();
         --left) {
      ready = runtime->step({&actor, 1});
    }
  }
  clear_progress();
  if (const auto refusal = find_refusal(*actor)) return report(*refusal);
  const auto saved =
      save(*actor, options.save, ready > 0 ? ActorStatus::paused : ActorStatus::idle);
  if (!saved) return report(saved.error());
  if (options.json) fmt::print("{}\n", (*saved)->to_json().dump());
  tell(*saved);
  return interrupted() ? kInterrupted : kSuccess;
}

}  // namespace

void add_freeze(CLI::App& app, Command& chosen) {
  auto options = std::make_shared<FreezeCommand>();
  CLI::App* command =
      app.add_subcommand("freeze", "Begin to answer a prompt, and freeze that into a file");
  command->add_option("FILE", options->save.path, "The file to write")
      ->required()
      ->check(not_empty());
  add_request_options(*command, options->request);
  add_spawn_options(*command, options->spawn);
  command
      ->add_option(
          "--steps", options->save.steps,
          "Steps to make: one is the guest's start, one each piece of the prompt, one each "
          "token (default: 2, by which a prompt of up to 512 tokens is read)")
      ->transform(whole_number(1, 4294967295))
      ->group("Saving");
  add_thin_option(*command, options->save.thin);
  command->add_flag("--json", options->json,
                    "Print one JSON object with file, bytes and rows; and have the conversation "
                    "report single tokens");
  add_device_options(*command, options->runtime, "the best one");
  command->footer(
      "What the guest has written by then waits in the file: \"driftwood thaw FILE\" prints the "
      "whole answer.\n"
      "Examples:\n"
      "  driftwood freeze night.safetensors \"It was a dark night\"\n"
      "  driftwood freeze night.safetensors --steps 20 --seed 7 \"It was a dark night\"\n"
      "  driftwood freeze --prompt-file long.txt --steps 9 long.safetensors");
  command->callback([options, &chosen] { chosen = [options] { return freeze(*options); }; });
}

}  // namespace driftwood::cli

// Stops an answer in its midst, freezes it into a file, and has it go on three times: in the actor
// that was frozen, in a fork of it, and in one that is made of the file. All three end alike.
//
//   freeze MODEL_FOLDER "Once upon a time" FILE
#include <driftwood/generate.h>
#include <driftwood/runtime.h>

#include <iostream>

using namespace driftwood;

// Prints the text of up to `most_steps` steps.
static Result<void> print(Actor& actor, std::uint64_t most_steps = UINT64_MAX) {
  const auto on_record = [](std::string_view bytes) {
    const auto record = parse_generate_record(bytes);
    if (!record) return;
    if (const auto* text = std::get_if<TextRecord>(&*record)) std::cout << text->text;
    if (const auto* error = std::get_if<Error>(&*record)) std::cerr << error->message() << "\n";
  };
  const auto status = actor.run(on_record, most_steps);
  std::cout << "\n";
  if (!status) return std::unexpected(status.error());
  return {};
}

static Result<void> freeze(const std::string& folder, const std::string& prompt,
                           const std::string& file) {
  auto runtime = Runtime::create({});
  if (!runtime) return std::unexpected(runtime.error());
  auto model = runtime->open_model(folder);
  if (!model) return std::unexpected(model.error());
  auto guest = runtime->builtin_guest("llama");
  if (!guest) return std::unexpected(guest.error());
  auto actor = runtime->spawn(*guest, *model, {});
  if (!actor) return std::unexpected(actor.error());

  GenerateRequest request;
  request.prompt = prompt;
  request.max_tokens = 40;
  request.seed = 7;
  auto message = request.to_json();
  if (!message) return std::unexpected(message.error());
  actor->send(*std::move(message));
  if (auto done = print(*actor, 20); !done) return done;

  auto frozen = actor->freeze(file, {.durability = Durability::synced});
  if (!frozen) return std::unexpected(frozen.error());
  auto fork = actor->fork();
  if (!fork) return std::unexpected(fork.error());
  auto thawed = runtime->thaw(file, *model, {});
  if (!thawed) return std::unexpected(thawed.error());

  for (Actor* one : {&*actor, &*fork, &thawed->actor}) {
    if (auto done = print(*one); !done) return done;
  }
  return {};
}

int main(int argc, char** argv) {
  if (argc != 4) {
    std::cerr << "usage: freeze MODEL_FOLDER PROMPT FILE\n";
    return 2;
  }
  const auto done = freeze(argv[1], argv[2], argv[3]);
  if (done) return 0;
  std::cerr << "freeze: " << done.error().message() << "\n";
  return 1;
}

// Continues a prompt with a model and prints the text as it comes.
//
//   embed MODEL_FOLDER "Once upon a time"
#include <driftwood/generate.h>
#include <driftwood/runtime.h>

#include <iostream>

using namespace driftwood;

static Result<void> generate(const std::string& folder, const std::string& prompt) {
  auto runtime = Runtime::create({});  // the best device of this machine
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
  request.temperature = 0;
  auto message = request.to_json();
  if (!message) return std::unexpected(message.error());
  actor->send(*std::move(message));

  // The guest answers with records. Another thread could call actor->cancel() meanwhile.
  std::optional<Error> failure;
  auto status = actor->run([&](std::string_view bytes) {
    const auto record = parse_generate_record(bytes);
    if (!record) {
      failure = record.error();
    } else if (const auto* text = std::get_if<TextRecord>(&*record)) {
      std::cout << text->text << std::flush;
    } else if (const auto* error = std::get_if<Error>(&*record)) {
      failure = *error;
    }
  });
  std::cout << "\n";
  if (!status) return std::unexpected(status.error());
  if (failure) return std::unexpected(*failure);
  return {};
}

int main(int argc, char** argv) {
  if (argc != 3) {
    std::cerr << "usage: embed MODEL_FOLDER PROMPT\n";
    return 2;
  }
  const auto done = generate(argv[1], argv[2]);
  if (done) return 0;
  std::cerr << "embed: " << done.error().message() << "\n";
  return 1;
}

// A guest as a program of its own, to be run under a debugger or with sanitizers: gives it one
// message and prints its records, one on a line.
//
//   llama_native [--model FOLDER] [--device NAME] MESSAGE
//   mnist_native [--model FILE] [--device NAME] --input FILE
#include <driftwood/runtime.h>

#include <cstdio>
#include <fstream>
#include <iterator>
#include <string_view>

#include "driftwood.h"

namespace {

struct Arguments {
  std::string model, device = "auto", message;
  bool complete = false;
};

Arguments parse(int count, char** words) {
  Arguments arguments;
  for (int i = 1; i < count; ++i) {
    const std::string_view word = words[i];
    const bool has_value = i + 1 < count;
    if (word == "--model" && has_value) {
      arguments.model = words[++i];
    } else if (word == "--device" && has_value) {
      arguments.device = words[++i];
    } else if (word == "--input" && has_value) {
      std::ifstream file(words[++i], std::ios::binary);
      arguments.complete = i + 1 == count && file;
      arguments.message.assign(std::istreambuf_iterator<char>(file), {});
    } else {
      arguments.complete = i + 1 == count;
      arguments.message = word;
    }
  }
  return arguments;
}

driftwood::Result<driftwood::ActorStatus> run(const Arguments& arguments) {
  driftwood::RuntimeOptions options;
  options.device = arguments.device;
  const auto runtime = driftwood::Runtime::create(options);
  if (!runtime) return std::unexpected(runtime.error());
  std::optional<driftwood::Model> model;
  if (!arguments.model.empty()) {
    auto opened = runtime->open_model(arguments.model);
    if (!opened) return std::unexpected(opened.error());
    model = *std::move(opened);
  }
  auto actor = runtime->spawn_native({driftwood_start, driftwood_resume}, model, {});
  if (!actor) return std::unexpected(actor.error());
  actor->send(arguments.message);
  return actor->run([](std::string_view record) {
    std::fwrite(record.data(), 1, record.size(), stdout);
    std::fputc('\n', stdout);
  });
}

}  // namespace

int main(int count, char** words) {
  const Arguments arguments = parse(count, words);
  if (!arguments.complete) {
    std::fprintf(stderr, "usage: %s [--model PATH] [--device NAME] MESSAGE | --input FILE\n",
                 words[0]);
    return 2;
  }
  const auto status = run(arguments);
  if (status) return 0;
  std::fprintf(stderr, "%s: %s\n", words[0], status.error().message().c_str());
  return 1;
}

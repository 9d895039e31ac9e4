// What does it cost to freeze, thaw, fork and park a conversation?
#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include <cstdio>

#include "actors/measurements.h"
#include "os/process.h"

namespace driftwood::costs {
namespace {

struct Arguments {
  std::string model, folder;
  unsigned threads = 0;
  std::vector<std::uint32_t> save_tokens;
  std::uint32_t rounds = 200, steps = 30, fork_tokens = 0, fork_rounds = 40, forks = 100;
  std::uint32_t parked = 0, parked_tokens = 200;
};

Result<Report> measure(const Arguments& arguments) {
  DW_TRY_ASSIGN(const Setup setup, Setup::open(arguments.model, arguments.threads));
  Report report{.processor = os::processor_name(),
                .device = setup.device().capabilities().description,
                .model = setup.model().name,
                .figures = {}};
  // Keeps the compiled program.
  DW_TRY_ASSIGN(const auto one_alive, setup.talking(2, 1));
  if (!arguments.save_tokens.empty()) {
    DW_TRY(measure_saving(setup,
                          {.tokens = arguments.save_tokens,
                           .rounds = arguments.rounds,
                           .steps = arguments.steps,
                           .folder = arguments.folder},
                          report));
  }
  if (arguments.fork_tokens > 0) {
    DW_TRY(measure_forking(setup,
                           {.tokens = arguments.fork_tokens,
                            .rounds = arguments.fork_rounds,
                            .forks = arguments.forks},
                           report));
  }
  if (arguments.parked > 0) {
    DW_TRY(measure_parking(
        setup,
        {.actors = arguments.parked, .tokens = arguments.parked_tokens, .folder = arguments.folder},
        report));
  }
  return report;
}

int run(int argc, char** argv) {
  Arguments arguments;
  bool as_json_text = false;
  CLI::App app("What does it cost to freeze, thaw, fork and park a conversation?");
  app.add_option("--model", arguments.model, "Folder of the model")->required();
  app.add_option("--folder", arguments.folder, "Folder for files, which stay there")->required();
  app.add_option("--threads", arguments.threads, "Threads of the CPU device");
  app.add_option("--save", arguments.save_tokens, "Lengths of conversations to freeze and thaw")
      ->delimiter(',');
  app.add_option("--rounds", arguments.rounds, "Of freezing and thawing");
  app.add_option("--steps", arguments.steps, "Of them, with tokens made after the thaw");
  app.add_option("--fork", arguments.fork_tokens, "Length of a conversation to fork");
  app.add_option("--fork-rounds", arguments.fork_rounds, "Of forking");
  app.add_option("--forks", arguments.forks, "Alive at once");
  app.add_option("--park", arguments.parked, "Number of actors to park");
  app.add_option("--park-tokens", arguments.parked_tokens, "Length of each one's text");
  app.add_flag("--json", as_json_text, "Write JSON");
  CLI11_PARSE(app, argc, argv);
  const auto report = measure(arguments);
  if (!report) {
    fmt::print(stderr, "actor_costs: {}\n", report.error().message());
    return 1;
  }
  fmt::print("{}", as_json_text ? as_json(*report) : as_text(*report));
  return 0;
}

}  // namespace
}  // namespace driftwood::costs

int main(int argc, char** argv) {
  return driftwood::costs::run(argc, argv);
}

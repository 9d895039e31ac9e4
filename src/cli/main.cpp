// The command line: parses, runs one subcommand, returns its exit code.
#include <fmt/format.h>

#include <CLI/CLI.hpp>

#include "cli/commands.h"
#include "cli/interrupt.h"

using namespace driftwood;

int main(int argc, char** argv) {
  CLI::App app{
      "Driftwood runs models as sandboxed WebAssembly guests that drive the device in place.",
      "driftwood"};
  app.require_subcommand(0, 1);
  app.set_version_flag("--version", "driftwood " + std::string(version()));
  app.footer(
      "Examples:\n"
      "  driftwood run --model path/to/folder \"Once upon a time\"\n"
      "  driftwood inspect model.safetensors\n"
      "  driftwood probe\n\n"
      "Exit codes: 0 done, 1 failed, 2 wrong usage, 130 interrupted.");
  app.get_formatter()->column_width(34);

  cli::Command command;
  cli::add_run(app, command);
  cli::add_inspect(app, command);
  cli::add_probe(app, command);

  cli::install_interrupt_handler();
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? cli::kSuccess : cli::kUsage;
  }
  if (!command) {
    fmt::print(stderr, "driftwood: Name a subcommand: run, inspect or probe; --help says more.\n");
    return cli::kUsage;
  }
  return command();
}

// The command line: parses, runs one subcommand, returns its exit code.
#include <driftwood/log.h>
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <map>
#include <new>
#include <system_error>

#include "cli/commands.h"
#include "cli/interrupt.h"
#include "cli/terminal.h"
#include "cli/text_output.h"

using namespace driftwood;

// Of the guest "llama", which is linked in for driftwood bench.
extern "C" std::int32_t driftwood_start();
extern "C" std::int32_t driftwood_resume(std::int32_t event, std::int32_t status);

namespace {

// Runs the command and sees to it that what it printed was really written.
int run_to_the_end(const cli::Command& command) {
  try {
    const int code = command();
    const bool written = std::fflush(stdout) == 0 && !std::ferror(stdout);
    if (written) return code;
    const int reason = cli::TextOutput::failure().value_or(errno);
    return cli::report(Error(ErrorCode::io, fmt::format("Standard output cannot be written: {}.",
                                                        std::strerror(reason))));
  } catch (const std::bad_alloc&) {
    return cli::report(Error(ErrorCode::out_of_memory, "There is not enough memory."));
  } catch (const std::system_error& error) {  // how fmt reports a failing stream
    return cli::report(
        Error(ErrorCode::io, fmt::format("Standard output cannot be written: {}.", error.what())));
  }
}

}  // namespace

int main(int argc, char** argv) {
  cli::take_standard_streams();
  CLI::App app{
      "Driftwood runs models as sandboxed WebAssembly guests that drive the device in place.",
      "driftwood"};
  app.require_subcommand(0, 1);
  app.set_version_flag("--version", "driftwood " + std::string(version()));
  app.footer(
      "Examples:\n"
      "  driftwood run \"It was a dark night\"\n"
      "  driftwood run --model path/to/folder \"Once upon a time\"\n"
      "  driftwood run --save night.safetensors \"It was a dark night\"\n"
      "  driftwood run --resume night.safetensors\n"
      "  driftwood eval --model path/to/folder text.txt\n"
      "  driftwood inspect model.safetensors\n"
      "  driftwood devices\n"
      "  driftwood probe\n"
      "  driftwood bench\n\n"
      "Exit codes: 0 done, 1 failed, 2 wrong usage, 130 interrupted.");
  app.get_formatter()->column_width(34);
  static const std::map<std::string, LogLevel> kLevels = {{"debug", LogLevel::debug},
                                                          {"info", LogLevel::info},
                                                          {"warning", LogLevel::warning},
                                                          {"error", LogLevel::error}};
  std::string least = "warning";
  app.add_option("--log", least, "Log lines on standard error: debug, info, warning, error")
      ->check(CLI::IsMember({"debug", "info", "warning", "error"}))
      ->option_text("LEVEL (default: warning)");

  app.fallthrough();  // --log after the subcommand, too

  cli::Command command;
  cli::add_run(app, command);
  cli::add_freeze(app, command);
  cli::add_thaw(app, command);
  cli::add_fork(app, command);
  cli::add_replay(app, command);
  cli::add_verify(app, command);
  cli::add_diff(app, command);
  cli::add_eval(app, command);
  cli::add_inspect(app, command);
  cli::add_devices(app, command);
  cli::add_probe(app, command);
  cli::add_bench(app, command, {driftwood_start, driftwood_resume});

  app.failure_message([](const CLI::App*, const CLI::Error& error) {
    return fmt::format("driftwood: {}\nRun with --help for more information.\n", error.what());
  });

  cli::install_interrupt_handler();
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? cli::kSuccess : cli::kUsage;
  }
  if (!command) {
    return cli::report_usage(
        "Name a subcommand: run, freeze, thaw, fork, replay, verify, diff, eval, inspect, probe or "
        "bench; --help says more.");
  }
  set_log_callback(kLevels.at(least), nullptr);
  return run_to_the_end(command);
}

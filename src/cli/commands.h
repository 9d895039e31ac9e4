// The subcommands. Each adds itself to the parser and, when it is chosen, sets what main() then
// runs. Standard output carries the result and nothing else; everything said to the person goes to
// standard error.
#pragma once

#include <CLI/CLI.hpp>

#include <functional>
#include <string>
#include <string_view>

#include <driftwood/runtime.h>

namespace driftwood::cli {

// What a process of ours can end with (docs/errors.md).
enum ExitCode : int { kSuccess = 0, kFailure = 1, kUsage = 2, kInterrupted = 130 };

using Command = std::function<int()>;

void add_run(CLI::App& app, Command& chosen);
void add_freeze(CLI::App& app, Command& chosen);
void add_thaw(CLI::App& app, Command& chosen);
void add_fork(CLI::App& app, Command& chosen);
void add_replay(CLI::App& app, Command& chosen);
void add_verify(CLI::App& app, Command& chosen);
void add_diff(CLI::App& app, Command& chosen);
void add_devices(CLI::App& app, Command& chosen);
void add_eval(CLI::App& app, Command& chosen);
void add_inspect(CLI::App& app, Command& chosen);
void add_probe(CLI::App& app, Command& chosen);
void add_bench(CLI::App& app, Command& chosen, const NativeGuest& native_llama);

// The variable's value with `below` behind it, or nothing where it is not set or empty.
std::string folder_from(const char* variable, const char* below);

// Where compiled guests are kept: what DRIFTWOOD_CACHE says, otherwise a folder of the user's own
// caches; empty for nowhere.
std::string find_cache_folder();

// The options that choose and configure a device, whose folder for compiled guests is set too.
// `default_device` says what no --device means.
void add_device_options(CLI::App& command, RuntimeOptions& options,
                        std::string_view default_device);

// Takes decimal digits alone, without those zeros in front that would make an octal number of it.
CLI::Validator whole_number(std::uint64_t least, std::uint64_t most);

// Refuses an empty text, which a script's unset variable becomes.
CLI::Validator not_empty();

CLI::Option* add_kv_dtype_option(CLI::App& command, std::string& kv_dtype);

// Prints "driftwood: <sentence>" to standard error and gives the exit code that belongs to the
// error.
int report(const Error& error);

// The same for wrong usage that the parser cannot see; gives kUsage.
int report_usage(std::string_view sentence);

}  // namespace driftwood::cli

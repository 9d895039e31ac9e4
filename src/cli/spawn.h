// New actors as the user describes them.
#pragma once

#include <driftwood/runtime.h>

#include <CLI/CLI.hpp>
#include <cstdint>
#include <string>
#include <vector>

namespace driftwood::cli {

struct SpawnOptions {
  std::string model;            // empty: the default model
  std::string guest;            // a built-in guest's name, or a file
  bool may_lack_model = false;  // where none is named
  ActorOptions actor;
};

// Adds --model, --guest and those options that only a new actor can have, which it gives back.
std::vector<CLI::Option*> add_spawn_options(CLI::App& command, SpawnOptions& options);

struct Spawned {
  Actor actor;
  std::uint64_t weight_bytes;  // of the model
};
// Errors: those of open_model, find_guest and Runtime::spawn.
Result<Spawned> spawn(const Runtime& runtime, const SpawnOptions& options);

}  // namespace driftwood::cli

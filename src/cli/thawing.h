// Frozen actors that commands go on with, and what they need beside their files.
#pragma once

#include <driftwood/frozen.h>
#include <driftwood/runtime.h>

#include <CLI/CLI.hpp>
#include <cstdint>
#include <optional>
#include <string>

namespace driftwood::cli {

struct FrozenOptions {
  std::string path;
  std::string model;  // empty: the default model
  std::string guest;  // empty: that of the file; for a thin file "llama"
  bool verify = false;
};

// Adds FILE and what it may need.
void add_frozen_options(CLI::App& command, FrozenOptions& options);

// What a file needs to be gone on with: a model, if it had one or one is named, and the guest.
struct Surroundings {
  FrozenInfo info;
  std::optional<Model> model;
  ThawOptions options;
};
// Errors: those of inspect_frozen, open_model and find_guest.
Result<Surroundings> find_surroundings(const Runtime& runtime, const FrozenOptions& options);

// The error of a thaw or a replay, with the options that may help.
Error advise(const Error& error, const FrozenOptions& options, const Surroundings& found);

struct Thawed {
  Actor actor;
  std::optional<ThawReport> report;  // nothing where its tokens are to be computed again
  FrozenInfo info;
  std::uint64_t weight_bytes;  // of the model
  double thaw_ms;
};
// Errors: those of find_surroundings and Runtime::thaw.
Result<Thawed> thaw_file(const Runtime& runtime, const FrozenOptions& options);

// An actor of this model and guest, whatever the file's were, that will compute its tokens again.
// Errors: those of find_surroundings and Runtime::reprefill.
Result<Thawed> reprefill_file(const Runtime& runtime, const FrozenOptions& options);

// Says on standard error what is guaranteed of an actor that was thawed.
void tell(const Runtime& runtime, const FrozenOptions& options, const Thawed& thawed);

}  // namespace driftwood::cli

// Actors at work that may be saved in a file.
#pragma once

#include <driftwood/actor.h>

#include <CLI/CLI.hpp>
#include <cstdint>
#include <functional>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>

namespace driftwood::cli {

struct SaveOptions {
  std::string path;                    // empty: it is not saved
  bool thin = false;                   // without the guest's module
  std::optional<std::uint64_t> steps;  // after which it is saved
};

// Adds --save and what belongs to it.
void add_save_options(CLI::App& command, SaveOptions& options);
// Adds --thin alone.
CLI::Option* add_thin_option(CLI::App& command, bool& thin);

// A file that was written.
struct Saved {
  std::string path;
  FreezeReport report;
  bool is_paused;  // the actor has more to do

  nlohmann::ordered_json to_json() const;
};

// Whether the file is in a folder that is there, asked before anything is done for it. Errors:
// not_found; invalid_argument for a folder in its place.
Result<void> check_can_save(const std::string& path);
// The same of an actor that is to be saved, with a message of so many bytes under way. Errors:
// limit for more than a file holds.
Result<void> check_can_save(const SaveOptions& options, std::uint64_t message_bytes);

// Has the actor work: to the end, or, if it is to be saved, until its steps are made, Ctrl-C is
// pressed or standard output cannot be written. Otherwise Ctrl-C cancels what it is at. Errors:
// those of Actor::run.
Result<ActorStatus> work(Actor& actor, const SaveOptions& options, std::string_view progress,
                         const std::function<void(std::string_view record)>& on_record);

// Saves the actor if that is asked for. Errors: those of Actor::freeze.
Result<std::optional<Saved>> save(const Actor& actor, const SaveOptions& options,
                                  ActorStatus status);

// Tells a person at a terminal what was saved and where.
void tell(const std::optional<Saved>& saved);

}  // namespace driftwood::cli

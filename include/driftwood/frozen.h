// Frozen actors as files: what is in one, whether it is whole, and how two differ, without running
// anything. Runtime::thaw makes actors of them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <driftwood/model.h>
#include <driftwood/result.h>

namespace driftwood {

// Messages that wait or are under way, and output that waits, of one frozen actor together.
inline constexpr std::uint64_t kMostFrozenTextBytes = std::uint64_t{64} << 20;

struct FrozenInfo {
  std::uint64_t file_bytes;
  std::string guest_sha256;
  bool is_thin;  // the guest's module is not in the file
  std::optional<ModelFingerprint> model;
  std::string numerics;         // of the device it was frozen from
  std::string next;             // what the guest waits for: "idle", "run", "continue", "finished"
  std::uint64_t memory_bytes;   // of the guest
  std::uint64_t touched_bytes;  // of it, those that are in the file
  std::uint64_t state_rows;
  std::uint64_t waiting_messages;
  std::uint64_t waiting_records;
  std::string description;  // all of it, as JSON
};

// Errors: not_found; io; corrupt, with the rule that is broken; unsupported for what is no frozen
// actor, or a newer one.
Result<FrozenInfo> inspect_frozen(const std::string& path);

// Checks all of the file: its structure, every descriptor and number, every checksum, the module
// and the programs. Errors: as inspect_frozen.
Result<void> verify_frozen(const std::string& path);

// One thing that two frozen actors have not in common.
struct FrozenDifference {
  std::string what;    // "global 3", "page 17 of the memory", "state 0, row 12, plane 3"
  std::string first;   // what it is in the first file, for people
  std::string second;  // and in the second
};

struct FrozenDiff {
  // The first few of each kind, tokens first; how many there are of it follows.
  std::vector<FrozenDifference> differences;
  std::uint64_t tokens, globals, pages, rows, other;

  bool is_equal() const { return tokens + globals + pages + rows + other == 0; }
};

// Errors: as inspect_frozen, with the file.
Result<FrozenDiff> diff_frozen(const std::string& first, const std::string& second);

}  // namespace driftwood

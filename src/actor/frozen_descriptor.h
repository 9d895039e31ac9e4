// What the JSON of a frozen actor says (docs/formats/frozen_actor.md): everything of the actor but
// its bulk bytes, as plain values.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/error.h"
#include "guest/guest.h"
#include "guest/snapshot.h"
#include "memory/window.h"
#include "model/fingerprint.h"

namespace driftwood::actor::frozen {

// Bytes of any kind. They lie in the file's tensor "texts"; the JSON says where.
struct Text {
  std::string bytes;
};

struct Module {
  std::string sha256;  // hexadecimal, of the module's bytes
  std::uint64_t bytes = 0;
};
struct Global {
  std::uint32_t index = 0;
  std::string type;  // as type_name()
};
struct Window {
  std::uint64_t offset = 0, bytes = 0;
  memory::Access access = memory::Access::read;
};
struct State {
  std::uint32_t rows = 0, most_rows = 0;
};
struct Place {
  std::uint32_t window = 0;
  std::uint64_t offset = 0;
};
struct Graph {
  std::uint32_t program = 0;
  bool uses_model = false;
  std::vector<std::optional<Place>> windows;
  std::vector<std::optional<std::uint32_t>> states, registers;
};
struct Handle {
  std::uint32_t number = 0;
  guest::Snapshot::Kind kind = guest::Snapshot::Kind::model;
  std::uint32_t index = 0;
};
struct Failure {
  ErrorCode code = ErrorCode::invalid_argument;
  Text text;
};
struct Message {
  Text text;
  std::optional<std::uint64_t> left_ns;
};

struct Descriptor {
  std::uint32_t segments = 1;  // parts that were added later count up from there
  std::uint32_t abi_version = 0;
  std::string numerics;  // of the device that it was frozen from
  Module module;
  std::optional<model::Fingerprint> model;
  std::string options;  // JSON, as the guest reads it

  bool started = false, finished = false;
  std::uint64_t calls = 0, memory_bytes = 0, rows = 0, clock_ns = 0, log_bytes = 0;
  std::uint32_t last_handle = 0, last_run = 0;
  Text error_text, standard_output, standard_error;
  std::optional<Text> message;
  std::vector<Global> globals;
  std::vector<Window> windows;
  std::vector<State> states;
  std::uint32_t registers = 0, programs = 0;  // how many tensors of these names there are
  std::vector<Graph> graphs;
  std::vector<Handle> handles;

  guest::Next next = guest::Next::idle;
  std::optional<Failure> outcome;  // of the run, if it failed
  bool in_message = false, end_told = false, cancelled = false;
  std::optional<std::uint64_t> left_ns;
  std::vector<Message> mailbox;
  std::uint64_t output_position = 0;
  std::vector<Text> output;

  std::uint64_t state_rows() const;  // of all states together
};

// The words of the description: "idle", "run", "continue", "finished".
std::string_view name_of(guest::Next next);

// "i32", "i64", "f32", "f64" or "v128", by the letter of guest::Global; and back, '?' for what is
// the type of no global.
std::string_view type_name(char letter);
char type_letter(std::string_view name);

// A description is not longer than this, and has not more values and keys: as a tree each of them
// takes some 100 bytes, and that is to be a bounded amount of memory for every file. Its texts are
// read into the description and copied from there into the actor, so they are bounded too,
// and so is the file's header with all that is not the description.
inline constexpr std::uint64_t kMostJsonBytes = std::uint64_t{8} << 20;
inline constexpr std::uint64_t kMostJsonValues = std::uint64_t{1} << 18;
inline constexpr std::uint64_t kMostTextBytes = std::uint64_t{64} << 20;
inline constexpr std::uint64_t kMostHeadBytes = 2 * kMostJsonBytes;  // quotes in it are escaped

// Blocks of all states together, each of which takes some 160 bytes beside its rows.
inline constexpr std::uint64_t kMostBlocks = std::uint64_t{1} << 19;

// Errors: limit above kMostBlocks.
Result<void> check_block_count(std::uint64_t blocks);

// Errors: limit for a description over either, and for texts over their limit.
Result<void> check_size(std::string_view json, std::uint64_t text_bytes);

// The JSON, and in `texts` the bytes that it points to.
std::string to_json(const Descriptor& descriptor, std::string& texts);

// The texts of a file, read where they are wanted.
struct TextSource {
  std::uint64_t size_bytes;
  std::function<Result<void>(std::uint64_t offset_bytes, std::span<std::byte> to)> read;
};

// Checks types, ranges of numbers, names and places in the texts; what the numbers mean for each
// other is the reader's to check. Fields that are not known are passed over. Errors: corrupt, with
// the field; those of check_size() and of the source.
Result<Descriptor> read_descriptor(std::string_view json, const TextSource& texts);

}  // namespace driftwood::actor::frozen

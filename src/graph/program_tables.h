// The outermost part of decoding: the header and where the tables lie (docs/program.md).
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "core/error.h"

namespace driftwood::graph {

inline constexpr std::size_t kHeaderBytes = 64;
inline constexpr std::size_t kSymbolBytes = 8;
inline constexpr std::size_t kTensorBytes = 64;
inline constexpr std::size_t kOpBytes = 16;
inline constexpr std::size_t kOperandBytes = 4;
inline constexpr std::size_t kAttributeBytes = 16;

// Records of one size, one after the other.
struct Table {
  std::span<const std::byte> bytes;
  std::size_t record_bytes;

  std::size_t count() const { return bytes.size() / record_bytes; }
  std::span<const std::byte> record(std::size_t i) const {
    return bytes.subspan(i * record_bytes, record_bytes);
  }
};

// Views into the encoded bytes, which outlive them.
struct ProgramTables {
  Table symbols, tensors, ops, operands, attributes;
  std::span<const std::byte> names;
  std::uint32_t window_slot_count, state_slot_count, register_slot_count;
};

// Checks the header and that the tables fill the bytes exactly; looks into no table.
// Errors: invalid_argument, limit.
Result<ProgramTables> split_program(std::span<const std::byte> bytes);

}  // namespace driftwood::graph

// Little-endian numbers out of bytes, on every host.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "core/check.h"

namespace driftwood::graph {

// Reads one record from front to back. The caller has made sure that the record is complete.
class ByteReader {
 public:
  explicit ByteReader(std::span<const std::byte> bytes) : rest_(bytes) {}

  std::uint16_t u16() { return static_cast<std::uint16_t>(number(2)); }
  std::uint32_t u32() { return static_cast<std::uint32_t>(number(4)); }
  std::uint64_t u64() { return number(8); }

 private:
  std::uint64_t number(std::size_t byte_count) {
    DW_CHECK(byte_count <= rest_.size());
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < byte_count; ++i) {
      value |= std::to_integer<std::uint64_t>(rest_[i]) << 8 * i;
    }
    rest_ = rest_.subspan(byte_count);
    return value;
  }

  std::span<const std::byte> rest_;
};

}  // namespace driftwood::graph

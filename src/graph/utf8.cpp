#include "graph/utf8.h"

#include <cstddef>
#include <cstdint>

namespace driftwood::graph {
namespace {

// What a first byte announces: how many bytes follow, and the least value that needs them.
struct Sequence {
  std::size_t continuation_count;
  std::uint32_t first_bits;
  std::uint32_t least;
};

bool read_first(std::uint8_t byte, Sequence& sequence) {
  if (byte < 0x80) {
    sequence = {0, byte, 0};
  } else if (byte >> 5 == 0b110) {
    sequence = {1, byte & 0x1fu, 0x80};
  } else if (byte >> 4 == 0b1110) {
    sequence = {2, byte & 0x0fu, 0x800};
  } else if (byte >> 3 == 0b11110) {
    sequence = {3, byte & 0x07u, 0x10000};
  } else {
    return false;
  }
  return true;
}

}  // namespace

bool is_utf8(std::string_view text) {
  for (std::size_t i = 0; i < text.size();) {
    Sequence sequence;
    if (!read_first(static_cast<std::uint8_t>(text[i++]), sequence)) return false;
    if (sequence.continuation_count > text.size() - i) return false;
    std::uint32_t code_point = sequence.first_bits;
    for (std::size_t end = i + sequence.continuation_count; i < end; ++i) {
      const auto byte = static_cast<std::uint8_t>(text[i]);
      if (byte >> 6 != 0b10) return false;
      code_point = code_point << 6 | (byte & 0x3fu);
    }
    const bool is_surrogate = code_point >= 0xd800 && code_point <= 0xdfff;
    if (code_point < sequence.least || code_point > 0x10ffff || is_surrogate) return false;
  }
  return true;
}

}  // namespace driftwood::graph

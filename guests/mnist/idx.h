// The IDX file of images that MNIST comes in: magic 00 00 08 03 (unsigned bytes, three dimensions),
// then image count, height and width, all big-endian u32, then the pixels.
#pragma once

#include <cstdint>
#include <span>

#include "driftwood_result.hpp"

namespace driftwood::guests::mnist {

struct Images {
  std::uint32_t count, height, width;
};

inline constexpr std::uint32_t kHeaderBytes = 16;

// Errors: DW_E_CORRUPT for another magic, or a size other than the header's numbers give.
sdk::Result<Images> parse_idx(std::span<const std::uint8_t> file);

}  // namespace driftwood::guests::mnist

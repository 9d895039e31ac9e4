#include "core/checksum.h"

// The functions are compiled in here, so that nothing is linked.
#define XXH_INLINE_ALL
#include <xxhash.h>

namespace driftwood {

std::uint64_t xxh3(std::span<const std::span<const std::byte>> parts) {
  XXH3_state_t state;
  XXH3_64bits_reset(&state);
  for (const auto part : parts) XXH3_64bits_update(&state, part.data(), part.size());
  return XXH3_64bits_digest(&state);
}

std::uint64_t xxh3(std::span<const std::byte> bytes) {
  return XXH3_64bits(bytes.data(), bytes.size());
}

}  // namespace driftwood

#include "core/checksum.h"

// The functions are compiled in here, so that nothing is linked.
#define XXH_INLINE_ALL
#include <xxhash.h>

namespace driftwood {

struct Checksum::State {
  XXH3_state_t xxh3;
};

Checksum::Checksum() : state_(std::make_unique<State>()) {
  XXH3_64bits_reset(&state_->xxh3);
}
Checksum::~Checksum() = default;

void Checksum::add(std::span<const std::byte> bytes) {
  XXH3_64bits_update(&state_->xxh3, bytes.data(), bytes.size());
}

std::uint64_t Checksum::value() const {
  return XXH3_64bits_digest(&state_->xxh3);
}

std::uint64_t xxh3(std::span<const std::span<const std::byte>> parts) {
  Checksum sum;
  for (const auto part : parts) sum.add(part);
  return sum.value();
}

std::uint64_t xxh3(std::span<const std::byte> bytes) {
  return XXH3_64bits(bytes.data(), bytes.size());
}

}  // namespace driftwood

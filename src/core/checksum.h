// The checksum of stored bytes. It finds damage, not intent: anybody can make bytes for a checksum.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace driftwood {

// XXH3 of 64 bits, seed 0, of the parts one after another: how they are cut makes no difference.
std::uint64_t xxh3(std::span<const std::span<const std::byte>> parts);
std::uint64_t xxh3(std::span<const std::byte> bytes);

}  // namespace driftwood

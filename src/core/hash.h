// A hash that finds equal bytes; it keeps nobody from making two inputs with one hash.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace driftwood {

inline constexpr std::uint64_t kHashOfNothing = 0xcbf29ce484222325;

// FNV-1a (Fowler, Noll, Vo) of 64 bits; `hash` is that of the bytes before these.
constexpr std::uint64_t fnv1a(std::span<const std::byte> bytes,
                              std::uint64_t hash = kHashOfNothing) {
  for (const std::byte byte : bytes) {
    hash = (hash ^ std::to_integer<std::uint64_t>(byte)) * 0x100000001b3;
  }
  return hash;
}

}  // namespace driftwood

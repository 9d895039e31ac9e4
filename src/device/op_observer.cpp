#include "device/op_observer.h"

#include "core/hash.h"

namespace driftwood::device {

std::uint64_t hash_outputs(const OpEvent& event) {
  std::uint64_t hash = kHashOfNothing;
  for (const auto& output : event.outputs) {
    for (const std::span<const std::byte> piece : output) hash = fnv1a(piece, hash);
  }
  return hash;
}

}  // namespace driftwood::device

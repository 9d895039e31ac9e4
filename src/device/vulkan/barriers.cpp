#include "device/vulkan/barriers.h"

#include <algorithm>
#include <vector>

namespace driftwood::device::vulkan {

Barriers::Piece Barriers::piece_of(std::uint32_t tensor) const {
  const graph::Tensor& operand = program_.tensors[tensor];
  if (operand.place == ops::Place::temporary) {
    return {operand.place, static_cast<std::uint32_t>(plan_.slot_of(tensor)), 0};
  }
  return {operand.place, operand.slot, operand.plane};
}

bool Barriers::is_needed(std::span<const std::uint32_t> inputs,
                         std::span<const std::uint32_t> outputs, bool uses_scratch) {
  constexpr Piece kScratch = {ops::Place::weight, 0, 0};  // weights themselves are never written
  std::vector<Piece> reads, writes;
  for (const std::uint32_t tensor : inputs) {
    if (program_.tensors[tensor].place != ops::Place::weight) reads.push_back(piece_of(tensor));
  }
  for (const std::uint32_t tensor : outputs) writes.push_back(piece_of(tensor));
  if (uses_scratch) writes.push_back(kScratch);
  const auto was_written = [&](const Piece& piece) { return written_.contains(piece); };
  const auto was_used = [&](const Piece& piece) {
    return read_.contains(piece) || written_.contains(piece);
  };
  const bool waits =
      std::ranges::any_of(reads, was_written) || std::ranges::any_of(writes, was_used);
  if (waits) {
    read_.clear();
    written_.clear();
  }
  read_.insert(reads.begin(), reads.end());
  written_.insert(writes.begin(), writes.end());
  return waits;
}

}  // namespace driftwood::device::vulkan

#include "device/vulkan/barriers.h"

#include <algorithm>
#include <set>
#include <tuple>

namespace driftwood::device::vulkan {
namespace {

// A piece of memory that ops may share: place, slot, plane.
using Piece = std::tuple<ops::Place, std::uint32_t, std::uint32_t>;

constexpr Piece kScratch = {ops::Place::weight, 0, 0};  // weights themselves are never written

Piece piece_of(const graph::Program& program, const graph::MemoryPlan& plan, std::uint32_t tensor) {
  const graph::Tensor& operand = program.tensors[tensor];
  if (operand.place == ops::Place::temporary) {
    return {operand.place, static_cast<std::uint32_t>(plan.slot_of(tensor)), 0};
  }
  return {operand.place, operand.slot, operand.plane};
}

}  // namespace

std::vector<bool> find_barriers(const graph::Program& program, const graph::MemoryPlan& plan,
                                const std::vector<bool>& uses_scratch) {
  std::vector<bool> waits(program.ops.size(), false);
  std::set<Piece> read, written;  // since the last barrier
  for (std::size_t i = 0; i < program.ops.size(); ++i) {
    std::vector<Piece> inputs, outputs;
    for (const std::uint32_t tensor : program.ops[i].inputs) {
      if (program.tensors[tensor].place == ops::Place::weight) continue;
      inputs.push_back(piece_of(program, plan, tensor));
    }
    for (const std::uint32_t tensor : program.ops[i].outputs) {
      outputs.push_back(piece_of(program, plan, tensor));
    }
    if (uses_scratch[i]) outputs.push_back(kScratch);
    const auto was_written = [&](const Piece& piece) { return written.contains(piece); };
    const auto was_used = [&](const Piece& piece) {
      return read.contains(piece) || written.contains(piece);
    };
    if (std::ranges::any_of(inputs, was_written) || std::ranges::any_of(outputs, was_used)) {
      waits[i] = true;
      read.clear();
      written.clear();
    }
    read.insert(inputs.begin(), inputs.end());
    written.insert(outputs.begin(), outputs.end());
  }
  return waits;
}

}  // namespace driftwood::device::vulkan

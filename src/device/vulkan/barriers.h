// Where kernels have to wait for each other. The GPU works on several at once unless a barrier
// tells it not to.
#pragma once

#include <cstdint>
#include <set>
#include <span>
#include <tuple>

#include "graph/memory_plan.h"
#include "graph/program.h"

namespace driftwood::device::vulkan {

// What was read and written since the last barrier: tensors, and slots of the arena, which several
// temporaries have one after the other.
class Barriers {
 public:
  // Both outlive it.
  Barriers(const graph::Program& program, const graph::MemoryPlan& plan)
      : program_(program), plan_(plan) {}

  // Whether the next kernel has to wait for all before it, because it reads what one of them wrote,
  // or writes what one of them read or wrote. `uses_scratch`: it uses the one piece of memory that
  // kernels share.
  bool is_needed(std::span<const std::uint32_t> inputs, std::span<const std::uint32_t> outputs,
                 bool uses_scratch);

 private:
  // A piece of memory: place, slot, plane.
  using Piece = std::tuple<ops::Place, std::uint32_t, std::uint32_t>;
  Piece piece_of(std::uint32_t tensor) const;

  const graph::Program& program_;
  const graph::MemoryPlan& plan_;
  std::set<Piece> read_, written_;
};

}  // namespace driftwood::device::vulkan

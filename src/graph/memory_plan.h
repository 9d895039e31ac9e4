// Where temporaries live: tensors whose lives do not overlap share a slot of the arena.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "graph/program.h"

namespace driftwood::graph {

class MemoryPlan {
 public:
  // Some devices do neighbouring ops as one: `done_with`, by op, is the last op that is done
  // together with it, itself where it is done alone. What one of them reads keeps its place until
  // the last is done. Empty: each is done alone.
  explicit MemoryPlan(const Program& program, std::span<const std::uint32_t> done_with = {});

  // Offsets for one run; one layout can be used again and again. A slot is as large as its largest
  // tensor, and tensors start on kAlignmentBytes.
  static constexpr std::uint64_t kAlignmentBytes = 64;
  struct Layout {
    std::vector<std::uint64_t> offset_bytes;  // by tensor; 0 for those that are no temporaries
    std::vector<std::uint64_t> slot_offset_bytes;
    std::uint64_t arena_bytes = 0;
  };

  // `tensor_bytes`, by tensor: the size in this run, all sequences together.
  void lay_out(std::span<const std::uint64_t> tensor_bytes, Layout& layout) const;

  std::uint32_t slot_count() const { return slot_count_; }

  // The slot of a temporary; kNoSlot for any other tensor.
  static constexpr std::int32_t kNoSlot = -1;
  std::int32_t slot_of(std::uint32_t tensor) const { return slot_of_tensor_[tensor]; }

 private:
  std::vector<std::int32_t> slot_of_tensor_;
  std::uint32_t slot_count_ = 0;
};

}  // namespace driftwood::graph

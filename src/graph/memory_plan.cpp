#include "graph/memory_plan.h"

#include <algorithm>

#include "core/arithmetic.h"

namespace driftwood::graph {
namespace {

// By tensor: the last op that uses it, or is done together with one that does.
std::vector<std::size_t> find_last_uses(const Program& program,
                                        std::span<const std::uint32_t> done_with) {
  std::vector<std::size_t> last_use(program.tensors.size());
  for (std::size_t i = 0; i < program.ops.size(); ++i) {
    const std::size_t done = done_with.empty() ? i : done_with[i];
    for (const auto* operands : {&program.ops[i].inputs, &program.ops[i].outputs}) {
      for (const std::uint32_t tensor : *operands) {
        last_use[tensor] = std::max(last_use[tensor], done);
      }
    }
  }
  return last_use;
}

// Slots with their sizes at the symbols' maxima, which is all that is known before a run.
class SlotPool {
 public:
  // The smallest free slot that holds `bytes`; otherwise the largest free one, enlarged; otherwise
  // a new one.
  std::int32_t take(std::uint64_t bytes) {
    const auto size_of = [this](std::int32_t slot) { return size_bytes_[slot]; };
    auto chosen = std::ranges::lower_bound(free_, bytes, {}, size_of);
    if (chosen == free_.end()) {
      if (free_.empty()) {
        size_bytes_.push_back(bytes);
        return static_cast<std::int32_t>(size_bytes_.size()) - 1;
      }
      --chosen;
    }
    const std::int32_t slot = *chosen;
    free_.erase(chosen);
    size_bytes_[slot] = std::max(size_bytes_[slot], bytes);
    return slot;
  }

  void give_back(std::int32_t slot) {
    const auto size_of = [this](std::int32_t other) { return size_bytes_[other]; };
    free_.insert(std::ranges::upper_bound(free_, size_bytes_[slot], {}, size_of), slot);
  }

  std::uint32_t slot_count() const { return static_cast<std::uint32_t>(size_bytes_.size()); }

 private:
  std::vector<std::uint64_t> size_bytes_;
  std::vector<std::int32_t> free_;  // ascending by size
};

}  // namespace

MemoryPlan::MemoryPlan(const Program& program, std::span<const std::uint32_t> done_with)
    : slot_of_tensor_(program.tensors.size(), kNoSlot) {
  const std::vector<std::size_t> last_use = find_last_uses(program, done_with);
  // By op: the tensors whose last use it is, and those without any, which have no slot.
  std::vector<std::vector<std::uint32_t>> ends(program.ops.size() + 1);
  for (std::uint32_t i = 0; i < program.tensors.size(); ++i) ends[last_use[i]].push_back(i);
  const auto is_temporary = [&program](std::uint32_t tensor) {
    return program.tensors[tensor].place == ops::Place::temporary;
  };
  SlotPool pool;
  for (std::size_t i = 0; i < program.ops.size(); ++i) {
    const Op& op = program.ops[i];
    for (const std::uint32_t tensor : op.outputs) {
      if (!is_temporary(tensor)) continue;
      slot_of_tensor_[tensor] = pool.take(program.tensor_bytes(tensor, program.symbol_maxima));
    }
    // Only now, so that no op writes over what it reads.
    for (const std::uint32_t tensor : ends[i]) {
      if (slot_of_tensor_[tensor] != kNoSlot) pool.give_back(slot_of_tensor_[tensor]);
    }
  }
  slot_count_ = pool.slot_count();
}

void MemoryPlan::lay_out(std::span<const std::uint64_t> tensor_bytes, Layout& layout) const {
  std::vector<std::uint64_t>& slots = layout.slot_offset_bytes;
  slots.assign(slot_count_, 0);
  for (std::size_t i = 0; i < slot_of_tensor_.size(); ++i) {
    if (slot_of_tensor_[i] == kNoSlot) continue;
    std::uint64_t& slot = slots[slot_of_tensor_[i]];
    slot = std::max(slot, tensor_bytes[i]);
  }
  layout.arena_bytes = 0;
  for (std::uint64_t& slot : slots) {
    const std::uint64_t size_bytes = slot;
    slot = layout.arena_bytes;
    layout.arena_bytes += round_up(size_bytes, kAlignmentBytes);
  }
  layout.offset_bytes.assign(slot_of_tensor_.size(), 0);
  for (std::size_t i = 0; i < slot_of_tensor_.size(); ++i) {
    if (slot_of_tensor_[i] != kNoSlot) layout.offset_bytes[i] = slots[slot_of_tensor_[i]];
  }
}

}  // namespace driftwood::graph

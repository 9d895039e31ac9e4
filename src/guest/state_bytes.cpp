#include "guest/state_bytes.h"

#include <limits>

#include "core/arithmetic.h"

namespace driftwood::guest {

Result<void> StateBytes::add(std::uint64_t bytes) {
  const auto next = checked_add(sum_bytes_, bytes);
  if (!next || *next > limit_bytes_) {
    return fail(ErrorCode::limit, "The guest's states would take more than its limit of {} bytes.",
                limit_bytes_);
  }
  sum_bytes_ = *next;
  return {};
}

Result<void> StateBytes::add(const device::AppendState& state, std::uint64_t block_count) {
  return add(checked_multiply(block_count, state.block_bytes())
                 .value_or(std::numeric_limits<std::uint64_t>::max()));
}

Result<void> StateBytes::add_registers(const GuestState& guest) {
  for (const auto& made : guest.registers) {
    if (const auto state = made.lock()) DW_TRY(add(state->size_bytes()));
  }
  return {};
}

}  // namespace driftwood::guest

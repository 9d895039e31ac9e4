#include "guest/bindings.h"

#include <utility>

namespace driftwood::guest {
namespace {

Result<void> check_slot(const char* kind, std::uint32_t slot, std::size_t slot_count) {
  if (slot < slot_count) return {};
  return fail(ErrorCode::invalid_argument, "The program has {} {} slots, and no slot {}.",
              slot_count, kind, slot);
}

}  // namespace

Result<void> bind_window(const graph::Program& program, std::uint32_t slot,
                         std::shared_ptr<Window> window, std::uint64_t offset_bytes,
                         Bindings& bindings) {
  DW_TRY(check_slot("window", slot, program.windows.size()));
  if (offset_bytes % 4 != 0) {
    return fail(ErrorCode::invalid_argument,
                "Offset ({}) of window slot {} is not a multiple of 4.", offset_bytes, slot);
  }
  if (offset_bytes > window->buffer().size_bytes()) {
    return fail(ErrorCode::invalid_argument,
                "Offset ({}) of window slot {} is over the window ({} bytes).", offset_bytes, slot,
                window->buffer().size_bytes());
  }
  if (program.windows[slot].written && window->buffer().access() != memory::Access::read_write) {
    return fail(ErrorCode::invalid_argument,
                "The program writes window slot {}, but the window at {} is shared for reading.",
                slot, window->range().offset_bytes);
  }
  bindings.windows[slot] = {std::move(window), offset_bytes};
  return {};
}

Result<void> bind_state(const graph::Program& program, std::uint32_t slot,
                        std::shared_ptr<device::AppendState> state, Bindings& bindings) {
  DW_TRY(check_slot("state", slot, program.states.size()));
  const graph::StateSlot& wanted = program.states[slot];
  const device::AppendStateShape& shape = state->shape();
  if (shape.dtype != wanted.dtype || shape.plane_count < wanted.plane_count ||
      shape.head_count != wanted.head_count || shape.head_dim != wanted.head_dim) {
    return fail(
        ErrorCode::invalid_argument,
        "State slot {} takes {} planes of [{}, {}] {}, but the state has {} planes of [{}, {}] {}.",
        slot, wanted.plane_count, wanted.head_count, wanted.head_dim, tensor::name(wanted.dtype),
        shape.plane_count, shape.head_count, shape.head_dim, tensor::name(shape.dtype));
  }
  bindings.states[slot] = std::move(state);
  return {};
}

Result<void> bind_register(const graph::Program& program, std::uint32_t slot,
                           std::shared_ptr<device::RegisterState> state, Bindings& bindings) {
  DW_TRY(check_slot("register", slot, program.registers.size()));
  const graph::RegisterSlot& wanted = program.registers[slot];
  if (state->dtype() != wanted.dtype || state->shape() != wanted.shape) {
    return fail(ErrorCode::invalid_argument,
                "Register slot {} takes {} of shape {}, but the register is {} of shape {}.", slot,
                tensor::name(wanted.dtype), tensor::to_string(wanted.shape),
                tensor::name(state->dtype()), tensor::to_string(state->shape()));
  }
  bindings.registers[slot] = std::move(state);
  return {};
}

}  // namespace driftwood::guest

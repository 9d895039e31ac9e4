#include "graph/register_flow.h"

#include <array>
#include <optional>

#include "tensor/dtype.h"
#include "tensor/shape.h"

namespace driftwood::graph {
namespace {

// The tensors of one slot, by plane.
using Values = std::array<std::optional<std::uint32_t>, 2>;

RegisterSlot slot_of(const Tensor& after) {
  RegisterSlot slot{after.dtype, {}};
  for (const tensor::Dim& dim : after.shape.span()) slot.shape.push_back(dim.factor);
  return slot;
}

}  // namespace

Result<std::vector<RegisterSlot>> collect_registers(std::uint32_t slot_count,
                                                    std::span<const Tensor> tensors) {
  std::vector<Values> values(slot_count);
  for (std::uint32_t i = 0; i < tensors.size(); ++i) {
    const Tensor& tensor = tensors[i];
    if (tensor.place != ops::Place::register_state) continue;
    std::optional<std::uint32_t>& holder = values[tensor.slot][tensor.plane];
    if (holder) {
      return fail(ErrorCode::invalid_argument, "Plane {} of register slot {} is tensors {} and {}.",
                  tensor.plane, tensor.slot, *holder, i);
    }
    holder = i;
  }
  std::vector<RegisterSlot> slots;
  for (std::uint32_t slot = 0; slot < slot_count; ++slot) {
    const auto& [before, after] = values[slot];
    if (!after) {
      return fail(ErrorCode::invalid_argument,
                  "Register slot {} of {} has no tensor for the value after the run.", slot,
                  slot_count);
    }
    const Tensor& left = tensors[*after];
    if (before && (tensors[*before].dtype != left.dtype || tensors[*before].shape != left.shape)) {
      return fail(ErrorCode::invalid_argument,
                  "Register slot {} is {} of shape {} before the run and {} of shape {} after it.",
                  slot, tensor::name(tensors[*before].dtype),
                  tensor::to_string(tensors[*before].shape), tensor::name(left.dtype),
                  tensor::to_string(left.shape));
    }
    slots.push_back(slot_of(left));
  }
  return slots;
}

}  // namespace driftwood::graph

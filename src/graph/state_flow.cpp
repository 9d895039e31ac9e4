#include "graph/state_flow.h"

#include <algorithm>

#include "ops/rules.h"
#include "tensor/dtype.h"
#include "tensor/shape.h"

namespace driftwood::graph {
Result<StateFlow> StateFlow::create(std::uint32_t slot_count, std::span<const Tensor> tensors) {
  StateFlow flow;
  flow.slots_.resize(slot_count);
  flow.rows_.resize(slot_count);
  for (std::size_t i = 0; i < tensors.size(); ++i) {
    const Tensor& tensor = tensors[i];
    if (tensor.place != ops::Place::state) continue;
    const std::uint32_t head_count = tensor.shape[0].factor, head_dim = tensor.shape[1].factor;
    std::optional<StateSlot>& slot = flow.slots_[tensor.slot];
    if (!slot) slot = StateSlot{tensor.dtype, 0, head_count, head_dim, {}};
    if (slot->dtype != tensor.dtype || slot->head_count != head_count ||
        slot->head_dim != head_dim) {
      return fail(
          ErrorCode::invalid_argument,
          "Tensor {} is a plane of state slot {} in {} of shape {}; another one is in {} of "
          "shape [{}, {}].",
          i, tensor.slot, tensor::name(tensor.dtype), tensor::to_string(tensor.shape),
          tensor::name(slot->dtype), slot->head_count, slot->head_dim);
    }
    slot->plane_count = std::max(slot->plane_count, tensor.plane + 1);
  }
  for (std::uint32_t slot = 0; slot < slot_count; ++slot) {
    if (!flow.slots_[slot]) {
      return fail(ErrorCode::invalid_argument, "State slot {} of {} is used by no tensor.", slot,
                  slot_count);
    }
  }
  return flow;
}

Result<void> StateFlow::use(const Op& op, std::span<const Tensor> tensors) {
  const bool has_rows = !op.inputs.empty() && tensors[op.inputs[0]].shape.rank > 0;
  const tensor::Dim rows = has_rows ? tensors[op.inputs[0]].shape[0] : tensor::Dim{};
  for (const std::uint32_t input : op.inputs) {
    if (tensors[input].place == ops::Place::state) DW_TRY(attend(tensors[input], rows));
  }
  for (const std::uint32_t output : op.outputs) {
    if (tensors[output].place == ops::Place::state) DW_TRY(append(tensors[output], rows));
  }
  return {};
}

Result<void> StateFlow::append(const Tensor& plane, tensor::Dim rows) {
  if (!written_.emplace(plane.slot, plane.plane).second) {
    return fail(ErrorCode::invalid_argument, "it appends to plane {} of state slot {} again.",
                plane.plane, plane.slot);
  }
  std::optional<tensor::Dim>& appended = rows_[plane.slot];
  if (!appended) appended = rows;
  if (*appended == rows) return {};
  return fail(ErrorCode::invalid_argument,
              "it appends {} rows to state slot {}; other ops append {} to it.",
              ops::dim_text(rows), plane.slot, ops::dim_text(*appended));
}

Result<void> StateFlow::attend(const Tensor& plane, tensor::Dim rows) const {
  if (!written_.contains({plane.slot, plane.plane})) {
    return fail(ErrorCode::invalid_argument,
                "it reads plane {} of state slot {} before an op has appended to it.", plane.plane,
                plane.slot);
  }
  if (*rows_[plane.slot] == rows) return {};
  return fail(ErrorCode::invalid_argument,
              "it has {} query rows; the run appends {} to state slot {}.", ops::dim_text(rows),
              ops::dim_text(*rows_[plane.slot]), plane.slot);
}

Result<std::vector<StateSlot>> StateFlow::finish() && {
  std::vector<StateSlot> states;
  for (std::size_t slot = 0; slot < slots_.size(); ++slot) {
    if (!rows_[slot]) {
      return fail(ErrorCode::invalid_argument, "State slot {} is appended to by no op.", slot);
    }
    states.push_back(*slots_[slot]);
    states.back().row_dim = *rows_[slot];
  }
  return states;
}

}  // namespace driftwood::graph

// How the ops of a program use append states: each plane is appended to at most once, before it is
// read, and all planes of a state by the same number of rows.
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <span>
#include <utility>
#include <vector>

#include "core/error.h"
#include "graph/program.h"

namespace driftwood::graph {

class StateFlow {
 public:
  // Collects the slots from the tensors. Errors: invalid_argument for a slot that no tensor uses,
  // or that tensors use with different dtypes or shapes.
  static Result<StateFlow> create(std::uint32_t slot_count, std::span<const Tensor> tensors);

  // The next op of the program. Precondition: it has passed its rule. Errors: invalid_argument.
  Result<void> use(const Op& op, std::span<const Tensor> tensors);

  // The slots, after the last op. Errors: invalid_argument for one that no op appends to.
  Result<std::vector<StateSlot>> finish() &&;

 private:
  Result<void> append(const Tensor& plane, tensor::Dim rows);
  Result<void> attend(const Tensor& plane, tensor::Dim rows) const;

  std::vector<std::optional<StateSlot>> slots_;
  std::vector<std::optional<tensor::Dim>> rows_;               // that ops append, by slot
  std::set<std::pair<std::uint32_t, std::uint32_t>> written_;  // (slot, plane)
};

}  // namespace driftwood::graph

#include "device/row_dims.h"

#include <algorithm>
#include <numeric>
#include <utility>

namespace driftwood::device {

RowDims::RowDims(const graph::Program& program) : of_tensor_(program.tensors.size()) {
  std::vector<tensor::Dim> rows;
  for (const graph::Tensor& tensor : program.tensors) {
    rows.push_back(tensor.shape.rank == 0 ? tensor::Dim{} : tensor.shape[0]);
  }
  // By sorting: a guest may ask for 65,536 tensors, all of them different.
  std::vector<std::uint32_t> order(rows.size());
  std::iota(order.begin(), order.end(), 0u);
  std::ranges::sort(order, {}, [&rows](std::uint32_t tensor) {
    return std::pair(rows[tensor].factor, rows[tensor].symbol);
  });
  for (const std::uint32_t tensor : order) {
    if (dims_.empty() || dims_.back() != rows[tensor]) dims_.push_back(rows[tensor]);
    of_tensor_[tensor] = static_cast<std::uint32_t>(dims_.size() - 1);
  }
}

}  // namespace driftwood::device

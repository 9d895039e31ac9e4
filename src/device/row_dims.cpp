#include "device/row_dims.h"

#include <map>
#include <utility>

namespace driftwood::device {

RowDims::RowDims(const graph::Program& program) {
  std::map<std::pair<std::uint32_t, std::int32_t>, std::uint32_t> known;
  for (const graph::Tensor& tensor : program.tensors) {
    const tensor::Dim rows = tensor.shape.rank == 0 ? tensor::Dim{} : tensor.shape[0];
    const auto next = static_cast<std::uint32_t>(dims_.size());
    const auto [dim, is_new] = known.try_emplace({rows.factor, rows.symbol}, next);
    of_tensor_.push_back(dim->second);
    if (is_new) dims_.push_back(rows);
  }
}

}  // namespace driftwood::device

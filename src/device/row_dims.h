// The first dimensions of a program's tensors: what counts rows, and so what differs between the
// sequences of a run.
#pragma once

#include <cstdint>
#include <vector>

#include "graph/program.h"

namespace driftwood::device {

// The distinct first dimensions of all tensors, and which of them each tensor has.
class RowDims {
 public:
  explicit RowDims(const graph::Program& program);

  const std::vector<tensor::Dim>& dims() const { return dims_; }
  std::uint32_t of(std::uint32_t tensor) const { return of_tensor_[tensor]; }

 private:
  std::vector<tensor::Dim> dims_;
  std::vector<std::uint32_t> of_tensor_;
};

}  // namespace driftwood::device
